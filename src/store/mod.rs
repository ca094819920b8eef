//! Stored records: two copies of each in FRAM, of which the newest whole one counts.
//!
//! | bytes of a copy | what |
//! |---|---|
//! | 0, 1 | version of the layout: 1; 0 = being written, or empty on purpose |
//! | 2, 3 | count, one higher with every write |
//! | 4 … 163 | what the record is for: [`crate::calibration_store`], [`kept`] |
//! | 164, 165 | CRC-16/X-25 of bytes 2 … 163, least significant byte first |
//!
//! Every record has the same size, so that one code serves all; a record's two copies are 256 bytes apart. Numbers are
//! little-endian. A copy is whole when its version is 1 and its CRC is right. Of two whole ones the one with the higher
//! count is used.
//!
//! A write, and what counts when the supply fails after each step (A is the copy in use, B the other one):
//!
//! | step | counts |
//! |---|---|
//! | version of B to 0 | A, old |
//! | the rest of B from A, its count one higher, what is written, its CRC | A, old |
//! | version of B to 1, one word and therefore at once | B, new |
//!
//! The next write begins from B and goes to A. A word survives the supply's failure whole or not at all.
//!
//! New fields go where a record has not been used yet: that is zero, so an older one needs no conversion. (The registers are full; another
//! layout of theirs would need a version of its own.)

pub mod kept;
mod memory_board;

pub use kept::Kept;
pub use memory_board::MemoryBoard;

use c12::calibration::{self, offset};
use c12::crc;
use metrology::Calibration;
use metrology::calibration::LAWS;

/// Bytes of a copy, without its CRC.
pub const SIZE: u16 = calibration::SIZE as u16;
/// Version of a copy that may count.
pub const VERSION: u16 = calibration::VERSION;
/// Byte of a copy where the count stands.
pub const COUNT: u16 = offset::COUNT as u16;
/// Byte of a copy where what the record is for begins.
pub const CONTENT: u16 = COUNT + 2;
/// Bytes from the beginning of a page to the beginning of the next one; each holds one copy.
pub const PAGE: usize = 256;

const _: () = assert!(calibration::offset::VERSION == 0 && COUNT == 2);

/// Where a copy begins: bytes from the store's beginning, wrapping, so that a static of it may begin as zero. The lowest
/// bit is set when it stands for a record without a whole copy.
///
/// Whatever its value, it is one of the pages of the records below, which is what makes writing there safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u16);

/// Address of the store.
const STORE: u16 = 0x8000;
/// Address of information FRAM.
const INFORMATION: u16 = 0x1800;
/// In a [`Place`]: its record has no whole copy.
const NOT_WHOLE: u16 = 1;

impl Place {
    /// The registers, [`Kept`], at the beginning of the store.
    pub const REGISTERS: Self = Self(0);
    /// The calibration, MT1, in information FRAM.
    pub const CALIBRATION: Self = Self(INFORMATION.wrapping_sub(STORE));

    /// What a utility sets, [`crate::settings`].
    pub const SETTINGS: Self = Self(0x200);
    /// The event log, [`crate::events`]: no record, but two pages of entries.
    pub const EVENTS: Self = Self(0x400);

    /// A block of the [load profile](crate::profile), 0 … 25.
    #[must_use]
    pub const fn profile(block: u16) -> Self {
        Self((block << 8).wrapping_add(0x600))
    }

    /// The page of the store, or of information FRAM, that this address belongs to.
    #[must_use]
    pub const fn holding(address: u16) -> Self {
        Self((address & 0xFF00).wrapping_sub(STORE))
    }

    /// The same record's other copy.
    #[must_use]
    pub const fn other(self) -> Self {
        Self((self.0 | NOT_WHOLE) ^ (PAGE as u16 | NOT_WHOLE))
    }

    /// The same page, for a record without a whole copy: what is written next begins as zero.
    #[must_use]
    pub const fn without_content(self) -> Self {
        Self(self.0 | NOT_WHOLE)
    }

    /// Whether the copy is one that counts.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 & NOT_WHOLE == 0
    }

    /// Address of the page, a multiple of 256.
    #[must_use]
    pub const fn address(self) -> u16 {
        (self.0 | NOT_WHOLE).wrapping_add(STORE - NOT_WHOLE)
    }
}

/// The board, as far as stored records, sessions and the service switch need it.
pub trait Board {
    /// The factory jumper is fitted.
    fn is_jumper_set(&self) -> bool;

    /// The customer holds the service switch's button down.
    fn is_button_pressed(&self) -> bool;

    /// Drives the service switch's coils from now on: bit 0 closes it, bit 1 opens it. Never both.
    fn drive_coils(&mut self, coils: u16);

    /// Forgets the sags, swells and interruptions counted so far, and the last of them.
    fn reset_voltage_events(&mut self);

    /// Restarts the meter; what is saved outlives that. (Does not return on a meter's own board.)
    fn restart(&mut self);

    /// The page as it is now.
    fn page(&self, place: Place) -> &[u8; PAGE];

    /// The word at the even byte `at` of a page, 0 … 254.
    fn word(&self, place: Place, at: u16) -> u16 {
        let (words, _) = self.page(place).as_chunks();
        words
            .get(at as usize / 2)
            .map_or(0, |word| u16::from_le_bytes(*word))
    }

    /// Writes a word at the even byte `at` of a page, 0 … 254; when this returns it survives a supply failure.
    fn write_word(&mut self, place: Place, at: u16, value: u16);

    /// The same for a byte, the lower one of `value`, at the lower byte of `at`.
    fn write_byte(&mut self, place: Place, at: u16, value: u16);

    /// Puts the channels' constants in this copy of the calibration to `calibration`.
    fn load(&self, place: Place, calibration: &mut Calibration) {
        let (table, _) = self.page(place).split_at(calibration::SIZE);
        let words = |from: usize| table.get(from..).unwrap_or(&[]).as_chunks().0;
        let (records, laws) = calibration.0.split_at_mut(LAWS);
        for (words, place) in [
            (words(offset::CHANNELS), records),
            (words(offset::TEMPERATURE), laws),
        ] {
            for (place, word) in place.iter_mut().zip(words) {
                *place = i32::from_le_bytes(*word);
            }
        }
    }

    /// Puts what this copy of the registers holds to `kept`.
    fn recall(&self, place: Place, kept: &mut Kept) {
        *kept = Kept::from_words(core::array::from_fn(|k| {
            self.word(place, CONTENT + 2 * k as u16)
        }));
    }

    /// Saves the registers; `from` is the copy that counts now. Returns the one that counts afterwards.
    fn keep(&mut self, from: Place, kept: &Kept) -> Place
    where
        Self: Sized,
    {
        save_all(self, from, &kept.to_words())
    }
}

/// CRC of a copy.
fn checksum<B: Board>(board: &B, place: Place) -> u16 {
    crc::checksum(&board.page(place)[COUNT as usize..SIZE as usize])
}

/// 0 when a copy is whole.
#[inline(never)]
fn damage<B: Board>(board: &B, place: Place) -> u16 {
    (board.word(place, 0) ^ VERSION) | (board.word(place, SIZE) ^ checksum(board, place))
}

/// The copy that counts, of the record whose first copy is `first`; without a whole one, a place that
/// [is not](Place::is_whole).
#[inline(never)]
pub fn newest<B: Board>(board: &B, first: Place) -> Place {
    let mut found = Place(first.0 | NOT_WHOLE);
    let mut copy = first;
    loop {
        if damage(board, copy) == 0 {
            let behind = board
                .word(found, COUNT)
                .wrapping_sub(board.word(copy, COUNT));
            if !found.is_whole() || (behind as i16) <= 0 {
                found = copy;
            }
        }
        copy = copy.other();
        if copy == first {
            return found;
        }
    }
}

/// At power-up: the copy that counts, as [`newest`]. The other one is made the same as that. Adds to `lost` the number of
/// damaged copies that were whole once: blank memory is no damage, neither is a copy whose writing the supply's failure has
/// ended.
#[inline(never)]
pub fn recover<B: Board>(board: &mut B, first: Place, lost: &mut u16) -> Place {
    let found = newest(board, first);
    *lost += is_lost(board, first) + is_lost(board, first.other());
    if found.is_whole() {
        duplicate(board, found);
    }
    found
}

/// 1 when a copy is damaged and was whole once: its version is neither 0 nor 0xFFFF.
#[inline(never)]
fn is_lost<B: Board>(board: &B, place: Place) -> u16 {
    if damage(board, place) == 0 {
        return 0;
    }
    (board.word(place, 0).wrapping_add(1) > 1) as u16
}

/// Writes everything of the other copy but its version, which is 0 from then on: what copy `from` holds, and zero where that
/// is not whole. Returns the other copy.
#[inline(never)]
fn transfer<B: Board>(board: &mut B, from: Place) -> Place {
    let to = from.other();
    board.write_word(to, 0, 0);
    let mut at = SIZE;
    while at != 0 {
        let mut word = 0;
        if from.is_whole() {
            word = board.word(from, at);
        }
        board.write_word(to, at, word);
        at -= 2;
    }
    to
}

/// Writes everything of the other copy but its version and CRC: what copy `from` holds, its count one higher, and `data` from
/// byte `at` on, but for what of that would be version or count. Returns the other copy; [`seal`] makes it count.
#[inline(never)]
pub fn draft<B: Board>(board: &mut B, from: Place, at: u16, data: &[u8]) -> Place {
    let to = transfer(board, from);
    board.write_word(to, COUNT, board.word(to, COUNT).wrapping_add(1));
    for (at, byte) in (at..).zip(data) {
        if at >= CONTENT {
            board.write_byte(to, at, *byte as u16);
        }
    }
    to
}

/// Makes what [`draft`] wrote to `place` a copy.
#[inline(never)]
pub fn seal<B: Board>(board: &mut B, place: Place, version: u16) {
    board.write_word(place, SIZE, checksum(board, place));
    board.write_word(place, 0, version);
}

/// Makes the other copy the same as copy `from`.
#[inline(never)]
pub fn duplicate<B: Board>(board: &mut B, from: Place) {
    let to = transfer(board, from);
    board.write_word(to, 0, board.word(from, 0));
}

/// Writes `data` at byte `at` of a copy, inside its content; `from` is the copy that counts now. Returns the one that counts
/// afterwards.
#[inline(never)]
pub fn save<B: Board>(board: &mut B, from: Place, at: u16, data: &[u8]) -> Place {
    let to = draft(board, from, at, data);
    seal(board, to, VERSION);
    to
}

/// The same for a whole content: nothing of it has to be taken from the copy that counts now, which saves time when the supply is
/// going.
#[inline(never)]
pub fn save_all<B: Board>(board: &mut B, from: Place, content: &[u16; kept::WORDS]) -> Place {
    const _: () = assert!(CONTENT + 2 * kept::WORDS as u16 == SIZE);
    let to = from.other();
    board.write_word(to, 0, 0);
    let mut count = 1;
    if from.is_whole() {
        count = board.word(from, COUNT).wrapping_add(1);
    }
    board.write_word(to, COUNT, count);
    for (at, word) in (CONTENT / 2..).zip(content) {
        board.write_word(to, 2 * at, *word);
    }
    seal(board, to, VERSION);
    to
}

#[cfg(test)]
mod tests;
