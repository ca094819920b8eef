//! Cycles, ticks and picoseconds: what each clock of the chip has counted at any instant.
//!
//! MCLK is the simulation's own count. Every other clock is a line through a base point: SMCLK in MCLK cycles, the
//! low-frequency clocks in picoseconds. A change of frequency sets a new base point at that instant, so counts run on
//! without a jump. Periods are kept in units of 2^-64 ps: over a day the rounding stays below a nanosecond's millionth.

use crate::time::Time;

/// A frequency in microhertz: a crystal's error in parts per billion is still a whole number.
pub type Microhertz = u64;

/// Microhertz of one hertz.
pub const HERTZ: Microhertz = 1_000_000;

/// A clock that a peripheral may run from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Sub-system master clock, MCLK divided by DIVS.
    Smclk,
    /// Auxiliary clock.
    Aclk,
    /// The crystal oscillator itself.
    Xt1,
    /// The 10 kHz oscillator.
    Vlo,
}

/// A clock as a straight line: `ticks` ticks at `time`, then one every `period`.
#[derive(Clone, Copy, Debug)]
struct Line {
    time: Time,
    ticks: u64,
    /// Whole picoseconds of a period, and the rest in 2^-64 ps.
    period: (u64, u64),
}

impl Line {
    fn new(time: Time, ticks: u64, frequency: Microhertz) -> Self {
        // 10^12 ps/s · 10^6 µHz/Hz
        let period = (1_000_000_000_000_000_000_u128 << 64) / u128::from(frequency.max(1));
        Self {
            time,
            ticks,
            period: ((period >> 64) as u64, period as u64),
        }
    }

    /// The time of tick number `ticks`, rounded to a picosecond.
    #[inline]
    fn time_of(&self, ticks: u64) -> Time {
        let since = ticks.saturating_sub(self.ticks);
        let fraction = (u128::from(since) * u128::from(self.period.1) + (1 << 63)) >> 64;
        self.time + since * self.period.0 + fraction as u64
    }

    /// The number of ticks that have happened at `time`.
    #[inline]
    fn ticks_at(&self, time: Time) -> u64 {
        let since = time.saturating_sub(self.time);
        let period = self.period.0 as f64 + self.period.1 as f64 / 18_446_744_073_709_551_616.0;
        // The estimate is off by far less than a tick; the exact line decides.
        let mut ticks = self.ticks + (since as f64 / period) as u64;
        while ticks > self.ticks && self.time_of(ticks) > time {
            ticks -= 1;
        }
        while self.time_of(ticks + 1) <= time {
            ticks += 1;
        }
        ticks
    }

    /// The first tick that does not come before `time`.
    fn first_tick_from(&self, time: Time) -> u64 {
        let ticks = self.ticks_at(time);
        if self.time_of(ticks) >= time {
            ticks
        } else {
            ticks + 1
        }
    }

    fn change(&mut self, time: Time, frequency: Microhertz) {
        *self = Self::new(time, self.ticks_at(time), frequency);
    }
}

/// Every clock of the chip.
#[derive(Debug)]
pub struct Clocks {
    mclk: Line,
    mclk_frequency: Microhertz,
    /// SMCLK: MCLK cycle and tick count of the base point, and log2 of the divider.
    smclk: (u64, u64, u32),
    aclk: Line,
    xt1: Line,
    vlo: Line,
}

impl Clocks {
    /// All clocks start at time 0 with count 0; MCLK runs at `mclk`, ACLK and the crystal at `low`.
    pub fn new(mclk: Microhertz, low: Microhertz, vlo: Microhertz) -> Self {
        Self {
            mclk: Line::new(0, 0, mclk),
            mclk_frequency: mclk,
            smclk: (0, 0, 0),
            aclk: Line::new(0, 0, low),
            xt1: Line::new(0, 0, low),
            vlo: Line::new(0, 0, vlo),
        }
    }

    /// The present MCLK frequency.
    pub fn mclk_frequency(&self) -> Microhertz {
        self.mclk_frequency
    }

    /// The present frequency of SMCLK.
    pub fn smclk_frequency(&self) -> Microhertz {
        self.mclk_frequency >> self.smclk.2
    }

    /// The picosecond at which MCLK `cycle` begins.
    #[inline]
    pub fn time_of(&self, cycle: u64) -> Time {
        self.mclk.time_of(cycle)
    }

    /// The first MCLK cycle that does not begin before `time`.
    pub fn first_cycle_from(&self, time: Time) -> u64 {
        self.mclk.first_tick_from(time)
    }

    /// What `source` has counted when MCLK `cycle` begins.
    #[inline]
    pub fn ticks(&self, source: Source, cycle: u64) -> u64 {
        match source {
            Source::Smclk => self.smclk.1 + (cycle.saturating_sub(self.smclk.0) >> self.smclk.2),
            Source::Aclk => self.aclk.ticks_at(self.time_of(cycle)),
            Source::Xt1 => self.xt1.ticks_at(self.time_of(cycle)),
            Source::Vlo => self.vlo.ticks_at(self.time_of(cycle)),
        }
    }

    /// The first MCLK cycle at which `source` has counted `tick`.
    #[inline]
    pub fn cycle_of(&self, source: Source, tick: u64) -> u64 {
        match source {
            Source::Smclk => self.smclk.0 + (tick.saturating_sub(self.smclk.1) << self.smclk.2),
            Source::Aclk => self.first_cycle_from(self.aclk.time_of(tick)),
            Source::Xt1 => self.first_cycle_from(self.xt1.time_of(tick)),
            Source::Vlo => self.first_cycle_from(self.vlo.time_of(tick)),
        }
    }

    /// Changes MCLK at `cycle`; SMCLK is MCLK shifted right by `smclk_shift`.
    pub fn change_mclk(&mut self, cycle: u64, frequency: Microhertz, smclk_shift: u32) {
        let ticks = self.ticks(Source::Smclk, cycle);
        self.smclk = (cycle, ticks, smclk_shift);
        self.mclk = Line::new(self.time_of(cycle), cycle, frequency);
        self.mclk_frequency = frequency;
    }

    /// Changes the frequency of ACLK at `cycle`.
    pub fn change_aclk(&mut self, cycle: u64, frequency: Microhertz) {
        let now = self.time_of(cycle);
        self.aclk.change(now, frequency);
    }

    /// Changes the frequency of the crystal at `cycle` (temperature).
    pub fn change_xt1(&mut self, cycle: u64, frequency: Microhertz) {
        let now = self.time_of(cycle);
        self.xt1.change(now, frequency);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    #[test]
    fn a_day_at_full_speed_does_not_drift() {
        let clocks = Clocks::new(732 * 32_768 * HERTZ, 32_768 * HERTZ, 10_000 * HERTZ);
        let day = 86_400;
        assert_eq!(clocks.first_cycle_from(day * SECOND), day * 732 * 32_768);
        let time = clocks.time_of(day * 732 * 32_768);
        assert!(day * SECOND - time <= 1, "{time}");
        assert_eq!(
            clocks.cycle_of(Source::Aclk, 32_768 * day),
            day * 732 * 32_768
        );
    }

    #[test]
    fn counts_run_on_over_a_change_of_frequency() {
        let mut clocks = Clocks::new(1_000_000 * HERTZ, 32_768 * HERTZ, 10_000 * HERTZ);
        assert_eq!(clocks.time_of(1_000_000), SECOND);
        clocks.change_mclk(1_000_000, 8_000_000 * HERTZ, 1);
        assert_eq!(clocks.time_of(9_000_000), 2 * SECOND);
        assert_eq!(clocks.ticks(Source::Smclk, 1_000_000), 1_000_000);
        assert_eq!(clocks.ticks(Source::Smclk, 9_000_000), 5_000_000);
        assert_eq!(clocks.cycle_of(Source::Smclk, 5_000_000), 9_000_000);
        assert_eq!(clocks.ticks(Source::Aclk, 9_000_000), 65_536);
    }

    #[test]
    fn a_crystal_that_is_wrong_by_parts_per_million_stays_wrong_by_them() {
        // 20 ppm fast: after 1000 s the count is 20 ms ahead.
        let clocks = Clocks::new(32_768 * HERTZ, 32_768 * HERTZ + 655_360, 10_000 * HERTZ);
        assert_eq!(clocks.ticks(Source::Aclk, 32_768 * 1000), 32_768_000 + 655);
    }
}
