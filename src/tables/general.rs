//! Decade 0: what this meter is and does on demand. ST0 to ST8.

use super::{ANNOUNCED, live, snapshot_part};
use crate::pending::{self, EVENT_SIZE};
use crate::settings::IDENTIFICATION_SIZE;
use c12::procedure::{RESPONSE_HEAD, number};
use c12::table::{Announced, Part, set_len, set_used, set_writable};
use c12::{clock, snapshot};

const STANDARD_BYTES: usize = set_len(&ANNOUNCED, 0);
const MANUFACTURER_BYTES: usize = set_len(&ANNOUNCED, 2048);
const PROCEDURE_BYTES: usize = set_len(&PROCEDURES, 0);
const MANUFACTURER_PROCEDURE_BYTES: usize = set_len(&PROCEDURES, 2048);
/// Bytes of both sets of procedures.
const RUN_BYTES: usize = PROCEDURE_BYTES + MANUFACTURER_PROCEDURE_BYTES;

/// Every procedure of the meter.
pub const PROCEDURES: [Announced; 18] = [
    Announced::read(number::COLD_START),
    Announced::read(number::WARM_START),
    Announced::read(number::SAVE_CONFIGURATION),
    Announced::read(number::CLEAR_DATA),
    Announced::read(number::RESET_LIST_POINTERS),
    Announced::read(number::UPDATE_LAST_READ),
    Announced::read(number::CHANGE_MODE),
    Announced::read(number::CLEAR_STANDARD_STATUS),
    Announced::read(number::REMOTE_RESET),
    Announced::read(number::SET_DATE_TIME),
    Announced::read(number::ACTIVATE_ALL_PENDING),
    Announced::read(number::ACTIVATE_PENDING),
    Announced::read(number::CLEAR_ALL_PENDING),
    Announced::read(number::CLEAR_PENDING),
    Announced::read(number::START_LOAD_PROFILE),
    Announced::read(number::STOP_LOAD_PROFILE),
    Announced::read(number::SERVICE_SWITCH),
    Announced::read(number::RESET_VOLTAGE_EVENTS),
];
/// Bytes of the longest parameters: those of set date and time.
const PARAMETERS: u8 = 1 + clock::SIZE as u8;
/// Bytes of the longest response: the clock before and after.
pub const RESPONSE: usize = 2 * clock::SIZE;
/// Bytes of manufacturer status in ST3: the lower half of the snapshot's flags.
const MFG_STATUS_BYTES: u8 = 2;

/// GEN_CONFIG without its sets.
const HEAD: [u8; 19] = [
    // Least significant byte first; ISO 646 characters.
    1 << 1,
    // TM_FORMAT 2 (binary fields: the one that every reader decodes); offset access; identifiers are characters.
    2 | (1 << 3),
    // NI_FORMAT1 and 2: 32-bit integers.
    0x88,
    b'M',
    b'4',
    b'3',
    b'0',
    // Electric; no default sets.
    2,
    0,
    PARAMETERS,
    RESPONSE as u8,
    // C12.19-1997.
    1,
    0,
    STANDARD_BYTES as u8,
    MANUFACTURER_BYTES as u8,
    PROCEDURE_BYTES as u8,
    MANUFACTURER_PROCEDURE_BYTES as u8,
    MFG_STATUS_BYTES,
    // The calendar can be pending.
    1,
];

/// Runs of bytes one behind the other: one part instead of several.
pub(super) const fn joined<const N: usize>(runs: &[&[u8]]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = 0;
    let mut k = 0;
    while k < runs.len() {
        let mut from = 0;
        while from < runs[k].len() {
            bytes[at] = runs[k][from];
            at += 1;
            from += 1;
        }
        k += 1;
    }
    assert!(at == N, "the runs are not as long as all of them together");
    bytes
}

const PROCEDURES_USED: [u8; RUN_BYTES] = joined(&[
    &set_used::<PROCEDURE_BYTES>(&PROCEDURES, 0),
    &set_used::<MANUFACTURER_PROCEDURE_BYTES>(&PROCEDURES, 2048),
]);
/// What can be written, and what can be run.
pub(super) static WRITTEN_AND_RUN: [u8; TABLE_BYTES + RUN_BYTES] = joined(&[
    &set_writable::<STANDARD_BYTES>(&ANNOUNCED, 0),
    &set_writable::<MANUFACTURER_BYTES>(&ANNOUNCED, 2048),
    &PROCEDURES_USED,
]);
const TABLE_BYTES: usize = STANDARD_BYTES + MANUFACTURER_BYTES;

static FORMATS_AND_USED: [u8; HEAD.len() + TABLE_BYTES + RUN_BYTES] = joined(&[
    &HEAD,
    &set_used::<STANDARD_BYTES>(&ANNOUNCED, 0),
    &set_used::<MANUFACTURER_BYTES>(&ANNOUNCED, 2048),
    &PROCEDURES_USED,
]);

/// GEN_CONFIG: formats, and which tables and procedures exist.
pub static ST0: [Part; 2] = [
    Part::Rom(&FORMATS_AND_USED),
    Part::Rom(WRITTEN_AND_RUN.split_at(TABLE_BYTES).0),
];

/// GENERAL_MFG_ID: manufacturer, model, hardware 1.0, firmware 0.1, serial number.
pub static ST1: [Part; 2] = [
    Part::Rom(b"M430METER430\x01\x00\x00\x01"),
    Part::Live {
        id: live::SERIAL,
        size: 16,
    },
];

/// DEVICE_NAMEPLATE: watt-hours a pulse, in operation and for a test; the display's scalar; one element; 100 A, tested at 10 A.
/// The standard's codes of frequency, base, accuracy class and voltages are not known for sure: zero.
pub static ST2: [Part; 1] = [Part::Rom(b".15625.15625\x01     \x08\0\x00100   10    ")];

/// ED_MODE_STATUS: mode, the standard's status, our flags.
pub static ST3: [Part; 2] = [
    Part::Live {
        id: live::STATUS,
        size: 4,
    },
    snapshot_part(snapshot::offset::FLAGS, MFG_STATUS_BYTES as u16),
];

/// PENDING_STATUS: whether the calendar is pending, which is in the seventh byte of the set; when the last one was activated, and
/// what will activate this one. (Its entry says that it is pending even when the number of entries is zero.)
pub static ST4: [Part; 7] = [
    Part::Rom(&[0; 54 / 8]),
    pending(0, 1),
    Part::Rom(&[0; TABLE_BYTES - 54 / 8 - 1]),
    pending(2, 5),
    pending(1, 1),
    pending(8, EVENT_SIZE as u16),
    Part::Rom(&[54, 1 << (12 - 8)]),
];

/// Bytes of the [pending calendar](crate::pending).
const fn pending(byte: u16, size: u16) -> Part {
    Part::Live {
        id: pending::address(byte),
        size,
    }
}

/// DEVICE_IDENT: what was written, or else the serial number, padded with spaces.
pub static ST5: [Part; 1] = [Part::Live {
    id: live::IDENTIFICATION,
    size: IDENTIFICATION_SIZE as u16,
}];

/// UTIL_INFO: the meter keeps of it what ST5 says, the device's identification. The rest, from the owner's name to the tariff, is
/// blank: the head-end knows it, and FRAM has no room for it. Versions and revisions of the two programs that set the meter up
/// are zero.
pub static ST6: [Part; 6] = [
    blank(4 * IDENTIFICATION_SIZE as u16),
    Part::Live {
        id: live::IDENTIFICATION,
        size: 3 * IDENTIFICATION_SIZE as u16 + 3 * 10 + 8 + 4,
    },
    NO_VERSION,
    blank(4),
    NO_VERSION,
    blank(10 + 30),
];

const NO_VERSION: Part = Part::Rom(&[0, 0]);

const fn blank(size: u16) -> Part {
    Part::Live {
        id: live::BLANK,
        size,
    }
}

/// PROC_INITIATE: as long as its parameters, and only written.
pub static ST7: [Part; 0] = [];

/// PROC_RESPONSE: at most this long.
pub static ST8: [Part; 1] = [Part::Live {
    id: live::ANSWER,
    size: (RESPONSE_HEAD + RESPONSE) as u16,
}];
