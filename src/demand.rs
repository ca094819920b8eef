//! Demand: the mean of the imported active power over an interval of the clock, and its maximum.
//!
//! An interval is so many sub-intervals, as ST13 says, and one ends with every sub-interval: with one of them it is a block, with
//! more it slides. Sub-intervals begin at the full hour. What the import was at the beginning of each is kept, so that an
//! interval's energy is one difference, exact to the pulse.
//!
//! Sixteen bits tell the pulses of 100 A at 240 V in twenty minutes. For longer intervals four pulses count as one, 1.25 W of a
//! mean over half an hour.

use c12::clock::{self, Clock};

/// Sub-intervals of an interval at most.
pub const MOST: usize = 3;
/// Longer intervals count four pulses as one, minutes.
const LONG: u16 = 20;

/// What ST13 says, in its bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// SUB_INT: length of a sub-interval, minutes; 0 before [`DELIVERED`](Self::DELIVERED) takes its place.
    pub sub_min: u8,
    /// INT_MULTIPLIER: sub-intervals of an interval, 1 … [`MOST`].
    pub times: u8,
}

impl Interval {
    /// Nobody has said.
    pub const ZERO: Self = Self {
        sub_min: 0,
        times: 0,
    };
    /// As delivered: blocks of fifteen minutes.
    pub const DELIVERED: Self = Self {
        sub_min: 15,
        times: 1,
    };

    /// Whether intervals and sub-intervals divide an hour, and there are not too many of them.
    pub fn is_one(&self) -> bool {
        let (sub_min, times) = (self.sub_min as u16, self.times as u16);
        sub_min.wrapping_sub(1) < 60
            && times.wrapping_sub(1) < MOST as u16
            && clock::rest(60, sub_min) == 0
            && clock::rest(60, self.minutes()) == 0
    }

    /// Minutes of an interval.
    pub fn minutes(&self) -> u16 {
        let mut minutes = 0;
        for _ in 0..self.times as u16 {
            minutes += self.sub_min as u16;
        }
        minutes
    }

    /// Import so far, as it is kept for such intervals.
    pub fn count(&self, pulses: u32) -> u16 {
        if self.minutes() > LONG {
            return (pulses >> 2) as u16;
        }
        pulses as u16
    }
}

/// The maximum since the last reset, as ST23 shows it but for the interval under way.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Import when the sub-interval began, as [`Interval::count`] tells it.
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

    /// A sub-interval begins, and with it all of an interval: nothing has been counted.
    pub fn begin(&mut self, earlier: &mut [u16; MOST - 1], count: u16) {
        self.start = count;
        *earlier = [count; MOST - 1];
    }

    /// A minute of the clock has begun; `pulses` is the import so far, `earlier` what it was when the sub-intervals before the one
    /// under way began, the last one first.
    pub fn tick(
        &mut self,
        earlier: &mut [u16; MOST - 1],
        interval: Interval,
        clock: &Clock,
        pulses: u32,
    ) {
        let [time @ .., _, _] = clock.bytes();
        if clock::rest(time[4] as u16, interval.sub_min as u16) != 0 {
            return;
        }
        let now = interval.count(pulses);
        let [last, last_but_one] = *earlier;
        let began = match interval.times {
            1 => self.start,
            2 => last,
            _ => last_but_one,
        };
        *earlier = [self.start, last];
        self.start = now;
        // In an hour of such intervals.
        let gained = now.wrapping_sub(began) as u32;
        let minutes = interval.minutes();
        let mut hour = 0u32;
        let mut at = 0;
        while at < 60 {
            hour += gained;
            at += minutes;
        }
        if minutes <= LONG {
            hour >>= 2;
        }
        // A pulse is 1000 / 6400 Wh: four of them are 5/8.
        let hour = hour as u16;
        let mean_w = (hour >> 1) + (hour >> 3);
        if mean_w > self.max_w {
            self.max_w = mean_w;
            self.time = *time;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn the_maximum_of_whole_intervals() {
        let mut clock = Clock::from_bytes([26, 11, 20, 23, 44, 0, 7]);
        let mut demand = Demand::ZERO;
        let mut pulses = 1000_u32;
        let mut earlier = [0; MOST - 1];
        demand.begin(&mut earlier, Interval::DELIVERED.count(pulses));
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
                    demand.tick(&mut earlier, Interval::DELIVERED, &clock, pulses);
                }
            }
            assert_eq!((demand.max_w, demand.time), (max_w, time));
        }
    }

    /// Every interval that ST13 takes, under a load that changes every minute up to 26 kW, against the whole list of minutes.
    #[test]
    fn every_interval_slides_over_what_was() {
        let mut intervals = 0;
        for (sub_min, times) in (0..=70).flat_map(|sub| (0..=5).map(move |times| (sub, times))) {
            let minutes = sub_min * times;
            let is_one = minutes != 0
                && 60 % sub_min == 0
                && 60_u16.checked_rem(minutes) == Some(0)
                && times <= 3;
            let interval = Interval {
                sub_min: sub_min as u8,
                times: times as u8,
            };
            assert_eq!(interval.is_one(), is_one, "{sub_min} × {times}");
            if !is_one {
                continue;
            }
            intervals += 1;
            let mut clock = Clock::from_bytes([26, 11, 20, 22, 0, 0, 7]);
            let mut demand = Demand::ZERO;
            let mut earlier = [0; MOST - 1];
            let mut pulses = 4_294_900_000_u32;
            demand.begin(&mut earlier, interval.count(pulses));
            let mut all = Vec::new();
            // Mean of the interval that ended after so many minutes, W.
            let mut means_w = vec![0.0; 361];
            for minute in 1..=360_u32 {
                let gained = (minute * minute * 7919) % 2800;
                all.push(gained);
                pulses = pulses.wrapping_add(gained);
                for _ in 0..60 {
                    clock.tick();
                }
                demand.tick(&mut earlier, interval, &clock, pulses);
                if minute % u32::from(sub_min) == 0 {
                    let within = all.len().saturating_sub(usize::from(minutes));
                    let sum = f64::from(all[within..].iter().sum::<u32>());
                    means_w[minute as usize] = sum / 6.4 * 60.0 / f64::from(minutes);
                }
            }
            // A pulse of such an interval, or four of a long one, and two watts of rounding.
            let unit = if minutes > LONG { 4.0 } else { 1.0 };
            let step_w = unit / 6.4 * 60.0 / f64::from(minutes) + 2.0;
            let most_w = means_w.iter().copied().fold(0.0, f64::max);
            let off_w = f64::from(demand.max_w) - most_w;
            assert!(off_w.abs() <= step_w, "{sub_min} × {times}: {off_w} W");
            // The time told is that of this maximum, or of one that is as large within the step.
            let [.., hour, minute] = demand.time;
            let at = (usize::from(hour) + 24 - 22) % 24 * 60 + usize::from(minute);
            let off_w = f64::from(demand.max_w) - means_w[at];
            assert!(
                off_w.abs() <= step_w,
                "{sub_min} × {times} at {at}: {off_w} W"
            );
        }
        assert_eq!(intervals, 26);
    }
}
