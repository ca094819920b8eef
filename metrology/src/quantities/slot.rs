//! What stands in which slot of the desk while a window's quantities are made. Slots are used again when their first number is
//! no longer needed.

/// By channel: Σ of codes, then the mean in Q8.
pub const MEANS: usize = 0;
/// In the end: what flowed, as [`crate::energy::Flow`].
pub const FLOW: usize = 0;
/// What makes the fundamental's sums over pieces a mean power, when the means are no longer needed.
pub const MEAN_PIECE: usize = 2;
/// By channel: Σ of squares, then mean square in code²/256, then rms with the gain in code/256.
pub const SQUARES: usize = 3;
/// By channel, the voltage's being none: Σ of 4 · voltage · current, then the energy.
pub const ENERGIES: usize = 5;
/// Fundamental active and reactive power as summed, then energy; in the end what is above the starting threshold.
pub const FUNDAMENTAL: usize = 8;
/// Sums of the squares of the fundamental's voltage and current; from [`LAST`] on the amplitudes, in the unit of a
/// harmonic's square's root.
pub const AMPLITUDES: usize = 10;
/// Pieces that the fundamental was summed over.
pub const PIECES: usize = 12;
/// In the end: voltage, µV.
pub const VOLTAGE_UV: usize = 12;
/// Length, Q16 samples; what else a window's tally has in numbers follows.
pub const LENGTH: usize = 13;
/// Whole cycles.
pub const CYCLES: usize = 14;
/// Until powers are shown: neutral less line current, µA; and how much less that is than it may be.
pub const DIFFERENCE: usize = 14;
pub const BALANCE: usize = 26;
/// In the end: active power of the fundamental, mW.
pub const FUNDAMENTAL_ACTIVE_MW: usize = 14;
/// Largest magnitude of the voltage's codes, then µV; that of the line current, µA, follows.
pub const PEAKS: usize = 15;
/// Intermediate values; the neutral's peak, which nobody shows, comes to the first of them.
pub const T: usize = 17;
pub const U: usize = 18;
/// Temperature from 25 °C, mK; stays from window to window.
pub const FROM_25_C_MK: usize = 19;
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
/// Inverse of the droop at the mains frequency, for powers; then an intermediate value.
pub const FLAT: usize = 24;
/// Power that the voltage makes with what it adds to the current, code²/256; of the channel worked on last.
pub const CROSSTALK: usize = 25;
/// Samples per second.
pub const RATE: usize = 26;
/// By channel: gain at this temperature, Q30.
pub const GAINS: usize = 28;
/// Gain of the power of the channel worked on last.
pub const GAIN_HERE: usize = 31;
/// Scratch of [`SHARES`]: the squares of a harmonic, voltage and line current, then their shares in the fundamental,
/// 1/32 768; its frequency, turns per sample · 2³².
pub const PARTS: usize = 3;
pub const TURNS: usize = 5;
/// Scratch of [`PULSES`], of what neither [`UNITS`] nor [`LAST`] needs, as they come later: energy of a pulse, rest of the
/// register, and the results: when the last pulse falls and how far apart they are, in 2⁻¹⁷ samples; what flowed over 2²⁹.
pub const PULSE: usize = 4;
pub const REST: usize = 5;
pub const LAST_EDGE: usize = 6;
pub const STEP: usize = 8;
pub const FLOWED: usize = 9;
/// Until pulses are planned: what active and reactive energy have more than the least that counts.
pub const EXCESS: usize = 8;
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
