//! What a utility sets and the meter keeps: its identification (ST5) and the passwords (ST42). A [stored record](crate::store).
//!
//! | bytes of the content | what |
//! |---|---|
//! | 0 … 19 | IDENTIFICATION |
//! | 20 … 82 | three entries of 20 bytes of password and one of ACCESS_PERMISSIONS |
//!
//! An identification that begins with zero, and an entry that is all zero, was never written; then what the firmware says
//! applies. So it does when both copies are lost, which ST3 tells.

use crate::store::{self, Board, CONTENT, Place};

/// Bytes of the identification, which comes first.
pub const IDENTIFICATION_SIZE: usize = 20;
/// Bytes of a password entry.
pub const PASSWORD_ENTRY: usize = 21;
/// Number of passwords.
pub const PASSWORDS: usize = 3;
/// Bytes of all settings.
pub const SIZE: usize = IDENTIFICATION_SIZE + PASSWORDS * PASSWORD_ENTRY;

/// Where they begin in a copy.
const PLACE: usize = CONTENT as usize;

const _: () = assert!(PLACE + SIZE <= store::SIZE as usize);

/// The identification; it begins with zero when there is none.
pub fn identification<B: Board>(board: &B, place: Place) -> &[u8] {
    &board.page(place)[PLACE..PLACE + IDENTIFICATION_SIZE]
}

/// The password entries.
pub fn passwords<B: Board>(board: &B, place: Place) -> &[[u8; PASSWORD_ENTRY]] {
    let all = &board.page(place)[PLACE + IDENTIFICATION_SIZE..PLACE + SIZE];
    all.as_chunks().0
}

/// Writes `data` at byte `at` of the settings, both inside, and returns the copy that then counts; `from` is the one that
/// counts now. Without one all the rest becomes zero.
#[inline(never)]
pub fn write<B: Board>(board: &mut B, from: Place, at: u16, data: &[u8]) -> Place {
    // Data behind the copy's end: nothing of it is taken, but the count goes up.
    store::transfer(board, from, store::SIZE, &[[0; 2]]);
    let to = from.other();
    for (place, byte) in (CONTENT + at..).zip(data) {
        board.write_byte(to, place, *byte as u16);
    }
    store::seal(board, to, store::VERSION);
    to
}
