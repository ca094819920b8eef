//! Voltage by half cycles, and the sags, swells and interruptions that it shows.
//!
//! The squares of the voltage are summed from crossing to crossing; the rms of the last two half cycles is compared with
//! limits after each. Half cycles are cut at whole samples, because the voltage is nothing there; their lengths are
//! measured between samples. Optional: a firmware that does not feed it pays nothing.

use crate::block::{BLOCK, Block, VOLTAGE};
use crate::calibration::VOLTAGE_FULL_SCALE_UV;
use crate::kernel::Kernel;
use crate::window::block_of;
use crate::zero_cross::Crossing;

/// Mean square of the voltage, in 2¹⁶ code².
pub type Level = u32;

/// Sums the squares of the running half cycle.
#[derive(Clone, Debug, Default)]
pub struct HalfCycles {
    running: i64,
    previous: i64,
    previous_length: u32,
    /// From the last cut to the sample before the next block, Q16 samples.
    since: u32,
}

impl HalfCycles {
    /// Accounts for a block that the meter has just accounted for, `crossing` from [`crate::Meter::crossing`]; returns the
    /// mean square over the last two half cycles where one ends.
    pub fn push_block<K: Kernel>(
        &mut self,
        kernel: &K,
        block: &Block,
        crossing: Option<&Crossing>,
    ) -> Option<Level> {
        let samples = block_of(block.centre(VOLTAGE));
        let mut length = self.since;
        self.since = length.wrapping_add((BLOCK as u32) << 16);
        let Some(crossing) = crossing else {
            kernel.mac(&mut self.running, samples, samples);
            return None;
        };
        self.since = ((BLOCK as u32) << 16) - crossing.time();
        length = length.wrapping_add(crossing.time());
        let (old, new) = samples
            .split_at_checked(crossing.index)
            .unwrap_or((samples, &[]));
        kernel.mac(&mut self.running, old, old);
        let mut sum = self.running;
        kernel.add(&mut sum, &self.previous);
        // Q16 lengths: the quotient is in 2¹⁶ code².
        let level = kernel.divide(sum as u64, length.wrapping_add(self.previous_length));
        let complete = self.previous_length != 0;
        self.previous = self.running;
        self.previous_length = length;
        self.running = 0;
        kernel.mac(&mut self.running, new, new);
        complete.then_some(level)
    }
}

/// Limits of the voltage as mean squares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoltageLimits {
    /// Below: interruption.
    pub interruption: Level,
    /// An interruption ends above this.
    pub interruption_end: Level,
    /// Below: sag.
    pub sag: Level,
    /// A sag ends above this.
    pub sag_end: Level,
    /// Above: swell.
    pub swell: Level,
    /// A swell ends below this.
    pub swell_end: Level,
}

impl VoltageLimits {
    /// The usual limits, 10 %, 90 % and 110 % with 2 % hysteresis, of a nominal voltage in mV (up to 400 V), for a voltage
    /// channel of the given gain, Q30.
    pub fn usual<K: Kernel>(kernel: &K, nominal_mv: u32, gain: i32) -> Self {
        let code = kernel.divide((nominal_mv as u64) << 23, VOLTAGE_FULL_SCALE_UV / 1000);
        let code = kernel.divide((code as u64) << 30, gain as u32);
        let square = ((code as u64 * code as u64) >> 16) as u32;
        let part =
            |percent_squared: u32| kernel.divide(square as u64 * percent_squared as u64, 10_000);
        Self {
            interruption: part(10 * 10),
            interruption_end: part(12 * 12),
            sag: part(90 * 90),
            sag_end: part(92 * 92),
            swell: part(110 * 110),
            swell_end: part(108 * 108),
        }
    }
}

/// What the voltage is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u16)]
pub enum VoltageState {
    /// Within its limits.
    #[default]
    Normal,
    /// Below 90 %.
    Sag,
    /// Above 110 %.
    Swell,
    /// Below 10 %.
    Interruption,
}

/// An event that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoltageEvent {
    /// What it was, at its worst.
    pub kind: VoltageState,
    /// How long, in half cycles.
    pub half_cycles: u32,
    /// Lowest mean square of a sag or interruption, highest of a swell.
    pub extreme: Level,
}

/// Watches the voltage half cycle by half cycle.
#[derive(Clone, Debug, Default)]
pub struct VoltageWatch {
    /// What the voltage is doing now.
    pub state: VoltageState,
    half_cycles: u32,
    extreme: Level,
}

impl VoltageWatch {
    /// Looks at the newest level; returns the event that ended with it.
    pub fn observe(&mut self, level: Level, limits: &VoltageLimits) -> Option<VoltageEvent> {
        let mut ended = None;
        let is_over = match self.state {
            VoltageState::Normal => false,
            VoltageState::Swell => level < limits.swell_end,
            VoltageState::Sag | VoltageState::Interruption => level > limits.sag_end,
        };
        if is_over {
            ended = Some(VoltageEvent {
                kind: self.state,
                half_cycles: self.half_cycles,
                extreme: self.extreme,
            });
            self.state = VoltageState::Normal;
        }
        let entered = if level < limits.interruption {
            VoltageState::Interruption
        } else if level < limits.sag {
            VoltageState::Sag
        } else if level > limits.swell {
            VoltageState::Swell
        } else {
            VoltageState::Normal
        };
        if self.state == VoltageState::Normal {
            self.state = entered;
            self.half_cycles = 0;
            self.extreme = level;
        } else if self.state == VoltageState::Sag && entered == VoltageState::Interruption {
            self.state = entered;
        }
        self.half_cycles = self.half_cycles.saturating_add(1);
        let is_worse = if self.state == VoltageState::Swell {
            level > self.extreme
        } else {
            level < self.extreme
        };
        if is_worse {
            self.extreme = level;
        }
        ended
    }
}
