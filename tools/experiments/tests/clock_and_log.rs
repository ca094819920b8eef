//! The clock and the event log of the image: time from the crystal, supply failures, procedures that run once.

use experiments::line::Line;
use experiments::meter::Meter;
use experiments::turn_around::packet;
use reader::clock::{self, Setting};
use reader::session::{Access, Session};
use serde_json::Value;
use virtual_meter::machine::Uart;
use virtual_meter::scene::Options;
use virtual_meter::time::{SECOND, Time};

/// The operator's password, as delivered.
const OPERATOR: [u8; 20] = [0; 20];

fn meter() -> Meter {
    let options = Options {
        load: Some("10"),
        ..Options::default()
    };
    let mut meter = Meter::new(&options).expect("meter");
    meter.run(3.0).expect("starts");
    meter
}

/// What a session sees.
fn with_session<T>(meter: &mut Meter, act: impl FnOnce(&mut Session) -> T) -> T {
    let access = Access {
        user_id: 430,
        user: "experiment".to_owned(),
        password: Some(OPERATOR),
        rate_code: None,
    };
    let line = reader::line::Line::over(Line::new(&mut meter.machine));
    let mut session = Session::open(line, &access).expect("a session");
    let result = act(&mut session);
    session.close();
    result
}

/// Seconds of the clock's day, and whether ST3 calls the clock wrong.
fn clock_of(meter: &mut Meter) -> (u64, bool) {
    let clock = meter.read(52).expect("ST52");
    let [hour, minute, second] = [3, 4, 5].map(|at| u64::from(clock[at]));
    let status = meter.read(3).expect("ST3")[1];
    ((hour * 60 + minute) * 60 + second, status & 0x40 != 0)
}

/// Codes of the events, oldest first.
fn events(meter: &mut Meter) -> Vec<String> {
    let log = with_session(meter, |session| {
        reader::tables::Tables::new(session)
            .decoded(76)
            .expect("ST76")
    });
    let word = |entry: &Value| entry["event"].as_str().expect("words").to_owned();
    reader::log::entries(&log).iter().map(word).collect()
}

/// Whole seconds from `from` to now.
fn seconds(meter: &Meter, from: Time) -> u64 {
    (meter.now() - from) / SECOND
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn the_clock_runs_from_the_crystal_and_stands_still_without_supply() {
    let mut meter = meter();
    let (before, wrong) = clock_of(&mut meter);
    assert!(before < 5 && wrong, "nobody has set it");
    let setting = Setting::parse(Some("2026-11-20T12:00:00"), true).expect("a time");
    let shown = with_session(&mut meter, |session| {
        clock::set(session, &setting).expect("procedure 10")
    });
    let set_at = meter.now();
    assert_eq!(shown.1, "2026-11-20T12:00:00");

    meter.run(100.0).expect("runs");
    let (shown, wrong) = clock_of(&mut meter);
    let expected = 43_200 + seconds(&meter, set_at);
    // Setting and reading take some tenths of a second each.
    assert!(shown.abs_diff(expected) <= 1, "{shown}, not {expected}");
    assert!(!wrong);

    // An hour without supply: nobody counts it, and the meter says so.
    let (stopped, _) = clock_of(&mut meter);
    meter.machine.power_cycle(3_600 * SECOND);
    let start = meter.now();
    meter.run(10.0).expect("runs");
    let (shown, wrong) = clock_of(&mut meter);
    let expected = stopped + seconds(&meter, start);
    assert!(shown.abs_diff(expected) <= 3, "{shown}, not {expected}");
    assert!(wrong);
    assert_eq!(
        events(&mut meter),
        [
            "power up",
            "time changed (new time)",
            "procedure invoked",
            "power up"
        ]
    );
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn demand_is_the_mean_over_the_clocks_quarter_and_reset_by_procedure_9() {
    let mut meter = meter();
    let setting = Setting::parse(Some("2026-11-20T17:44:00"), true).expect("a time");
    with_session(&mut meter, |session| {
        clock::set(session, &setting).expect("procedure 10")
    });
    meter.run(63.0).expect("runs");
    let demand = |meter: &mut Meter| {
        let record = with_session(meter, |session| {
            reader::tables::Tables::new(session)
                .decoded(23)
                .expect("ST23")
        });
        let demand = record["TOT_DATA_BLOCK"]["DEMANDS"][0].clone();
        let last = record["registers"].as_array().and_then(|all| all.last());
        let meaning = last.expect("registers")["quantity"].clone();
        assert_eq!(meaning, "active import demand");
        let [time, value] = ["EVENT_TIME", "DEMAND"].map(|name| demand[name][0].clone());
        let value_w = value.as_f64().expect("a number");
        (time, value_w, record["NBR_DEMAND_RESETS"].clone())
    };
    let (time, value_w, resets) = demand(&mut meter);
    // A minute of 2.2 kW in a quarter of an hour; what is counted is up to a second old, at both of its ends.
    let expected_w = 2200.0 * 60.0 / 900.0;
    assert!(
        (value_w - expected_w).abs() < 4.0,
        "{value_w} W, not {expected_w}"
    );
    assert_eq!(time, "2026-11-20T17:45:00");
    assert_eq!(resets, 0);
    with_session(&mut meter, |session| {
        reader::procedure::run(session, 9, &[1]).expect("procedure 9")
    });
    let (_, value_w, resets) = demand(&mut meter);
    assert_eq!((value_w, resets), (0.0, 1.into()));
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_packet_that_comes_again_runs_its_procedure_once() {
    let mut meter = meter();
    let logon = [&[0x50, 0, 1][..], b"experiment"].concat();
    let security = [&[0x51][..], &OPERATOR].concat();
    // Standard procedure 6, sequence 9, metering mode: 06 00 09 01, and the byte that makes their sum zero.
    let procedure = [0x40, 0, 7, 0, 4, 6, 0, 9, 1, 0xF0];
    let mut toggle = 0;
    for request in [&[0x20][..], &logon, &security] {
        let answer = meter.exchange(&packet(toggle, request));
        assert_eq!(answer[..2], [0x06, 0xEE], "{answer:02x?}");
        assert_eq!(answer[7], 0, "{answer:02x?}");
        meter.machine.send(Uart::Port, &[6]);
        toggle ^= 0x20;
    }
    let again = packet(toggle, &procedure);
    // Its response is lost twice, so the reader sends it again, and once more after it has acknowledged one.
    for round in 0..4 {
        let answer = meter.exchange(&again);
        assert_eq!(answer.first(), Some(&6), "round {round}: {answer:02x?}");
        if round < 3 {
            assert_eq!(answer.get(7), Some(&0), "round {round}: {answer:02x?}");
        }
        if round == 2 {
            meter.machine.send(Uart::Port, &[6]);
        }
    }
    meter.run(7.0).expect("the session ends by itself");
    let events = events(&mut meter);
    assert_eq!(events, ["power up", "procedure invoked"]);
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn daylight_saving_tiers_and_seasons_follow_the_calendar() {
    let mut meter = meter();
    // From 2:00 on the second Sunday of March an hour; season 1 from 1 March on; its Sundays have schedule 2: tier 2 until 3:00,
    // then tier 4.
    let times = [2, 0, 0, 60, 0, 0, 2, 0, 0];
    let dates: [[u8; 3]; 6] = [
        [0x23, 0x40, 1],
        [0x03, 0x0F, 4],
        [0; 3],
        [0; 3],
        [0; 3],
        [0; 3],
    ];
    let mut switches = [[0; 3]; 11];
    switches[0] = [0x0A, 0x00, 2];
    switches[1] = [0x0C, 0x18, 2];
    let schedules = [[0; 8], [2, 0, 0, 0, 0, 0, 0, 0]];
    let calendar = [
        dates.as_flattened(),
        switches.as_flattened(),
        schedules.as_flattened(),
    ]
    .concat();
    {
        let utility = experiments::factory::access([b'2'; 20]);
        let line = reader::line::Line::over(Line::new(&mut meter.machine));
        let mut session = Session::open(line, &utility).expect("a session");
        session.write(53, None, &times).expect("ST53");
        session.write(54, None, &calendar).expect("ST54");
        session.close();
    }
    let setting = Setting::parse(Some("2026-03-08T01:58:50"), true).expect("a time");
    with_session(&mut meter, |session| {
        clock::set(session, &setting).expect("procedure 10")
    });
    let state = |meter: &mut Meter| {
        let state = with_session(meter, |session| {
            reader::tables::Tables::new(session)
                .decoded(55)
                .expect("ST55")
        });
        let number = |part: &str, name: &str| state[part][name].as_u64().expect("a number");
        (
            state["CLOCK_CALENDAR"].as_str().expect("a time")[..16].to_owned(),
            number("TIME_DATE_QUAL", "DST_FLAG"),
            number("STATUS", "CURR_SUMM_TIER"),
            number("STATUS", "SEASON"),
        )
    };
    meter.run(15.0).expect("runs");
    assert_eq!(state(&mut meter), ("2026-03-08T01:59".to_owned(), 0, 2, 1));
    meter.run(120.0).expect("runs");
    assert_eq!(state(&mut meter), ("2026-03-08T03:01".to_owned(), 1, 4, 1));
    let tiers = with_session(&mut meter, |session| {
        let table = reader::tables::Tables::new(session).decoded(2052);
        table.expect("MT4")["tiers"].clone()
    });
    let import_wh = |tier: usize| tiers[tier]["import_wh"].as_f64().expect("a number");
    // 2.2 kW: a minute before the change and one behind it, up to the last minute's beginning.
    assert!(
        (import_wh(2) - 2200.0 * 60.0 / 3600.0).abs() < 3.0,
        "{tiers}"
    );
    assert!(
        (import_wh(4) - 2200.0 * 60.0 / 3600.0).abs() < 3.0,
        "{tiers}"
    );
    assert_eq!([1, 3, 5, 6, 7].map(import_wh), [0.0; 5]);
    let events = events(&mut meter);
    assert_eq!(
        events.last().map(|event| &event[..]),
        Some("daylight saving on")
    );
}
