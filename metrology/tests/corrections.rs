//! Constants and corrections: noise, phase, gains, offsets, curves, temperature, the neutral.

mod common;

use common::{
    AMPERES, Bench, FULL_SCALE, Signal, Source, VOLTS, measure, noise, quantise, reactive, to_q30,
};
use metrology::block::{LINE, NEUTRAL};
use metrology::calibration::{
    CLOCK, CURVE, GAIN, LAWS, NOISE, PHASE, POWER_GAIN, POWER_OFFSET, RECORD, STARTING,
    STARTING_POWERS, WORDS,
};
use metrology::quantities::NoLoad;
use metrology::{Calibration, Flags, Portable, Quantities};

#[test]
fn noise_is_subtracted_inside_the_root() {
    let mut seed = 7;
    let mut calibration = Calibration::NOMINAL;
    // White noise of 67 codes grows by the filter: its mean gain over the band is 1 + ½ + ⅜.
    *calibration.of(1, NOISE) = (67.0f64.powi(2) * 1.875 * 256.0) as i32;
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
fn a_phase_error_is_turned_back_as_the_delay_that_it_is() {
    for degrees in [-0.5f64, -0.1, 0.3, 0.5] {
        for (hertz, phi) in [
            (60.02, 0.0f64),
            (60.02, 1.0),
            (60.02, -0.6435),
            (60.02, 2.5),
            (45.0, 1.0),
            (50.0, -0.6435),
            (66.0, 1.0),
        ] {
            // The current is measured later than it is, by so many degrees of 60 Hz.
            let error = degrees.to_radians();
            let lag = error * hertz / 60.0;
            let source = Source::new(
                hertz,
                Signal::sine(220.0, 0.0),
                Signal::sine(10.0, -phi - lag),
            );
            let truth = Source::new(hertz, Signal::sine(220.0, 0.0), Signal::sine(10.0, -phi));
            let mut calibration = Calibration::NOMINAL;
            *calibration.of(1, PHASE) = to_q30(error);
            for q in measure(&source, &calibration, 1.5) {
                let p = common::active(&truth.voltage, &truth.line);
                let q1 = reactive(&truth.voltage, &truth.line);
                assert!(
                    (q.active_uw() as f64 * 1e-6 - p).abs() < 2200.0 * 3e-6,
                    "{degrees}° {phi} {hertz} Hz: {q:?}"
                );
                assert!(
                    (q.reactive_uvar() as f64 * 1e-6 - q1).abs() < 2200.0 * 10e-6,
                    "{degrees}° {phi} {hertz} Hz: {q:?}"
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
    *calibration.of(0, GAIN) = to_q30(1.01);
    *calibration.of(1, GAIN) = to_q30(0.98);
    *calibration.of(1, POWER_GAIN) = to_q30(1.0003);
    *calibration.of(2, GAIN) = to_q30(1.1);
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
    *calibration.of(1, POWER_OFFSET) = (FULL_SCALE / VOLTS * FULL_SCALE / AMPERES / 10.0) as i32;
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
fn crosstalk_comes_off_the_current_too() {
    // 5 mA, and of the voltage what makes 70 µA more or less in phase with it.
    for (cosine, share) in [
        (1.0f64, 70e-6 / 120.0),
        (0.5, 70e-6 / 120.0),
        (-1.0, -50e-6 / 120.0),
    ] {
        let (sine, amperes) = ((1.0 - cosine * cosine).sqrt(), 0.005);
        let mut calibration = Calibration::NOMINAL;
        // Stated at 220 V, whatever the voltage is.
        let without_load_w = share * 220.0 * 220.0;
        let per_watt = FULL_SCALE / VOLTS * FULL_SCALE / AMPERES;
        *calibration.of(1, POWER_OFFSET) = (without_load_w * per_watt) as i32;
        let current = [amperes * cosine + share * 120.0, -amperes * sine];
        let source = Source::new(
            60.02,
            Signal::sine(120.0, 0.0),
            Signal::sine(current[0].hypot(current[1]), current[1].atan2(current[0])),
        );
        let q = measure(&source, &calibration, 1.5).pop().expect("a window");
        let error = q.line_ua() as f64 * 1e-6 / amperes - 1.0;
        assert!(error.abs() < 300e-6, "{cosine}, {share}: {error}");
        let error = q.active_uw() as f64 * 1e-6 / (0.6 * cosine) - 1.0;
        assert!(error.abs() < 300e-6, "{cosine}, {share}: power {error}");
    }
}

#[test]
fn the_clock_moves_frequency_and_energy_but_no_power() {
    let source = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(10.0, -0.5));
    let plain = measure(&source, &Calibration::NOMINAL, 1.5)
        .pop()
        .expect("a window");
    for rate in [1.0 + 80e-6, 1.0 - 80e-6] {
        let mut calibration = Calibration::NOMINAL;
        *calibration.of(0, CLOCK) = to_q30(rate);
        let q = measure(&source, &calibration, 1.5).pop().expect("a window");
        let same = |found: f64, before: f64, expected: f64| {
            assert!(
                (found / before / expected - 1.0).abs() < 1e-8,
                "{found}, {before}"
            );
        };
        same(
            q.frequency_uhz() as f64 / 1e3,
            plain.frequency_uhz() as f64 / 1e3,
            rate,
        );
        for (found, before) in q.flow().iter().zip(plain.flow()) {
            same(*found as f64, *before as f64, 2.0 - rate);
        }
        assert_eq!(q.active_uw(), plain.active_uw());
        assert_eq!(q.line_ua(), plain.line_ua());
    }
}

#[test]
fn the_curve_is_added_at_its_points_between_and_beyond_them() {
    let points = [
        (50_000u32, 1000i16, -1500i16),
        (500_000, 600, -900),
        (5_000_000, -100, 0),
        (20_000_000, 0, 300),
        (100_000_000, -400, -200),
    ];
    let mut calibration = Calibration::NOMINAL;
    for (point, (current_ua, gain, phase)) in points.into_iter().enumerate() {
        calibration.set_point(point, current_ua, gain, phase);
    }
    let root = |ua: f64| ua.sqrt().sqrt();
    let truth = |ua: f64, of: fn(&(u32, i16, i16)) -> i16| {
        let above = points.iter().position(|p| f64::from(p.0) > ua);
        let value = |at: usize| f64::from(of(&points[at]));
        let added = match above {
            Some(0) => value(0),
            None => value(points.len() - 1),
            Some(above) => {
                let [low, high] = [points[above - 1].0, points[above].0].map(f64::from);
                let share = (root(ua) - root(low)) / (root(high) - root(low));
                value(above - 1) + share * (value(above) - value(above - 1))
            }
        };
        added / 1048576.0
    };
    for ua in [20e3, 50e3, 120e3, 700e3, 5e6, 9e6, 44e6, 100e6] {
        let source = Source::new(
            60.02,
            Signal::sine(220.0, 0.0),
            Signal::sine(ua * 1e-6, -1.0),
        );
        let reading = |calibration: &Calibration| {
            let q = measure(&source, calibration, 1.5).pop().expect("a window");
            let power = [q.fundamental_active_uw() as f64, q.reactive_uvar() as f64];
            let flow = q.flow().map(|energy| energy as f64);
            (q.line_ua() as f64, power, q.active_uw() as f64, flow)
        };
        let (current, [p, q], active, flow) = reading(&Calibration::NOMINAL);
        let (curved_current, [curved_p, curved_q], curved_active, curved_flow) =
            reading(&calibration);
        let gain = truth(ua, |p| p.1);
        let phase = truth(ua, |p| p.2);
        let close = |found: f64, expected: f64| {
            assert!(
                (found - expected).abs() < 2e-6,
                "{ua} µA: {found}, not {expected}"
            );
        };
        // 20 mA are shown in µA: 50 ppm each.
        let added = curved_current / current - 1.0;
        assert!(
            (added - gain).abs() < 1.5 / ua + 2e-6,
            "{ua} µA: {added}, not {gain}; {current}"
        );
        close(curved_p.hypot(curved_q) / p.hypot(q) - 1.0, gain);
        // A channel that lags too much by the constant has its current turned forward: Q gets less.
        close(q.atan2(p) - curved_q.atan2(curved_p), phase);
        close(
            (curved_active - active) / p.hypot(q),
            (curved_p - p) / p.hypot(q),
        );
        close(curved_flow[0] / flow[0], curved_active / active);
    }
}

#[test]
fn gains_follow_their_laws_of_temperature() {
    let source = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(10.0, -1.0));
    let window = &Bench::new(8000).run(&source, 3.3)[2];
    let laws = [(250i16, -400i16), (-900, 300), (32_000, -1)];
    let mut calibration = Calibration::NOMINAL;
    for (channel, (linear, quadratic)) in laws.into_iter().enumerate() {
        calibration.0[LAWS + channel] = ((quadratic as i32) << 16) | linear as u16 as i32;
    }
    let at = |celsius: f64, calibration: &Calibration| {
        let mut q = Quantities::ZERO;
        // A hundred steps a kelvin.
        let reading = (10_000.0 + 100.0 * (celsius - 30.0)) as u16;
        q.set_temperature(&Portable, [reading, 10_000, 17_500]);
        q.compute(&Portable, window, calibration, &mut NoLoad::default(), 8000);
        q
    };
    for celsius in [-44.0f64, -25.0, 0.0, 24.5, 25.0, 30.0, 70.0, 105.0] {
        let (plain, q) = (
            at(celsius, &Calibration::NOMINAL),
            at(celsius, &calibration),
        );
        assert!((f64::from(q.temperature_mdegc()) - 1e3 * celsius).abs() < 2.0);
        let kelvin = celsius - 25.0;
        let [voltage, line, neutral] = laws.map(|(linear, quadratic)| {
            // The lower half's bits stand behind the upper half's.
            let quadratic = f64::from(quadratic) + f64::from(linear as u16) / 65_536.0;
            1.0 + f64::from(linear) * kelvin / 2f64.powi(24)
                + quadratic * kelvin * kelvin / 2f64.powi(30)
        });
        let near = |found: i64, plain: i64, gain: f64| {
            let found = found as f64 / plain as f64;
            assert!(
                (found / gain - 1.0).abs() < 2e-7,
                "{celsius}: {found} {gain}"
            );
        };
        near(q.voltage_uv().into(), plain.voltage_uv().into(), voltage);
        near(q.line_ua().into(), plain.line_ua().into(), line);
        near(q.neutral_ua().into(), plain.neutral_ua().into(), neutral);
        near(q.active_uw(), plain.active_uw(), voltage * line);
        near(q.reactive_uvar(), plain.reactive_uvar(), voltage * line);
        near(
            q.neutral_active_uw(),
            plain.neutral_active_uw(),
            voltage * neutral,
        );
    }
    // A thermometer that reads nothing is as cold as it can be shown.
    let mut q = Quantities::ZERO;
    assert_eq!(q.temperature_mdegc(), 25_000);
    q.set_temperature(&Portable, [0, 2150, 2730]);
    assert_eq!(q.temperature_mdegc(), -45_000);
    // Blank descriptors are no thermometer: nothing is corrected.
    let mut q = Quantities::ZERO;
    for [cool, hot] in [[0xFFFF; 2], [0; 2], [2730, 2150], [2150, 2174]] {
        q.set_temperature(&Portable, [2300, cool, hot]);
        assert_eq!(q.temperature_mdegc(), 25_000);
    }
}

/// Windows of a line and a neutral current one after the other, in amperes at 220 V, 1 rad behind: what each reads, with
/// constants that undo the channels' gains and the neutral's phase, and the current chosen by it.
fn windows_of(currents: &[[f64; 2]]) -> Vec<Quantities> {
    let mut calibration = Calibration::NOMINAL;
    *calibration.of(LINE, GAIN) = to_q30(1.0 / 1.05);
    *calibration.of(NEUTRAL, GAIN) = to_q30(1.0 / 0.97);
    *calibration.of(NEUTRAL, PHASE) = to_q30(0.01);
    calibration.0[LAWS + LINE] = 77;
    let (mut bench, mut no_load) = (Bench::new(8000), NoLoad::COUNTING);
    let mut found = Vec::new();
    for [line, neutral] in currents {
        let mut source = Source::new(
            60.0,
            Signal::sine(220.0, 0.0),
            Signal::sine(line * 1.05, -1.0),
        );
        source.neutral = Signal::sine(neutral * 0.97, -1.01);
        let before = found.len();
        while found.len() == before {
            for window in bench.run(&source, 0.002) {
                let mut q = Quantities::ZERO;
                q.measure(&Portable, &window, &calibration, &mut no_load, 8000);
                bench.place.meter_by_neutral(q.wants_neutral());
                q.present(&Portable);
                found.push(q);
            }
        }
    }
    found
}

#[test]
fn a_bypassed_line_is_metered_by_the_neutral() {
    let near = |a: f64, b: f64, ppm: f64| assert!((a / b - 1.0).abs() < ppm * 1e-6, "{a} {b}");
    let currents = [[10.0, 10.0]; 3]
        .into_iter()
        .chain([[8.0, 10.0]; 8])
        .chain([[10.0, 10.0]; 4]);
    let found = windows_of(&currents.collect::<Vec<_>>());
    let flags = |flag: Flags| -> Vec<usize> {
        let places = found.iter().enumerate();
        let set = places.filter(|(_, q)| q.flags.contains(flag));
        set.map(|(place, _)| place).collect()
    };
    // Three windows make sure; the window after the running one is the neutral's. One in balance ends it.
    assert_eq!(flags(Flags::IMBALANCE), [5, 6, 7, 8, 9, 10]);
    assert_eq!(flags(Flags::NEUTRAL_METERED), [7, 8, 9, 10, 11, 12]);
    assert!(found.len() >= 15, "windows before, meanwhile and after");
    for (place, q) in found.iter().enumerate().skip(2) {
        // Where the currents change, frequency and fundamental need their time.
        if [3, 11].contains(&place) {
            continue;
        }
        let is_stolen = (3..11).contains(&place);
        let by_neutral = (7..13).contains(&place);
        let line_a = if is_stolen { 8.0 } else { 10.0 };
        let watts = 220.0 * if by_neutral { 10.0 } else { line_a };
        near(q.line_ua() as f64, line_a * 1e6, 20.0);
        near(q.neutral_ua() as f64, 10e6, 20.0);
        near(q.active_uw() as f64, watts * 1e6 * 1f64.cos(), 30.0);
        near(q.reactive_uvar() as f64, watts * 1e6 * 1f64.sin(), 30.0);
        near(q.apparent_uva() as f64, watts * 1e6, 30.0);
        near(q.flow()[0] as f64 / q.flow()[2] as f64, 1f64.cos(), 30.0);
    }
}

#[test]
fn a_return_through_earth_is_an_imbalance_and_metered_by_the_line() {
    let differ = |line: f64, neutral: f64| {
        let q = windows_of(&[[line, neutral]; 6]);
        let last = q.last().expect("windows");
        assert!(!last.flags.contains(Flags::NEUTRAL_METERED) || neutral > line);
        last.flags.contains(Flags::IMBALANCE)
    };
    assert!(differ(10.0, 0.0) && differ(10.0, 8.5) && differ(0.0, 1.0));
    // Less than an eighth and 0.13 A.
    assert!(!differ(10.0, 8.7) && !differ(10.0, 11.3) && !differ(0.1, 0.0) && !differ(0.0, 0.13));
    assert!(differ(10.0, 11.5) && differ(0.0, 0.14));
}

#[test]
fn a_meter_as_designed_has_gains_and_thresholds_and_nothing_else() {
    for (place, word) in Calibration::NOMINAL.0.into_iter().enumerate() {
        let expected = if place >= STARTING_POWERS {
            STARTING as i32
        } else if place < CURVE && [GAIN, POWER_GAIN].contains(&(place % RECORD)) {
            1 << 30
        } else {
            0
        };
        assert_eq!(word, expected, "{place}");
    }
    // Active and reactive.
    assert_eq!(WORDS, STARTING_POWERS + 2);
}
