//! Whatever comes over the line, the meter goes on metering: the real image in the virtual meter under noise.

mod support;

use reader::line::Line;
use reader::session::{Access, Session};
use serde_json::{Map, Value};
use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

fn snapshot(port: &str) -> Map<String, Value> {
    let access = Access {
        user_id: 0,
        user: "noise".into(),
        password: None,
        rate_code: None,
    };
    let line = Line::open(port).expect("the port opens");
    let mut session = Session::open(line, &access).expect("the meter answers");
    let snapshot = reader::snapshot::read(&mut session).expect("MT0");
    session.close();
    snapshot
}

fn number(snapshot: &Map<String, Value>, path: &str) -> f64 {
    let value = Value::Object(snapshot.clone());
    value
        .pointer(path)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("{path} in {snapshot:?}"))
}

/// Ten seconds of rubbish: noise, false starts, packets with wrong lengths, formats and CRCs, packets cut short.
fn noise(port: &str) {
    let mut line = OpenOptions::new().write(true).open(port).expect("the pty");
    let mut random = 430u32;
    let mut next = move || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 24) as u8
    };
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        let mut bytes: Vec<u8> = (0..next() % 40).map(|_| next()).collect();
        match next() % 4 {
            0 => bytes.extend([0xEE, 0, 0, 0, 0xFF, 0xFF]),
            1 => bytes.extend([0xEE, 0, next(), next(), 0, 1, 0x20, next(), next()]),
            2 => bytes.extend([0xEE, 0, 0, 0, 0, 56, 0x40, next()]),
            _ => bytes.extend([0xEE, 0xEE, 0x06, 0x15, 0xEE]),
        }
        line.write_all(&bytes).expect("the line takes bytes");
        std::thread::sleep(Duration::from_millis(bytes.len() as u64));
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn noise_on_the_line_does_not_disturb_metering() {
    let meter = support::virtual_meter::start(&["--load", "10", "--board", "ideal"]);
    let before = snapshot(&meter.port);
    noise(&meter.port);
    // A packet that the noise began is forgotten by then, and so is a connection.
    std::thread::sleep(Duration::from_secs(7));
    let after = snapshot(&meter.port);

    let seconds = number(&after, "/uptime_s") - number(&before, "/uptime_s");
    assert!(
        seconds >= 5.0,
        "the virtual meter is too slow for this test: {seconds} s in 17 s"
    );
    let windows = number(&after, "/sequence") - number(&before, "/sequence");
    assert!(
        (windows - seconds).abs() <= 1.0,
        "{windows} windows in {seconds} s"
    );
    // A window of a second either way at 2.2 kW.
    let energy_wh = number(&after, "/energy/import_wh") - number(&before, "/energy/import_wh");
    let expected_wh = 2200.0 * seconds / 3600.0;
    assert!(
        (energy_wh - expected_wh).abs() < 2200.0 * 1.1 / 3600.0,
        "{energy_wh} Wh, not {expected_wh} Wh"
    );
}
