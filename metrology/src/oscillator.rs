//! The quadrature oscillator and the sums that it demodulates.
//!
//! A block, folded about its middle, is multiplied by the same eight cosines and sines every time, and the block's sum is
//! then turned by the oscillator's phase: no sine table and no phase rounding, only two complex products a block. The
//! eight values, the step from block to block and the phase come from the frequency by a short series and angle doubling,
//! in Q30.

use crate::block::BLOCK;
use crate::kernel::{FOLDED, Kernel};
use crate::wide::{ONE, half};

/// Cosine and sine sums of one signal over a piece, Σ x·cos and Σ x·sin; unit: code · sample · 2²⁵.
pub type Phasor = [i64; 2];

/// An oscillator of one frequency, advanced by blocks.
#[derive(Clone, Debug)]
pub struct Oscillator {
    /// cos((j + ½)ω), then sin((j + ½)ω), Q30.
    table: [[i32; FOLDED]; 2],
    /// Cosine and sine of the phase in the middle of the present block, Q30.
    phase: [i32; 2],
    /// Cosine and sine of the step from one block to the next, Q30.
    step: [i32; 2],
}

/// Square of a complex Q30 number.
#[inline(never)]
fn square<K: Kernel + ?Sized>(kernel: &K, a: &mut [i32; 2]) {
    let copy = *a;
    kernel.rotate(a, &copy);
}

/// 1 − x²/d₀·(1 − x²/d₁·(1 − …)) with the reciprocals of the divisors in Q30.
#[inline(never)]
fn series<K: Kernel + ?Sized>(kernel: &K, square: i32, reciprocals: &[i32; 4]) -> i32 {
    let mut value = ONE;
    for &reciprocal in reciprocals.iter().rev() {
        value = ONE - kernel.mul_q30(kernel.mul_q30(square, reciprocal), value);
    }
    value
}

/// Reciprocals of 1·2, 3·4, 5·6, 7·8 and of 2·3, 4·5, 6·7, 8·9, Q30.
static RECIPROCALS: [[i32; 4]; 2] = [
    [ONE / 2, ONE / 12, ONE / 30, ONE / 56],
    [ONE / 6, ONE / 20, ONE / 42, ONE / 72],
];

/// Cosine and sine of `turns`/2³² of a turn, Q30, for up to 0.2 turns.
#[inline(never)]
fn unit_vector<K: Kernel + ?Sized>(kernel: &K, turns: u32, vector: &mut [i32; 2]) {
    // A quarter of the angle, in radians Q30: turns/2³²·2π/4·2³⁰ = turns·(π/8·2³⁰)/2³⁰. It stays below 0.32, where the
    // series' next terms are under 10⁻⁹.
    let quarter = kernel.mul_q30(turns as i32, 421_657_428);
    let squared = kernel.mul_q30(quarter, quarter);
    vector[0] = series(kernel, squared, &RECIPROCALS[0]);
    vector[1] = kernel.mul_q30(quarter, series(kernel, squared, &RECIPROCALS[1]));
    square(kernel, vector);
    square(kernel, vector);
}

impl Oscillator {
    /// An oscillator that stands still.
    pub const STOPPED: Self = Self {
        table: [[0; FOLDED]; 2],
        phase: [0; 2],
        step: [0; 2],
    };

    /// Starts at `turns`/2³² of a turn per sample (at most 0.2 turns), with phase 0 in the middle of a block.
    pub fn start<K: Kernel + ?Sized>(&mut self, kernel: &K, turns: u32) {
        let Self { table, phase, step } = self;
        unit_vector(kernel, turns, step);
        unit_vector(kernel, half(turns as i32) as u32, phase);
        let [cosines, sines] = table;
        for (cos, sin) in cosines.iter_mut().zip(sines) {
            [*cos, *sin] = *phase;
            kernel.rotate(phase, step);
        }
        *phase = [ONE, 0];
        for _ in 0..BLOCK.ilog2() as u16 {
            square(kernel, step);
        }
        // Sixteen times the series' error, a hundred blocks in a row, would show: make the step's length 1 again.
        let mut missing = ONE;
        for part in &*step {
            missing -= kernel.mul_q30(*part, *part);
        }
        let correction = ONE + half(missing);
        for part in step {
            *part = kernel.mul_q30(*part, correction);
        }
    }

    /// Goes back to the block before.
    pub(crate) fn retreat<K: Kernel + ?Sized>(&mut self, kernel: &K) {
        let [cos, sin] = self.step;
        kernel.rotate(&mut self.phase, &[cos, -sin]);
    }

    /// Goes on to the next block.
    #[inline]
    pub fn advance<K: Kernel + ?Sized>(&mut self, kernel: &K) {
        kernel.rotate(&mut self.phase, &self.step);
    }

    /// Demodulates one block and adds the result to `sum`.
    ///
    /// The phase is cut to Q22, so that with what [`Kernel::correlate`] keeps the total of a piece of 0.25 s at 8 000 SPS
    /// stays below 2⁶¹ for any input.
    pub fn correlate<K: Kernel>(&self, kernel: &K, samples: &[i32; BLOCK], sum: &mut Phasor) {
        let [cos, sin] = self.phase;
        kernel.correlate(samples, &self.table, &[cos >> 8, sin >> 8], sum);
    }

    /// sin(ω/2), Q30, of the running frequency.
    pub(crate) fn half_sine(&self) -> i32 {
        self.table[1][0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;
    use std::f64::consts::TAU;

    extern crate std;

    const Q30: f64 = ONE as f64;

    /// Frequencies up to a fifth of a turn a sample, as turns · 2³².
    fn frequencies() -> impl Iterator<Item = u32> {
        (1..=40).map(|k| (0.005 * f64::from(k) * 2f64.powi(32)) as u32)
    }

    #[test]
    fn sines_and_cosines_are_right_to_ten_to_the_minus_eight() {
        for turns in frequencies() {
            let angle = f64::from(turns) / 2f64.powi(32) * TAU;
            let mut vector = [0; 2];
            unit_vector(&Portable, turns, &mut vector);
            let [cos, sin] = vector.map(|x| f64::from(x) / Q30);
            let error = (cos - angle.cos()).abs().max((sin - angle.sin()).abs());
            assert!(error < 1e-8, "{turns}: {error:e}");
        }
    }

    #[test]
    fn a_piece_of_a_hundred_blocks_keeps_phase_and_length() {
        for turns in frequencies() {
            let mut oscillator = Oscillator::STOPPED;
            oscillator.start(&Portable, turns);
            let angle = f64::from(turns) / 2f64.powi(32) * TAU;
            for (j, (cos, sin)) in oscillator.table[0]
                .iter()
                .zip(&oscillator.table[1])
                .enumerate()
            {
                let truth = (j as f64 + 0.5) * angle;
                assert!(
                    (f64::from(*cos) / Q30 - truth.cos()).abs() < 1e-7,
                    "{turns}, {j}"
                );
                assert!(
                    (f64::from(*sin) / Q30 - truth.sin()).abs() < 1e-7,
                    "{turns}, {j}"
                );
            }
            for block in 1..=100 {
                oscillator.advance(&Portable);
                let [cos, sin] = oscillator.phase.map(|x| f64::from(x) / Q30);
                assert!(
                    (cos.hypot(sin) - 1.0).abs() < 3e-7,
                    "{turns}: length after {block}"
                );
                let truth = angle * 16.0 * f64::from(block);
                let error = (cos - truth.cos()).abs().max((sin - truth.sin()).abs());
                assert!(
                    error < 2e-7 * f64::from(block) + 1e-7,
                    "{turns}: {error:e} after {block}"
                );
            }
        }
    }
}
