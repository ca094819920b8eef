//! The standards' test waveforms through the converter's sinc³ filter, modelled by adding up 64 steps per sample three
//! times over, as the modulator's filter does: nothing is assumed about what lies above half the sampling rate.

mod common;

use std::f64::consts::TAU;

use common::{AMPERES, Bench, FULL_SCALE, VOLTS, quantise};
use metrology::quantities::NoLoad;
use metrology::{Calibration, Portable, Quantities};

/// Steps per sample of the model; the modulator makes 512.
const STEPS: usize = 64;

/// A sinc³ decimator: three integrators at the fast rate, three differences at the slow one.
#[derive(Default)]
struct Sinc3 {
    integrators: [i128; 3],
    differences: [i128; 3],
}

impl Sinc3 {
    /// One sample from `STEPS` values, in the values' unit.
    fn push(&mut self, values: impl Iterator<Item = f64>) -> f64 {
        const UNIT: f64 = (1u64 << 40) as f64;
        for value in values {
            let [a, b, c] = &mut self.integrators;
            *a = a.wrapping_add((value * UNIT).round() as i128);
            *b = b.wrapping_add(*a);
            *c = c.wrapping_add(*b);
        }
        let mut value = self.integrators[2];
        for difference in &mut self.differences {
            let previous = std::mem::replace(difference, value);
            value = value.wrapping_sub(previous);
        }
        value as f64 / UNIT / (STEPS as f64).powi(3)
    }
}

/// Voltage and current at a phase in turns (cycles since the start).
type Wave = fn(f64) -> (f64, f64);

/// √2·sin of `order` times a phase in turns, `lag` degrees late.
fn sine(turns: f64, order: f64, lag: f64) -> f64 {
    2f64.sqrt() * (TAU * (turns * order).fract() - lag.to_radians()).sin()
}

fn sum(turns: f64, lines: &[(f64, f64, f64)]) -> f64 {
    lines
        .iter()
        .map(|&(order, size, lag)| size * sine(turns, order, lag))
        .sum()
}

const QUADRIFORM_V: [(f64, f64, f64); 6] = [
    (1.0, 1.0, 0.0),
    (3.0, 0.038, 180.0),
    (5.0, 0.024, 180.0),
    (7.0, 0.017, 180.0),
    (11.0, 0.01, 180.0),
    (13.0, 0.008, 180.0),
];
const QUADRIFORM_I: [(f64, f64, f64); 6] = [
    (1.0, 1.0, 0.0),
    (3.0, 0.3, 0.0),
    (5.0, 0.18, 0.0),
    (7.0, 0.14, 0.0),
    (11.0, 0.09, 0.0),
    (13.0, 0.05, 0.0),
];
const PEAKED_V: [(f64, f64, f64); 6] = [
    (1.0, 1.0, 0.0),
    (3.0, 0.038, 0.0),
    (5.0, 0.024, 180.0),
    (7.0, 0.017, 0.0),
    (11.0, 0.01, 0.0),
    (13.0, 0.008, 180.0),
];
const PEAKED_I: [(f64, f64, f64); 6] = [
    (1.0, 1.0, 0.0),
    (3.0, 0.3, 180.0),
    (5.0, 0.18, 0.0),
    (7.0, 0.14, 180.0),
    (11.0, 0.09, 180.0),
    (13.0, 0.05, 0.0),
];

/// The waveforms at 1 V and 1 A of fundamental: name, wave, and whether the rms values can be right too (no edges).
const WAVES: [(&str, Wave, bool); 7] = [
    ("sine", |t| (sine(t, 1.0, 0.0), sine(t, 1.0, 60.0)), true),
    (
        "fifth harmonic",
        |t| {
            (
                sine(t, 1.0, 0.0) + 0.1 * sine(t, 5.0, 0.0),
                sine(t, 1.0, 0.0) + 0.4 * sine(t, 5.0, 0.0),
            )
        },
        true,
    ),
    (
        "quadriform",
        |t| (sum(t, &QUADRIFORM_V), sum(t, &QUADRIFORM_I)),
        true,
    ),
    ("peaked", |t| (sum(t, &PEAKED_V), sum(t, &PEAKED_I)), true),
    (
        "90 degrees fired",
        |t| {
            (
                sine(t, 1.0, 0.0),
                if (t * 4.0) as u64 % 2 == 1 {
                    sine(t, 1.0, 0.0)
                } else {
                    0.0
                },
            )
        },
        false,
    ),
    (
        "burst",
        |t| {
            (
                sine(t, 1.0, 0.0),
                if (t / 2.0) as u64 % 2 == 1 {
                    sine(t, 1.0, 0.0)
                } else {
                    0.0
                },
            )
        },
        false,
    ),
    (
        "half wave",
        |t| (sine(t, 1.0, 0.0), sine(t, 1.0, 0.0).max(0.0)),
        false,
    ),
];

/// Errors of one waveform in ppm: P, S.
fn errors(wave: Wave, rate: u16, hertz: f64) -> (f64, f64) {
    let [volts, amperes] = [220.0, 10.0];
    let mut filters = [Sinc3::default(), Sinc3::default()];
    let mut bench = Bench::new(rate);
    let step = hertz / rate as f64 / STEPS as f64;
    // The filter's group delay does not matter: both channels have it.
    let (mut energy, mut samples, mut apparent, mut windows) = (0.0, 0.0, 0.0, 0.0);
    let count = (rate as f64 * 9.5) as u64;
    for n in 0..count {
        let at = |k: usize| wave((n as f64 * STEPS as f64 + k as f64) * step + 0.05);
        let v = filters[0].push((0..STEPS).map(|k| at(k).0));
        let i = filters[1].push((0..STEPS).map(|k| at(k).1));
        let codes = [
            quantise(v * volts * FULL_SCALE / VOLTS),
            quantise(i * amperes * FULL_SCALE / AMPERES),
            0,
        ];
        if let Some(window) = bench.push(Some(codes)) {
            if bench.samples < rate as u64 * 3 / 2 {
                continue;
            }
            let q = Quantities::from_window(
                &Portable,
                &window,
                &Calibration::NOMINAL,
                &mut NoLoad::default(),
                rate,
            );
            energy += q.flow()[0] as f64;
            samples += window.tally.length() as f64 / 65536.0;
            apparent += q.apparent_uva() as f64 * 1e-6;
            windows += 1.0;
        }
    }
    // True means over 8 cycles, by the same fine steps.
    let fine = 1 << 16;
    let (mut p, mut vv, mut ii) = (0.0, 0.0, 0.0);
    for k in 0..fine {
        let (v, i) = wave((k as f64 + 0.5) * 8.0 / fine as f64);
        p += v * i / fine as f64;
        vv += v * v / fine as f64;
        ii += i * i / fine as f64;
    }
    let power = energy / samples * VOLTS * AMPERES / FULL_SCALE / FULL_SCALE;
    let true_s = (vv * ii).sqrt() * volts * amperes;
    (
        (power / (p * volts * amperes) - 1.0) * 1e6,
        (apparent / windows / true_s - 1.0) * 1e6,
    )
}

#[test]
fn the_seven_waveforms_at_8000_samples() {
    for (name, wave, smooth) in WAVES {
        let (p, s) = errors(wave, 8000, 60.0213);
        println!("8 kSPS, {name}: P {p:.1} ppm, S {s:.1} ppm");
        assert!(p.abs() < 25.0, "{name}: P {p} ppm");
        assert!(!smooth || s.abs() < 20.0, "{name}: S {s} ppm");
    }
}

#[test]
fn the_seven_waveforms_at_4000_samples() {
    for (name, wave, _) in WAVES {
        let (p, s) = errors(wave, 4000, 60.0213);
        println!("4 kSPS, {name}: P {p:.1} ppm, S {s:.1} ppm");
        assert!(p.abs() < 100.0, "{name}: P {p} ppm");
    }
}
