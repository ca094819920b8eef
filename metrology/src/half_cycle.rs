//! Voltage by half cycles, and the sags, swells and interruptions that it shows.
//!
//! The squares of the voltage are summed from crossing to crossing; the rms of the last two half cycles is compared with
//! limits after each. Half cycles are cut at whole samples, because the voltage is nothing there; their lengths are
//! measured between samples. Limits are shares of a sliding reference (IEC 61000-4-30, 5.4.4): the voltage of the last half
//! minute, so that a meter for 120 and for 240 V needs no setting. Optional: a firmware that does not feed it pays nothing.

use crate::block::{BLOCK, Block, VOLTAGE};
use crate::kernel::Kernel;
use crate::wide::ONE;
use crate::window::block_of;
use crate::zero_cross::Crossing;

/// One block, Q8 samples.
const BLOCK_TIME: u16 = (BLOCK as u16) << 8;

/// A half cycle that has not ended after this many Q8 samples ends with the block: the voltage is gone, and with it the
/// crossings. 1½ half cycles of 45 Hz at 8 000 SPS.
const LONGEST: u16 = 133 << 8;

/// What the watch has seen, in words as a table shows them; places in the list are those of [`word`].
pub type Words = [u16; 7];

/// Places in [`Words`].
pub mod word {
    /// Sags since power-up: below 90 % of the reference.
    pub const SAGS: usize = 0;
    /// Swells: above 110 %.
    pub const SWELLS: usize = 1;
    /// Interruptions: below 10 %.
    pub const INTERRUPTIONS: usize = 2;
    /// What the last event was: its place among the counters plus 1; 0 none yet.
    pub const LAST_KIND: usize = 3;
    /// How long it lasted, in half blocks (1 ms at 8 000 SPS); 65 534 and 65 535 stand for longer ones.
    pub const LAST_HALF_BLOCKS: usize = 4;
    /// Its lowest voltage, or a swell's highest, over the reference, in 1/32 768.
    pub const LAST_RESIDUAL: usize = 5;
    /// What the voltage is doing: 0 within its limits, 1 sag or interruption, 2 swell.
    pub const PRESENT: usize = 6;
}

/// A square of 1 in the unit of the limits.
const SQUARE: u32 = 1 << 12;

/// Square of a share in per cent.
const fn share(per_cent: u32) -> u16 {
    (SQUARE * per_cent * per_cent / 10_000) as u16
}

const INTERRUPTION: u16 = share(10);
const SAG: u16 = share(90);
const SAG_END: u16 = share(92);
const SWELL: u16 = share(110);
const SWELL_END: u16 = share(108);

const WITHIN: u16 = 0;
const LOW: u16 = 1;
const HIGH: u16 = 2;

/// Watches the voltage half cycle by half cycle.
#[derive(Clone, Debug)]
pub struct VoltageWatch {
    /// Sums of squares of the running half cycle and the one before, 2²⁴ code².
    running: u32,
    previous: u32,
    /// Length of the one before and of the running one up to the next block, Q8 samples; the former is 0 while there was
    /// none.
    previous_length: u16,
    since: u16,
    /// Mean square of the voltage as it usually is, 2¹⁶ code².
    reference: u32,
    /// Of the present event: worst square over the reference's, Q12, and its length so far.
    worst: u16,
    half_blocks: u16,
    /// What has been seen.
    pub words: Words,
}

impl VoltageWatch {
    /// Nothing seen yet.
    pub const ZERO: Self = Self {
        running: 0,
        previous: 0,
        previous_length: 0,
        since: 0,
        reference: 0,
        worst: 0,
        half_blocks: 0,
        words: [0; 7],
    };

    /// Accounts for a block that the meter has just accounted for, `crossing` from [`crate::Meter::crossing`]. Bounded time:
    /// at most one half cycle ends.
    #[inline(never)]
    pub fn push_block<K: Kernel>(
        &mut self,
        kernel: &K,
        block: &Block,
        crossing: Option<&Crossing>,
    ) {
        let half_blocks = self.half_blocks.wrapping_add(2);
        if half_blocks > 1 {
            self.half_blocks = half_blocks;
        }
        let (mut index, mut time) = (BLOCK, BLOCK_TIME);
        if let Some(crossing) = crossing {
            index = crossing.index.min(BLOCK);
            time = (index as u16) << 8 | (crossing.fraction >> 8) as u16;
        }
        let (ending, beginning) = block_of(block.centre(VOLTAGE)).split_at(index);
        self.running += squares(kernel, ending);
        let length = self.since + time;
        self.since = length;
        if crossing.is_none() && length < LONGEST {
            return;
        }
        let before = self.previous_length;
        self.previous_length = 0;
        if let Some(crossing) = crossing
            && !crossing.acquired
        {
            self.previous_length = length;
            if before != 0 {
                let sum = self.running + self.previous;
                // Q8 lengths: the quotient is in 2¹⁶ code².
                let both = length as u32 + before as u32;
                let level = kernel.divide((sum as u64) << 16, both);
                self.observe(kernel, level);
            }
        }
        self.previous = self.running;
        self.running = squares(kernel, beginning);
        self.since = BLOCK_TIME - time;
    }

    /// Looks at the newest mean square.
    fn observe<K: Kernel>(&mut self, kernel: &K, level: u32) {
        if self.reference == 0 {
            self.reference = level;
        }
        // Full scale is less than four times the lowest mains voltage: a ratio fits.
        let ratio = (kernel.divide((level as u64) << 16, self.reference) >> 4) as u16;
        let [
            counts @ ..,
            last_kind,
            last_half_blocks,
            last_residual,
            present,
        ] = &mut self.words;
        if *present == WITHIN {
            self.worst = ratio;
            self.half_blocks = 0;
            if ratio < SAG {
                *present = LOW;
            } else if ratio > SWELL {
                *present = HIGH;
            } else {
                // Half a minute's mean, which an event does not move.
                let step = kernel.mul_q30(level as i32 - self.reference as i32, ONE >> 11);
                self.reference = self.reference.wrapping_add(step as u32);
            }
            return;
        }
        if *present == LOW {
            if ratio < self.worst {
                self.worst = ratio;
            }
            if ratio <= SAG_END {
                return;
            }
        } else {
            if ratio > self.worst {
                self.worst = ratio;
            }
            if ratio >= SWELL_END {
                return;
            }
        }
        *last_kind = *present;
        *present = WITHIN;
        if self.worst < INTERRUPTION {
            *last_kind = word::INTERRUPTIONS as u16 + 1;
        }
        if let Some(count) = counts.get_mut(*last_kind as usize - 1) {
            *count = count.wrapping_add(1);
        }
        *last_half_blocks = self.half_blocks;
        *last_residual = (kernel.square_root(&((self.worst as u64) << 16)) << 1) as u16;
    }
}

/// Sum of squares, 2²⁴ code²: a full block is below 2²⁶.
#[inline(never)]
fn squares<K: Kernel>(kernel: &K, samples: &[i32]) -> u32 {
    let mut sum = 0;
    kernel.mac(&mut sum, samples, samples);
    kernel.scale(&mut sum, 1 << 8, 0);
    sum as u32
}
