//! A reader that nobody here wrote: Termineter logs on and reads tables.
//!
//! Termineter 1.0.6 ignores its own option for command files, so the commands come on standard input; a home folder of
//! its own keeps its settings and logs out of the user's.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What the reader of a meter's first installation looks at.
const TABLES: [u16; 6] = [0, 1, 3, 5, 23, 28];

/// Termineter, as installed by `cargo xtask setup`.
fn program() -> PathBuf {
    let name = std::env::var_os("METER430_TERMINETER");
    name.map(PathBuf::from)
        .expect("METER430_TERMINETER names the program; `cargo xtask test` sets it")
}

/// Runs Termineter on a meter's pty with these commands and returns everything it says.
fn termineter(port: &str, commands: &str) -> String {
    let name = format!(
        "termineter-{}-{}",
        std::process::id(),
        port.replace('/', "-")
    );
    let home = std::env::temp_dir().join(name);
    fs::create_dir_all(&home).expect("a home folder");
    let mut child = Command::new(program())
        .env("HOME", &home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("termineter starts");
    let script =
        format!("set USE_COLOR False\nset SERIAL_CONNECTION {port}\nconnect\n{commands}exit\n");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(script.as_bytes())
        .expect("commands");
    let output = child.wait_with_output().expect("termineter ends");
    fs::remove_dir_all(&home).expect("the home folder goes");
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Reads tables, each in a connection of its own with log-on, and takes their bytes from the hex dumps.
fn read_tables(port: &str, tables: &[u16]) -> BTreeMap<u16, Vec<u8>> {
    let mut commands = String::from("use read_table\n");
    for table in tables {
        commands += &format!("set TABLE_ID {table}\nrun\n");
    }
    let said = termineter(port, &commands);
    let mut bytes: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    let mut table = None;
    for line in said.lines() {
        if let Some((_, number)) = line.split_once("TABLE_ID => ") {
            table = number.trim().parse().ok();
        }
        // "0010    31 32 …    text": offset, sixteen bytes with a gap in the middle, characters.
        let dump = line
            .split_at_checked(8)
            .filter(|(offset, _)| u16::from_str_radix(offset.trim(), 16).is_ok());
        if let (Some(table), Some((_, digits))) = (table, dump) {
            let digits = digits.get(..49).unwrap_or(digits);
            let row = digits
                .split_whitespace()
                .map(|pair| u8::from_str_radix(pair, 16).expect("two digits"));
            bytes.entry(table).or_default().extend(row);
        }
    }
    assert_eq!(
        said.matches("[-]").count(),
        0,
        "Termineter complains:\n{said}"
    );
    assert_eq!(
        bytes.len(),
        tables.len(),
        "Termineter read not all of {tables:?}:\n{said}"
    );
    bytes
}

/// Termineter and `meterctl` see the same meter.
fn agrees_with_meterctl(port: &str) {
    let tables = read_tables(port, &TABLES);
    for (table, bytes) in tables {
        let output = Command::new(env!("CARGO_BIN_EXE_meterctl"))
            .args(["--port", port, "read", "--raw", &format!("ST{table}")])
            .output()
            .expect("meterctl runs");
        let line = String::from_utf8(output.stdout).expect("UTF-8");
        let ours = line.trim().split(' ').nth(1).expect("bytes");
        let theirs: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if table == 23 || table == 28 {
            // These move on between two readings.
            assert_eq!(ours.len(), theirs.len(), "ST{table}");
        } else {
            assert_eq!(ours, theirs, "ST{table}");
        }
    }
    let said = termineter(port, "use get_info\nrun\n");
    assert!(said.contains("Manufacturer...."), "get_info fails:\n{said}");
}

#[test]
#[ignore = "needs Termineter; run by cargo xtask test"]
fn the_meter_of_this_process() {
    let meter = support::on_pty();
    let tables = read_tables(&meter.port, &TABLES);
    assert_eq!(tables[&5], b"TEST METER          ");
    assert_eq!(tables[&23], [0xD2, 4, 0, 0, 7, 0, 0, 0]);
    agrees_with_meterctl(&meter.port);
}

#[test]
#[ignore = "needs Termineter and the image; run by cargo xtask test"]
fn the_image_in_the_virtual_meter() {
    let meter = support::virtual_meter::start(&["--load", "10"]);
    agrees_with_meterctl(&meter.port);
}
