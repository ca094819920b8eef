//! Conversion noise: the data sheet's level for each rate and gain, and a generator that repeats from its seed.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Input-referred microvolts rms, rows OSR 64 to 16384, columns gain 1 to 128 (SBAS889A table 7-1).
const LEVEL_UV: [[f64; 8]; 9] = [
    [75.34, 41.63, 26.84, 14.59, 8.90, 5.57, 5.58, 5.58],
    [21.31, 15.26, 13.52, 7.89, 5.21, 3.41, 3.42, 3.42],
    [10.68, 9.56, 9.09, 5.42, 3.63, 2.39, 2.39, 2.40],
    [7.56, 6.62, 6.37, 3.82, 2.55, 1.69, 1.69, 1.69],
    [5.35, 4.68, 4.52, 2.70, 1.82, 1.20, 1.20, 1.20],
    [4.25, 3.91, 3.79, 2.27, 1.52, 1.00, 1.00, 1.00],
    [3.38, 2.99, 2.88, 1.74, 1.17, 0.77, 0.77, 0.77],
    [2.39, 2.13, 2.13, 1.29, 0.86, 0.57, 0.57, 0.57],
    [1.90, 1.69, 1.56, 0.95, 0.64, 0.42, 0.42, 0.42],
];

/// How much noisier the two quick results after a reset are. The sheet only calls them noisy; one box instead of three
/// lets the shaped noise through, of the order of OSR 64.
const QUICK_FACTOR: f64 = 10.0;

/// Input-referred rms noise in volts at an oversampling ratio and a gain, both powers of two in the converter's range.
pub fn level_v(osr: u32, gain: u32, quick: bool) -> f64 {
    let row = (osr.trailing_zeros() as usize).clamp(6, 14) - 6;
    let column = (gain.trailing_zeros() as usize).min(7);
    LEVEL_UV[row][column] / 1e6 * if quick { QUICK_FACTOR } else { 1.0 }
}

/// A repeatable source of unit normal deviates.
#[derive(Clone, Debug)]
pub struct Noise(Xoshiro256PlusPlus);

impl Noise {
    /// The same seed gives the same noise on every machine.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next deviate, mean 0, variance 1.
    pub fn next_normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_the_data_sheet() {
        assert_eq!(level_v(512, 1, false), 7.56 / 1e6);
        assert_eq!(level_v(1024, 64, false), 1.20 / 1e6);
        assert_eq!(level_v(64, 1, false), 75.34 / 1e6);
        assert_eq!(level_v(16384, 128, false), 0.42 / 1e6);
    }

    #[test]
    fn deviates_are_normal_white_and_repeatable() {
        let mut noise = Noise::new(7);
        let values: Vec<f64> = (0..200_000).map(|_| noise.next_normal()).collect();
        let count = values.len() as f64;
        let moment = |power: i32| values.iter().map(|v| v.powi(power)).sum::<f64>() / count;
        // Four standard errors of each estimate.
        assert!(moment(1).abs() < 4.0 / count.sqrt());
        assert!((moment(2) - 1.0).abs() < 4.0 * (2.0 / count).sqrt());
        assert!((moment(4) - 3.0).abs() < 4.0 * (96.0 / count).sqrt());
        let neighbours = values.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count;
        assert!(neighbours.abs() < 4.0 / count.sqrt());
        let mut again = Noise::new(7);
        assert!(
            values
                .iter()
                .take(100)
                .all(|&value| value == again.next_normal())
        );
    }
}
