//! Load profile: four energies over intervals of the clock, fifteen minutes or what ST61 says, in FRAM in nearly the bytes of ST64.
//!
//! A block is a page:
//!
//! | bytes of a page | what |
//! |---|---|
//! | 0 … 4 | BLK_END_TIME: when its last valid interval ended |
//! | 6 + 8 n … 13 + 8 n | watt-hours of interval n (0 … 26), 16 bits for each of its four channels |
//! | 222 + n | its status: bits 4 to 7 as in ST64 (daylight saving, power failure, clock forward, clock back), bits 0 to 3 the code of all channels |
//!
//! ST64 shows three bytes of status: each channel has its own half byte there. [`byte`] makes them.
//!
//! An interval's value is what the register of ST23 shows at its end less what it showed at the end before, so that what
//! makes no whole watt-hour goes to the next interval and sums are exact. An interval counts when the registers are saved
//! next, with [`Profile`] among them; a supply failure before that leaves it to be recorded again, because the clock then goes
//! on from what was saved as well. A block that begins takes the place of the oldest, which counts no longer from then on.
//!
//! When the clock is set within the interval under way, that is marked. When it is set to another interval, the one under way
//! ends at its time, the rest of the block is marked as skipped, and a new block begins: inside a block times are without a gap.
//! So it is when recording is stopped; nothing is recorded then until it is started again, not even the energy.

use crate::calendar::SAVING;
use crate::list;
use crate::readings::Readings;
use crate::store::{self, Board, CONTENT, Place, kept};
use c12::clock;
use c12::snapshot::offset;

/// Blocks, in a ring; all of the store behind the event log. At least 25 are full, 168 hours of quarters.
pub const BLOCKS: u16 = 26;
/// Intervals of a block.
pub const INTERVALS: u16 = 27;
/// Channels.
pub const CHANNELS: usize = 4;
/// The table in which the length of an interval is written.
pub const TABLE: u16 = 61;
/// Length of an interval, minutes, until another one is set.
pub const INTERVAL_MIN: u16 = 15;

/// Bytes of BLK_END_TIME.
const HEAD: u16 = 5;
/// Where a block's data and its status begin.
const DATA: u16 = 6;
const STATUS: u16 = DATA + STORED * INTERVALS;
/// Bytes of an interval's data, and of all that ST64 shows of it.
const STORED: u16 = 2 * CHANNELS as u16;
const SHOWN: u16 = 11;
/// Bytes of a block of ST64.
pub const BLOCK: u16 = HEAD + INTERVALS * SHOWN;

const _: () = assert!((STATUS + INTERVALS) as usize <= store::PAGE);

/// Channel code of an interval in which not all of its time was recorded.
pub const PARTIAL: u16 = 2;
/// Channel code of an interval that the clock never showed.
pub const SKIPPED: u16 = 4;
/// Channel code of the interval in which recording was stopped.
pub const STOPPED: u16 = 7;
/// Status of an interval that ends in daylight saving time.
pub const DAYLIGHT_SAVING: u16 = 0x10;
/// Status of an interval with a supply failure in it.
pub const POWER_FAILURE: u16 = 0x20 | PARTIAL;
/// Status of one in which the clock was set forward.
pub const CLOCK_FORWARD: u16 = 0x40 | PARTIAL;
/// Status of one in which the clock was set back.
pub const CLOCK_BACK: u16 = 0x80 | PARTIAL;

/// ST62's channels: each no end reading, its source, no source of end readings. Active import and export, reactive energy of
/// the first and of the fourth quadrant: that of a consumer without and with too many capacitors.
pub static SELECT: [[u8; 3]; CHANNELS] = [[0, 0, 0xFF], [0, 1, 0xFF], [0, 2, 0xFF], [0, 5, 0xFF]];

/// State of the profile, beside its [`List`](crate::list::List) of blocks: the newest of them is the one under way.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Intervals of the block under way.
    pub intervals: u16,
    /// Length of an interval in minutes, 1 … 60, a divisor of 60. 0 is stored while everything [begins
    /// anew](crate::service), and never seen by a clock.
    pub interval_min: u8,
    /// The first byte of ST63: [`CIRCULAR`], and [`ACTIVE`] while it is recording.
    pub flags: u8,
    /// Status of the interval under way.
    pub status: u16,
    /// What the channels' registers showed at its beginning, watt-hours, the lower 16 bits.
    pub start_wh: [u16; CHANNELS],
}

/// In the flags of ST63: the list is circular.
pub const CIRCULAR: u8 = 1 << 2;
/// … it is recording.
pub const ACTIVE: u8 = 1 << 5;

/// 16-bit words of [`Profile`].
pub const WORDS: usize = 3 + CHANNELS;

impl Profile {
    /// None yet; [`restart`] before use.
    pub const ZERO: Self = Self {
        intervals: 0,
        interval_min: 0,
        flags: 0,
        status: 0,
        start_wh: [0; CHANNELS],
    };

    /// In words, as the store holds it.
    #[must_use]
    pub fn to_words(&self) -> [u16; WORDS] {
        let [a, b, c, d] = self.start_wh;
        let second = u16::from_le_bytes([self.interval_min, self.flags]);
        [self.intervals, second, self.status, a, b, c, d]
    }

    /// Of the words that the store holds.
    #[must_use]
    pub fn from_words([intervals, second, status, start_wh @ ..]: [u16; WORDS]) -> Self {
        let [interval_min, flags] = second.to_le_bytes();
        Self {
            intervals,
            interval_min,
            flags,
            status,
            start_wh,
        }
    }
}

/// Forgets what is recorded; from now on an interval has so many minutes.
#[inline(never)]
pub fn restart<B: Board>(readings: &mut Readings, board: &mut B, interval_min: u16) {
    readings.kept.profile.interval_min = interval_min as u8;
    let blocks = &mut readings.kept.lists[list::PROFILE];
    blocks.valid = 1;
    blocks.unread = 1;
    begin_block(readings, board);
}

/// Begins the block under way anew, with a part of an interval, whose energies begin here.
#[inline(never)]
fn begin_block<B: Board>(readings: &mut Readings, board: &mut B) {
    // An interval that does not count, in the place of the first.
    readings.kept.profile.intervals = 0;
    record(readings, board);
    readings.kept.profile.intervals = 0;
    readings.kept.profile.status = PARTIAL;
}

/// Records the interval under way, which ends now; the next one begins. Nothing while recording is stopped.
#[inline(never)]
pub fn record<B: Board>(readings: &mut Readings, board: &mut B) {
    let kept = &mut readings.kept;
    let profile = &mut kept.profile;
    if profile.flags & ACTIVE == 0 {
        return;
    }
    let blocks = &mut kept.lists[list::PROFILE];
    // Whatever an image of another layout has saved, nothing is written outside of the store.
    if blocks.element >= BLOCKS {
        blocks.element = 0;
    }
    let place = Place::profile(blocks.element);
    for (at, byte) in (0..HEAD).zip(kept.clock.bytes()) {
        board.write_byte(place, at, *byte as u16);
    }
    if kept.clock.bytes()[6] as u16 & SAVING != 0 {
        profile.status |= DAYLIGHT_SAVING;
    }
    board.write_byte(place, STATUS + profile.intervals, profile.status);
    profile.status = 0;
    let mut at = DATA + (profile.intervals << 3);
    for ([_, source, _], start_wh) in SELECT.iter().zip(&mut profile.start_wh) {
        // The energies follow each other by eight bytes; whole watt-hours begin at the fifth.
        let shown = offset::IMPORT + 4 + 8 * *source as usize;
        let now_wh = readings.snapshot.half(shown);
        board.write_word(place, at, now_wh.wrapping_sub(*start_wh));
        *start_wh = now_wh;
        at += 2;
    }
    profile.intervals += 1;
    if profile.intervals >= INTERVALS {
        profile.intervals = 0;
        let mut next = blocks.element + 1;
        if next == BLOCKS {
            next = 0;
        }
        blocks.enter(next, blocks.number.wrapping_add(1), BLOCKS);
    }
}

/// Sets the clock to `next`; what that means for the interval under way is told above.
#[inline(never)]
pub fn set_clock<B: Board>(readings: &mut Readings, board: &mut B, next: &[u8; clock::SIZE]) {
    let interval_min = readings.kept.profile.interval_min as u16;
    let start = |minute: u16| minute - clock::rest(minute, interval_min);
    let kept = &mut readings.kept;
    for (at, (from, to)) in kept.clock.bytes()[..6].iter().zip(next).enumerate() {
        let (from, to) = (*from as u16, *to as u16);
        if from == to {
            continue;
        }
        kept.profile.status |= if from < to { CLOCK_FORWARD } else { CLOCK_BACK };
        // Year, month, day, hour, minute.
        if at < 4 || at == 4 && start(from) != start(to) {
            end_block(readings, board);
        }
        break;
    }
    readings.kept.clock.show(next);
}

/// The interval under way ends at its time, which the clock then shows; the rest of the block is skipped, and a new one begins.
#[inline(never)]
fn end_block<B: Board>(readings: &mut Readings, board: &mut B) {
    while readings.kept.profile.flags & ACTIVE != 0 {
        let interval_min = readings.kept.profile.interval_min as u16;
        readings.kept.clock.advance(interval_min);
        record(readings, board);
        if readings.kept.profile.intervals == 0 {
            break;
        }
        readings.kept.profile.status = SKIPPED;
    }
    readings.kept.profile.status = PARTIAL;
}

/// Stops recording. The interval under way tells that, and is the last one of its block. The clock is in the registers' copy
/// `saved`, and shows that afterwards.
pub fn stop<B: Board>(readings: &mut Readings, board: &mut B, saved: Place) {
    readings.kept.profile.status |= STOPPED;
    end_block(readings, board);
    let clock = &board.page(saved)[(CONTENT + 2 * kept::CLOCK) as usize..];
    if let Some(clock) = clock.first_chunk() {
        readings.kept.clock.show(clock);
    }
    readings.kept.profile.flags = CIRCULAR;
}

/// Starts recording again, if it was stopped, with a part of an interval.
pub fn go_on<B: Board>(readings: &mut Readings, board: &mut B) {
    if readings.kept.profile.flags & ACTIVE == 0 {
        readings.kept.profile.flags = CIRCULAR | ACTIVE;
        begin_block(readings, board);
    }
}

/// Byte `at` of ST64.
#[inline(never)]
pub fn byte<B: Board>(board: &B, at: u16) -> u16 {
    let (block, mut from) = clock::divide(at, BLOCK);
    let mut place = 0;
    if from >= HEAD {
        let (interval, rest) = clock::divide(from - HEAD, SHOWN);
        place = rest;
        from = STATUS + interval;
        if place >= SHOWN - STORED {
            from = DATA + STORED * interval + place - (SHOWN - STORED);
            place = 0;
        }
    }
    let mut byte = board.page(Place::profile(block))[from as usize % store::PAGE] as u16;
    // The second and the third byte of the status have half bytes of channels only; there is no sixth half.
    if place != 0 {
        byte <<= 4;
        if place == 1 {
            byte |= (byte & 0xFF) >> 4;
        }
    }
    byte
}
