//! `meterctl` as a program against a meter in this process: what it prints, its exit status, its errors.

mod support;

use serde_json::{Value, json};
use std::process::{Command, Output};

fn meterctl(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meterctl"))
        .args(arguments)
        .output()
        .expect("meterctl runs")
}

/// What the program prints when it succeeds.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = meterctl(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert_eq!(errors, "");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[track_caller]
fn json_of(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(arguments)).expect("JSON")
}

/// Status and the one line on standard error of a failing call.
#[track_caller]
fn fails(arguments: &[&str]) -> (i32, String) {
    let output = meterctl(arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(errors.lines().count(), 1, "one line: {errors}");
    (output.status.code().expect("a status"), errors)
}

fn snapshot_of(port: &str) {
    let snapshot = json_of(&["--port", port, "snapshot", "--json"]);
    let expected = json!({
        "sequence": 17, "uptime_s": 18, "flags": ["uncalibrated"],
        "vrms_v": 220.012, "irms_a": 10.00025, "neutral_a": null, "p_w": -2200.175, "q_var": null, "s_va": null,
        "pf": null, "f_hz": 60.000123, "thd_v_pct": null, "thd_i_pct": null, "temperature_c": null,
        "p_fine_w": null, "q_fine_var": null, "p1_w": null, "dpf": null, "v_peak_v": null, "i_peak_a": null, "v_crest": null, "i_crest": null,
        "energy": {
            "import_wh": 1234.5, "export_wh": 7.25, "q1_varh": null, "q2_varh": null, "q3_varh": null,
            "q4_varh": null, "apparent_vah": null,
        },
    });
    assert_eq!(snapshot, expected);
}

#[test]
fn snapshot_over_a_pty_and_over_tcp() {
    let meter = support::on_pty();
    snapshot_of(&meter.port);
    // A second reader on the same line.
    snapshot_of(&meter.port);
    snapshot_of(&support::on_tcp().port);
}

#[test]
fn registers_are_explained_through_sources_units_and_constants() {
    let meter = support::on_tcp();
    let tables = json_of(&["--port", &meter.port, "read", "ST23", "ST28", "--json"]);
    assert_eq!(
        tables["ST23"],
        json!({
            "TOT_DATA_BLOCK": { "SUMMATIONS": [1234, 7], "DEMANDS": [], "COINCIDENTS": [] },
            "TIER_DATA_BLOCK": [],
            "registers": [
                { "source": 0, "quantity": "active import", "value": 1234.0, "unit": "Wh" },
                { "source": 1, "quantity": "active export", "value": 7.0, "unit": "Wh" },
            ],
        })
    );
    assert_eq!(
        tables["ST28"]["registers"],
        json!([
            { "source": 3, "quantity": "voltage A-N", "value": 220.012, "unit": "V" },
            { "source": 4, "quantity": "current A-N", "value": 10.00025, "unit": "A" },
            { "source": 5, "quantity": "active net A-N", "value": -2200.175, "unit": "W" },
            { "source": 6, "quantity": "frequency", "value": 60.000123, "unit": "Hz" },
        ])
    );
}

#[test]
fn every_announced_table_when_none_is_named() {
    let meter = support::on_tcp();
    let tables = json_of(&["--port", &meter.port, "read", "--json"]);
    let names: Vec<&String> = tables.as_object().expect("an object").keys().collect();
    let expected = [
        "ST0", "ST1", "ST3", "ST5", "ST7", "ST8", "ST11", "ST12", "ST15", "ST16", "ST20", "ST21",
        "ST22", "ST23", "ST27", "ST28", "ST61", "ST62", "ST63", "ST64", "ST71", "ST76", "MT0",
        "MT7", "MT9",
    ];
    assert_eq!(names, expected);
    assert_eq!(tables["ST0"]["STD_TBLS_WRITE"], json!([5, 7]));
    assert_eq!(
        tables["ST0"]["FORMAT_CONTROL_3"],
        json!({ "NI_FORMAT1": 8, "NI_FORMAT2": 8 })
    );
    assert_eq!(tables["ST1"]["ED_MODEL"], json!("FR2355"));
    assert_eq!(
        tables["ST1"]["MFG_SERIAL_NUMBER"],
        json!("SERIAL-000000042")
    );
    assert_eq!(
        tables["ST3"]["ED_STD_STATUS1"],
        json!(["UNPROGRAMMED", "TAMPER_DETECT"])
    );
    assert_eq!(tables["ST3"]["ED_MFG_STATUS"], json!([1]));
    assert_eq!(tables["ST5"]["IDENTIFICATION"], json!("TEST METER"));
    assert_eq!(tables["ST12"]["UOM_ENTRY"][2]["ID_CODE"], json!(8));
    assert_eq!(
        tables["ST15"]["ELECTRIC_CONSTANTS"],
        json!([{ "MULTIPLIER": 2, "OFFSET": 0 }])
    );
    assert_eq!(tables["MT0"]["vrms_v"], json!(220.012));
    assert_eq!(tables["MT7"], json!({ "BYTES": "dead" }));
    // Too large for one response: read in pieces.
    let bytes = tables["MT9"]["BYTES"].as_str().expect("text");
    let expected: String = (0..32_000)
        .map(|at| format!("{:02x}", support::meter::pattern(at)))
        .collect();
    assert!(*bytes == expected);
}

#[test]
fn text_for_people() {
    let meter = support::on_tcp();
    let text = printed(&["--port", &meter.port, "read", "ST3", "ST28"]);
    assert!(
        text.contains("ST3 ED_MODE_STATUS (5 bytes)\n  ED_MODE         METERING\n"),
        "{text}"
    );
    assert!(
        text.contains("registers[0]  voltage A-N            220.012 V\n"),
        "{text}"
    );
    let raw = printed(&["--port", &meter.port, "read", "--raw", "ST3"]);
    assert_eq!(raw, "ST3 0101100002\n");
    let lines = printed(&["--port", &meter.port, "watch", "--count", "2"]);
    assert_eq!(lines.lines().count(), 2);
    let present = printed(&["--port", &meter.port, "snapshot"]);
    assert!(
        present.starts_with("voltage                 220.012 V\n"),
        "{present}"
    );
}

#[test]
fn writes_and_procedures() {
    let meter = support::on_tcp();
    let done = |arguments: &[&str]| printed(&[&["--port", &meter.port][..], arguments].concat());
    let identification = || done(&["read", "ST5", "--raw"]);
    assert_eq!(done(&["write", "ST5", "--text", "KITCHEN"]), "");
    assert_eq!(
        identification(),
        format!("ST5 {}{}\n", "4b49544348454e", "20".repeat(13))
    );
    assert_eq!(
        done(&["write", "ST5", "--offset", "1", "--hex", "6f 6f"]),
        ""
    );
    assert_eq!(
        identification(),
        format!("ST5 {}{}\n", "4b6f6f4348454e", "20".repeat(13))
    );
    assert_eq!(done(&["procedure", "remote-reset", "--hex", "01"]), "");
    assert_eq!(done(&["procedure", "MP3", "--hex", "0102ff"]), "0102ff\n");

    let failing = |arguments: &[&str]| fails(&[&["--port", &meter.port][..], arguments].concat());
    let (status, line) = failing(&["procedure", "SP9", "--hex", "02"]);
    assert_eq!(
        (status, line.as_str()),
        (
            1,
            "meterctl: the meter did not run the procedure: invalid parameter\n"
        )
    );
    assert!(
        failing(&["procedure", "clear-data"])
            .1
            .contains("no such procedure")
    );
    assert!(
        failing(&[
            "write",
            "ST5",
            "--text",
            "a name of more than twenty characters"
        ])
        .1
        .contains("20 bytes")
    );
    assert!(
        failing(&["write", "ST1", "--hex", "00"])
            .1
            .contains("Write ST1: meter answers iar")
    );
    assert_eq!(failing(&["write", "ST5", "--hex", "0"]).0, 2);
    assert_eq!(
        meterctl(&["--port", &meter.port, "write", "ST5"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn load_profile_and_log() {
    let meter = support::on_tcp();
    let csv = printed(&["--port", &meter.port, "profile", "--csv"]);
    let expected = "end_time,active_import_wh,status\n\
        2026-11-20T00:15:00,10,\n\
        2026-11-20T00:30:00,20,\n\
        2026-11-20T00:45:00,30,not valid\n\
        2026-11-20T01:00:00,40,\n\
        2026-11-20T01:15:00,50,\n";
    assert_eq!(csv, expected);
    let log = printed(&["--port", &meter.port, "log"]);
    let expected = "2026-11-20T10:46:59      8  user 1      power down\n\
        2026-11-20T10:47:00      9  user 1      power up\n";
    assert_eq!(log, expected);
    let log = json_of(&["--port", &meter.port, "log", "--json"]);
    assert_eq!(
        log[1],
        json!({ "time": "2026-11-20T10:47:00", "number": 9, "user_id": 1, "event": "power up" })
    );
    // The meter has no history log.
    assert!(
        fails(&["--port", &meter.port, "log", "--history"])
            .1
            .contains("Read ST74: meter answers iar")
    );
}

#[test]
fn setting_the_clock() {
    let meter = support::on_tcp();
    let done = printed(&[
        "--port",
        &meter.port,
        "set-clock",
        "--utc",
        "--time",
        "2026-11-20T10:46:59",
    ]);
    assert_eq!(
        done,
        "before 2026-01-02T03:04:05\nafter  2026-11-20T10:46:59\n"
    );
    // This computer's time: what year it is shows.
    let done = printed(&["--port", &meter.port, "set-clock"]);
    assert!(done.contains("\nafter  20"), "{done}");
    assert_eq!(
        fails(&["--port", &meter.port, "set-clock", "--time", "noon"]).0,
        2
    );
}

#[test]
fn passwords() {
    let meter = support::on_tcp();
    printed(&["--port", &meter.port, "--password", "secret", "snapshot"]);
    let hex = format!("hex:{}{}", "736563726574", "00".repeat(14));
    printed(&["--port", &meter.port, "--password", &hex, "snapshot"]);
    let (status, line) = fails(&["--port", &meter.port, "--password", "wrong", "snapshot"]);
    assert_eq!(status, 1);
    assert!(line.contains("Security: meter answers err"), "{line}");
}

#[test]
fn refusals_and_dead_lines_end_with_status_1() {
    let meter = support::on_tcp();
    let (status, line) = fails(&["--port", &meter.port, "read", "ST99"]);
    assert_eq!(
        (status, line.as_str()),
        (
            1,
            "meterctl: Read ST99: meter answers iar: no such table, or it cannot be written\n"
        )
    );
    let (status, line) = fails(&["--port", "/dev/there-is-none", "snapshot"]);
    assert_eq!(status, 1);
    assert!(line.contains("cannot open /dev/there-is-none"), "{line}");
    // A port on which nobody listens: bound, and closed again.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let (status, line) = fails(&["--port", &format!("tcp:{closed}"), "snapshot"]);
    assert_eq!(status, 1);
    assert!(line.contains("cannot connect"), "{line}");
}

#[test]
fn wrong_usage_ends_with_status_2() {
    assert_eq!(fails(&["--port", "tcp:x:1", "read", "XT1"]).0, 2);
    assert_eq!(fails(&["snapshot"]).0, 2);
    assert_eq!(
        fails(&["--port", "tcp:x:1", "--bit-rate", "1234", "snapshot"]).0,
        2
    );
    assert_eq!(
        fails(&["--port", "tcp:x:1", "--user", "much too long", "snapshot"]).0,
        2
    );
    assert_eq!(meterctl(&["--nonsense"]).status.code(), Some(2));
}
