//! A meter's constants, as integers, and what they are for a meter that was never calibrated.

use crate::block::CHANNELS;
use crate::wide::ONE;

/// Full scale of the voltage channel at code 2²³, in µV: 1.2 V behind the divider.
pub const VOLTAGE_FULL_SCALE_UV: u32 = 600_000_000;
/// Full scale of both current channels at code 2²³, in µA: 1.2 V across the burden.
pub const CURRENT_FULL_SCALE_UA: u32 = 150_000_000;

/// Voltage at which the power offsets are stated.
pub const OFFSET_VOLTAGE_V: u32 = 220;

/// Words of a channel's record.
pub const RECORD: usize = 5;
/// Points of the line current's curve.
pub const POINTS: usize = 5;

/// Words of the constants: the channels' records (voltage, line current, neutral current), the line current's curve, the
/// laws of temperature, the starting thresholds of active and reactive power.
pub const WORDS: usize = STARTING_POWERS + 2;

/// Place in a channel's record: true value over nominal value, Q30, 0.8 … 1.2.
pub const GAIN: usize = 0;
/// Place in a channel's record: mean square of the channel's noise behind the droop filter, in code²/256, below 2³¹.
pub const NOISE: usize = 1;
/// Place in a current's record: true power over the power from calibrated voltage and current, Q30; 1 but for what their
/// gains do not explain, 0.8 … 1.2.
pub const POWER_GAIN: usize = 2;
/// Place in the voltage's record, which has no power gain: the converter's true sample rate over the nominal one, Q30. Turns
/// cycles per sample into hertz, and samples of power into energy.
pub const CLOCK: usize = 2;
/// Place in a current's record: angle by which the measured current lags the true one too much, at 60 Hz, and in proportion
/// at other frequencies; radians, Q30, at most ±0.05.
pub const PHASE: usize = 3;
/// Place in a current's record: power read without load (crosstalk) at [`OFFSET_VOLTAGE_V`] of nominal gain, in code²
/// (1.3 nW); subtracted in proportion to the square of the voltage.
pub const POWER_OFFSET: usize = 4;
/// Place of the line current's curve: points of two words, the current in µA, ascending, and what is to be added there, gain
/// in the lower half (2⁻²⁰; neighbours differ by less than 2⁻⁵) and phase, at 60 Hz, in the upper (2⁻²⁰ rad). Constant beyond the ends; between them straight in the fourth
/// root of the current, which is near enough to the logarithm that transformers follow. All zero: nothing is added.
pub const CURVE: usize = CHANNELS * RECORD;
/// Place of the laws of temperature, a word for each channel: how its gain changes from 25 °C, in the lower half 2⁻²⁴ per
/// kelvin, in the upper 2⁻³⁰ per kelvin² (the lower half counts there too, as the digits behind: up to one of the last).
pub const LAWS: usize = CURVE + 2 * POINTS;
/// Place of the starting thresholds: active and reactive power below which nothing is counted, code² (1.28 nW), below 2³¹.
pub const STARTING_POWERS: usize = LAWS + CHANNELS;

/// Constants of a meter, in the words and the order of table MT1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)] // the firmware reads it as it is stored
pub struct Calibration(pub [i32; WORDS]);

/// Starting thresholds of a meter as designed: 0.15 W and var. A meter of 100 A must start at 40 mA, 4.8 W at 120 V; this
/// one also counts what it can measure, 5 mA. Noise of the converter and 120 V make 1.3 mW in a window.
pub const STARTING: u32 = 117_285_000;

impl Calibration {
    /// Not for use: what a static begins with.
    pub const ZERO: Self = Self([0; WORDS]);

    /// Of a meter as designed: 600 V and 150 A at code 2²³, no noise, no phase error.
    pub const NOMINAL: Self = {
        let mut words = [0; WORDS];
        let mut channel = 0;
        while channel < CHANNELS {
            words[channel * RECORD + GAIN] = ONE;
            words[channel * RECORD + POWER_GAIN] = ONE;
            channel += 1;
        }
        words[STARTING_POWERS] = STARTING as i32;
        words[STARTING_POWERS + 1] = STARTING as i32;
        Self(words)
    };

    /// The word at `place` of a channel's record.
    pub fn word(&self, channel: usize, place: usize) -> i32 {
        self.0[(channel * RECORD + place) % WORDS]
    }

    /// The same, to be changed.
    pub fn of(&mut self, channel: usize, place: usize) -> &mut i32 {
        &mut self.0[(channel * RECORD + place) % WORDS]
    }

    /// Sets a point of the line current's curve: `gain` in 2⁻²⁰, `phase` in 2⁻²⁰ rad.
    pub fn set_point(&mut self, point: usize, current_ua: u32, gain: i16, phase: i16) {
        let at = CURVE + 2 * (point % POINTS);
        self.0[at] = current_ua as i32;
        self.0[at + 1] = ((phase as i32) << 16) | gain as u16 as i32;
    }
}

impl Default for Calibration {
    fn default() -> Self {
        Self::NOMINAL
    }
}
