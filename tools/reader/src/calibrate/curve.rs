//! The line current's curve: what a current transformer's gain and phase are at other currents than the test load's.
//!
//! The meter adds to its constants what the curve says at the current that it finds: straight in the fourth root of the
//! current between two points, constant beyond the ends. The test load is always a point, with nothing to add, so that its
//! own constants stay exact.

use c12::calibration::{POINTS, Point};

/// Points besides the test load's.
pub const MEASURED: usize = POINTS - 1;

/// Steps in 1, of gain and radians.
const STEPS: f64 = 1_048_576.0;

/// What is added at one current.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Correction {
    /// The gain becomes 1 + this times as large.
    pub gain: f64,
    /// Radians by which the measured current lags more there.
    pub phase_rad: f64,
}

impl Correction {
    fn of(point: &Point) -> Self {
        Correction {
            gain: f64::from(point.gain) / STEPS,
            phase_rad: f64::from(point.phase) / STEPS,
        }
    }
}

/// What a curve adds at a current in amperes.
pub fn at(points: &[Point; POINTS], current_a: f64) -> Correction {
    let root = |microamperes: f64| microamperes.max(0.0).sqrt().sqrt();
    let here = root(current_a * 1e6);
    let place = |point: &Point| root(f64::from(point.current_ua));
    let above = points.partition_point(|point| place(point) <= here);
    match (above.checked_sub(1).map(|k| &points[k]), points.get(above)) {
        (Some(low), Some(high)) => {
            let share = (here - place(low)) / (place(high) - place(low));
            let [low, high] = [low, high].map(Correction::of);
            let between = |low: f64, high: f64| low + share * (high - low);
            Correction {
                gain: between(low.gain, high.gain),
                phase_rad: between(low.phase_rad, high.phase_rad),
            }
        }
        (Some(end), None) | (None, Some(end)) => Correction::of(end),
        (None, None) => Correction::default(),
    }
}

/// The curve through what was found at some currents in amperes, and through nothing at the test load's.
///
/// Rounded; what does not fit becomes the nearest that does, and is refused as implausible later. Where there are fewer
/// points than a curve has, the last one is repeated.
pub fn through(main_a: f64, found: impl Iterator<Item = (f64, Correction)>) -> [Point; POINTS] {
    let mut points: Vec<Point> = found
        .take(MEASURED)
        .chain([(main_a, Correction::default())])
        .map(|(current_a, correction)| Point {
            current_ua: (current_a * 1e6).round() as u32,
            gain: (correction.gain * STEPS).round() as i16,
            phase: (correction.phase_rad * STEPS).round() as i16,
        })
        .collect();
    points.sort_by_key(|point| point.current_ua);
    core::array::from_fn(|k| points[k.min(points.len() - 1)])
}

/// A curve's points without repetitions, in amperes.
pub fn listed(points: &[Point; POINTS]) -> Vec<(f64, Correction)> {
    let mut listed = points.to_vec();
    listed.dedup();
    let used = listed.iter().filter(|point| point.current_ua != 0);
    used.map(|point| (f64::from(point.current_ua) / 1e6, Correction::of(point)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correction(gain: f64, phase_rad: f64) -> Correction {
        Correction { gain, phase_rad }
    }

    #[test]
    fn between_points_it_is_straight_in_the_fourth_root() {
        let found = [
            (0.0625, correction(300e-6, -600e-6)),
            (81.0, correction(-50e-6, 100e-6)),
        ];
        let points = through(16.0, found.into_iter());
        let expect = |current_a: f64, gain: f64, phase_rad: f64| {
            let found = at(&points, current_a);
            assert!((found.gain - gain).abs() < 1e-6, "{current_a} A: {found:?}");
            assert!((found.phase_rad - phase_rad).abs() < 1e-6, "{current_a} A");
        };
        expect(0.0625, 300e-6, -600e-6);
        expect(16.0, 0.0, 0.0);
        expect(81.0, -50e-6, 100e-6);
        // Fourth roots of 0.0625, 1 and 16 A: 0.5, 1 and 2.
        expect(1.0, 200e-6, -400e-6);
        expect(2.5f64.powi(4), -25e-6, 50e-6);
        // Constant beyond the ends.
        expect(0.0, 300e-6, -600e-6);
        expect(1e-3, 300e-6, -600e-6);
        expect(100.0, -50e-6, 100e-6);
    }

    #[test]
    fn the_last_point_is_repeated_and_listed_once() {
        let points = through(10.0, [(0.1, correction(0.0, 1e-3))].into_iter());
        assert_eq!(points.map(|point| point.current_ua)[1..], [10_000_000; 4]);
        let listed = listed(&points);
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[1], (10.0, Correction::default()));
        assert!((listed[0].1.phase_rad - 1e-3).abs() < 1e-6);
    }

    #[test]
    fn a_curve_of_zeros_adds_nothing() {
        let none = [Point::default(); POINTS];
        for current_a in [0.0, 0.1, 100.0] {
            assert_eq!(at(&none, current_a), Correction::default());
        }
        assert_eq!(listed(&none), []);
    }

    #[test]
    fn what_does_not_fit_is_as_far_as_it_goes() {
        let points = through(10.0, [(0.1, correction(0.5, -0.5))].into_iter());
        assert_eq!((points[0].gain, points[0].phase), (i16::MAX, i16::MIN));
    }
}
