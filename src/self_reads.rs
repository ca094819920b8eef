//! Registers as they were: at the last demand reset (ST25), and at midnight (ST26).
//!
//! An entry is the time, as STIME_DATE, and ST23: the bytes of both tables. Entries stand behind the records' copies, in the
//! pages of registers and settings, two in each:
//!
//! | slots | what |
//! |---|---|
//! | 0 … 5 | self-reads, in a ring; at most five count, so that the one being written is none of them |
//! | 6, 7 | demand resets in turn; the number of resets tells the last one's |
//!
//! An entry counts when the registers are saved next: a supply failure before that leaves those that counted.

use crate::store::SIZE;
use crate::tables::registers::READING_SIZE;

/// Slots of ST26.
pub const SLOTS: u8 = 6;

/// Address of the first slot: behind the CRC of the first page, at an even place.
const FIRST: u16 = 0x8000 + SIZE + 4;
const _: () = assert!((SIZE + 4 + 2 * READING_SIZE) as usize <= crate::store::PAGE);

/// State of ST26's list, as its header shows it.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfReads {
    /// Entries that count.
    pub valid: u8,
    /// The newest one's place.
    pub element: u8,
    /// Its number, wrapping.
    pub number: u16,
    /// As many as count: nobody tells that he has read them.
    pub unread: u8,
    /// Makes whole words.
    pub zero: u8,
}

/// 16-bit words of [`SelfReads`].
pub const WORDS: usize = 3;

impl SelfReads {
    /// None yet.
    pub const ZERO: Self = Self {
        valid: 0,
        element: 0,
        number: 0,
        unread: 0,
        zero: 0,
    };

    /// In words, as the store holds it.
    #[must_use]
    pub fn to_words(&self) -> [u16; WORDS] {
        [
            u16::from_le_bytes([self.valid, self.element]),
            self.number,
            u16::from_le_bytes([self.unread, self.zero]),
        ]
    }

    /// Of the words that the store holds.
    #[must_use]
    pub fn from_words([first, number, last]: [u16; WORDS]) -> Self {
        let ([valid, element], [unread, zero]) = (first.to_le_bytes(), last.to_le_bytes());
        Self {
            valid,
            element,
            number,
            unread,
            zero,
        }
    }

    /// The slot of the next entry.
    pub fn next(&self) -> u16 {
        let next = self.element as u16 + 1;
        if next == SLOTS as u16 { 0 } else { next }
    }

    /// The entry in `slot` is complete.
    pub fn enter(&mut self, slot: u16) {
        self.element = slot as u8;
        self.number = self.number.wrapping_add(1);
        if self.valid < SLOTS - 1 {
            self.valid += 1;
            self.unread = self.valid;
        }
    }
}

/// Address of a slot, 0 … 7.
#[inline(never)]
pub const fn address(slot: u16) -> u16 {
    let mut address = FIRST + ((slot & 6) << 7);
    if slot & 1 != 0 {
        address += READING_SIZE;
    }
    address
}

/// The slot of the last demand reset, when there have been so many.
pub const fn reset_slot(resets: u16) -> u16 {
    6 | (resets & 1)
}
