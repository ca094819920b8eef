//! The measurement snapshot, kept as table MT0 shows it.
//!
//! Kept so because every reader of it is a table: MT0 whole, ST23 and ST28 in parts. Layout: [`c12::snapshot`].

use c12::snapshot::{NOT_AVAILABLE, SIZE, offset};

/// One consistent instant, in 16-bit words: the compiler would take wider numbers to bytes shift by shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot([u16; SIZE / 2]);

impl Snapshot {
    /// All zero: what a static begins with; call [`clear`](Self::clear) before use.
    pub const ZERO: Self = Self([0; SIZE / 2]);

    /// Nothing measured yet: quantities not available, energies zero.
    pub fn clear(&mut self) {
        for offset in (offset::VRMS_MV..offset::IMPORT).step_by(4) {
            self.put_quantity(offset, NOT_AVAILABLE);
        }
        for offset in (offset::P_UW + 4..SIZE).step_by(4) {
            self.put_quantity(offset, NOT_AVAILABLE);
        }
        // The lower half of a wide quantity that is not available is 0.
        self.put_quantity(offset::Q_UVAR, 0);
    }

    /// Copies the table's bytes from `offset` on to `out`, as far as there are any.
    pub fn copy(&self, offset: usize, out: &mut [u8]) {
        for (at, byte) in (offset..).zip(out) {
            let Some(word) = self.0.get(at / 2) else {
                return;
            };
            *byte = if at & 1 == 0 {
                (*word & 0xFF) as u8
            } else {
                (*word >> 8) as u8
            };
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
        let half = |at: usize| self.0.get(at / 2).copied().unwrap_or(0) as u32;
        half(offset) | half(offset + 2) << 16
    }

    #[inline(never)]
    fn put_half(&mut self, offset: usize, value: u16) {
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
