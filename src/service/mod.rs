//! The meter as its communications port sees it: the C12 responder's device.
//!
//! | file | |
//! |---|---|
//! | here | what it holds, how it starts, stores and lets time pass |
//! | `requests` | what the responder asks of it: log-on, reads, writes |
//! | `shown` | where the live bytes of tables come from |
//! | `procedures` | what ST7 asks for |
//! | [`switch`] | the service switch and its button |

mod procedures;
mod requests;
mod shown;
pub mod switch;
#[cfg(test)]
mod tests;

use crate::demand::{Demand, Interval};
use crate::events::ENTRIES;
use crate::list::List;
use crate::profile::Profile;
use crate::readings::{FACTORY, METERING, Readings};
use crate::self_reads::SLOTS;
use crate::settings::DATES;
use crate::snapshot::DIAGNOSTICS;
use crate::store::{self, Board, CONTENT, Place, kept};
use crate::tables::TABLES;
use crate::tables::general::RESPONSE;
use crate::tables::registers::{READING_SIZE, READING_TIME};
use crate::tables::security;
use crate::{calendar, events, list, pending, profile, self_reads, settings, tiers};
use c12::access::{self, Right};
use c12::clock::{self, Clock};
use c12::diagnostics;
use c12::event::code;
use c12::frame::TICKS_PER_S;
use c12::procedure::{Answer, RESPONSE_HEAD};
use c12::table::Found;
use metrology::Energy;
use shown::Shown;

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

/// The meter restarts when the session has ended, which it does long before so many seconds are over.
const LATER: u16 = u16::MAX;
/// … after that at a window's end within so many seconds: the answer to the session's last request is out by then.
const SOON: u16 = 3;
/// From now on a restart waits for a window only.
const WITH_WINDOW: u16 = 1;

/// What a reader reads from.
pub struct MeterDevice<B> {
    /// What is being measured.
    pub readings: Readings,
    /// ED_STD_STATUS1.
    pub status: u16,
    /// Serial number, 16 characters.
    pub serial: [u8; 16],
    reading: Found,
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
    /// Seconds until the meter restarts, 0 when it is not to: [`LATER`] until the session ends, then [`SOON`].
    restart_s: u16,
    /// Number of the user who logged on last.
    user: u16,
    /// The tick now, and that at which the clock's second began.
    now: u16,
    second_at: u16,
    /// What that is less than a tick later, 2⁻¹⁶ ticks.
    second_at_fraction: u16,
    /// Minutes until the tier can change.
    tier_left_min: u16,
    /// The tick at which the service switch was told to move.
    moved_at: u16,
    answer: Answer<{ RESPONSE_HEAD + RESPONSE }>,
}

impl<B: Board> MeterDevice<B> {
    /// All zero: what a static begins with; call [`start`](Self::start) before use.
    pub const fn zero(board: B) -> Self {
        Self {
            readings: Readings::ZERO,
            status: 0,
            serial: [0; 16],
            reading: Found::FIRST,
            board,
            constants: Place::REGISTERS, // all zero
            registers: Place::REGISTERS,
            settings: Place::REGISTERS,
            groups: 0,
            uptime_s: 0,
            restart_s: 0,
            user: 0,
            now: 0,
            second_at: 0,
            second_at_fraction: 0,
            tier_left_min: 0,
            moved_at: 0,
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
        let kept = &mut self.readings.kept;
        if self.registers.is_whole() {
            self.board.recall(self.registers, kept);
        }
        // It goes on from where it stopped, for want of a better time; after a first start it has none at all.
        if clock::wrong(kept.clock.bytes()) != 0 {
            kept.clock = Clock::UNSET;
        }
        if kept.interval.sub_min == 0 || kept.interval.times == 0 {
            kept.interval = Interval::DELIVERED;
        }
        // The first start of all, or everything is lost, or was being cleared.
        if kept.profile.interval_min == 0 {
            self.begin_anew();
        }
        let Readings { kept, snapshot, .. } = &mut self.readings;
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

    /// Begins everything that is recorded: registers and lists are zero, and so is the profile's length of an interval. Its
    /// number of intervals is not when the settings begin anew too.
    ///
    /// First they are saved so, which cannot be half done: a supply failure before that leaves the meter as it was. After one
    /// behind it, until they are saved next with a length, the next start comes here and does all of it again. So a failure
    /// costs nothing but what it costs at any other time.
    #[inline(never)]
    fn begin_anew(&mut self) {
        // Saves. There has been no season: registers of zero.
        self.keep_reading(self_reads::SEASON);
        if self.readings.kept.profile.intervals != 0 {
            self.readings.kept.interval = Interval::DELIVERED;
            // The other copy counts as soon as it is whole.
            self.board.write_word(self.settings, 0, 0);
            self.settings =
                settings::write(&mut self.board, self.settings.without_content(), 0, &[]);
        }
        tiers::clear(&mut self.board);
        pending::clear(&mut self.board);
        self.readings.kept.profile.flags = profile::CIRCULAR | profile::ACTIVE;
        profile::restart(&mut self.readings, &mut self.board, profile::INTERVAL_MIN);
    }

    /// Clears registers, demand, log, profile, self-reads, tiers and what is pending; with `settings` not 0 those too, which are
    /// then as delivered. Calibration, clock, tier and season stay, and power-ups and events are counted on. Metering goes on
    /// meanwhile: the window under way is the first that counts.
    #[inline(always)]
    fn clear(&mut self, settings: u16) {
        let Readings { kept, snapshot, .. } = &mut self.readings;
        kept.energy = Energy::ZERO;
        // In the order of memory, so that it is one run of it. This session's password has ended the failures.
        kept.demand = Demand::ZERO;
        kept.failures = 0;
        kept.wait_s = 0;
        kept.lists = [const { List::ZERO }; list::COUNT];
        kept.profile = Profile::ZERO;
        kept.profile.intervals = settings;
        // Tiers and profile take what is shown.
        snapshot.clear_energies();
        self.begin_interval();
        self.begin_anew();
    }

    /// Changes ED_MODE.
    #[inline(never)]
    fn set_mode(&mut self, mode: u16) {
        const _: () = assert!(code::METERING_ON + (FACTORY >> 3) == code::METERING_OFF);
        if self.readings.mode != mode {
            self.readings.mode = mode;
            self.log(code::METERING_ON + (mode >> 3), mode);
        }
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
        kept.lists[list::LOG].enter(kept.events % ENTRIES, kept.events, ENTRIES);
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

    /// What is done when a window has been counted and saved. Tells the status and the log when line and neutral current have
    /// come to differ; once, until the status is cleared. Ends the factory mode when the jumper is gone. Restarts if that is
    /// due, because now it costs next to no energy.
    pub fn window_saved(&mut self) {
        if self.restart_s == WITH_WINDOW {
            self.board.restart();
        }
        if !self.board.is_jumper_set() {
            self.set_mode(METERING);
        }
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
        self.watch_switch();
        // By its sign: the trim may have put the second's beginning a tick ahead.
        if ticks.wrapping_sub(self.second_at) as i16 >= TICKS_PER_S as i16 {
            self.second_at = self.second_at.wrapping_add(TICKS_PER_S);
            // A second is so much shorter: 2⁻²⁰ of its 128 ticks are 8 · 2⁻¹⁶.
            let shorter = settings::trim(&self.board, self.settings) << 3;
            let (fraction, borrowed) = self.second_at_fraction.overflowing_sub(shorter as u16);
            self.second_at_fraction = fraction;
            let ticks = (shorter >> 15) as u16;
            self.second_at = self
                .second_at
                .wrapping_sub(ticks)
                .wrapping_sub(borrowed as u16);
            let kept = &mut self.readings.kept;
            kept.clock.tick();
            self.uptime_s += 1;
            if kept.wait_s != 0 {
                kept.wait_s -= 1;
            }
            if self.restart_s != 0 {
                self.restart_s -= 1;
                // No window has come.
                if self.restart_s == 0 {
                    self.save();
                    self.board.restart();
                }
            }
            let kept = &mut self.readings.kept;
            let [.., hour, minute, second, _] = *kept.clock.bytes();
            if second == 0 {
                let import = kept.energy.0[Energy::IMPORT].pulses;
                kept.demand
                    .tick(&mut kept.earlier, kept.interval, &kept.clock, import);
                if clock::rest(minute as u16, kept.profile.interval_min as u16) == 0 {
                    profile::record(&mut self.readings, &mut self.board);
                    if hour | minute == 0 {
                        self.read_self();
                    }
                }
                tiers::settle(&self.readings, &mut self.board);
                if pending::is_pending(&self.board)
                    && pending::is_due(&self.board, self.readings.kept.clock.bytes())
                {
                    self.activate_pending();
                }
                // Again after the clock was set by it: another tier may begin then.
                loop {
                    let before = self.readings.kept.calendar;
                    let event = calendar::follow(
                        &mut self.readings,
                        &mut self.board,
                        self.settings,
                        &mut self.tier_left_min,
                    );
                    let after = self.readings.kept.calendar;
                    if (before ^ after) & calendar::SEASON != 0 {
                        // Kept before the new season is saved: a supply failure in between does it again.
                        self.readings.kept.calendar = before;
                        self.keep_reading(self_reads::SEASON);
                        self.readings.kept.calendar = after;
                        self.log(code::SEASON_CHANGE, 0);
                    }
                    if event == 0 {
                        break;
                    }
                    self.log(event, 0);
                }
            }
        }
    }

    /// The calendar that is pending becomes the calendar. A supply failure before it is no longer pending does it again; one behind
    /// that costs the demand's reset.
    #[inline(never)]
    fn activate_pending(&mut self) {
        let [what, ..] = *pending::event(&self.board) else {
            return;
        };
        let calendar = pending::calendar(&self.board);
        self.settings = settings::write(
            &mut self.board,
            self.settings,
            DATES as u16 - CONTENT,
            &calendar,
        );
        if what as u16 & pending::SELF_READ != 0 {
            self.read_self();
        }
        pending::activated(&mut self.board, self.readings.kept.clock.bytes());
        // Never twice: the second one would hide the maximum.
        if what as u16 & pending::DEMAND_RESET != 0 {
            self.reset_demand();
        }
        self.log(code::PENDING_ACTIVATED, 54);
    }

    /// Keeps the registers for ST25, and begins a new maximum of the demand.
    #[inline(never)]
    fn reset_demand(&mut self) {
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

    /// Enters the registers into the list of self-reads.
    #[inline(never)]
    fn read_self(&mut self) {
        let slot = self_reads::next(self.readings.kept.lists[list::SELF_READS].element);
        self.keep_reading(slot);
        let self_reads = &mut self.readings.kept.lists[list::SELF_READS];
        let number = self_reads.number.wrapping_add(1);
        self_reads.enter(slot, number, SLOTS as u16 - 1);
        // It counts from now on: after a supply failure there is no second midnight.
        self.save();
    }

    /// Keeps the registers as they are in a slot.
    #[inline(never)]
    fn keep_reading(&mut self, slot: u16) {
        // The demand is shown as it was saved.
        self.save();
        let address = self_reads::address(slot);
        let registers = TABLES.find(23);
        for at in 0..READING_SIZE {
            // First when it was.
            let byte = match self.readings.kept.clock.bytes()[..READING_TIME].get(at as usize) {
                Some(byte) => *byte as u16,
                None => TABLES.byte(registers, at - READING_TIME as u16, &mut Shown(self)),
            };
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
        let count = kept.interval.count(kept.energy.0[Energy::IMPORT].pulses);
        kept.demand.begin(&mut kept.earlier, count);
    }
}
