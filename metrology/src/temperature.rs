//! Temperature compensation: how gains move with temperature.
//!
//! Applied to the constants, not to the results: no cost per sample. Optional: a firmware that has no thermometer leaves it out.

use crate::block::CHANNELS;
use crate::calibration::{Calibration, GAIN};
use crate::kernel::Kernel;

/// How a channel's gain moves with temperature: g = g₂₅ · (1 + a·ΔT + b·ΔT²).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemperatureLaw {
    /// a, in 2⁻²⁴ per kelvin (60 · 10⁻⁹).
    pub linear: i16,
    /// b, in 2⁻³⁰ per kelvin².
    pub quadratic: i16,
}

impl TemperatureLaw {
    /// Gain to add at `delta` from 25 °C, in 1/16 K (−100 K … 100 K), as Q30.
    pub fn at(&self, delta: i16) -> i32 {
        let delta = (delta as i32).clamp(-1600, 1600);
        // 2⁻²⁴/16 = 4·2⁻³⁰; 2⁻³⁰/256.
        self.linear as i32 * delta * 4 + ((self.quadratic as i32 * ((delta * delta) >> 4)) >> 4)
    }
}

/// `base` with the gains of voltage, line and neutral current as they are at `delta` from 25 °C in 1/16 K.
pub fn compensated<K: Kernel>(
    kernel: &K,
    base: &Calibration,
    laws: &[TemperatureLaw; CHANNELS],
    delta: i16,
) -> Calibration {
    let mut compensated = *base;
    for (channel, law) in laws.iter().enumerate() {
        let gain = compensated.of(channel, GAIN);
        *gain += kernel.mul_q30(*gain, law.at(delta));
    }
    compensated
}
