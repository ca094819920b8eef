//! The mains' phase as a function of time, exact however long the simulation runs.
//!
//! The phase is a fraction of a cycle in 128 bits that wraps by itself, and time is whole picoseconds, so a day of 60 Hz
//! adds no rounding; a floating-point phase would jitter by nanoradians after an hour, and a power reading at 1 ppm sees it.

use std::f64::consts::TAU;

use num_complex::Complex64;

use crate::time::{Time, to_seconds};

/// Phase and frequency from an instant on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    start: Time,
    /// Phase at `start`, cycles × 2¹²⁸.
    at_start: u128,
    /// Cycles × 2¹²⁸ per picosecond.
    step: u128,
    f_hz: f64,
    slope_hz_per_s: f64,
}

impl Phase {
    /// Phase zero (a rising zero crossing) at `start`, `f_hz` there, changing by `slope_hz_per_s`. Frequencies from 0 to
    /// 1000 Hz.
    pub fn new(start: Time, f_hz: f64, slope_hz_per_s: f64) -> Self {
        // 2³⁶ steps per hertz leave room for 2⁸⁴ before the division and lose 10⁻¹¹ Hz.
        let scaled = ((f_hz * (1u64 << 36) as f64).round() as u128) << 84;
        Self {
            start,
            at_start: 0,
            step: (scaled / 1_000_000_000_000) << 8,
            f_hz,
            slope_hz_per_s,
        }
    }

    /// Continues where `self` is at `start`, with another frequency and `jump_cycles` ahead.
    pub fn followed_by(
        &self,
        start: Time,
        f_hz: f64,
        slope_hz_per_s: f64,
        jump_cycles: f64,
    ) -> Self {
        let carried = self.cycles(start) + jump_cycles;
        let fixed = if self.slope_hz_per_s == 0.0 && jump_cycles == 0.0 {
            self.fixed(start)
        } else {
            ((carried.rem_euclid(1.0) * (1u64 << 53) as f64) as u128) << 75
        };
        Self {
            at_start: fixed,
            ..Self::new(start, f_hz, slope_hz_per_s)
        }
    }

    fn fixed(&self, now: Time) -> u128 {
        // Before `start` the difference is negative; two's complement makes the product right modulo one cycle.
        let elapsed = (i128::from(now) - i128::from(self.start)) as u128;
        self.at_start.wrapping_add(elapsed.wrapping_mul(self.step))
    }

    /// Phase at `now` in cycles, 0 to 1.
    pub fn cycles(&self, now: Time) -> f64 {
        let linear = (self.fixed(now) >> 75) as f64 / (1u64 << 53) as f64;
        if self.slope_hz_per_s == 0.0 {
            return linear;
        }
        let elapsed_s = self.elapsed_s(now);
        (linear + 0.5 * self.slope_hz_per_s * elapsed_s * elapsed_s).rem_euclid(1.0)
    }

    /// e^{iθ} at `now`.
    pub fn turn(&self, now: Time) -> Complex64 {
        Complex64::cis(TAU * self.cycles(now))
    }

    /// Frequency at `now`.
    pub fn f_hz(&self, now: Time) -> f64 {
        self.f_hz + self.slope_hz_per_s * self.elapsed_s(now)
    }

    /// Whether the frequency changes.
    pub fn is_steady(&self) -> bool {
        self.slope_hz_per_s == 0.0
    }

    fn elapsed_s(&self, now: Time) -> f64 {
        if now >= self.start {
            to_seconds(now - self.start)
        } else {
            -to_seconds(self.start - now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    #[test]
    fn whole_cycles_after_whole_seconds_for_ever() {
        let phase = Phase::new(0, 60.0, 0.0);
        for day in [0, 1, 100] {
            let cycles = phase.cycles(day * 86_400 * SECOND);
            assert!(cycles.min(1.0 - cycles) < 1e-9, "{cycles}");
        }
        assert!((phase.cycles(SECOND / 240) - 0.25).abs() < 1e-10);
        assert!((Phase::new(SECOND, 50.0, 0.0).cycles(SECOND - SECOND / 200) - 0.75).abs() < 1e-10);
    }

    #[test]
    fn a_ramp_integrates_and_is_continued_without_a_jump() {
        let ramp = Phase::new(0, 59.0, 0.5);
        let two_s = 2 * SECOND;
        assert!((ramp.cycles(two_s) - (59.0f64 * 2.0 + 1.0).rem_euclid(1.0)).abs() < 1e-9);
        assert_eq!(ramp.f_hz(two_s), 60.0);
        let at = SECOND + SECOND / 7;
        let next = ramp.followed_by(at, 61.0, 0.0, 0.0);
        assert!((next.cycles(at) - ramp.cycles(at)).abs() < 1e-12);
        assert!(
            (ramp.followed_by(at, 61.0, 0.0, 0.25).cycles(at)
                - (ramp.cycles(at) + 0.25).rem_euclid(1.0))
            .abs()
                < 1e-12
        );
    }
}
