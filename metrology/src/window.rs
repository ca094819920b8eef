//! What one window hands from the block task to the main loop, and how it is cut between samples.
//!
//! A window is five pieces; a piece is the whole cycles of about 0.2 s (12 at 60 Hz, 10 at 50 Hz). Windows end at a
//! rising zero crossing, which lies between two samples: sample *k* before it and *k* + 1 behind it get weights on either
//! side so that the sum is the trapezoid rule with linearly interpolated ends. What the old window does not get, the new
//! one does: nothing is lost or counted twice, whatever the weights are.

use crate::block::{BLOCK, CENTRE, CHANNELS};
use crate::flags::Flags;
use crate::kernel::Kernel;
use crate::wide::half;
use crate::zero_cross::Crossing;

/// Pieces in a window.
pub const PIECES: u16 = 5;

/// Sums over a stretch of samples, in one array so that they can be walked: Σ of codes by channel
/// ([`crate::block::VOLTAGE`], `LINE`, `NEUTRAL`), Σ of squares by channel (4·code²), Σ of 4 · voltage · line current and
/// of 4 · voltage · neutral current (code²).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums(pub [i64; Self::COUNT]);

impl Sums {
    /// Place of the first channel's Σ of codes.
    pub const CODES: usize = 0;
    /// Place of the first channel's Σ of squares.
    pub const SQUARES: usize = CHANNELS;
    /// Place of Σ voltage · line current; that of the neutral follows.
    pub const POWERS: usize = 2 * CHANNELS;
    /// How many there are.
    pub const COUNT: usize = Self::POWERS + 2;

    /// Nothing summed yet.
    pub const ZERO: Self = Self([0; Self::COUNT]);
}

/// Mean powers of the fundamental, summed over a window's pieces; unit: code²/10 000. Not corrected for the droop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundamentalSums {
    /// In one array, as the formulas want them: 2·P₁ of voltage and metered current; 2·Q₁, positive when the current lags;
    /// 2·V₁²; 2·I₁².
    pub powers: [i64; 4],
    /// How many pieces were added.
    pub pieces: u16,
}

impl FundamentalSums {
    /// Nothing summed yet.
    pub const ZERO: Self = Self {
        powers: [0; 4],
        pieces: 0,
    };
}

/// What is counted and remarked beside the sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What the formulas need, in one array: length in 1/65 536 of a sample; whole cycles; largest magnitude of each
    /// channel's codes.
    pub numbers: [u32; Self::PEAKS + CHANNELS],
    /// Pieces.
    pub pieces: u16,
    /// Samples whose frame was lost.
    pub lost: u16,
    /// Fundamental powers.
    pub fundamental: FundamentalSums,
    /// Remarks.
    pub flags: Flags,
}

impl Tally {
    const LENGTH: usize = 0;
    const CYCLES: usize = 1;
    const PEAKS: usize = 2;

    /// Nothing counted yet.
    pub const ZERO: Self = Self {
        numbers: [0; Self::PEAKS + CHANNELS],
        pieces: 0,
        lost: 0,
        fundamental: FundamentalSums::ZERO,
        flags: Flags::NONE,
    };

    /// Length in 1/65 536 of a sample.
    pub fn length(&self) -> u32 {
        self.numbers[Self::LENGTH]
    }

    /// Whole cycles.
    pub fn cycles(&self) -> u32 {
        self.numbers[Self::CYCLES]
    }

    /// Largest magnitude of each channel's codes.
    pub fn peaks(&self) -> &[u32] {
        &self.numbers[Self::PEAKS..]
    }

    /// The same, to be raised.
    pub fn peaks_mut(&mut self) -> &mut [u32] {
        &mut self.numbers[Self::PEAKS..]
    }

    /// Counts a piece of this length and so many cycles.
    pub(crate) fn count_piece(&mut self, length: u32, cycles: u16) {
        self.numbers[Self::LENGTH] += length;
        // They are never many: words without a carry are less for the target.
        self.numbers[Self::CYCLES] = (self.cycles() as u16 + cycles) as u32;
        self.pieces += 1;
    }
}

/// Everything measured in one window, in raw units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Sums of products and codes.
    pub sums: Sums,
    /// The rest.
    pub tally: Tally,
}

impl Window {
    /// Nothing measured yet.
    pub const ZERO: Self = Self {
        sums: Sums::ZERO,
        tally: Tally::ZERO,
    };

    /// Chooses the current that is metered from the next window on: the neutral's, or the line's. Once it is accounted for, a
    /// window says no more than this. All sums are always kept for both; the fundamental is the chosen one's.
    pub fn meter_by_neutral(&mut self, neutral: bool) {
        self.tally.flags = Flags::NONE;
        if neutral {
            self.tally.flags = Flags::NEUTRAL_METERED;
        }
    }

    /// [`Flags::NEUTRAL_METERED`] if it was metered by the neutral, or the next one is to be.
    pub(crate) fn metered(&self) -> Flags {
        Flags(self.tally.flags.0 & Flags::NEUTRAL_METERED.0)
    }
}

/// The end of a piece, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceEnd {
    pub(crate) cut: Cut,
    /// The window ends with it.
    pub ends_window: bool,
    /// The piece's length, Q16 samples.
    pub length: u32,
    /// Frequency for the next piece's oscillators, turns per sample · 2³²; 0 if unknown.
    pub turns: u32,
}

impl PieceEnd {
    /// A place for one.
    pub(crate) const ZERO: Self = Self {
        cut: Cut {
            index: 0,
            before: 0,
            after: 0,
        },
        ends_window: false,
        length: 0,
        turns: 0,
    };
}

/// The samples that the block accounts for, without the one before.
pub(crate) fn block_of(centre: &[i32; CENTRE]) -> &[i32; BLOCK] {
    let [_, block @ ..] = centre;
    block
}

/// Weights of the samples around a cut, for the old side; the new side has the complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The cut lies between centre samples `index` − 1 and `index`.
    index: usize,
    /// Q30 weight of sample `index` − 1: ½ … 1.
    before: i32,
    /// Q30 weight of sample `index`: 0 … ½.
    after: i32,
}

impl Cut {
    /// Weights for a cut at `crossing`: φ + ½ − ½φ² and ½φ².
    pub fn at<K: Kernel>(kernel: &K, crossing: &Crossing) -> Self {
        let fraction = (crossing.fraction << 14) as i32;
        let half_square = half(kernel.mul_q30(fraction, fraction));
        Self {
            index: crossing.index,
            before: fraction + (1 << 29) - half_square,
            after: half_square,
        }
    }

    /// One side's share of each sample of a block. The sample before the block was counted whole already, so its share is
    /// what has to be added now: 0, or if the cut lies just behind it, what the old side loses and the new one gets.
    #[inline(never)]
    pub fn fill<K: Kernel>(
        &self,
        kernel: &K,
        centre: &[i32; CENTRE],
        side: Side,
        share: &mut [i32; CENTRE],
    ) {
        let mut weight = self.before;
        let mut until_cut = self.index as i16;
        for (part, code) in share.iter_mut().zip(centre) {
            let mut old = 0;
            if until_cut > -2 {
                old = *code;
                if until_cut <= 0 {
                    old = kernel.mul_q30(old, weight);
                    weight = self.after;
                }
            }
            until_cut -= 1;
            *part = if side == Side::New { code - old } else { old };
        }
        if side == Side::Old {
            share[0] -= centre[0];
        }
    }
}

/// Of a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)] // the target's compiler is not to be trusted with bytes in registers
pub(crate) enum Side {
    /// What ends with it.
    Old,
    /// What begins.
    New,
}
