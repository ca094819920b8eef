//! Fourier series: the form in which voltages and currents that repeat are kept, evaluated and measured exactly.

use std::f64::consts::{FRAC_PI_2, SQRT_2};

use num_complex::Complex64;
use realfft::RealFftPlanner;

/// A periodic signal, `dc + Σ Re(harmonics[h−1] · e^{ihθ})` at the angle θ of its fundamental. Amplitudes are peak values in
/// the signal's unit (volts, amperes, or watts for a product).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Mean value.
    pub dc: f64,
    /// Complex amplitudes of orders 1, 2, 3 …
    pub harmonics: Vec<Complex64>,
}

impl Series {
    /// √2 · `rms` · sin(θ + `phase_rad`).
    pub fn sine(rms: f64, phase_rad: f64) -> Self {
        let mut series = Self::default();
        series.add(1, rms, phase_rad);
        series
    }

    /// Adds √2 · `rms` · sin(order · θ + `phase_rad`); order 0 adds `rms` to the mean.
    pub fn add(&mut self, order: usize, rms: f64, phase_rad: f64) {
        let Some(index) = order.checked_sub(1) else {
            self.dc += rms;
            return;
        };
        if self.harmonics.len() < order {
            self.harmonics.resize(order, Complex64::ZERO);
        }
        self.harmonics[index] += Complex64::from_polar(SQRT_2 * rms, phase_rad - FRAC_PI_2);
    }

    /// The series through equally spaced samples of exactly one period, the first of them at θ = 0. Fewer than two samples
    /// give a constant.
    pub fn from_samples(samples: &[f64]) -> Self {
        let count = samples.len();
        if count < 2 {
            return Self {
                dc: samples.first().copied().unwrap_or(0.0),
                harmonics: Vec::new(),
            };
        }
        let forward = RealFftPlanner::new().plan_fft_forward(count);
        let mut input = samples.to_vec();
        let mut bins = forward.make_output_vec();
        forward
            .process(&mut input, &mut bins)
            .expect("the planner made both buffers' lengths");
        let scale = 2.0 / count as f64;
        let mut harmonics: Vec<Complex64> = bins[1..].iter().map(|bin| bin * scale).collect();
        if count.is_multiple_of(2)
            && let Some(nyquist) = harmonics.last_mut()
        {
            // The bin at half the sampling rate has no mirror image.
            *nyquist /= 2.0;
        }
        Self {
            dc: bins[0].re / count as f64,
            harmonics,
        }
    }

    /// Value where e^{iθ} = `turn`.
    pub fn at(&self, turn: Complex64) -> f64 {
        let sum = self
            .harmonics
            .iter()
            .rev()
            .fold(Complex64::ZERO, |sum, &amplitude| (sum + amplitude) * turn);
        self.dc + sum.re
    }

    /// The series times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            dc: self.dc * factor,
            harmonics: self
                .harmonics
                .iter()
                .map(|amplitude| amplitude * factor)
                .collect(),
        }
    }

    /// The series without its mean.
    pub fn without_dc(&self) -> Self {
        Self {
            dc: 0.0,
            ..self.clone()
        }
    }

    /// The same signal with θ advanced by `angle_rad`.
    pub fn advanced(&self, angle_rad: f64) -> Self {
        let turned = self
            .harmonics
            .iter()
            .zip(1..)
            .map(|(a, order)| a * Complex64::cis(f64::from(order) * angle_rad));
        Self {
            dc: self.dc,
            harmonics: turned.collect(),
        }
    }

    /// Rms phasor of an order from 1; its angle is that of a cosine.
    pub fn phasor(&self, order: usize) -> Complex64 {
        order
            .checked_sub(1)
            .and_then(|index| self.harmonics.get(index))
            .map_or(Complex64::ZERO, |amplitude| amplitude / SQRT_2)
    }

    /// Mean of the square of the orders `from..=to`, without the mean value.
    pub fn mean_square(&self, from: usize, to: usize) -> f64 {
        let orders = self.harmonics.iter().take(to).skip(from.saturating_sub(1));
        orders.map(|amplitude| amplitude.norm_sqr() / 2.0).sum()
    }

    /// Root of the mean square, mean value included.
    pub fn rms(&self) -> f64 {
        (self.dc * self.dc + self.mean_square(1, usize::MAX)).sqrt()
    }

    /// The product of two signals as a series: its `dc` is the mean product, its integral the energy.
    pub fn product(&self, other: &Self) -> Self {
        let (ours, theirs) = (&self.harmonics, &other.harmonics);
        let mut product = Self {
            dc: self.dc * other.dc,
            harmonics: vec![Complex64::ZERO; ours.len() + theirs.len()],
        };
        for (slot, amplitude) in product.harmonics.iter_mut().zip(ours) {
            *slot += amplitude * other.dc;
        }
        for (slot, amplitude) in product.harmonics.iter_mut().zip(theirs) {
            *slot += amplitude * self.dc;
        }
        // cos·cos splits into the sum and the difference of the orders, half each.
        for (a, &x) in ours
            .iter()
            .enumerate()
            .filter(|(_, x)| **x != Complex64::ZERO)
        {
            for (b, &y) in theirs.iter().enumerate() {
                product.harmonics[a + b + 1] += x * y / 2.0;
                match a.cmp(&b) {
                    std::cmp::Ordering::Equal => product.dc += (x * y.conj()).re / 2.0,
                    std::cmp::Ordering::Greater => {
                        product.harmonics[a - b - 1] += x * y.conj() / 2.0
                    }
                    std::cmp::Ordering::Less => product.harmonics[b - a - 1] += y * x.conj() / 2.0,
                }
            }
        }
        product
    }

    /// Integral over θ of everything but the mean value, from a place where e^{iθ} = `from` to one where it is `to`.
    pub fn swing(&self, from: Complex64, to: Complex64) -> f64 {
        let antiderivative = |turn: Complex64| {
            let mut power = Complex64::ONE;
            let mut sum = 0.0;
            for (amplitude, order) in self.harmonics.iter().zip(1..) {
                power *= turn;
                sum += (amplitude * power).im / f64::from(order);
            }
            sum
        };
        antiderivative(to) - antiderivative(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{PI, TAU};

    fn example() -> (Series, Series) {
        let mut v = Series::sine(220.0, 0.0);
        v.add(0, 3.0, 0.0);
        v.add(5, 22.0, 0.4);
        let mut i = Series::sine(10.0, -PI / 3.0);
        i.add(0, -0.5, 0.0);
        i.add(2, 1.5, 2.0);
        i.add(5, 4.0, 0.4);
        (v, i)
    }

    #[test]
    fn a_sine_starts_at_its_rising_zero_and_has_its_rms() {
        let sine = Series::sine(220.0, 0.0);
        assert!(sine.at(Complex64::ONE).abs() < 1e-12);
        assert!((sine.at(Complex64::cis(FRAC_PI_2)) - 220.0 * SQRT_2).abs() < 1e-12);
        assert!((sine.rms() - 220.0).abs() < 1e-12);
    }

    #[test]
    fn samples_and_series_are_the_same_signal() {
        let (v, _) = example();
        for count in [16usize, 501, 500] {
            let turn = |n: usize| Complex64::cis(TAU * n as f64 / count as f64);
            let samples: Vec<f64> = (0..count).map(|n| v.at(turn(n))).collect();
            let back = Series::from_samples(&samples);
            assert!((0..count).all(|n| (back.at(turn(n)) - samples[n]).abs() < 1e-9));
            assert!((back.rms() - v.rms()).abs() < 1e-9);
            assert!((back.phasor(5) - v.phasor(5)).norm() < 1e-9);
        }
        assert_eq!(Series::from_samples(&[4.0]).rms(), 4.0);
    }

    #[test]
    fn product_and_swing_agree_with_a_sum() {
        let (v, i) = example();
        let power = v.product(&i);
        let expected_w = 220.0 * 10.0 * 0.5 + 22.0 * 4.0 - 3.0 * 0.5;
        assert!((power.dc - expected_w).abs() < 1e-9);
        let (from, to) = (0.3, 4.1);
        let steps = 200_000;
        let width = (to - from) / f64::from(steps);
        let sum: f64 = (0..steps)
            .map(|n| Complex64::cis(from + (f64::from(n) + 0.5) * width))
            .map(|turn| v.at(turn) * i.at(turn) * width)
            .sum();
        let closed = power.dc * (to - from) + power.swing(Complex64::cis(from), Complex64::cis(to));
        assert!((sum - closed).abs() < 1e-5 * closed.abs(), "{sum} {closed}");
    }

    #[test]
    fn advancing_is_looking_later() {
        let (v, _) = example();
        let later = v.advanced(0.7);
        assert!((later.at(Complex64::cis(0.2)) - v.at(Complex64::cis(0.9))).abs() < 1e-10);
    }
}
