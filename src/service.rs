//! The meter as its communications port sees it: the C12 responder's device.

use crate::calibration_store;
use crate::readings::Readings;
use crate::snapshot::DIAGNOSTICS;
use crate::store::{self, Board, CONTENT, PAGE, Place, kept};
use crate::tables::general::{MODE, RESPONSE};
use crate::tables::registers::{READING, READING_SIZE};
use crate::tables::{TABLES, live, security};
use crate::{calendar, events, profile, self_reads, settings, tiers};
use c12::access::{self, PROCEDURE, Right};
use c12::calibration;
use c12::clock::{self, Clock};
use c12::device::Device;
use c12::diagnostics;
use c12::event::code;
use c12::frame::TICKS_PER_S;
use c12::procedure::{Answer, Initiate, Outcome, RESPONSE_HEAD, number};
use c12::response::Response;
use c12::table::{self, Part, Source, Table};
use metrology::Energy;

/// ED_STD_STATUS1 bit: the meter was never calibrated.
pub const STATUS_UNPROGRAMMED: u16 = 1 << 0;
/// ED_STD_STATUS1 bit: stored registers or constants are lost, in both copies.
pub const STATUS_NONVOLATILE_FAILURE: u16 = 1 << 5;
/// ED_STD_STATUS1 bit: nobody has set the clock since power-up.
pub const STATUS_CLOCK_ERROR: u16 = 1 << 6;
/// ED_STD_STATUS1 bit: the measurement element failed.
pub const STATUS_MEASUREMENT_ERROR: u16 = 1 << 7;
/// ED_STD_STATUS1 bit: line and neutral current differ.
pub const STATUS_TAMPER: u16 = 1 << 12;
/// Bits that tell what is, not what has happened: clearing the status leaves them.
const STANDING: u16 = STATUS_UNPROGRAMMED | STATUS_CLOCK_ERROR;

/// After this many wrong passwords in a row the wait no longer doubles: 2⁸ s.
const FAILURES_MAX: u16 = 8;

/// What a reader reads from.
pub struct MeterDevice<B> {
    /// What is being measured.
    pub readings: Readings,
    /// ED_STD_STATUS1.
    pub status: u16,
    /// Serial number, 16 characters.
    pub serial: [u8; 16],
    reading: Option<&'static Table>,
    /// Jumper and stored records.
    pub board: B,
    /// The copy of the constants that is in use.
    constants: Place,
    /// The copy of the registers that was written last.
    registers: Place,
    /// The copy of the settings that is in use.
    settings: Place,
    /// Groups that the session's password has opened.
    groups: u16,
    /// Seconds since power-up.
    pub uptime_s: u32,
    /// Number of the user who logged on last.
    user: u16,
    /// The tick now, and that at which the clock's second began.
    now: u16,
    second_at: u16,
    answer: Answer<{ RESPONSE_HEAD + RESPONSE }>,
}

impl<B: Board> MeterDevice<B> {
    /// All zero: what a static begins with; call [`start`](Self::start) before use.
    pub const fn zero(board: B) -> Self {
        Self {
            readings: Readings::ZERO,
            status: 0,
            serial: [0; 16],
            reading: None,
            board,
            constants: Place::REGISTERS, // all zero
            registers: Place::REGISTERS,
            settings: Place::REGISTERS,
            groups: 0,
            uptime_s: 0,
            user: 0,
            now: 0,
            second_at: 0,
            answer: Answer::new(),
        }
    }

    /// A meter that has measured nothing yet, with the constants that its board holds.
    #[must_use]
    pub fn new(board: B) -> Self {
        let mut meter = Self::zero(board);
        meter.start();
        meter.serial = [b'0'; 16];
        meter
    }

    /// Sets what is not zero at power-up, but for the serial number.
    pub fn start(&mut self) {
        self.readings.start();
        self.status = STANDING;
        let mut lost = 0;
        let constants = self.recover(Place::CALIBRATION, &mut lost);
        self.use_constants(constants);
        self.settings = self.recover(Place::SETTINGS, &mut lost);
        if !self.settings.is_whole() {
            self.settings = settings::write(&mut self.board, self.settings, 0, &[]);
        }
        self.registers = self.recover(Place::REGISTERS, &mut lost);
        let Readings { kept, snapshot, .. } = &mut self.readings;
        if self.registers.is_whole() {
            self.board.recall(self.registers, kept);
        }
        // It goes on from where it stopped, for want of a better time; after a first start it has none at all.
        if clock::wrong(kept.clock.bytes()) != 0 {
            kept.clock = Clock::UNSET;
        }
        // The first start of all, or everything is lost.
        if kept.profile.interval_min == 0 {
            kept.profile.restart(profile::INTERVAL_MIN);
            tiers::clear(&mut self.board);
        }
        kept.profile.status |= profile::POWER_FAILURE;
        kept.power_ups = kept.power_ups.wrapping_add(1);
        kept.copies_lost = kept.copies_lost.wrapping_add(lost);
        snapshot.put_half(DIAGNOSTICS + diagnostics::offset::POWER_UPS, kept.power_ups);
        snapshot.put_half(
            DIAGNOSTICS + diagnostics::offset::COPIES_LOST,
            kept.copies_lost,
        );
        self.log(code::POWER_UP, lost);
    }

    /// Enters an event into the log, and saves the registers.
    #[inline(never)]
    pub fn log(&mut self, code: u16, argument: u16) {
        // The clock is taken from what was saved, where it stands in words.
        self.save();
        let saved = |word| self.board.word(self.registers, CONTENT + 2 * word);
        let entry = [
            saved(kept::CLOCK),
            saved(kept::CLOCK + 1),
            saved(kept::CLOCK + 2),
            saved(kept::EVENTS),
            self.user,
            code,
            argument,
            saved(kept::POWER_UPS),
        ];
        events::put(&mut self.board, &entry);
        let kept = &mut self.readings.kept;
        kept.event_list.enter(kept.events);
        kept.events = kept.events.wrapping_add(1);
        self.save();
    }

    /// The copy of a record that counts; what it tells about the memory goes to the status and to `lost`.
    fn recover(&mut self, first: Place, lost: &mut u16) -> Place {
        let before = *lost;
        let found = store::recover(&mut self.board, first, lost);
        if !found.is_whole() && *lost != before {
            self.status |= STATUS_NONVOLATILE_FAILURE;
        }
        found
    }

    /// Stores the registers as they are. Takes about a millisecond.
    pub fn save(&mut self) {
        self.registers = self.board.keep(self.registers, &self.readings.kept);
    }

    /// Tells the status and the log when line and neutral current have come to differ; once, until the status is cleared.
    pub fn watch_balance(&mut self) {
        if self.readings.is_imbalanced() && self.status & STATUS_TAMPER == 0 {
            self.status |= STATUS_TAMPER;
            self.log(code::TAMPER, 0);
        }
    }

    /// Measures with the constants of this copy from the next window on. Without a copy nothing changes before the next
    /// power-up: that is a meter whose calibration the factory has just withdrawn.
    fn use_constants(&mut self, place: Place) {
        self.constants = place;
        if place.is_whole() {
            self.board.load(place, self.readings.calibrate());
            self.status &= !STATUS_UNPROGRAMMED;
        }
    }
}

impl<B: Board> MeterDevice<B> {
    /// Lets time pass; `ticks` counts 128 a second and wraps. Call it at least once a second.
    pub fn tick(&mut self, ticks: u16) {
        self.now = ticks;
        if ticks.wrapping_sub(self.second_at) >= TICKS_PER_S {
            self.second_at = self.second_at.wrapping_add(TICKS_PER_S);
            let kept = &mut self.readings.kept;
            kept.clock.tick();
            self.uptime_s += 1;
            if kept.wait_s != 0 {
                kept.wait_s -= 1;
            }
            let [.., hour, minute, second, _] = *kept.clock.bytes();
            if second == 0 {
                let import = kept.energy.0[Energy::IMPORT].pulses as u16;
                kept.demand.tick(&kept.clock, import);
                if clock::rest(minute as u16, kept.profile.interval_min) == 0 {
                    profile::record(&mut self.readings, &mut self.board);
                    if hour | minute == 0 {
                        self.read_self();
                    }
                }
                tiers::settle(&self.readings, &mut self.board);
                // Again after the clock was set by it: another tier may begin then.
                loop {
                    let event =
                        calendar::follow(&mut self.readings, &mut self.board, self.settings);
                    if event == 0 {
                        break;
                    }
                    self.log(event, 0);
                }
            }
        }
    }

    /// Enters the registers into the list of self-reads.
    #[inline(never)]
    fn read_self(&mut self) {
        let slot = self.readings.kept.self_reads.next();
        self.keep_reading(slot);
        self.readings.kept.self_reads.enter(slot);
        // It counts from now on: after a supply failure there is no second midnight.
        self.save();
    }

    /// Keeps the registers as they are in a slot.
    #[inline(never)]
    fn keep_reading(&mut self, slot: u16) {
        // The demand is shown as it was saved.
        self.save();
        let address = self_reads::address(slot);
        for at in 0..READING_SIZE {
            let byte = table::byte(&READING, at, &mut Shown(self));
            self.board
                .write_byte(Place::holding(address), address + at, byte);
        }
    }

    /// Not 0 when the session may do this.
    #[inline(never)]
    fn permits(&self, id: u16, right: Right) -> u16 {
        access::allows(
            &security::EXCEPTIONS,
            &security::DEFAULTS,
            id,
            right,
            self.groups,
        )
    }

    /// The demand's interval begins now, and ends with the clock's.
    #[inline(never)]
    fn begin_interval(&mut self) {
        let kept = &mut self.readings.kept;
        kept.demand.start = kept.energy.0[Energy::IMPORT].pulses as u16;
    }

    /// Runs what was written to ST7; how it went stands in ST8.
    fn initiate(&mut self, data: &[u8]) -> Result<(), Response> {
        let Some(request) = Initiate::parse(data) else {
            return Err(Response::Err);
        };
        let (outcome, data) = self.perform(&request);
        self.answer.post(&request, outcome, data);
        if outcome as u16 == Outcome::Completed as u16 {
            self.log(code::PROCEDURE_INVOKED, request.procedure);
        }
        Ok(())
    }

    /// Runs a procedure; returns how it went, and how many bytes of response data there are.
    fn perform(&mut self, request: &Initiate) -> (Outcome, u16) {
        if self.permits(PROCEDURE | request.procedure, Right::Write) == 0 {
            return (Outcome::NotAuthorised, 0);
        }
        let data = self.answer.data_mut();
        match request.procedure {
            // There is one mode.
            number::CHANGE_MODE => match request.parameters {
                [MODE] => (Outcome::Completed, 0),
                _ => (Outcome::Conflict, 0),
            },
            number::CLEAR_STANDARD_STATUS => {
                if let Some(data) = data.first_chunk_mut() {
                    let [low, high] = self.status.to_le_bytes();
                    *data = [low, high, 0];
                }
                self.status &= STANDING;
                (Outcome::Completed, 3)
            }
            number::REMOTE_RESET => {
                let [what] = request.parameters else {
                    return (Outcome::InvalidParameter, 0);
                };
                let what = *what as u16;
                if what & 2 != 0 {
                    self.read_self();
                }
                if what & 1 != 0 {
                    let mut resets = self.readings.kept.demand.resets as u16 + 1;
                    // 0 is none: the next of its slot.
                    if resets == 256 {
                        resets = 2;
                    }
                    self.keep_reading(self_reads::reset_slot(resets));
                    let demand = &mut self.readings.kept.demand;
                    demand.max_w = 0;
                    demand.time = [0; 5];
                    demand.resets = resets as u8;
                    self.begin_interval();
                    self.log(code::DEMAND_RESET, 0);
                }
                (Outcome::Completed, 0)
            }
            number::SET_DATE_TIME => {
                let [mask, wanted @ ..] = request.parameters else {
                    return (Outcome::InvalidParameter, 0);
                };
                let (Ok(wanted), Some((before, after))) =
                    (wanted.try_into(), data.split_first_chunk_mut())
                else {
                    return (Outcome::InvalidParameter, 0);
                };
                let Some(after) = after.first_chunk_mut() else {
                    return (Outcome::InvalidParameter, 0);
                };
                let clock = &self.readings.kept.clock;
                // Nothing of it yet: the clock as it is.
                let _ = clock.with(0, wanted, before);
                // To set nothing would still begin a second and an interval of the demand.
                if *mask & 7 == 0 || clock.with(*mask as u16, wanted, after) != 0 {
                    return (Outcome::InvalidParameter, 0);
                }
                profile::set_clock(&mut self.readings, &mut self.board, after);
                self.begin_interval();
                self.log(code::TIME_CHANGED_NEW, 0);
                self.second_at = self.now;
                self.status &= !STATUS_CLOCK_ERROR;
                (Outcome::Completed, RESPONSE as u16)
            }
            _ => (Outcome::Unrecognised, 0),
        }
    }
}

/// The meter's live bytes; those of the snapshot stand still while a response is under way.
struct Shown<'m, B>(&'m MeterDevice<B>);

impl<B: Board> Source for Shown<'_, B> {
    fn live(&mut self, id: u16, at: u16) -> u16 {
        let meter = self.0;
        let mut at = at;
        let mut id = id;
        if id == live::PREVIOUS {
            let resets = meter.readings.kept.demand.resets as u16;
            // There has been none.
            if resets == 0 {
                return 0;
            }
            id = self_reads::address(self_reads::reset_slot(resets));
        }
        if id >= live::CALENDAR {
            at = at.wrapping_add(id);
            let mut place = Place::holding(at);
            if id < live::SAVED {
                place = meter.settings;
            } else if id < live::STORED {
                // As it was saved, at most a second ago: there its bytes stand as the table has them.
                place = meter.registers;
            }
            return meter.board.page(place)[at as usize % PAGE] as u16;
        }
        let mut filler = 0;
        // The numbers have no gaps: a jump table takes half the bytes of comparisons.
        let bytes: &[u8] = match id >> 8 {
            live::kind::STATUS => &meter.status.to_le_bytes(),
            live::kind::SERIAL => &meter.serial,
            // Without constants there are none, and MT1 is all zero: version 0.
            live::kind::CALIBRATION if !meter.constants.is_whole() => return 0,
            live::kind::CALIBRATION => meter.board.page(meter.constants),
            live::kind::CLOCK => meter.readings.kept.clock.bytes(),
            live::kind::ANSWER => meter.answer.bytes(),
            live::kind::PROFILE => return profile::byte(&meter.board, at),
            // No other setting can be read.
            live::kind::IDENTIFICATION => {
                filler = b' ' as u16;
                let written = settings::identification(&meter.board, meter.settings);
                if written[0] == 0 {
                    &meter.serial
                } else {
                    written
                }
            }
            _ => return meter.readings.snapshot.byte(id + at),
        };
        bytes.get(at as usize).map_or(filler, |byte| *byte as u16)
    }
}

impl<B: Board> Device for MeterDevice<B> {
    fn begin_read(&mut self, table: u16) -> Result<u16, Response> {
        let Some(found) = table::find(&TABLES, table) else {
            return Err(Response::Iar);
        };
        if self.permits(table, Right::Read) == 0 {
            return Err(Response::Isc);
        }
        self.reading = Some(found);
        if table == 8 {
            return Ok(self.answer.size());
        }
        Ok(table::size(found.parts))
    }

    fn byte(&mut self, _table: u16, offset: u16) -> u16 {
        match self.reading {
            Some(table) => table::byte(table.parts, offset, &mut Shown(self)),
            None => 0,
        }
    }

    /// Every password is compared whole, so that the time tells nothing; after a wrong one all wait, twice as long each time.
    fn security(&mut self, password: &[u8; 20]) -> Result<(), Response> {
        if self.readings.kept.wait_s != 0 {
            return Err(Response::Bsy);
        }
        let mut groups = 0;
        let entries = settings::passwords(&self.board, self.settings);
        for (entry, [filler, preset]) in entries.iter().zip(&security::PRESET) {
            let [stored @ .., permissions] = entry;
            let mut opens = *permissions as u16;
            let mut written = opens;
            let (mut difference, mut from_preset) = (0, 0);
            for (given, stored) in password.iter().zip(stored) {
                let (given, stored) = (*given as u16, *stored as u16);
                written |= stored;
                difference |= given ^ stored;
                from_preset |= given ^ *filler as u16;
            }
            if written == 0 {
                difference = from_preset;
                opens = *preset as u16;
            }
            if difference == 0 {
                groups |= opens;
            }
        }
        self.groups = groups;
        if groups == 0 {
            let kept = &mut self.readings.kept;
            if kept.failures < FAILURES_MAX {
                kept.failures += 1;
            }
            let failures = kept.failures;
            kept.wait_s = 1;
            for _ in 0..failures {
                kept.wait_s += kept.wait_s;
            }
            self.log(events::WRONG_PASSWORD, failures);
            return Err(Response::Err);
        }
        self.readings.kept.failures = 0;
        Ok(())
    }

    fn logon(&mut self, user_id: u16, _user: &[u8; 10]) -> Result<(), Response> {
        self.user = user_id;
        Ok(())
    }

    fn session_ended(&mut self) {
        self.groups = 0;
        self.answer.clear();
    }

    fn write(&mut self, table: u16, offset: u16, data: &[u8]) -> Result<(), Response> {
        let Some(found) = table::find(&TABLES, table) else {
            return Err(Response::Iar);
        };
        if self.permits(table, Right::Write) == 0 {
            return Err(Response::Isc);
        }
        match table {
            7 => return self.initiate(data),
            calibration::TABLE => {
                if !self.board.is_jumper_set() {
                    return Err(Response::Dlk);
                }
                // Nothing to write: a question whether it is allowed.
                if data.is_empty() {
                    return Ok(());
                }
                let place =
                    calibration_store::write(&mut self.board, self.constants, offset, data)?;
                self.use_constants(place);
            }
            profile::TABLE => {
                // The length of an interval, which is the last byte.
                let ([minutes], 12) = (data, offset) else {
                    return Err(Response::Onp);
                };
                let minutes = *minutes as u16;
                if minutes == 0 || clock::rest(60, minutes) != 0 {
                    return Err(Response::Onp);
                }
                self.readings.kept.profile.restart(minutes);
            }
            _ => {
                let [Part::Live { id, size }] = found.parts else {
                    return Err(Response::Iar);
                };
                let at = id.wrapping_sub(live::SETTINGS);
                if at >= PAGE as u16 {
                    return Err(Response::Iar);
                }
                // No sum of these overflows: a packet is much shorter than that.
                if offset > *size || offset + data.len() as u16 > *size {
                    return Err(Response::Onp);
                }
                self.settings = settings::write(&mut self.board, self.settings, at + offset, data);
            }
        }
        self.log(code::TABLE_WRITTEN, table);
        Ok(())
    }
}
