//! Registers as they were: at the end of the last season (ST24), at the last demand reset (ST25), and at midnight (ST26).
//!
//! An entry is the time, as STIME_DATE, and ST23: the bytes of both tables. Entries stand behind the records' copies, in the
//! pages of registers and settings, two in each:
//!
//! | slots | what |
//! |---|---|
//! | 0 … 4 | self-reads, in a ring; at most four count, so that the one being written is none of them |
//! | 5 | the end of the season before |
//! | 6, 7 | demand resets in turn; the number of resets tells the last one's |
//!
//! An entry counts when the registers are saved next: a supply failure before that leaves those that counted.

use crate::store::SIZE;
use crate::tables::registers::READING_SIZE;

/// Slots of ST26.
pub const SLOTS: u8 = 5;
/// The slot of ST24.
pub const SEASON: u16 = 5;

/// Address of the first slot: behind the CRC of the first page, at an even place.
const FIRST: u16 = 0x8000 + SIZE + 4;
const _: () = assert!((SIZE + 4 + 2 * READING_SIZE) as usize <= crate::store::PAGE);

/// The slot behind this one.
pub fn next(slot: u16) -> u16 {
    let next = slot + 1;
    if next >= SLOTS as u16 { 0 } else { next }
}

/// Address of a slot, 0 … 7.
#[inline(never)]
pub const fn address(slot: u16) -> u16 {
    let mut address = FIRST + ((slot & 6) << 7);
    if slot & 1 != 0 {
        address += READING_SIZE;
    }
    address
}

/// The slot of the last demand reset, when there have been so many.
pub const fn reset_slot(resets: u16) -> u16 {
    6 | (resets & 1)
}
