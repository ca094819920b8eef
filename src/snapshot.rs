//! The measurement snapshot, kept as the bytes of table MT0.
//!
//! Kept as bytes because every reader of it is a table: MT0 whole, ST23 and ST28 in parts. Layout: [`c12::snapshot`].

use c12::snapshot::{NOT_AVAILABLE, SIZE, offset};

/// One consistent instant.
#[derive(Clone)]
pub struct Snapshot([u8; SIZE]);

impl Snapshot {
    /// Nothing measured yet: quantities not available, energies zero.
    #[must_use]
    pub const fn new() -> Self {
        let mut bytes = [0; SIZE];
        let missing = NOT_AVAILABLE.to_le_bytes();
        let mut at = offset::VRMS_MV;
        while at < SIZE {
            let is_energy = at >= offset::IMPORT && at < offset::P_UW;
            // Only the last byte of a wide quantity's lowest value is not 0.
            let is_low_half = at >= offset::P_UW && at < offset::P1_MW && at % 8 < 4;
            if !is_energy && !is_low_half {
                bytes[at] = missing[at % 4];
            }
            at += 1;
        }
        Self(bytes)
    }

    /// The table's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; SIZE] {
        &self.0
    }

    /// Puts a 32-bit word at `offset`, one of [`c12::snapshot::offset`].
    pub fn put_word(&mut self, offset: usize, value: u32) {
        self.put(offset, &value.to_le_bytes());
    }

    /// Puts a signed quantity at `offset`.
    pub fn put_quantity(&mut self, offset: usize, value: i32) {
        self.put(offset, &value.to_le_bytes());
    }

    /// Puts a signed 64-bit quantity at `offset`.
    pub fn put_wide(&mut self, offset: usize, value: &i64) {
        self.put(offset, &value.to_le_bytes());
    }

    /// Puts an energy in 2⁻³² Wh at `offset`.
    pub fn put_energy(&mut self, offset: usize, value: u64) {
        self.put(offset, &value.to_le_bytes());
    }

    /// The 32-bit word at `offset`.
    #[must_use]
    pub fn word(&self, offset: usize) -> u32 {
        match self
            .0
            .get(offset..)
            .and_then(|rest| rest.first_chunk::<4>())
        {
            Some(bytes) => u32::from_le_bytes(*bytes),
            None => 0,
        }
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        if let Some(place) = self.0.get_mut(offset..) {
            for (to, from) in place.iter_mut().zip(bytes) {
                *to = *from;
            }
        }
    }
}

impl Default for Snapshot {
    fn default() -> Self {
        Self::new()
    }
}
