//! Factory calibration of the image: random boards become true, and nobody gets in who should not.

use anyhow::{Error, bail};
use c12::calibration::{Constants, SIZE, TABLE};
use c12::client::{Client, Transport};
use experiments::factory::{FACTORY_PASSWORD, Factory, clock_error_ppm, constants_errors};
use experiments::line::Line;
use experiments::meter::number;
use reader::calibrate::arithmetic::gains;
use reader::calibrate::plan::{Check, CurvePoint, Plan};
use reader::calibrate::report::Report;
use virtual_meter::board::{Board, Spread};
use virtual_meter::scene::Scene;
use virtual_meter::time::{MICROSECOND, MILLISECOND, SECOND, Time};

/// Boards of the population, from this seed on.
const FIRST_SEED: u64 = 1;
const BOARDS: u64 = 20;

const PLAN: &str = "
name = 'image test'
voltage_v = 220.0
frequency_hz = 60.0
average_s = 5
settle_s = 2
passes = 2
reference = { bench = 'simulated', drives_neutral = true }
no_load = {}
main = { current_a = 10.0, average_s = 10 }
low = { current_a = 0.1 }
[[check]]
current_a = 10.0
average_s = 10
limit_pct = 0.01
[[check]]
current_a = 10.0
lag_deg = 60.0
limit_pct = 0.01
";

fn plan() -> Plan {
    Plan::parse(PLAN).expect("a plan")
}

/// What MT1 holds.
fn stored(factory: &mut Factory) -> Constants {
    let bytes = factory.meter.read(TABLE).expect("MT1");
    Constants::from_bytes(&<[u8; SIZE]>::try_from(bytes).expect("164 bytes"))
}

/// Worst of a board after calibration: gains in ppm, phase in degrees, active power in percent.
fn errors(board: &Board, report: &Report) -> [f64; 3] {
    let [gain, phase] = constants_errors(board, &report.after.expect("constants"));
    let power = report
        .checks_after
        .iter()
        .map(|errors| errors.power_pct.abs());
    [gain, phase, power.fold(0.0, f64::max)]
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn random_boards_are_true_after_one_or_two_passes() {
    // Two at a time: a board takes some seconds of one processor.
    let halves = [0, 1].map(|half| {
        std::thread::spawn(move || {
            let mut worst = [0.0f64; 3];
            for seed in (FIRST_SEED + half..FIRST_SEED + BOARDS).step_by(2) {
                let board = Board::random(seed, &Spread::FACTORY);
                let mut factory = Factory::new(&format!("random:{seed}")).expect("a meter");
                let report = factory
                    .calibrate(&plan(), FACTORY_PASSWORD)
                    .expect("a line");
                assert_eq!(report.refusal, None, "board {seed}");
                let errors = errors(&board, &report);
                let clock_ppm = clock_error_ppm(&board, &report.after.expect("constants"));
                println!(
                    "board {seed}: {} passes, gains {:.2} ppm, phase {:.6}°, power {:.5} %, clock {clock_ppm:+.3} ppm",
                    report.passes, errors[0], errors[1], errors[2]
                );
                assert!(clock_ppm.abs() < 0.5, "board {seed}");
                assert!(
                    errors[0] < 20.0 && errors[1] < 0.0005 && errors[2] < 0.01,
                    "board {seed}: {errors:?}"
                );
                for (worst, error) in worst.iter_mut().zip(errors) {
                    *worst = worst.max(error);
                }
            }
            worst
        })
    });
    let [one, other] = halves.map(|half| half.join().expect("half of the boards"));
    println!(
        "{BOARDS} boards, worst: gains {:.2} ppm, phase {:.6}°, power {:.5} %",
        one[0].max(other[0]),
        one[1].max(other[1]),
        one[2].max(other[2])
    );
}

/// The plan that is shipped, with checks between its points where phase counts most, 0.25L.
fn shipped_plan_with_checks() -> Plan {
    let shipped = include_str!("../../reader/plans/single-phase-220v.toml");
    let mut plan = Plan::parse(shipped).expect("the shipped plan");
    let between = [
        (0.2, 30, 0.06),
        (1.0, 10, 0.03),
        (30.0, 10, 0.03),
        (100.0, 10, 0.03),
    ];
    for (current_a, average_s, limit_pct) in between {
        plan.check.push(Check {
            current_a,
            lag_deg: 75.5,
            limit_pct,
            average_s: Some(average_s),
        });
    }
    plan
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn the_shipped_plan_makes_a_transformer_with_a_curve_true() {
    let mut factory = Factory::new("typical").expect("a meter");
    let board = Board::typical();
    assert!(!board.line.phase_curve.is_empty());
    let plan = shipped_plan_with_checks();
    let report = factory.calibrate(&plan, FACTORY_PASSWORD).expect("a line");
    print!("{}", report.text());
    assert_eq!(report.refusal, None);
    let after = report.after.expect("constants");
    let [gain_ppm, phase_deg] = constants_errors(&board, &after);
    assert!(
        gain_ppm < 20.0 && phase_deg < 0.0005,
        "{gain_ppm} {phase_deg}"
    );
    assert!(clock_error_ppm(&board, &after).abs() < 0.2);
    // The frequency at the converter's own clock would be 0.66 mHz off.
    let snapshot = factory.meter.snapshot().expect("MT0");
    let f_hz = snapshot["f_hz"].as_f64().expect("hertz");
    assert!((f_hz - 60.0).abs() < 50e-6, "{f_hz} Hz");
    // Calibrated at 220 V, true at 120 V: the crosstalk goes with the square of the voltage.
    for (amperes, limit_pct) in [(10.0, 0.003), (0.1, 0.03)] {
        factory.apply(&format!("*RST;SOUR:VOLT 120;SOUR:CURR {amperes};OUTP ON"));
        factory.meter.run(3.0).expect("runs");
        let mut mean_w = 0.0;
        for _ in 0..10 {
            factory.meter.run(1.0).expect("runs");
            let snapshot = factory.meter.snapshot().expect("MT0");
            mean_w += number(&snapshot, "p_fine_w").expect("watts") / 10.0;
        }
        let error_pct = (mean_w / (120.0 * amperes) - 1.0) * 100.0;
        println!("120 V, {amperes} A: {error_pct:+.4} %");
        assert!(error_pct.abs() < limit_pct, "{amperes} A: {error_pct} %");
    }
    // At the test load the expected errors are those that came.
    for (expected, found) in report.checks_expected.iter().zip(&report.checks_after) {
        let difference = (expected.power_pct - found.power_pct).abs();
        assert!(difference < 0.06, "{expected:?} {found:?}");
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_curve_of_two_points_ends_there() {
    let mut factory = Factory::new("typical").expect("a meter");
    let mut plan = plan();
    plan.curve = vec![CurvePoint {
        current_a: 1.0,
        lag_deg: 0.0,
        average_s: Some(10),
    }];
    // Constant beyond the ends: what is left there is the transformer's own.
    for current_a in [1.0, 50.0] {
        plan.check.push(Check {
            current_a,
            lag_deg: 60.0,
            limit_pct: 0.04,
            average_s: Some(10),
        });
    }
    for passes in [1, 1] {
        let report = factory.calibrate(&plan, FACTORY_PASSWORD).expect("a line");
        assert_eq!(report.refusal, None);
        assert_eq!(report.passes, passes);
        let points = stored(&mut factory).curves[0];
        assert_eq!(points[1..], [points[1]; 4], "{points:?}");
        assert_eq!(
            (points[1].current_ua, points[1].gain, points[1].phase),
            (10_000_000, 0, 0)
        );
        let phase_deg = (f64::from(points[0].phase) / 1_048_576.0).to_degrees();
        let board = Board::typical();
        let expected = (board.delay_s(1, 1.0) - board.delay_s(1, 10.0)) * 360.0 * 60.0;
        assert!(
            (phase_deg - expected).abs() < 0.001,
            "{phase_deg}° {expected}°"
        );
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn constants_are_in_use_at_once_and_after_a_power_failure() {
    let mut factory = Factory::new("ideal").expect("a meter");
    let shown = |factory: &mut Factory| {
        factory.meter.run(2.5).expect("runs");
        let snapshot = factory.meter.snapshot().expect("MT0");
        let volts = snapshot["vrms_v"].as_f64().expect("volts");
        let status = factory.meter.read(3).expect("ST3");
        (volts.round(), snapshot["flags"].to_string(), status[1] & 1)
    };
    let uncalibrated = (220.0, "[\"uncalibrated\"]".to_owned(), 1);
    let calibrated = (231.0, "[]".to_owned(), 0);
    assert_eq!(shown(&mut factory), uncalibrated);
    let mut constants = Constants::NOMINAL;
    constants.channels[0].gain = (1.05 * f64::from(1 << 30)) as i32;
    let written = factory.session(FACTORY_PASSWORD, |session| {
        session.write(TABLE, None, &constants.to_bytes())?;
        // In parts too.
        session.write(TABLE, Some(156), &7u32.to_le_bytes())
    });
    written.expect("written");
    constants.starting[0] = 7;
    let count = stored(&mut factory).count;
    assert_eq!(stored(&mut factory), Constants { count, ..constants });
    assert_eq!(shown(&mut factory), calibrated);
    factory.meter.machine.power_cycle(3 * SECOND);
    assert_eq!(shown(&mut factory), calibrated);
    // Both copies lost: metering goes on with nominal constants, and says so.
    for copy in [0x1800, 0x1900] {
        factory.meter.machine.write_memory(copy + 30, &[0x5A]);
    }
    factory.meter.machine.power_cycle(SECOND);
    assert_eq!(shown(&mut factory), uncalibrated);
    assert_eq!(factory.meter.read(TABLE).expect("MT1"), [0; SIZE]);
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn without_jumper_or_password_nothing_is_written() {
    let mut factory = Factory::new("typical").expect("a meter");
    factory.meter.machine.chip.set_jumper(false);
    for (jumper, password, reason) in [
        (false, FACTORY_PASSWORD, "dlk: data locked"),
        (true, [0; 20], "isc: insufficient security clearance"),
    ] {
        factory.meter.machine.chip.set_jumper(jumper);
        let began = factory.meter.now();
        let report = factory.calibrate(&plan(), password).expect("a line");
        let refusal = report.refusal.expect("refused");
        assert!(refusal.contains(reason), "{refusal}");
        assert!(factory.meter.now() - began < 5 * SECOND, "said late");
        // Whoever does not ask first is refused all the same.
        let bytes = Constants::NOMINAL.to_bytes();
        let written = factory.session(password, |session| session.write(TABLE, None, &bytes));
        assert!(written.unwrap_err().to_string().contains(reason));
        assert_eq!(stored(&mut factory).version, 0);
    }
    let wrong = factory.session([b'3'; 20], |_| Ok(()));
    assert!(wrong.unwrap_err().to_string().contains("Security"));
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_broken_board_is_refused_and_keeps_what_it_had() {
    let mut board = Board::random(9, &Spread::FACTORY);
    board.line.gain = 1.4;
    let healthy = Scene::from_options(&virtual_meter::scene::Options::default()).expect("a scene");
    let timeline = healthy.source().look().clone();
    let mut factory = Factory::on(Scene::new(timeline, board, Vec::new())).expect("a meter");
    let report = factory
        .calibrate(&plan(), FACTORY_PASSWORD)
        .expect("a line");
    let refusal = report.refusal.expect("refused");
    assert!(
        refusal.contains("line channel would need gain 0.71"),
        "{refusal}"
    );
    assert_eq!(stored(&mut factory).version, 0);
    // The meter itself refuses such constants too.
    let bytes = report.after.expect("computed").to_bytes();
    let written = factory.session(FACTORY_PASSWORD, |session| {
        session.write(TABLE, None, &bytes)
    });
    assert!(written.unwrap_err().to_string().contains("onp"));
    assert_eq!(stored(&mut factory).version, 0);
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_calibrated_meter_calibrated_again_stays_what_it_is() {
    let mut factory = Factory::new("typical").expect("a meter");
    let mut calibrated = || {
        let report = factory
            .calibrate(&plan(), FACTORY_PASSWORD)
            .expect("a line");
        assert_eq!(report.refusal, None);
        (report.passes, report.after.expect("constants"))
    };
    let (_, first) = calibrated();
    let (passes, second) = calibrated();
    assert_eq!(passes, 1);
    for (first, second) in first.channels.iter().zip(&second.channels) {
        let differences = gains(first)
            .into_iter()
            .zip(gains(second))
            .map(|(a, b)| a - b);
        for difference in differences {
            assert!(difference.abs() < 3e-6, "{first:?} became {second:?}");
        }
        let noise = f64::from(second.noise) / f64::from(first.noise);
        assert!((noise - 1.0).abs() < 0.05, "noise by {noise}");
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn when_the_checks_fail_twice_the_old_constants_go_back() {
    let mut factory = Factory::new("typical").expect("a meter");
    // The new constants are exact for the readings that they come from, but no two readings are the same to 10⁻⁸.
    let mut unreachable = plan();
    unreachable.check.truncate(1);
    unreachable.main.average_s = Some(1);
    unreachable.check[0].average_s = Some(1);
    unreachable.check[0].limit_pct = 1e-6;
    let fails = |factory: &mut Factory| {
        let report = factory
            .calibrate(&unreachable, FACTORY_PASSWORD)
            .expect("a line");
        assert!(report.passes > 0, "never written");
        let refusal = report.refusal.expect("refused");
        assert!(refusal.contains("the old constants are back"), "{refusal}");
    };
    fails(&mut factory);
    assert_eq!(stored(&mut factory).version, 0, "there were none");
    let mut old = Constants::NOMINAL;
    old.channels[0].gain -= 7_000_000;
    let written = factory.session(FACTORY_PASSWORD, |session| {
        session.write(TABLE, None, &old.to_bytes())
    });
    written.expect("written");
    fails(&mut factory);
    let count = stored(&mut factory).count;
    assert_eq!(stored(&mut factory), Constants { count, ..old });
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn frames_lost_in_an_average_end_it() {
    let path = std::env::temp_dir().join(format!("meter430-lost-{}.toml", std::process::id()));
    let fault =
        "[[fault]]\nat_s = 12.0\nkind = \"corrupt-response\"\none_in = 500\nduration_s = 10.0\n";
    std::fs::write(&path, fault).expect("scenario file");
    let options = virtual_meter::scene::Options {
        scenario: Some(&path),
        ..Default::default()
    };
    let scene = Scene::from_options(&options).expect("a scene");
    std::fs::remove_file(path).ok();
    let mut factory = Factory::on(scene).expect("a meter");
    let report = factory
        .calibrate(&plan(), FACTORY_PASSWORD)
        .expect("a line");
    let refusal = report.refusal.expect("refused");
    assert!(refusal.contains("frames_lost"), "{refusal}");
    assert_eq!(stored(&mut factory).version, 0);
}

/// A line on which the supply fails `after` the meter has begun to write.
struct Cut<'m> {
    line: Line<'m>,
    after: Time,
    /// The table's bytes are on their way.
    is_armed: bool,
    /// Copies in the two places that were broken when the supply failed.
    broken: &'m mut u32,
}

impl Transport for Cut<'_> {
    type Error = Error;

    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.line.send(bytes)?;
        // Data, then the packet's CRC: then the meter has it all.
        if !std::mem::replace(&mut self.is_armed, bytes.len() > SIZE) {
            return Ok(());
        }
        let machine = &mut *self.line.machine;
        let before = machine.read_memory(0x1800, 512);
        let give_up = machine.chip.time() + SECOND;
        while machine.read_memory(0x1800, 512) == before {
            machine.run_for(5 * MICROSECOND)?;
            if machine.chip.time() > give_up {
                bail!("the meter does not write");
            }
        }
        machine.run_for(self.after)?;
        for copy in [0x1800, 0x1900] {
            *self.broken += u32::from(machine.read_memory(copy, 1) != [1]);
        }
        machine.power_cycle(100 * MILLISECOND);
        bail!("the supply failed");
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Error> {
        self.line.receive(timeout_ms)
    }

    fn set_bit_rate(&mut self, code: u16) -> Result<(), Error> {
        self.line.set_bit_rate(code)
    }

    fn now_ms(&mut self) -> u32 {
        self.line.now_ms()
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_supply_failure_during_the_write_leaves_the_old_constants_or_the_new() {
    let mut factory = Factory::new("ideal").expect("a meter");
    let mut old = Constants::NOMINAL;
    let written = factory.session(FACTORY_PASSWORD, |session| {
        session.write(TABLE, None, &old.to_bytes())
    });
    written.expect("the first constants");
    old = stored(&mut factory);
    let (mut kept, mut changed, mut broken) = (0, 0, 0);
    for step in 0..30 {
        let mut new = old;
        new.channels[0].gain += 1000 + step;
        new.channels[2].phase -= 7;
        let line = Cut {
            line: Line::new(&mut factory.meter.machine),
            after: u64::from(step.unsigned_abs()) * 130 * MICROSECOND,
            is_armed: false,
            broken: &mut broken,
        };
        let mut client = Client::new(line, [0u8; 2048]);
        client.identify().expect("identified");
        client.negotiate(256, 1, &[]).expect("negotiated");
        client.logon(1, b"factory   ").expect("logged on");
        client.security(&FACTORY_PASSWORD).expect("the factory");
        client
            .write(TABLE, None, &new.to_bytes())
            .expect_err("cut off");
        drop(client);
        factory.meter.run(1.0).expect("runs again");
        let found = stored(&mut factory);
        if found == old {
            kept += 1;
        } else {
            new.count = old.count.wrapping_add(1);
            assert_eq!(found, new, "cut {step}");
            changed += 1;
        }
        old = found;
    }
    println!("{kept} times the old constants, {changed} times the new, {broken} copies broken");
    assert!(kept >= 5 && changed >= 5 && broken >= 10);
}
