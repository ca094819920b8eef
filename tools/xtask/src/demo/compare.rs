//! Readings beside true values, as text.

use std::fmt::Write as _;

use reader::decode::Record;
use serde_json::Value;
use virtual_meter::time::Time;
use virtual_meter::truth::Quantities;

/// What the main readings may be off, percent; the meter promises it for the recordings.
pub const LIMIT_PCT: f64 = 0.1;

/// A twentieth of the basic current of 10 A. Below it the promise is the same absolute error: the current of a small lamp is
/// half harmonics, some of them beyond what a converter at 8 kHz can see.
const LEAST_A: f64 = 0.5;

/// What was read while one appliance ran, and what was true.
pub struct Reading {
    /// The appliance.
    pub appliance: &'static str,
    /// The meter's snapshot.
    pub meter: Record,
    /// The mains during the last complete window and a little more.
    pub truth: Quantities,
    /// Simulated time when it was read.
    pub read_at: Time,
}

impl Reading {
    /// A quantity of the snapshot; none where the meter has no value.
    fn value(&self, name: &str) -> Option<f64> {
        self.meter.get(name).and_then(Value::as_f64)
    }

    /// A register of the snapshot.
    fn energy(&self, name: &str) -> Option<f64> {
        self.meter.get("energy")?.get(name)?.as_f64()
    }

    /// The largest error of volts, amperes and watts in percent of the true value or of that at [`LEAST_A`]; infinite when one
    /// of them was not measured.
    pub fn worst_error_pct(&self) -> f64 {
        let truth = &self.truth;
        let main = [
            ("vrms_v", truth.vrms_v, 0.0),
            ("irms_a", truth.irms_a, LEAST_A),
            ("p_w", truth.p_w, LEAST_A * truth.vrms_v),
        ];
        let errors = main.iter().map(|(name, truth, least)| {
            let off = self
                .value(name)
                .map_or(f64::INFINITY, |value| value - truth);
            100.0 * off.abs() / truth.abs().max(*least)
        });
        errors.fold(0.0, f64::max)
    }
}

/// Deviation from the true value, percent.
pub fn error_pct(value: f64, truth: f64) -> f64 {
    100.0 * (value - truth) / truth
}

/// Volts, amperes and watts of each appliance with their errors.
pub fn main_quantities(readings: &[Reading]) -> String {
    let mut text = format!(
        "{:<20}{:>10}{:>10}{:>9}{:>10}{:>10}{:>9}{:>11}{:>11}{:>9}\n",
        "", "V meter", "true", "error", "A meter", "true", "error", "W meter", "true", "error"
    );
    for reading in readings {
        let truth = &reading.truth;
        let _ = write!(text, "{:<20}", reading.appliance);
        for (name, truth, width, digits) in [
            ("vrms_v", truth.vrms_v, 10, 3),
            ("irms_a", truth.irms_a, 10, 4),
            ("p_w", truth.p_w, 11, 3),
        ] {
            let _ = match reading.value(name) {
                Some(value) => write!(
                    text,
                    "{value:>width$.digits$}{truth:>width$.digits$}{:>8.3}%",
                    error_pct(value, truth)
                ),
                None => write!(text, "{:>width$}{truth:>width$.digits$}{:>9}", "-", ""),
            };
        }
        text.push('\n');
    }
    text
}

/// A column: its title, the snapshot's name, and the true value.
type Column = (&'static str, &'static str, fn(&Quantities) -> f64);

/// Reactive power, power factor, frequency and distortion of each appliance.
pub fn other_quantities(readings: &[Reading]) -> String {
    let columns: [Column; 4] = [
        ("var", "q_var", |truth| truth.q_var),
        ("power factor", "pf", |truth| truth.pf),
        ("Hz", "f_hz", |truth| truth.f_hz),
        ("THD current %", "thd_i_pct", |truth| truth.thd_i_pct),
    ];
    let mut text = format!("{:<20}", "");
    for (title, ..) in &columns {
        let _ = write!(text, "{:>14}{:>10}", title, "true");
    }
    for reading in readings {
        let _ = write!(text, "\n{:<20}", reading.appliance);
        for (_, name, truth) in &columns {
            let truth = truth(&reading.truth);
            let _ = match reading.value(name) {
                Some(value) => write!(text, "{value:>14.4}{truth:>10.4}"),
                None => write!(text, "{:>14}{truth:>10.4}", "-"),
            };
        }
    }
    text.push('\n');
    text
}

/// What the energy registers gained from the first reading to the last, beside the true energies of that time.
///
/// Active energy does not care how time is cut. Reactive and apparent energy do: the window in which one appliance follows another
/// counts with its mean values, and the true figures know no windows.
pub fn energies(first: &Reading, last: &Reading, truth: &Quantities) -> String {
    let energy = &truth.energy;
    let rows = [
        ("import", "import_wh", "Wh", energy.import_wh),
        ("export", "export_wh", "Wh", energy.export_wh),
        ("reactive, quadrant 1", "q1_varh", "varh", energy.q1_varh),
        ("reactive, quadrant 4", "q4_varh", "varh", energy.q4_varh),
        ("apparent", "apparent_vah", "VAh", energy.apparent_vah),
    ];
    let mut text = format!("{:<22}{:>14}{:>14}\n", "energy", "meter", "true");
    for (title, name, unit, truth) in rows {
        let gained = last.energy(name).zip(first.energy(name));
        let value = gained.map(|(last, first)| last - first);
        let _ = match value {
            Some(value) if name == "import_wh" => writeln!(
                text,
                "{title:<22}{value:>14.5}{truth:>14.5} {unit:<5}{:>8.3}%",
                error_pct(value, truth)
            ),
            Some(value) => writeln!(text, "{title:<22}{value:>14.5}{truth:>14.5} {unit}"),
            None => writeln!(text, "{title:<22}{:>14}{truth:>14.5} {unit}", "-"),
        };
    }
    text
}
