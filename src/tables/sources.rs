//! Decade 1: what the meter measures, and in which units. ST11, ST12, ST15, ST16.
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

use c12::table::Part;

/// Number of sources.
pub const SOURCES: usize = 15;
/// The first of them are energies, in ST23's order.
pub const ENERGIES: usize = 7;

/// One entry of ST12.
struct Unit {
    id: u32,
    time_base: u32,
    multiplier: u32,
    /// Bit 0 = quadrant 1 … bit 3 = quadrant 4.
    quadrants: u32,
    net: u32,
    segment: u32,
}

impl Unit {
    /// The entry's 32 bits, least significant byte first.
    const fn bytes(&self) -> [u8; 4] {
        (self.id
            | (self.time_base << 8)
            | (self.multiplier << 11)
            | (self.quadrants << 14)
            | (self.net << 18)
            | (self.segment << 19))
            .to_le_bytes()
    }
}

const BULK: u32 = 0;
const INSTANTANEOUS: u32 = 1;
const RMS: u32 = 2;
const UNITY: u32 = 0;
const MILLI: u32 = 6;
const MICRO: u32 = 7;
const ALL: u32 = 0b1111;
const LINE: u32 = 5;
const NEUTRAL: u32 = 4;

const fn energy(id: u32, quadrants: u32) -> Unit {
    Unit {
        id,
        time_base: BULK,
        multiplier: UNITY,
        quadrants,
        net: 0,
        segment: 0,
    }
}

const fn present(id: u32, time_base: u32, multiplier: u32, segment: u32) -> Unit {
    // Signed quantities are net: what flows back is negative.
    Unit {
        id,
        time_base,
        multiplier,
        quadrants: ALL,
        net: 1,
        segment,
    }
}

const UNITS: [Unit; SOURCES] = [
    energy(0, 0b1001),
    energy(0, 0b0110),
    energy(1, 0b0001),
    energy(1, 0b0010),
    energy(1, 0b0100),
    energy(1, 0b1000),
    energy(2, ALL),
    Unit {
        net: 0,
        ..present(8, RMS, MILLI, LINE)
    },
    Unit {
        net: 0,
        ..present(12, RMS, MICRO, LINE)
    },
    Unit {
        net: 0,
        ..present(12, RMS, MICRO, NEUTRAL)
    },
    present(0, INSTANTANEOUS, MILLI, LINE),
    present(1, INSTANTANEOUS, MILLI, LINE),
    Unit {
        net: 0,
        ..present(2, INSTANTANEOUS, MILLI, LINE)
    },
    present(24, INSTANTANEOUS, MICRO, LINE),
    Unit {
        net: 0,
        ..present(33, INSTANTANEOUS, MICRO, LINE)
    },
];

static UNIT_BYTES: [u8; SOURCES * 4] = {
    let mut bytes = [0; SOURCES * 4];
    let mut k = 0;
    while k < SOURCES {
        let entry = UNITS[k].bytes();
        let mut j = 0;
        while j < 4 {
            bytes[k * 4 + j] = entry[j];
            j += 1;
        }
        k += 1;
    }
    bytes
};

/// ACT_SOURCES_LIM: no demands yet, constants for the energies, electric.
pub static ST11: [Part; 1] = [Part::Rom(&[
    0,
    SOURCES as u8,
    0,
    0,
    0,
    ENERGIES as u8,
    2,
    SOURCES as u8,
])];

/// UOM_ENTRY.
pub static ST12: [Part; 1] = [Part::Rom(&UNIT_BYTES)];

/// Multiplier 1 and offset 0 for each energy: registers are in watt-hours as they stand.
static CONSTANTS: [u8; ENERGIES * 8] = {
    let mut bytes = [0; ENERGIES * 8];
    let mut k = 0;
    while k < ENERGIES {
        bytes[k * 8] = 1;
        k += 1;
    }
    bytes
};

/// CONSTANTS.
pub static ST15: [Part; 1] = [Part::Rom(&CONSTANTS)];

/// A unit exists, values are in engineering units; energies have a constant too.
static DEFINITIONS: [u8; SOURCES] = {
    let mut bytes = [0x11; SOURCES];
    let mut k = 0;
    while k < ENERGIES {
        bytes[k] |= 0x08;
        k += 1;
    }
    bytes
};

/// SOURCE_DEFINITION.
pub static ST16: [Part; 1] = [Part::Rom(&DEFINITIONS)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_as_in_the_standards_examples() {
        assert_eq!(UNITS[0].bytes(), [0x00, 0x40, 0x02, 0x00]);
        assert_eq!(UNITS[6].bytes(), [0x02, 0xC0, 0x03, 0x00]);
        assert_eq!(UNITS[7].bytes(), [0x08, 0xF2, 0x2B, 0x00]);
    }
}
