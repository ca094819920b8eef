//! From readings under present constants to the constants that make them true; and what readings would be under others.
//!
//! Everything in complex power: S = P + jQ, Q positive for lagging current. Under the meter's constants (gains g,
//! power gain, phase φ, offset X₀) it shows S = G·(N − X₀)·e^(−jφ), G the product of the gains, from the raw power N of
//! the board as designed. A board gives N = a·S_true + X: a its gain and phase error, X the crosstalk of the voltage into
//! the current. X is what there is without load, a = (N − X)/S_true at the test current. The new constants are G = 1/|a|,
//! φ = arg a, X₀ = Re(X·e^(−jφ))/cos φ, and the gains of voltage and current by which rms values become true. At other
//! currents a is another one, aₖ: the curve adds |a/aₖ| − 1 to the gain and arg aₖ/a to the phase there.
//!
//! Phases are delays: the constants say their angle at 60 Hz, which grows with frequency.
//!
//! The clock constant is the true frequency over the one that the board as designed would show.

use super::curve::{self, MEASURED};
use c12::calibration::{Channel, Constants, Law, PHASE_HZ};

/// Volts and amperes of one converter code, and what their product is in watts.
const CODE_V: f64 = 600.0 / 8_388_608.0;
const CODE_A: f64 = 150.0 / 8_388_608.0;
const CODE_W: f64 = CODE_V * CODE_A;
const Q30: f64 = 1_073_741_824.0;

/// What the meter showed at one load: means over windows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shown {
    /// Volts rms.
    pub voltage_v: f64,
    /// Mean square of the line current, A².
    pub line_square_a2: f64,
    /// Mean square of the neutral current, A².
    pub neutral_square_a2: f64,
    /// Active power, W.
    pub p_w: f64,
    /// Reactive power of the fundamental, var.
    pub q_var: f64,
    /// Hertz.
    pub f_hz: f64,
    /// Degrees Celsius, by which the gains went; not a number where the meter has no thermometer.
    pub temperature_c: f64,
    /// Some window showed a current other than zero, on line and on neutral.
    pub is_current_seen: [bool; 2],
    /// Some window hid its power because it was below the starting threshold.
    pub is_power_hidden: bool,
}

impl Shown {
    /// Line current, A rms.
    pub fn line_a(&self) -> f64 {
        self.line_square_a2.sqrt()
    }

    /// Neutral current, A rms.
    pub fn neutral_a(&self) -> f64 {
        self.neutral_square_a2.sqrt()
    }
}

/// What the reference says about one load.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Truth {
    /// Volts rms.
    pub voltage_v: f64,
    /// Amperes rms.
    pub current_a: f64,
    /// Active power, W.
    pub p_w: f64,
    /// Reactive power, var, lagging positive.
    pub q_var: f64,
    /// Hertz, if the reference knows them.
    pub f_hz: Option<f64>,
}

impl Truth {
    /// Power factor without sign; 1 without current.
    pub fn power_factor(&self) -> f64 {
        let apparent = self.voltage_v * self.current_a;
        if apparent > 0.0 {
            (self.p_w / apparent).abs()
        } else {
            1.0
        }
    }
}

/// A load measured by both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// By the meter.
    pub shown: Shown,
    /// By the reference.
    pub truth: Truth,
}

/// The loads of one pass, all measured under the same constants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pass {
    /// Voltage, no current.
    pub no_load: Shown,
    /// Test current, PF 1.
    pub main: Load,
    /// A hundredth of it, PF 1; for the crosstalk where the meter hides the power without load.
    pub low: Load,
    /// Other currents, ascending, for the line's curve; the curve stays where there are none.
    pub curve: [Option<Load>; MEASURED],
    /// The reference's current flows through the neutral sensor too.
    pub is_neutral_driven: bool,
    /// Laws of temperature that voltage, line and neutral are to have; those that they have where absent.
    pub laws: Option<[Law; 3]>,
}

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn turned(self, angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Complex {
            re: self.re * cos - self.im * sin,
            im: self.re * sin + self.im * cos,
        }
    }

    fn times(self, factor: f64) -> Self {
        Complex {
            re: self.re * factor,
            im: self.im * factor,
        }
    }

    fn minus(self, other: Self) -> Self {
        Complex {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }

    fn magnitude(self) -> f64 {
        self.re.hypot(self.im)
    }

    fn angle(self) -> f64 {
        self.im.atan2(self.re)
    }

    fn product(self, other: Self) -> Self {
        Complex {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn over(self, other: Self) -> Self {
        let conjugate = Complex {
            re: other.re,
            im: -other.im,
        };
        let square = other.re * other.re + other.im * other.im;
        self.product(conjugate).times(1.0 / square)
    }
}

/// Voltage at which the meter's power offsets are stated.
const OFFSET_V: f64 = c12::calibration::OFFSET_VOLTAGE_V;

/// Constants of one channel as numbers.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    gain: f64,
    noise_code2: f64,
    power_gain: f64,
    phase_rad: f64,
    offset_code2: f64,
}

impl Numbers {
    fn of(channel: &Channel) -> Self {
        Numbers {
            gain: f64::from(channel.gain) / Q30,
            noise_code2: f64::from(channel.noise) / 256.0,
            power_gain: f64::from(channel.power_gain) / Q30,
            phase_rad: f64::from(channel.phase) / Q30,
            offset_code2: f64::from(channel.power_offset),
        }
    }

    /// Power that the crosstalk makes at a voltage, as a board of nominal gain sees it.
    fn crosstalk_w(&self, voltage_v: f64) -> f64 {
        self.offset_code2 * CODE_W * (voltage_v / OFFSET_V).powi(2)
    }

    /// Rounded; a value that does not fit becomes the nearest that does, and is refused as implausible later.
    fn channel(&self) -> Channel {
        Channel {
            gain: (self.gain * Q30).round() as i32,
            noise: (self.noise_code2.max(0.0) * 256.0).round() as u32,
            power_gain: (self.power_gain * Q30).round() as i32,
            phase: (self.phase_rad * Q30).round() as i32,
            power_offset: self.offset_code2.round() as i32,
        }
    }
}

/// What the board gave, as if it were one as designed.
#[derive(Clone, Copy, Debug)]
struct Raw {
    voltage_v: f64,
    /// Mean squares with their noise.
    line_square_a2: f64,
    neutral_square_a2: f64,
    power: Complex,
}

/// What a law makes of a gain at a temperature.
fn drift(law: &Law, temperature_c: f64) -> f64 {
    if temperature_c.is_nan() {
        return 1.0;
    }
    let kelvin = temperature_c - 25.0;
    // The lower half of the law's word stands behind the upper one's digits.
    let quadratic = f64::from(law.quadratic) + f64::from(law.linear as u16) / 65_536.0;
    1.0 + f64::from(law.linear) * kelvin / 2f64.powi(24)
        + quadratic * kelvin * kelvin / 2f64.powi(30)
}

/// The channels' constants as they act at a frequency and a temperature, those of the line with what its curve adds at a
/// current.
fn numbers_at(constants: &Constants, line_a: f64, f_hz: f64, temperature_c: f64) -> [Numbers; 3] {
    let mut numbers = constants.channels.each_ref().map(Numbers::of);
    for (numbers, law) in numbers.iter_mut().zip(&constants.temperature) {
        numbers.gain *= drift(law, temperature_c);
    }
    let [voltage, mut line, neutral] = numbers;
    let added = curve::at(&constants.curves[0], line_a);
    line.gain *= 1.0 + added.gain;
    line.phase_rad = (line.phase_rad + added.phase_rad) * f_hz / PHASE_HZ;
    [voltage, line, neutral]
}

/// Takes the present constants out of what the meter shows.
fn raw(shown: &Shown, present: &Constants) -> Raw {
    // The meter looks its curve up by the current without what the curve adds.
    let line_a = shown.line_a() / (1.0 + curve::at(&present.curves[0], shown.line_a()).gain);
    let [voltage, line, neutral] = numbers_at(present, line_a, shown.f_hz, shown.temperature_c);
    let gains = voltage.gain * line.gain * line.power_gain;
    let square = |shown_a2: f64, channel: &Numbers| {
        shown_a2 / channel.gain.powi(2) + channel.noise_code2 * CODE_A.powi(2)
    };
    let voltage_v = shown.voltage_v / voltage.gain;
    let mut power = Complex {
        re: shown.p_w / gains,
        im: shown.q_var / gains,
    }
    .turned(line.phase_rad);
    power.re += line.crosstalk_w(voltage_v);
    Raw {
        voltage_v,
        line_square_a2: square(shown.line_square_a2, &line)
            + correlated_a2(&line, voltage_v, power.re),
        neutral_square_a2: square(shown.neutral_square_a2, &neutral),
        power,
    }
}

/// What the meter takes off the square of a current for the crosstalk k·v in it: 2k·P − k²·V², with k from the offset.
fn correlated_a2(channel: &Numbers, voltage_v: f64, power_w: f64) -> f64 {
    let k = channel.crosstalk_w(1.0);
    k * (2.0 * power_w - channel.crosstalk_w(voltage_v))
}

/// What the meter would have shown with `other` constants in place of the `present` ones.
pub fn under(shown: &Shown, present: &Constants, other: &Constants) -> Shown {
    let board = raw(shown, present);
    let square = |raw_a2: f64, channel: &Numbers| {
        (raw_a2 - channel.noise_code2 * CODE_A.powi(2)).max(0.0) * channel.gain.powi(2)
    };
    let line_square = |line: &Numbers| {
        let correlated_a2 = correlated_a2(line, board.voltage_v, board.power.re);
        square(board.line_square_a2 - correlated_a2, line)
    };
    let f_hz = shown.f_hz / clock(present) * clock(other);
    let [_, plain, _] = other.channels.each_ref().map(Numbers::of);
    let [voltage, line, neutral] =
        numbers_at(other, line_square(&plain).sqrt(), f_hz, shown.temperature_c);
    let gains = voltage.gain * line.gain * line.power_gain;
    let mut power = board.power;
    power.re -= line.crosstalk_w(board.voltage_v);
    let power = power.turned(-line.phase_rad).times(gains);
    Shown {
        voltage_v: board.voltage_v * voltage.gain,
        line_square_a2: line_square(&line),
        neutral_square_a2: square(board.neutral_square_a2, &neutral),
        p_w: power.re,
        q_var: power.im,
        f_hz,
        ..*shown
    }
}

/// The constants under which the loads of a pass, measured under the `present` ones, read true.
///
/// Thresholds stay, temperature laws and the line's curve too where it was not measured, and the clock constant where the
/// reference has no frequency or a wrong one ([`FURTHEST_CLOCK`]). Neutral: noise and, when it is driven, gain; the
/// meter shows no neutral power from which its phase would follow.
pub fn constants(pass: &Pass, present: &Constants) -> Constants {
    let mut numbers = present.channels.each_ref().map(Numbers::of);
    let idle = raw(&pass.no_load, present);
    let main = raw(&pass.main.shown, present);
    let low = raw(&pass.low.shown, present);

    // The crosstalk at the test load's voltage, and the board's gain with its phase.
    let truth = |load: &Load| Complex {
        re: load.truth.p_w,
        im: load.truth.q_var,
    };
    let [main_truth, low_truth] = [&pass.main, &pass.low].map(truth);
    let scale = |voltage_v: f64| (main.voltage_v / voltage_v).powi(2);
    let crosstalk = if pass.no_load.is_power_hidden {
        // What the low load has too much. Only what is in phase with the voltage: a transformer's phase at this current
        // is another one, and would be taken for crosstalk.
        let excess = low
            .power
            .minus(low_truth.product(main.power.over(main_truth)));
        // The test load has its crosstalk too, and by that a share of it was taken off here.
        let share = low_truth.magnitude() / main_truth.magnitude();
        Complex {
            re: excess.re / (1.0 / scale(low.voltage_v) - share),
            im: 0.0,
        }
    } else {
        idle.power.times(scale(idle.voltage_v))
    };
    let board = main.power.minus(crosstalk).over(main_truth);

    // Noise: what is left of the current without load when the crosstalk is taken out. A meter that takes more off
    // than there is shows zero throughout; then what it takes off is kept.
    let crosstalk_a = crosstalk.magnitude() / main.voltage_v;
    let noise = |square_a2: f64, is_seen: bool, present_code2: f64, correlated_a: f64| {
        if is_seen || present_code2 == 0.0 {
            ((square_a2 - correlated_a.powi(2)) / CODE_A.powi(2)).max(0.0)
        } else {
            present_code2
        }
    };
    let [is_line_seen, is_neutral_seen] = pass.no_load.is_current_seen;
    let [voltage, line, neutral] = &mut numbers;
    line.noise_code2 = noise(
        idle.line_square_a2,
        is_line_seen,
        line.noise_code2,
        crosstalk_a,
    );
    neutral.noise_code2 = noise(
        idle.neutral_square_a2,
        is_neutral_seen,
        neutral.noise_code2,
        0.0,
    );
    // The same converter at the same rate, and no load on the voltage channel to measure its own by; a thousandth of it
    // does not matter there.
    voltage.noise_code2 = line.noise_code2;

    voltage.gain = pass.main.truth.voltage_v / main.voltage_v;
    // The crosstalk adds to the current as a phasor.
    let with_crosstalk = main.power.magnitude();
    let without = main.power.minus(crosstalk).magnitude();
    let correlated_a2 = (with_crosstalk.powi(2) - without.powi(2)) / main.voltage_v.powi(2);
    let noise_a2 = |channel: &Numbers| channel.noise_code2 * CODE_A.powi(2);
    let line_a = (main.line_square_a2 - noise_a2(line) - correlated_a2).sqrt();
    line.gain = pass.main.truth.current_a / line_a;
    if let Some(Ok(clock)) = clock_found(pass, present) {
        voltage.power_gain = clock;
    }
    let f_hz = pass.main.shown.f_hz / clock(present) * voltage.power_gain;
    let delay = |angle_rad: f64| angle_rad * PHASE_HZ / f_hz;
    line.phase_rad = delay(board.angle());
    line.power_gain = 1.0 / board.magnitude() / (voltage.gain * line.gain);
    let crosstalk_w = crosstalk.turned(-board.angle()).re / board.angle().cos();
    line.offset_code2 = crosstalk_w / CODE_W * (OFFSET_V / main.voltage_v).powi(2);

    // Other currents: how the board differs there. A curve that stays adds at the test load what was there before.
    let mut curves = present.curves;
    let main_a = pass.main.truth.current_a;
    if pass.curve.iter().any(Option::is_some) {
        let found = pass.curve.iter().flatten().map(|load| {
            let shown = raw(&load.shown, present);
            let crosstalk = crosstalk.times(1.0 / scale(shown.voltage_v));
            let here = shown.power.minus(crosstalk).over(truth(load)).over(board);
            let correction = curve::Correction {
                gain: 1.0 / here.magnitude() - 1.0,
                phase_rad: delay(here.angle()),
            };
            (load.truth.current_a, correction)
        });
        curves[0] = curve::through(main_a, found);
    }
    let added = curve::at(&curves[0], main_a);
    line.gain /= 1.0 + added.gain;
    line.phase_rad -= added.phase_rad;
    // Gains as they are at this temperature; the constants say them at 25 °C.
    let laws = pass.laws.unwrap_or(present.temperature);
    let [voltage_drift, line_drift, neutral_drift] =
        laws.map(|law| drift(&law, pass.main.shown.temperature_c));
    voltage.gain /= voltage_drift;
    line.gain /= line_drift;
    if pass.is_neutral_driven {
        let neutral_a = (main.neutral_square_a2 - noise_a2(neutral)).sqrt();
        neutral.gain = pass.main.truth.current_a / neutral_a / neutral_drift;
    }
    Constants {
        version: c12::calibration::VERSION,
        channels: numbers.map(|numbers| numbers.channel()),
        curves,
        temperature: laws,
        ..*present
    }
}

/// Furthest that a converter's clock is from its nominal rate; beyond it the reference is wrong.
pub const FURTHEST_CLOCK: f64 = 500e-6;

/// The clock constant: the converter's true sample rate over the nominal one.
pub fn clock(constants: &Constants) -> f64 {
    Numbers::of(&constants.channels[0]).power_gain
}

/// The clock constant by which the frequency at the test load reads true; nothing where the reference has no frequency.
///
/// # Errors
/// What it would have to be, where no crystal is that far off.
pub fn clock_found(pass: &Pass, present: &Constants) -> Option<Result<f64, f64>> {
    let Load { shown, truth } = &pass.main;
    let found = truth.f_hz? / (shown.f_hz / clock(present));
    // Not a number is no clock either.
    let is_plausible = (found - 1.0).abs() <= FURTHEST_CLOCK;
    Some(if is_plausible { Ok(found) } else { Err(found) })
}

/// Noise of a current channel as a current, A rms.
pub fn noise_a(channel: &Channel) -> f64 {
    Numbers::of(channel).noise_code2.sqrt() * CODE_A
}

/// A channel's gain, power gain and phase in radians.
pub fn gains(channel: &Channel) -> [f64; 3] {
    let numbers = Numbers::of(channel);
    [numbers.gain, numbers.power_gain, numbers.phase_rad]
}

/// A power in W or var, not negative, as a starting threshold in code².
pub fn power_code2(power_w: f64) -> u32 {
    (power_w / CODE_W).round() as u32
}

/// Power offset of a channel in watts, at 220 V.
pub fn power_offset_w(channel: &Channel) -> f64 {
    f64::from(channel.power_offset) * CODE_W
}

#[cfg(test)]
mod tests;
