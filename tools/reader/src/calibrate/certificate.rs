//! The certificate: JSON for programs, one HTML page for people.

use super::arithmetic::{clock, gains, noise_a, power_offset_w};
use super::curve;
use super::report::{CHANNEL_NAMES, Errors, Report};
use anyhow::{Context, Result};
use c12::calibration::Constants;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Writes `STEM.json` and `STEM.html`, and returns their names.
///
/// # Errors
/// The file that cannot be written.
pub fn write(report: &Report, stem: &Path, time: &str) -> Result<[PathBuf; 2]> {
    let with = |extension: &str| {
        let mut name = stem.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let files = [with(".json"), with(".html")];
    let json = serde_json::to_string_pretty(&json(report, time))? + "\n";
    for (file, content) in files.iter().zip([json, page(report, time)]) {
        std::fs::write(file, content)
            .with_context(|| format!("certificate {} cannot be written", file.display()))?;
    }
    Ok(files)
}

/// The certificate as one object; names end in their unit.
pub fn json(report: &Report, time: &str) -> Value {
    let checks = report.plan.check.iter().enumerate().map(|(row, check)| {
        let setting = report.plan.at(check);
        let errors = |errors: Option<&Errors>| {
            errors.map_or(Value::Null, |errors| {
                json!({
                    "voltage_pct": errors.voltage_pct,
                    "current_pct": errors.current_pct,
                    "power_pct": errors.power_pct,
                })
            })
        };
        json!({
            "voltage_v": setting.voltage_v,
            "current_a": setting.current_a,
            "lag_deg": setting.lag_deg,
            "frequency_hz": setting.frequency_hz,
            "reference_w": report.checks_before.get(row).map(|errors| errors.reference_w),
            "limit_pct": check.limit_pct,
            "before": errors(report.checks_before.get(row)),
            "expected": errors(report.checks_expected.get(row)),
            "after": errors(report.checks_after.get(row)),
        })
    });
    json!({
        "serial": report.serial,
        "time": time,
        "plan": report.plan.name,
        "reference": report.reference,
        "verdict": report.verdict(),
        "refusal": report.refusal,
        "clock_remark": report.clock,
        "passes": report.passes,
        "never_calibrated_before": report.is_first,
        "constants_before": constants(&report.before),
        "constants_after": report.after.as_ref().map(constants),
        "checks": checks.collect::<Vec<_>>(),
    })
}

fn constants(constants: &Constants) -> Value {
    let mut object = Map::new();
    for (channel, name) in constants.channels.iter().zip(CHANNEL_NAMES) {
        let [gain, power_gain, phase_rad] = gains(channel);
        // The voltage has no power of its own; the word is the clock's.
        let power_gain = if name == CHANNEL_NAMES[0] {
            1.0
        } else {
            power_gain
        };
        let channel = json!({
            "gain": gain,
            "noise_a": noise_a(channel),
            "power_gain": power_gain,
            "phase_deg": phase_rad.to_degrees(),
            "power_offset_w": power_offset_w(channel),
        });
        object.insert(name.to_owned(), channel);
    }
    object.insert(
        "clock_ppm".to_owned(),
        json!((clock(constants) - 1.0) * 1e6),
    );
    let points = curve::listed(&constants.curves[0]).into_iter();
    let points = points.map(|(current_a, correction)| {
        json!({
            "current_a": current_a,
            "gain_ppm": correction.gain * 1e6,
            "phase_deg": correction.phase_rad.to_degrees(),
        })
    });
    object.insert("line_curve".to_owned(), points.collect());
    Value::Object(object)
}

const STYLE: &str = "body{font:15px sans-serif;margin:2em auto;max-width:60em}table{border-collapse:collapse;margin:1em 0}\
    th,td{border:1px solid #999;padding:.25em .6em;text-align:right}th:first-child,td:first-child{text-align:left}\
    .refused{color:#b00}";

/// The certificate as a page.
pub fn page(report: &Report, time: &str) -> String {
    let mut page = String::new();
    let title = format!("Calibration of meter {}", escaped(&report.serial));
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\n\
         <h1>{title}</h1>\n<p class=\"{verdict}\"><b>{verdict}</b>{reason}</p>\n\
         <table><tr><td>time</td><td>{}</td></tr><tr><td>plan</td><td>{}</td></tr><tr><td>reference</td><td>{}</td></tr>\
         <tr><td>passes</td><td>{}</td></tr></table>\n",
        escaped(time),
        escaped(&report.plan.name),
        escaped(&report.reference),
        report.passes,
        verdict = report.verdict(),
        reason = report
            .refusal
            .as_ref()
            .map_or(String::new(), |reason| format!(": {}", escaped(reason))),
    );
    page += "<h2>Errors, percent</h2>\n";
    let head = [
        "load",
        "voltage before",
        "after",
        "current before",
        "after",
        "active power before",
        "after",
        "limit",
    ];
    table(&mut page, &head, &report.checks());
    page += "<h2>Constants</h2>\n";
    table(
        &mut page,
        &["constant", "before", "after"],
        &report.constants(),
    );
    if let Some(remark) = &report.clock {
        let _ = writeln!(page, "<p>{}</p>", escaped(remark));
    }
    page += "</html>\n";
    page
}

fn table<const COLUMNS: usize>(
    page: &mut String,
    head: &[&str; COLUMNS],
    rows: &[[String; COLUMNS]],
) {
    *page += "<table><tr>";
    for cell in head {
        let _ = write!(page, "<th>{cell}</th>");
    }
    for row in rows {
        *page += "</tr>\n<tr>";
        for cell in row {
            let _ = write!(page, "<td>{}</td>", escaped(cell));
        }
    }
    *page += "</tr></table>\n";
}

/// Text as HTML wants it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::plan::Plan;

    fn report() -> Report {
        let plan = Plan::parse(include_str!("../../plans/single-phase-220v.toml")).unwrap();
        let errors = |power_pct| Errors {
            voltage_pct: 0.5,
            current_pct: -0.25,
            power_pct,
            reference_w: 2200.0,
        };
        let mut report = Report::new(&plan, "bench <7> & co");
        report.serial = "0042".into();
        report.checks_before = vec![errors(1.5), errors(-2.0), errors(1.0)];
        report.checks_after = vec![errors(0.001), errors(0.002), errors(0.003)];
        report
    }

    #[test]
    fn a_person_and_a_program_read_the_same() {
        let mut report = report();
        let mut after = Constants::NOMINAL;
        after.channels[1].phase = 1 << 20;
        after.channels[0].power_gain += 11_811;
        after.curves[0] = crate::calibrate::curve::through(
            10.0,
            [(
                0.05,
                curve::Correction {
                    gain: 40e-6,
                    phase_rad: -600e-6,
                },
            )]
            .into_iter(),
        );
        report.after = Some(after);
        report.clock = Some("the clock & its crystal".to_owned());
        report.passes = 1;
        let json = json(&report, "2026-11-20T15:00:00");
        assert_eq!(json["verdict"], json!("calibrated"));
        assert_eq!(json["checks"][1]["before"]["power_pct"], json!(-2.0));
        assert_eq!(json["checks"][1]["lag_deg"], json!(60.0));
        let phase = json["constants_after"]["line"]["phase_deg"]
            .as_f64()
            .unwrap();
        assert!((phase - 0.055_95).abs() < 1e-5, "{phase}");
        let point = &json["constants_after"]["line_curve"][0];
        assert_eq!(point["current_a"], json!(0.05));
        assert!(
            (point["phase_deg"].as_f64().unwrap() + 0.0344).abs() < 1e-4,
            "{point}"
        );
        assert_eq!(json["constants_before"]["line_curve"], json!([]));
        let clock_ppm = json["constants_after"]["clock_ppm"].as_f64().unwrap();
        assert!((clock_ppm - 11.0).abs() < 0.01, "{clock_ppm}");
        let page = page(&report, "2026-11-20T15:00:00");
        assert!(page.contains("bench &lt;7&gt; &amp; co"));
        assert!(
            page.contains("<td>-2.0000</td><td>+0.0020</td><td>0.01</td>"),
            "{page}"
        );
        assert!(
            page.contains("<td>line phase</td><td>+0.0000°</td><td>+0.0560°</td>"),
            "{page}"
        );
        assert!(
            page.contains("<td>converter clock</td><td>+0.00 ppm</td><td>+11.00 ppm</td>"),
            "{page}"
        );
        assert!(
            page.contains("<td>line phase at 0.05 A</td><td>+0.0000°</td><td>-0.0344°</td>"),
            "{page}"
        );
        assert!(page.contains("clock &amp; its crystal"));
        let text = report.text();
        assert!(text.contains("calibrated, passes: 1"), "{text}");
        assert!(text.contains("clock & its crystal"), "{text}");
    }

    #[test]
    fn a_refused_meter_is_shown_as_such() {
        let mut report = report();
        report.checks_after.clear();
        report.refusal = Some("no jumper".into());
        assert_eq!(json(&report, "")["refusal"], json!("no jumper"));
        assert!(json(&report, "")["constants_after"].is_null());
        assert!(page(&report, "").contains("<b>refused</b>: no jumper"));
        assert!(report.text().contains("REFUSED: no jumper"));
    }
}
