//! Units and other numbers that the formulas name, in one list because a step has room for a place only.

use fixed::types::{I2F30, I6F26};

use crate::calibration::{CURRENT_FULL_SCALE_UA, OFFSET_VOLTAGE_V, VOLTAGE_FULL_SCALE_UV};
use crate::formula::{self, Place, literal};
use crate::wide::ONE;

/// Turns rms codes in Q8 into µV by a Q30 product: full scale / 2³¹ · 2³⁰.
pub(super) const VOLTAGE_UNIT: i32 = (VOLTAGE_FULL_SCALE_UV / 2) as i32;

/// The same for µA.
pub(super) const CURRENT_UNIT: i32 = (CURRENT_FULL_SCALE_UA / 2) as i32;

/// Largest rms in codes Q8: 17 % above a full-scale sine, and no gain up to 1.2 pushes it over 31 bits.
pub(super) const MOST_RMS: i32 = 0x6A00_0000;

/// µW per code²/256, times 2⁴⁷: 600 V · 150 A · 10⁶ / 2⁵⁴ · 2⁴⁷.
pub(super) const POWER_UNIT: i32 = 703_125_000;

/// A quarter of 2⁴⁶/20 000: what turns twice the power in code²/10 000 of one piece into code²·sample, together with a Q30
/// gain, the length and the factors 2⁻³² of each scaling; a factor 2⁴ is left.
pub(super) const QUARTER_FUNDAMENTAL_UNIT: i32 = 879_609_302;

/// π² in Q26, which makes Q30 of turns squared in Q34.
pub(super) const PI_SQUARED: i32 = I6F26::lit("9.869604401").to_bits();

/// 0.22 in Q30: the next coefficient, 191/945, and what stands for the ones behind it up to a fifth of a turn a sample.
pub(super) const REST_OF_SERIES: i32 = I2F30::lit("0.22").to_bits();

/// 8/15 in Q30.
pub(super) const EIGHT_FIFTEENTHS: i32 = I2F30::lit("0.5333333333").to_bits();

/// 2⁴¹/1000: with 2⁻³² and 2⁻⁹ a thousandth.
pub(super) const MILLI: i32 = ((1u64 << 41) / 1000 + 1) as u32 as i32;

/// 2⁶⁰/60 000 000/2⁴: with a shift by four turns µHz into Q30 of 60 Hz, up to 120 Hz.
pub(super) const PER_60_HZ: i32 = ((1u64 << 56) / 60_000_000) as i32;

/// From 30 to 105 °C, between which a thermometer's readings are known, in millikelvin.
pub(super) const SPAN_MK: i32 = 75_000;

/// 25 °C from so far below 30 °C as 105 °C is above it, the other way round, in millikelvin.
pub(super) const BELOW_25_C_MK: i32 = -70_000;

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
    PER_60_HZ,
    SPAN_MK,
    BELOW_25_C_MK,
];

/// The place of a literal; a number that is not in the list fails the build.
pub(super) const fn number(wanted: i32) -> Place {
    let mut index = 0;
    while LITERALS[index] != wanted {
        index += 1;
    }
    literal(index)
}

/// Square of the voltage at which power offsets are stated, in 2¹⁶ code²: (V / 600 V · 2²³)² / 2¹⁶.
pub(super) const OFFSET_SQUARE: i32 = {
    let volts = OFFSET_VOLTAGE_V as u64;
    let full_scale = VOLTAGE_FULL_SCALE_UV as u64 / 1_000_000;
    (((volts * volts) << 30) / (full_scale * full_scale)) as i32
};

/// Half, for [`scale`].
pub(super) const HALF: i32 = i32::MIN;
