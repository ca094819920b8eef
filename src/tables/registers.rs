//! Decade 2: registers. ST20 and ST21 (the same bytes: what is possible is what is used), ST22 to ST28.

use super::general::joined;
use super::live;
use super::snapshot_part;
use super::sources::{DEMANDS, ENERGIES, SOURCES};
use crate::list;
use crate::self_reads::{self, SEASON, SLOTS};
use crate::store;
use c12::snapshot::offset;
use c12::table::Part;

/// Values of ST28.
const PRESENT_VALUES: usize = SOURCES - ENERGIES - DEMANDS;

/// ACT_REGS: daily self-reads, summations, one demand with its date and time and a counter of resets, present values.
pub static ST21: [Part; 1] = [Part::Rom(&[
    (1 << 1) | (1 << 2),
    1 << 2,
    SLOTS,
    ENERGIES as u8,
    DEMANDS as u8,
    0,
    1,
    0,
    0,
    PRESENT_VALUES as u8,
])];

/// Source numbers from `first` on.
const fn consecutive<const N: usize>(first: usize) -> [u8; N] {
    let mut bytes = [0; N];
    let mut k = 0;
    while k < N {
        bytes[k] = (first + k) as u8;
        k += 1;
    }
    bytes
}

/// The energies, the demand, which is a maximum.
static SELECTION: [u8; ENERGIES + DEMANDS + 1] =
    joined(&[&consecutive::<ENERGIES>(0), &[(SOURCES - DEMANDS) as u8, 1]]);
static PRESENT_SELECT: [u8; PRESENT_VALUES] = consecutive(ENERGIES);

/// DATA_SELECTION.
pub static ST22: [Part; 1] = [Part::Rom(&SELECTION)];
/// PRESENT_REG_SELECT.
pub static ST27: [Part; 1] = [Part::Rom(&PRESENT_SELECT)];

/// Whole watt-hours of an energy: the upper half of its 64 bits.
const fn whole(energy_offset: usize) -> Part {
    snapshot_part(energy_offset + 4, 4)
}

/// CURRENT_REG_DATA: the number of demand resets, the seven energies, the maximum demand.
pub static ST23: [Part; ENERGIES + 2] = [
    saved(DEMAND, 1),
    whole(offset::IMPORT),
    whole(offset::EXPORT),
    whole(offset::Q1),
    whole(offset::Q2),
    whole(offset::Q3),
    whole(offset::Q4),
    whole(offset::APPARENT),
    saved(DEMAND + 1, 9),
];

/// Bytes of a STIME_DATE.
pub const READING_TIME: usize = 5;
/// Bytes of that and of ST23.
pub const READING_SIZE: u16 = READING_TIME as u16 + 1 + 4 * ENERGIES as u16 + 9;

/// PREVIOUS_SEASON_DATA.
pub static ST24: [Part; 1] = [slots(SEASON, 1)];

/// PREVIOUS_DEMAND_RESET_DATA.
pub static ST25: [Part; 1] = [Part::Live {
    id: live::PREVIOUS,
    size: READING_SIZE,
}];

/// Slots in one page, two at most.
const fn slots(first: u16, count: u16) -> Part {
    Part::Live {
        id: self_reads::address(first),
        size: count * READING_SIZE,
    }
}

/// SELF_READ_DATA: a circular list, its state, its entries.
pub static ST26: [Part; 8] = [
    Part::Rom(&[1 << 2]),
    list_state(list::SELF_READS, 0, 1),
    list_state(list::SELF_READS, 2, 1),
    list_state(list::SELF_READS, 4, 2),
    list_state(list::SELF_READS, 6, 1),
    slots(0, 2),
    slots(2, 2),
    slots(4, 1),
];

/// Where a copy of the registers has the demand.
const DEMAND: u16 = store::CONTENT + 2 * store::kept::DEMAND;

/// `size` bytes from `at` of what is kept about a list, in words: valid entries, newest one's place, its number, unread ones.
pub(super) const fn list_state(list: usize, at: u16, size: u16) -> Part {
    let first = store::kept::LISTS + (list * list::WORDS) as u16;
    saved(store::CONTENT + 2 * first + at, size)
}

/// The upper half of an entry's number: it wraps at 16 bits.
pub(super) const NUMBER_HIGH: Part = Part::Rom(&[0, 0]);

/// `size` bytes from `at` of the saved registers.
pub(super) const fn saved(at: u16, size: u16) -> Part {
    Part::Live {
        id: live::SAVED + at,
        size,
    }
}

/// PRESENT_REG_DATA: eight quantities, which stand in the snapshot in the order of their sources.
pub static ST28: [Part; 1] = [snapshot_part(offset::VRMS_MV, 4 * PRESENT_VALUES as u16)];

const _: () = assert!(offset::F_UHZ == offset::VRMS_MV + 4 * (PRESENT_VALUES - 1));
