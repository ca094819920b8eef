//! What each C12.19 table of this meter contains.
//!
//! A table is a list of parts: constant bytes, or a range of the snapshot (or of the identity) given at the moment of
//! the read. ST28 and ST23 show the very bytes of MT0, so they cannot disagree with it.
//!
//! | file | tables |
//! |---|---|
//! | `general` | ST0 configuration, ST1 manufacturer, ST2 nameplate, ST3 status, ST4 what is pending, ST5 identification, ST6 the utility's data, ST7 and ST8 procedures |
//! | `sources` | ST10/11 dimensions, ST12 units, ST13 demand interval, ST14 control, ST15 constants, ST16 definitions |
//! | `registers` | ST20/21 dimensions, ST22 selection, ST23 energies and demand, ST24 the same at the season's end, ST25 at the last demand reset, ST26 and at midnights, ST27 selection, ST28 present values |
//! | `security` | ST40/41 dimensions, ST42 passwords, ST43 and ST44 access, ST45 keys |
//! | `time` | ST50/51 dimensions, ST52 clock, ST53 daylight saving, ST54 calendar, now and pending, ST55 clock and tier, ST56 until the next one |
//! | `load_profile` | ST60/61 dimensions, ST62 channels, ST63 state, ST64 intervals |
//! | `logs` | ST70/71 dimensions, ST72 events that are logged, ST73/75 what else is, ST74/76 history and event log |
//! | `mt0` in [`c12::snapshot`] | MT0 the snapshot itself |
//! | `mt1` in [`c12::calibration`] | MT1 calibration constants |
//! | `mt2` in [`c12::diagnostics`] | MT2 what went wrong |
//! | `mt3` in [`c12::power_quality`] | MT3 harmonics |
//! | `mt4` in [`c12::tiers`] | MT4 energies by tier |
//! | `time`, [`c12::clock_trim`] | MT5 the clock's trim |

#[cfg(test)]
mod frozen_tests;
pub mod general;
pub mod load_profile;
pub mod logs;
pub mod registers;
pub mod security;
pub mod sources;
pub mod time;

use c12::table::Part;
use c12::{calibration, diagnostics, power_quality, snapshot, tiers};

use crate::snapshot::{DIAGNOSTICS, POWER_QUALITY};

/// Where the bytes of a live part come from: below 0x100 an offset into the snapshot, above it one of these.
pub mod live {
    use crate::settings::TIMES;
    use crate::store::CONTENT;

    /// The upper bytes of those that are kinds of their own.
    pub mod kind {
        /// [`super::STATUS`].
        pub const STATUS: u16 = 1;
        /// [`super::SERIAL`].
        pub const SERIAL: u16 = 2;
        /// [`super::CALIBRATION`].
        pub const CALIBRATION: u16 = 3;
        /// [`super::CLOCK`].
        pub const CLOCK: u16 = 4;
        /// [`super::ANSWER`].
        pub const ANSWER: u16 = 5;
        /// [`super::PROFILE`].
        pub const PROFILE: u16 = 6;
        /// [`super::BLANK`].
        pub const BLANK: u16 = 7;
        /// [`super::TIER_LEFT`].
        pub const TIER_LEFT: u16 = 8;
        /// [`super::IDENTIFICATION`], and every other setting that cannot be read.
        pub const IDENTIFICATION: u16 = 9;
    }

    /// ED_MODE, ED_STD_STATUS1 and 2: 4 bytes.
    pub const STATUS: u16 = kind::STATUS << 8;
    /// Serial number, 16 characters.
    pub const SERIAL: u16 = kind::SERIAL << 8;
    /// Calibration constants, 164 bytes.
    pub const CALIBRATION: u16 = kind::CALIBRATION << 8;
    /// Clock, 7 bytes.
    pub const CLOCK: u16 = kind::CLOCK << 8;
    /// Answer of the last procedure, up to 18 bytes.
    pub const ANSWER: u16 = kind::ANSWER << 8;
    /// The load profile's blocks.
    pub const PROFILE: u16 = kind::PROFILE << 8;
    /// Spaces.
    pub const BLANK: u16 = kind::BLANK << 8;
    /// Minutes until the tier can change, 2 bytes.
    pub const TIER_LEFT: u16 = kind::TIER_LEFT << 8;
    /// Settings from here on, by the byte of their copy: what can be written like memory.
    pub const SETTINGS: u16 = (kind::IDENTIFICATION << 8) + CONTENT;
    /// Device identification: the first of them, or the serial number.
    pub const IDENTIFICATION: u16 = SETTINGS;
    /// What of the settings can be read: the calendar, and what follows it.
    pub const CALENDAR: u16 = (kind::IDENTIFICATION << 8) + TIMES as u16;
    /// Registers at the last demand reset, 43 bytes.
    pub const PREVIOUS: u16 = SETTINGS + 0x100;
    /// The saved registers from here on, by the byte of their copy; a multiple of a page.
    pub const SAVED: u16 = 0xB00;
    /// Stored data: from here on by address.
    pub const STORED: u16 = 0x1000;
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

static MT4: [Part; 1] = [Part::Live {
    id: crate::tiers::ADDRESS,
    size: tiers::SIZE as u16,
}];

c12::tables! {
    /// Every table of the meter.
    pub static TABLES announced by ANNOUNCED {
        0: read general::ST0;
        1: read general::ST1;
        2: read general::ST2;
        3: read general::ST3;
        4: read general::ST4;
        5: write general::ST5;
        6: read general::ST6;
        7: write general::ST7;
        8: read general::ST8;
        10: read sources::ST11;
        11: read sources::ST11;
        12: read sources::ST12;
        13: write sources::ST13;
        14: read sources::ST14;
        15: read sources::ST15;
        16: read sources::ST16;
        20: read registers::ST21;
        21: read registers::ST21;
        22: read registers::ST22;
        23: read registers::ST23;
        24: read registers::ST24;
        25: read registers::ST25;
        26: read registers::ST26;
        27: read registers::ST27;
        28: read registers::ST28;
        40: read security::ST41;
        41: read security::ST41;
        42: write security::ST42;
        43: read security::ST43;
        44: read security::ST44;
        45: read security::ST45;
        50: read time::ST51;
        51: read time::ST51;
        52: read time::ST52;
        53: write time::ST53;
        54: write time::ST54;
        55: read time::ST55;
        56: read time::ST56;
        60: read load_profile::ST61;
        61: write load_profile::ST61;
        62: read load_profile::ST62;
        63: read load_profile::ST63;
        64: read load_profile::ST64;
        70: read logs::ST71;
        71: read logs::ST71;
        72: read logs::ST72;
        73: read logs::ST75;
        74: read logs::ST76;
        75: read logs::ST75;
        76: read logs::ST76;
        4150: write time::PENDING_ST54;
        2048: read MT0;
        2049: write MT1;
        2050: read MT2;
        2051: read MT3;
        2052: read MT4;
        2053: write time::MT5;
    }
}
