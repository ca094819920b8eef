//! What each C12.19 table of this meter contains.
//!
//! A table is a list of parts: constant bytes, or a range of the snapshot (or of the identity) given at the moment of
//! the read. ST28 and ST23 show the very bytes of MT0, so they cannot disagree with it.
//!
//! | file | tables |
//! |---|---|
//! | `general` | ST0 configuration, ST1 manufacturer, ST3 status, ST5 identification |
//! | `sources` | ST11 limits, ST12 units, ST15 constants, ST16 definitions |
//! | `registers` | ST20/21 dimensions, ST22 selection, ST23 energies, ST27 selection, ST28 present values |
//! | `mt0` in [`c12::snapshot`] | MT0 the snapshot itself |
//! | `mt1` in [`c12::calibration`] | MT1 calibration constants |
//! | `mt2` in [`c12::diagnostics`] | MT2 what went wrong |
//! | `mt3` in [`c12::power_quality`] | MT3 harmonics |

#[cfg(test)]
mod frozen_tests;
pub mod general;
pub mod registers;
pub mod sources;

use c12::table::Part;
use c12::{calibration, diagnostics, power_quality, snapshot};

use crate::snapshot::{DIAGNOSTICS, POWER_QUALITY};

/// Where the bytes of a live part come from: below 0x100 an offset into the snapshot, above it one of these.
pub mod live {
    /// ED_STD_STATUS1, 2 bytes.
    pub const STATUS: u16 = 0x100;
    /// Serial number, 16 characters.
    pub const SERIAL: u16 = 0x200;
    /// Calibration constants, 164 bytes.
    pub const CALIBRATION: u16 = 0x300;
}

/// A part that shows `size` bytes of the snapshot from `offset`.
const fn snapshot_part(offset: usize, size: u16) -> Part {
    Part::Live {
        id: offset as u16,
        size,
    }
}

static MT0: [Part; 1] = [snapshot_part(0, snapshot::SIZE as u16)];
static MT1: [Part; 1] = [Part::Live {
    id: live::CALIBRATION,
    size: calibration::SIZE as u16,
}];

static MT2: [Part; 1] = [snapshot_part(DIAGNOSTICS, diagnostics::SIZE as u16)];
static MT3: [Part; 1] = [snapshot_part(POWER_QUALITY, power_quality::SIZE as u16)];

c12::tables! {
    /// Every table of the meter.
    pub static TABLES announced by ANNOUNCED {
        0: read general::ST0;
        1: read general::ST1;
        3: read general::ST3;
        5: read general::ST5;
        11: read sources::ST11;
        12: read sources::ST12;
        15: read sources::ST15;
        16: read sources::ST16;
        20: read registers::ST21;
        21: read registers::ST21;
        22: read registers::ST22;
        23: read registers::ST23;
        27: read registers::ST27;
        28: read registers::ST28;
        2048: read MT0;
        2049: write MT1;
        2050: read MT2;
        2051: read MT3;
    }
}
