//! MT4, energies by tier.
//!
//! | Offset | Field | Type | Unit |
//! |---|---|---|---|
//! | 8 k | `tiers` k `import_wh` | u32 | Wh of active energy delivered while tier k (0 … 7) was current |
//! | 8 k + 4 | `tiers` k `export_wh` | u32 | received, likewise |
//!
//! Those of the current tier are up to a minute old. At that time all tiers together are what ST23 shows. (The standard has
//! registers by tier in ST23; with those of demands and their copies in ST25 and ST26 they would need more memory than there is.)

use crate::field::{Field, Kind};

/// Table number on the wire.
pub const TABLE: u16 = 2052;

/// Tiers that a calendar can name.
pub const TIERS: usize = 8;

/// Bytes of a tier.
pub const TIER: usize = 8;

/// Bytes of the table.
pub const SIZE: usize = TIERS * TIER;

/// The fields as a reader shows them.
pub const FIELDS: [Field; 1] = [Field::new(
    "tiers",
    Kind::Group(&[
        Field::new("import_wh", Kind::Unsigned(4)),
        Field::new("export_wh", Kind::Unsigned(4)),
    ]),
)
.exactly(TIERS)];
