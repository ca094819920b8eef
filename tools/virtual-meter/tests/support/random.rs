//! Random numbers from a seed, the same on every machine (SplitMix64, by Sebastiano Vigna, public domain).

/// A generator; equal seeds give equal numbers.
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u16) -> u16 {
        (self.bits() % u64::from(limit)) as u16
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u16) -> bool {
        self.below(times) == 0
    }

    /// A word: often one at the edge of something.
    pub fn word(&mut self) -> u16 {
        const EDGES: [u16; 16] = [
            0, 1, 2, 0x7F, 0x80, 0x81, 0xFF, 0x100, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFF7F, 0xFF80,
            0xFFFE, 0xFFFF,
        ];
        if self.once_in(3) {
            EDGES[usize::from(self.below(16))]
        } else {
            self.bits() as u16
        }
    }
}
