//! The tables that a person reads: errors of the curves, statistics, waveforms.

use std::fmt::Write;

use super::errors::{Found, Row};
use super::grid::{CURRENTS_A, POWER_FACTORS, Part};
use super::limits;

/// Errors of the active power against current, one column a power factor; `!` marks what is over the limit of IEC
/// 62053-22 class 0.1 S.
pub fn curves(found: &[Found]) -> String {
    let mut text = String::from("error of active power, %: mean ± 2σ of 10 s\n");
    let _ = write!(text, "{:>9}", "current");
    for (name, _) in POWER_FACTORS {
        let _ = write!(text, "{:>22}", format!("PF {name}"));
    }
    text.push('\n');
    for current_a in CURRENTS_A {
        let _ = write!(text, "{:>9}", amperes(current_a));
        for (_, lag_deg) in POWER_FACTORS {
            let one = found.iter().find(|one| {
                one.part == Part::Current && one.current_a == current_a && one.lag_deg == lag_deg
            });
            let cell = one.map_or("-".to_owned(), |one| {
                format!(
                    "{:+.4} ± {:.4}{}",
                    one.p_error_pct,
                    one.p_scatter_10s_pct,
                    if limits::is_over(one) { "!" } else { " " }
                )
            });
            let _ = write!(text, "{cell:>22}");
        }
        text.push('\n');
    }
    text
}

/// A current with its unit.
pub fn amperes(current_a: f64) -> String {
    if current_a < 0.1 {
        format!("{:.0} mA", current_a * 1e3)
    } else {
        format!("{current_a} A")
    }
}

/// Mean, rms and peak of every quantity over every range.
pub fn statistics(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut range = "";
    for row in rows {
        if row.range != range {
            range = row.range;
            let _ = writeln!(
                text,
                "\n{:<42}{:>12}{:>12}{:>12}{:>8}",
                range, "mean", "rms", "peak", "points"
            );
        }
        let spread = &row.spread;
        let digits = if row.quantity.ends_with('%') {
            5
        } else if row.quantity.ends_with("mHz") {
            4
        } else {
            1
        };
        let _ = writeln!(
            text,
            "  {:<40}{:>+12.digits$}{:>12.digits$}{:>+12.digits$}{:>8}",
            row.quantity, spread.mean, spread.rms, spread.peak, spread.points
        );
    }
    text
}

/// The sample rate that everything was measured at.
pub fn rate() -> String {
    format!("sample rate: {RATE}\n")
}

/// The seven waveforms.
pub fn waveforms(found: &[Found]) -> String {
    let mut text = format!(
        "{:<24}{:>12}{:>12}{:>12}{:>12}{:>12}\n",
        "waveform, 10 A", "P, ppm", "Q1, ppm", "S, ppm", "Vrms, ppm", "Irms, ppm"
    );
    for one in found.iter().filter(|one| one.part == Part::Waveform) {
        let _ = writeln!(
            text,
            "{:<24}{:>+12.1}{:>+12.1}{:>+12.1}{:>+12.1}{:>+12.1}",
            one.wave,
            one.p_error_pct * 1e4,
            one.q1_error_ppm_of_s,
            one.s_error_ppm,
            one.vrms_error_ppm,
            one.irms_error_ppm
        );
    }
    text
}

/// Export, the other quadrants, and loads that change.
pub fn flows(found: &[Found]) -> String {
    let mut text = format!(
        "{:<36}{:>12}{:>12}{:>12}\n",
        "export, quadrants, changing loads", "P, %", "energy, %", "Q1, ppm"
    );
    let flows = |one: &&Found| matches!(one.part, Part::Quadrant | Part::Dynamic);
    for one in found.iter().filter(flows) {
        let (what, q1) = if one.part == Part::Quadrant {
            let q1 = format!("{:+.1}", one.q1_error_ppm_of_s);
            (amperes(one.current_a), q1)
        } else {
            (one.wave.to_owned(), "-".to_owned())
        };
        let energy = one.energy_error_pct;
        let _ = writeln!(
            text,
            "{:<36}{:>+12.5}{:>12}{q1:>12}",
            format!("{what} at {:.0}°", one.lag_deg),
            one.p_error_pct,
            energy.map_or("-".to_owned(), |percent| format!("{percent:+.5}")),
        );
    }
    text
}

/// What the image does not do and therefore the grid does not show.
const RATE: &str =
    "8 kSPS, which is compiled into the image; 4 kSPS is tested on the host, in `metrology`.";

/// The README's section: the picture and the figures that sum the grid up.
pub fn readme(found: &[Found], rows: &[Row], picture: &str) -> String {
    let mut text = format!("![error of active power against current]({picture})\n\n| rms, peak |");
    let mut ranges: Vec<&str> = Vec::new();
    let mut quantities: Vec<&str> = Vec::new();
    for row in rows {
        if !ranges.contains(&row.range) {
            ranges.push(row.range);
            let _ = write!(text, " {} |", row.range);
        }
        if !quantities.contains(&row.quantity) {
            quantities.push(row.quantity);
        }
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(ranges.len()));
    for quantity in quantities {
        let _ = write!(text, "| {quantity} |");
        for range in &ranges {
            let cell = |row: &&Row| row.quantity == quantity && row.range == *range;
            let Some(row) = rows.iter().find(cell) else {
                text += " – |";
                continue;
            };
            let spread = &row.spread;
            // Three figures at most, and no digits that another run would have otherwise.
            let digits = match spread.peak.abs() {
                size if size >= 100.0 => 0,
                size if size >= 10.0 => 1,
                _ if quantity.contains("ppm") => 1,
                _ => 4,
            };
            let _ = write!(
                text,
                " {:.digits$}, {:+.digits$} |",
                spread.rms, spread.peak
            );
        }
        text.push('\n');
    }
    let repeat = found
        .iter()
        .filter(|one| one.part == Part::Frequency)
        .map(|one| one.p_repeat_ppm)
        .fold(0.0, f64::max);
    let _ = writeln!(
        text,
        "\nPower of single windows at 10 A, 45 to 66 Hz: standard deviation at most {repeat:.1} ppm.\n{RATE}"
    );
    text
}
