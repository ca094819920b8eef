//! Decade 7: the event log. ST70 and ST71 (the same bytes), ST72, ST75, ST76. There is no history log.

use super::general::{WRITTEN_AND_RUN, joined};
use super::registers::saved;
use crate::events::{ARGUMENT, ENTRIES, ENTRY, LIST_WORDS, STANDARD};
use crate::store::{CONTENT, Place, kept};
use c12::table::{Announced, Part, set_len, set_used};

const EVENTS: [Announced; STANDARD.len()] = {
    let mut events = [Announced::read(0); STANDARD.len()];
    let mut k = 0;
    while k < STANDARD.len() {
        events[k] = Announced::read(STANDARD[k]);
        k += 1;
    }
    events
};
const STANDARD_BYTES: usize = set_len(&EVENTS, 0);
/// The standard's, and one of our own, the wrong password.
static LOGGED: [u8; STANDARD_BYTES + 1] = joined(&[&set_used::<STANDARD_BYTES>(&EVENTS, 0), &[1]]);

/// ACT_LOG: events with numbers.
pub static ST71: [Part; 1] = [Part::Rom(&[
    1,
    STANDARD_BYTES as u8,
    1,
    0,
    ARGUMENT,
    0,
    0,
    ENTRIES as u8,
    0,
])];

/// EVENTS_IDENTIFICATION.
pub static ST72: [Part; 1] = [Part::Rom(&LOGGED)];

/// EVENT_LOG_CTRL: all that there are, and every table that is written and procedure that is run.
pub static ST75: [Part; 2] = [Part::Rom(&LOGGED), Part::Rom(&WRITTEN_AND_RUN)];

/// EVENT_LOG: the list's state, circular, and its entries.
pub static ST76: [Part; 3] = [
    Part::Rom(&[1 << 2]),
    saved(CONTENT + 2 * kept::EVENT_LIST, 2 * LIST_WORDS as u16),
    Part::Live {
        id: Place::EVENTS.address(),
        size: ENTRIES * ENTRY,
    },
];
