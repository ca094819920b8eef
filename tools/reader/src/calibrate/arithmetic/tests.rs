//! The arithmetic against boards whose errors are known exactly.

use super::*;

/// Numbers from a seed, evenly between −1 and 1.
struct Random(u64);

impl Random {
    fn even(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A board's errors.
#[derive(Debug)]
struct Board {
    gains: [f64; 3],
    lag_rad: f64,
    noise_a: [f64; 2],
    /// Part of the voltage, of full scale, that appears in the line current: in phase and a quarter of a turn behind.
    crosstalk: [f64; 2],
    /// The converter's clock over the nominal one.
    clock: f64,
    /// Gain and phase of the transformer that change with the logarithm of the current: per decade below 10 A.
    curve: [f64; 2],
}

impl Board {
    fn random(random: &mut Random) -> Self {
        Board {
            gains: core::array::from_fn(|_| 1.0 + 0.02 * random.even()),
            lag_rad: 0.5f64.to_radians() * random.even(),
            noise_a: core::array::from_fn(|_| 1.2e-3 * (1.0 + 0.3 * random.even())),
            crosstalk: [5.6e-6 * random.even(), 2e-6 * random.even()],
            clock: 1.0 + 30e-6 * random.even(),
            curve: [0.0; 2],
        }
    }

    /// With a transformer: ±0.1 % and ±0.05° over three decades.
    fn with_curve(mut self, random: &mut Random) -> Self {
        self.curve = [3e-4 * random.even(), 3e-4 * random.even()];
        self
    }

    /// What a meter with these constants shows, on a steady sine, without scatter.
    fn shown(&self, truth: &Truth, constants: &Constants) -> Shown {
        let [voltage_gain, line_gain, neutral_gain] = self.gains;
        // As a board as designed would give it, with voltage along the real axis.
        let voltage_v = truth.voltage_v * voltage_gain;
        let decades = (10.0 / truth.current_a.clamp(0.01, 1e3)).log10();
        let [curve_gain, curve_rad] = self.curve.map(|slope| slope * decades);
        let line_gain = line_gain * (1.0 + curve_gain);
        let lag = truth.q_var.atan2(truth.p_w) + self.lag_rad + curve_rad;
        let leak_a = self.crosstalk.map(|part| part * voltage_v * 150.0 / 600.0);
        let current = Complex {
            re: truth.current_a * line_gain * lag.cos() + leak_a[0],
            im: truth.current_a * line_gain * lag.sin() + leak_a[1],
        };
        let square = current.magnitude().powi(2) + self.noise_a[0].powi(2);
        let neutral = (truth.current_a * neutral_gain).powi(2) + self.noise_a[1].powi(2);
        let board = Shown {
            voltage_v,
            line_square_a2: square,
            neutral_square_a2: neutral,
            p_w: voltage_v * current.re,
            q_var: voltage_v * current.im,
            f_hz: truth.f_hz.unwrap_or(60.0) / self.clock,
            temperature_c: 41.0,
            is_current_seen: [true; 2],
            is_power_hidden: false,
        };
        under(&board, &Constants::NOMINAL, constants)
    }
}

fn truth(current_a: f64, lag_deg: f64) -> Truth {
    let (sin, cos) = lag_deg.to_radians().sin_cos();
    Truth {
        voltage_v: 220.0,
        current_a,
        p_w: 220.0 * current_a * cos,
        q_var: 220.0 * current_a * sin,
        f_hz: Some(60.0),
    }
}

fn pass(board: &Board, present: &Constants) -> Pass {
    let load = |truth: Truth| Load {
        shown: board.shown(&truth, present),
        truth,
    };
    Pass {
        no_load: board.shown(&truth(0.0, 0.0), present),
        main: load(truth(10.0, 0.3)),
        low: load(truth(0.1, 0.3)),
        curve: [None; MEASURED],
        is_neutral_driven: true,
        laws: None,
    }
}

/// The same with points for the curve, the second at another power factor.
fn pass_with_curve(board: &Board, present: &Constants) -> Pass {
    let points = [(0.05, 0.3), (0.4, 60.0), (2.5, 0.3), (80.0, 0.3)];
    Pass {
        curve: points.map(|(current_a, lag_deg)| {
            let truth = truth(current_a, lag_deg);
            let shown = board.shown(&truth, present);
            Some(Load { shown, truth })
        }),
        ..pass(board, present)
    }
}

impl Board {
    /// Without the part of the crosstalk that a meter which hides its power cannot show.
    fn in_phase(mut self) -> Self {
        self.crosstalk[1] = 0.0;
        self
    }
}

/// The same, by a meter that hides its power without load.
fn hidden(pass: Pass) -> Pass {
    Pass {
        no_load: Shown {
            p_w: 0.0,
            q_var: 0.0,
            is_power_hidden: true,
            ..pass.no_load
        },
        ..pass
    }
}

fn ppm(found: f64, expected: f64) -> f64 {
    (found / expected - 1.0) * 1e6
}

#[test]
fn boards_read_true_with_the_new_constants() {
    let mut random = Random(430);
    for seed in 0..1000 {
        let board = Board::random(&mut random);
        let found = constants(&pass(&board, &Constants::NOMINAL), &Constants::NOMINAL);
        for (channel, gain) in found.channels.iter().zip(board.gains) {
            assert!(channel.is_plausible(), "{seed}: {board:?}");
            let error = ppm(gains(channel)[0] * gain, 1.0);
            // The neutral's crosstalk cannot be told from its noise.
            assert!(error.abs() < 0.01, "{seed}: gain {error} ppm");
        }
        let [voltage, line, neutral] = &found.channels;
        assert_eq!(voltage.noise, line.noise);
        assert!((gains(line)[2] - board.lag_rad).abs() < 2e-9, "{seed}");
        assert!(ppm(gains(line)[1], 1.0).abs() < 0.01, "{seed}");
        assert!(
            (noise_a(line) / board.noise_a[0] - 1.0).abs() < 1e-4,
            "{seed}"
        );
        assert!((noise_a(neutral) / board.noise_a[1] - 1.0).abs() < 1e-4);
        for (current_a, lag_deg, limit_ppm) in [
            (10.0, 0.0, 0.1),
            (10.0, 60.0, 0.1),
            (100.0, -36.87, 0.1),
            (0.1, 0.0, 5.0),
            (0.01, 0.0, 50.0),
        ] {
            let truth = truth(current_a, lag_deg);
            let shown = board.shown(&truth, &found);
            let error = ppm(shown.p_w, truth.p_w);
            assert!(
                error.abs() < limit_ppm,
                "{seed}: {current_a} A {lag_deg}°: {error} ppm"
            );
            assert!(ppm(shown.voltage_v, 220.0).abs() < 0.01);
        }
    }
}

#[test]
fn hidden_power_is_found_at_the_low_load() {
    let mut random = Random(7);
    for seed in 0..200 {
        let board = Board::random(&mut random).in_phase();
        let shown = pass(&board, &Constants::NOMINAL);
        let hidden = constants(&hidden(shown), &Constants::NOMINAL);
        let shown = constants(&shown, &Constants::NOMINAL);
        let [_, expected, _] = &shown.channels;
        let [_, found, _] = &hidden.channels;
        assert!(
            (gains(found)[2] - gains(expected)[2]).abs() < 1e-7,
            "{seed}: phase"
        );
        assert!(ppm(gains(found)[0], gains(expected)[0]).abs() < 0.2);
        let offset_w = power_offset_w(found) - power_offset_w(expected);
        assert!(offset_w.abs() < 1e-5, "{seed}: {offset_w} W");
        assert!((noise_a(found) / noise_a(expected) - 1.0).abs() < 1e-3);
    }
}

#[test]
fn a_transformers_phase_at_the_low_load_does_not_disturb_that_of_the_test_load() {
    let board = Board::random(&mut Random(8)).in_phase();
    let mut pass = pass(&board, &Constants::NOMINAL);
    let low = &mut pass.low.shown;
    let turned = Complex {
        re: low.p_w,
        im: low.q_var,
    }
    .turned(-0.000_6);
    (low.p_w, low.q_var) = (turned.re, turned.im);
    for pass in [pass, hidden(pass)] {
        let found = constants(&pass, &Constants::NOMINAL);
        let error = gains(&found.channels[1])[2] - board.lag_rad;
        assert!(error.abs() < 1e-6, "{error} rad");
    }
}

#[test]
fn loads_at_other_voltages_have_other_crosstalk() {
    let mut random = Random(9);
    for seed in 0..100 {
        let board = Board::random(&mut random).in_phase();
        let expected = constants(&pass(&board, &Constants::NOMINAL), &Constants::NOMINAL);
        let at_voltage = |current_a: f64, voltage_v: f64| Truth {
            voltage_v,
            p_w: voltage_v * current_a,
            q_var: 0.0,
            ..truth(current_a, 0.0)
        };
        let mut pass = pass(&board, &Constants::NOMINAL);
        pass.no_load = board.shown(&at_voltage(0.0, 180.0), &Constants::NOMINAL);
        pass.low.truth = at_voltage(0.1, 180.0);
        pass.low.shown = board.shown(&pass.low.truth, &Constants::NOMINAL);
        for pass in [pass, hidden(pass)] {
            let found = constants(&pass, &Constants::NOMINAL);
            let offset_w =
                power_offset_w(&found.channels[1]) - power_offset_w(&expected.channels[1]);
            assert!(offset_w.abs() < 1e-5, "{seed}: {offset_w} W");
        }
    }
}

#[test]
fn a_second_pass_changes_next_to_nothing() {
    let mut random = Random(2);
    for _ in 0..100 {
        let board = Board::random(&mut random);
        let first = constants(&pass(&board, &Constants::NOMINAL), &Constants::NOMINAL);
        let second = constants(&pass(&board, &first), &first);
        for (first, second) in first.channels.iter().zip(&second.channels) {
            for (first, second) in first.to_words().iter().zip(second.to_words()) {
                let difference = (i64::from(*first) - i64::from(second)).abs();
                assert!(difference < 8, "{first} became {second}");
            }
        }
    }
}

#[test]
fn without_any_current_shown_the_noise_taken_off_is_kept() {
    let board = Board {
        gains: [1.0; 3],
        lag_rad: 0.0,
        noise_a: [1.0e-3; 2],
        crosstalk: [0.0; 2],
        clock: 1.0,
        curve: [0.0; 2],
    };
    let mut present = Constants::NOMINAL;
    present.channels[1].noise = 10_000 * 256;
    let mut pass = pass(&board, &present);
    assert_eq!(pass.no_load.line_square_a2, 0.0, "clamped");
    pass.no_load.is_current_seen = [false, true];
    assert_eq!(constants(&pass, &present).channels[1].noise, 10_000 * 256);
    // Where some windows show a current, the difference is real.
    pass.no_load.line_square_a2 = 1e-8;
    pass.no_load.is_current_seen = [true, true];
    let expected = 10_000.0 + 1e-8 / CODE_A.powi(2);
    let found = f64::from(constants(&pass, &present).channels[1].noise) / 256.0;
    assert!((found - expected).abs() < 0.1, "{found}");
}

#[test]
fn a_neutral_that_is_not_driven_keeps_its_gain() {
    let mut random = Random(5);
    let board = Board::random(&mut random);
    let mut present = Constants::NOMINAL;
    present.channels[2].gain += 12_345;
    let undriven = Pass {
        is_neutral_driven: false,
        ..pass(&board, &present)
    };
    assert_eq!(
        constants(&undriven, &present).channels[2].gain,
        present.channels[2].gain
    );
}

#[test]
fn thresholds_are_powers() {
    // 0.15 W, as the firmware has it by design.
    let [designed, _] = Constants::NOMINAL.starting;
    assert!(power_code2(0.15).abs_diff(designed) < 10_000);
}

#[test]
fn what_the_factory_does_not_measure_stays() {
    let mut present = Constants::NOMINAL;
    present.count = 9;
    present.curves[0][2].gain = 55;
    present.temperature[1].linear = -7;
    present.starting = [1, 2];
    let board = Board::random(&mut Random(6));
    let found = constants(&pass(&board, &present), &present);
    assert_eq!(
        (found.count, found.curves, found.temperature, found.starting),
        (9, present.curves, present.temperature, present.starting)
    );
}

/// Errors of the active power in ppm at each point of the curve and between, at some power factors.
fn curve_errors(board: &Board, found: &Constants, currents_a: &[f64]) -> Vec<f64> {
    let error = |current_a: f64, lag_deg: f64| {
        let truth = truth(current_a, lag_deg);
        ppm(board.shown(&truth, found).p_w, truth.p_w)
    };
    let of = |current_a: &f64| [0.0, 60.0, -36.87].map(|lag_deg| error(*current_a, lag_deg));
    currents_a.iter().flat_map(of).collect()
}

fn worst(errors: &[f64]) -> f64 {
    errors
        .iter()
        .fold(0.0, |worst, error| worst.max(error.abs()))
}

#[test]
fn a_transformer_with_a_curve_reads_true_at_all_currents() {
    let mut random = Random(11);
    let mut without_points = 0.0f64;
    for seed in 0..300 {
        let board = Board::random(&mut random).with_curve(&mut random);
        let plain = constants(&pass(&board, &Constants::NOMINAL), &Constants::NOMINAL);
        let between = [0.06, 0.1, 0.2, 0.7, 1.0, 5.0, 20.0, 30.0, 60.0];
        without_points = without_points.max(worst(&curve_errors(&board, &plain, &between)));
        let pass = pass_with_curve(&board, &Constants::NOMINAL);
        let found = constants(&pass, &Constants::NOMINAL);
        assert_eq!(
            found.curves[1],
            Constants::NOMINAL.curves[1],
            "the neutral's"
        );
        // Steps of a millionth, times the tangent of the lag.
        let points = [0.05, 0.4, 2.5, 10.0, 80.0];
        let errors = curve_errors(&board, &found, &points);
        // What the crosstalk's part behind the voltage leaves at small currents is there without curve too.
        let crosstalk = worst(&errors[..3]);
        assert!(worst(&errors[3..]) < 5.0, "{seed}: {errors:?}");
        assert!(crosstalk < 500.0, "{seed}: {errors:?}");
        let board = board.in_phase();
        let pass = pass_with_curve(&board, &Constants::NOMINAL);
        let found = constants(&pass, &Constants::NOMINAL);
        let errors = curve_errors(&board, &found, &points);
        assert!(worst(&errors) < 3.0, "{seed}: {errors:?}");
        // Straight in the fourth root beside straight in the logarithm: a fifteenth of a point's distance.
        let errors = curve_errors(&board, &found, &between);
        assert!(worst(&errors) < 70.0, "{seed}: {errors:?}");
    }
    assert!(without_points > 1_000.0, "{without_points} ppm");
}

#[test]
fn a_meter_calibrated_twice_keeps_its_curve() {
    let mut random = Random(12);
    for seed in 0..100 {
        let board = Board::random(&mut random).with_curve(&mut random);
        let first = pass_with_curve(&board, &Constants::NOMINAL);
        let first = constants(&first, &Constants::NOMINAL);
        let second = constants(&pass_with_curve(&board, &first), &first);
        for (first, second) in first.channels.iter().zip(&second.channels) {
            for (first, second) in first.to_words().iter().zip(second.to_words()) {
                let difference = (i64::from(*first) - i64::from(second)).abs();
                assert!(difference < 8, "{seed}: {first} became {second}");
            }
        }
        for (first, second) in first.curves[0].iter().zip(&second.curves[0]) {
            assert_eq!(first.current_ua, second.current_ua);
            assert!((first.gain - second.gain).abs() <= 1, "{seed}");
            assert!((first.phase - second.phase).abs() <= 1, "{seed}");
        }
    }
}

#[test]
fn what_readings_would_be_under_a_curve_is_what_they_are() {
    let mut random = Random(13);
    for _ in 0..50 {
        let board = Board::random(&mut random).with_curve(&mut random);
        let pass = pass_with_curve(&board, &Constants::NOMINAL);
        let found = constants(&pass, &Constants::NOMINAL);
        for (current_a, lag_deg) in [(0.03, 0.0), (0.2, 60.0), (7.0, -36.87), (90.0, 120.0)] {
            let truth = truth(current_a, lag_deg);
            let [plain, curved] = [Constants::NOMINAL, found].map(|c| board.shown(&truth, &c));
            let there = under(&plain, &Constants::NOMINAL, &found);
            let back = under(&curved, &found, &Constants::NOMINAL);
            for (one, other) in [(there, curved), (back, plain)] {
                assert!(ppm(one.p_w, other.p_w).abs() < 0.01, "{one:?} {other:?}");
                assert!(ppm(one.q_var, other.q_var).abs() < 0.1);
                assert!(ppm(one.line_a(), other.line_a()).abs() < 0.01);
                assert!(ppm(one.f_hz, other.f_hz).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn a_curve_that_is_not_measured_stays_and_the_test_load_is_true_with_it() {
    let board = Board::random(&mut Random(14)).in_phase();
    let mut present = Constants::NOMINAL;
    let correction = |gain: f64, phase_rad: f64| curve::Correction { gain, phase_rad };
    let kept = [
        (0.1, correction(500e-6, -600e-6)),
        (50.0, correction(-80e-6, 90e-6)),
    ];
    // Around another test load than the one now: it adds something there.
    present.curves[0] = curve::through(3.0, kept.into_iter());
    let found = constants(&pass(&board, &present), &present);
    assert_eq!(found.curves, present.curves);
    assert!(worst(&curve_errors(&board, &found, &[10.0])) < 0.1);
}

#[test]
fn the_clock_is_the_references() {
    let mut random = Random(15);
    for _ in 0..100 {
        let board = Board::random(&mut random);
        let mut pass = pass(&board, &Constants::NOMINAL);
        let found = constants(&pass, &Constants::NOMINAL);
        assert!(ppm(clock(&found), board.clock).abs() < 2e-3);
        let shown = board.shown(&truth(1.0, 0.0), &found);
        assert!(ppm(shown.f_hz, 60.0).abs() < 2e-3, "{}", shown.f_hz);
        // Found again by a meter that has it.
        let again = constants(&self::pass(&board, &found), &found);
        assert!((again.channels[0].power_gain - found.channels[0].power_gain).abs() <= 1);
        // Too far, or unknown: left alone.
        for f_hz in [Some(60.04), Some(59.96), Some(f64::NAN), None] {
            pass.main.truth.f_hz = f_hz;
            let left = constants(&pass, &Constants::NOMINAL);
            assert_eq!(left.channels[0].power_gain, 1 << 30, "{f_hz:?}");
        }
    }
}

#[test]
fn with_laws_of_temperature_readings_are_as_true_as_without() {
    let law = |linear, quadratic| Law { linear, quadratic };
    let [old, new] = [
        [law(700, -30), law(-300, 20), law(100, 1)],
        [law(-800, 10), law(350, 5), law(-90, 0)],
    ];
    let present = Constants {
        temperature: old,
        ..Constants::NOMINAL
    };
    let mut random = Random(31);
    for seed in 0..50 {
        let board = Board::random(&mut random);
        let measured = Pass {
            laws: Some(new),
            ..pass(&board, &present)
        };
        let found = constants(&measured, &present);
        assert_eq!(found.temperature, new);
        let truth = truth(10.0, 0.3);
        let shown = board.shown(&truth, &found);
        for (shown, expected) in [
            (shown.voltage_v, truth.voltage_v),
            (shown.line_a(), truth.current_a),
            (shown.neutral_a(), truth.current_a),
            (shown.p_w, truth.p_w),
        ] {
            assert!(ppm(shown, expected).abs() < 0.3, "{seed}: {shown}");
        }
        let vars = shown.q_var - truth.q_var;
        // No constant takes the crosstalk a quarter of a turn behind away.
        assert!(vars.abs() < 2_200.0 * 12e-6, "{seed}: {vars} var");
        // The laws that there are stay when none are given.
        let kept = constants(&pass(&board, &present), &present);
        assert_eq!(kept.temperature, old);
    }
}
