//! Decade 5: the clock. ST50 and ST51 (the same bytes), ST52, ST55. There is no calendar and there are no tiers.

use super::live;
use c12::clock;
use c12::table::Part;

/// ACT_TIME_TOU: nothing of it.
pub static ST51: [Part; 1] = [Part::Rom(&[0; 9])];

/// CLOCK.
pub static ST52: [Part; 1] = [CLOCK];

/// CLOCK_STATE: the clock; tier and season 0.
pub static ST55: [Part; 2] = [CLOCK, Part::Rom(&[0; 2])];

const CLOCK: Part = Part::Live {
    id: live::CLOCK,
    size: clock::SIZE as u16,
};
