//! No-load: power below the starting threshold is neither counted nor shown.

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

    /// Takes the upper word of a window's excess over the threshold: three in a row below it stop the counting, one that is not
    /// starts it. Returns whether energy counts from then on, 0 if it does not.
    #[inline(never)]
    pub(crate) fn counts_with(&mut self, excess: i16) -> u16 {
        if excess >= 0 {
            self.below = 0;
        } else if self.below < WINDOWS {
            self.below += 1;
        }
        WINDOWS - self.below
    }
}
