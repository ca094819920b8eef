//! Decade 5: clock and calendar. ST50 and ST51 (the same bytes), ST52 to ST56; MT5. What the calendar does:
//! [`crate::calendar`].

use super::live;
use super::registers::saved;
use crate::pending;
use crate::settings::{CALENDAR, CALENDAR_END, DATES, TIMES, TRIM};
use crate::store::{CONTENT, kept};
use c12::table::Part;
use c12::{clock, clock_trim};

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

/// The clock's trim.
pub static MT5: [Part; 1] = [Part::Live {
    id: live::CALENDAR + (TRIM - TIMES) as u16,
    size: clock_trim::SIZE as u16,
}];

/// TIME_REMAIN: minutes until the tier can change; a self-read is every midnight.
pub static ST56: [Part; 2] = [
    Part::Live {
        id: live::TIER_LEFT,
        size: 2,
    },
    Part::Rom(&[0]),
];

/// CLOCK_STATE: the clock; tier and season.
pub static ST55: [Part; 2] = [CLOCK, saved(CONTENT + 2 * kept::CALENDAR, 2)];

const CLOCK: Part = Part::Live {
    id: live::CLOCK,
    size: clock::SIZE as u16,
};
