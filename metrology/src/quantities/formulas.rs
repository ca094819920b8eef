//! The formulas of a window's quantities, and the slots they work on.
//!
//! Order: [`SUMS`] for each channel, [`CURRENT`] for the neutral and then for the line, [`SEGMENT`] from each point of the
//! curve to the next, [`LINE_AND_VOLTAGE`], [`UNITS`] for each power, [`LAST`]. Slots are used again when their first number
//! is no longer needed; the list says when.

use fixed::types::{I2F30, I6F26};

use crate::block::{LINE, NEUTRAL, VOLTAGE};
use crate::calibration::{
    CLOCK, CURRENT_FULL_SCALE_UA, CURVE, GAIN, NOISE, OFFSET_VOLTAGE_V, PHASE, POWER_GAIN,
    POWER_OFFSET, RECORD, STARTING_POWERS, VOLTAGE_FULL_SCALE_UV,
};
use crate::formula::{
    self, Place, Step, add, at, at_least_zero, at_most_zero, constant, constant_of_each, divide,
    each, like, literal, load, magnitude, mean, part, point_of_each, product, q30, root, scale,
    shift_left, store, subtract,
};
use crate::wide::ONE;

/// Indices of the slots.
pub(super) mod slot {
    /// By channel: Σ of codes, then the mean in Q8.
    pub const MEANS: usize = 0;
    /// In the end: what flowed, as [`crate::energy::Flow`].
    pub const FLOW: usize = 0;
    /// By channel: Σ of squares, then mean square in code²/256, then rms with the gain in code/256.
    pub const SQUARES: usize = 3;
    /// By channel, the voltage's being none: Σ of 4 · voltage · current, then the energy.
    pub const ENERGIES: usize = 5;
    /// Fundamental active and reactive power as summed, then energy; in the end what is above the starting threshold.
    pub const FUNDAMENTAL: usize = 8;
    /// Along the curve: fourth root of the current, and the angle to be added, in 2⁻³⁶ rad; the gain below it in the same word
    /// is no more than 2⁻²⁰ of that.
    pub const ROOT: usize = 20;
    pub const ADDEND: usize = 21;
    /// Fourth root of the current where a segment begins.
    pub const BEGIN: usize = 22;
    /// Angle to be turned back, Q30 rad.
    pub const ANGLE: usize = 23;
    /// Gain that the curve adds, in 2⁻⁶⁸ along the curve, then Q32.
    pub const CURVE_GAIN: usize = 24;
    /// Power that the voltage makes with what it adds to the current, code²/256; of the channel worked on last.
    pub const CROSSTALK: usize = 25;
    /// Amplitudes of the fundamental, voltage and line current, in the unit of a harmonic's square's root; from [`LAST`] on.
    pub const AMPLITUDES: usize = 18;
    /// Scratch of [`SHARES`]: the squares of a harmonic, voltage and line current, then their shares in the fundamental,
    /// 1/32 768; its frequency, turns per sample · 2³².
    pub const PARTS: usize = 3;
    pub const TURNS: usize = 5;
    /// Scratch of [`PULSES`], when the squares are no longer needed: energy of a pulse, rest of the register, and the results:
    /// when the last pulse falls and how far apart they are, in 2⁻¹⁷ samples.
    pub const PULSE: usize = 3;
    pub const REST: usize = 4;
    pub const LAST_EDGE: usize = 5;
    pub const STEP: usize = 6;
    /// In the end: what active and reactive energy have more than the least that counts.
    pub const EXCESS: usize = 8;
    /// Length, Q16 samples.
    pub const LENGTH: usize = 10;
    /// Whole cycles.
    pub const CYCLES: usize = 11;
    /// Pieces that the fundamental was summed over.
    pub const PIECES: usize = 12;
    /// In the end: voltage, µV.
    pub const VOLTAGE_UV: usize = 12;
    /// Samples per second.
    pub const RATE: usize = 13;
    /// In the end: active power of the fundamental, mW.
    pub const FUNDAMENTAL_ACTIVE_MW: usize = 13;
    /// Largest magnitude of the voltage's codes, then µV; that of the line current, µA, follows.
    pub const PEAKS: usize = 14;
    /// Intermediate values.
    pub const T: usize = 16;
    pub const U: usize = 17;
    /// Gain of the power of the channel worked on last.
    pub const GAIN_HERE: usize = 18;
    /// Inverse of the droop at the mains frequency, for powers; then an intermediate value.
    pub const FLAT: usize = 19;
    /// The quantities that table MT0 shows in this order: voltage, mV; line and neutral current, µA; active power, mW, and
    /// the reactive and the apparent one; power factor, ppm; frequency, µHz.
    pub const SHOWN: usize = 20;
    pub const LINE_UA: usize = SHOWN + 1;
    pub const NEUTRAL_UA: usize = SHOWN + 2;
    pub const POWERS_M: usize = SHOWN + 3;
    pub const POWER_FACTOR_PPM: usize = SHOWN + 6;
    pub const FREQUENCY_UHZ: usize = SHOWN + 7;
    /// Energies, then powers in millionths: active, reactive, apparent, active of the fundamental.
    pub const ACTIVE: usize = 28;
    pub const REACTIVE: usize = 29;
    pub const APPARENT: usize = 30;
    pub const FUNDAMENTAL_ACTIVE: usize = 31;
}
use slot::*;

/// Powers that [`UNITS`] is worked off for.
pub(super) const POWERS: usize = 4;

/// Turns rms codes in Q8 into µV by a Q30 product: full scale / 2³¹ · 2³⁰.
const VOLTAGE_UNIT: i32 = (VOLTAGE_FULL_SCALE_UV / 2) as i32;

/// The same for µA.
const CURRENT_UNIT: i32 = (CURRENT_FULL_SCALE_UA / 2) as i32;

/// Largest rms in codes Q8: 17 % above a full-scale sine, and no gain up to 1.2 pushes it over 31 bits.
const MOST_RMS: i32 = 0x6A00_0000;

/// µW per code²/256, times 2⁴⁷: 600 V · 150 A · 10⁶ / 2⁵⁴ · 2⁴⁷.
const POWER_UNIT: i32 = 703_125_000;

/// A quarter of 2⁴⁶/20 000: what turns twice the power in code²/10 000 of one piece into code²·sample, together with a Q30
/// gain, the length and the factors 2⁻³² of each scaling; a factor 2⁴ is left.
const QUARTER_FUNDAMENTAL_UNIT: i32 = 879_609_302;

/// π² in Q26, which makes Q30 of turns squared in Q34.
const PI_SQUARED: i32 = I6F26::lit("9.869604401").to_bits();

/// 0.22 in Q30: the next coefficient, 191/945, and what stands for the ones behind it up to a fifth of a turn a sample.
const REST_OF_SERIES: i32 = I2F30::lit("0.22").to_bits();

/// 8/15 in Q30.
const EIGHT_FIFTEENTHS: i32 = I2F30::lit("0.5333333333").to_bits();

/// 2⁴¹/1000: with 2⁻³² and 2⁻⁹ a thousandth.
const MILLI: i32 = ((1u64 << 41) / 1000 + 1) as u32 as i32;

/// Numbers that the formulas name.
pub(super) const LITERALS: [i32; formula::LITERALS] = [
    ONE,
    -ONE,
    HALF,
    1 << 24,
    1 << 8,
    MOST_RMS,
    -MOST_RMS,
    VOLTAGE_UNIT,
    CURRENT_UNIT,
    MILLI,
    1 << 23,
    1_000_000,
    PI_SQUARED,
    EIGHT_FIFTEENTHS,
    QUARTER_FUNDAMENTAL_UNIT,
    OFFSET_SQUARE,
    -ONE / 6,
    1 << 16,
    POWER_UNIT,
    1 << 17,
    1 << 3,
    REST_OF_SERIES,
];

/// The place of a literal; a number that is not in the list fails the build.
const fn number(wanted: i32) -> Place {
    let mut index = 0;
    while LITERALS[index] != wanted {
        index += 1;
    }
    literal(index)
}

/// Square of the voltage at which power offsets are stated, in 2¹⁶ code²: (V / 600 V · 2²³)² / 2¹⁶.
const OFFSET_SQUARE: i32 = {
    let volts = OFFSET_VOLTAGE_V as u64;
    let full_scale = VOLTAGE_FULL_SCALE_UV as u64 / 1_000_000;
    (((volts * volts) << 30) / (full_scale * full_scale)) as i32
};

/// Half, for [`scale`].
const HALF: i32 = i32::MIN;

/// The formulas of a window, each to be worked off as the page's head says.
#[derive(Clone, Copy)]
pub(super) struct Formulas<'a> {
    pub sums: &'a [Step],
    pub current: &'a [Step],
    pub segment: &'a [Step],
    pub line_and_voltage: &'a [Step],
    pub units: &'a [Step],
    pub last: &'a [Step],
}

/// Those that count; tests leave steps out.
pub(super) const STANDARD: Formulas<'static> = Formulas {
    sums: SUMS,
    current: CURRENT,
    segment: SEGMENT,
    line_and_voltage: LINE_AND_VOLTAGE,
    units: UNITS,
    last: LAST,
};

/// Mean and mean square of a channel: mean, its square and the noise come off the mean square.
const SUMS: &[Step] = &[
    load(each(MEANS)),
    mean(8),
    store(each(MEANS)),
    product(each(MEANS)),
    scale(number(1 << 24)),
    store(at(T)),
    load(constant_of_each(NOISE)),
    add(at(T)),
    store(at(T)),
    load(each(SQUARES)),
    // The droop filter's factor is 4, so that 2⁶ makes code²/256.
    mean(6),
    subtract(at(T)),
    store(each(SQUARES)),
];

/// A current's rms and the energy that it makes with the voltage.
///
/// What the voltage adds to the current in phase, k·v, is known from the power read without load, k·V². It also adds
/// 2k·P − k²·V² to the square of the current, P being the power with it: 1.4 % of the current at 5 mA.
const CURRENT: &[Step] = &[
    // k in Q32.
    load(constant_of_each(POWER_OFFSET)),
    store(at(U)),
    magnitude(),
    shift_left(16),
    divide(number(OFFSET_SQUARE)),
    like(at(U)),
    store(at(T)),
    load(at(SQUARES + VOLTAGE)),
    part(at(T)),
    store(at(CROSSTALK)),
    load(each(ENERGIES)),
    mean(6),
    shift_left(1),
    subtract(at(CROSSTALK)),
    part(at(T)),
    store(at(U)),
    load(each(SQUARES)),
    subtract(at(U)),
    at_least_zero(),
    shift_left(8),
    root(),
    add(number(-MOST_RMS)),
    at_most_zero(),
    add(number(MOST_RMS)),
    q30(constant_of_each(GAIN)),
    store(each(SQUARES)),
    // Where it lies on the curve, and where that begins; what counts is the line's, worked on last.
    q30(number(CURRENT_UNIT)),
    shift_left(24),
    root(),
    shift_left(24),
    root(),
    store(at(ROOT)),
    load(constant(CURVE)),
    shift_left(24),
    root(),
    shift_left(24),
    root(),
    store(at(BEGIN)),
    load(constant(CURVE + 1)),
    store(at(ADDEND)),
    shift_left(48),
    store(at(CURVE_GAIN)),
    // The product of the means and the crosstalk come off; the Q30 gain's two bits take the filter's factor away.
    load(constant(GAIN)),
    q30(constant_of_each(GAIN)),
    q30(constant_of_each(POWER_GAIN)),
    store(at(GAIN_HERE)),
    load(at(CROSSTALK)),
    shift_left(8),
    store(at(T)),
    load(at(MEANS + VOLTAGE)),
    product(each(MEANS)),
    add(at(T)),
    scale(at(LENGTH)),
    shift_left(2),
    store(at(T)),
    load(each(ENERGIES)),
    subtract(at(T)),
    scale(at(GAIN_HERE)),
    store(each(ENERGIES)),
];

/// The place of a constant of the line current's record.
const fn of_line(place: usize) -> Place {
    constant(LINE * RECORD + place)
}

/// Goes along the curve from one point to the next, as far as the present current is.
const SEGMENT: &[Step] = &[
    load(point_of_each(2)),
    shift_left(24),
    root(),
    shift_left(24),
    root(),
    store(at(T)),
    subtract(at(BEGIN)),
    store(at(U)),
    load(at(ROOT)),
    subtract(at(BEGIN)),
    at_least_zero(),
    shift_left(30),
    divide(at(U)),
    add(number(-ONE)),
    at_most_zero(),
    add(number(ONE)),
    store(at(U)),
    load(at(T)),
    store(at(BEGIN)),
    load(point_of_each(1)),
    store(at(T)),
    load(point_of_each(3)),
    subtract(at(T)),
    shift_left(2),
    scale(at(U)),
    add(at(ADDEND)),
    store(at(ADDEND)),
    load(point_of_each(1)),
    shift_left(48),
    store(at(T)),
    load(point_of_each(3)),
    shift_left(48),
    subtract(at(T)),
    scale(at(U)),
    shift_left(2),
    add(at(CURVE_GAIN)),
    store(at(CURVE_GAIN)),
];

/// Everything else, but for the units of the powers.
const LINE_AND_VOLTAGE: &[Step] = &[
    // What the curve adds: the angle, in Q30, and the gain, in Q32.
    load(at(ADDEND)),
    scale(number(1 << 24)),
    shift_left(2),
    add(of_line(PHASE)),
    store(at(ANGLE)),
    load(at(CURVE_GAIN)),
    scale(number(1 << 3)),
    scale(number(1 << 24)),
    shift_left(1),
    store(at(CURVE_GAIN)),
    // The gain, to the current, its energy and the gain of the fundamental.
    load(at(SQUARES + LINE)),
    part(at(CURVE_GAIN)),
    add(at(SQUARES + LINE)),
    store(at(SQUARES + LINE)),
    load(at(ENERGIES + LINE)),
    part(at(CURVE_GAIN)),
    add(at(ENERGIES + LINE)),
    store(at(ENERGIES + LINE)),
    load(at(GAIN_HERE)),
    part(at(CURVE_GAIN)),
    add(at(GAIN_HERE)),
    store(at(GAIN_HERE)),
    // Voltage and line current.
    load(at(SQUARES + VOLTAGE)),
    at_least_zero(),
    shift_left(8),
    root(),
    add(number(-MOST_RMS)),
    at_most_zero(),
    add(number(MOST_RMS)),
    q30(constant(GAIN)),
    store(at(SQUARES + VOLTAGE)),
    load(at(SQUARES + LINE)),
    q30(number(CURRENT_UNIT)),
    store(at(LINE_UA)),
    // Peaks in Q6, so that 1.2 times the full scale fits 31 bits.
    load(at(PEAKS)),
    shift_left(6),
    q30(constant(GAIN)),
    q30(number(VOLTAGE_UNIT)),
    shift_left(2),
    store(at(PEAKS)),
    load(at(PEAKS + 1)),
    shift_left(6),
    q30(of_line(GAIN)),
    q30(number(CURRENT_UNIT)),
    shift_left(2),
    store(at(PEAKS + 1)),
    // Frequency: cycles · rate / length.
    load(at(CYCLES)),
    product(at(RATE)),
    product(number(1_000_000)),
    shift_left(16),
    divide(at(LENGTH)),
    q30(constant(CLOCK)),
    store(at(FREQUENCY_UHZ)),
    // What a power lost in the converter's sinc³ filter: (x / sin x)⁶ = 1 + x² + 8/15·x⁴ + …, with x half the angle per
    // sample; the next term is 4·10⁻⁹ at 66 Hz and 4 000 SPS.
    load(at(CYCLES)),
    shift_left(48),
    divide(at(LENGTH)),
    store(at(T)),
    q30(at(T)),
    q30(number(PI_SQUARED)),
    store(at(T)),
    q30(number(EIGHT_FIFTEENTHS)),
    add(number(ONE)),
    q30(at(T)),
    add(number(ONE)),
    store(at(FLAT)),
    // The neutral's square has no droop filter: what its fundamental lost is half of what a power loses.
    add(number(ONE)),
    scale(number(HALF)),
    q30(at(SQUARES + NEUTRAL)),
    q30(number(CURRENT_UNIT)),
    store(at(NEUTRAL_UA)),
    // Energies of the fundamental, with the droop taken out.
    load(at(GAIN_HERE)),
    q30(at(FLAT)),
    store(at(U)),
    load(number(QUARTER_FUNDAMENTAL_UNIT)),
    shift_left(2),
    divide(at(PIECES)),
    store(at(T)),
    load(at(FUNDAMENTAL)),
    scale(at(T)),
    scale(at(U)),
    scale(at(LENGTH)),
    shift_left(4),
    store(at(FUNDAMENTAL)),
    load(at(FUNDAMENTAL + 1)),
    scale(at(T)),
    scale(at(U)),
    scale(at(LENGTH)),
    shift_left(4),
    store(at(FUNDAMENTAL + 1)),
    // The crosstalk is in phase with the voltage's fundamental.
    load(at(CROSSTALK)),
    scale(at(LENGTH)),
    shift_left(10),
    scale(at(GAIN_HERE)),
    store(at(T)),
    load(at(FUNDAMENTAL)),
    subtract(at(T)),
    store(at(FUNDAMENTAL)),
    // Phase: what the current channel lags too much is turned back, for the fundamental. One less cosine, then the sine of
    // an angle of at most 0.05, in Q32.
    load(at(ANGLE)),
    q30(at(ANGLE)),
    store(at(T)),
    q30(at(ANGLE)),
    q30(number(-ONE / 6)),
    add(at(ANGLE)),
    shift_left(2),
    store(at(U)),
    load(at(T)),
    shift_left(1),
    store(at(T)),
    load(at(FUNDAMENTAL)),
    part(at(T)),
    store(at(FLAT)),
    load(at(FUNDAMENTAL + 1)),
    part(at(U)),
    subtract(at(FLAT)),
    store(at(FLAT)),
    add(at(FUNDAMENTAL)),
    store(at(FUNDAMENTAL_ACTIVE)),
    load(at(ENERGIES + LINE)),
    add(at(FLAT)),
    store(at(ACTIVE)),
    load(at(FUNDAMENTAL + 1)),
    part(at(T)),
    store(at(FLAT)),
    load(at(FUNDAMENTAL)),
    part(at(U)),
    add(at(FLAT)),
    store(at(FLAT)),
    load(at(FUNDAMENTAL + 1)),
    subtract(at(FLAT)),
    store(at(REACTIVE)),
    // Above the starting thresholds.
    magnitude(),
    store(at(FLAT)),
    load(constant(STARTING_POWERS + 1)),
    product(at(LENGTH)),
    scale(number(1 << 16)),
    store(at(T)),
    load(at(FLAT)),
    subtract(at(T)),
    store(at(EXCESS + 1)),
    load(constant(STARTING_POWERS)),
    product(at(LENGTH)),
    scale(number(1 << 16)),
    store(at(U)),
    load(at(ACTIVE)),
    magnitude(),
    store(at(T)),
    subtract(at(U)),
    store(at(EXCESS)),
    // Apparent energy; noise that was subtracted from the current must not push it below the active.
    load(at(SQUARES + VOLTAGE)),
    product(at(SQUARES + LINE)),
    scale(at(LENGTH)),
    store(at(APPARENT)),
    load(at(T)),
    subtract(at(APPARENT)),
    at_least_zero(),
    add(at(APPARENT)),
    store(at(APPARENT)),
    // Power factor, of energies over 2²⁹: a window's (below 2⁶⁰) then fits 31 bits, a watt-second keeps 13.
    scale(number(1 << 3)),
    store(at(U)),
    load(at(T)),
    scale(number(1 << 3)),
    shift_left(30),
    divide(at(U)),
    q30(number(1_000_000)),
    like(at(ACTIVE)),
    store(at(U)),
    // The clock: samples that come slower than they should carry more energy each. 2 − rate is 1 / rate to 10⁻⁹.
    load(constant(CLOCK)),
    q30(number(-ONE)),
    add(number(ONE)),
    add(number(ONE)),
    store(at(T)),
    load(at(ACTIVE)),
    scale(at(T)),
    shift_left(2),
    store(at(FLOW)),
    load(at(REACTIVE)),
    scale(at(T)),
    shift_left(2),
    store(at(FLOW + 1)),
    load(at(APPARENT)),
    scale(at(T)),
    shift_left(2),
    store(at(FLOW + 2)),
    load(at(ENERGIES + NEUTRAL)),
    mean(8),
    scale(number(POWER_UNIT)),
    scale(number(1 << 17)),
    store(at(ENERGIES + NEUTRAL)),
];

/// An energy in code² · sample becomes a power in millionths and in thousandths.
const UNITS: &[Step] = &[
    load(each(ACTIVE)),
    mean(8),
    scale(number(POWER_UNIT)),
    scale(number(1 << 17)),
    store(each(ACTIVE)),
    scale(number(MILLI)),
    scale(number(1 << 23)),
    store(each(POWERS_M)),
];

/// The amplitudes of the fundamental per piece, the voltage, and what [`UNITS`] put beside its place.
const LAST: &[Step] = &[
    load(number(ONE)),
    shift_left(2),
    divide(at(PIECES)),
    store(at(T)),
    load(at(AMPLITUDES)),
    scale(at(T)),
    root(),
    store(at(AMPLITUDES)),
    load(at(AMPLITUDES + 1)),
    scale(at(T)),
    root(),
    store(at(AMPLITUDES + 1)),
    load(at(SQUARES + VOLTAGE)),
    q30(number(VOLTAGE_UNIT)),
    store(at(VOLTAGE_UV)),
    scale(number(MILLI)),
    scale(number(1 << 23)),
    store(at(SHOWN)),
    load(at(POWER_FACTOR_PPM)),
    store(at(FUNDAMENTAL_ACTIVE_MW)),
    load(at(U)),
    store(at(POWER_FACTOR_PPM)),
];

/// When the pulses of one kind of energy fall: what a register holds beyond them has flowed since the last, and a pulse takes
/// as long as its energy. Energies over 2²⁹: a window's (below 2⁶⁰) then fits 31 bits, a pulse at 6 400 imp/kWh keeps 23.
pub(super) const PULSES: &[Step] = &[
    load(each(FLOW)),
    magnitude(),
    scale(number(1 << 3)),
    store(at(U)),
    load(at(PULSE)),
    scale(number(1 << 3)),
    product(at(LENGTH)),
    shift_left(1),
    divide(at(U)),
    store(at(STEP)),
    load(at(REST)),
    scale(number(1 << 3)),
    product(at(LENGTH)),
    shift_left(1),
    divide(at(U)),
    store(at(T)),
    load(at(LENGTH)),
    shift_left(1),
    subtract(at(T)),
    store(at(LAST_EDGE)),
];

/// What the power of a harmonic lost in the converter's filter: the series above with one term more, 0.3 % at 0.2 turns.
pub(super) const RESTORE: &[Step] = &[
    load(at(TURNS)),
    q30(at(TURNS)),
    q30(number(PI_SQUARED)),
    store(at(T)),
    q30(number(REST_OF_SERIES)),
    add(number(EIGHT_FIFTEENTHS)),
    q30(at(T)),
    add(number(ONE)),
    q30(at(T)),
    add(number(ONE)),
    store(at(T)),
];

/// The share of a harmonic's voltage or current in the fundamental's.
pub(super) const SHARES: &[Step] = &[
    load(each(PARTS)),
    scale(at(T)),
    shift_left(2),
    root(),
    shift_left(15),
    divide(each(AMPLITUDES)),
    store(each(PARTS)),
];
