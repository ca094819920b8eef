//! The measurement snapshot, kept as the tables MT0, MT3 and MT2 show it.
//!
//! Kept so because every reader of it is a table: MT0 whole, ST23 and ST28 in parts. Layout: [`c12::snapshot`].

use c12::snapshot::{NOT_AVAILABLE, SIZE, flag, offset};
use c12::{diagnostics, power_quality};

/// Where table MT3 follows MT0.
pub const POWER_QUALITY: usize = SIZE;
/// Where table MT2 follows that.
pub const DIAGNOSTICS: usize = SIZE + power_quality::SIZE;

/// 16-bit words of all three.
const WORDS: usize = (DIAGNOSTICS + diagnostics::SIZE) / 2;

/// One consistent instant, MT0 and behind it MT3 and MT2, in 16-bit words: the compiler would take wider numbers to bytes shift by shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot([u16; WORDS]);

impl Snapshot {
    /// All zero: what a static begins with; call [`clear`](Self::clear) before use.
    pub const ZERO: Self = Self([0; WORDS]);

    /// Nothing measured yet: all zero, marked.
    pub fn clear(&mut self) {
        self.put_word(offset::FLAGS, flag::SETTLING | flag::NO_ZERO_CROSSINGS);
        self.put_quantity(offset::F_UHZ, NOT_AVAILABLE);
    }

    /// Shows no energy.
    pub fn clear_energies(&mut self) {
        const FROM: usize = offset::IMPORT / 2;
        const END: usize = (offset::APPARENT + 8) / 2;
        self.0[FROM..END].fill(0);
    }

    /// The 16-bit words from `offset` on, `count` of them.
    pub fn halves(&self, offset: usize, count: usize) -> &[u16] {
        self.0.get(offset / 2..offset / 2 + count).unwrap_or(&[])
    }

    /// The tables' byte at `offset`.
    #[must_use]
    pub fn byte(&self, offset: u16) -> u16 {
        let word = self.half(offset as usize);
        if offset & 1 == 0 {
            word & 0xFF
        } else {
            word >> 8
        }
    }

    /// Copies the tables' bytes from `offset` on to `out`.
    pub fn copy(&self, offset: usize, out: &mut [u8]) {
        for (at, place) in (offset as u16..).zip(out) {
            *place = self.byte(at) as u8;
        }
    }

    /// Puts a 32-bit word at `offset`, one of [`c12::snapshot::offset`].
    #[inline(never)]
    pub fn put_word(&mut self, offset: usize, value: u32) {
        self.put_half(offset, value as u16);
        self.put_half(offset + 2, (value >> 16) as u16);
    }

    /// Puts a signed quantity at `offset`.
    #[inline(always)]
    pub fn put_quantity(&mut self, offset: usize, value: i32) {
        self.put_word(offset, value as u32);
    }

    /// Puts an energy in 2⁻³² Wh, or a wide quantity, at `offset`.
    #[inline(never)]
    pub fn put_wide(&mut self, offset: usize, value: &i64) {
        self.put_word(offset, *value as u32);
        self.put_word(offset + 4, (*value >> 32) as u32);
    }

    /// The 32-bit word at `offset`.
    #[must_use]
    pub fn word(&self, offset: usize) -> u32 {
        self.half(offset) as u32 | (self.half(offset + 2) as u32) << 16
    }

    /// The 16-bit word at `offset`.
    #[must_use]
    #[inline(never)]
    pub fn half(&self, offset: usize) -> u16 {
        self.0.get(offset / 2).copied().unwrap_or(0)
    }

    /// Puts a 16-bit word at `offset`.
    #[inline(never)]
    pub fn put_half(&mut self, offset: usize, value: u16) {
        if let Some(place) = self.0.get_mut(offset / 2) {
            *place = value;
        }
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        let mut snapshot = Self::ZERO;
        snapshot.clear();
        snapshot
    }
}
