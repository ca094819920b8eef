//! Decade 5: clock and calendar. ST50 and ST51 (the same bytes), ST52, ST53, ST54, ST55. What the calendar does:
//! [`crate::calendar`].

use super::live;
use super::registers::saved;
use crate::pending;
use crate::settings::{CALENDAR, CALENDAR_END, DATES, TIMES};
use crate::store::{CONTENT, kept};
use c12::clock;
use c12::table::Part;

/// ACT_TIME_TOU: daylight saving by itself, every weekday with its schedule, a time zone; two seasons and a special schedule,
/// recurring dates, tier switches.
pub static ST51: [Part; 1] = [Part::Rom(&[
    0,
    (1 << 0) | (1 << 1) | (1 << 4),
    CALENDAR[2] as u8 | (1 << 4),
    0,
    CALENDAR[0] as u8,
    CALENDAR[1] as u8,
    0,
    (CALENDAR_END - DATES) as u8,
    0,
])];

/// CLOCK.
pub static ST52: [Part; 1] = [CLOCK];

/// TIME_OFFSET.
pub static ST53: [Part; 1] = [Part::Live {
    id: live::CALENDAR,
    size: (DATES - TIMES) as u16,
}];

/// CALENDAR.
pub static ST54: [Part; 1] = [Part::Live {
    id: live::CALENDAR + (DATES - TIMES) as u16,
    size: (CALENDAR_END - DATES) as u16,
}];

/// CALENDAR as it shall be, behind the event that activates it.
pub static PENDING_ST54: [Part; 1] = [Part::Live {
    id: pending::address(8),
    size: pending::TABLE_SIZE,
}];

/// CLOCK_STATE: the clock; tier and season.
pub static ST55: [Part; 2] = [CLOCK, saved(CONTENT + 2 * kept::CALENDAR, 2)];

const CLOCK: Part = Part::Live {
    id: live::CLOCK,
    size: clock::SIZE as u16,
};
