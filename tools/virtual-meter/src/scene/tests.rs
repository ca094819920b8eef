//! The whole analogue side: what the converter delivers against what the mains do.

use super::*;
use crate::time::{MICROSECOND, MILLISECOND, SECOND, from_seconds, to_seconds};
use std::f64::consts::TAU;
use std::path::PathBuf;
use std::time::Instant;

/// A driver reduced to what the tests need: 8 kSPS, every sample read.
struct Reader {
    converter: Ads131m03,
    now: Time,
}

impl Reader {
    fn new(scene: &Scene, clock: u16) -> Self {
        let mut reader = Self {
            converter: scene.converter(),
            now: 300 * MICROSECOND,
        };
        reader.converter.advance(reader.now);
        reader.frame(&[0x61, 0x80, 0, (clock >> 8) as u8, clock as u8, 0]);
        for _ in 0..6 {
            reader.sample();
        }
        reader
    }

    fn frame(&mut self, start: &[u8]) -> [u8; 15] {
        self.converter.set_chip_select(self.now, false);
        let answer = std::array::from_fn(|n| {
            self.now += MICROSECOND;
            self.converter
                .exchange(self.now, start.get(n).copied().unwrap_or(0))
        });
        self.converter.set_chip_select(self.now, true);
        answer
    }

    /// The next sample as fractions of full scale, and the instant of its DRDY.
    fn sample(&mut self) -> ([f64; 3], Time) {
        let ready = loop {
            let high = self.converter.drdy();
            let next = self.converter.next_event().unwrap();
            self.now = self.now.max(next);
            self.converter.advance(next);
            if high && !self.converter.drdy() {
                break next;
            }
        };
        let frame = self.frame(&[]);
        let code =
            |at: usize| i32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], 0]) >> 8;
        ([3, 6, 9].map(|at| f64::from(code(at)) / 8_388_608.0), ready)
    }
}

const EIGHT_KSPS: u16 = 0x070A;

fn scene(mains: &str, load: &str) -> Scene {
    Scene::from_options(&Options {
        mains: Some(mains),
        load: Some(load),
        board: Some("ideal"),
        ..Options::default()
    })
    .unwrap()
}

fn from_toml(scenario: &str, board: &str) -> Scene {
    let unique = format!(
        "meter430-scene-{}-{:x}",
        std::process::id(),
        scenario.len() * 7919 + board.len()
    );
    let path = std::env::temp_dir().join(format!("{unique}.toml"));
    std::fs::write(&path, scenario).unwrap();
    let options = Options {
        scenario: Some(&path),
        board: Some(board),
        ..Options::default()
    };
    let scene = Scene::from_options(&options).unwrap();
    std::fs::remove_file(&path).unwrap();
    scene
}

#[test]
fn a_sine_arrives_with_the_filters_gain_and_delay() {
    let scene = scene("220,60", "10,0.5L");
    let mut reader = Reader::new(&scene, EIGHT_KSPS);
    let (gain, delay_s) = (0.999722, 1534.0 / 2.0 / 4.096e6 - 0.5 / 4.096e6);
    for _ in 0..500 {
        let (sample, ready) = reader.sample();
        let angle = TAU * 60.0 * (to_seconds(ready) - delay_s);
        let volts = gain * 220.0 * 2f64.sqrt() * angle.sin() / 600.0;
        let amperes = gain * 10.0 * 2f64.sqrt() * (angle - TAU / 6.0).sin() / 150.0;
        // Six digits of gain in the table, one code of rounding.
        assert!((sample[0] - volts).abs() < 6e-7, "{} {volts}", sample[0]);
        assert!((sample[1] - amperes).abs() < 3e-7 && sample[1] == sample[2]);
    }
}

#[test]
fn board_errors_show_in_the_codes() {
    let board = "[voltage]\ngain = 1.02\noffset_uv = 1200.0\n[line]\nphase_deg = 0.9\n[converter]\ncrosstalk_db = -80.0\n";
    let path = std::env::temp_dir().join(format!("meter430-errors-{}.toml", std::process::id()));
    std::fs::write(&path, board).unwrap();
    let name = path.to_str().unwrap().to_owned();
    let options = Options {
        mains: Some("220,60"),
        load: Some("10"),
        board: Some(&name),
        ..Options::default()
    };
    let scene = Scene::from_options(&options).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut reader = Reader::new(&scene, EIGHT_KSPS);
    // 400 samples are three cycles.
    let samples: Vec<([f64; 3], Time)> = (0..400).map(|_| reader.sample()).collect();
    let phasor = |channel: usize| {
        let sum: num_complex::Complex64 = samples
            .iter()
            .map(|(sample, ready)| {
                num_complex::Complex64::cis(-TAU * 60.0 * to_seconds(*ready)) * sample[channel]
            })
            .sum();
        sum / 200.0
    };
    let mean = samples.iter().map(|(sample, _)| sample[0]).sum::<f64>() / 400.0;
    assert!((mean - 1e-3).abs() < 1e-6, "{mean}");
    let volts = 220.0 * 2f64.sqrt() / 600.0 * 0.999722;
    let amperes = 10.0 * 2f64.sqrt() / 150.0 * 0.999722;
    // Both currents leak into the voltage at -80 dB, the line's a little late.
    assert!(
        (phasor(0).norm() - volts * 1.02 - 2.0 * amperes * 1e-4).abs() < 2e-6,
        "{}",
        phasor(0).norm()
    );
    let lag = (phasor(0) * phasor(1).conj()).arg().to_degrees();
    // 0.9° of delay, less what the voltage's crosstalk in phase pulls back.
    let pull = (1e-4 * volts * 1.02 / amperes) * 0.9f64.to_radians();
    assert!((lag - 0.9 + pull.to_degrees()).abs() < 3e-4, "{lag}");
}

#[test]
fn a_step_inside_the_window_is_the_filtered_step() {
    // Direct voltage, so that the expected transient is the step response of three boxes: 1/6, 5/6, 1 at box ends.
    let scenario = "
        [[step]]
        at_s = 0.0
        voltage_v = 0.0
        current_a = 0.0
        [[step]]
        at_s = 0.0100
        voltage_dc_v = 300.0";
    let scene = from_toml(scenario, "ideal");
    let mut reader = Reader::new(&scene, EIGHT_KSPS);
    let mut seen = Vec::new();
    loop {
        let (sample, ready) = reader.sample();
        // Modulator periods since the step, at the filter's middle.
        let x = (to_seconds(ready) - 0.0100 - 766.5 / 4.096e6) * 8_000.0;
        let spline = |x: f64| match x {
            x if x <= -1.5 => 0.0,
            x if x <= -0.5 => (x + 1.5).powi(3) / 6.0,
            x if x <= 0.5 => 0.5 + 0.75 * x - x.powi(3) / 3.0,
            x if x <= 1.5 => 1.0 - (1.5 - x).powi(3) / 6.0,
            _ => 1.0,
        };
        assert!(
            (sample[0] - 0.5 * spline(x)).abs() < 2e-7,
            "{x}: {} {}",
            sample[0],
            0.5 * spline(x)
        );
        seen.push(x);
        if x > 4.0 {
            break;
        }
    }
    assert!(seen.iter().filter(|x| x.abs() < 1.5).count() == 3);
}

#[test]
fn seams_between_equal_segments_do_not_show() {
    let quiet = "[[step]]\nat_s = 0.0\ncurrent_harmonics = [{ order = 25, percent = 10.0, phase_deg = 40.0 }]\n";
    let mut seamed = String::from(quiet);
    for n in 1..40 {
        seamed += &format!("[[step]]\nat_s = {}\n", f64::from(n) * 0.000_937);
    }
    let typical = "typical";
    let (mut plain, mut cut) = (
        Reader::new(&from_toml(quiet, typical), EIGHT_KSPS),
        Reader::new(&from_toml(&seamed, typical), EIGHT_KSPS),
    );
    for _ in 0..300 {
        let ((plain, _), (cut, _)) = (plain.sample(), cut.sample());
        for channel in 0..3 {
            assert!(
                (plain[channel] - cut[channel]).abs() < 2.5e-7,
                "{plain:?} {cut:?}"
            );
        }
    }
}

#[test]
fn a_frequency_ramp_stays_in_phase_with_its_truth() {
    let scenario = "[[step]]\nat_s = 0.0\nfrequency_hz = 59.0\nfrequency_hz_per_s = 1.0\nvoltage_v = 200.0\nvoltage_v_per_s = 20.0\n";
    let mut reader = Reader::new(&from_toml(scenario, "ideal"), EIGHT_KSPS);
    for _ in 0..4_000 {
        let (sample, ready) = reader.sample();
        let seconds = to_seconds(ready) - 766.5 / 4.096e6;
        let (f_hz, cycles) = (59.0 + seconds, 59.0 * seconds + 0.5 * seconds * seconds);
        let droop = crate::converter::decimation::Response::sinc3(1.0 / 4.096e6, 512).gain(f_hz);
        let expected =
            droop * (200.0 + 20.0 * seconds) * 2f64.sqrt() * (TAU * cycles).sin() / 600.0;
        assert!(
            (sample[0] - expected).abs() < 3e-7,
            "{seconds} s: {} {expected}",
            sample[0]
        );
    }
}

#[test]
fn a_long_recording_passes_like_the_formula_it_came_from() {
    let f_hz = 59.93;
    let value = |seconds: f64| {
        let angle = TAU * f_hz * seconds;
        (
            170.0 * (angle.sin() - 0.03 * (5.0 * angle).sin()),
            8.0 * (angle - 0.4).sin() + 1.5 * (7.0 * angle).cos(),
        )
    };
    let rows: String = (0..6_000)
        .map(|n| {
            let seconds = f64::from(n) / 12_000.0;
            let (volts, amperes) = value(seconds);
            format!("{seconds:.9},{volts:.6},{amperes:.7}\n")
        })
        .collect();
    let path = std::env::temp_dir().join(format!("meter430-long-{}.csv", std::process::id()));
    std::fs::write(&path, format!("time_s,voltage_v,current_a\n{rows}")).unwrap();
    let options = Options {
        waveform: Some(&path),
        board: Some("ideal"),
        ..Options::default()
    };
    let scene = Scene::from_options(&options).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut reader = Reader::new(&scene, EIGHT_KSPS);
    let droop = |order: f64| {
        crate::converter::decimation::Response::sinc3(1.0 / 4.096e6, 512).gain(order * f_hz)
    };
    while reader.now < 450 * MILLISECOND {
        let (sample, ready) = reader.sample();
        let angle = TAU * f_hz * (to_seconds(ready) - 766.5 / 4.096e6);
        let volts = 170.0 * (droop(1.0) * angle.sin() - 0.03 * droop(5.0) * (5.0 * angle).sin());
        let amperes =
            droop(1.0) * 8.0 * (angle - 0.4).sin() + droop(7.0) * 1.5 * (7.0 * angle).cos();
        // The ends do not quite meet (29.965 cycles are kept as 29), which rings within some milliseconds of the seam.
        if ready > 50 * MILLISECOND {
            assert!(
                (sample[0] - volts / 600.0).abs() < 3e-5,
                "{ready}: {} {}",
                sample[0] * 600.0,
                volts
            );
            assert!((sample[1] - amperes / 150.0).abs() < 1e-5);
        }
    }
    let truth = scene.truth().over(0, 2 * SECOND);
    assert!(
        (truth.f_hz - f_hz).abs() < 0.01
            && (truth.vrms_v / (170.0 / 2f64.sqrt() * 1.000_45) - 1.0).abs() < 1e-4
    );
}

#[test]
fn knobs_turned_while_running_act_at_once() {
    let scene = scene("220,60", "10");
    let mut reader = Reader::new(&scene, EIGHT_KSPS);
    let now = reader.now;
    let load = Load::parse("2,0.5L").unwrap();
    scene.source().switch_to(
        now,
        numbers::lines(
            &Mains {
                voltage_v: 110.0,
                frequency_hz: 50.0,
            },
            &load,
        ),
        50.0,
    );
    let mut squares = [0.0; 2];
    for n in 0..803 {
        let (sample, _) = reader.sample();
        if n >= 3 {
            squares[0] += (sample[0] * 600.0).powi(2) / 800.0;
            squares[1] += (sample[1] * 150.0).powi(2) / 800.0;
        }
    }
    assert!(
        (squares[0].sqrt() / 110.0 - 1.0).abs() < 3e-4
            && (squares[1].sqrt() / 2.0 - 1.0).abs() < 3e-4,
        "{squares:?}"
    );
    assert!((scene.truth().over(now, now + SECOND).p_w - 110.0).abs() < 1e-9);
    assert!((scene.truth().over(now - MILLISECOND, now).f_hz - 60.0).abs() < 1e-9);
}

#[test]
fn the_shipped_household_plays() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/household.toml");
    let options = Options {
        scenario: Some(&path),
        ..Options::default()
    };
    let scene = Scene::from_options(&options).unwrap();
    let truth = scene.truth().over(0, 60 * SECOND);
    assert!(
        (115.0..121.0).contains(&truth.vrms_v)
            && truth.energy.import_wh > 5.0
            && truth.thd_v_pct > 1.0
    );
    let mut converter = scene.converter();
    converter.advance(SECOND);
    assert_eq!(converter.counts().clipped, 0);
}

#[test]
fn bursts_of_two_cycles_add_up() {
    // The meter's sub-harmonic test: two cycles on, two off, switched at zero crossings and, the other way, anywhere.
    for shift_s in [0.0, 0.0031] {
        let (on_s, round_s) = (2.0 / 60.0, 4.0 / 60.0);
        let scenario = format!(
            "repeat_s = {round_s}\n[[step]]\nat_s = 0.0\ncurrent_a = 10.0\n[[step]]\nat_s = {}\ncurrent_a = 0.0\n",
            on_s + shift_s
        );
        let truth = from_toml(&scenario, "ideal").truth().over(0, 60 * SECOND);
        let omega = TAU * 60.0;
        // Per round: 2200 W for the time on, and the part cycle's swing −V·I·sin(2ωt)/2ω.
        let per_round_ws =
            2200.0 * (on_s + shift_s) - 2200.0 * (2.0 * omega * shift_s).sin() / (2.0 * omega);
        let expected_wh = per_round_ws * 900.0 / 3600.0;
        assert!(
            (truth.energy.import_wh - expected_wh).abs() < 1e-6 * expected_wh,
            "{} {expected_wh}",
            truth.energy.import_wh
        );
    }
}

#[test]
fn waveform_and_other_options_exclude_each_other() {
    let options = Options {
        waveform: Some(Path::new("x.csv")),
        load: Some("5"),
        ..Options::default()
    };
    let error = Scene::from_options(&options).unwrap_err().to_string();
    assert_eq!(
        error,
        "--waveform x.csv: stands in place of mains and load, and --load is given too; leave one of them out"
    );
}

#[test]
fn truth_is_exact_over_part_cycles() {
    let truth = scene("220,60", "10,0.5L").truth();
    // Quarter cycle: the integral of v·i by hand, V·I(cos φ·T/4 − [sin(2ωt − φ)]/2ω).
    let quarter = SECOND / 240;
    let (omega, phi) = (TAU * 60.0, TAU / 6.0);
    let expected_ws =
        2200.0 * (phi.cos() / 240.0 - ((TAU / 2.0 - phi).sin() - (-phi).sin()) / (2.0 * omega));
    let energy = truth.over(0, quarter).energy;
    assert!(
        (energy.import_wh * 3600.0 - expected_ws).abs() < 1e-6,
        "{} {expected_ws}",
        energy.import_wh * 3600.0
    );
    let minute = truth.over(0, 60 * SECOND);
    assert!((minute.energy.import_wh - 1100.0 / 60.0).abs() < 1e-9);
    assert!((minute.energy.q1_varh - 2200.0 * phi.sin() / 60.0).abs() < 1e-9);
    assert!((minute.energy.apparent_vah - 2200.0 / 60.0).abs() < 1e-9);
    let parts = truth.over(0, from_seconds(0.0123)).energy.import_wh
        + truth
            .over(from_seconds(0.0123), 60 * SECOND)
            .energy
            .import_wh;
    assert!((parts - minute.energy.import_wh).abs() < 1e-12);
}

fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("METER430_WAVEFORMS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/waveforms"),
        PathBuf::from,
    );
    if folder.join("index.csv").is_file() {
        return Some(folder);
    }
    println!(
        "recordings not found in {}, test skipped; METER430_WAVEFORMS names their folder",
        folder.display()
    );
    None
}

#[test]
fn recordings_have_the_true_values_of_their_index() {
    let Some(folder) = recordings() else { return };
    let index = std::fs::read_to_string(folder.join("index.csv")).unwrap();
    let mut seen = 0;
    for row in index.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let number = |column: usize| fields[column].parse::<f64>().unwrap();
        let path = folder.join(fields[0]);
        let options = Options {
            waveform: Some(&path),
            ..Options::default()
        };
        let truth = Scene::from_options(&options)
            .unwrap()
            .truth()
            .over(0, SECOND);
        let close = |name: &str, value: f64, expected: f64, tolerance: f64| {
            assert!(
                (value - expected).abs() <= tolerance,
                "{} {name}: {value} not {expected}",
                fields[0]
            );
        };
        close("period_hz", truth.f_hz, number(5), 1e-9);
        close("v_rms", truth.vrms_v, number(6), 2e-4);
        close("i_rms", truth.irms_a, number(7), 2e-5);
        close("p_w", truth.p_w, number(8), 2e-4 + 1e-5 * number(8).abs());
        close("s_va", truth.s_va, number(9), 1e-3 + 1e-5 * number(9));
        close("pf", truth.pf, number(10), 2e-5);
        close("v_dc", truth.dc_v, number(11), 1e-4);
        close("i_dc", truth.dc_a, number(12), 1e-5);
        close("v1_rms", truth.v1_v, number(15), 1e-4);
        close("i1_rms", truth.i1_a, number(16), 1e-5);
        close(
            "p1_w",
            truth.p1_w,
            number(18),
            1e-4 + 1e-6 * number(18).abs(),
        );
        close(
            "q1_var",
            truth.q_var,
            number(19),
            1e-4 + 1e-6 * number(19).abs(),
        );
        close("thd_v_pct", truth.thd_v_pct, number(20), 0.0051);
        close("thd_i_pct", truth.thd_i_pct, number(21), 0.0051);
        seen += 1;
    }
    assert_eq!(seen, 24);
}

/// Prints the cost of a conversion; fails only far above its budget, so that a busy machine does not fail it.
#[test]
fn conversions_are_cheap() {
    for (load, budget_ns) in [("10", 600.0), ("laptop", 3_000.0)] {
        let mut converter = scene("220,60", load).converter();
        converter.advance(SECOND / 10);
        let before = converter.counts().samples;
        let start = Instant::now();
        converter.advance(SECOND);
        let each_ns =
            start.elapsed().as_nanos() as f64 / (converter.counts().samples - before) as f64;
        println!("{load}: {each_ns:.0} ns per conversion");
        assert!(each_ns < 40.0 * budget_ns);
    }
}
