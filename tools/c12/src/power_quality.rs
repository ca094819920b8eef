//! MT3, power quality: the harmonics of voltage and current, and what became of the voltage.
//!
//! | Offset | Field | Type | Unit |
//! |---|---|---|---|
//! | 0 | `voltage` 2 … 21 | u16 ×20 | 1/32 768 of the fundamental |
//! | 40 | `current` 2 … 21 | u16 ×20 | likewise |
//! | 80 | `sags` | u16 | below 90 % of the usual voltage, since power-up |
//! | 82 | `swells` | u16 | above 110 % |
//! | 84 | `interruptions` | u16 | below 10 % |
//! | 86 | `last_event` | u16 | 0 none, 1 sag, 2 swell, 3 interruption |
//! | 88 | `last_event_ms` | u16 | its duration; 65 534 for longer ones |
//! | 90 | `last_event_residual` | u16 | its lowest (a swell's highest) voltage over the usual one, in 1/32 768 |
//! | 92 | `present_event` | u16 | 0 none, 1 sag or interruption, 2 swell |
//!
//! Every order is measured anew within seven seconds. Events are told from the rms over a cycle, taken every half cycle
//! (IEC 61000-4-30), against the voltage of the last half minute. New fields are only ever appended.

use crate::field::{Field, Kind};

/// Table number on the wire.
pub const TABLE: u16 = 2051;

/// Orders from 2 on.
pub const ORDERS: usize = 20;

/// Words about the voltage.
pub const VOLTAGE_WORDS: usize = 7;

/// Bytes of the table.
pub const SIZE: usize = 4 * ORDERS + 2 * VOLTAGE_WORDS;

/// Byte offsets of the fields.
pub mod offset {
    /// `voltage`, order 2.
    pub const VOLTAGE: usize = 0;
    /// `current`, order 2.
    pub const CURRENT: usize = 2 * super::ORDERS;
    /// `sags`, and what follows it.
    pub const EVENTS: usize = 4 * super::ORDERS;
}

/// The fields as a reader shows them.
pub const FIELDS: [Field; 2 + VOLTAGE_WORDS] = [
    Field::new("voltage", Kind::Group(&SHARES)),
    Field::new("current", Kind::Group(&SHARES)),
    Field::new("sags", Kind::Unsigned(2)),
    Field::new("swells", Kind::Unsigned(2)),
    Field::new("interruptions", Kind::Unsigned(2)),
    Field::new("last_event", Kind::Unsigned(2)),
    Field::new("last_event_ms", Kind::Unsigned(2)),
    Field::new("last_event_residual", Kind::Share),
    Field::new("present_event", Kind::Unsigned(2)),
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
