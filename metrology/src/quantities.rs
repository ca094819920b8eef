//! Turns a window's raw sums into engineering units and into the energy that flowed.
//!
//! One consistent set per window: everything is computed from the same samples, so the power never exceeds the product of
//! voltage and current. Runs in the main loop, about once a second; powers are the window's energies over its length.

use crate::block::CHANNELS;
use crate::calibration::{CURRENT_FULL_SCALE_UA, Calibration, VOLTAGE_FULL_SCALE_UV};
use crate::energy::Flow;
use crate::flags::Flags;
use crate::wide::{
    ONE, Reciprocal, add, add_small, divide, double, mul_q30, negate, product, ratio_ppm, scale,
    square_root, sub,
};
use crate::window::Window;

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
    /// Displacement power factor, cos φ₁, in millionths; the sign is the fundamental active power's. 0 without fundamental.
    pub displacement_ppm: i32,
    /// Largest magnitude of the voltage, µV; of the samples as they came, so at the edge of the band the converter's filter
    /// has taken something off.
    pub peak_voltage_uv: u32,
    /// Largest magnitude of the line current, µA.
    pub peak_line_ua: u32,
    /// Frequency, µHz; 0 if the window was not cut at zero crossings.
    pub frequency_uhz: u32,
    /// The energy behind it.
    pub flow: Flow,
    /// Remarks, copied from the window.
    pub flags: Flags,
}

/// Turns rms codes in Q8 into µV by a Q30 product: full scale / 2³¹ · 2³⁰.
const VOLTAGE_UNIT: i32 = (VOLTAGE_FULL_SCALE_UV / 2) as i32;

/// The same for µA.
const CURRENT_UNIT: i32 = (CURRENT_FULL_SCALE_UA / 2) as i32;

/// Largest rms in codes Q8: 17 % above a full-scale sine, and no gain up to 1.2 pushes it over 31 bits.
const MOST_RMS: u32 = 0x6A00_0000;

/// Fraction bits that turn the mean of each channel's squares into code²/256, given the filter's factor 4.
static SQUARE_FRACTIONS: [u16; CHANNELS] = [6, 6, 8];

/// µW per code²/256, times 2⁴⁷: 600 V · 150 A · 10⁶ / 2⁵⁴ · 2⁴⁷.
const POWER_UNIT: u32 = 703_125_000;

/// 2⁴⁶/20 000: what turns twice the power in code²/10 000 of one piece into code²·sample, together with a Q30 gain, the
/// length and the factors 2⁻³² that scale() applies to each; a factor 2⁴ is left.
const FUNDAMENTAL_UNIT: u64 = 3_518_437_209;

impl Quantities {
    /// Computes the quantities of `window`, sampled at `rate` per second.
    #[inline(never)]
    pub fn from_window(window: &Window, calibration: &Calibration, rate: u16) -> Self {
        let mut quantities = Self::default();
        let tally = &window.tally;
        let sums = &window.sums;
        quantities.flags = tally.flags;
        quantities.frequency_uhz = frequency_uhz(window, rate);
        let per_sample = Reciprocal::new(tally.length);

        // Means and rms values of the channels, codes in Q8; mean and noise come off inside the root.
        let mut means = [0; CHANNELS];
        let mut rms = [0; CHANNELS];
        let channels = sums
            .codes
            .iter()
            .zip(&sums.squares)
            .zip(&calibration.channels);
        let outputs = means.iter_mut().zip(&mut rms).zip(&SQUARE_FRACTIONS);
        for (((codes, squares), constants), ((mean, rms), &fraction)) in channels.zip(outputs) {
            let mut sum = *codes;
            per_sample.mean(&mut sum, 8);
            *mean = sum as i32;
            sum = *squares;
            per_sample.mean(&mut sum, fraction);
            let mut rest = product(*mean, *mean);
            scale(&mut rest, 1 << 24, 0);
            add_small(&mut rest, constants.noise as i32);
            sub(&mut sum, &rest);
            if sum < 0 {
                continue;
            }
            let root = square_root((sum as u64) << 8).min(MOST_RMS);
            *rms = mul_q30(root as i32, constants.gain.to_bits());
        }
        quantities.voltage_uv = mul_q30(rms[0], VOLTAGE_UNIT) as u32;
        quantities.line_ua = mul_q30(rms[1], CURRENT_UNIT) as u32;
        let [voltage, current, _] = &calibration.channels;
        quantities.peak_voltage_uv = peak(tally.peaks[0], voltage.gain.to_bits(), VOLTAGE_UNIT);
        quantities.peak_line_ua = peak(tally.peaks[1], current.gain.to_bits(), CURRENT_UNIT);
        // The neutral's square has no droop filter: what its fundamental lost is half of what a power loses.
        let turns = divide((tally.cycles as u64) << 48, tally.length);
        let flat = undroop(turns);
        let neutral = mul_q30(rms[2], ONE + ((flat - ONE) >> 1));
        quantities.neutral_ua = mul_q30(neutral, CURRENT_UNIT) as u32;

        // Energies with either current, without the product of the means and the crosstalk.
        let mut gains = [0; 2];
        let mut energies = sums.powers;
        let [voltage, currents @ ..] = &calibration.channels;
        let outputs = energies.iter_mut().zip(&mut gains);
        for ((&mean, constants), (energy, gain)) in means[1..].iter().zip(currents).zip(outputs) {
            *gain = mul_q30(
                mul_q30(voltage.gain.to_bits(), constants.gain.to_bits()),
                constants.power_gain.to_bits(),
            );
            let mut rest = product(constants.power_offset, 1 << 16);
            add(&mut rest, &product(means[0], mean));
            scale(&mut rest, tally.length, 0);
            // The sum holds four times the energy. A Q30 gain in scale() takes the four away.
            for _ in 0..4 {
                sub(energy, &rest);
            }
            scale(energy, *gain as u32, 0);
        }
        let flow = &mut quantities.flow;
        [flow.active, quantities.neutral_active_uw] = energies;

        // Energies of the fundamental, with the droop of the converter's filter taken out.
        let gain = mul_q30(gains[0], flat);
        let unit = divide(FUNDAMENTAL_UNIT, tally.fundamental.pieces.max(1) as u32);
        let mut fundamental = [tally.fundamental.active, tally.fundamental.reactive];
        for energy in &mut fundamental {
            scale(energy, unit, 0);
            scale(energy, gain as u32, 0);
            scale(energy, tally.length, 0);
            for _ in 0..4 {
                double(energy);
            }
        }

        // Phase: what the current channel lags too much is turned back, for the fundamental.
        let [active, reactive] = &fundamental;
        let [sine, versine] = small_angle(calibration.channels[1].phase.to_bits());
        let mut shift = 0;
        add_part(&mut shift, reactive, sine);
        add_part(&mut shift, active, -versine);
        add(&mut flow.active, &shift);
        add(&mut shift, active);
        quantities.fundamental_active_uw = shift;
        flow.reactive = *reactive;
        add_part(&mut flow.reactive, active, -sine);
        add_part(&mut flow.reactive, reactive, -versine);

        // Apparent energy; noise that was subtracted from the current must not push it below the active.
        let mut apparent = product(rms[0], rms[1]);
        scale(&mut apparent, tally.length, 0);
        let mut magnitude = flow.active;
        if magnitude < 0 {
            negate(&mut magnitude);
        }
        if apparent < magnitude {
            apparent = magnitude;
        }
        flow.apparent = apparent as u64;
        let mut power_factor = ratio_ppm(magnitude, apparent) as i32;
        if flow.active < 0 {
            power_factor = -power_factor;
        }
        quantities.power_factor_ppm = power_factor;

        quantities.displacement_ppm = cosine_ppm(quantities.fundamental_active_uw, flow.reactive);

        quantities.active_uw = flow.active;
        quantities.reactive_uvar = flow.reactive;
        micro(per_sample, &mut quantities.active_uw);
        micro(per_sample, &mut quantities.reactive_uvar);
        micro(per_sample, &mut apparent);
        quantities.apparent_uva = apparent as u64;
        micro(per_sample, &mut quantities.fundamental_active_uw);
        micro(per_sample, &mut quantities.neutral_active_uw);
        quantities
    }
}

/// Turns an energy in code² · sample into a power in µW.
#[inline(never)]
fn micro(per_sample: Reciprocal, energy: &mut i64) {
    per_sample.mean(energy, 8);
    scale(energy, POWER_UNIT, 15);
}

/// A peak of up to 2²³ codes in µV or µA; `unit` is that of [`VOLTAGE_UNIT`].
#[inline(never)]
fn peak(codes: u32, gain: i32, unit: i32) -> u32 {
    // In Q6, so that 1.2 times the full scale fits 31 bits.
    (mul_q30(mul_q30((codes << 6) as i32, gain), unit) << 2) as u32
}

/// Cosine of the angle whose legs are `active` and `reactive`, in millionths.
#[inline(never)]
fn cosine_ppm(mut active: i64, mut reactive: i64) -> i32 {
    let is_negative = active < 0;
    for leg in [&mut active, &mut reactive] {
        if *leg < 0 {
            negate(leg);
        }
    }
    // Equal shifts until both legs fit 30 bits.
    while (active | reactive) >> 30 != 0 {
        scale(&mut active, 1 << 31, 0);
        scale(&mut reactive, 1 << 31, 0);
    }
    let mut square = product(active as i32, active as i32);
    add(&mut square, &product(reactive as i32, reactive as i32));
    let hypotenuse = square_root(square as u64);
    let cosine = ratio_ppm(active, hypotenuse as i64) as i32;
    if is_negative { -cosine } else { cosine }
}

/// Frequency in µHz: cycles · rate / length.
fn frequency_uhz(window: &Window, rate: u16) -> u32 {
    let tally = &window.tally;
    if tally.flags.contains(Flags::UNSYNCHRONISED) {
        return 0;
    }
    let samples = tally.cycles as u32 * rate as u32;
    let numerator = product(samples as i32, 1_000_000) as u64;
    divide(numerator << 16, tally.length)
}

/// `target += x·factor / 2³²`.
#[inline(never)]
fn add_part(target: &mut i64, x: &i64, factor: i32) {
    let mut part = *x;
    scale(&mut part, factor.unsigned_abs(), 0);
    if factor < 0 {
        sub(target, &part);
    } else {
        add(target, &part);
    }
}

/// Sine, and one less cosine, in Q32, of a Q30 angle of at most 0.05.
fn small_angle(angle: i32) -> [i32; 2] {
    let square = mul_q30(angle, angle);
    let cube = mul_q30(square, angle);
    [(angle - mul_q30(cube, ONE / 6)) << 2, square << 1]
}

/// What the power of a sine of `turns`/2³² of a turn per sample lost in the converter's sinc³ filter, Q30:
/// (x / sin x)⁶ = 1 + x² + 8/15·x⁴ with x half the angle per sample, up to 0.05 turns.
fn undroop(turns: u32) -> i32 {
    // Turns squared in Q34 times π² in Q26.
    let square = mul_q30(mul_q30(turns as i32, turns as i32), 662_337_939);
    ONE + square + mul_q30(mul_q30(square, square), ONE / 15 * 8)
}
