//! MT5, the clock's trim: what the crystal is off, as a utility found it.
//!
//! | Offset | Field | Type | Unit |
//! |---|---|---|---|
//! | 0 | `trim` | i8 | 2⁻²⁰ (0.954 ppm, 0.0824 s a day) by which the clock shall run faster; −128 … 127, ±121 ppm |

use crate::field::{Field, Kind};

/// Table number on the wire.
pub const TABLE: u16 = 2053;

/// Bytes of the table.
pub const SIZE: usize = 1;

/// The fields as a reader shows them.
pub const FIELDS: [Field; 1] = [Field::new("trim", Kind::Signed(1))];
