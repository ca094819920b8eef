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

/// The snapshot as a few aligned lines with units.
pub fn snapshot(fields: &Map<String, Value>) -> String {
    const LINES: [(&str, &str, usize, &str); 18] = [
        ("vrms_v", "voltage", 3, "V"),
        ("irms_a", "current", 4, "A"),
        ("neutral_a", "neutral current", 4, "A"),
        ("p_w", "active power", 2, "W"),
        ("q_var", "reactive power", 2, "var"),
        ("s_va", "apparent power", 2, "VA"),
        ("pf", "power factor", 4, ""),
        ("f_hz", "frequency", 4, "Hz"),
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
    let energy = fields.get("energy");
    let mut text = String::new();
    for (name, label, digits, unit) in LINES {
        let value = fields
            .get(name)
            .or_else(|| energy.and_then(|energy| energy.get(name)));
        if let Some(value) = value.and_then(Value::as_f64) {
            let line = format!("{label:<16} {value:>14.digits$} {unit}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let plain = |name: &str| {
        fields
            .get(name)
            .and_then(plain)
            .unwrap_or_else(|| "?".into())
    };
    let _ = writeln!(
        text,
        "window {}, up {} s, flags: {}",
        plain("sequence"),
        plain("uptime_s"),
        plain("flags")
    );
    text
}
