//! `meterctl watch`: the meter live on a terminal, once a second.

use crate::decode::Record;
use crate::session::Session;
use crate::show::{self, Scale};
use crate::snapshot;
use crate::tables::Tables;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};

/// Top left, and everything below it cleared: no flicker, and nothing stays of a longer line.
const HOME: &str = "\x1b[H\x1b[J";
/// Most harmonics that are drawn, the largest of the current.
const BARS: usize = 6;
/// Width of the bar of the largest harmonic, characters.
const BAR_WIDTH: f64 = 30.0;
/// Harmonics below this share of the fundamental are not drawn, per cent.
const VISIBLE_PCT: f64 = 0.05;
/// Width of the left column, characters.
const COLUMN: usize = 40;

/// Prints `count` readings, or without end; a screen when `on_screen`, else one JSON object a line.
pub fn run(
    session: &mut Session,
    count: Option<u32>,
    on_screen: bool,
    out: &mut impl Write,
) -> Result<()> {
    let mut left = count;
    let mut meter = None;
    while left != Some(0) {
        let started = Instant::now();
        let fields = snapshot::read(session)?;
        if on_screen {
            let meter = match &mut meter {
                Some(meter) => meter,
                none => none.insert(Meter::of(session)?),
            };
            meter.refresh(session);
            write!(out, "{HOME}{}", screen(meter, &fields))?;
        } else {
            writeln!(out, "{}", serde_json::to_string(&fields)?)?;
        }
        out.flush()?;
        left = left.map(|left| left - 1);
        if left != Some(0) {
            std::thread::sleep(Duration::from_secs(1).saturating_sub(started.elapsed()));
        }
    }
    Ok(())
}

/// What stands around the snapshot. A meter may lack any of these tables; then their place stays empty.
#[derive(Debug, Default)]
struct Meter {
    announced: Vec<u16>,
    identity: Record,
    status: Record,
    clock: Record,
    harmonics: Record,
}

impl Meter {
    fn of(session: &mut Session) -> Result<Self> {
        let announced = Tables::new(session).announced()?;
        let identity = Tables::new(session).decoded(1).unwrap_or_default();
        Ok(Self {
            announced,
            identity,
            ..Self::default()
        })
    }

    /// Reads what changes.
    fn refresh(&mut self, session: &mut Session) {
        let mut tables = Tables::new(session);
        for (table, place) in [
            (3, &mut self.status),
            (52, &mut self.clock),
            (c12::power_quality::TABLE, &mut self.harmonics),
        ] {
            if self.announced.contains(&table) {
                *place = tables.decoded(table).unwrap_or_default();
            }
        }
    }
}

/// The whole screen.
fn screen(meter: &Meter, snapshot: &Record) -> String {
    let text = |record: &Record, name: &str| {
        let value = record.get(name).and_then(Value::as_str);
        value.unwrap_or_default().trim().to_owned()
    };
    let identity = ["MANUFACTURER", "ED_MODEL", "MFG_SERIAL_NUMBER"]
        .map(|name| text(&meter.identity, name))
        .join(" ");
    let mut screen = format!(
        "{:<COLUMN$}  {}\n",
        identity.trim(),
        text(&meter.clock, "CLOCK_CALENDAR").replace('T', " ")
    );
    let status = words(meter.status.get("ED_STD_STATUS1"));
    if !status.is_empty() {
        let _ = writeln!(screen, "status: {status}");
    }
    screen.push('\n');

    // Energies stand beside the quantities; the last line is about the window.
    let all = show::snapshot(snapshot, Scale::Sensible);
    let lines: Vec<&str> = all.lines().collect();
    let Some((window, values)) = lines.split_last() else {
        return screen;
    };
    let is_energy = |line: &&&str| line.ends_with('h');
    let energies: Vec<&str> = values.iter().filter(is_energy).copied().collect();
    let quantities: Vec<&str> = values.iter().filter(|l| !is_energy(l)).copied().collect();
    for row in 0..quantities.len().max(energies.len()) {
        let cell = |column: &[&str]| column.get(row).copied().unwrap_or_default().to_owned();
        let line = format!("{:<COLUMN$}  {}", cell(&quantities), cell(&energies));
        let _ = writeln!(screen, "{}", line.trim_end());
    }
    let _ = write!(screen, "\n{}", bars(&meter.harmonics));
    let _ = writeln!(screen, "{window}");
    screen
}

/// Flags in words.
fn words(flags: Option<&Value>) -> String {
    let names = flags
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let word = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        name.to_lowercase().replace('_', " ")
    };
    names.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// The largest harmonics of the current as bars, and those of the voltage as numbers; nothing when there are none.
fn bars(harmonics: &Record) -> String {
    let share = |quantity: &str, order: &str| {
        let share = harmonics.get(quantity).and_then(|shares| shares.get(order));
        share.and_then(Value::as_f64).unwrap_or(0.0)
    };
    let Some(orders) = harmonics.get("current").and_then(Value::as_object) else {
        return String::new();
    };
    let mut largest: Vec<(&str, f64)> = orders
        .keys()
        .map(|order| (order.as_str(), share("current", order)))
        .filter(|(_, share)| *share >= VISIBLE_PCT)
        .collect();
    largest.sort_by(|a, b| b.1.total_cmp(&a.1));
    largest.truncate(BARS);
    let Some((_, full)) = largest.first().copied() else {
        return String::new();
    };
    let mut text = String::from("harmonics           current   voltage\n");
    for (order, current) in largest {
        let _ = writeln!(
            text,
            "{order:<16} {current:>8.2} % {:>7.2} %  {}",
            share("voltage", order),
            bar(current / full * BAR_WIDTH)
        );
    }
    text.push('\n');
    text
}

/// A bar as long as so many characters, to an eighth of one.
fn bar(length: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (length * 8.0).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(value: Value) -> Record {
        value.as_object().expect("a record").clone()
    }

    #[test]
    fn a_screen_as_it_is_seen() {
        let meter = Meter {
            identity: record(json!({
                "MANUFACTURER": "M430", "ED_MODEL": "METER430", "MFG_SERIAL_NUMBER": "0123456789ABCDEF",
            })),
            status: record(json!({ "ED_STD_STATUS1": ["UNPROGRAMMED", "CLOCK_ERROR"] })),
            clock: record(json!({ "CLOCK_CALENDAR": "2026-11-20T17:05:59" })),
            harmonics: record(json!({
                "current": { "h2": 0.01, "h3": 20.0, "h5": 5.25 }, "voltage": { "h3": 1.5, "h5": 0.0 },
            })),
            ..Meter::default()
        };
        let snapshot = record(json!({
            "vrms_v": 220.012, "p_w": 2200.1, "f_hz": 60.0, "sequence": 7, "uptime_s": 8, "flags": ["settling"],
            "energy": { "import_wh": 1234.5, "export_wh": 0.0 },
        }));
        let expected = "\
M430 METER430 0123456789ABCDEF            2026-11-20 17:05:59
status: unprogrammed, clock error

voltage                 220.012 V         import                   1.2345 kWh
active power             2.2001 kW        export                   0.0000 Wh
frequency               60.0000 Hz

harmonics           current   voltage
h3                  20.00 %    1.50 %  ██████████████████████████████
h5                   5.25 %    0.00 %  ███████▉

window 7, up 8 s, flags: settling
";
        assert_eq!(screen(&meter, &snapshot), expected);
    }

    #[test]
    fn a_meter_with_nothing_but_the_snapshot() {
        let snapshot = record(json!({ "vrms_v": 1.0, "sequence": 1, "uptime_s": 2, "flags": [] }));
        let screen = screen(&Meter::default(), &snapshot);
        assert!(
            screen.contains("\nvoltage                   1.000 V\n"),
            "{screen}"
        );
        assert!(
            screen.ends_with("\nwindow 1, up 2 s, flags: none\n"),
            "{screen}"
        );
    }
}
