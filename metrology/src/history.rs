//! Joins blocks: the last samples of one are the history of the next, and lost samples get an estimate.

use crate::block::{BLOCK, Block, CHANNELS, HISTORY, LANE, Lane};
use crate::kernel::Kernel;
use crate::wide::half;

/// The newest samples of the previous block, per channel.
#[derive(Clone, Debug)]
pub(crate) struct History {
    tails: [[i32; HISTORY]; CHANNELS],
}

impl History {
    pub const EMPTY: Self = Self {
        tails: [[0; HISTORY]; CHANNELS],
    };

    /// Puts the history in front of the block's new samples, fills in lost ones and remembers the tail; returns how many
    /// were lost.
    ///
    /// `half_sine` is sin(ω/2) in Q30: a lost sample continues the sine through the two before it, or, if its successor is
    /// there, lies between its neighbours. A straight line would flatten a sine by 0.1 % there.
    pub fn thread<K: Kernel>(&mut self, kernel: &K, block: &mut Block, half_sine: i32) -> u16 {
        let mut lost = block.lost;
        // The caller fills the same block again.
        block.lost = 0;
        for (lane, tail) in block.lanes.iter_mut().zip(&mut self.tails) {
            lane[..HISTORY].copy_from_slice(tail);
            fill(kernel, lane, lost, half_sine);
            tail.copy_from_slice(&lane[BLOCK..]);
        }
        let mut count = 0;
        while lost != 0 {
            count += lost & 1;
            lost >>= 1;
        }
        count
    }
}

/// Largest code, and its complement the smallest.
const MOST: i32 = (1 << 23) - 1;

/// Estimates the lost samples of one lane, if any.
#[inline(never)]
fn fill<K: Kernel>(kernel: &K, lane: &mut Lane, lost: u16, half_sine: i32) {
    if lost == 0 {
        return;
    }
    // 4·sin²(ω/2), which is ω² nearly: how a sine bends from sample to sample.
    let bend = kernel.mul_q30(half_sine, half_sine) << 2;
    let mut remaining = lost;
    for at in HISTORY..LANE {
        let is_lost = remaining & 1 != 0;
        remaining >>= 1;
        if !is_lost {
            continue;
        }
        let near = lane[at - 1];
        let mut base = near;
        let followed = at + 1 < LANE && remaining & 1 == 0;
        if followed {
            base = half(near + lane.get(at + 1).copied().unwrap_or(near));
        }
        let mut step = kernel.mul_q30(base, bend);
        if followed {
            // x = (x₋₁ + x₊₁) / (2 − ω²), to second order.
            step = half(step);
        } else {
            // x = (2 − ω²)·x₋₁ − x₋₂.
            step = near - lane[at - 2] - step;
        }
        let mut estimate = base + step;
        // The upper word tells whether it fits 24 bits.
        let upper = (estimate >> 16) as i16;
        if !(-128..=127).contains(&upper) {
            estimate = if upper < 0 { !MOST } else { MOST };
        }
        lane[at] = estimate;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::Portable;
    use std::vec::Vec;

    const AMPLITUDE: f64 = 3e6;
    /// Phase per sample: 60 Hz at 8 000 SPS.
    const STEP: f64 = std::f64::consts::TAU * 60.0 / 8000.0;

    fn code(n: i32) -> i32 {
        (AMPLITUDE * (STEP * f64::from(n) + 0.4).sin()).round() as i32
    }

    /// The sixteen new samples of a second block in which those of `lost` are missing.
    fn filled(lost: u16) -> (u16, Vec<i32>) {
        let half_sine = ((STEP / 2.0).sin() * f64::from(1 << 30)).round() as i32;
        let mut history = History::EMPTY;
        let mut block = Block::EMPTY;
        for n in 0..2 * BLOCK as i32 {
            let place = n as usize % BLOCK;
            let is_lost = n >= BLOCK as i32 && lost >> place & 1 != 0;
            // What is in the place of a lost one must not matter.
            block.set(place, [if is_lost { 7_654_321 } else { code(n) }; CHANNELS]);
            if place == BLOCK - 1 {
                if n >= BLOCK as i32 {
                    block.lost = lost;
                }
                let counted = history.thread(&Portable, &mut block, half_sine);
                if n >= BLOCK as i32 {
                    assert_eq!(block.lost, 0);
                    return (counted, block.lanes[1][HISTORY..].to_vec());
                }
            }
        }
        unreachable!("two blocks")
    }

    #[test]
    fn what_was_there_stays_and_what_was_lost_goes_on_as_a_sine() {
        // Alone at the beginning, in the middle, at the end; pairs; a run; every other one; all.
        for lost in [
            1,
            1 << 7,
            1 << 15,
            3,
            3 << 9,
            3 << 14,
            0x00F0,
            0x5555,
            0xAAAA,
            0xFFFF,
        ] {
            let (counted, samples) = filled(lost);
            assert_eq!(counted, lost.count_ones() as u16, "{lost:016b}");
            for (place, sample) in samples.into_iter().enumerate() {
                let truth = code((BLOCK + place) as i32);
                // The recursion carries its rounding on: a code's error grows with the square of the run.
                let run = (0..=place)
                    .rev()
                    .take_while(|at| lost >> at & 1 != 0)
                    .count() as i32;
                let allowed = if run == 0 { 0 } else { 2 * run * run + 16 };
                assert!(
                    (sample - truth).abs() <= allowed,
                    "{lost:016b} at {place}: {sample}, true {truth}"
                );
            }
        }
    }

    #[test]
    fn estimates_stay_within_the_converters_range() {
        let mut history = History::EMPTY;
        let mut block = Block::EMPTY;
        for place in 0..BLOCK {
            let code = (1 << 21) * (place as i32 - 13).max(0);
            block.set(place, [code, -code, 0]);
        }
        history.thread(&Portable, &mut block, 0);
        block.lost = u16::MAX;
        history.thread(&Portable, &mut block, 0);
        // 3 and 4 times 2²¹ would follow, and more.
        let [rising, falling, _] = &block.lanes;
        assert_eq!([rising[4], falling[4]], [3 << 21, -3 << 21]);
        assert!(
            rising[5..].iter().all(|x| *x == (1 << 23) - 1),
            "{rising:?}"
        );
        assert!(falling[5..].iter().all(|x| *x == -(1 << 23)), "{falling:?}");
    }
}
