//! The event log, kept in FRAM in the very bytes of ST76's entries.
//!
//! | bytes of an entry | what |
//! |---|---|
//! | 0 … 5 | EVENT_TIME, as the clock showed it |
//! | 6, 7 | EVENT_NUMBER, from 0 on, beginning anew behind 65 535 |
//! | 8, 9 | USER_ID of the last log-on |
//! | 10, 11 | EVENT_CODE |
//! | 12, 13 | argument: number of the procedure or table, or a count |
//! | 14, 15 | argument: power-ups so far |
//!
//! Event n stands in entry n mod 32; the oldest is overwritten. The number of the next event is one of the registers that are
//! saved right after each event, so an entry that a supply failure has cut off is written again by the next start.

use crate::store::{Board, Place};
use c12::event::code;

/// Entries of the log.
pub const ENTRIES: u16 = 32;
/// Bytes of an entry.
pub const ENTRY: u16 = 16;
/// Bytes of EVENT_ARGUMENT.
pub const ARGUMENT: u8 = 4;
/// Bytes of ST76 before its entries.
pub const HEADER: usize = 11;

/// Event code of a wrong password, a manufacturer's; the argument is how many in a row.
pub const WRONG_PASSWORD: u16 = 1 << 11;

/// Standard events that are logged.
pub const STANDARD: [u16; 6] = [
    code::POWER_UP,
    code::TIME_CHANGED_NEW,
    code::PROCEDURE_INVOKED,
    code::TABLE_WRITTEN,
    code::DEMAND_RESET,
    code::MEASUREMENT_ERROR,
];

/// Puts an entry, in words, to where its number belongs.
pub fn put<B: Board>(board: &mut B, entry: &[u16; ENTRY as usize / 2]) {
    let number = entry[3];
    let mut place = Place::EVENTS;
    if number & 16 != 0 {
        place = place.other();
    }
    let mut at = (number & 15) * ENTRY;
    for word in entry {
        board.write_word(place, at, *word);
        at += 2;
    }
}

/// What ST76 says about the list, when `next` is the next event's number. No entry is ever marked as read.
pub fn header(next: u16) -> [u8; HEADER] {
    const CIRCULAR: u8 = 1 << 2;
    let last = next.wrapping_sub(1);
    let valid = next.min(ENTRIES) as u8;
    let element = (last % ENTRIES) as u8;
    let [low, high] = last.to_le_bytes();
    [CIRCULAR, valid, 0, element, 0, low, high, 0, 0, valid, 0]
}
