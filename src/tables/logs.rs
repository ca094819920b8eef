//! Decade 7: the event log. ST70 and ST71 (the same bytes), ST72, ST76. There is no history log.

use super::live;
use crate::events::{ARGUMENT, ENTRIES, HEADER, STANDARD};
use crate::store::PAGE;
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
static STANDARD_SET: [u8; STANDARD_BYTES] = set_used(&EVENTS, 0);

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

/// EVENTS_IDENTIFICATION: the standard's, and one of our own, the wrong password.
pub static ST72: [Part; 2] = [Part::Rom(&STANDARD_SET), Part::Rom(&[1])];

/// EVENT_LOG: the list's state, and two pages of entries.
pub static ST76: [Part; 3] = [
    Part::Live {
        id: live::EVENT_LIST,
        size: HEADER as u16,
    },
    Part::Live {
        id: live::EVENTS,
        size: PAGE as u16,
    },
    Part::Live {
        id: live::LATER_EVENTS,
        size: PAGE as u16,
    },
];
