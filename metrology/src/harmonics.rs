//! Harmonics of voltage and current: the demodulator of the fundamental, run at one order after the other.
//!
//! Each order gets one piece (0.2 s); a round over the orders 2 … 21 takes four seconds. Optional: a firmware that does
//! not feed it pays nothing.

use crate::block::{Block, LINE, VOLTAGE};
use crate::fundamental::Demodulator;
use crate::kernel::Kernel;
use crate::wide::{HALF, ONE};
use crate::window::{FundamentalSums, PieceEnd, Window};

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
    /// Twice the square of its rms voltage, code²/10 000, droop of the converter's filter taken out.
    pub voltage: i64,
    /// Twice the square of its rms current, likewise.
    pub current: i64,
}

/// Measures the harmonics in turn.
#[derive(Clone, Debug)]
pub struct Harmonics {
    demodulator: Demodulator,
    order: u16,
    /// Frequency of the running piece, turns per sample · 2³².
    turns: u32,
}

impl Default for Harmonics {
    fn default() -> Self {
        Self::new()
    }
}

impl Harmonics {
    /// Begins with the lowest order.
    pub const fn new() -> Self {
        Self {
            demodulator: Demodulator::STOPPED,
            order: ORDERS.0,
            turns: 0,
        }
    }

    /// Accounts for a block that the meter has just accounted for, `end` from [`crate::Meter::end`]; returns an order when
    /// its piece is complete.
    pub fn push_block<K: Kernel>(
        &mut self,
        kernel: &K,
        block: &Block,
        end: Option<&PieceEnd>,
    ) -> Option<Harmonic> {
        let measured_order = self.order;
        let measured_turns = self.turns;
        if let Some(end) = end {
            self.order += 1;
            self.turns = end.turns.wrapping_mul(self.order as u32);
            if self.order > ORDERS.1 || self.turns > MOST_TURNS {
                self.order = ORDERS.0;
                self.turns = end.turns * ORDERS.0 as u32;
            }
        }
        let signals = [block.centre(VOLTAGE), block.centre(LINE)];
        let mut sums = FundamentalSums::default();
        self.demodulator
            .push_block(kernel, signals, end, self.order, &mut sums);
        if sums.pieces == 0 {
            return None;
        }
        let restore = undroop(kernel, measured_turns);
        for power in [&mut sums.voltage, &mut sums.current] {
            kernel.scale(power, restore, 0);
            kernel.shift_left(power, 1);
        }
        Some(Harmonic {
            order: measured_order,
            voltage: sums.voltage,
            current: sums.current,
        })
    }
}

/// What the power of a sine lost in the converter's sinc³ filter, (x / sin x)⁶ with x half the angle per sample, Q31, for
/// `turns`/2³² up to a fifth of a turn per sample.
fn undroop<K: Kernel>(kernel: &K, turns: u32) -> u32 {
    // sin x / x = 1 − x²/6·(1 − x²/20·(1 − x²/42)), x² = π²·turns² in Q30.
    let square = kernel.mul_q30(kernel.mul_q30(turns as i32, turns as i32), 662_337_939);
    let mut ratio = ONE;
    for reciprocal in [ONE / 42, ONE / 20, ONE / 6] {
        ratio = ONE - kernel.mul_q30(kernel.mul_q30(square, reciprocal), ratio);
    }
    let cube = kernel.mul_q30(kernel.mul_q30(ratio, ratio), ratio);
    kernel.divide(1 << 61, kernel.mul_q30(cube, cube) as u32)
}

/// The last measured share of every order in the fundamental.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spectrum {
    /// Voltage of orders 2 … 21 over the fundamental's, in 1/32 768.
    pub voltage: [u16; COUNT],
    /// Current, likewise.
    pub current: [u16; COUNT],
}

impl Default for Spectrum {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Spectrum {
    /// No harmonics.
    pub const EMPTY: Self = Self {
        voltage: [0; COUNT],
        current: [0; COUNT],
    };

    /// Enters an order, measured while or shortly after `window` was.
    pub fn enter<K: Kernel>(&mut self, kernel: &K, harmonic: &Harmonic, window: &Window) {
        let at = harmonic.order.wrapping_sub(ORDERS.0) as usize;
        let tally = &window.tally;
        let pieces = tally.fundamental.pieces as i32;
        if let (Some(voltage), Some(current)) = (self.voltage.get_mut(at), self.current.get_mut(at))
        {
            *voltage = share(kernel, harmonic.voltage, tally.fundamental.voltage, pieces);
            *current = share(kernel, harmonic.current, tally.fundamental.current, pieces);
        }
    }

    /// Total distortion by the orders measured, voltage and current, in 1/32 768 of the fundamental.
    pub fn distortion<K: Kernel>(&self, kernel: &K) -> [u16; 2] {
        [&self.voltage, &self.current].map(|shares| {
            let mut sum = 0u64;
            for &share in shares {
                sum += share as u64 * share as u64;
            }
            kernel.square_root(&sum).min(u16::MAX as u32) as u16
        })
    }
}

/// √(part / (whole / pieces)) in 1/32 768, at most 65 535; 0 if there is no whole.
fn share<K: Kernel>(kernel: &K, mut part: i64, mut whole: i64, pieces: i32) -> u16 {
    // Equal shifts until the whole fits 31 bits; five times the part, times 2³⁰, then fits 64.
    while whole >> 31 != 0 {
        kernel.scale(&mut whole, HALF, 0);
        kernel.scale(&mut part, HALF, 0);
    }
    if whole <= 0 || part < 0 || part > whole {
        return 0;
    }
    // Power ratio in Q30, its root in Q15.
    let ratio = kernel.divide((part as u64 * pieces as u64) << 30, whole as u32);
    kernel.square_root(&(ratio as u64)).min(u16::MAX as u32) as u16
}
