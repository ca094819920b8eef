//! `meterctl calibrate` as the factory's scripts see it: exit status, messages, certificate.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/single-phase-220v.toml");

fn meterctl(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meterctl"));
    command.args(arguments).stdin(Stdio::null());
    command.output().expect("meterctl runs")
}

/// Status and last line on standard error.
fn outcome(output: &Output) -> (i32, String) {
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().last().unwrap_or_default().to_owned();
    (output.status.code().expect("a status"), last)
}

/// An instrument that says its name, has no errors and is done with everything; for one client.
fn bench() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else {
            return;
        };
        let lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
        for line in lines.map_while(Result::ok) {
            let answer = match line.as_str() {
                "*IDN?" => "test,bench",
                "SYSTem:ERRor?" => "0,\"No error\"",
                "*OPC?" => "1",
                _ => continue,
            };
            if writeln!(stream, "{answer}").is_err() {
                return;
            }
        }
    });
    format!("tcp:{address}")
}

fn stem(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("meterctl-{name}-{}", std::process::id()))
}

#[test]
fn a_plan_that_is_none_is_wrong_usage() {
    let missing = [
        "--port",
        "tcp:127.0.0.1:1",
        "calibrate",
        "--plan",
        "/nowhere.toml",
    ];
    let (status, line) = outcome(&meterctl(&missing));
    assert_eq!(status, 2);
    assert!(line.contains("plan /nowhere.toml cannot be read"), "{line}");
    let path = stem("plan").with_extension("toml");
    std::fs::write(&path, "name = 1\n").expect("a file");
    let wrong = ["--port", "tcp:127.0.0.1:1", "calibrate", "--plan"];
    let (status, line) = outcome(&meterctl(&[&wrong[..], &[path.to_str().unwrap()]].concat()));
    std::fs::remove_file(path).ok();
    assert_eq!(status, 2);
    assert!(line.contains("line 1"), "{line}");
}

#[test]
fn a_bench_that_is_not_there_is_said() {
    let meter = support::on_tcp();
    let arguments = ["--port", &meter.port, "calibrate", "--plan", PLAN];
    let arguments = [&arguments[..], &["--bench", "tcp:127.0.0.1:1"]].concat();
    let (status, line) = outcome(&meterctl(&arguments));
    assert_eq!(status, 1);
    assert!(
        line.contains("cannot connect to the bench at tcp:127.0.0.1:1"),
        "{line}"
    );
}

#[test]
fn a_refusal_has_a_status_a_line_and_a_certificate() {
    let meter = support::on_tcp();
    let bench = bench();
    let stem = stem("certificate");
    let stem_text = stem.to_str().expect("UTF-8");
    let arguments = ["--port", &meter.port, "calibrate", "--plan", PLAN];
    let more = ["--bench", &bench, "--certificate", stem_text];
    let output = meterctl(&[&arguments[..], &more].concat());
    let (status, line) = outcome(&output);
    assert_eq!(status, 1);
    assert!(
        line.contains("the meter does not let itself be calibrated: Write MT1: meter answers iar")
            && line.ends_with("nothing was written"),
        "{line}"
    );
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("meter SERIAL-000000042"), "{table}");
    assert!(
        table.contains("REFUSED: the meter does not let itself"),
        "{table}"
    );
    let json = std::fs::read_to_string(stem.with_extension("json")).expect("the certificate");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["verdict"], "refused");
    assert_eq!(json["serial"], "SERIAL-000000042");
    assert_eq!(json["reference"], "test,bench");
    let page = std::fs::read_to_string(stem.with_extension("html")).expect("the page");
    assert!(page.contains("<b>refused</b>"), "{page}");
    for extension in ["json", "html"] {
        std::fs::remove_file(stem.with_extension(extension)).ok();
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn the_image_is_calibrated_by_the_programs_themselves() {
    // A port that is free now; the virtual meter takes it a moment later.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let bench = format!("tcp:{}", free.expect("a port"));
    let meter = support::virtual_meter::start(&["--jumper", "--bench", &bench]);
    let stem = stem("image");
    let plan = stem.with_extension("toml");
    // Short averages: what is tested is the way, not the accuracy.
    let text = std::fs::read_to_string(PLAN).expect("the shipped plan");
    let text = text
        .replace("average_s = 10", "average_s = 1")
        .replace("average_s = 20", "average_s = 1")
        .replace("average_s = 60", "average_s = 1")
        .replace("settle_s = 3", "settle_s = 2")
        .replace("limit_pct = 0.0", "limit_pct = 0.");
    std::fs::write(&plan, text).expect("a file");
    let calibrate = |password: &str| {
        let arguments = ["--port", &meter.port, "--password", password, "calibrate"];
        let more = ["--plan", plan.to_str().expect("UTF-8"), "--bench", &bench];
        let certificate = ["--certificate", stem.to_str().expect("UTF-8")];
        meterctl(&[&arguments[..], &more, &certificate].concat())
    };
    let (status, line) = outcome(&calibrate("not the factory's"));
    assert_eq!(status, 1);
    assert!(line.contains("Security: meter answers err"), "{line}");
    let output = calibrate("11111111111111111111");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(
        errors.contains(" 1 of 16 220 V, 60 Hz, no current: done"),
        "{errors}"
    );
    let json = std::fs::read_to_string(stem.with_extension("json")).expect("the certificate");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["verdict"], "calibrated");
    assert_eq!(json["reference"], "meter430,virtual bench,0,0.1.0");
    let read = meterctl(&["--port", &meter.port, "read", "MT1", "ST3", "--json"]);
    let tables: serde_json::Value = serde_json::from_slice(&read.stdout).expect("JSON");
    assert_eq!(tables["MT1"]["version"], 1);
    assert_eq!(
        tables["MT1"]["line"]["gain"],
        json["constants_after"]["line"]["gain"]
    );
    // Nobody has set its clock.
    assert_eq!(
        tables["ST3"]["ED_STD_STATUS1"],
        serde_json::json!(["CLOCK_ERROR"])
    );
    for extension in ["json", "html", "toml"] {
        std::fs::remove_file(stem.with_extension(extension)).ok();
    }
}
