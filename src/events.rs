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

/// Event code of a wrong password, a manufacturer's; the argument is how many in a row.
pub const WRONG_PASSWORD: u16 = 1 << 11;

/// Standard events that are logged.
pub const STANDARD: [u16; 16] = [
    code::POWER_UP,
    code::TIME_CHANGED_NEW,
    code::PROCEDURE_INVOKED,
    code::TABLE_WRITTEN,
    code::DEMAND_RESET,
    code::DST_ON,
    code::DST_OFF,
    code::SEASON_CHANGE,
    code::PENDING_ACTIVATED,
    code::PENDING_CLEARED,
    code::METERING_ON,
    code::METERING_OFF,
    code::MEASUREMENT_ERROR,
    code::TAMPER,
    code::SWITCH_COMMANDED,
    code::SWITCH_BY_CONDITION,
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
