//! What a utility sets and the meter keeps: its identification (ST5) and the passwords (ST42).
//!
//! | bytes | what |
//! |---|---|
//! | 0 … 19 | IDENTIFICATION |
//! | 20 … 82 | three entries of 20 bytes of password and one of ACCESS_PERMISSIONS |
//!
//! An entry all of whose bytes are [`UNSET`] was never written; then what the firmware says applies.

use crate::store::{Board, Place};
use c12::calibration;

/// Byte of a setting that was never written.
pub const UNSET: u16 = 0xFF;
/// Bytes of the identification, which comes first.
pub const IDENTIFICATION_SIZE: usize = 20;
/// Bytes of a password entry.
pub const PASSWORD_ENTRY: usize = 21;
/// Number of passwords.
pub const PASSWORDS: usize = 3;
/// Bytes of all settings.
pub const SIZE: usize = IDENTIFICATION_SIZE + PASSWORDS * PASSWORD_ENTRY;

/// Where they stand in information FRAM: behind the first copy of the calibration and its CRC.
const PLACE: usize = calibration::SIZE + 4;

const _: () = assert!(PLACE + SIZE <= 256);

/// The identification; its first byte is [`UNSET`] when there is none.
pub fn identification<B: Board>(board: &B) -> &[u8; IDENTIFICATION_SIZE] {
    let (_, rest) = board.page(Place::CALIBRATION).split_at(PLACE);
    rest.first_chunk()
        .unwrap_or(&[UNSET as u8; IDENTIFICATION_SIZE])
}

/// The password entries.
pub fn passwords<B: Board>(board: &B) -> &[[u8; PASSWORD_ENTRY]] {
    let all = &board.page(Place::CALIBRATION)[PLACE + IDENTIFICATION_SIZE..PLACE + SIZE];
    all.as_chunks().0
}

/// Writes `data` at byte `at` of the settings; both are inside.
pub fn write<B: Board>(board: &mut B, at: u16, data: &[u8]) {
    for (place, byte) in (PLACE as u16 + at..).zip(data) {
        let byte = *byte as u16;
        let word = board.word(Place::CALIBRATION, place & !1);
        let word = if place & 1 == 0 {
            word & 0xFF00 | byte
        } else {
            word & 0xFF | byte << 8
        };
        board.write_word(Place::CALIBRATION, place & !1, word);
    }
}
