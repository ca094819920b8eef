//! A meter's constants, as integers, and what they are for a meter that was never calibrated.

use fixed::types::{I2F30, U2F30};

/// Full scale of the voltage channel at code 2²³, in µV: 1.2 V behind the divider.
pub const VOLTAGE_FULL_SCALE_UV: u32 = 600_000_000;
/// Full scale of both current channels at code 2²³, in µA: 1.2 V across the burden.
pub const CURRENT_FULL_SCALE_UA: u32 = 150_000_000;

/// A factor near 1.
pub type Gain = U2F30;

/// A small angle in radians.
pub type Angle = I2F30;

/// Constants of one current channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentCalibration {
    /// True current over nominal current.
    pub gain: Gain,
    /// True power over the power from calibrated voltage and current; 1 but for what their gains do not explain.
    pub power_gain: Gain,
    /// Angle by which the measured current lags the true one too much, at the fundamental; at most ±0.05.
    pub phase: Angle,
    /// Mean square of the channel's noise behind the droop filter, in code²/256.
    pub noise: u32,
    /// Power read without load (crosstalk), in code²/256 per sample; subtracted.
    pub power_offset: i32,
}

impl CurrentCalibration {
    /// Of a channel as designed.
    pub const NOMINAL: Self = Self {
        gain: Gain::ONE,
        power_gain: Gain::ONE,
        phase: Angle::ZERO,
        noise: 0,
        power_offset: 0,
    };
}

/// Constants of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// True voltage over nominal voltage.
    pub voltage_gain: Gain,
    /// Mean square of the voltage channel's noise behind the droop filter, in code²/256.
    pub voltage_noise: u32,
    /// Line current channel.
    pub line: CurrentCalibration,
    /// Neutral current channel.
    pub neutral: CurrentCalibration,
}

impl Calibration {
    /// Of a meter as designed: 600 V and 150 A at code 2²³, no noise, no phase error.
    pub const NOMINAL: Self = Self {
        voltage_gain: Gain::ONE,
        voltage_noise: 0,
        line: CurrentCalibration::NOMINAL,
        neutral: CurrentCalibration::NOMINAL,
    };
}

impl Default for Calibration {
    fn default() -> Self {
        Self::NOMINAL
    }
}

/// Product of two gains.
pub(crate) fn multiply(a: Gain, b: Gain) -> Gain {
    let product = (a.to_bits() as u64 * b.to_bits() as u64 + (1 << 29)) >> 30;
    Gain::from_bits(product as u32)
}
