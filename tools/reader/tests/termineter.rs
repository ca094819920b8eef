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
    every_module_does_its_work(&meter.port);
    guessing_passwords_is_held_off(&meter.port);
}

/// Holds what Termineter said against what it has to say.
#[track_caller]
fn expect(said: &str, wanted: &[&str]) {
    for words in wanted {
        assert!(said.contains(words), "{words:?} is missing in:\n{said}");
    }
    assert!(!said.contains("[-]"), "Termineter complains:\n{said}");
}

/// Every module that runs on Python 3 at all, but for the one below. (get_log_info, get_modem_info and
/// get_local_display_info want tables that this meter does not have; get_security_info wants to read passwords.)
fn every_module_does_its_work(port: &str) {
    let said = termineter(
        port,
        "use get_info\nrun\nuse get_identification\nrun\nuse read_table\nset TABLE_ID 52\nrun\n",
    );
    expect(
        &said,
        &[
            "Model..................................METER430",
            "Mode Flags.............................Metering",
            "ANSI C12.18",
        ],
    );

    // It asks for every number; after each one that is refused it rests for half a second.
    let said = termineter(port, "use enum_tables\nset LOWER 40\nset UPPER 46\nrun\n");
    expect(&said, &["Found 5 tables in range 40-46."]);
    let readable = meter430::tables::TABLES
        .ids()
        .filter(|id| *id <= 60 && ![7, 42].contains(id))
        // What has no bytes it does not write to its file.
        .filter(|id| ![14, 45].contains(id))
        .count();
    let dump = std::env::temp_dir().join(format!("termineter-{}.csv", std::process::id()));
    let file = dump.display();
    let said = termineter(
        port,
        &format!("use dump_tables\nset FILE {file}\nset UPPER 60\nrun\n"),
    );
    expect(&said, &[&format!("Successfully copied {readable} tables")]);
    let rows = fs::read_to_string(&dump).expect("the dump");
    assert!(
        rows.lines()
            .any(|row| row.starts_with("23,") && row.contains(",38,"))
    );
    fs::remove_file(&dump).expect("the dump goes");

    // Its own password, ten bytes of zero, is padded to the operator's.
    let said = termineter(
        port,
        "use run_procedure\nset PROC_NUMBER 7\nset USE_HEX False\nrun\n\
         set PROC_NUMBER 10\nset USE_HEX True\nset PARAMS 071a0b1417000035\nrun\n\
         use set_meter_mode\nset MODE METERING\nrun\nuse remote_reset\nset DEMAND True\nrun\n",
    );
    expect(
        &said,
        &[
            "Finished running procedure #7",
            "Finished running procedure #10",
            "Received response from procedure: Procedure completed",
            "0b 14 17 00 00 35",
            "[+] Procedure completed",
            "Successfully Reset The Meter",
        ],
    );

    // The utility's password: twenty times '2'.
    let password = "32".repeat(20);
    let said = termineter(
        port,
        &format!(
            "set PASSWORD {password}\nuse set_meter_id\nset METER_ID TERMINETER\nrun\n\
             use write_table\nset TABLE_ID 5\nset OFFSET 2\nset DATA 5a5a\nrun\n"
        ),
    );
    expect(
        &said,
        &[
            "Successfully updated the Meter's ID to: TERMINETER",
            "Table Write Verification Passed",
        ],
    );
    assert_eq!(read_tables(port, &[5])[&5], b"TEZZINETER          ");
}

/// A dictionary in which the right password stands right behind a wrong one: while the meter makes everybody wait, it looks
/// at none.
fn guessing_passwords_is_held_off(port: &str) {
    let words = std::env::temp_dir().join(format!("termineter-{}.txt", std::process::id()));
    let right = "31".repeat(20);
    fs::write(&words, format!("{}\n{right}\n{right}\n", "ab".repeat(20))).expect("a dictionary");
    let said = termineter(
        port,
        &format!(
            "use brute_force_login\nset DICTIONARY {}\nrun\n",
            words.display()
        ),
    );
    fs::remove_file(&words).expect("the dictionary goes");
    assert!(said.contains("Attempting brute force"), "{said}");
    assert!(!said.contains("Successfully logged in"), "{said}");
}
