//! Block demand: the mean of the imported active power over fifteen minutes of the clock, and its maximum.

use c12::clock::{self, Clock};

/// Length of an interval, minutes; intervals begin at the full hour.
pub const INTERVAL_MIN: u8 = 15;

/// The maximum since the last reset, as ST23 shows it but for the interval under way.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Import pulses when the interval began, the lower 16 bits: an interval of 40 kW has fewer than those tell.
    pub start: u16,
    /// Number of resets, wrapping.
    pub resets: u8,
    /// When the interval of the maximum ended, as STIME_DATE; zero when there was none.
    pub time: [u8; 5],
    /// The maximum, watts.
    pub max_w: u16,
    /// Its upper half.
    pub zero: u16,
}

impl Demand {
    /// None yet.
    pub const ZERO: Self = Self {
        start: 0,
        resets: 0,
        time: [0; 5],
        max_w: 0,
        zero: 0,
    };

    /// A minute of the clock has begun; `pulses` is the import so far.
    pub fn tick(&mut self, clock: &Clock, pulses: u16) {
        let [time @ .., _, _] = clock.bytes();
        if clock::rest(time[4] as u16, INTERVAL_MIN as u16) != 0 {
            return;
        }
        // A pulse is 1000 / 6400 Wh, and four intervals make an hour: 5/8 W.
        let gained = pulses.wrapping_sub(self.start);
        let mean_w = (gained >> 1) + (gained >> 3);
        self.start = pulses;
        if mean_w > self.max_w {
            self.max_w = mean_w;
            self.time = *time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_of_whole_intervals() {
        let mut clock = Clock::from_bytes([26, 11, 20, 23, 44, 0, 7]);
        let mut demand = Demand::ZERO;
        let mut pulses = 1000_u16;
        demand.start = pulses;
        // 6400 pulses an hour are 1 kW: 1600 in a quarter.
        for (minutes, gained, max_w, time) in [
            (1, 100, 62, [26, 11, 20, 23, 45]),
            (15, 1600, 1000, [26, 11, 21, 0, 0]),
            (15, 1599, 1000, [26, 11, 21, 0, 0]),
            (15, 3200, 2000, [26, 11, 21, 0, 30]),
            // The counter's 16 bits begin anew in the middle of it.
            (14, 60_000, 2000, [26, 11, 21, 0, 30]),
            (1, 0, 37_500, [26, 11, 21, 0, 45]),
        ] {
            pulses = pulses.wrapping_add(gained);
            for _ in 0..60 * minutes {
                clock.tick();
                if clock.bytes()[5] == 0 {
                    demand.tick(&clock, pulses);
                }
            }
            assert_eq!((demand.max_w, demand.time), (max_w, time));
        }
    }
}
