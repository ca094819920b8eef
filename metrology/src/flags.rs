//! What was remarkable in a window: one bit each.

/// A set of remarks about one window. The bits are those that table MT0 shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// No remarks.
    pub const NONE: Self = Self(0);
    /// The window is shorter than usual because synchronisation was found in it.
    pub const SHORT: Self = Self(1 << 0);
    /// No usable zero crossings: the window was cut by time, its frequency is not valid.
    pub const UNSYNCHRONISED: Self = Self(1 << 1);
    /// The voltage channel reached an end of its range; the next two bits are the currents', in channel order.
    pub const VOLTAGE_CLIPPED: Self = Self(1 << 2);
    /// The line current channel reached an end of its range.
    pub const LINE_CLIPPED: Self = Self(1 << 3);
    /// The neutral current channel reached an end of its range.
    pub const NEUTRAL_CLIPPED: Self = Self(1 << 4);
    /// Converter frames were lost; their samples were estimated.
    pub const SAMPLES_LOST: Self = Self(1 << 5);
    /// At least one zero crossing was missing where it was expected: voltage lost or distorted.
    pub const CROSSING_MISSED: Self = Self(1 << 6);
    /// The fundamental was measured with the neutral current.
    pub const NEUTRAL_METERED: Self = Self(1 << 7);
    /// A channel gave a constant value: an open or dead input.
    pub const CHANNEL_STUCK: Self = Self(1 << 8);
    /// Active power below the starting threshold: not counted.
    pub const NO_LOAD: Self = Self(1 << 9);
    /// Line and neutral current differ: one of them goes another way. (Bit 10 of the table is not the arithmetic's.)
    pub const IMBALANCE: Self = Self(1 << 11);

    /// With any of these the window's mean is not the voltage's DC part.
    pub(crate) const NO_MEAN: Self =
        Self(Self::UNSYNCHRONISED.0 | Self::CROSSING_MISSED.0 | Self::SAMPLES_LOST.0);

    /// Whether any of `other` are set.
    #[inline]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of `other` are set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds all of `other`.
    #[inline]
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
