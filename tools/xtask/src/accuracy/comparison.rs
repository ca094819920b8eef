//! The arithmetic beside another: the same samples through `metrology` and through the crate `metrology_insight`.
//!
//! The comparison itself is the example `side_by_side` of `tools/experiments`, which alone depends on that crate, and only
//! for development; it runs anew each time.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{check, progress};

/// Errors of one arithmetic in one case.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Errors {
    /// Active power, of the true value.
    pub p_error_ppm: f64,
    /// Standard deviation of the power of single seconds.
    pub p_repeat_ppm: f64,
    /// Reactive power, of the apparent power.
    pub q_error_ppm_of_s: f64,
    /// Apparent power.
    pub s_error_ppm: f64,
    /// Volts rms.
    pub vrms_error_ppm: f64,
    /// Amperes rms.
    pub irms_error_ppm: f64,
    /// Frequency.
    pub f_error_mhz: f64,
}

/// One case.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Case {
    /// What was measured.
    pub case: String,
    /// Ours.
    pub meter430: Errors,
    /// The other one.
    pub metrology_insight: Errors,
}

/// Runs the comparison.
///
/// # Errors
/// When it does not build, or prints something else.
pub fn run() -> Result<Vec<Case>> {
    let arguments = [
        "run",
        "--quiet",
        "--package",
        "experiments",
        "--example",
        "side_by_side",
    ];
    let output = progress::run("comparison", &mut check::cargo(&arguments))?;
    let text = output.text();
    let json = text.find('[').map_or("", |start| &text[start..]);
    serde_json::from_str(json).context("the comparison printed something else than its figures")
}

/// Both side by side.
pub fn table(cases: &[Case]) -> String {
    let mut text = format!(
        "{:<26}{:<20}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n",
        "same samples",
        "",
        "P, ppm",
        "scatter",
        "Q1, ppm",
        "S, ppm",
        "Vrms, ppm",
        "Irms, ppm",
        "f, mHz"
    );
    for case in cases {
        let both = [
            (case.case.as_str(), "metrology", &case.meter430),
            ("", "metrology_insight", &case.metrology_insight),
        ];
        for (name, whose, errors) in both {
            let _ = writeln!(
                text,
                "{name:<26}{whose:<20}{:>+12.2}{:>12.2}{:>+12.2}{:>+12.2}{:>+12.2}{:>+12.2}{:>+12.4}",
                errors.p_error_ppm,
                errors.p_repeat_ppm,
                errors.q_error_ppm_of_s,
                errors.s_error_ppm,
                errors.vrms_error_ppm,
                errors.irms_error_ppm,
                errors.f_error_mhz
            );
        }
    }
    text
}
