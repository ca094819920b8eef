//! MT2, diagnostics: what went wrong since power-up, and ever.
//!
//! | Offset | Field | Type | Meaning |
//! |---|---|---|---|
//! | 0 | `frames_bad_crc` | u16 | converter frames whose CRC was wrong |
//! | 2 | `frames_bad_status` | u16 | converter frames with an unexpected status word |
//! | 4 | `samples_missed` | u16 | samples that could not be read in time |
//! | 6 | `blocks_dropped` | u16 | blocks of sixteen samples that the arithmetic had no time for |
//! | 8 | `converter_restarts` | u16 | times that the converter was silent or had lost its configuration |
//! | 10 | `reset_cause` | u16 | SYSRSTIV at power-up: 2 brown-out, 4 reset pin, 22 watchdog, 24 its password, others in the chip's guide |
//! | 12 | `power_ups` | u16 | times that the meter has started, ever |
//! | 14 | `copies_lost` | u16 | copies of stored registers or constants that a start has found damaged, ever; the other copy replaces one, ST3 tells when there was none |
//!
//! The first four stop at 65 535, the last two begin anew behind it. New fields are only ever appended.

use crate::field::{Field, Kind};

/// Table number on the wire.
pub const TABLE: u16 = 2050;

/// Counters in the table.
pub const COUNTERS: usize = 8;

/// Bytes of the table.
pub const SIZE: usize = 2 * COUNTERS;

/// Byte offsets of the fields that the firmware names.
pub mod offset {
    /// `reset_cause`.
    pub const RESET_CAUSE: usize = 10;
    /// `power_ups`.
    pub const POWER_UPS: usize = 12;
    /// `copies_lost`.
    pub const COPIES_LOST: usize = 14;
}

/// The fields as a reader shows them.
pub const FIELDS: [Field; COUNTERS] = [
    Field::new("frames_bad_crc", Kind::Unsigned(2)),
    Field::new("frames_bad_status", Kind::Unsigned(2)),
    Field::new("samples_missed", Kind::Unsigned(2)),
    Field::new("blocks_dropped", Kind::Unsigned(2)),
    Field::new("converter_restarts", Kind::Unsigned(2)),
    Field::new("reset_cause", Kind::Unsigned(2)),
    Field::new("power_ups", Kind::Unsigned(2)),
    Field::new("copies_lost", Kind::Unsigned(2)),
];
