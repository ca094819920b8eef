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
    /// Counting until proven otherwise.
    pub const COUNTING: Self = Self { below: 0 };

    /// Whether energy counts at present.
    pub fn counts(&self) -> bool {
        self.below < WINDOWS
    }

    /// Looks at the energy of a window, code² · sample, and clears it if it must not count. `threshold` is a power in
    /// code² (1.28 nW, below 2³¹), `length` the window's in Q16 samples.
    ///
    /// Three windows in a row below stop the counting, one above starts it.
    #[inline(never)]
    pub fn filter<K: Kernel>(&mut self, kernel: &K, energy: &mut i64, threshold: u32, length: u32) {
        let mut limit = 0;
        kernel.add_product(&mut limit, threshold as i32, length as i32);
        kernel.scale(&mut limit, 1 << 16, 0);
        let mut magnitude = *energy;
        if magnitude < 0 {
            kernel.negate(&mut magnitude);
        }
        kernel.sub(&mut magnitude, &limit);
        if magnitude >= 0 {
            self.below = 0;
        } else if self.below < WINDOWS {
            self.below += 1;
        }
        if !self.counts() {
            *energy = 0;
        }
    }
}
