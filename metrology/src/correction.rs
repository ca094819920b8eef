//! Corrections that move: the current transformer's curve and the temperature.
//!
//! Both are applied to the constants, not to the results: the main loop computes a window's quantities with the plain
//! calibration, corrects that by the current found, and computes them again. No cost per sample.

use crate::block::{CHANNELS, LINE};
use crate::calibration::{Calibration, GAIN, PHASE};
use crate::kernel::Kernel;

/// Points of a curve.
pub const POINTS: usize = 5;

/// Error of a current channel at one current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CurvePoint {
    /// Current, µA, ascending along the curve.
    pub current_ua: u32,
    /// Gain to add there, in 2⁻²⁰ (about a millionth).
    pub gain: i16,
    /// Phase to add there, in 2⁻²⁰ rad.
    pub phase: i16,
}

/// A current channel's error against current; constant beyond its ends, straight in the logarithm between its points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Curve(pub [CurvePoint; POINTS]);

impl Curve {
    /// Gain and phase to add at a current, in 2⁻²⁰.
    pub fn at(&self, current_ua: u32) -> [i32; 2] {
        let position = logarithm(current_ua);
        let mut below = &self.0[0];
        for above in &self.0[1..] {
            let (low, high) = (logarithm(below.current_ua), logarithm(above.current_ua));
            if position <= low {
                break;
            }
            if position < high {
                let share = ((position - low) << 14)
                    .checked_div(high - low)
                    .unwrap_or(0) as i32;
                let between = |a: i16, b: i16| a as i32 + (((b as i32 - a as i32) * share) >> 14);
                return [
                    between(below.gain, above.gain),
                    between(below.phase, above.phase),
                ];
            }
            below = above;
        }
        [below.gain as i32, below.phase as i32]
    }
}

/// Logarithm to the base of 2 in Q12, straight between powers of 2: exact enough to interpolate along.
fn logarithm(x: u32) -> u32 {
    if x == 0 {
        return 0;
    }
    let mut mantissa = x;
    let mut exponent = 31;
    while mantissa & 0x8000_0000 == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    (exponent << 12) + ((mantissa >> 19) & 0xFFF)
}

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

/// Everything that corrects a calibration while it is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    /// Curves of line and neutral current.
    pub curves: [Curve; 2],
    /// Temperature laws of the channels.
    pub temperature: [TemperatureLaw; CHANNELS],
}

impl Correction {
    /// `base` corrected for the currents of line and neutral (µA) and for `delta` from 25 °C in 1/16 K.
    pub fn apply<K: Kernel>(
        &self,
        kernel: &K,
        base: &Calibration,
        currents_ua: [u32; 2],
        delta: i16,
    ) -> Calibration {
        let mut corrected = *base;
        for (channel, law) in self.temperature.iter().enumerate() {
            raise(kernel, corrected.of(channel, GAIN), law.at(delta));
        }
        for (channel, (curve, current)) in (LINE..).zip(self.curves.iter().zip(currents_ua)) {
            let [gain, phase] = curve.at(current);
            raise(kernel, corrected.of(channel, GAIN), gain << 10);
            *corrected.of(channel, PHASE) += phase << 10;
        }
        corrected
    }
}

/// Multiplies a gain by 1 + `part`, both Q30.
fn raise<K: Kernel>(kernel: &K, gain: &mut i32, part: i32) {
    *gain += kernel.mul_q30(*gain, part);
}
