//! What a utility sets and the meter keeps: its identification (ST5), the passwords (ST42), the calendar (ST53, ST54), the clock's trim (MT5). A
//! [stored record](crate::store).
//!
//! | bytes of the content | what |
//! |---|---|
//! | 0 … 19 | IDENTIFICATION |
//! | 20 … 82 | three entries of 20 bytes of password and one of ACCESS_PERMISSIONS |
//! | 83 … 91 | TIME_OFFSET |
//! | 92 … 158 | CALENDAR |
//! | 159 | the clock's trim, MT5 |
//!
//! An identification that begins with zero, and an entry that is all zero, was never written; then what the firmware says
//! applies. So it does when both copies are lost, which ST3 tells.

use c12::clock_trim;

use crate::store::{self, Board, CONTENT, Place};

/// Bytes of the identification, which comes first.
pub const IDENTIFICATION_SIZE: usize = 20;
/// Bytes of a password entry.
pub const PASSWORD_ENTRY: usize = 21;
/// Number of passwords.
pub const PASSWORDS: usize = 3;
/// Recurring dates, tier switches and seasons of the calendar.
pub const CALENDAR: [usize; 3] = [6, 11, 2];

/// Where the settings begin in a copy; the passwords' end.
const PLACE: usize = CONTENT as usize;
const END: usize = PLACE + IDENTIFICATION_SIZE + PASSWORDS * PASSWORD_ENTRY;

/// Byte of a copy where ST53 begins: the times at which daylight saving begins and ends, how long it is, the time zone.
pub const TIMES: usize = END;
/// Byte of a copy where ST54 begins, with its recurring dates.
pub const DATES: usize = TIMES + 9;
/// Where its tier switches begin.
pub const SWITCHES: usize = DATES + 3 * CALENDAR[0];
/// Where its schedules begin.
pub const SCHEDULES: usize = SWITCHES + 3 * CALENDAR[1];
/// Where it ends; a season has a schedule for each day of the week, and one for special days.
pub const CALENDAR_END: usize = SCHEDULES + 8 * CALENDAR[2];

/// Byte of a copy of the clock's trim.
pub const TRIM: usize = CALENDAR_END;

const _: () = assert!(TRIM + clock_trim::SIZE <= store::SIZE as usize);

/// The identification; it begins with zero when there is none.
pub fn identification<B: Board>(board: &B, place: Place) -> &[u8] {
    &board.page(place)[PLACE..PLACE + IDENTIFICATION_SIZE]
}

/// The password entries.
pub fn passwords<B: Board>(board: &B, place: Place) -> &[[u8; PASSWORD_ENTRY]] {
    let all = &board.page(place)[PLACE + IDENTIFICATION_SIZE..END];
    all.as_chunks().0
}

/// What the clock shall run faster, 2⁻²⁰, −128 … 127.
pub fn trim<B: Board>(board: &B, place: Place) -> i16 {
    let byte = board.page(place)[TRIM] as u16;
    // Its sign is bit 7.
    (byte ^ 0x80).wrapping_sub(0x80) as i16
}

/// Writes `data` at byte `at` of the settings, both inside, and returns the copy that then counts; `from` is the one that
/// counts now. Without one all the rest becomes zero.
pub fn write<B: Board>(board: &mut B, from: Place, at: u16, data: &[u8]) -> Place {
    store::save(board, from, CONTENT + at, data)
}
