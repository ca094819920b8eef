//! Finds the voltage's zero crossings between samples and keeps the beat when they are missing.
//!
//! A crossing counts only within an eighth of a cycle of the instant predicted from the last one. When none comes in
//! that slot the predicted instant takes its place, so that half cycles go on through a dip or an interruption. After
//! `PATIENCE` half cycles without a crossing the tracker gives up and waits for two rising crossings that are one
//! plausible cycle apart.
//!
//! Time runs in 1/65 536 of a sample (Q16).

use crate::block::{BLOCK, CENTRE};
use crate::kernel::Kernel;
use crate::wide::{half, is_less};

/// Missed half cycles in a row after which the beat is given up: 20 cycles.
const PATIENCE: u16 = 40;

/// Smallest step between the two samples of a crossing, in codes at 8 000 SPS: a sine of 2.2 V rms at 60 Hz, forty times
/// the converter's noise.
const LEAST_STEP: u32 = 2048;

/// Change of the voltage's mean that the crossing level follows, in codes: 2.3 V.
const LEVEL_STEP: u32 = 1 << 15;

/// A time longer than any cycle, Q16 samples: no crossing has been seen yet.
const FOREVER: i32 = 1000 << 16;

/// One block in Q16 samples.
const BLOCK_TIME: u32 = (BLOCK as u32) << 16;

/// A zero crossing, or the predicted stand-in for one, inside a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// It lies between centre samples `index` − 1 and `index` of the block: 0 … 15.
    pub index: usize,
    /// Its distance from sample `index` − 1, Q16: 0 … 65 536.
    pub fraction: u32,
    /// From negative to positive.
    pub rising: bool,
    /// No crossing was found here; the beat goes on without.
    pub missed: bool,
    /// The beat was found with this crossing.
    pub acquired: bool,
}

impl Crossing {
    /// A place for one.
    pub(crate) const ZERO: Self = Self {
        index: 0,
        fraction: 0,
        rising: false,
        missed: false,
        acquired: false,
    };

    /// No crossing: a cut at the block's beginning.
    pub(crate) const NONE: Self = Self {
        index: 0,
        fraction: 0,
        rising: true,
        missed: true,
        acquired: false,
    };

    /// Time from centre sample −1 to the crossing, Q16 samples.
    pub fn time(&self) -> u32 {
        ((self.index as u32) << 16) + self.fraction
    }
}

/// Follows the zero crossings of the voltage.
#[derive(Clone, Debug)]
pub struct Tracker {
    /// Length of a cycle, Q16 samples; 0 while the beat is unknown.
    period: u32,
    /// Time from the last crossing to centre sample −1 of the next block, Q16; may be slightly negative.
    since: i32,
    /// Direction of the last crossing.
    rising: bool,
    /// Half cycles missed in a row.
    missed: u16,
    /// Shortest and longest plausible cycle (72 Hz, 40 Hz), Q16 samples.
    plausible: [u32; 2],
    /// Mean of the voltage codes: the level whose crossings count.
    level: i32,
}

impl Tracker {
    /// All zero: what a static begins with; call [`start`](Self::start) before use.
    pub const ZERO: Self = Self {
        period: 0,
        since: 0,
        rising: false,
        missed: 0,
        plausible: [0; 2],
        level: 0,
    };

    /// Nothing seen yet, `rate` samples per second.
    pub fn start(&mut self, rate: u16) {
        let per_second = (rate as u32) << 16;
        self.since = FOREVER;
        self.plausible = [per_second / 72, per_second / 40];
    }

    /// Length of a cycle, Q16 samples; 0 while the beat is unknown.
    #[inline]
    pub fn period(&self) -> u32 {
        self.period
    }

    /// Tells the voltage's mean, in codes. It is followed only when it is off by more than `LEVEL_STEP`: crossings of any
    /// constant level are as periodic as zero crossings, but a change of level moves the end of a window against its
    /// beginning.
    pub fn set_level(&mut self, mean: i32) {
        let above_lowest = ((mean - self.level) as u32).wrapping_add(LEVEL_STEP);
        if above_lowest > 2 * LEVEL_STEP {
            self.level = mean;
        }
    }

    /// Takes a cycle's length, Q16 samples, if it can be the mains'; returns whether, as 0 or 1.
    #[inline(never)]
    fn adopt(&mut self, period: u32) -> u16 {
        let [shortest, longest] = self.plausible;
        if is_less(period, shortest) || is_less(longest, period) {
            return 0;
        }
        self.period = period;
        1
    }

    /// Replaces the cycle's length by a better measurement, if it is plausible.
    pub fn refine(&mut self, period: u32) {
        if self.period != 0 {
            self.adopt(period);
        }
    }

    /// Looks at one block of voltage codes (the sample before it first); at most one crossing comes out, into `crossing`.
    /// Returns how many: a number, because the compiler for the target is not to be trusted with returned truth values.
    #[inline(never)]
    pub fn follow<K: Kernel>(
        &mut self,
        kernel: &K,
        centre: &[i32; CENTRE],
        crossing: &mut Crossing,
    ) -> u16 {
        let known = self.period != 0;
        let half_cycle = half(self.period as i32);
        // The slot, in whole samples from centre sample −1 of this block.
        let (mut from, mut to) = (0, BLOCK as i16);
        let mut is_over = false;
        if known {
            let middle = half_cycle - self.since;
            let eighth = half(half(half_cycle));
            from = ((middle - eighth) >> 16) as i16;
            to = ((middle + eighth) >> 16) as i16 + 1;
            is_over = to <= BLOCK as i16;
            if from < 0 {
                from = 0;
            }
            to = to.clamp(0, BLOCK as i16);
        }
        crossing.rising = !self.rising;
        if self.search(kernel, centre, from as usize, to as usize, crossing) != 0 {
            let time = crossing.time() as i32;
            let elapsed = (self.since + time) as u32;
            self.since = BLOCK_TIME as i32 - time;
            crossing.missed = false;
            crossing.acquired = !known;
            // Two rising crossings in a row: is there a cycle between them?
            if !known && self.adopt(elapsed) == 0 {
                return 0;
            }
            self.rising = crossing.rising;
            self.missed = 0;
            return 1;
        }
        self.since += BLOCK_TIME as i32;
        if !known {
            self.since = self.since.min(FOREVER);
            return 0;
        }
        if !is_over {
            return 0;
        }
        // The prediction becomes the base of the next slot; the cut is made here and now.
        self.since -= half_cycle;
        self.missed += 1;
        self.rising = crossing.rising;
        if self.missed > PATIENCE {
            self.period = 0;
            self.since = FOREVER;
            self.rising = false;
        }
        crossing.index = (to as usize).min(BLOCK - 1);
        crossing.fraction = 0;
        crossing.missed = true;
        crossing.acquired = false;
        1
    }

    /// First crossing in the direction of `crossing` between samples `index` − 1 and `index`, for `index` in `from..to`.
    fn search<K: Kernel>(
        &self,
        kernel: &K,
        centre: &[i32; CENTRE],
        from: usize,
        to: usize,
        crossing: &mut Crossing,
    ) -> u16 {
        // Complemented, a falling crossing looks like a rising one: from negative to not negative.
        let complement = if crossing.rising { 0 } else { -1 };
        let level = self.level;
        let seen = |code: &i32| (code - level) ^ complement;
        let Some([first, others @ ..]) = centre.get(from..to + 1) else {
            return 0;
        };
        // A block is shorter than half a cycle: what has crossed is on the other side at its end. Most blocks end here.
        let Some(last) = others.last() else {
            return 0;
        };
        if seen(last) < 0 {
            return 0;
        }
        let mut before = seen(first);
        for (index, code) in (from..).zip(others) {
            let after = seen(code);
            if before < 0 && after >= 0 {
                let step = (after - before) as u32;
                if !is_less(step, LEAST_STEP) {
                    // How far the level is above the one, or below: a complement is one less than the negative.
                    let distance = (complement - before) as u32 as u64;
                    crossing.index = index;
                    crossing.fraction = kernel.divide(distance << 16, step);
                    return 1;
                }
            }
            before = after;
        }
        0
    }
}
