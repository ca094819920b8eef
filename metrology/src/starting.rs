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

    /// Whether energy counts from a window on that is above the threshold or not: three in a row below stop the counting,
    /// one above starts it.
    pub fn counts_with(&mut self, is_above: bool) -> bool {
        if is_above {
            self.below = 0;
        } else if self.below < WINDOWS {
            self.below += 1;
        }
        self.counts()
    }
}
