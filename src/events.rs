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
pub const STANDARD: [u16; 9] = [
    code::POWER_UP,
    code::TIME_CHANGED_NEW,
    code::PROCEDURE_INVOKED,
    code::TABLE_WRITTEN,
    code::DEMAND_RESET,
    code::DST_ON,
    code::DST_OFF,
    code::MEASUREMENT_ERROR,
    code::TAMPER,
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

/// What ST76 says about the list. No entry is ever marked as read.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Entries that count.
    pub valid: u16,
    /// The newest one's place.
    pub element: u16,
    /// Its number.
    pub number: u16,
    /// Upper half of that.
    pub zero: u16,
    /// As many as count.
    pub unread: u16,
}

/// 16-bit words of [`List`].
pub const LIST_WORDS: usize = 5;

impl List {
    /// Nothing has happened yet.
    pub const ZERO: Self = Self {
        valid: 0,
        element: 0,
        number: 0,
        zero: 0,
        unread: 0,
    };

    /// In words, as the store holds it.
    #[must_use]
    pub fn to_words(&self) -> [u16; LIST_WORDS] {
        [
            self.valid,
            self.element,
            self.number,
            self.zero,
            self.unread,
        ]
    }

    /// Of the words that the store holds.
    #[must_use]
    pub fn from_words([valid, element, number, zero, unread]: [u16; LIST_WORDS]) -> Self {
        Self {
            valid,
            element,
            number,
            zero,
            unread,
        }
    }

    /// An event of this number has been entered.
    pub fn enter(&mut self, number: u16) {
        self.number = number;
        self.element = number % ENTRIES;
        if self.valid < ENTRIES {
            self.valid += 1;
            self.unread += 1;
        }
    }
}
