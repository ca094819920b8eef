//! Finds the mains frequency in a recorded voltage.
//!
//! Short pieces are fitted with one sine; long ones are looked at through two windows, which is quicker and finer.

use std::f64::consts::TAU;

use num_complex::Complex64;

/// Frequencies that can be the mains'.
pub const MAINS_HZ: std::ops::RangeInclusive<f64> = 40.0..=70.0;
/// Pieces fitted as a whole, seconds.
const SHORT_S: f64 = 0.2;
/// Share of the alternating power that the fundamental must have to count as mains.
const FUNDAMENTAL_SHARE: f64 = 0.2;
/// Steps of the first search; a fifth of a second tells frequencies 5 Hz apart.
const COARSE_STEP_HZ: f64 = 0.5;

/// Fundamental of the voltage in hertz, `None` if nothing between 40 and 70 Hz stands out.
pub fn fundamental_hz(voltage: &[f64], rate_hz: f64) -> Option<f64> {
    let short = (SHORT_S * rate_hz).ceil() as usize;
    let piece = &voltage[..voltage.len().min(short.max(2))];
    let steps = ((MAINS_HZ.end() - MAINS_HZ.start()) / COARSE_STEP_HZ) as usize;
    let candidates = (0..=steps).map(|step| MAINS_HZ.start() + step as f64 * COARSE_STEP_HZ);
    let share = |f_hz: f64| explained(piece, rate_hz, f_hz);
    let coarse = candidates.max_by(|&a, &b| share(a).total_cmp(&share(b)))?;
    let (mut low, mut high) = (coarse - COARSE_STEP_HZ, coarse + COARSE_STEP_HZ);
    for _ in 0..40 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if share(left) < share(right) {
            low = left
        } else {
            high = right
        }
    }
    let mut f_hz = (low + high) / 2.0;
    if share(f_hz) < FUNDAMENTAL_SHARE || !MAINS_HZ.contains(&f_hz) {
        return None;
    }
    // Each doubling of the length is worth a factor of two at least; the piece grows with what is already known.
    let mut length = piece.len();
    while length < voltage.len() {
        length = (length * 4).min(voltage.len());
        f_hz = refined(&voltage[..length], rate_hz, f_hz);
    }
    MAINS_HZ.contains(&f_hz).then_some(f_hz)
}

/// Share of the piece's alternating power that one sine of `f_hz` accounts for, by least squares with a constant.
fn explained(piece: &[f64], rate_hz: f64, f_hz: f64) -> f64 {
    let count = piece.len() as f64;
    let mean = piece.iter().sum::<f64>() / count;
    let (mut c, mut s, mut cc, mut ss, mut cs, mut vc, mut vs, mut vv) =
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let step = Complex64::cis(TAU * f_hz / rate_hz);
    let mut turn = Complex64::ONE;
    for value in piece.iter().map(|value| value - mean) {
        let (cos, sin) = (turn.re, turn.im);
        c += cos;
        s += sin;
        cc += cos * cos;
        ss += sin * sin;
        cs += cos * sin;
        vc += value * cos;
        vs += value * sin;
        vv += value * value;
        turn *= step;
    }
    // The constant is taken out of the basis, so that two unknowns remain.
    let (cc, ss, cs) = (cc - c * c / count, ss - s * s / count, cs - c * s / count);
    let determinant = cc * ss - cs * cs;
    if vv == 0.0 || determinant.abs() < 1e-9 * count * count {
        return 0.0;
    }
    let (a, b) = (
        (vc * ss - vs * cs) / determinant,
        (vs * cc - vc * cs) / determinant,
    );
    (a * vc + b * vs) / vv
}

/// A better frequency from how far the phase of the second half lies from where `f_hz` would carry that of the first.
fn refined(voltage: &[f64], rate_hz: f64, f_hz: f64) -> f64 {
    let half = voltage.len() / 2;
    let phasor = |from: usize| -> Complex64 {
        let samples = voltage[from..from + half].iter().enumerate();
        samples
            .map(|(n, value)| {
                let hann = 1.0 - (TAU * (n as f64 + 0.5) / half as f64).cos();
                Complex64::cis(-TAU * f_hz / rate_hz * (from + n) as f64) * value * hann
            })
            .sum()
    };
    let advance = (phasor(half) * phasor(0).conj()).arg();
    f_hz + advance / TAU * rate_hz / half as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voltage(rate_hz: f64, seconds: f64, f_hz: f64) -> Vec<f64> {
        let angle = |n: usize| TAU * f_hz * n as f64 / rate_hz;
        (0..(rate_hz * seconds) as usize)
            .map(|n| (angle(n) + 0.7).sin() + 0.05 * (5.0 * angle(n)).sin() + 0.1)
            .collect()
    }

    #[test]
    fn finds_it_in_short_and_long_pieces() {
        for (seconds, tolerance_hz) in [
            (0.03, 2.0),
            (0.1, 0.2),
            (0.25, 0.02),
            (1.0, 1e-3),
            (5.3, 1e-4),
        ] {
            for f_hz in [45.3, 49.98, 60.0, 61.7] {
                let found = fundamental_hz(&voltage(8_000.0, seconds, f_hz), 8_000.0).unwrap();
                assert!(
                    (found - f_hz).abs() < tolerance_hz,
                    "{seconds} s of {f_hz} Hz: {found}"
                );
            }
        }
    }

    #[test]
    fn finds_nothing_where_nothing_is() {
        assert_eq!(fundamental_hz(&voltage(8_000.0, 1.0, 400.0), 8_000.0), None);
        assert_eq!(fundamental_hz(&[0.0; 4_000], 8_000.0), None);
    }
}
