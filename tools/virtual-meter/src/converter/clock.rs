//! The converter's own crystal: when each of its clock periods begins, exactly and for ever.
//!
//! The period is kept in picoseconds with 48 fractional bits and multiplied by the count of periods since the last change
//! of frequency, never added up, so that rounding does not grow: after a hundred days an edge is still within a picosecond.

use crate::time::Time;

/// Nominal CLKIN, the crystal of the reference board (design page section 1).
pub const CLKIN_HZ: f64 = 8_192_000.0;

const FRACTION_BITS: u32 = 48;

/// A crystal that can be pulled: ticks on one side, picoseconds on the other.
#[derive(Clone, Debug)]
pub struct Crystal {
    anchor_tick: u64,
    /// Time of `anchor_tick`, picoseconds × 2⁴⁸.
    anchor: u128,
    /// Picoseconds × 2⁴⁸ per tick.
    period: u128,
    ppm: f64,
}

impl Crystal {
    /// A crystal whose tick 0 lies at time 0 and whose frequency is 8.192 MHz × (1 + `ppm` · 10⁻⁶).
    pub fn new(ppm: f64) -> Self {
        Self {
            anchor_tick: 0,
            anchor: 0,
            period: period(ppm),
            ppm,
        }
    }

    /// Deviation from the nominal frequency, parts per million.
    pub fn ppm(&self) -> f64 {
        self.ppm
    }

    /// Period of CLKIN in seconds.
    pub fn period_s(&self) -> f64 {
        1.0 / (CLKIN_HZ * (1.0 + self.ppm * 1e-6))
    }

    /// The instant at which `tick` begins, rounded down to a picosecond; ticks before the last pull count back from it.
    pub fn time_of(&self, tick: u64) -> Time {
        let fixed = if tick >= self.anchor_tick {
            self.anchor + u128::from(tick - self.anchor_tick) * self.period
        } else {
            self.anchor
                .saturating_sub(u128::from(self.anchor_tick - tick) * self.period)
        };
        (fixed >> FRACTION_BITS) as Time
    }

    /// The last tick whose instant [`time_of`](Self::time_of) is not after `now`.
    pub fn tick_at(&self, now: Time) -> u64 {
        // The instant is compared rounded down, so anything within this picosecond has begun.
        let now = (u128::from(now) << FRACTION_BITS) | ((1 << FRACTION_BITS) - 1);
        if now >= self.anchor {
            self.anchor_tick + ((now - self.anchor) / self.period) as u64
        } else {
            self.anchor_tick
                .saturating_sub(((self.anchor - now).div_ceil(self.period)) as u64)
        }
    }

    /// Pulls the crystal to `ppm` from `tick` on; ticks already passed keep their instants up to the present anchor.
    pub fn pull(&mut self, tick: u64, ppm: f64) {
        if tick >= self.anchor_tick {
            self.anchor += u128::from(tick - self.anchor_tick) * self.period;
        } else {
            self.anchor = self
                .anchor
                .saturating_sub(u128::from(self.anchor_tick - tick) * self.period);
        }
        self.anchor_tick = tick;
        self.period = period(ppm);
        self.ppm = ppm;
    }
}

fn period(ppm: f64) -> u128 {
    let picoseconds = 1e12 / (CLKIN_HZ * (1.0 + ppm * 1e-6));
    (picoseconds * (1u64 << FRACTION_BITS) as f64) as u128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    #[test]
    fn nominal_crystal_has_no_drift() {
        let crystal = Crystal::new(0.0);
        assert_eq!(crystal.time_of(8_192_000), SECOND);
        assert_eq!(
            crystal.time_of(8_192_000 * 86_400 * 100),
            SECOND * 86_400 * 100
        );
        assert_eq!(crystal.time_of(1), 122_070);
    }

    #[test]
    fn ticks_and_times_agree_both_ways() {
        let mut crystal = Crystal::new(-37.25);
        for pull in [0.0, 12.5, -80.0] {
            for tick in [0u64, 1, 2, 999, 8_192_001, 123_456_789_012] {
                let tick = tick + 1_000_000;
                let time = crystal.time_of(tick);
                assert_eq!(crystal.tick_at(time), tick);
                assert_eq!(crystal.tick_at(time - 1), tick - 1);
            }
            crystal.pull(1_000_000, pull);
        }
    }

    #[test]
    fn pulling_leaves_the_past_alone() {
        let mut crystal = Crystal::new(0.0);
        crystal.pull(8_192_000, 100.0);
        assert_eq!(crystal.time_of(8_192_000), SECOND);
        // 100 ppm fast: one nominal second of ticks takes 100 µs less.
        let second = crystal.time_of(2 * 8_192_000) - SECOND;
        assert!((second as f64 / SECOND as f64 - (1.0 - 1e-4 + 1e-8)).abs() < 1e-11);
    }
}
