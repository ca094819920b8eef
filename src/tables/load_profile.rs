//! Decade 6: the load profile. ST60 and ST61 (the same bytes), ST62, ST63, ST64.

use super::live;
use super::registers::{NUMBER_HIGH, list_state, saved};
use crate::list;
use crate::profile::{BLOCK, BLOCKS, CHANNELS, INTERVALS, SELECT};
use crate::store::{CONTENT, kept};
use c12::table::Part;

/// Bytes of ST64.
const SIZE: u16 = BLOCKS * BLOCK;
/// INT_FMT_CDE: unsigned 16-bit numbers.
const UINT16: u8 = 2;

/// ACT_LP: one set with extended interval status; the length of an interval can be written.
pub static ST61: [Part; 2] = [
    Part::Rom(&[
        (SIZE & 0xFF) as u8,
        (SIZE >> 8) as u8,
        0,
        0,
        0,
        1 << (10 - 8),
        UINT16,
        BLOCKS as u8,
        0,
        INTERVALS as u8,
        0,
        CHANNELS as u8,
    ]),
    saved(PROFILE + 2, 1),
];

/// LP_CTRL: the channels.
pub static ST62: [Part; 2] = [Part::Rom(SELECT.as_flattened()), Part::Rom(&[UINT16])];

/// LP_STATUS: circular, and whether it is recording; behind the list's state the intervals of the block under way.
pub static ST63: [Part; 4] = [
    saved(PROFILE + 3, 1),
    list_state(list::PROFILE, 0, 6),
    NUMBER_HIGH,
    list_state(list::PROFILE, 6, 4),
];
const _: () = assert!(kept::LISTS as usize + list::COUNT * list::WORDS == kept::PROFILE as usize);

/// LP_DATA_SET1.
pub static ST64: [Part; 1] = [Part::Live {
    id: live::PROFILE,
    size: SIZE,
}];

/// Where a copy of the registers has the profile's state.
const PROFILE: u16 = CONTENT + 2 * kept::PROFILE;
