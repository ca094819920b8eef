//! The quadrature oscillator and the sums that it demodulates.
//!
//! A block, folded about its middle, is multiplied by the same eight cosines and sines every time, and the block's sum is
//! then turned by the oscillator's phase: no sine table and no phase rounding, only two complex products a block. The eight values, the
//! step from block to block and the phase come from the frequency by a short series and angle doubling, in Q30.

use crate::block::BLOCK;
use crate::kernel::{FOLDED, Kernel};

/// Cosine and sine sums of one signal over a piece; unit: code · sample · 2²⁵.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phasor {
    /// Σ x·cos.
    pub cos: i64,
    /// Σ x·sin.
    pub sin: i64,
}

impl Phasor {
    /// Nothing summed yet.
    pub const ZERO: Self = Self { cos: 0, sin: 0 };
}

/// An oscillator of one frequency, advanced by blocks.
#[derive(Clone, Debug)]
pub struct Oscillator {
    /// cos((j + ½)ω), Q30.
    pub cos: [i32; FOLDED],
    /// sin((j + ½)ω), Q30.
    pub sin: [i32; FOLDED],
    /// Cosine and sine of the phase in the middle of the present block, Q30.
    pub phase: [i32; 2],
    /// Cosine and sine of the step from one block to the next, Q30.
    step: [i32; 2],
}

/// 1.0 in Q30.
const ONE: i32 = 1 << 30;

/// Product of two Q30 numbers.
fn mul_q30(a: i32, b: i32) -> i32 {
    ((a as i64 * b as i64) >> 30) as i32
}

/// Product of two complex Q30 numbers.
#[inline(never)]
fn rotate(a: [i32; 2], b: [i32; 2]) -> [i32; 2] {
    [
        mul_q30(a[0], b[0]) - mul_q30(a[1], b[1]),
        mul_q30(a[1], b[0]) + mul_q30(a[0], b[1]),
    ]
}

/// Cosine and sine of `turns`/2³² of a turn, Q30, for up to 0.2 turns.
pub(crate) fn unit_vector(turns: u32) -> [i32; 2] {
    // A quarter of the angle in radians, Q30: turns·2⁻³²·2π/4·2³⁰ = turns·(π/8)·2³²/2³². π/8·2³² = 1 686 629 713.
    let quarter = ((turns as u64 * 1_686_629_713) >> 32) as i32;
    let square = mul_q30(quarter, quarter);
    // cos = 1 − x²/2·(1 − x²/12·(1 − x²/30·(1 − x²/56))), sin = x·(1 − x²/6·(1 − x²/20·(1 − x²/42))); the quarter angle
    // stays below 0.32, where the next terms are under 10⁻⁹.
    let series = |divisors: [i32; 4]| {
        let mut value = ONE;
        for reciprocal in divisors {
            value = ONE - mul_q30(mul_q30(square, reciprocal), value);
        }
        value
    };
    const fn part(divisor: i32) -> i32 {
        (ONE + divisor / 2) / divisor
    }
    let cos = series([part(56), part(30), part(12), part(2)]);
    let sin = mul_q30(quarter, series([part(72), part(42), part(20), part(6)]));
    let half = rotate([cos, sin], [cos, sin]);
    rotate(half, half)
}

impl Oscillator {
    /// An oscillator that stands still.
    pub const STOPPED: Self = Self {
        cos: [0; FOLDED],
        sin: [0; FOLDED],
        phase: [0; 2],
        step: [0; 2],
    };

    /// Starts at `turns`/2³² of a turn per sample (at most 0.2 turns), with phase 0 in the middle of a block.
    pub fn start(&mut self, turns: u32) {
        let single = unit_vector(turns);
        let mut value = unit_vector(turns >> 1);
        for (cos, sin) in self.cos.iter_mut().zip(&mut self.sin) {
            [*cos, *sin] = value;
            value = rotate(value, single);
        }
        let mut step = single;
        let mut samples = 1;
        while samples < BLOCK {
            step = rotate(step, step);
            samples *= 2;
        }
        // Sixteen times the series' error, a hundred blocks in a row, would show: make the step's length 1 again.
        let square =
            ((step[0] as i64 * step[0] as i64 + step[1] as i64 * step[1] as i64) >> 30) as i32;
        let correction = ONE + ((ONE - square) >> 1);
        self.step = step.map(|x| mul_q30(x, correction));
        self.phase = [ONE, 0];
    }

    /// Goes on to the next block.
    pub fn advance(&mut self) {
        self.phase = rotate(self.phase, self.step);
    }

    /// The definition of [`Kernel::correlate`].
    ///
    /// The block's own sums are kept to code · 2³, the phase is rounded to Q22, so the total of a piece of 0.25 s at
    /// 8 000 SPS stays below 2⁶¹ for any input.
    pub fn correlate<K: Kernel + ?Sized>(
        &self,
        kernel: &K,
        even: &[i32; FOLDED],
        odd: &[i32; FOLDED],
        sum: &mut Phasor,
    ) {
        let mut in_phase = 0;
        kernel.mac(&mut in_phase, even, &self.cos);
        let mut quadrature = 0;
        kernel.mac(&mut quadrature, odd, &self.sin);
        let in_phase = (in_phase >> 27) as i32;
        let quadrature = (quadrature >> 27) as i32;
        let [cos, sin] = self.phase.map(|x| x >> 8);
        kernel.mac(&mut sum.cos, &[in_phase, quadrature], &[cos, -sin]);
        kernel.mac(&mut sum.sin, &[in_phase, quadrature], &[sin, cos]);
    }
}
