//! The formulas of a window's quantities.
//!
//! Order: [`TEMPERATURE`] and [`SUMS`] for each channel, [`CURRENT`] for the neutral and then for the line, [`SEGMENT`] from each point of the
//! curve to the next, [`WHOLE_PIECES`] or [`BROKEN_PIECES`], [`LINE_AND_VOLTAGE`], [`UNITS`] for each power, [`LAST`].

use super::literals::*;
use super::slot::*;
use crate::block::{LINE, NEUTRAL, VOLTAGE};
use crate::calibration::{
    CLOCK, CURVE, GAIN, NOISE, PHASE, POWER_GAIN, POWER_OFFSET, RECORD, STARTING_POWERS,
};
use crate::formula::{
    Place, Step, add, at, at_least_zero, at_most_zero, constant, constant_of_each, divide, each,
    law_of_each, like, load, magnitude, mean, part, point_of_each, product, q30, root, scale,
    shift_left, store, subtract,
};
use crate::wide::ONE;

/// Powers that [`UNITS`] is worked off for.
pub(super) const POWERS: usize = 4;

/// The formulas of a window, each to be worked off as the page's head says.
#[derive(Clone, Copy)]
pub(super) struct Formulas<'a> {
    pub thermometer: &'a [Step],
    pub temperature: &'a [Step],
    pub sums: &'a [Step],
    pub current: &'a [Step],
    pub segment: &'a [Step],
    pub whole_pieces: &'a [Step],
    pub broken_pieces: &'a [Step],
    pub line_and_voltage: &'a [Step],
    pub units: &'a [Step],
    pub last: &'a [Step],
}

/// Those that count; tests leave steps out.
pub(super) const STANDARD: Formulas<'static> = Formulas {
    thermometer: THERMOMETER,
    temperature: TEMPERATURE,
    sums: SUMS,
    current: CURRENT,
    segment: SEGMENT,
    whole_pieces: WHOLE_PIECES,
    broken_pieces: BROKEN_PIECES,
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

/// How far from 25 °C a thermometer is, which reads `T` above where it would be at −45 °C, and `U` more at 105 than at 30 °C.
const THERMOMETER: &[Step] = &[
    load(at(T)),
    at_least_zero(),
    product(number(SPAN_MK)),
    divide(at(U)),
    add(number(BELOW_25_C_MK)),
    store(at(FROM_25_C_MK)),
];

/// A channel's gain at this temperature: what the law adds per kelvin and per kelvin², in 2⁻⁵⁶.
const TEMPERATURE: &[Step] = &[
    load(at(FROM_25_C_MK)),
    shift_left(7),
    scale(number(MILLI)),
    store(at(U)),
    load(law_of_each()),
    shift_left(32),
    part(at(U)),
    part(at(U)),
    shift_left(10),
    store(at(T)),
    load(law_of_each()),
    shift_left(48),
    part(at(U)),
    add(at(T)),
    scale(number(1 << 8)),
    store(at(T)),
    load(constant_of_each(GAIN)),
    part(at(T)),
    add(constant_of_each(GAIN)),
    store(each(GAINS)),
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
    q30(each(GAINS)),
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
    load(at(GAINS)),
    q30(each(GAINS)),
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

/// What makes the window's energy of the sums over pieces: their mean stands for all of it.
const WHOLE_PIECES: &[Step] = &[
    load(number(QUARTER_FUNDAMENTAL_UNIT)),
    shift_left(2),
    divide(at(PIECES)),
    store(at(MEAN_PIECE)),
];

/// The same of a window that does not end at a zero crossing: the mains may have gone with part of a piece, or after the last
/// one. Power and square of the voltage have lost the same in the pieces, and the window's mean square tells what it
/// has lost: the quarter of the unit is a power of two but for 20 000, which the sum of squares has too.
const BROKEN_PIECES: &[Step] = &[
    load(at(T)),
    scale(number(HALF)),
    scale(number(1 << 3)),
    store(at(T)),
    load(at(SQUARES + VOLTAGE)),
    shift_left(8),
    divide(at(T)),
    store(at(MEAN_PIECE)),
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
    q30(at(GAINS)),
    store(at(SQUARES + VOLTAGE)),
    load(at(SQUARES + LINE)),
    q30(number(CURRENT_UNIT)),
    store(at(LINE_UA)),
    // Peaks in Q6, so that 1.2 times the full scale fits 31 bits.
    load(at(PEAKS)),
    shift_left(6),
    q30(at(GAINS)),
    q30(number(VOLTAGE_UNIT)),
    shift_left(2),
    store(at(PEAKS)),
    load(at(PEAKS + 1)),
    shift_left(6),
    q30(at(GAINS + LINE)),
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
    // Constant and curve say the angle at 60 Hz of what is a delay: filters of unlike resistors and capacitors, a transformer's
    // leakage. What a transformer leads by its magnetising current would fall with frequency instead, by as much; which of the two
    // a board has more of its type must show. At 60 Hz ± 1 % either is right to 2 % of the angle.
    shift_left(4),
    q30(number(PER_60_HZ)),
    q30(at(ANGLE)),
    store(at(ANGLE)),
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
    load(at(FUNDAMENTAL)),
    scale(at(MEAN_PIECE)),
    scale(at(U)),
    scale(at(LENGTH)),
    shift_left(4),
    store(at(FUNDAMENTAL)),
    load(at(FUNDAMENTAL + 1)),
    scale(at(MEAN_PIECE)),
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
