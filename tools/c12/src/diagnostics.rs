//! MT2, diagnostics: what went wrong since power-up.
//!
//! | Offset | Field | Type | Meaning |
//! |---|---|---|---|
//! | 0 | `frames_bad_crc` | u16 | converter frames whose CRC was wrong |
//! | 2 | `frames_bad_status` | u16 | converter frames with an unexpected status word |
//! | 4 | `samples_missed` | u16 | samples that could not be read in time |
//! | 6 | `blocks_dropped` | u16 | blocks of sixteen samples that the arithmetic had no time for |
//! | 8 | `converter_restarts` | u16 | times that the converter was silent or had lost its configuration |
//! | 10 | `reset_cause` | u16 | SYSRSTIV at power-up: 2 brown-out, 4 reset pin, 22 watchdog, 24 its password, others in the chip's guide |
//!
//! The first four stop at 65 535. New fields are only ever appended.

use crate::field::{Field, Kind};

/// Table number on the wire.
pub const TABLE: u16 = 2050;

/// Counters in the table.
pub const COUNTERS: usize = 6;

/// Bytes of the table.
pub const SIZE: usize = 2 * COUNTERS;

/// The fields as a reader shows them.
pub const FIELDS: [Field; COUNTERS] = [
    Field::new("frames_bad_crc", Kind::Unsigned(2)),
    Field::new("frames_bad_status", Kind::Unsigned(2)),
    Field::new("samples_missed", Kind::Unsigned(2)),
    Field::new("blocks_dropped", Kind::Unsigned(2)),
    Field::new("converter_restarts", Kind::Unsigned(2)),
    Field::new("reset_cause", Kind::Unsigned(2)),
];
