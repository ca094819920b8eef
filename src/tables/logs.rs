//! Decade 7: the log. ST70 and ST71 (the same bytes), ST72, ST73 and ST75 (the same), ST74 and ST76 (the same).
//!
//! There is one log, of all that happens, and entries of history and event log have the same bytes: so it is both. (Two of them
//! would be half as long, for events that some would look for in the one and some in the other.)

use super::general::{WRITTEN_AND_RUN, joined};
use super::registers::{NUMBER_HIGH, list_state};
use crate::events::{ARGUMENT, ENTRIES, ENTRY, STANDARD};
use crate::list;
use crate::store::Place;
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

/// ACT_LOG: entries with numbers, in the history with date and time too.
pub static ST71: [Part; 1] = [Part::Rom(&[
    (1 << 0) | (1 << 1),
    STANDARD_BYTES as u8,
    1,
    ARGUMENT,
    ARGUMENT,
    ENTRIES as u8,
    0,
    ENTRIES as u8,
    0,
])];

/// EVENTS_IDENTIFICATION.
pub static ST72: [Part; 1] = [Part::Rom(&LOGGED)];

/// HISTORY_LOG_CTRL and EVENT_LOG_CTRL: all that there are, and every table that is written and procedure that is run.
pub static ST75: [Part; 2] = [Part::Rom(&LOGGED), Part::Rom(&WRITTEN_AND_RUN)];

/// HISTORY_LOG and EVENT_LOG: the list's state, circular, and its entries.
pub static ST76: [Part; 5] = [
    Part::Rom(&[1 << 2]),
    list_state(list::LOG, 0, 6),
    NUMBER_HIGH,
    list_state(list::LOG, 6, 2),
    Part::Live {
        id: Place::EVENTS.address(),
        size: ENTRIES * ENTRY,
    },
];
