//! Turns a window's raw sums into engineering units and into the energy that flowed.
//!
//! One consistent set per window: everything is computed from the same samples, so the power never exceeds the product of
//! voltage and current. Runs in the main loop, about once a second; powers are the window's energies over its length.

use crate::block::{CHANNELS, LINE, VOLTAGE};
use crate::calibration::{
    CURRENT_FULL_SCALE_UA, Calibration, ChannelCalibration, VOLTAGE_FULL_SCALE_UV,
};
use crate::energy::Flow;
use crate::flags::Flags;
use crate::kernel::Kernel;
use crate::oscillator::undroop;
use crate::starting::Starting;
use crate::wide::{ONE, Reciprocal, coarse, ratio_ppm};
use crate::window::{Sums, Window};

/// Quantities of one window, in two lists so that they can be walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    /// What fits 32 bits, in the order of [`at`].
    pub narrow: [i32; 7],
    /// Powers in millionths, in the order of [`at`].
    pub powers: [i64; 5],
    /// The energy behind it.
    pub flow: Flow,
    /// Remarks, copied from the window.
    pub flags: Flags,
}

/// Places in the lists of [`Quantities`].
pub mod at {
    /// Voltage, rms, harmonics included, µV.
    pub const VOLTAGE_UV: usize = 0;
    /// Line current, rms, µA.
    pub const LINE_UA: usize = 1;
    /// Neutral current, rms, µA.
    pub const NEUTRAL_UA: usize = 2;
    /// Largest magnitude of the voltage, µV; of the samples as they came, so at the edge of the band the converter's filter
    /// has taken something off.
    pub const PEAK_VOLTAGE_UV: usize = 3;
    /// Largest magnitude of the line current, µA.
    pub const PEAK_LINE_UA: usize = 4;
    /// Active over apparent power, in millionths; the sign is the active power's. 0 without apparent power.
    pub const POWER_FACTOR_PPM: usize = 5;
    /// Frequency, µHz; 0 if the window was not cut at zero crossings.
    pub const FREQUENCY_UHZ: usize = 6;

    /// Active power, µW, import positive.
    pub const ACTIVE_UW: usize = 0;
    /// Reactive power of the fundamental, µvar, positive when the current lags.
    pub const REACTIVE_UVAR: usize = 1;
    /// Apparent power, voltage times current, µVA; never below the active power's magnitude.
    pub const APPARENT_UVA: usize = 2;
    /// Active power of the fundamental, µW.
    pub const FUNDAMENTAL_ACTIVE_UW: usize = 3;
    /// Active power computed with the neutral current, µW.
    pub const NEUTRAL_ACTIVE_UW: usize = 4;
}

/// Turns rms codes in Q8 into µV by a Q30 product: full scale / 2³¹ · 2³⁰.
const VOLTAGE_UNIT: i32 = (VOLTAGE_FULL_SCALE_UV / 2) as i32;

/// The same for µA.
const CURRENT_UNIT: i32 = (CURRENT_FULL_SCALE_UA / 2) as i32;

/// Largest rms in codes Q8: 17 % above a full-scale sine, and no gain up to 1.2 pushes it over 31 bits.
const MOST_RMS: u32 = 0x6A00_0000;

/// Fraction bits that turn the mean of a channel's squares into code²/256: the filter's factor is 4.
const SQUARE_FRACTION: u16 = 6;

/// µW per code²/256, times 2⁴⁷: 600 V · 150 A · 10⁶ / 2⁵⁴ · 2⁴⁷.
const POWER_UNIT: u32 = 703_125_000;

/// 2⁴⁶/20 000: what turns twice the power in code²/10 000 of one piece into code²·sample, together with a Q30 gain, the
/// length and the factors 2⁻³² that scale() applies to each; a factor 2⁴ is left.
const FUNDAMENTAL_UNIT: u64 = 3_518_437_209;

impl Quantities {
    /// Computes the quantities of `window`, sampled at `rate` per second. `starting` remembers from window to window
    /// whether there is load.
    #[inline(never)]
    pub fn from_window<K: Kernel>(
        kernel: &K,
        window: &Window,
        calibration: &Calibration,
        starting: &mut NoLoad,
        rate: u16,
    ) -> Self {
        let mut quantities = Self::default();
        let tally = &window.tally;
        let sums = &window.sums;
        let length = tally.length;
        let [voltage, line, neutral] = &calibration.channels;
        quantities.flags = tally.flags;
        quantities.narrow[at::FREQUENCY_UHZ] = frequency_uhz(kernel, window, rate);
        let per_sample = &Reciprocal::new(kernel, length);

        let mut channels = [Channel::default(); CHANNELS];
        let inputs = sums.0.windows(1 + Sums::SQUARES);
        let constants = calibration.channels.iter();
        for ((channel, sums), constants) in channels.iter_mut().zip(inputs).zip(constants) {
            channel.compute(kernel, per_sample, sums, constants);
        }
        for (channel, peak) in channels.iter().zip(&tally.peaks) {
            // A converter that works is never that quiet, nor is a constant anywhere but at nothing.
            let beyond_mean = peak.wrapping_sub(channel.mean.unsigned_abs() >> 8);
            if *peak != 0 && beyond_mean < STILL {
                quantities.flags.insert(Flags::CHANNEL_STUCK);
            }
        }
        let [voltage_rms, line_rms, neutral_rms] = &channels;
        let narrow = &mut quantities.narrow;
        narrow[at::VOLTAGE_UV] = kernel.mul_q30(voltage_rms.rms, VOLTAGE_UNIT);
        narrow[at::LINE_UA] = kernel.mul_q30(line_rms.rms, CURRENT_UNIT);
        narrow[at::PEAK_VOLTAGE_UV] = peak(kernel, tally.peaks[VOLTAGE], voltage, VOLTAGE_UNIT);
        narrow[at::PEAK_LINE_UA] = peak(kernel, tally.peaks[LINE], line, CURRENT_UNIT);
        // The neutral's square has no droop filter: what its fundamental lost is half of what a power loses.
        let turns = kernel.divide((tally.cycles as u64) << 48, length);
        let flat = (undroop(kernel, turns) >> 1) as i32;
        let restored = kernel.mul_q30(neutral_rms.rms, ONE + ((flat - ONE) >> 1));
        narrow[at::NEUTRAL_UA] = kernel.mul_q30(restored, CURRENT_UNIT);

        let powers = &mut quantities.powers;

        let flow = &mut quantities.flow;
        let mut both = Power {
            means: [voltage_rms.mean, neutral_rms.mean],
            length,
            gain: 0,
        };
        powers[at::NEUTRAL_ACTIVE_UW] = sums.0[Sums::POWERS + 1];
        let energy = &mut powers[at::NEUTRAL_ACTIVE_UW];
        both.settle(kernel, energy, voltage, neutral);
        both.means[1] = line_rms.mean;
        flow.active = sums.0[Sums::POWERS];
        both.settle(kernel, &mut flow.active, voltage, line);
        let gain = both.gain;

        // Energies of the fundamental, with the droop of the converter's filter taken out.
        let restored_gain = kernel.mul_q30(gain, flat) as u32;
        let pieces = tally.fundamental.pieces.max(1) as u32;
        let unit = kernel.divide(FUNDAMENTAL_UNIT, pieces);
        let mut fundamental = [tally.fundamental.active, tally.fundamental.reactive];
        for energy in &mut fundamental {
            for factor in [unit, restored_gain, length] {
                kernel.scale(energy, factor, 0);
            }
            kernel.shift_left(energy, 4);
        }

        // The crosstalk is in phase with the voltage's fundamental.
        let mut crosstalk = 0;
        kernel.add_product(&mut crosstalk, line.power_offset, length as i32);
        kernel.scale(&mut crosstalk, 1 << 18, 0);
        kernel.scale(&mut crosstalk, gain as u32, 0);
        kernel.sub(&mut fundamental[0], &crosstalk);

        // Phase: what the current channel lags too much is turned back, for the fundamental.
        let [active, reactive] = &fundamental;
        let [sine, versine] = small_angle(kernel, line.phase.to_bits());
        let mut shift = 0;
        add_part(kernel, &mut shift, reactive, sine);
        add_part(kernel, &mut shift, active, -versine);
        kernel.add(&mut flow.active, &shift);
        kernel.add(&mut shift, active);
        powers[at::FUNDAMENTAL_ACTIVE_UW] = shift;
        flow.reactive = *reactive;
        add_part(kernel, &mut flow.reactive, active, -sine);
        add_part(kernel, &mut flow.reactive, reactive, -versine);

        // No-load: what does not count is no energy; the powers stay what was measured.
        powers[at::ACTIVE_UW] = flow.active;
        powers[at::REACTIVE_UVAR] = flow.reactive;
        let [active_threshold, reactive_threshold] = calibration.starting;
        starting
            .active
            .filter(kernel, &mut flow.active, active_threshold, length);
        starting
            .reactive
            .filter(kernel, &mut flow.reactive, reactive_threshold, length);
        if !starting.active.counts() {
            quantities.flags.insert(Flags::NO_LOAD);
        }

        // Apparent energy; noise that was subtracted from the current must not push it below the active.
        let mut apparent = 0;
        kernel.add_product(&mut apparent, voltage_rms.rms, line_rms.rms);
        kernel.scale(&mut apparent, length, 0);
        let mut magnitude = powers[at::ACTIVE_UW];
        make_positive(kernel, &mut magnitude);
        let mut excess = magnitude;
        kernel.sub(&mut excess, &apparent);
        if excess >= 0 {
            apparent = magnitude;
        }
        powers[at::APPARENT_UVA] = apparent;
        let active = &powers[at::ACTIVE_UW];
        let (part, whole) = (coarse(kernel, active), coarse(kernel, &apparent));
        narrow[at::POWER_FACTOR_PPM] = with_sign_of(active, ratio_ppm(kernel, part, whole));
        // Without active power counted there is no apparent energy either: noise alone makes volts times milliamperes.
        if flow.active != 0 || flow.reactive != 0 {
            flow.apparent = powers[at::APPARENT_UVA] as u64;
        }
        for energy in powers {
            // An energy in code² · sample becomes a power in µW.
            per_sample.mean(kernel, energy, 8);
            kernel.scale(energy, POWER_UNIT, 15);
        }
        quantities
    }

    /// Voltage, rms, µV.
    pub fn voltage_uv(&self) -> u32 {
        self.narrow[at::VOLTAGE_UV] as u32
    }

    /// Line current, rms, µA.
    pub fn line_ua(&self) -> u32 {
        self.narrow[at::LINE_UA] as u32
    }

    /// Neutral current, rms, µA.
    pub fn neutral_ua(&self) -> u32 {
        self.narrow[at::NEUTRAL_UA] as u32
    }

    /// Frequency, µHz; 0 if the window was not cut at zero crossings.
    pub fn frequency_uhz(&self) -> u32 {
        self.narrow[at::FREQUENCY_UHZ] as u32
    }

    /// Power factor in millionths.
    pub fn power_factor_ppm(&self) -> i32 {
        self.narrow[at::POWER_FACTOR_PPM]
    }

    /// Active power, µW.
    pub fn active_uw(&self) -> i64 {
        self.powers[at::ACTIVE_UW]
    }

    /// Reactive power of the fundamental, µvar.
    pub fn reactive_uvar(&self) -> i64 {
        self.powers[at::REACTIVE_UVAR]
    }

    /// Apparent power, µVA.
    pub fn apparent_uva(&self) -> u64 {
        self.powers[at::APPARENT_UVA] as u64
    }

    /// Active power of the fundamental, µW.
    pub fn fundamental_active_uw(&self) -> i64 {
        self.powers[at::FUNDAMENTAL_ACTIVE_UW]
    }

    /// Active power computed with the neutral current, µW.
    pub fn neutral_active_uw(&self) -> i64 {
        self.powers[at::NEUTRAL_ACTIVE_UW]
    }
}

/// No-load detection of both kinds of energy, from window to window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoLoad {
    /// Active energy.
    pub active: Starting,
    /// Reactive energy.
    pub reactive: Starting,
}

impl NoLoad {
    /// Everything counts until it has been below its threshold for three windows.
    pub const COUNTING: Self = Self {
        active: Starting::COUNTING,
        reactive: Starting::COUNTING,
    };
}

/// What a channel's sums come to.
#[derive(Clone, Copy, Default)]
struct Channel {
    /// Mean, codes in Q8.
    mean: i32,
    /// Rms with the gain, codes in Q8; mean and noise come off inside the root.
    rms: i32,
}

/// Distance of a channel's peak from its mean, in codes, that is none: a quarter of the converter's rms noise.
const STILL: u32 = 16;

impl Channel {
    /// Computes mean and rms.
    fn compute<K: Kernel>(
        &mut self,
        kernel: &K,
        per_sample: &Reciprocal,
        sums: &[i64],
        constants: &ChannelCalibration,
    ) {
        // The channel's Σ of codes first, its Σ of squares last.
        let [codes, .., squares] = sums else { return };
        let mut sum = *codes;
        per_sample.mean(kernel, &mut sum, 8);
        let mean = sum as i32;
        self.mean = mean;
        let mut rest = 0;
        kernel.add_product(&mut rest, mean, mean);
        kernel.scale(&mut rest, 1 << 24, 0);
        sum = *squares;
        per_sample.mean(kernel, &mut sum, SQUARE_FRACTION);
        kernel.sub(&mut sum, &rest);
        kernel.add_small(&mut sum, -(constants.noise as i32));
        if sum > 0 {
            kernel.shift_left(&mut sum, 8);
            let root = kernel.square_root(&(sum as u64)).min(MOST_RMS);
            self.rms = kernel.mul_q30(root as i32, constants.gain.to_bits());
        }
    }
}

/// What makes an energy of a sum of 4 · voltage · current.
struct Power {
    /// Means of voltage and current, codes in Q8.
    means: [i32; 2],
    /// Length of the window, Q16 samples.
    length: u32,
    /// Q30, from the constants.
    gain: i32,
}

impl Power {
    /// Takes the product of the means and the crosstalk out of the sum; a Q30 gain in `scale` takes the four away.
    #[inline(never)]
    fn settle<K: Kernel>(
        &mut self,
        kernel: &K,
        energy: &mut i64,
        voltage: &ChannelCalibration,
        current: &ChannelCalibration,
    ) {
        let gain = kernel.mul_q30(voltage.gain.to_bits(), current.gain.to_bits());
        self.gain = kernel.mul_q30(gain, current.power_gain.to_bits());
        let mut rest = 0;
        kernel.add_product(&mut rest, current.power_offset, 1 << 16);
        kernel.add_product(&mut rest, self.means[0], self.means[1]);
        kernel.scale(&mut rest, self.length, 0);
        kernel.shift_left(&mut rest, 2);
        kernel.sub(energy, &rest);
        kernel.scale(energy, self.gain as u32, 0);
    }
}

/// Replaces `x` by its magnitude.
fn make_positive<K: Kernel>(kernel: &K, x: &mut i64) {
    if *x < 0 {
        kernel.negate(x);
    }
}

/// `magnitude` with the sign of `x`.
fn with_sign_of(x: &i64, magnitude: i32) -> i32 {
    if *x < 0 { -magnitude } else { magnitude }
}

/// A peak of up to 2²³ codes in µV or µA; `unit` is that of [`VOLTAGE_UNIT`].
#[inline(never)]
fn peak<K: Kernel>(kernel: &K, codes: u32, constants: &ChannelCalibration, unit: i32) -> i32 {
    // In Q6, so that 1.2 times the full scale fits 31 bits.
    let peak = kernel.mul_q30((codes << 6) as i32, constants.gain.to_bits());
    kernel.mul_q30(peak, unit) << 2
}

/// Frequency in µHz: cycles · rate / length.
fn frequency_uhz<K: Kernel>(kernel: &K, window: &Window, rate: u16) -> i32 {
    let tally = &window.tally;
    if tally.flags.contains(Flags::UNSYNCHRONISED) {
        return 0;
    }
    let samples = tally.cycles as u32 * rate as u32;
    let mut numerator = 0;
    kernel.add_product(&mut numerator, samples as i32, 1_000_000);
    kernel.shift_left(&mut numerator, 16);
    kernel.divide(numerator as u64, tally.length) as i32
}

/// `target += x·factor / 2³²`.
#[inline(never)]
fn add_part<K: Kernel>(kernel: &K, target: &mut i64, x: &i64, factor: i32) {
    let mut part = *x;
    kernel.scale(&mut part, factor.unsigned_abs(), 0);
    if factor < 0 {
        kernel.negate(&mut part);
    }
    kernel.add(target, &part);
}

/// Sine, and one less cosine, in Q32, of a Q30 angle of at most 0.05.
fn small_angle<K: Kernel>(kernel: &K, angle: i32) -> [i32; 2] {
    let square = kernel.mul_q30(angle, angle);
    let cube = kernel.mul_q30(square, angle);
    [(angle - kernel.mul_q30(cube, ONE / 6)) << 2, square << 1]
}
