//! Decade 4: who may do what. ST40 and ST41 (the same bytes), ST42 to ST45.
//!
//! | group | what it may do beyond reading | password, until ST42 is written |
//! |---|---|---|
//! | 0 | what a reading on site needs: procedures 5, 6, 7, 9, 10 | twenty bytes 00 |
//! | 1 | write settings, run the other procedures | twenty bytes '2' |
//! | 2 | write passwords, and with the factory jumper the calibration; clear all data, and enter the factory mode | twenty bytes '1' |
//!
//! Everybody may read what is not secret, and write ST7: whether a procedure runs is decided by its own rule.

use super::live;
use crate::settings::{IDENTIFICATION_SIZE, PASSWORD_ENTRY, PASSWORDS};
use c12::access::{ANY_READ, ANY_WRITE, PROCEDURE, RULE_SIZE, Rule};
use c12::calibration;
use c12::procedure::number;
use c12::table::Part;

/// Reads out: runs what a reading on site needs.
const OPERATOR: u16 = 1 << 0;
/// Writes settings, runs every other procedure.
const UTILITY: u16 = 1 << 1;
/// Writes passwords and calibration, and clears.
const FACTORY: u16 = 1 << 2;

/// For each password until it is written: twenty times this byte, and the groups that it opens.
pub static PRESET: [[u8; 2]; PASSWORDS] = [
    [0, OPERATOR as u8],
    [b'2', (OPERATOR | UTILITY) as u8],
    [b'1', (OPERATOR | UTILITY | FACTORY) as u8],
];

/// ST44's entry for a procedure.
const fn procedure(number: u16, groups: u16) -> [u8; RULE_SIZE] {
    Rule {
        id: PROCEDURE | number,
        read: 0,
        write: groups,
    }
    .to_bytes()
}

/// ST44's entries.
pub static EXCEPTIONS: [[u8; RULE_SIZE]; 10] = [
    Rule {
        id: ANY_WRITE | 7,
        read: 0,
        write: 0,
    }
    .to_bytes(),
    Rule {
        id: 42,
        read: 0,
        write: FACTORY,
    }
    .to_bytes(),
    Rule {
        id: ANY_READ | calibration::TABLE,
        read: 0,
        write: FACTORY,
    }
    .to_bytes(),
    procedure(number::COLD_START, FACTORY),
    procedure(number::CLEAR_DATA, FACTORY),
    procedure(number::UPDATE_LAST_READ, OPERATOR),
    procedure(number::CHANGE_MODE, OPERATOR),
    procedure(number::CLEAR_STANDARD_STATUS, OPERATOR),
    procedure(number::REMOTE_RESET, OPERATOR),
    procedure(number::SET_DATE_TIME, OPERATOR),
];

/// ST43's rules: for tables, for procedures.
pub static DEFAULTS: [[u8; RULE_SIZE]; 2] = [
    Rule {
        id: ANY_READ,
        read: 0,
        write: UTILITY,
    }
    .to_bytes(),
    Rule {
        id: PROCEDURE,
        read: 0,
        write: UTILITY,
    }
    .to_bytes(),
];

/// ACT_SECURITY_LIM: three passwords of 20 bytes, no keys.
pub static ST41: [Part; 1] = [Part::Rom(&[
    PASSWORDS as u8,
    PASSWORD_ENTRY as u8 - 1,
    0,
    0,
    EXCEPTIONS.len() as u8,
    0,
])];

/// SECURITY: only written.
pub static ST42: [Part; 1] = [Part::Live {
    id: live::SETTINGS + IDENTIFICATION_SIZE as u16,
    size: (PASSWORDS * PASSWORD_ENTRY) as u16,
}];

/// DEFAULT_ACCESS_CONTROL.
pub static ST43: [Part; 1] = [Part::Rom(DEFAULTS.as_flattened())];

/// ACCESS_CONTROL.
pub static ST44: [Part; 1] = [Part::Rom(EXCEPTIONS.as_flattened())];

/// KEY: there are none.
pub static ST45: [Part; 0] = [];
