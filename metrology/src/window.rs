//! What one window hands from the block task to the main loop, and how it is cut between samples.
//!
//! A window is five pieces; a piece is the whole cycles of about 0.2 s (12 at 60 Hz, 10 at 50 Hz). Windows end at a
//! rising zero crossing, which lies between two samples: sample *k* before it and *k* + 1 behind it get weights on either
//! side so that the sum is the trapezoid rule with linearly interpolated ends. What the old window does not get, the new
//! one does: nothing is lost or counted twice, whatever the weights are.

use crate::block::{BLOCK, CENTRE, CHANNELS};
use crate::flags::Flags;
use crate::zero_cross::Crossing;

/// Pieces in a window.
pub const PIECES: u16 = 5;

/// Products that are summed over a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Product {
    /// Voltage squared.
    VoltageVoltage = 0,
    /// Voltage times neutral current.
    VoltageNeutral = 1,
    /// Neutral current squared; unlike the others without droop filter and its factor 4.
    NeutralNeutral = 2,
    /// Voltage times line current.
    VoltageLine = 3,
    /// Line current squared.
    LineLine = 4,
}

/// Number of products.
pub const PRODUCTS: usize = 5;

/// Sums over a stretch of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// By [`Product`]: Σ of 4·code², except for the neutral's square, which is Σ of code².
    pub products: [i64; PRODUCTS],
    /// By [`crate::Channel`]: Σ of codes.
    pub codes: [i64; CHANNELS],
}

impl Sums {
    /// Nothing summed yet.
    pub const ZERO: Self = Self {
        products: [0; PRODUCTS],
        codes: [0; CHANNELS],
    };
}

/// Mean powers of the fundamental over a window's pieces; unit: code²/2¹², summed over the pieces (see
/// [`crate::fundamental`]). Not yet corrected for the droop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundamentalSums {
    /// 2·P₁ of voltage and metered current.
    pub active: i64,
    /// 2·Q₁, positive when the current lags.
    pub reactive: i64,
    /// 2·V₁².
    pub voltage: i64,
    /// 2·I₁².
    pub current: i64,
    /// How many pieces were added, 0 … 5.
    pub pieces: u16,
}

/// Everything measured in one window, in raw units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Sums of products and codes.
    pub sums: Sums,
    /// Length in 1/65 536 of a sample.
    pub length: u32,
    /// Whole cycles in it.
    pub cycles: u16,
    /// Samples in it whose frame was lost.
    pub lost: u16,
    /// Largest magnitude of each channel's codes.
    pub peaks: [u32; CHANNELS],
    /// Fundamental powers.
    pub fundamental: FundamentalSums,
    /// Remarks.
    pub flags: Flags,
}

/// Weights of the samples around a cut, for the old side; the new side has the complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The cut lies between centre samples `index` − 1 and `index`.
    index: usize,
    /// Q16 weight of sample `index` − 1: ½ … 1.
    before: i32,
    /// Q16 weight of sample `index`: 0 … ½.
    after: i32,
}

impl Cut {
    /// Weights for a cut at `crossing`: φ + ½ − ½φ² and ½φ².
    pub fn at(crossing: &Crossing) -> Self {
        let fraction = crossing.fraction;
        let half_square = (((fraction >> 1) * fraction + 0x8000) >> 16) as i32;
        Self {
            index: crossing.index,
            before: fraction as i32 + 0x8000 - half_square,
            after: half_square,
        }
    }

    /// The old side's share of each sample of a block. The sample before the block was counted whole already, so its
    /// share is what has to be added now: 0, or less than 0 if the cut lies just behind it.
    pub fn old_share(&self, centre: &[i32; CENTRE]) -> [i32; CENTRE] {
        let mut share = [0; CENTRE];
        for (position, (&code, out)) in centre.iter().zip(share.iter_mut()).enumerate() {
            if position < self.index {
                *out = code;
            } else if position == self.index {
                *out = weigh(code, self.before);
            } else if position == self.index + 1 {
                *out = weigh(code, self.after);
            }
        }
        share[0] -= centre[0];
        share
    }

    /// The same without the sample before the block: its share, if any, goes to the two samples behind it such that a sine
    /// of few degrees per sample gets the same sum (by the straight line through them).
    pub fn old_share_within(&self, centre: &[i32; CENTRE]) -> [i32; BLOCK] {
        let share = self.old_share(centre);
        let mut within = [0; BLOCK];
        for (out, &share) in within.iter_mut().zip(&share[1..]) {
            *out = share;
        }
        within[0] += 2 * share[0];
        within[1] -= share[0];
        within
    }
}

/// `code` times a Q16 weight, rounded.
fn weigh(code: i32, weight: i32) -> i32 {
    ((code as i64 * weight as i64 + 0x8000) >> 16) as i32
}
