//! Joins blocks: the last samples of one are the history of the next, and lost samples get an estimate.

use crate::block::{BLOCK, Block, CHANNELS, HISTORY, LANE, Lane};

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
    /// `bend` is ω² in Q24 (4·sin²(ω/2), to be exact): a lost sample continues the sine through the two before it, or,
    /// if its successor is there, lies between its neighbours. A straight line would flatten a sine by 0.1 % there.
    pub fn thread(&mut self, block: &mut Block, bend: i32) -> u16 {
        let lost = block.lost;
        for (lane, tail) in block.lanes.iter_mut().zip(&mut self.tails) {
            for (sample, &old) in lane.iter_mut().zip(tail.iter()) {
                *sample = old;
            }
            if lost != 0 {
                fill(lane, lost, bend);
            }
            for (old, &sample) in tail.iter_mut().zip(&lane[BLOCK..]) {
                *old = sample;
            }
        }
        lost.count_ones() as u16
    }
}

/// Estimates the lost samples of one lane.
fn fill(lane: &mut Lane, lost: u16, bend: i32) {
    let mut remaining = lost;
    for at in HISTORY..LANE {
        let is_lost = remaining & 1 != 0;
        remaining >>= 1;
        if !is_lost {
            continue;
        }
        let near = lane[at - 1];
        let followed = at + 1 < LANE && remaining & 1 == 0;
        let estimate = if followed {
            // x = (x₋₁ + x₊₁) / (2 − ω²), to second order.
            let middle = (near + lane.get(at + 1).copied().unwrap_or(near)) >> 1;
            middle + (((middle as i64) * (bend as i64)) >> 25) as i32
        } else {
            // x = (2 − ω²)·x₋₁ − x₋₂.
            2 * near - lane[at - 2] - (((near as i64) * (bend as i64)) >> 24) as i32
        };
        lane[at] = estimate.clamp(-(1 << 23), (1 << 23) - 1);
    }
}
