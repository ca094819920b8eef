//! Decade 1: what the meter measures, and in which units. ST11 to ST16.
//!
//! | source | quantity | unit | shown in |
//! |---|---|---|---|
//! | 0, 1 | active energy delivered, received | Wh | ST23 |
//! | 2 to 5 | reactive energy, quadrants 1 to 4 | varh | ST23 |
//! | 6 | apparent energy | VAh | ST23 |
//! | 7 | voltage | mV | ST28 |
//! | 8, 9 | line and neutral current | µA | ST28 |
//! | 10, 11, 12 | active, reactive, apparent power | mW, mvar, mVA | ST28 |
//! | 13 | power factor | 10⁻⁶ | ST28 |
//! | 14 | frequency | µHz | ST28 |
//! | 15 | maximum demand of active power delivered | W | ST23 |

use super::registers::saved;
use crate::store::{CONTENT, kept};
use c12::table::Part;
use c12::uom::{Uom, flow, multiplier, segment, time_base};

/// Number of sources.
pub const SOURCES: usize = 16;
/// The last one is a demand.
pub const DEMANDS: usize = 1;
/// The first of them are energies, in ST23's order.
pub const ENERGIES: usize = 7;
/// Entries of ST15: the standard wants the table, no register needs it, and seven entries would cost 48 bytes more.
const CONSTANTS: usize = 1;

const fn energy(id: u32, quadrants: u32) -> Uom {
    Uom::new(
        id,
        time_base::BULK,
        multiplier::ONE,
        quadrants,
        segment::ALL,
    )
}

/// An rms value or a magnitude of the line: not signed.
const fn magnitude(id: u32, base: u32, factor: u32) -> Uom {
    Uom::new(id, base, factor, flow::ALL, segment::A_N)
}

/// A signed quantity of the line: what flows back is negative.
const fn signed(id: u32, factor: u32) -> Uom {
    Uom::new(
        id,
        time_base::INSTANTANEOUS,
        factor,
        flow::NET,
        segment::A_N,
    )
}

const UNITS: [Uom; SOURCES] = [
    energy(0, flow::IMPORT),
    energy(0, flow::EXPORT),
    energy(1, flow::Q1),
    energy(1, flow::Q2),
    energy(1, flow::Q3),
    energy(1, flow::Q4),
    energy(2, flow::ALL),
    magnitude(8, time_base::PERIOD, multiplier::MILLI),
    magnitude(12, time_base::PERIOD, multiplier::MICRO),
    Uom::new(
        12,
        time_base::PERIOD,
        multiplier::MICRO,
        flow::ALL,
        segment::NEUTRAL,
    ),
    signed(0, multiplier::MILLI),
    signed(1, multiplier::MILLI),
    magnitude(2, time_base::INSTANTANEOUS, multiplier::MILLI),
    signed(24, multiplier::MICRO),
    magnitude(33, time_base::INSTANTANEOUS, multiplier::MICRO),
    Uom::new(
        0,
        time_base::BLOCK,
        multiplier::ONE,
        flow::IMPORT,
        segment::ALL,
    ),
];

static UNIT_BYTES: [u8; SOURCES * 4] = {
    let mut bytes = [0; SOURCES * 4];
    let mut k = 0;
    while k < SOURCES {
        let entry = UNITS[k].to_le_bytes();
        let mut j = 0;
        while j < 4 {
            bytes[k * 4 + j] = entry[j];
            j += 1;
        }
        k += 1;
    }
    bytes
};

/// ACT_SOURCES_LIM: block and sliding demand, a constant, electric.
pub static ST11: [Part; 1] = [Part::Rom(&[
    (1 << 2) | (1 << 3),
    SOURCES as u8,
    DEMANDS as u8,
    0,
    0,
    CONSTANTS as u8,
    2,
    SOURCES as u8,
])];

/// UOM_ENTRY.
pub static ST12: [Part; 1] = [Part::Rom(&UNIT_BYTES)];

/// Number of the table that says how demand is measured.
pub const DEMAND_CONTROL: u16 = 13;

/// DEMAND_CONTROL: a sub-interval in minutes, and how many are an interval.
pub static ST13: [Part; 1] = [saved(CONTENT + 2 * kept::INTERVAL, 2)];

/// DATA_CONTROL: nothing is to be told of a source; its entries have no bytes.
pub static ST14: [Part; 0] = [];

/// CONSTANTS: multiplier 1 and offset 0. Registers are in watt-hours as they stand.
pub static ST15: [Part; 1] = [Part::Rom(&[1, 0, 0, 0, 0, 0, 0, 0])];

/// A unit exists, values are in engineering units; the first has a constant too, and the demand an interval.
static DEFINITIONS: [u8; SOURCES] = {
    let mut bytes = [0x11; SOURCES];
    bytes[0] |= 0x08;
    bytes[SOURCES - DEMANDS] |= 0x02;
    bytes
};

/// SOURCE_DEFINITION.
pub static ST16: [Part; 1] = [Part::Rom(&DEFINITIONS)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_as_in_the_standards_examples() {
        assert_eq!(UNITS[0].to_le_bytes(), [0x00, 0x40, 0x02, 0x00]);
        assert_eq!(UNITS[6].to_le_bytes(), [0x02, 0xC0, 0x03, 0x00]);
        assert_eq!(UNITS[7].to_le_bytes(), [0x08, 0xF2, 0x2B, 0x00]);
    }
}
