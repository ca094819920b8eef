//! Decoded tables as text for people.

use serde_json::{Map, Value};
use std::fmt::Write;

/// Fields one per line, nested ones indented, lists of plain values on one line.
pub fn record(fields: &Map<String, Value>, indent: usize) -> String {
    let mut text = String::new();
    let width = fields
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in fields {
        line(&mut text, &format!("{name:<width$}"), value, indent);
    }
    text
}

fn line(text: &mut String, label: &str, value: &Value, indent: usize) {
    let pad = " ".repeat(indent);
    let plain = plain(value);
    match (value, plain) {
        (_, Some(plain)) => {
            let _ = writeln!(text, "{pad}{label}  {plain}");
        }
        (Value::Object(fields), None) => {
            let _ = writeln!(text, "{pad}{}", label.trim_end());
            text.push_str(&record(fields, indent + 2));
        }
        (Value::Array(values), None) => {
            for (index, value) in values.iter().enumerate() {
                line(
                    text,
                    &format!("{}[{index}]", label.trim_end()),
                    value,
                    indent,
                );
            }
        }
        _ => {}
    }
}

/// A value that fits a line: anything but records and lists of them. Registers read as "active import 1.5 Wh".
fn plain(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "not available".into(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        // Words with spaces in them stand one per line.
        Value::Array(values)
            if values
                .iter()
                .all(|value| !value.is_object() && !value.is_array() && !is_phrase(value)) =>
        {
            if values.is_empty() {
                return Some("none".into());
            }
            values
                .iter()
                .map(plain)
                .collect::<Option<Vec<_>>>()?
                .join(" ")
        }
        Value::Object(fields) if fields.contains_key("quantity") => {
            let part = |name: &str| fields.get(name).and_then(plain).unwrap_or_default();
            let text = format!(
                "{:<22} {} {}",
                part("quantity"),
                part("value"),
                part("unit")
            );
            text.trim_end().to_owned()
        }
        // Bit fields: short enough for one line.
        Value::Object(fields) if fields.values().all(Value::is_number) && fields.len() <= 12 => {
            fields
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        }
        _ => return None,
    })
}

fn is_phrase(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains(' '))
}

/// How the snapshot writes its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scale {
    /// In the base unit: to be compared and copied.
    Base,
    /// In milli, kilo, mega: to be glanced at.
    Sensible,
}

/// Name, label, digits in the base unit, unit.
const SNAPSHOT: [(&str, &str, usize, &str); 23] = [
    ("vrms_v", "voltage", 3, "V"),
    ("irms_a", "current", 4, "A"),
    ("neutral_a", "neutral current", 4, "A"),
    ("p_w", "active power", 2, "W"),
    ("q_var", "reactive power", 2, "var"),
    ("s_va", "apparent power", 2, "VA"),
    ("pf", "power factor", 4, ""),
    ("dpf", "displacement PF", 4, ""),
    ("f_hz", "frequency", 4, "Hz"),
    ("v_peak_v", "voltage peak", 2, "V"),
    ("v_crest", "voltage crest", 3, ""),
    ("i_peak_a", "current peak", 3, "A"),
    ("i_crest", "current crest", 3, ""),
    ("thd_v_pct", "voltage THD", 2, "%"),
    ("thd_i_pct", "current THD", 2, "%"),
    ("temperature_c", "temperature", 1, "°C"),
    ("import_wh", "import", 4, "Wh"),
    ("export_wh", "export", 4, "Wh"),
    ("q1_varh", "reactive Q1", 4, "varh"),
    ("q2_varh", "reactive Q2", 4, "varh"),
    ("q3_varh", "reactive Q3", 4, "varh"),
    ("q4_varh", "reactive Q4", 4, "varh"),
    ("apparent_vah", "apparent energy", 4, "VAh"),
];

/// The snapshot as a few aligned lines with units; what is not available has no line.
pub fn snapshot(fields: &Map<String, Value>, scale: Scale) -> String {
    let energy = fields.get("energy");
    let mut text = String::new();
    for (name, label, digits, unit) in SNAPSHOT {
        let value = fields
            .get(name)
            .or_else(|| energy.and_then(|energy| energy.get(name)));
        let Some(value) = value.and_then(Value::as_f64) else {
            continue;
        };
        let (value, digits, prefix) = match scale {
            Scale::Base => (value, digits, ""),
            Scale::Sensible => sensible(value, digits, unit),
        };
        let line = format!("{label:<16} {value:>14.digits$} {prefix}{unit}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let plain = |name: &str| {
        fields
            .get(name)
            .and_then(plain)
            .unwrap_or_else(|| "?".into())
    };
    let (window, up, flags) = (plain("sequence"), plain("uptime_s"), plain("flags"));
    let _ = writeln!(text, "window {window}, up {up} s, flags: {flags}");
    text
}

/// Value, digits and prefix such that the number before the point has one to three digits. Powers, energies and
/// currents only: nobody wants to read 0.220 kV.
fn sensible(value: f64, digits: usize, unit: &str) -> (f64, usize, &'static str) {
    let scales = unit.starts_with(['W', 'A']) || unit.starts_with("VA") || unit.starts_with("var");
    match value.abs() {
        _ if !scales => (value, digits, ""),
        size if size >= 1e6 => (value / 1e6, 4, "M"),
        size if size >= 1e3 => (value / 1e3, 4, "k"),
        size if size < 1.0 && size > 0.0 && unit == "A" => (value * 1e3, 2, "m"),
        _ => (value, digits, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn units_to_be_glanced_at() {
        let fields = json!({
            "vrms_v": 1500.0, "irms_a": 0.0125, "p_w": -2200.125, "s_va": 12.5, "f_hz": 60.0, "q_var": null,
            "sequence": 1, "uptime_s": 2, "flags": ["no_load"], "energy": { "import_wh": 3_456_789.0, "export_wh": 0.0 },
        });
        let fields = fields.as_object().expect("a record");
        let expected = "\
voltage                1500.000 V
current                   12.50 mA
active power            -2.2001 kW
apparent power            12.50 VA
frequency               60.0000 Hz
import                   3.4568 MWh
export                   0.0000 Wh
window 1, up 2 s, flags: no_load
";
        assert_eq!(snapshot(fields, Scale::Sensible), expected);
        assert!(snapshot(fields, Scale::Base).contains("active power           -2200.12 W\n"));
    }
}
