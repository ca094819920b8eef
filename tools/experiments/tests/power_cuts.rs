//! The supply fails at any instant: what the image has stored, what a start makes of it, and what is missing then.

use std::collections::BTreeMap;

use c12::calibration::Constants;
use experiments::factory::{FACTORY_PASSWORD, access};
use experiments::meter::{Meter, number};
use experiments::stored::{self, History};
use meter430::readings::{METER_CONSTANT, SAMPLE_RATE_HZ};
use meter430::store::{MemoryBoard, Place, newest};
use metrology::Energy;
use metrology::energy::{Register, threshold};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use reader::line::Line;
use reader::session::Session;
use virtual_meter::scene::Options;
use virtual_meter::time::{MICROSECOND, MILLISECOND, SECOND, Time, to_seconds};

/// Instants at which the supply fails.
const CUTS: usize = 2_000;
/// From power-up to a little behind the first save: crystal and FLL take 1.05 s.
const START: Time = 1_060 * MILLISECOND;
/// Pulses a kilowatt-hour.
const PULSES_PER_KWH: f64 = METER_CONSTANT as f64;

/// A load of 13.2 kVA that counts in the registers 0 (import), 2 (quadrant I) and 6 (apparent).
fn options() -> Options<'static> {
    Options {
        mains: Some("220,60"),
        load: Some("60,0.8L"),
        board: Some("ideal"),
        ..Options::default()
    }
}

/// Real, reactive and apparent power of it, watts, and the register that counts it.
const POWERS_W: [(usize, f64); 3] = [
    (Energy::IMPORT, 13_200.0 * 0.8),
    (Energy::QUADRANTS, 13_200.0 * 0.6),
    (Energy::APPARENT, 13_200.0),
];

/// A register's energy, watt-hours.
fn wh(register: &Register) -> f64 {
    let part = register.remainder as f64 / threshold(METER_CONSTANT, SAMPLE_RATE_HZ) as f64;
    (f64::from(register.pulses) + part) * 1000.0 / PULSES_PER_KWH
}

/// Runs until the meter samples; returns when that began, to a millisecond.
fn first_sample(meter: &mut Meter) -> Time {
    let frames = |meter: &Meter| meter.machine.chip.wiring.converter.counts().frames;
    loop {
        let before = frames(meter);
        meter.machine.run_for(MILLISECOND).expect("runs");
        // Every sample is a frame, eight a millisecond; setting the converter up takes a few, further apart.
        if frames(meter) >= before + 8 {
            return meter.now() - MILLISECOND;
        }
    }
}

/// How many seconds of this load are missing in the registers, at most, for a failure at `at` of a meter whose first
/// sample came at `begun`.
fn missing_s(energy: &Energy, begun: Time, at: Time) -> f64 {
    let metered_s = to_seconds(at.saturating_sub(begun));
    let missing = |(register, power_w): &(usize, f64)| {
        metered_s - wh(&energy.0[*register]) * 3600.0 / power_w
    };
    POWERS_W.iter().map(missing).fold(0.0, f64::max)
}

/// Asserts that no register of `later` is behind that of `earlier`.
fn assert_monotonic(earlier: &Energy, later: &Energy) {
    for (earlier, later) in earlier.0.iter().zip(&later.0) {
        assert!(
            (earlier.pulses, earlier.remainder) <= (later.pulses, later.remainder),
            "{earlier:?}, then {later:?}"
        );
    }
}

/// The energies that a start finds; nothing stored is none.
fn energy(board: &MemoryBoard) -> Energy {
    stored::kept(board).unwrap_or_default().energy
}

/// What the image makes of this FRAM when it starts: FRAM after its first save.
fn started(meter: &mut Meter, board: &MemoryBoard) -> MemoryBoard {
    stored::put_fram(&mut meter.machine, board);
    meter.machine.power_cycle(SECOND);
    meter.machine.run_for(START).expect("starts");
    stored::fram(&meter.machine)
}

/// A meter under load whose calibration is written again and again, and the constants that it had, in their order.
fn busy_run() -> (Time, Time, History, Vec<[u8; c12::calibration::SIZE]>) {
    let mut meter = Meter::new(&options()).expect("meter");
    let start = History::begin(&mut meter.machine);
    let begun = first_sample(&mut meter);
    meter.machine.chip.set_jumper(true);
    let mut written = Vec::new();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    for round in 0..8 {
        // Constants that do not change what is metered.
        let mut constants = Constants::NOMINAL;
        constants.starting = [700 + round, 800 + round];
        let line = Line::over(experiments::line::Line::new(&mut meter.machine));
        let mut session = Session::open(line, &access(FACTORY_PASSWORD)).expect("logs on");
        session
            .pause(random.random_range(0..1000))
            .and_then(|()| session.write(c12::calibration::TABLE, None, &constants.to_bytes()))
            .expect("writes");
        session.close();
        constants.count = round as u16 + 1;
        written.push(constants.to_bytes());
    }
    let end = meter.now();
    let history = History::end(&mut meter.machine, start);
    (begun, end, history, written)
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_supply_failure_at_any_instant_costs_at_most_a_second() {
    let (begun, end, history, written) = busy_run();
    let mut longest_s = 0.0_f64;
    let mut last = Energy::ZERO;
    let mut calibrations = 0;
    // Each different state of FRAM: a failure at every instruction boundary of the run leaves one of them.
    history.each(end, |_, _, until, board| {
        let energy = energy(board);
        assert_monotonic(&last, &energy);
        last = energy;
        longest_s = longest_s.max(missing_s(&energy, begun, until));
        match stored::calibration(board) {
            None => assert_eq!(calibrations, 0, "the calibration is lost"),
            Some(table) if calibrations == 0 || table != written[calibrations - 1] => {
                assert_eq!(table, written[calibrations], "a mixture");
                calibrations += 1;
            }
            Some(_) => {}
        }
    });
    println!(
        "{} words written in {:.1} s, {calibrations} calibrations; at most {longest_s:.4} s of energy missing",
        history.writes.len(),
        to_seconds(end)
    );
    assert_eq!(calibrations, written.len());
    assert!(longest_s < LONGEST_S, "{longest_s} s missing");
}

/// Longest time for which energy may be missing without an early warning: a window of whole cycles, and the time from
/// its end until it is stored.
const LONGEST_S: f64 = 1.05;

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn the_image_starts_from_what_two_thousand_supply_failures_leave() {
    let (_, end, history, _) = busy_run();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(430);
    // How often each state of FRAM is met. Half of the failures come at any time, half close to a write.
    let mut met = BTreeMap::new();
    for cut in 0..CUTS {
        let at = if cut % 2 == 0 {
            random.random_range(0..end)
        } else {
            let write = &history.writes[random.random_range(0..history.writes.len())];
            write.time + random.random_range(0..20 * MICROSECOND)
        };
        let written = history.writes.partition_point(|write| write.time < at);
        *met.entry(written).or_insert(0) += 1;
    }
    let mut meter = Meter::new(&options()).expect("meter");
    let mut power_ups = 0;
    history.each(end, |written, _, _, board| {
        if !met.contains_key(&written) {
            return;
        }
        let before = stored::kept(board).unwrap_or_default();
        let calibration = stored::calibration(board);
        let board = started(&mut meter, board);
        let after = stored::kept(&board).expect("a start saves");
        assert_eq!(after.energy, before.energy, "after {written}");
        assert_eq!(after.power_ups, before.power_ups + 1, "after {written}");
        assert_eq!(after.copies_lost, 0, "a cut is no damage: after {written}");
        assert_eq!(stored::calibration(&board), calibration, "after {written}");
        power_ups += 1;
    });
    println!("{CUTS} supply failures, {power_ups} different states of FRAM started from");
    assert_eq!(met.values().sum::<usize>(), CUTS);
    assert!(power_ups > CUTS / 4);
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn registers_and_pulses_over_many_power_ups() {
    const TIMES: usize = 40;
    let mut meter = Meter::new(&options()).expect("meter");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut last = Energy::ZERO;
    let (mut on_s, mut longest_s) = (0.0, 0.0_f64);
    for time in 0..TIMES {
        let begun = first_sample(&mut meter);
        // What the port shows before the first window ends is what was kept.
        let shown = meter.snapshot().expect("reads");
        let kept = energy(&stored::fram(&meter.machine));
        for (name, register) in [("import_wh", 0), ("q1_varh", 2), ("apparent_vah", 6)] {
            let difference = number(&shown, name).expect("number") - wh(&last.0[register]);
            assert!(difference > -1e-6, "{name} went back by {difference} Wh");
        }
        let run = random.random_range(0..3 * SECOND);
        meter.machine.run_for(run).expect("runs");
        let at = meter.now();
        let found = energy(&stored::fram(&meter.machine));
        assert_monotonic(&last, &kept);
        assert_monotonic(&kept, &found);
        let metered_s = to_seconds(at - begun);
        let gained_s = (wh(&found.0[0]) - wh(&last.0[0])) * 3600.0 / POWERS_W[0].1;
        longest_s = longest_s.max(metered_s - gained_s);
        on_s += metered_s;
        last = found;
        // Pulses of a window are played while the next one is measured; those cut off are never played.
        let played = meter.machine.chip.wiring.pulses[0].rising as f64;
        let counted = f64::from(last.0[0].pulses);
        let window = POWERS_W[0].1 / 3_600_000.0 * PULSES_PER_KWH;
        assert!(
            played <= counted && played >= counted - 2.1 * window * (time + 1) as f64,
            "{played} pulses, {counted} counted"
        );
        meter
            .machine
            .power_cycle(random.random_range(20 * MILLISECOND..SECOND));
    }
    println!("{TIMES} power-ups, {on_s:.1} s metered; at most {longest_s:.4} s missing in one");
    assert!(longest_s < LONGEST_S, "{longest_s} s missing");
}

/// Time from the warning to the end of the supply, for which this meter's power supply has to hold up: the 17.6 ms that storing
/// takes at most, and a margin, because the cache's luck with the code's addresses moves that by a millisecond. Only where a
/// window has just ended by itself its arithmetic comes first; then the few milliseconds that the next has run are lost.
const HOLD_UP: Time = 20 * MILLISECOND;
/// One cycle of the mains, which begin with a rising zero crossing.
const CYCLE: Time = SECOND / 60;

/// Runs until a window has been stored; returns from when on the energy is counted that is not in `before`. A window ends
/// at a rising zero crossing, and is stored 8 to 24 ms later: its arithmetic takes some 17 ms.
fn counted_from(meter: &mut Meter, before: &Energy) -> Time {
    let begun = first_sample(meter);
    let start = History::begin(&mut meter.machine);
    meter.machine.run_for(1_500 * MILLISECOND).expect("runs");
    let history = History::end(&mut meter.machine, start);
    let stored = history.writes.last().expect("saves").time;
    let crossing = (stored - 8 * MILLISECOND) / CYCLE * CYCLE;
    let gained_wh = wh(&energy(&stored::fram(&meter.machine)).0[0]) - wh(&before.0[0]);
    let counted_s = gained_wh * 3600.0 / POWERS_W[0].1;
    let from = crossing - (counted_s * SECOND as f64) as Time;
    let settling_ms = 1e3 * (to_seconds(from) - to_seconds(begun));
    assert!((-3.0..5.0).contains(&settling_ms), "{settling_ms} ms");
    from
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn the_early_warning_saves_what_has_flowed_until_then() {
    const TIMES: usize = 100;
    let mut meter = Meter::new(&options()).expect("meter");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut last = Energy::ZERO;
    let (mut longest_s, mut slowest) = ([0.0_f64; 3], 0);
    for _ in 0..TIMES {
        let from = counted_from(&mut meter, &last);
        let quiet = random.random_range(0..1_200 * MILLISECOND);
        meter.machine.run_for(quiet).expect("runs");
        let warned = meter.now();
        let before = energy(&stored::fram(&meter.machine));
        let start = History::begin(&mut meter.machine);
        meter.machine.chip.set_rail_mv(1_800);
        meter.machine.run_for(HOLD_UP).expect("runs");
        let history = History::end(&mut meter.machine, start);
        let kept = energy(&stored::fram(&meter.machine));
        if kept != before {
            slowest = slowest.max(history.writes.last().expect("saves").time - warned);
        }
        for ((register, power_w), longest_s) in POWERS_W.iter().zip(&mut longest_s) {
            let gained_wh = wh(&kept.0[*register]) - wh(&last.0[*register]);
            let missing_s = to_seconds(warned - from) - gained_wh * 3600.0 / power_w;
            *longest_s = longest_s.max(missing_s);
        }
        assert_monotonic(&last, &kept);
        last = kept;
        meter.machine.power_cycle(SECOND);
        meter.machine.chip.set_rail_mv(2_500);
    }
    println!(
        "{TIMES} warnings: stored within {:.1} ms; of what had flowed by then {:.1} ms at most are missing in the active, \
         {:.1} ms in the reactive, {:.1} ms in the apparent energy",
        1e3 * to_seconds(slowest),
        1e3 * longest_s[0],
        1e3 * longest_s[1],
        1e3 * longest_s[2],
    );
    // 11.1, 12.0 and 11.1 ms in 400 warnings: windows that young are not stored in time. Of all others 5 ms, the two blocks
    // that the converter has not delivered yet, and up to 12 ms of reactive energy of those younger than 32 ms.
    for missing_s in longest_s {
        assert!(missing_s <= 0.015, "{missing_s} s missing");
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_damaged_copy_is_replaced_and_two_are_flagged() {
    let mut meter = Meter::new(&options()).expect("meter");
    meter.run(6.5).expect("runs");
    let whole = stored::fram(&meter.machine);
    let newer = newest(&whole, Place::REGISTERS);
    let mut one = whole.clone();
    one.page_mut(newer)[9] ^= 0x10;
    let before = energy(&one);
    let mut both = one.clone();
    both.page_mut(newer.other())[160] ^= 1;

    let mut start = |board: &MemoryBoard| {
        let after = energy(&started(&mut meter, board));
        let status = meter.read(3).expect("ST3")[1] & 0x20;
        let shown = meter.read(c12::diagnostics::TABLE).expect("MT2");
        let at = c12::diagnostics::offset::COPIES_LOST;
        let lost = u16::from_le_bytes([shown[at], shown[at + 1]]);
        meter.run(2.5).expect("runs");
        let later = energy(&stored::fram(&meter.machine));
        assert!(later.0[0].pulses > after.0[0].pulses, "metering goes on");
        (after, status, lost)
    };
    assert_eq!(start(&whole), (energy(&whole), 0, 0));
    assert_eq!(start(&one), (before, 0, 1), "a window older");
    assert_eq!(start(&both), (Energy::ZERO, 0x20, 2));
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn an_outage_with_its_early_warning_costs_at_most_5_ms() {
    let path = std::env::temp_dir().join(format!("meter430-outage-{}.toml", std::process::id()));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(4);
    let mut furthest_s = [(0.0_f64, 0.0_f64); 3];
    for _ in 0..30 {
        // The mains go; some time later the rail is too low, and after that the supply.
        let gone = random.random_range(3_000 * MILLISECOND..4_100 * MILLISECOND);
        let rail_after = random.random_range(5 * MILLISECOND..40 * MILLISECOND);
        let outage = format!(
            "[[step]]\nat_s = 0.0\n[[step]]\nat_s = {}\nvoltage_v = 0.0\ncurrent_a = 0.0\n",
            to_seconds(gone)
        );
        std::fs::write(&path, outage).expect("scenario file");
        let mut meter = Meter::new(&Options {
            scenario: Some(&path),
            ..options()
        })
        .expect("meter");
        let from = counted_from(&mut meter, &Energy::ZERO);
        meter.machine.run_until(gone + rail_after).expect("runs");
        meter.machine.chip.set_rail_mv(1_800);
        meter.machine.run_for(HOLD_UP).expect("runs");
        let kept = energy(&stored::fram(&meter.machine));
        for ((register, power_w), furthest_s) in POWERS_W.iter().zip(&mut furthest_s) {
            let counted_s = wh(&kept.0[*register]) * 3600.0 / power_w;
            let missing_s = to_seconds(gone - from) - counted_s;
            furthest_s.0 = furthest_s.0.min(missing_s);
            furthest_s.1 = furthest_s.1.max(missing_s);
        }
    }
    std::fs::remove_file(path).ok();
    println!("missing after an outage, seconds from and to: {furthest_s:.4?}");
    // Reactive energy is of whole pieces, 0.2 s; what the outage takes from a piece, or from the time behind it, the square of
    // the voltage tells.
    for (least_s, most_s) in furthest_s {
        assert!(least_s > -0.002 && most_s < 0.005);
    }
}
