//! Formulas that are worked off after the window's: when its pulses fall, and a harmonic against its fundamental.

use super::literals::{EIGHT_FIFTEENTHS, PI_SQUARED, REST_OF_SERIES, number};
use super::slot::{
    AMPLITUDES, FLOW, FLOWED, LAST_EDGE, LENGTH, PARTS, PULSE, REST, STEP, T, TURNS,
};
use crate::formula::{
    Step, add, at, divide, each, load, magnitude, product, q30, root, scale, shift_left, store,
    subtract,
};
use crate::wide::ONE;

/// When the pulses of one kind of energy fall: what a register holds beyond them has flowed since the last, and a pulse takes
/// as long as its energy. Energies over 2²⁹: a window's (below 2⁶⁰) then fits 31 bits, a pulse at 6 400 imp/kWh keeps 23.
pub(super) const PULSES: &[Step] = &[
    load(each(FLOW)),
    magnitude(),
    scale(number(1 << 3)),
    store(at(FLOWED)),
    load(at(PULSE)),
    scale(number(1 << 3)),
    product(at(LENGTH)),
    shift_left(1),
    divide(at(FLOWED)),
    store(at(STEP)),
    load(at(REST)),
    scale(number(1 << 3)),
    product(at(LENGTH)),
    shift_left(1),
    divide(at(FLOWED)),
    store(at(T)),
    load(at(LENGTH)),
    shift_left(1),
    subtract(at(T)),
    store(at(LAST_EDGE)),
];

/// What the power of a harmonic lost in the converter's filter: the series of the mains frequency with one term more, 0.3 % at 0.2 turns.
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
