//! The load profile of the image, as a reader sees it: energies, times, supply failures, clock changes.

use experiments::factory::access;
use experiments::line::Line;
use experiments::meter::Meter;
use experiments::stored;
use reader::clock::{self, Setting};
use reader::profile::{Profile, Row};
use reader::session::Session;
use reader::tables::Tables;
use virtual_meter::scene::Options;
use virtual_meter::time::SECOND;

/// The utility's password, as delivered.
const UTILITY: [u8; 20] = [b'2'; 20];
/// Watts of the load; and vars.
const POWER_W: f64 = 6_600.0;
const POWER_VAR: f64 = 8_800.0;

/// What a session sees.
fn with_session<T>(meter: &mut Meter, act: impl FnOnce(&mut Session) -> T) -> T {
    let line = reader::line::Line::over(Line::new(&mut meter.machine));
    let mut session = Session::open(line, &access(UTILITY)).expect("a session");
    let result = act(&mut session);
    session.close();
    result
}

fn set_clock(meter: &mut Meter, time: &str) {
    let setting = Setting::parse(Some(time), true).expect("a time");
    with_session(meter, |session| {
        clock::set(session, &setting).expect("procedure 10")
    });
}

/// Intervals of so many minutes from now on; returns what the registers show, from where the first one counts.
fn set_interval(meter: &mut Meter, minutes: u8) -> [u16; 4] {
    with_session(meter, |session| {
        session.write(61, Some(12), &[minutes]).expect("ST61")
    });
    let kept = stored::kept(&stored::fram(&meter.machine)).expect("registers");
    kept.profile.start_wh
}

/// The whole profile, oldest first.
fn profile(meter: &mut Meter) -> Vec<Row> {
    let profile = with_session(meter, |session| {
        Profile::read(&mut Tables::new(session)).expect("a profile")
    });
    assert_eq!(
        profile.titles,
        [
            "active_import_wh",
            "active_export_wh",
            "reactive_q1_varh",
            "reactive_q4_varh"
        ]
    );
    profile.rows
}

/// Asserts that what the rows tell is all that was counted from when it began up to the newest one's end.
fn assert_sums(meter: &Meter, rows: &[Row], begun_wh: [u16; 4]) {
    let kept = stored::kept(&stored::fram(&meter.machine)).expect("registers");
    for (channel, shown_wh) in kept.profile.start_wh.iter().enumerate() {
        let sum_wh: f64 = rows.iter().map(|row| row.values[channel]).sum();
        let gained_wh = shown_wh - begun_wh[channel];
        assert_eq!(sum_wh, f64::from(gained_wh), "channel {channel}");
    }
}

fn status(row: &Row) -> Vec<&str> {
    let mut words: Vec<&str> = row.status.iter().map(|word| &word[..]).collect();
    // All channels say the same.
    if let [.., first, _, _, _] = words[..] {
        let said = first.strip_prefix("channel 1: ").expect("channel 1");
        words.truncate(words.len() - 4);
        words.push(said);
    }
    words
}

fn meter() -> Meter {
    let options = Options {
        mains: Some("220,60"),
        load: Some("50,0.6L"),
        ..Options::default()
    };
    let mut meter = Meter::new(&options).expect("meter");
    meter.run(3.0).expect("starts");
    meter
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn intervals_hold_the_energies_of_their_minutes() {
    let mut meter = meter();
    let begun_wh = set_interval(&mut meter, 1);
    set_clock(&mut meter, "2026-11-20T23:57:30");
    meter.run(330.0).expect("runs");
    let rows = profile(&mut meter);
    assert_sums(&meter, &rows, begun_wh);
    // The interval of 1 January 2000 ends in the first block, of which the rest is skipped.
    assert_eq!(status(&rows[0]), ["clock forward", "partial"]);
    assert!(rows[1..27].iter().all(|row| status(row) == ["skipped"]));
    assert!(rows[1..27].iter().all(|row| row.values == [0.0; 4]));
    let rows = &rows[27..];
    let ends: Vec<&str> = rows.iter().map(|row| &row.end[..]).collect();
    assert_eq!(
        ends,
        [
            "2026-11-20T23:58:00",
            "2026-11-20T23:59:00",
            "2026-11-21T00:00:00",
            "2026-11-21T00:01:00",
            "2026-11-21T00:02:00",
            "2026-11-21T00:03:00"
        ]
    );
    assert_eq!(status(&rows[0]), ["partial"]);
    for row in &rows[1..] {
        assert!(row.status.is_empty(), "{:?}", row.status);
        // What is counted is up to a second old, at both ends.
        let [import, export, first, fourth] = row.values[..] else {
            panic!("{:?}", row.values)
        };
        assert!(
            (import - POWER_W / 60.0).abs() < POWER_W / 3600.0 + 1.0,
            "{import} Wh"
        );
        assert!(
            (first - POWER_VAR / 60.0).abs() < POWER_VAR / 3600.0 + 1.0,
            "{first} varh"
        );
        assert_eq!((export, fourth), (0.0, 0.0));
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn supply_failures_and_clock_changes_are_marked_and_lose_no_energy() {
    let mut meter = meter();
    let begun_wh = set_interval(&mut meter, 1);
    set_clock(&mut meter, "2026-03-29T01:00:00");
    meter.run(90.0).expect("runs");
    meter.machine.power_cycle(60 * SECOND);
    meter.run(60.0).expect("runs");
    // Seconds forward and back within a minute, then an hour, as daylight saving does it.
    set_clock(&mut meter, "2026-03-29T01:02:40");
    meter.run(5.0).expect("runs");
    set_clock(&mut meter, "2026-03-29T01:02:20");
    meter.run(45.0).expect("runs");
    set_clock(&mut meter, "2026-03-29T02:03:30");
    meter.run(40.0).expect("runs");
    set_clock(&mut meter, "2026-03-29T01:04:30");
    meter.run(100.0).expect("runs");
    let rows = profile(&mut meter);
    assert_sums(&meter, &rows, begun_wh);
    let told: Vec<(&str, Vec<&str>)> = rows
        .iter()
        .filter(|row| status(row) != ["skipped"])
        .map(|row| (&row.end[11..], status(row)))
        .collect();
    let none = vec![];
    let expected = [
        ("00:01:00", vec!["clock forward", "partial"]),
        ("01:01:00", vec!["partial"]),
        ("01:02:00", vec!["power failure", "partial"]),
        ("01:03:00", vec!["clock forward", "clock back", "partial"]),
        ("01:04:00", vec!["clock forward", "partial"]),
        ("02:04:00", vec!["partial"]),
        ("02:05:00", vec!["clock back", "partial"]),
        ("01:05:00", vec!["partial"]),
        ("01:06:00", none),
    ];
    assert_eq!(told, expected);
    // Each of the three jumps ends a block.
    assert_eq!(rows.len(), 3 * 27 + 2);
}
