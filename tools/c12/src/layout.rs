//! Layout of the tables by number, for readers: section by section of the C12.19 reference.

mod general;
mod logs;
mod profile;
mod registers;
mod security;
mod sources;
mod time;

use crate::field::Field;
use crate::{calibration, clock_trim, diagnostics, power_quality, snapshot, tiers};

/// First manufacturer table on the wire.
pub const MANUFACTURER: u16 = 2048;
/// From here on the pending copies of all tables.
pub const PENDING: u16 = 4096;

/// A table as a reader knows it.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Number on the wire.
    pub table: u16,
    /// The standard's name.
    pub name: &'static str,
    /// Its fields in order.
    pub fields: &'static [Field],
}

/// Every table that can be decoded by field, in order of number.
pub const LAYOUTS: [&[Layout]; 8] = [
    &general::LAYOUTS,
    &sources::LAYOUTS,
    &registers::LAYOUTS,
    &security::LAYOUTS,
    &time::LAYOUTS,
    &profile::LAYOUTS,
    &logs::LAYOUTS,
    &MANUFACTURER_LAYOUTS,
];

const MANUFACTURER_LAYOUTS: [Layout; 6] = [
    Layout {
        table: snapshot::TABLE,
        name: "MEASUREMENT_SNAPSHOT",
        fields: &snapshot::FIELDS,
    },
    Layout {
        table: calibration::TABLE,
        name: "CALIBRATION",
        fields: &calibration::FIELDS,
    },
    Layout {
        table: diagnostics::TABLE,
        name: "DIAGNOSTICS",
        fields: &diagnostics::FIELDS,
    },
    Layout {
        table: power_quality::TABLE,
        name: "POWER_QUALITY",
        fields: &power_quality::FIELDS,
    },
    Layout {
        table: tiers::TABLE,
        name: "TIER_ENERGIES",
        fields: &tiers::FIELDS,
    },
    Layout {
        table: clock_trim::TABLE,
        name: "CLOCK_TRIM",
        fields: &clock_trim::FIELDS,
    },
];

/// The layout of a table; `None` when only its bytes can be shown.
pub fn find(table: u16) -> Option<&'static Layout> {
    LAYOUTS
        .iter()
        .flat_map(|group| group.iter())
        .find(|layout| layout.table == table)
}

/// Tables whose numbers size other tables, in the order in which they must be read.
pub const LIMITS: [u16; 8] = [0, 11, 21, 41, 51, 61, 62, 71];
