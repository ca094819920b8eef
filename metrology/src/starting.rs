//! No-load: power below the starting threshold is neither counted nor shown.

use crate::kernel::Kernel;

/// Windows below the threshold before a quantity stops counting.
const WINDOWS: u16 = 3;

/// Decides whether one kind of energy counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starting {
    below: u16,
}

impl Starting {
    /// Below the threshold until proven otherwise: what a meter should be after power-up without load.
    pub const STOPPED: Self = Self { below: WINDOWS };

    /// Whether energy counts at present.
    pub fn counts(&self) -> bool {
        self.below < WINDOWS
    }

    /// Looks at the energy of a window, code² · sample, and clears it if it must not count. `threshold` is a power in
    /// code²/256, `length` the window's in Q16 samples.
    ///
    /// Three windows in a row below stop the counting, one above starts it.
    pub fn filter<K: Kernel>(&mut self, kernel: &K, energy: &mut i64, threshold: u32, length: u32) {
        // code²/256 · 2²⁴ · length (Q16) / 2³² / 2⁸ · 2⁸: kept in 1/256 of the energy's unit, then compared.
        let mut limit = (threshold as i64) << 8;
        kernel.scale(&mut limit, length, 0);
        let mut magnitude = *energy;
        if magnitude < 0 {
            kernel.negate(&mut magnitude);
        }
        if magnitude >= limit {
            self.below = 0;
        } else if self.below < WINDOWS {
            self.below += 1;
        }
        if !self.counts() {
            *energy = 0;
        }
    }
}
