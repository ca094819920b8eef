//! Accuracy grids against double precision; the figures of the README are these tests' limits.

mod common;

use common::{
    Bench, Errors, Signal, Source, active, line, measure, measure_and_rounding, quantise, reactive,
};
use metrology::quantities::NoLoad;
use metrology::{Calibration, Portable, Quantities};

/// Frequencies of the grid; at 45, 50 and 60 Hz the sampling is locked to the mains.
const HERTZ: [f64; 9] = [45.0, 50.0, 57.0, 59.5, 60.0, 60.02, 61.3, 63.0, 66.0];

#[test]
fn active_power_over_the_grid() {
    let angles = [0.0, 60.0, -36.87, 75.52, 180.0];
    let mut main = Errors::default();
    let mut low = Errors::default();
    for hertz in HERTZ {
        for amps in [75.0, 10.0, 1.0, 0.25, 0.075, 0.02, 0.0075] {
            for phi in angles.map(f64::to_radians) {
                let source = Source::new(
                    hertz,
                    Signal::sine(220.0, 0.3),
                    Signal::sine(amps, 0.3 - phi),
                );
                let truth = active(&source.voltage, &source.line);
                for (q, rounding) in measure_and_rounding(&source, &Calibration::NOMINAL, 2.0) {
                    let truth = truth + rounding;
                    let error = (q.active_uw() as f64 * 1e-6 / truth - 1.0) * 1e6;
                    if amps >= 0.075 {
                        main.add(error)
                    } else {
                        low.add(error)
                    }
                }
            }
        }
    }
    println!("P, 1000:1: {main:?} ppm; 10 000:1: {low:?} ppm");
    assert!(main.peak < 5.0 && main.rms < 1.0 && main.mean.abs() < 0.5);
    assert!(low.peak < 20.0 && low.rms < 5.0 && low.mean.abs() < 2.0);
}

#[test]
fn voltage_current_frequency_and_reactive_power() {
    let [mut voltage, mut current, mut frequency, mut q1] = [Errors::default(); 4];
    for hertz in HERTZ {
        for (volts, amps) in [
            (12.0, 75.0),
            (22.0, 10.0),
            (120.0, 1.0),
            (220.0, 0.25),
            (330.0, 0.075),
        ] {
            for phi in [0.0, 60f64.to_radians(), -0.6435] {
                let source = Source::new(hertz, Signal::sine(volts, 0.0), Signal::sine(amps, -phi));
                for q in measure(&source, &Calibration::NOMINAL, 2.0) {
                    voltage.add((q.voltage_uv() as f64 * 1e-6 / volts - 1.0) * 1e6);
                    current.add((q.line_ua() as f64 * 1e-6 / amps - 1.0) * 1e6);
                    frequency.add(q.frequency_uhz() as f64 / hertz - 1e6);
                    let truth = reactive(&source.voltage, &source.line);
                    q1.add((q.reactive_uvar() as f64 * 1e-6 - truth) / (volts * amps) * 1e6);
                }
            }
        }
    }
    println!("V {voltage:?} ppm; I {current:?} ppm; f {frequency:?} ppm; Q1 {q1:?} ppm of S");
    assert!(voltage.peak < 10.0 && voltage.rms < 2.0 && voltage.mean.abs() < 1.0);
    assert!(current.peak < 50.0 && current.rms < 10.0 && current.mean.abs() < 5.0);
    assert!(frequency.peak < 1.0 && frequency.rms < 0.2 && frequency.mean.abs() < 0.1);
    assert!(q1.peak < 20.0 && q1.rms < 5.0 && q1.mean.abs() < 1.0);
}

#[test]
fn energy_of_a_minute_equals_power_times_time() {
    let source = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(10.0, -1.0));
    let windows = Bench::new(8000).run(&source, 61.0);
    let threshold = metrology::energy::threshold(6400, 8000);
    let mut energy = metrology::Energy::default();
    let (mut samples, mut flow) = (0.0, 0);
    for window in &windows[2..] {
        let mut q = Quantities::from_window(
            &Portable,
            window,
            &Calibration::NOMINAL,
            &mut NoLoad::default(),
            8000,
        );
        energy.add(&Portable, &mut q, &(threshold as i64));
        samples += window.tally.length() as f64 / 65536.0;
        flow += q.flow()[0];
    }
    let register = energy.0[metrology::Energy::IMPORT];
    assert_eq!(
        register.pulses as u64 * threshold + register.remainder,
        flow as u64
    );
    let truth = active(&source.voltage, &source.line) * samples / 8000.0;
    let measured =
        (register.pulses as f64 + register.remainder as f64 / threshold as f64) * 3.6e6 / 6400.0;
    assert!(
        (measured / truth - 1.0).abs() < 1e-6,
        "{measured} J, true {truth} J"
    );
}

#[test]
fn one_second_readings_repeat() {
    let mut worst = 0.0f64;
    for hertz in [45.3, 50.0, 59.5, 60.0, 60.02, 61.3, 62.5, 65.7] {
        for phi in [0.0, 60f64.to_radians()] {
            let source = Source::new(
                hertz,
                Signal::sine(220.0, 0.3),
                Signal::sine(10.0, 0.3 - phi),
            );
            let readings = measure(&source, &Calibration::NOMINAL, 12.0);
            let powers: Vec<f64> = readings.iter().map(|q| q.active_uw() as f64).collect();
            let mean = powers.iter().sum::<f64>() / powers.len() as f64;
            for power in powers {
                worst = worst.max((power / mean - 1.0).abs() * 1e6);
            }
        }
    }
    println!("scatter of P in 1 s: {worst:.3} ppm");
    assert!(worst < 0.5);
}

#[test]
fn harmonics_leave_the_fundamental_alone() {
    for hertz in [45.0, 50.0, 60.0, 60.02, 66.0] {
        let fifth = |rms: f64, part: f64, phase: f64| {
            Signal::of(&[
                line(1.0, rms, phase),
                line(5.0, rms * part, 5.0 * phase),
                line(3.0, rms * part / 2.0, 1.0),
            ])
        };
        let source = Source::new(hertz, fifth(220.0, 0.1, 0.0), fifth(10.0, 0.4, -1.0));
        for q in measure(&source, &Calibration::NOMINAL, 2.0) {
            let p1 = (q.fundamental_active_uw() as f64 * 1e-6 - 2200.0 * 1f64.cos()) / 2200.0 * 1e6;
            let q1 = (q.reactive_uvar() as f64 * 1e-6 - 2200.0 * 1f64.sin()) / 2200.0 * 1e6;
            assert!(
                p1.abs() < 20.0 && q1.abs() < 20.0,
                "{hertz} Hz: P1 {p1} ppm, Q1 {q1} ppm of S"
            );
        }
    }
}

#[test]
fn frequency_with_noise_and_with_eight_per_cent_distortion() {
    // White noise of 67 codes, uniform in twelve parts.
    let mut seed = 1u64;
    let mut noise = || {
        let mut sum = 0.0;
        for _ in 0..12 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            sum += (seed >> 40) as f64 / (1u64 << 24) as f64 - 0.5;
        }
        sum * 67.0
    };
    let distorted = Signal::of(&[
        line(1.0, 220.0, 0.0),
        line(3.0, 11.0, 2.0),
        line(5.0, 12.0, 1.0),
        line(7.0, 5.0, 4.0),
        line(11.0, 3.0, 0.5),
    ]);
    for (name, voltage, limit) in [
        ("sine", Signal::sine(220.0, 0.0), 0.05),
        ("8 % THD", distorted, 0.1),
    ] {
        let source = Source::new(60.0213, voltage, Signal::sine(1.0, 0.0));
        let mut bench = Bench::new(8000);
        let mut errors = Errors::default();
        let mut windows = 0;
        while bench.samples < 42 * 8000 {
            let codes = source
                .codes(bench.samples)
                .map(|code| quantise(code + noise()));
            if let Some(window) = bench.push(Some(codes)) {
                windows += 1;
                if windows > 2 {
                    let q = Quantities::from_window(
                        &Portable,
                        &window,
                        &Calibration::NOMINAL,
                        &mut NoLoad::default(),
                        8000,
                    );
                    errors.add((q.frequency_uhz() as f64 - 60_021_300.0) / 1000.0);
                }
            }
        }
        println!("frequency of a {name} with noise: {errors:?} mHz");
        assert!(errors.rms < limit && errors.mean.abs() < 0.06);
    }
}

#[test]
fn fundamental_quantities_are_right_two_seconds_after_a_step() {
    let mut bench = Bench::new(8000);
    let before = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(1.0, 0.0));
    let after = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(20.0, -1.2));
    bench.run(&before, 4.37);
    let step = bench.samples;
    let mut checked = 0;
    while bench.samples < step + 5 * 8000 {
        let codes = after.codes(bench.samples).map(quantise);
        let Some(window) = bench.push(Some(codes)) else {
            continue;
        };
        if bench.samples < step + 2 * 8000 {
            continue;
        }
        let q = Quantities::from_window(
            &Portable,
            &window,
            &Calibration::NOMINAL,
            &mut NoLoad::default(),
            8000,
        );
        let error = (q.reactive_uvar() as f64 * 1e-6 - 4400.0 * 1.2f64.sin()) / 4400.0 * 1e6;
        assert!(error.abs() < 20.0, "{error} ppm of S");
        checked += 1;
    }
    assert!(checked >= 2);
}
