//! MT3, power quality: the harmonics of voltage and current.
//!
//! | Offset | Field | Type | Unit |
//! |---|---|---|---|
//! | 0 | `voltage` 2 … 21 | u16 ×20 | 1/32 768 of the fundamental |
//! | 40 | `current` 2 … 21 | u16 ×20 | likewise |
//!
//! Every order is measured anew within seven seconds. New fields are only ever appended.

use crate::field::{Field, Kind};

/// Table number on the wire.
pub const TABLE: u16 = 2051;

/// Orders from 2 on.
pub const ORDERS: usize = 20;

/// Bytes of the table.
pub const SIZE: usize = 4 * ORDERS;

/// Byte offsets of the fields.
pub mod offset {
    /// `voltage`, order 2.
    pub const VOLTAGE: usize = 0;
    /// `current`, order 2.
    pub const CURRENT: usize = 2 * super::ORDERS;
}

/// The fields as a reader shows them.
pub const FIELDS: [Field; 2] = [
    Field::new("voltage", Kind::Group(&SHARES)),
    Field::new("current", Kind::Group(&SHARES)),
];

/// The orders' shares.
const SHARES: [Field; ORDERS] = {
    const NAMES: [&str; ORDERS] = [
        "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10", "h11", "h12", "h13", "h14", "h15",
        "h16", "h17", "h18", "h19", "h20", "h21",
    ];
    let mut fields = [Field::new("", Kind::Share); ORDERS];
    let mut order = 0;
    while order < ORDERS {
        fields[order].name = NAMES[order];
        order += 1;
    }
    fields
};
