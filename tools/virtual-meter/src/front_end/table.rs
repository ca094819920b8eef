//! Signals with many harmonics as a finely sampled cycle: the cost of a value no longer grows with their number.
//!
//! Thirty-two points for each period of the highest order and Lagrange interpolation through eight of them leave an error of
//! 3·10⁻⁹ of that order's amplitude, far below a code.

use num_complex::Complex64;
use realfft::RealFftPlanner;

use super::lanes::Lanes;
use crate::mains::segment::LINES;

/// Points for each period of the highest order.
const POINTS_PER_PERIOD: usize = 32;
/// Points of the interpolation.
const REACH: usize = 8;

/// One cycle of all channels.
pub(super) struct Table {
    /// A power of two of points, the first few repeated at the end.
    points: Vec<[f64; 4]>,
    length: usize,
}

impl Table {
    pub fn new(lanes: &Lanes) -> Self {
        let length = (POINTS_PER_PERIOD * lanes.orders.len()).next_power_of_two();
        let inverse = RealFftPlanner::new().plan_fft_inverse(length);
        let mut points = vec![[0.0; 4]; length + REACH];
        for lane in 0..LINES {
            let mut bins = vec![Complex64::ZERO; length / 2 + 1];
            bins[0].re = lanes.dc[lane];
            for (bin, (re, im)) in bins[1..].iter_mut().zip(&lanes.orders) {
                *bin = Complex64::new(re[lane], im[lane]) / 2.0;
            }
            let mut samples = inverse.make_output_vec();
            inverse
                .process(&mut bins, &mut samples)
                .expect("the first and last bin are real");
            for (index, point) in points.iter_mut().enumerate() {
                point[lane] = samples[index % length];
            }
        }
        Self { points, length }
    }

    /// Values where each channel is at its phase, in cycles from 0 to 1.
    pub fn at(&self, cycles: &[f64; LINES]) -> [f64; LINES] {
        let first = self.around(cycles[0]);
        std::array::from_fn(|lane| {
            if cycles[lane] == cycles[0] {
                first[lane]
            } else {
                self.around(cycles[lane])[lane]
            }
        })
    }

    fn around(&self, cycles: f64) -> [f64; 4] {
        let position = cycles * self.length as f64;
        let whole = position as usize % self.length;
        let weights = lagrange(position.fract());
        // The points before the first are at the end.
        let start = (whole + self.length - (REACH / 2 - 1)) % self.length;
        let mut sum = [0.0; 4];
        for (point, weight) in self.points[start..start + REACH].iter().zip(weights) {
            for (slot, value) in sum.iter_mut().zip(point) {
                *slot += value * weight;
            }
        }
        sum
    }
}

/// Weights of eight equidistant points for a place `x`, 0 to 1, between the fourth and the fifth.
fn lagrange(x: f64) -> [f64; REACH] {
    /// 1 / Π(k − j) over all j but k.
    const SCALE: [f64; REACH] = [
        -1.0 / 5040.0,
        1.0 / 720.0,
        -1.0 / 240.0,
        1.0 / 144.0,
        -1.0 / 144.0,
        1.0 / 240.0,
        -1.0 / 720.0,
        1.0 / 5040.0,
    ];
    let distance: [f64; REACH] = std::array::from_fn(|k| x + (REACH / 2 - 1) as f64 - k as f64);
    let (mut before, mut after) = ([1.0; REACH], [1.0; REACH]);
    for k in 1..REACH {
        before[k] = before[k - 1] * distance[k - 1];
        after[REACH - 1 - k] = after[REACH - k] * distance[REACH - k];
    }
    std::array::from_fn(|k| before[k] * after[k] * SCALE[k])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn equals_the_polynomial() {
        for count in [1usize, 25, 100, 249] {
            let orders = (0..count).map(|n| {
                (
                    [1.0 / (n + 1) as f64, 0.1, -0.2, 0.0],
                    [0.3, -1.0 / (n + 1) as f64, 0.0, 0.0],
                )
            });
            let lanes = Lanes {
                dc: [0.5, -0.25, 0.0, 0.0],
                orders: orders.collect(),
            };
            let table = Table::new(&lanes);
            for n in 0..500 {
                let cycles = [0, 1, 2]
                    .map(|lane| (f64::from(n) * 0.618_034 + 0.001 * f64::from(lane)).fract());
                let (fast, exact) = (
                    table.at(&cycles),
                    lanes.at(&cycles.map(|cycles| Complex64::cis(TAU * cycles))),
                );
                for lane in 0..LINES {
                    assert!(
                        (fast[lane] - exact[lane]).abs() < 1e-8 * (1 + count) as f64,
                        "{count}: {fast:?} {exact:?}"
                    );
                }
            }
        }
    }
}
