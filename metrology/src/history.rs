//! Joins blocks: the last samples of one are the history of the next, and lost samples get an estimate.

use crate::block::{Block, CHANNELS, HISTORY, LANE, Lane};
use crate::kernel::Kernel;

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
    /// `bend` is ω² in Q30 (4·sin²(ω/2), to be exact): a lost sample continues the sine through the two before it, or,
    /// if its successor is there, lies between its neighbours. A straight line would flatten a sine by 0.1 % there.
    pub fn thread<K: Kernel>(&mut self, kernel: &K, block: &mut Block, bend: i32) -> u16 {
        let lost = block.lost;
        for (lane, tail) in block.lanes.iter_mut().zip(&mut self.tails) {
            // Element by element: the compiler would call memcpy for a loop, which is slower.
            [lane[0], lane[1], lane[2], lane[3]] = *tail;
            if lost != 0 {
                fill(kernel, lane, lost, bend);
            }
            *tail = [lane[16], lane[17], lane[18], lane[19]];
        }
        // The caller fills the same block again.
        block.lost = 0;
        lost.count_ones() as u16
    }
}

/// Estimates the lost samples of one lane.
fn fill<K: Kernel>(kernel: &K, lane: &mut Lane, lost: u16, bend: i32) {
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
            middle + (kernel.mul_q30(middle, bend) >> 1)
        } else {
            // x = (2 − ω²)·x₋₁ − x₋₂.
            2 * near - lane[at - 2] - kernel.mul_q30(near, bend)
        };
        lane[at] = estimate.clamp(-(1 << 23), (1 << 23) - 1);
    }
}
