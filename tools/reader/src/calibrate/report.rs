//! What a calibration found, and the table that is printed of it.

use super::arithmetic::{Load, clock, gains, noise_a, power_offset_w};
use super::curve;
use super::plan::Plan;
use c12::calibration::{CHANNELS, Constants};
use std::fmt::Write;

/// The channels in their order.
pub const CHANNEL_NAMES: [&str; CHANNELS] = ["voltage", "line", "neutral"];

/// Errors of the meter at one load, of the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// Percent.
    pub voltage_pct: f64,
    /// Percent.
    pub current_pct: f64,
    /// Percent, active power.
    pub power_pct: f64,
    /// The reference's watts.
    pub reference_w: f64,
}

impl Errors {
    /// Of a measured load.
    pub fn of(load: &Load) -> Self {
        let pct = |shown: f64, truth: f64| (shown / truth - 1.0) * 100.0;
        let Load { shown, truth } = load;
        Errors {
            voltage_pct: pct(shown.voltage_v, truth.voltage_v),
            current_pct: pct(shown.line_a(), truth.current_a),
            power_pct: pct(shown.p_w, truth.p_w),
            reference_w: truth.p_w,
        }
    }
}

/// Everything about one calibration.
#[derive(Clone, Debug)]
pub struct Report {
    /// The meter's serial number.
    pub serial: String,
    /// What the reference calls itself.
    pub reference: String,
    /// The plan.
    pub plan: Plan,
    /// The meter was never calibrated before.
    pub is_first: bool,
    /// Constants under which everything was measured.
    pub before: Constants,
    /// Constants that were computed; written when `passes` is not 0.
    pub after: Option<Constants>,
    /// Times that constants were written.
    pub passes: u32,
    /// Errors at the plan's checks: as found, as the new constants promise, as measured with them.
    pub checks_before: Vec<Errors>,
    /// See above.
    pub checks_expected: Vec<Errors>,
    /// See above.
    pub checks_after: Vec<Errors>,
    /// Why the clock constant was left as it was; `None` when it was found.
    pub clock: Option<String>,
    /// Why the meter was refused; `None` when it is calibrated.
    pub refusal: Option<String>,
}

impl Report {
    /// Nothing found yet.
    pub fn new(plan: &Plan, reference: &str) -> Self {
        Report {
            serial: String::new(),
            reference: reference.to_owned(),
            plan: plan.clone(),
            is_first: true,
            before: Constants::NOMINAL,
            after: None,
            passes: 0,
            checks_before: vec![],
            checks_expected: vec![],
            checks_after: vec![],
            clock: None,
            refusal: None,
        }
    }

    /// One word.
    pub fn verdict(&self) -> &'static str {
        match self.refusal {
            None => "calibrated",
            Some(_) => "refused",
        }
    }

    /// Rows of the constants: what, before, after.
    pub fn constants(&self) -> Vec<[String; 3]> {
        let mut rows = vec![];
        for (channel, name) in CHANNEL_NAMES.iter().enumerate() {
            let describe = |constants: &Constants| {
                let channel = &constants.channels[channel];
                let [gain, power_gain, phase_rad] = gains(channel);
                [
                    format!("{gain:.6}"),
                    format!("{:.3} mA", noise_a(channel) * 1e3),
                    format!("{:+.4}°", phase_rad.to_degrees()),
                    format!("{:+.1} ppm", (power_gain - 1.0) * 1e6),
                    format!("{:+.2} mW", power_offset_w(channel) * 1e3),
                ]
            };
            let before = describe(&self.before);
            let after = self.after.as_ref().map(describe);
            let fields = ["gain", "noise", "phase", "power gain", "power offset"];
            // The voltage's gain is all there is to show of it, the neutral has no power of its own.
            let shown = [1, 5, 2][channel];
            for (field, what) in fields.iter().enumerate().take(shown) {
                let after = after.as_ref().map_or("-", |after| &after[field]);
                rows.push([
                    format!("{name} {what}"),
                    before[field].clone(),
                    after.to_owned(),
                ]);
            }
        }
        let mut row = |what: String, describe: &dyn Fn(&Constants) -> String| {
            let after = self.after.as_ref().map_or("-".to_owned(), describe);
            rows.push([what, describe(&self.before), after]);
        };
        row("converter clock".to_owned(), &|constants| {
            format!("{:+.2} ppm", (clock(constants) - 1.0) * 1e6)
        });
        // The points of the new curve, and what the old one was there.
        let constants = self.after.as_ref().unwrap_or(&self.before);
        for (current_a, _) in curve::listed(&constants.curves[0]) {
            let at = |constants: &Constants| curve::at(&constants.curves[0], current_a);
            row(format!("line gain at {current_a} A"), &|constants| {
                format!("{:+.1} ppm", at(constants).gain * 1e6)
            });
            row(format!("line phase at {current_a} A"), &|constants| {
                format!("{:+.4}°", at(constants).phase_rad.to_degrees())
            });
        }
        rows
    }

    /// Rows of the checks: load, then errors of U, I and P before and after in percent, limit.
    pub fn checks(&self) -> Vec<[String; 8]> {
        let number = |errors: Option<&Errors>, which: fn(&Errors) -> f64| {
            errors.map_or("-".to_owned(), |errors| format!("{:+.4}", which(errors)))
        };
        let checks = self.plan.check.iter().enumerate();
        checks
            .map(|(row, check)| {
                let before = self.checks_before.get(row);
                let after = self.checks_after.get(row);
                [
                    self.plan.at(check).in_words(),
                    number(before, |errors| errors.voltage_pct),
                    number(after, |errors| errors.voltage_pct),
                    number(before, |errors| errors.current_pct),
                    number(after, |errors| errors.current_pct),
                    number(before, |errors| errors.power_pct),
                    number(after, |errors| errors.power_pct),
                    format!("{}", check.limit_pct),
                ]
            })
            .collect()
    }

    /// The table for a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "meter {}, plan \"{}\", reference {}",
            self.serial, self.plan.name, self.reference
        );
        let _ = writeln!(text, "\n{:<24}{:>14}{:>14}", "constant", "before", "after");
        for [what, before, after] in self.constants() {
            let _ = writeln!(text, "{what:<24}{before:>14}{after:>14}");
        }
        let _ = writeln!(
            text,
            "\n{:<36}{:>20}{:>20}{:>20}{:>8}",
            "errors in %: before, after", "voltage", "current", "active power", "limit"
        );
        for [load, u0, u1, i0, i1, p0, p1, limit] in self.checks() {
            let _ = writeln!(
                text,
                "{load:<36}{u0:>10}{u1:>10}{i0:>10}{i1:>10}{p0:>10}{p1:>10}{limit:>8}"
            );
        }
        if let Some(remark) = &self.clock {
            let _ = writeln!(text, "\n{remark}");
        }
        let _ = match &self.refusal {
            None => writeln!(text, "\ncalibrated, passes: {}", self.passes),
            Some(reason) => writeln!(text, "\nREFUSED: {reason}"),
        };
        text
    }
}
