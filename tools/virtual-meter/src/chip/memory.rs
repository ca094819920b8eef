//! The memories behind the address bus, and which bytes of RAM have been written.
//!
//! One flat array of words serves FRAM, information FRAM, descriptors and RAM, so that an address needs no translation;
//! the parts that hold nothing stay unused. RAM remembers for each bit whether anything was ever written there: what
//! silicon shows after power-up is random, and firmware that reads it works by luck.

use super::tlv;

/// First address and length of RAM.
pub const RAM: (u16, u16) = (0x2000, 0x1000);
/// First address and length of the information FRAM.
pub const INFO: (u16, u16) = (0x1800, 0x200);
/// First address and length of the device descriptors.
pub const TLV: (u16, u16) = (0x1A00, 0x200);
/// First address of the main FRAM, which ends with the address space.
pub const FRAM_START: u16 = 0x8000;
/// First address and length of the small RAM below the peripherals.
pub const TINY_RAM: (u16, u16) = (0x0006, 0x1A);
/// First address and length of the 32 bytes that survive LPM3.5.
pub const BAKMEM: (u16, u16) = (0x0660, 0x20);

/// First address and length of the peripherals' registers.
pub const PERIPHERALS: (u16, u16) = (0x0100, 0x0F00);

const WORDS: usize = 0x8000;

/// Is `address` in the range `(start, length)`?
#[inline(always)]
pub fn within(address: u16, range: (u16, u16)) -> bool {
    address.wrapping_sub(range.0) < range.1
}

/// All memory cells of the chip.
#[derive(Debug)]
pub struct Memory {
    words: Box<[u16; WORDS]>,
    /// Bits of RAM (and the two small ones below it) that have been written, from address 0 to 0x2FFF.
    known: Box<[u16; 0x1800]>,
    /// Words that somebody keeps as code and wants to know about when they change.
    code: Box<[bool; WORDS]>,
    /// How many times such a word has been written.
    code_changes: u32,
}

impl Default for Memory {
    fn default() -> Self {
        let words: Box<[u16]> = vec![0xFFFF; WORDS].into_boxed_slice();
        let known: Box<[u16]> = vec![0; 0x1800].into_boxed_slice();
        let code: Box<[bool]> = vec![false; WORDS].into_boxed_slice();
        let mut memory = Self {
            words: words.try_into().expect("as long as declared"),
            known: known.try_into().expect("as long as declared"),
            code: code.try_into().expect("as long as declared"),
            code_changes: 0,
        };
        for (index, word) in tlv::words().into_iter().enumerate() {
            memory.words[usize::from(TLV.0) / 2 + index] = word;
        }
        memory.lose_ram();
        memory
    }
}

impl Memory {
    /// The word at the even `address`, known or not.
    #[inline(always)]
    pub fn word(&self, address: u16) -> u16 {
        self.words[usize::from(address >> 1)]
    }

    /// The byte at `address`, known or not.
    #[inline(always)]
    pub fn byte(&self, address: u16) -> u8 {
        (self.words[usize::from(address >> 1)] >> (8 * (address & 1))) as u8
    }

    /// Replaces the word at the even `address`; true when it is watched as code.
    #[inline(always)]
    pub fn set_word(&mut self, address: u16, value: u16) -> bool {
        self.words[usize::from(address >> 1)] = value;
        self.notice_code(address)
    }

    #[inline(always)]
    fn notice_code(&mut self, address: u16) -> bool {
        let watched = self.code[usize::from(address >> 1)];
        if watched {
            self.code_changes += 1;
        }
        watched
    }

    /// The word at the even `address` as an instruction, if it stands in FRAM, or in RAM that has been written.
    pub fn code(&self, address: u16) -> Option<u16> {
        let known = address >= FRAM_START || (within(address, RAM) && self.known_word(address));
        known.then(|| self.word(address))
    }

    /// From now on a change of the word at `address` counts in [`Self::code_changes`].
    pub fn watch_code(&mut self, address: u16) {
        self.code[usize::from(address >> 1)] = true;
    }

    /// Nothing is watched any more.
    pub fn forget_code(&mut self) {
        self.code.fill(false);
    }

    /// How many writes there have been to words that were watched.
    #[inline(always)]
    pub fn code_changes(&self) -> u32 {
        self.code_changes
    }

    /// Replaces the byte at `address`; true when it is watched as code.
    #[inline(always)]
    pub fn set_byte(&mut self, address: u16, value: u8) -> bool {
        let shift = 8 * (address & 1);
        let word = &mut self.words[usize::from(address >> 1)];
        *word = (*word & !(0xFF << shift)) | (u16::from(value) << shift);
        self.notice_code(address)
    }

    /// Has every bit of the RAM word at the even `address` been written?
    #[inline(always)]
    pub fn known_word(&self, address: u16) -> bool {
        self.known[usize::from(address >> 1) % 0x1800] == 0xFFFF
    }

    /// Has the RAM byte at `address` been written?
    #[inline(always)]
    pub fn known_byte(&self, address: u16) -> bool {
        let mask = 0xFF << (8 * (address & 1));
        self.known[usize::from(address >> 1) % 0x1800] & mask == mask
    }

    /// Writes a word of RAM; true when it is watched as code.
    #[inline(always)]
    pub fn write_ram_word(&mut self, address: u16, value: u16) -> bool {
        self.known[usize::from(address >> 1) % 0x1800] = 0xFFFF;
        self.set_word(address, value)
    }

    /// Writes a byte of RAM; true when it is watched as code.
    #[inline(always)]
    pub fn write_ram_byte(&mut self, address: u16, value: u8) -> bool {
        self.known[usize::from(address >> 1) % 0x1800] |= 0xFF << (8 * (address & 1));
        self.set_byte(address, value)
    }

    /// The `bytes` (bit 0 the one at `address`, bit 1 the next) count as never written again, as their copies' origin.
    pub fn unwrite(&mut self, address: u16, bytes: u8) {
        for offset in 0..2 {
            if bytes >> offset & 1 == 1 {
                let at = address.wrapping_add(offset);
                self.known[usize::from(at >> 1) % 0x1800] &= !(0xFF << (8 * (at & 1)));
                self.notice_code(at);
            }
        }
    }

    /// Power was off: RAM holds a pattern that is neither zero nor what it was, and nothing of it counts as written.
    pub fn lose_ram(&mut self) {
        self.known.fill(0);
        for range in [RAM, TINY_RAM, BAKMEM] {
            for address in (range.0..range.0 + range.1).step_by(2) {
                self.set_word(address, 0xA5C3 ^ address.wrapping_mul(0x9E37));
            }
        }
    }

    /// A copy of the bytes in the range `(start, length)`.
    pub fn copy_out(&self, start: u16, length: u32) -> Vec<u8> {
        (0..length)
            .map(|index| self.byte(start.wrapping_add(index as u16)))
            .collect()
    }

    /// Replaces the bytes from `start` on, whatever protects them.
    pub fn copy_in(&mut self, start: u16, bytes: &[u8]) {
        for (index, &byte) in bytes.iter().enumerate() {
            let address = start.wrapping_add(index as u16);
            self.set_byte(address, byte);
            if within(address, RAM) {
                self.write_ram_byte(address, byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_words_are_little_endian() {
        let mut memory = Memory::default();
        memory.write_ram_word(0x2000, 0x1234);
        assert_eq!((memory.byte(0x2000), memory.byte(0x2001)), (0x34, 0x12));
        memory.write_ram_byte(0x2001, 0xAB);
        assert_eq!(memory.word(0x2000), 0xAB34);
    }

    #[test]
    fn ram_knows_what_was_written() {
        let mut memory = Memory::default();
        assert!(!memory.known_word(0x2FFE));
        memory.write_ram_byte(0x2FFE, 1);
        assert!(
            memory.known_byte(0x2FFE) && !memory.known_byte(0x2FFF) && !memory.known_word(0x2FFE)
        );
        memory.write_ram_byte(0x2FFF, 1);
        assert!(memory.known_word(0x2FFE));
        memory.lose_ram();
        assert!(!memory.known_byte(0x2FFE));
    }
}
