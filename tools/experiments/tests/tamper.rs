//! Line and neutral current differ: told in ST3, the log and the snapshot, and metered by the larger of the two.

use c12::event::code;
use c12::snapshot::{TABLE, flag, offset};
use experiments::meter::{Meter, number};
use meter430::service::STATUS_TAMPER;
use virtual_meter::scene::Options;

/// In balance, then a fifth of the line's current goes past it, then balance again, then a return through earth.
const SCENARIO: &str = "
[[step]]
at_s = 0.0
voltage_v = 220.0
current_a = 10.0
power_factor = \"0.8L\"
neutral_a = 10.0
[[step]]
at_s = 8.0
neutral_a = 12.0
[[step]]
at_s = 24.0
neutral_a = 10.0
[[step]]
at_s = 34.0
neutral_a = 8.0
";

/// What a reader finds: powers and flags of MT0, the status in ST3, and how many tampers the log has.
struct Found {
    watts: f64,
    vars: f64,
    va: f64,
    flags: u32,
    status: u16,
    logged: usize,
}

fn look(meter: &mut Meter) -> Found {
    let snapshot = meter.snapshot().expect("reads");
    let value = |name: &str| number(&snapshot, name).expect("number");
    let (watts, vars, va) = (value("p_w"), value("q_var"), value("s_va"));
    let table = meter.read(TABLE).expect("MT0");
    let flags = table[offset::FLAGS..][..4].try_into().expect("four bytes");
    let status = meter.read(3).expect("ST3");
    // Behind the list's state entries of sixteen bytes, the code in their sixth word.
    let log = meter.read(76).expect("ST76");
    let codes = log[11..].chunks(16).map(|entry| [entry[10], entry[11]]);
    Found {
        watts,
        vars,
        va,
        flags: u32::from_le_bytes(flags),
        status: u16::from_le_bytes([status[1], status[2]]),
        logged: codes
            .filter(|found| u16::from_le_bytes(*found) == code::TAMPER)
            .count(),
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_bypass_is_told_and_metered_by_the_neutral() {
    let path = std::env::temp_dir().join(format!("meter430-tamper-{}.toml", std::process::id()));
    std::fs::write(&path, SCENARIO).expect("scenario file");
    let mut meter = Meter::new(&Options {
        scenario: Some(&path),
        board: Some("ideal"),
        ..Options::default()
    })
    .expect("meter");
    std::fs::remove_file(path).ok();
    let both = flag::IMBALANCE | flag::NEUTRAL_METERED;
    // When, amperes that are metered, flags, tampers known by then.
    let looks = [
        (7.0, 10.0, 0, 0),
        (22.0, 12.0, both, 1),
        (32.0, 10.0, 0, 1),
        (44.0, 10.0, flag::IMBALANCE, 1),
    ];
    let mut energy = Vec::new();
    for (at_s, amperes, flags, known) in looks {
        meter.run(at_s - meter.now() as f64 * 1e-12).expect("runs");
        let found = look(&mut meter);
        for (shown, truth) in [(found.watts, 0.8), (found.vars, 0.6), (found.va, 1.0)] {
            let error = shown / (220.0 * amperes * truth) - 1.0;
            assert!(error.abs() < 50e-6, "{shown} at {at_s} s");
        }
        assert_eq!(found.flags & both, flags, "at {at_s} s");
        assert_eq!(found.status & STATUS_TAMPER != 0, known != 0);
        // It is told once, until somebody clears the status.
        assert_eq!(found.logged, known, "at {at_s} s");
        let snapshot = meter.snapshot().expect("reads");
        energy.push((meter.now(), number(&snapshot, "import_wh").expect("number")));
    }
    // In the registers too, but for the seconds until it is found: three windows, the one that runs, and the one before.
    let joules = 3600.0 * (energy[1].1 - energy[0].1);
    let seconds = (energy[1].0 - energy[0].0) as f64 * 1e-12;
    let line_joules = 220.0 * 10.0 * 0.8 * seconds;
    let stolen_j = 220.0 * 2.0 * 0.8 * (energy[1].0 as f64 * 1e-12 - 8.0);
    let found_share = (joules - line_joules) / stolen_j;
    println!(
        "of what went past the line in {:.0} s, {:.0} % are metered",
        seconds,
        100.0 * found_share
    );
    assert!((0.5..1.0).contains(&found_share), "{found_share}");
}
