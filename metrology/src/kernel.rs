//! The operations that the compiler makes slow or large on the target, so that the firmware can supply them in assembler:
//! what runs for every sample, and arithmetic in 64 bits, which LLVM spells out in some hundred bytes each time.
//!
//! The methods' own bodies are the definition: another implementation must give bit-identical results for every input
//! within the stated ranges. Costs of an assembler version on the MSP430's 32-bit multiplier are in the crate's README.

use crate::block::{BLOCK, CENTRE, Lane};
use crate::formula::{Desk, Step};
use crate::oscillator::Phasor;
use crate::wide;

/// Half a block: what is left of it when it is folded.
pub const FOLDED: usize = BLOCK / 2;

/// Wide arithmetic, in place, and operations on whole blocks. All take bounded time, none can panic.
pub trait Kernel {
    /// `a·b / 2³⁰`, rounded to nearest: the definition is in `wide`.
    #[inline]
    fn mul_q30(&self, a: i32, b: i32) -> i32 {
        wide::mul_q30(a, b)
    }

    /// `x = x·m / 2^(32 + shift)`, rounded to nearest: the definition is in `wide`.
    #[inline]
    fn scale(&self, x: &mut i64, m: u32, shift: u16) {
        wide::scale(x, m, shift);
    }

    /// `n / d`, rounded down, or `u32::MAX`: the definition is in `wide`.
    #[inline]
    fn divide(&self, n: u64, d: u32) -> u32 {
        wide::divide(n, d)
    }

    /// Replaces the complex Q30 number `a` (real, imaginary part) by `a·b`, each part rounded to nearest once.
    #[inline]
    fn rotate(&self, a: &mut [i32; 2], b: &[i32; 2]) {
        let [real, imaginary] = a.map(|x| x as i64);
        let [cos, sin] = b.map(|x| x as i64);
        let round = |sum: i64| ((sum + (1 << 29)) >> 30) as i32;
        *a = [
            round(real * cos - imaginary * sin),
            round(imaginary * cos + real * sin),
        ];
    }

    /// Square root, rounded down.
    #[inline]
    fn square_root(&self, x: &u64) -> u32 {
        wide::square_root(*x)
    }

    /// `x += y`, wrapping.
    #[inline]
    fn add(&self, x: &mut i64, y: &i64) {
        *x = x.wrapping_add(*y);
    }

    /// `x -= y`, wrapping.
    #[inline]
    fn sub(&self, x: &mut i64, y: &i64) {
        *x = x.wrapping_sub(*y);
    }

    /// `x += y`, wrapping.
    #[inline]
    fn add_small(&self, x: &mut i64, y: i32) {
        *x = x.wrapping_add(y as i64);
    }

    /// `x = x·2^bits`, wrapping; `bits` is at least 1 and costs time.
    #[inline]
    fn shift_left(&self, x: &mut i64, bits: u16) {
        *x <<= bits;
    }

    /// `x = −x`, wrapping.
    #[inline]
    fn negate(&self, x: &mut i64) {
        *x = x.wrapping_neg();
    }

    /// `x += a·b`, wrapping.
    #[inline]
    fn add_product(&self, x: &mut i64, a: i32, b: i32) {
        *x = x.wrapping_add(a as i64 * b as i64);
    }

    /// Works off a formula on a desk, for a channel (0 … 3): the definition is in `formula`. Bounded time: nothing in a
    /// formula goes back.
    #[inline]
    fn work_off(&self, desk: &mut Desk<'_>, formula: &[Step], channel: usize)
    where
        Self: Sized,
    {
        desk.work_off(self, formula, channel);
    }

    /// Adds Σ `a[j]·b[j]` to `sum`, over the shorter of the two slices (16 or 17 elements in practice).
    ///
    /// Callers guarantee that the exact sum fits 64 bits.
    #[inline]
    fn mac(&self, sum: &mut i64, a: &[i32], b: &[i32]) {
        let mut total = *sum;
        for (&a, &b) in a.iter().zip(b) {
            total = total.wrapping_add(a as i64 * b as i64);
        }
        *sum = total;
    }

    /// Flattens the converter's sinc³ droop: `filtered[1 + j]` = ¼(30x − 8(x₋₁ + x₊₁) + x₋₂ + x₊₂) around centre
    /// sample *j* of `lane`, that is four times the code; returns the sum of the 16 centre samples.
    ///
    /// `filtered[0]` is left alone. What the quarter cuts off is carried in `remainder` (0 … 3) into the next sample,
    /// so the filter's gain at DC is exactly 4. The crate's page says why these coefficients.
    #[inline]
    fn droop(&self, lane: &Lane, remainder: &mut i32, filtered: &mut [i32; CENTRE]) -> i32 {
        let mut carried = *remainder;
        let mut sum = 0;
        for (around, out) in lane.windows(5).zip(filtered.iter_mut().skip(1)) {
            let &[a, b, x, c, d] = around else { continue };
            let value = 30 * x - 8 * (b + c) + a + d + carried;
            *out = value >> 2;
            carried = value & 3;
            sum += x;
        }
        *remainder = carried;
        sum
    }

    /// Sum of the 16 centre samples of `lane`.
    #[inline]
    fn sum(&self, lane: &Lane) -> i32 {
        lane[2..2 + BLOCK].iter().sum()
    }

    /// Largest magnitude among the 16 newest samples of `lane`.
    #[inline]
    fn peak(&self, lane: &Lane) -> u32 {
        let mut largest = 0;
        for &x in &lane[4..] {
            let magnitude = x.unsigned_abs();
            if magnitude > largest {
                largest = magnitude;
            }
        }
        largest
    }

    /// Demodulates 16 centre samples and adds the result to `sum`, in units of code · 2²⁵.
    ///
    /// The samples are folded about the block's middle and multiplied by `table` (cosines, then sines, of (j + ½)ω, Q30);
    /// the two sums, cut to code · 2³, are turned by `phase` (cosine and sine, Q22).
    #[inline]
    fn correlate(
        &self,
        samples: &[i32; BLOCK],
        table: &[[i32; FOLDED]; 2],
        phase: &[i32; 2],
        sum: &mut Phasor,
    ) {
        let (early, late) = samples.split_at(FOLDED);
        let [mut in_phase, mut quadrature] = [0i64; 2];
        for ((&early, &late), (&cos, &sin)) in early
            .iter()
            .rev()
            .zip(late)
            .zip(table[0].iter().zip(&table[1]))
        {
            in_phase += (late + early) as i64 * cos as i64;
            quadrature += (late - early) as i64 * sin as i64;
        }
        let [in_phase, quadrature] = [in_phase >> 27, quadrature >> 27];
        let [cos, sin] = phase.map(|x| x as i64);
        sum[0] += in_phase * cos - quadrature * sin;
        sum[1] += in_phase * sin + quadrature * cos;
    }
}

/// The operations in plain Rust.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl Kernel for Portable {}
