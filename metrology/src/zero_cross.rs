//! Finds the voltage's zero crossings between samples and keeps the beat when they are missing.
//!
//! A crossing counts only within an eighth of a cycle of the instant predicted from the last one. When none comes in
//! that slot the predicted instant takes its place, so that half cycles go on through a dip or an interruption. After
//! [`PATIENCE`] half cycles without a crossing the tracker gives up and waits for two rising crossings that are one
//! plausible cycle apart.
//!
//! Time runs in 1/65 536 of a sample (Q16).

use crate::block::{BLOCK, CENTRE};

/// Missed half cycles in a row after which the beat is given up: 20 cycles.
const PATIENCE: u16 = 40;

/// Smallest step between the two samples of a crossing, in codes at 8 000 SPS: a sine of 2.2 V rms at 60 Hz, forty times
/// the converter's noise.
const LEAST_STEP: i32 = 2048;

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
    /// Time since the crossing before, Q16 samples; for a missed one, the prediction.
    pub half_cycle: u32,
    /// The beat was found with this crossing.
    pub acquired: bool,
}

impl Crossing {
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
    pub level: i32,
}

impl Tracker {
    /// A tracker that has seen nothing, for `rate` samples per second.
    pub fn new(rate: u16) -> Self {
        let per_second = (rate as u32) << 16;
        Self {
            period: 0,
            since: FOREVER,
            rising: false,
            missed: 0,
            plausible: [per_second / 72, per_second / 40],
            level: 0,
        }
    }

    /// Length of a cycle, Q16 samples, or `None` while the beat is unknown.
    #[inline]
    pub fn period(&self) -> Option<u32> {
        if self.period == 0 {
            None
        } else {
            Some(self.period)
        }
    }

    /// Replaces the cycle's length by a better measurement, if it is plausible.
    pub fn refine(&mut self, period: u32) {
        if self.period != 0 && period >= self.plausible[0] && period <= self.plausible[1] {
            self.period = period;
        }
    }

    /// Looks at one block of voltage codes (the sample before it first); at most one crossing comes out.
    pub fn follow(&mut self, centre: &[i32; CENTRE]) -> Option<Crossing> {
        if self.period == 0 {
            self.acquire(centre)
        } else {
            self.keep(centre)
        }
    }

    /// Waits for two rising crossings one plausible cycle apart.
    fn acquire(&mut self, centre: &[i32; CENTRE]) -> Option<Crossing> {
        let found = self.search(centre, 0, BLOCK, true);
        let Some((index, fraction)) = found else {
            self.since = (self.since + BLOCK_TIME as i32).min(FOREVER);
            return None;
        };
        let time = ((index as u32) << 16) + fraction;
        let cycle = (self.since as u32).wrapping_add(time);
        self.since = (BLOCK_TIME - time) as i32;
        if cycle < self.plausible[0] || cycle > self.plausible[1] {
            return None;
        }
        self.period = cycle;
        self.rising = true;
        self.missed = 0;
        Some(Crossing {
            index,
            fraction,
            rising: true,
            missed: false,
            half_cycle: cycle / 2,
            acquired: true,
        })
    }

    /// Looks for the next crossing in its slot.
    fn keep(&mut self, centre: &[i32; CENTRE]) -> Option<Crossing> {
        let half = (self.period / 2) as i32;
        let eighth = (self.period / 8) as i32;
        // Slot in samples from centre sample −1 of this block.
        let first = (half - eighth - self.since) >> 16;
        let last = (half + eighth - self.since) >> 16;
        if first >= BLOCK as i32 {
            self.since += BLOCK_TIME as i32;
            return None;
        }
        let from = first.max(0) as usize;
        let to = (last + 1).clamp(0, BLOCK as i32) as usize;
        let rising = !self.rising;
        if let Some((index, fraction)) = self.search(centre, from, to, rising) {
            let time = (((index as u32) << 16) + fraction) as i32;
            let half_cycle = (self.since + time) as u32;
            self.since = BLOCK_TIME as i32 - time;
            self.rising = rising;
            self.missed = 0;
            return Some(Crossing {
                index,
                fraction,
                rising,
                missed: false,
                half_cycle,
                acquired: false,
            });
        }
        self.since += BLOCK_TIME as i32;
        if last >= BLOCK as i32 {
            return None;
        }
        // The slot is over. The prediction becomes the base of the next one; the cut is made here and now.
        self.since -= half;
        self.rising = rising;
        self.missed += 1;
        if self.missed > PATIENCE {
            self.period = 0;
            self.since = FOREVER;
        }
        Some(Crossing {
            index: to.min(BLOCK - 1),
            fraction: 0,
            rising,
            missed: true,
            half_cycle: half as u32,
            acquired: false,
        })
    }

    /// First crossing of the wanted direction between samples `index` − 1 and `index`, for `index` in `from..to`.
    fn search(
        &self,
        centre: &[i32; CENTRE],
        from: usize,
        to: usize,
        rising: bool,
    ) -> Option<(usize, u32)> {
        let level = self.level;
        for (index, pair) in centre.windows(2).enumerate().take(to).skip(from) {
            let &[before, after] = pair else { continue };
            let was_below = before < level;
            let is_below = after < level;
            if was_below == is_below || was_below != rising {
                continue;
            }
            let distance = (level - before).unsigned_abs();
            let step = (after - before).unsigned_abs();
            if step >= LEAST_STEP as u32 {
                return Some((index, fraction_of(distance, step)));
            }
        }
        None
    }
}

/// `distance / step` in Q16, for `distance` ≤ `step` < 2²⁵.
fn fraction_of(distance: u32, step: u32) -> u32 {
    // distance · 2¹⁶ must fit 32 bits: drop the bits that do not matter from both. What remains of the step has at least
    // 15 bits when it had them, so the fraction is good to 2⁻¹⁵ of itself.
    let (mut distance, mut step) = (distance, step);
    while step >= 1 << 16 {
        distance >>= 1;
        step >>= 1;
    }
    (distance << 16).checked_div(step).unwrap_or(0)
}
