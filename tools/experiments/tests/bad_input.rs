//! Input that no healthy installation has: it is remarked in MT0, ST3 or MT2, and leaves no trace when it is over.

use std::io::Write;

use experiments::meter::{Meter, number};
use serde_json::{Map, Value};
use virtual_meter::scene::Options;

/// A meter on the typical board, 10 A at 0.5 lagging, with something happening from 3 s on; always sound again from 7 s on.
fn meter(name: &str, events: &str) -> Meter {
    let path = std::env::temp_dir().join(format!("meter430-{name}-{}.toml", std::process::id()));
    let text = format!(
        "[[step]]\nat_s = 0.0\nvoltage_v = 220.0\nfrequency_hz = 60.0\ncurrent_a = 10.0\npower_factor = \"0.5L\"\n{events}"
    );
    std::fs::File::create(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .expect("scenario file");
    let meter = Meter::new(&Options {
        scenario: Some(&path),
        ..Options::default()
    })
    .expect("meter");
    std::fs::remove_file(path).ok();
    meter
}

/// A step at 3 s and back to 220 V, 60 Hz, 10 A at 7 s.
fn step(change: &str) -> String {
    format!(
        "[[step]]\nat_s = 3.0\n{change}\n[[step]]\nat_s = 7.0\nvoltage_v = 220.0\nfrequency_hz = 60.0\ncurrent_a = 10.0\nvoltage_dc_v = 0.0\ncurrent_dc_a = 0.0\n"
    )
}

/// A fault of the converter from 3 s to 7 s.
fn fault(kind: &str) -> String {
    format!("[[fault]]\nat_s = 3.0\nduration_s = 4.0\n{kind}\n")
}

fn flags(snapshot: &Map<String, Value>) -> String {
    snapshot["flags"].to_string()
}

/// What a sound meter shows at the end must be what it showed before.
fn assert_recovered(name: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
    assert_eq!(flags(after), flags(before), "{name} leaves a remark");
    for quantity in ["vrms_v", "irms_a", "p_w", "q_var", "f_hz"] {
        let [before, after] = [before, after].map(|snapshot| number(snapshot, quantity).unwrap());
        assert!(
            (after / before - 1.0).abs() < 20e-6,
            "{name} leaves a trace: {quantity} {before} became {after}"
        );
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn bad_input_is_remarked_and_leaves_no_trace() {
    let cases: [(&str, String, &[&str]); 6] = [
        (
            "clipped-voltage",
            step("voltage_v = 480.0"),
            &["voltage_clipped"],
        ),
        (
            "clipped-current",
            step("current_a = 120.0"),
            &["line_clipped"],
        ),
        (
            "interruption",
            step("voltage_v = 0.0"),
            &["no_zero_crossings"],
        ),
        (
            "stuck-line",
            fault("kind = \"stuck-channel\"\nchannel = 1"),
            &["channel_stuck"],
        ),
        (
            "stuck-voltage",
            fault("kind = \"stuck-channel\"\nchannel = 0"),
            &["channel_stuck", "no_zero_crossings"],
        ),
        (
            "lost",
            fault("kind = \"corrupt-response\"\none_in = 50"),
            &["frames_lost"],
        ),
    ];
    for (name, events, remarks) in cases {
        let mut meter = meter(name, &events);
        meter.run(2.9).expect("runs");
        let before = meter.snapshot().expect("snapshot");
        // Reading takes some tenths of a second too.
        meter.run(3.0).expect("runs");
        let during = meter.snapshot().expect("snapshot");
        println!("{name}: {}", flags(&during));
        for remark in remarks {
            assert!(
                flags(&during).contains(remark),
                "{name}: {}",
                flags(&during)
            );
        }
        meter.run(5.0).expect("runs");
        let after = meter.snapshot().expect("snapshot");
        assert_recovered(name, &before, &after);
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn direct_current_on_either_channel_changes_nothing() {
    // One per cent of full scale.
    let mut meter = meter("direct", &step("voltage_dc_v = 6.0\ncurrent_dc_a = 1.5"));
    meter.run(2.9).expect("runs");
    let before = meter.snapshot().expect("snapshot");
    meter.run(3.0).expect("runs");
    let during = meter.snapshot().expect("snapshot");
    assert_recovered("direct current", &before, &during);
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_dead_converter_is_told_in_st3_and_counted() {
    for (name, events) in [
        ("dead", fault("kind = \"dead\"")),
        ("reset", fault("kind = \"reset\"").replace("4.0", "0.001")),
    ] {
        let mut meter = meter(name, &events);
        meter.run(2.9).expect("runs");
        let before = meter.snapshot().expect("snapshot");
        meter.run(2.0).expect("runs");
        // ED_STD_STATUS1, measurement error.
        let is_error = meter.read(3).expect("ST3")[1] & 0x80 != 0;
        assert_eq!(is_error, name == "dead", "{name}");
        meter.run(6.0).expect("runs");
        let restarts = meter.read(c12::diagnostics::TABLE).expect("MT2")[8];
        assert!(restarts > 0, "{name} is not counted");
        assert_eq!(meter.read(3).expect("ST3")[1] & 0x80, 0, "{name}");
        let after = meter.snapshot().expect("snapshot");
        assert_recovered(name, &before, &after);
    }
}
