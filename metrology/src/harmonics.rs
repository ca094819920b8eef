//! Harmonics of voltage and current: the demodulator of the fundamental, run at one order after the other.
//!
//! Each order gets one piece (0.2 s), three of a window's five: where a window ends the target has enough to do without
//! starting another. A round over the orders 2 … 21 takes seven seconds. Optional: a firmware that does not feed it pays
//! nothing.

use crate::block::{Block, LINE, VOLTAGE};
use crate::fundamental::Demodulator;
use crate::kernel::Kernel;
use crate::wide::is_less;
use crate::window::{FundamentalSums, PieceEnd};

/// First and last order.
pub const ORDERS: (u16, u16) = (2, 21);

/// Number of orders.
pub const COUNT: usize = (ORDERS.1 - ORDERS.0 + 1) as usize;

/// Highest order · turns per sample that is measured, turns · 2³²: 1/5 turn, 1 600 Hz at 8 000 SPS.
const MOST_TURNS: u32 = u32::MAX / 5;

/// One order, measured over one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Harmonic {
    /// Its order.
    pub order: u16,
    /// Its frequency, turns per sample · 2³².
    pub(crate) turns: u32,
    /// Its voltage and current.
    pub(crate) sums: FundamentalSums,
}

impl Harmonic {
    /// A place for one.
    pub const ZERO: Self = Self {
        order: 0,
        turns: 0,
        sums: FundamentalSums::ZERO,
    };
}

/// Measures the harmonics in turn.
#[derive(Clone, Debug)]
pub struct Harmonics {
    demodulator: Demodulator,
    running: Harmonic,
}

impl Default for Harmonics {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Harmonics {
    /// Begins with the lowest order.
    pub const ZERO: Self = Self {
        demodulator: Demodulator::STOPPED,
        running: Harmonic::ZERO,
    };

    /// Accounts for a block that the meter has just accounted for, `end` from [`crate::Meter::end`]; an order whose piece is
    /// complete goes to `measured`, if there is a place. Returns whether one did, as 0 or more.
    pub fn push_block<K: Kernel>(
        &mut self,
        kernel: &K,
        block: &Block,
        end: Option<&PieceEnd>,
        measured: Option<&mut Harmonic>,
    ) -> u16 {
        let signals = [block.centre(VOLTAGE), block.centre(LINE)];
        let Some(end) = end else {
            let sums = &mut self.running.sums;
            self.demodulator.push_block(kernel, signals, None, 0, sums);
            return 0;
        };
        if end.ends_window {
            // The same order again, later.
            self.demodulator.stop();
            self.running.order = self.running.order.saturating_sub(1);
            return 0;
        }
        let mut next = self.running.order + 1;
        if next < ORDERS.0 || next > ORDERS.1 {
            next = ORDERS.0;
        }
        if is_less(MOST_TURNS, end.turns.wrapping_mul(next as u32)) {
            next = ORDERS.0;
        }
        let turns = end.turns.wrapping_mul(next as u32);
        let sums = &mut self.running.sums;
        self.demodulator
            .push_block(kernel, signals, Some(end), next, sums);
        let mut delivered = 0;
        if let Some(measured) = measured
            && sums.pieces != 0
        {
            *measured = self.running;
            delivered = 1;
        }
        self.running.order = next;
        self.running.turns = turns;
        self.running.sums = FundamentalSums::ZERO;
        delivered
    }
}

/// Total distortion, in 1/32 768, of what has these shares in the fundamental.
pub fn distortion<K: Kernel>(kernel: &K, shares: &[u16]) -> u16 {
    let mut sum = 0;
    for share in shares {
        kernel.add_product(&mut sum, *share as i32, *share as i32);
    }
    kernel.square_root(&(sum as u64)) as u16
}
