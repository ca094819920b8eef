//! A meter's constants, as integers, and what they are for a meter that was never calibrated.

use fixed::types::I2F30;

use crate::block::CHANNELS;

/// Full scale of the voltage channel at code 2²³, in µV: 1.2 V behind the divider.
pub const VOLTAGE_FULL_SCALE_UV: u32 = 600_000_000;
/// Full scale of both current channels at code 2²³, in µA: 1.2 V across the burden.
pub const CURRENT_FULL_SCALE_UA: u32 = 150_000_000;

/// Constants of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)] // the firmware reads it as it is stored
pub struct ChannelCalibration {
    /// True value over nominal value, 0.8 … 1.2.
    pub gain: I2F30,
    /// Mean square of the channel's noise behind the droop filter, in code²/256.
    pub noise: u32,
    /// Currents: true power over the power from calibrated voltage and current; 1 but for what their gains do not
    /// explain, 0.8 … 1.2.
    pub power_gain: I2F30,
    /// Currents: angle by which the measured current lags the true one too much, at the fundamental; radians, at most
    /// ±0.05.
    pub phase: I2F30,
    /// Currents: power read without load (crosstalk), in code² (1.3 nW); subtracted.
    pub power_offset: i32,
}

impl ChannelCalibration {
    /// Of a channel as designed.
    pub const NOMINAL: Self = Self {
        gain: I2F30::ONE,
        noise: 0,
        power_gain: I2F30::ONE,
        phase: I2F30::ZERO,
        power_offset: 0,
    };
}

/// Constants of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Calibration {
    /// By channel: voltage, line current, neutral current.
    pub channels: [ChannelCalibration; CHANNELS],
    /// Active and reactive power below which nothing is counted, code² (1.28 nW).
    pub starting: [u32; 2],
}

/// Starting thresholds of a meter as designed: 0.15 W and var. A meter of 100 A must start at 40 mA, 4.8 W at 120 V; this
/// one also counts what it can measure, 5 mA. Noise of the converter and 120 V make 1.3 mW in a window.
pub const STARTING: u32 = 117_285_000;

impl Calibration {
    /// Not for use: what a static begins with.
    pub const ZERO: Self = Self {
        channels: [ChannelCalibration {
            gain: I2F30::ZERO,
            noise: 0,
            power_gain: I2F30::ZERO,
            phase: I2F30::ZERO,
            power_offset: 0,
        }; CHANNELS],
        starting: [0; 2],
    };

    /// Of a meter as designed: 600 V and 150 A at code 2²³, no noise, no phase error.
    pub const NOMINAL: Self = Self {
        channels: [ChannelCalibration::NOMINAL; CHANNELS],
        starting: [STARTING; 2],
    };
}

impl Calibration {
    /// The constants with the currents exchanged, for [`crate::Window::of_neutral`].
    pub fn of_neutral(&self) -> Self {
        let [voltage, line, neutral] = self.channels;
        Self {
            channels: [voltage, neutral, line],
            starting: self.starting,
        }
    }
}

impl Default for Calibration {
    fn default() -> Self {
        Self::NOMINAL
    }
}
