//! Limits of error that the picture shows and readings are held against, percent of the active power.
//!
//! IEC 62053-22 counts currents in In, ANSI C12.20 in class amperes. The meter is looked at as a 5 (100) A meter there
//! and as class 100 here.

use super::errors::Found;
use super::grid::{CURRENTS_A, POWER_FACTORS, Part};

/// Nominal current of the IEC's table.
const IN_A: f64 = 5.0;
/// Class amperes of the ANSI's table.
const CLASS_A: f64 = 100.0;
/// Largest current of both.
const MOST_A: f64 = 100.0;

/// A line of limits: its name, and currents from which on each percentage holds.
pub struct Limit {
    /// For the legend.
    pub name: &'static str,
    /// First current in amperes, percent; ascending, the last up to [`MOST_A`].
    steps: [(f64, f64); 2],
}

impl Limit {
    /// Currents and percentages of the line's corners.
    pub fn corners(&self) -> [(f64, f64); 4] {
        let [(low_a, low_pct), (main_a, main_pct)] = self.steps;
        [
            (low_a, low_pct),
            (main_a, low_pct),
            (main_a, main_pct),
            (MOST_A, main_pct),
        ]
    }

    /// The limit at a current; none below the range.
    pub fn at(&self, current_a: f64) -> Option<f64> {
        let steps = self.steps.iter().rev();
        steps
            .into_iter()
            .find(|(from_a, _)| current_a >= *from_a)
            .map(|(_, percent)| *percent)
    }
}

/// IEC 62053-22 class 0.1 S at PF 1.
pub const IEC_UNITY: Limit = Limit {
    name: "IEC 62053-22 class 0.1 S, PF 1",
    steps: [(0.01 * IN_A, 0.2), (0.05 * IN_A, 0.1)],
};
/// The same at 0.5 inductive and 0.8 capacitive.
pub const IEC_DISPLACED: Limit = Limit {
    name: "IEC 62053-22 class 0.1 S, PF 0.5L and 0.8C",
    steps: [(0.02 * IN_A, 0.25), (0.1 * IN_A, 0.15)],
};
/// ANSI C12.20 class 0.1 at PF 1.
pub const ANSI_UNITY: Limit = Limit {
    name: "ANSI C12.20 class 0.1, PF 1",
    steps: [(0.01 * CLASS_A, 0.2), (0.015 * CLASS_A, 0.1)],
};

/// The IEC's limit for a power factor's curve; none is set for 0.25L.
pub fn of(lag_deg: f64) -> Option<&'static Limit> {
    let [unity, half, leading, _] = POWER_FACTORS.map(|(_, lag_deg)| lag_deg);
    if lag_deg == unity {
        Some(&IEC_UNITY)
    } else if lag_deg == half || lag_deg == leading {
        Some(&IEC_DISPLACED)
    } else {
        None
    }
}

/// Whether a point of the curves is over the IEC's limit.
pub fn is_over(found: &Found) -> bool {
    let limit = of(found.lag_deg).and_then(|limit| limit.at(found.current_a));
    found.part == Part::Current && limit.is_some_and(|limit| found.p_error_pct.abs() > limit)
}

/// Ends of the picture's current axis.
pub const AXIS_A: (f64, f64) = (CURRENTS_A[0], MOST_A);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_from_their_currents_on() {
        assert_eq!(IEC_UNITY.at(0.04), None);
        assert_eq!(IEC_UNITY.at(0.05), Some(0.2));
        assert_eq!(IEC_UNITY.at(0.25), Some(0.1));
        assert_eq!(ANSI_UNITY.at(1.2), Some(0.2));
        assert_eq!(IEC_DISPLACED.at(100.0), Some(0.15));
        assert!(of(0.0).is_some() && of(75.522_487_814_070_08).is_none());
    }
}
