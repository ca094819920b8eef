//! Turns a window's raw sums into engineering units and into the energy that flowed.
//!
//! One consistent set per window: everything is computed from the same samples, so the power never exceeds the product of
//! voltage and current. Runs in the main loop, about once a second.

use crate::block::Channel;
use crate::calibration::{
    CURRENT_FULL_SCALE_UA, Calibration, Gain, VOLTAGE_FULL_SCALE_UV, multiply,
};
use crate::energy::Flow;
use crate::flags::Flags;
use crate::rms;
use crate::wide::{Reciprocal, divide, mul_high, round_shift, scale};
use crate::window::{Product, Window};

/// Quantities of one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    /// Voltage, rms, harmonics included, µV.
    pub voltage_uv: u32,
    /// Line current, rms, µA.
    pub line_ua: u32,
    /// Neutral current, rms, µA.
    pub neutral_ua: u32,
    /// Active power, µW, import positive.
    pub active_uw: i64,
    /// Active power computed with the neutral current, µW.
    pub neutral_active_uw: i64,
    /// Active power of the fundamental, µW.
    pub fundamental_active_uw: i64,
    /// Reactive power of the fundamental, µvar, positive when the current lags.
    pub reactive_uvar: i64,
    /// Apparent power, voltage times current, µVA; never below the active power's magnitude.
    pub apparent_uva: u64,
    /// Active over apparent power, in millionths; the sign is the active power's. 0 without apparent power.
    pub power_factor_ppm: i32,
    /// Frequency, µHz; 0 if the window was not cut at zero crossings.
    pub frequency_uhz: u32,
    /// The energy behind it.
    pub flow: Flow,
    /// Remarks, copied from the window.
    pub flags: Flags,
}

/// µW per code²/256, times 2⁴⁹: 600 V · 150 A · 10⁶ / 2⁵⁴ · 2⁴⁹.
const POWER_UNIT: u32 = 2_812_500_000;

impl Quantities {
    /// Computes the quantities of `window`, sampled at `rate` per second.
    pub fn from_window(window: &Window, calibration: &Calibration, rate: u16) -> Self {
        let per_sample = Reciprocal::new(window.length);
        let mean = |channel: Channel| per_sample.mean(window.sums.codes[channel as usize % 3], 8);
        let [mean_v, mean_i, mean_n] =
            [Channel::Voltage, Channel::Line, Channel::Neutral].map(mean);
        let product = |which: Product| window.sums.products[which as usize % 5];

        // Roots. The filtered products carry a factor 4, the neutral's square does not.
        let squared = |sum: i64, fraction: u16, mean: i64, noise: u32| {
            let square = per_sample.mean(sum, fraction) - ((mean * mean) >> 8) - noise as i64;
            rms::root_q14(square.max(0) as u64)
        };
        let voltage = squared(
            product(Product::VoltageVoltage),
            6,
            mean_v,
            calibration.voltage_noise,
        );
        let line = squared(
            product(Product::LineLine),
            6,
            mean_i,
            calibration.line.noise,
        );
        let neutral = squared(
            product(Product::NeutralNeutral),
            8,
            mean_n,
            calibration.neutral.noise,
        );
        let voltage = apply(voltage, calibration.voltage_gain);
        let line = apply(line, calibration.line.gain);
        let neutral = apply(neutral, calibration.neutral.gain);

        let line_gain = multiply(
            multiply(calibration.voltage_gain, calibration.line.gain),
            calibration.line.power_gain,
        );
        let neutral_gain = multiply(
            multiply(calibration.voltage_gain, calibration.neutral.gain),
            calibration.neutral.power_gain,
        );
        // Energy without the product of the means, still times 4; scale() by a Q30 gain takes the 4 away.
        let energy = |sum: i64, mean: i64, offset: i32, gain: Gain| {
            let direct = scale(mean_v * mean + ((offset as i64) << 8), window.length, 0);
            scale(
                sum.saturating_sub(direct.saturating_mul(4)),
                gain.to_bits(),
                0,
            )
        };
        let active = energy(
            product(Product::VoltageLine),
            mean_i,
            calibration.line.power_offset,
            line_gain,
        );
        let neutral_active = energy(
            product(Product::VoltageNeutral),
            mean_n,
            calibration.neutral.power_offset,
            neutral_gain,
        );

        // Fundamental, per sample in code²/256, with the droop of the converter's filter taken out.
        let fundamental = &window.fundamental;
        let turns = divide((window.cycles as u64) << 48, window.length);
        let flat = multiply(line_gain, undroop(turns));
        let share = match fundamental.pieces {
            0 => 0,
            1 => u32::MAX,
            n => divide(1 << 32, n as u32),
        };
        // Gain Q30, mean of the pieces, half (the sums hold twice the power), code²/2¹² to code²/2⁸.
        let fundamental_mean = |sum: i64| scale(scale(sum, share, 3), flat.to_bits(), 0);
        let active_1 = fundamental_mean(fundamental.active);
        let reactive_1 = fundamental_mean(fundamental.reactive);

        // Phase: what the current channel lags too much is turned back, for the fundamental.
        let [sine, cosine_less_one] = small_angle(calibration.line.phase.to_bits());
        let turn = |x: i64, y: i64, sign: i64| turned(x, cosine_less_one) + sign * turned(y, sine);
        let active_shift = turn(active_1, reactive_1, 1);
        let active_1_true = active_1 + active_shift;
        let reactive_true = reactive_1 + turn(reactive_1, active_1, -1);
        let active = active + over_window(active_shift, window.length);
        let reactive = over_window(reactive_true, window.length);

        let mut apparent_mean = product_q8(voltage, line);
        let active_mean = per_sample.mean(active, 8);
        apparent_mean = apparent_mean.max(active_mean.unsigned_abs());
        let power = |mean: i64| scale(mean, POWER_UNIT, 17);
        let active_uw = power(active_mean);
        let apparent_uva = power(apparent_mean as i64).unsigned_abs();

        Self {
            voltage_uv: to_unit(voltage, VOLTAGE_FULL_SCALE_UV),
            line_ua: to_unit(line, CURRENT_FULL_SCALE_UA),
            neutral_ua: to_unit(neutral, CURRENT_FULL_SCALE_UA),
            active_uw,
            neutral_active_uw: power(per_sample.mean(neutral_active, 8)),
            fundamental_active_uw: power(active_1_true),
            reactive_uvar: power(reactive_true),
            apparent_uva,
            power_factor_ppm: ratio_ppm(active_mean, apparent_mean),
            frequency_uhz: frequency_uhz(window, rate),
            flow: Flow {
                active,
                reactive,
                apparent: over_window(apparent_mean as i64, window.length).unsigned_abs(),
            },
            flags: window.flags,
        }
    }
}

/// Frequency in µHz: cycles · rate / length.
fn frequency_uhz(window: &Window, rate: u16) -> u32 {
    if window.flags.contains(Flags::UNSYNCHRONISED) {
        return 0;
    }
    let samples = window.cycles as u32 * rate as u32;
    let numerator = (samples as u64 * 1_000_000) << 16;
    divide(numerator + (window.length >> 1) as u64, window.length)
}

/// `x` in Q14 times a gain.
fn apply(x: u64, gain: Gain) -> u64 {
    mul_high(x << 2, gain.to_bits())
}

/// Q14 codes to millionths of a unit.
fn to_unit(codes: u64, full_scale: u32) -> u32 {
    // codes / 2¹⁴ / 2²³ · full scale; one more than full scale stays within 32 bits.
    let value = round_shift(mul_high(codes, full_scale), 5);
    value.min(u32::MAX as u64) as u32
}

/// Product of two Q14 numbers of at most 2²⁴, in Q8.
fn product_q8(a: u64, b: u64) -> u64 {
    let a = round_shift(a, 6).min(u32::MAX as u64) as u32;
    mul_high(b << 18, a)
}

/// Energy of a mean power (code²/256) over a window, in code² · sample.
fn over_window(mean: i64, length: u32) -> i64 {
    scale(mean << 8, length, 0)
}

/// `x` · `factor`, a Q30 number of small magnitude.
fn turned(x: i64, factor: i32) -> i64 {
    let value = scale(x << 2, factor.unsigned_abs(), 0);
    if factor < 0 { -value } else { value }
}

/// Sine, and cosine less one, of a Q30 angle of at most 0.05, in Q30.
fn small_angle(angle: i32) -> [i32; 2] {
    let square = ((angle as i64 * angle as i64) >> 30) as i32;
    // x³/6: 0xAAA_AAAB = 2³⁰/6.
    let cube = ((square as i64 * angle as i64) >> 30) * 0x0AAA_AAAB;
    [angle - (cube >> 30) as i32, -(square >> 1)]
}

/// What the power of a sine of `turns`/2³² of a turn per sample lost in the converter's sinc³ filter:
/// (x / sin x)⁶ = 1 + x² + 8/15·x⁴ with x half the angle per sample.
fn undroop(turns: u32) -> Gain {
    let square = (turns as u64 * turns as u64) >> 32;
    let x2 = ((square * PI_SQUARED_Q28) >> 30) as u32;
    let x4 = ((x2 as u64 * x2 as u64) >> 30) as u32;
    Gain::from_bits((1 << 30) + x2 + (x4 >> 1) + (x4 >> 5))
}

/// π² in Q28.
const PI_SQUARED_Q28: u64 = 2_649_351_758;

/// `part / whole` in millionths, for |part| ≤ whole.
pub(crate) fn ratio_ppm(part: i64, whole: u64) -> i32 {
    if whole == 0 {
        return 0;
    }
    let excess = 32u32.saturating_sub(whole.leading_zeros()) as u16;
    let denominator = round_shift(whole, excess).min(u32::MAX as u64) as u32;
    let numerator = round_shift(part.unsigned_abs(), excess).min(denominator as u64);
    let ratio = divide(
        numerator * 1_000_000 + (denominator >> 1) as u64,
        denominator,
    ) as i32;
    if part < 0 { -ratio } else { ratio }
}
