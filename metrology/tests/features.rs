//! Harmonics, half-cycle voltage, starting, moving corrections, the neutral.

mod common;

use common::{
    AMPERES, Bench, FULL_SCALE, Signal, Source, VOLTS, line, measure, quantise, reactive,
};
use fixed::types::I2F30;
use metrology::correction::{Correction, Curve, CurvePoint, TemperatureLaw};
use metrology::half_cycle::{HalfCycles, VoltageLimits, VoltageState, VoltageWatch};
use metrology::harmonics::{COUNT, Harmonic, Harmonics, ORDERS, distortion};
use metrology::pulse::{NO_EDGE, Player};
use metrology::quantities::NoLoad;
use metrology::{
    Block, Calibration, Config, Energy, Flags, Meter, Portable, Quantities, Window, energy,
};

/// Shares of the harmonics in the fundamental, voltage and current, in 1/32 768.
#[derive(Debug)]
struct Spectrum {
    voltage: [u16; COUNT],
    current: [u16; COUNT],
}

impl Spectrum {
    fn distortion(&self) -> [u16; 2] {
        [&self.voltage, &self.current].map(|shares| distortion(&Portable, shares))
    }
}

/// Spectrum after `seconds` of a source.
fn spectrum(source: &Source, seconds: u64) -> Spectrum {
    let mut meter = Meter::new(&Config { rate: source.rate });
    let mut harmonics = Harmonics::ZERO;
    let mut spectrum = Spectrum {
        voltage: [0; COUNT],
        current: [0; COUNT],
    };
    let mut block = Block::EMPTY;
    let mut window = Window::default();
    let mut harmonic = Harmonic::ZERO;
    for n in 0..seconds * source.rate as u64 {
        block.set((n % 16) as usize, source.codes(n).map(quantise));
        if n % 16 != 15 {
            continue;
        }
        let mut finished = Window::default();
        if meter.push_block(&Portable, &mut block, Some(&mut finished)) {
            window = finished;
        }
        let end = meter.end();
        if harmonics.push_block(&Portable, &block, end, Some(&mut harmonic)) != 0 {
            let shares = harmonic.shares(&Portable, &window.tally.fundamental);
            let at = (harmonic.order - ORDERS.0) as usize;
            [spectrum.voltage[at], spectrum.current[at]] = shares;
        }
    }
    spectrum
}

#[test]
fn a_pure_sine_has_no_distortion() {
    for hertz in [45.0, 50.0, 59.5, 60.0, 60.02, 63.0, 66.0] {
        let source = Source::new(hertz, Signal::sine(220.0, 0.0), Signal::sine(1.0, -1.0));
        let spectrum = spectrum(&source, 11);
        let [v, i] = spectrum.distortion();
        println!(
            "{hertz} Hz: THD {:.4} % and {:.4} %",
            v as f64 / 327.68,
            i as f64 / 327.68
        );
        assert!(
            v as f64 / 327.68 < 0.05 && i as f64 / 327.68 < 0.05,
            "{hertz} Hz: {spectrum:?}"
        );
    }
}

#[test]
fn harmonics_are_right_to_one_per_cent() {
    for hertz in [50.0, 60.02] {
        let lines = |fundamental: f64, part: f64| {
            let mut lines = vec![line(1.0, fundamental, 0.2)];
            lines.extend(
                (2..=21).map(|k| line(k as f64, fundamental * part / (k as f64).sqrt(), k as f64)),
            );
            Signal::of(&lines)
        };
        let source = Source::new(hertz, lines(220.0, 0.05), lines(2.0, 0.3));
        let spectrum = spectrum(&source, 12);
        for k in 2..=21usize {
            let share = 1.0 / (k as f64).sqrt();
            for (measured, part) in [
                (spectrum.voltage[k - 2], 0.05),
                (spectrum.current[k - 2], 0.3),
            ] {
                let error = measured as f64 / 32768.0 / (part * share) - 1.0;
                assert!(error.abs() < 0.01, "order {k} of {part}: {error}");
            }
        }
        let [v, i] = spectrum.distortion();
        let harmonic_sum: f64 = (2..=21).map(|k| 1.0 / k as f64).sum::<f64>().sqrt();
        assert!((v as f64 / 32768.0 / (0.05 * harmonic_sum) - 1.0).abs() < 0.01);
        assert!((i as f64 / 32768.0 / (0.3 * harmonic_sum) - 1.0).abs() < 0.01);
    }
}

#[test]
fn orders_beyond_a_fifth_of_the_sample_rate_are_left_out_and_the_round_goes_on() {
    // At 4 000 samples a second and 60 Hz that is the 13th.
    let lines = |fundamental: f64| {
        let mut lines = vec![line(1.0, fundamental, 0.2)];
        lines.extend((2..=21).map(|k| line(k as f64, fundamental * 0.1, k as f64)));
        Signal::of(&lines)
    };
    let mut source = Source::new(60.0, lines(220.0), lines(5.0));
    source.rate = 4000;
    let spectrum = spectrum(&source, 11);
    for (at, share) in spectrum.voltage.iter().zip(spectrum.current).enumerate() {
        for share in [*share.0, share.1] {
            let error = share as f64 / 32768.0 - 0.1;
            assert!(
                if at + 2 <= 13 {
                    error.abs() < 0.002
                } else {
                    share == 0
                },
                "order {}: {share}",
                at + 2
            );
        }
    }
}

/// Events of a 120 V supply whose voltage is multiplied by `size` from 2 s to 2 s + `cycles`, with the time until the
/// watch left its normal state, in cycles.
fn sag(
    size: f64,
    cycles: f64,
    phase: f64,
) -> (Vec<metrology::half_cycle::VoltageEvent>, Option<f64>, f64) {
    let limits = VoltageLimits::usual(&Portable, 120_000, 1 << 30);
    let mut meter = Meter::new(&Config { rate: 8000 });
    let mut halves = HalfCycles::default();
    let mut watch = VoltageWatch::default();
    let mut block = Block::EMPTY;
    let (mut events, mut noticed) = (Vec::new(), None);
    let start = 2.0 + phase / 60.0;
    for n in 0..4 * 8000u64 {
        let t = n as f64 / 8000.0;
        let factor = if (start..start + cycles / 60.0).contains(&t) {
            size
        } else {
            1.0
        };
        let volts = factor * 120.0 * 2f64.sqrt() * (std::f64::consts::TAU * 60.0 * t).sin();
        block.set(
            (n % 16) as usize,
            [quantise(volts * FULL_SCALE / VOLTS), 0, 0],
        );
        if n % 16 != 15 {
            continue;
        }
        meter.push_block(&Portable, &mut block, None);
        if let Some(level) = halves.push_block(&Portable, &block, meter.crossing()) {
            events.extend(watch.observe(level, &limits));
            if noticed.is_none() && watch.state != VoltageState::Normal {
                noticed = Some((t - start) * 60.0);
            }
        }
    }
    let nominal = limits.sag as f64 / 0.81;
    (events, noticed, nominal)
}

#[test]
fn sags_are_found_within_a_cycle_with_depth_and_duration() {
    for (size, kind) in [
        (0.7, VoltageState::Sag),
        (0.2, VoltageState::Sag),
        (1.2, VoltageState::Swell),
    ] {
        for cycles in [2.0, 3.5, 20.0] {
            for phase in [0.0, 0.1, 0.4, 0.77] {
                let (events, noticed, nominal) = sag(size, cycles, phase);
                let [event] = events.as_slice() else {
                    panic!("{size} for {cycles} at {phase}: {events:?}")
                };
                assert_eq!(event.kind, kind);
                let noticed = noticed.expect("noticed");
                assert!(noticed < 1.05, "{size} at {phase}: after {noticed} cycles");
                let depth = (event.extreme as f64 / nominal).sqrt();
                assert!(
                    (depth - size).abs() < 0.002,
                    "{size} for {cycles} at {phase}: depth {depth}"
                );
                // The rms of a whole cycle is outside the limits for up to one cycle more than the voltage.
                let duration = event.half_cycles as f64 / 2.0;
                assert!(
                    (duration - cycles - 0.5).abs() <= 1.0,
                    "{size} for {cycles} at {phase}: {duration}"
                );
            }
        }
    }
}

#[test]
fn an_interruption_is_told_from_a_sag_and_small_changes_are_nothing() {
    let (events, ..) = sag(0.0, 10.0, 0.2);
    assert!(
        matches!(events.as_slice(), [e] if e.kind == VoltageState::Interruption),
        "{events:?}"
    );
    let (events, noticed, _) = sag(0.93, 10.0, 0.2);
    assert!(events.is_empty() && noticed.is_none());
}

/// Pseudo-random noise of a given rms, about normal.
fn noise(seed: &mut u64, rms: f64) -> f64 {
    let mut sum = 0.0;
    for _ in 0..12 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        sum += (*seed >> 40) as f64 / (1u64 << 24) as f64 - 0.5;
    }
    sum * rms
}

#[test]
fn no_load_makes_no_pulse_and_the_starting_current_counts() {
    // 115 % of 120 V without load, then the starting current, 0.0004 of 100 A, and the least that is promised, 5 mA.
    let pulse = energy::threshold(6400, 8000);
    let mut seed = 430;
    for (amperes, counts) in [(0.0, false), (0.04, true), (0.005, true)] {
        let mut bench = Bench::new(8000);
        let mut no_load = NoLoad::default();
        let mut energy = Energy::ZERO;
        let mut shown = 0;
        let mut windows = 0;
        for n in 0..120 * 8000u64 {
            let wave = 2f64.sqrt() * (std::f64::consts::TAU * 60.02 * n as f64 / 8000.0).sin();
            let v = 138.0 * wave * FULL_SCALE / VOLTS + noise(&mut seed, 67.0);
            let i = amperes * wave * FULL_SCALE / AMPERES + noise(&mut seed, 67.0);
            if let Some(window) = bench.push(Some([quantise(v), quantise(i), 0])) {
                let nominal = &Calibration::NOMINAL;
                let q = Quantities::from_window(&Portable, &window, nominal, &mut no_load, 8000);
                windows += 1;
                // Three windows decide that there is no load; what they counted is noise.
                if windows == 3 {
                    energy = Energy::ZERO;
                }
                energy.add(&Portable, &q.flow, &pulse, window.tally.length);
                if windows > 3 {
                    shown += u32::from(q.flow.active != 0);
                    assert_eq!(q.flags.contains(Flags::NO_LOAD), !counts);
                }
            }
        }
        assert_eq!(shown > 0, counts, "{shown} windows at {amperes} A");
        assert_eq!(
            energy.0.iter().any(|r| r.remainder > 0 || r.pulses > 0),
            counts
        );
    }
}

#[test]
#[ignore = "a day of samples takes a minute; run by cargo xtask test"]
fn a_day_without_load_makes_no_pulse() {
    let pulse = energy::threshold(6400, 8000);
    let mut seed = 24;
    let mut bench = Bench::new(8000);
    let mut no_load = NoLoad::default();
    let mut energy = Energy::ZERO;
    let mut windows = 0u32;
    for n in 0..24 * 3600 * 8000u64 {
        let wave = 2f64.sqrt() * (std::f64::consts::TAU * 60.0 * n as f64 / 8000.0).sin();
        let v = 138.0 * wave * FULL_SCALE / VOLTS + noise(&mut seed, 67.0);
        let codes = [quantise(v), quantise(noise(&mut seed, 67.0)), 0];
        if let Some(window) = bench.push(Some(codes)) {
            let nominal = &Calibration::NOMINAL;
            let q = Quantities::from_window(&Portable, &window, nominal, &mut no_load, 8000);
            energy.add(&Portable, &q.flow, &pulse, window.tally.length);
            windows += 1;
        }
    }
    assert!(windows >= 86_398, "{windows}");
    assert!(
        energy.0.iter().all(|register| register.pulses == 0),
        "{energy:?}"
    );
}

#[test]
fn noise_is_subtracted_inside_the_root() {
    let mut seed = 7;
    let mut calibration = Calibration::NOMINAL;
    // White noise of 67 codes grows by the filter: its mean gain over the band is 1 + ½ + ⅜.
    calibration.channels[1].noise = (67.0f64.powi(2) * 1.875 * 256.0) as u32;
    let mut bench = Bench::new(8000);
    let mut readings = Vec::new();
    let amperes = 0.005;
    for n in 0..22 * 8000u64 {
        let wave = 2f64.sqrt() * (std::f64::consts::TAU * 60.02 * n as f64 / 8000.0).sin();
        let i = amperes * wave * FULL_SCALE / AMPERES + noise(&mut seed, 67.0);
        if let Some(window) = bench.push(Some([
            quantise(120.0 * wave * FULL_SCALE / VOLTS),
            quantise(i),
            0,
        ])) {
            readings.push(
                Quantities::from_window(
                    &Portable,
                    &window,
                    &calibration,
                    &mut NoLoad::default(),
                    8000,
                )
                .line_ua() as f64
                    * 1e-6,
            );
        }
    }
    let mean = readings[2..].iter().sum::<f64>() / (readings.len() - 2) as f64;
    println!("5 mA with noise: {:.3} %", (mean / amperes - 1.0) * 100.0);
    assert!((mean / amperes - 1.0).abs() < 0.003);
}

#[test]
fn a_phase_error_is_turned_back() {
    for degrees in [-0.5f64, -0.1, 0.3, 0.5] {
        let error = degrees.to_radians();
        for phi in [0.0f64, 1.0, -0.6435, 2.5] {
            // The current is measured `error` later than it is.
            let source = Source::new(
                60.02,
                Signal::sine(220.0, 0.0),
                Signal::sine(10.0, -phi - error),
            );
            let truth = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(10.0, -phi));
            let mut calibration = Calibration::NOMINAL;
            calibration.channels[1].phase = I2F30::from_num(error);
            for q in measure(&source, &calibration, 1.5) {
                let p = common::active(&truth.voltage, &truth.line);
                let q1 = reactive(&truth.voltage, &truth.line);
                assert!(
                    (q.active_uw() as f64 * 1e-6 - p).abs() < 2200.0 * 3e-6,
                    "{degrees}° {phi}: {q:?}"
                );
                assert!(
                    (q.reactive_uvar() as f64 * 1e-6 - q1).abs() < 2200.0 * 10e-6,
                    "{degrees}° {phi}: {q:?}"
                );
            }
        }
    }
}

#[test]
fn gains_offsets_and_power_gain_do_what_they_say() {
    let source = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(10.0, -1.0));
    let plain = measure(&source, &Calibration::NOMINAL, 1.5)
        .pop()
        .expect("a window");
    let mut calibration = Calibration::NOMINAL;
    calibration.channels[0].gain = I2F30::from_num(1.01);
    calibration.channels[1].gain = I2F30::from_num(0.98);
    calibration.channels[1].power_gain = I2F30::from_num(1.0003);
    calibration.channels[2].gain = I2F30::from_num(1.1);
    let q = measure(&source, &calibration, 1.5).pop().expect("a window");
    let ratio = |a: f64, b: f64, expected: f64| {
        assert!((a / b / expected - 1.0).abs() < 1e-6, "{a} {b} {expected}")
    };
    ratio(q.voltage_uv() as f64, plain.voltage_uv() as f64, 1.01);
    ratio(q.line_ua() as f64, plain.line_ua() as f64, 0.98);
    ratio(q.neutral_ua() as f64, plain.neutral_ua() as f64, 1.1);
    ratio(
        q.active_uw() as f64,
        plain.active_uw() as f64,
        1.01 * 0.98 * 1.0003,
    );
    ratio(
        q.reactive_uvar() as f64,
        plain.reactive_uvar() as f64,
        1.01 * 0.98 * 1.0003,
    );
    ratio(
        q.apparent_uva() as f64,
        plain.apparent_uva() as f64,
        1.01 * 0.98,
    );
    ratio(
        q.neutral_active_uw() as f64,
        plain.neutral_active_uw() as f64,
        1.01 * 1.1,
    );
    // Crosstalk of 1 W in the raw power, with all gains at one.
    let mut calibration = Calibration::NOMINAL;
    calibration.channels[1].power_offset =
        (FULL_SCALE / VOLTS * FULL_SCALE / AMPERES / 10.0) as i32;
    let q = measure(&source, &calibration, 1.5).pop().expect("a window");
    assert!(
        (plain.active_uw() - q.active_uw() - 100_000).abs() < 20,
        "{} {}",
        plain.active_uw(),
        q.active_uw()
    );
    let fundamental = plain.fundamental_active_uw() - q.fundamental_active_uw();
    assert!((fundamental - 100_000).abs() < 40, "{fundamental}");
}

#[test]
fn curves_and_temperature_follow_their_laws() {
    let point = |current_ua, gain, phase| CurvePoint {
        current_ua,
        gain,
        phase,
    };
    let points = [
        point(50_000, 1000, -500),
        point(500_000, 600, -300),
        point(5_000_000, 100, 0),
        point(20_000_000, 0, 0),
        point(100_000_000, -400, 200),
    ];
    let curve = Curve(points);
    for p in points {
        let [gain, phase] = curve.at(p.current_ua);
        assert!((gain - p.gain as i32).abs() <= 1 && (phase - p.phase as i32).abs() <= 1);
    }
    assert_eq!(curve.at(1000), [1000, -500]);
    assert_eq!(curve.at(200_000_000), [-400, 200]);
    for ua in [80_000u32, 158_114, 1_000_000, 9_000_000, 44_721_360] {
        let above = points
            .iter()
            .position(|p| p.current_ua > ua)
            .expect("inside");
        let (a, b) = (points[above - 1], points[above]);
        let share = (ua as f64 / a.current_ua as f64).ln()
            / (b.current_ua as f64 / a.current_ua as f64).ln();
        let truth = a.gain as f64 + share * (b.gain - a.gain) as f64;
        // The logarithm is straight between powers of two: off by up to 0.09 of an octave.
        let slope = (b.gain - a.gain) as f64 / (b.current_ua as f64 / a.current_ua as f64).log2();
        assert!(
            (curve.at(ua)[0] as f64 - truth).abs() < 0.18 * slope.abs() + 2.0,
            "{ua}: {:?} {truth}",
            curve.at(ua)
        );
    }

    let law = TemperatureLaw {
        linear: 250,
        quadratic: -400,
    };
    for kelvin in [-50.0f64, -10.0, 0.0, 0.5, 25.0, 45.0] {
        let truth = 250.0 * kelvin / 2f64.powi(24) - 400.0 * kelvin * kelvin / 2f64.powi(30);
        let measured = law.at((kelvin * 16.0) as i16) as f64 / 2f64.powi(30);
        assert!(
            (measured - truth).abs() < 1e-7,
            "{kelvin} K: {measured} {truth}"
        );
    }

    let mut correction = Correction::default();
    correction.curves[0] = curve;
    correction.temperature[0] = law;
    let corrected = correction.apply(&Portable, &Calibration::NOMINAL, [50_000, 0], 16 * 40);
    let gain = |channel: usize| corrected.channels[channel].gain.to_num::<f64>() - 1.0;
    assert!((gain(1) - 1000.0 / 1048576.0).abs() < 1e-8);
    assert!(
        (gain(0) - (250.0 * 40.0 / 2f64.powi(24) - 400.0 * 1600.0 / 2f64.powi(30))).abs() < 1e-7
    );
    assert!((corrected.channels[1].phase.to_num::<f64>() + 500.0 / 1048576.0).abs() < 1e-8);
    assert_eq!(corrected.channels[2], Calibration::NOMINAL.channels[2]);
}

#[test]
fn a_bypassed_line_is_metered_by_the_neutral() {
    let mut source = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(1.0, -1.0));
    source.neutral = Signal::sine(10.0, -1.0);
    let mut bench = Bench::new(8000);
    let before = bench.run(&source, 3.0);
    let q = Quantities::from_window(
        &Portable,
        &before[2],
        &Calibration::NOMINAL,
        &mut NoLoad::default(),
        8000,
    );
    assert!(q.neutral_ua() > q.line_ua() * 9);
    bench.meter.meter_neutral(true);
    let after = bench.run(&source, 4.0);
    let window = after.last().expect("a window");
    assert!(window.tally.flags.contains(Flags::NEUTRAL_METERED));
    let q = Quantities::from_window(
        &Portable,
        &window.of_neutral(),
        &Calibration::NOMINAL.of_neutral(),
        &mut NoLoad::default(),
        8000,
    );
    let near = |a: f64, b: f64, ppm: f64| assert!((a / b - 1.0).abs() < ppm * 1e-6, "{a} {b}");
    near(q.active_uw() as f64, 2.2e9 * 1f64.cos(), 5.0);
    near(q.reactive_uvar() as f64, 2.2e9 * 1f64.sin(), 20.0);
    // The neutral's rms passes no droop filter: 280 ppm low at 60 Hz.
    near(q.line_ua() as f64, 10e6, 300.0);
    near(q.neutral_ua() as f64, 1e6, 300.0);
}

#[test]
fn pulses_fall_within_a_microsecond_of_their_ideal_place() {
    // Windows of about one second at constant power, from one pulse in five seconds to 160 a second; their energies and
    // lengths scatter as crossings do.
    let threshold = energy::threshold(6400, 8000);
    for (per_window, length) in [
        (0.2, 8000.0),
        (0.7, 8000.13),
        (1.000_01, 7999.7),
        (6.5, 8133.33),
        (40.3, 7900.2),
        (159.9, 8000.0),
    ] {
        let amount = (threshold as f64 * per_window) as u64;
        let length_q16 = (length * 65_536.0) as u32;
        let period = length_q16 as f64 / 65_536.0 * threshold as f64 / amount as f64;
        let mut energy = Energy::ZERO;
        let mut player = Player::IDLE;
        let flow = energy::Flow {
            active: amount as i64,
            ..energy::Flow::default()
        };
        let mut edges: Vec<f64> = Vec::new();
        let mut entered = 0u32;
        for block in 0..60 * 500 {
            // The next window is ready when it has been measured, and up to 40 ms later.
            let ready =
                (entered + 1) as f64 * length_q16 as f64 / 65_536.0 + (entered % 7) as f64 * 50.0;
            if block as f64 * 16.0 >= ready {
                player.enqueue(&energy.add(&Portable, &flow, &threshold, length_q16));
                entered += 1;
            }
            player.pass();
            let edge = player.outputs[0].advance();
            assert_eq!(player.outputs[1].advance(), NO_EDGE);
            if edge != NO_EDGE {
                edges.push(block as f64 * 16.0 + edge as f64 / 1024.0);
            }
        }
        let played = edges.len() as u32;
        assert!(
            energy.0[Energy::IMPORT].pulses - played <= 2 + per_window as u32,
            "{played} of {}",
            energy.0[Energy::IMPORT].pulses
        );
        let first = edges[0];
        for (n, edge) in edges.iter().enumerate() {
            let late_us = (edge - first - n as f64 * period) * 125.0;
            assert!(
                late_us.abs() < 1.0,
                "edge {n} of {per_window} a window: {late_us:.3} µs late"
            );
        }
    }
}
