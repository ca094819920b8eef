//! Evaluates a long periodic signal anywhere between its samples, to better than 10⁻⁷ of its amplitude.

use std::f64::consts::PI;

use num_complex::Complex64;
use realfft::RealFftPlanner;

/// A periodic signal sampled at twice the rate it needs, and evaluated anywhere between.
#[derive(Clone, Debug)]
pub struct Dense(Vec<f64>);

/// Points on either side of the nearest one.
const REACH: i64 = 12;
/// Shape of its Kaiser window; the doubled rate leaves a transition as wide as the band, so it can be steep.
const KAISER_BETA: f64 = 18.0;

impl Dense {
    /// From the `count / 2 + 1` bins of a forward transform of `count` samples.
    pub fn from_spectrum(spectrum: &[Complex64], count: usize) -> Self {
        let doubled = 2 * count;
        let mut bins = vec![Complex64::ZERO; count + 1];
        bins[..spectrum.len()].copy_from_slice(spectrum);
        if count.is_multiple_of(2) {
            // The bin at half the old rate was its own mirror image and now has one.
            bins[count / 2] /= 2.0;
        }
        bins[0].im = 0.0;
        bins[count].im = 0.0;
        let inverse = RealFftPlanner::new().plan_fft_inverse(doubled);
        let mut samples = inverse.make_output_vec();
        inverse
            .process(&mut bins, &mut samples)
            .expect("the imaginary parts of the first and last bin are zero");
        samples
            .iter_mut()
            .for_each(|sample| *sample /= count as f64);
        Self(samples)
    }

    /// Value at a fraction 0 to 1 of the period.
    pub fn at(&self, place: f64) -> f64 {
        self.weighted(&Taps::new(place, self.0.len()))
    }

    /// Values of several signals of one length, each at its place; places that agree share their work.
    pub fn at_all<const N: usize>(signals: &[Self; N], places: &[f64; N]) -> [f64; N] {
        let first = Taps::new(places[0], signals[0].0.len());
        std::array::from_fn(|n| {
            if places[n] == places[0] {
                signals[n].weighted(&first)
            } else {
                signals[n].at(places[n])
            }
        })
    }

    fn weighted(&self, taps: &Taps) -> f64 {
        let length = self.0.len();
        match self.0.get(taps.start..taps.start + taps.weights.len()) {
            Some(samples) => samples
                .iter()
                .zip(&taps.weights)
                .map(|(sample, weight)| sample * weight)
                .sum(),
            None => taps
                .weights
                .iter()
                .enumerate()
                .map(|(n, weight)| self.0[(taps.start + n) % length] * weight)
                .sum(),
        }
    }
}

/// Where to begin and how much of each sample to take.
struct Taps {
    start: usize,
    weights: [f64; 2 * REACH as usize + 1],
}

impl Taps {
    fn new(place: f64, length: usize) -> Self {
        let position = place * length as f64;
        let nearest = position.round();
        let start = (nearest as i64 - REACH).rem_euclid(length as i64) as usize;
        // From −½ to ½, so that the sine and the distance that divide each other are both exact near a sample.
        let offset = position - nearest;
        // sin(π(x−k)) = ±sin(πx): one sine for all points.
        let sine = (PI * offset).sin() / PI;
        let weights = std::array::from_fn(|n| {
            let k = n as i64 - REACH;
            let distance = offset - k as f64;
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            if offset.abs() < 1e-12 {
                return f64::from(k == 0);
            }
            sign * sine / distance * window(distance / (REACH as f64 + 0.5))
        });
        Self { start, weights }
    }
}

/// Exponential-of-semicircle form of the Kaiser window, which needs no Bessel function.
fn window(x: f64) -> f64 {
    let root = (1.0 - x * x).max(0.0).sqrt();
    (KAISER_BETA * (root - 1.0)).exp()
}

/// The bins of a forward transform, not scaled.
pub fn spectrum(samples: &[f64]) -> Vec<Complex64> {
    let forward = RealFftPlanner::new().plan_fft_forward(samples.len());
    let mut input = samples.to_vec();
    let mut bins = forward.make_output_vec();
    forward
        .process(&mut input, &mut bins)
        .expect("the planner made both buffers' lengths");
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn any_place_of_any_frequency_in_the_band() {
        let count = 1_000usize;
        for cycles in [1.0, 37.0, 250.0, 450.0, 499.0] {
            let samples: Vec<f64> = (0..count)
                .map(|n| (TAU * cycles * n as f64 / count as f64 + 0.3).sin())
                .collect();
            let dense = Dense::from_spectrum(&spectrum(&samples), count);
            for n in 0..300 {
                let place = (f64::from(n) * 0.618_034).fract();
                let error = dense.at(place) - (TAU * cycles * place + 0.3).sin();
                assert!(error.abs() < 1e-7, "{cycles} cycles at {place}: {error:e}");
            }
        }
    }
}
