//! The plan file: loads, averaging times and limits of a calibration.

use super::curve::MEASURED;
use anyhow::{Context, Result, bail, ensure};
use c12::calibration::Law;
use serde::Deserialize;
use std::path::Path;

/// A plan as its TOML file says it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// For people and for the certificate.
    pub name: String,
    /// Volts rms of every load.
    pub voltage_v: f64,
    /// Hertz of every load.
    pub frequency_hz: f64,
    /// Windows of about a second that a reading averages over, where the load says nothing else.
    pub average_s: u32,
    /// Windows that are skipped after the source has changed.
    pub settle_s: u32,
    /// Most times that constants are computed and written before the board is refused, 1 or 2.
    pub passes: u32,
    /// Where the true values come from.
    pub reference: ReferencePlan,
    /// No current: noise.
    pub no_load: NoLoad,
    /// Test current at PF 1: gains, phase, power gain.
    pub main: LoadPlan,
    /// About a hundredth of it at PF 1: crosstalk.
    pub low: LoadPlan,
    /// Other currents at which the line's gain and phase are found, ascending; its curve stays when there are none.
    #[serde(default)]
    pub curve: Vec<CurvePoint>,
    /// Loads at which the errors before and after are found and the latter judged.
    #[serde(default)]
    pub check: Vec<Check>,
    /// Powers below which the meter counts nothing; those that it has where absent.
    #[serde(default)]
    pub starting: Option<Starting>,
    /// How the type's gains change with temperature; the laws that the meter has where absent.
    #[serde(default)]
    pub temperature: Option<Temperature>,
    /// When a board is refused.
    #[serde(default)]
    pub limits: Limits,
}

/// Starting thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Starting {
    /// Watts, above 0 and at most 2.5.
    pub active_w: f64,
    /// Vars, likewise.
    pub reactive_var: f64,
}

/// How gains change with temperature, measured on some boards of the type: what makes their readings true again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Temperature {
    /// Voltage.
    pub voltage: Drift,
    /// Line current.
    pub line: Drift,
    /// Neutral current.
    pub neutral: Drift,
}

/// A channel's change of gain from 25 °C; a board that reads too much when it is warm has a negative one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drift {
    /// ppm/K, at most ±1 000.
    pub ppm_per_k: f64,
    /// ppm/K², at most ±10.
    pub ppm_per_k2: f64,
}

impl Drift {
    fn is_plausible(self) -> bool {
        self.ppm_per_k.abs() <= 1_000.0 && self.ppm_per_k2.abs() <= 10.0
    }

    /// In the table's units.
    fn law(self) -> Law {
        let linear = (self.ppm_per_k * 1e-6 * 2f64.powi(24)).round() as i16;
        // The linear part's bits count as digits behind the quadratic one.
        let behind = f64::from(linear as u16) / 65_536.0;
        let quadratic = (self.ppm_per_k2 * 1e-6 * 2f64.powi(30) - behind).round() as i16;
        Law { linear, quadratic }
    }
}

impl Temperature {
    /// Of voltage, line and neutral, in the table's units.
    pub fn laws(&self) -> [Law; 3] {
        [self.voltage, self.line, self.neutral].map(Drift::law)
    }
}

/// Where the true values come from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferencePlan {
    /// `tcp:HOST:PORT` or a serial device that speaks SCPI, or `typed`.
    pub bench: String,
    /// The source's current flows through the neutral sensor too.
    #[serde(default)]
    pub drives_neutral: bool,
    /// The reference's frequency is better than the meter's crystal, 30 ppm: the clock is calibrated by it.
    #[serde(default = "yes")]
    pub knows_frequency: bool,
}

fn yes() -> bool {
    true
}

/// The load that is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoLoad {
    /// Windows; the plan's where absent.
    pub average_s: Option<u32>,
}

/// A load at PF 1.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadPlan {
    /// Amperes rms.
    pub current_a: f64,
    /// Windows; the plan's where absent.
    pub average_s: Option<u32>,
}

/// A point of the curve. At PF 1 the active power alone says the gain and the reactive power alone the phase, and the
/// crosstalk's remainder is in none but the gain; another power factor is for references that are better there.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    /// Amperes rms.
    pub current_a: f64,
    /// Degrees by which the current lags.
    #[serde(default)]
    pub lag_deg: f64,
    /// Windows; the plan's where absent.
    pub average_s: Option<u32>,
}

/// A load to check at.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Amperes rms.
    pub current_a: f64,
    /// Degrees by which the current lags; 60 is 0.5 inductive.
    #[serde(default)]
    pub lag_deg: f64,
    /// Largest error of the active power, percent.
    pub limit_pct: f64,
    /// Windows; the plan's where absent.
    pub average_s: Option<u32>,
}

/// When a board is refused. Gains and phase have the meter's own limits besides.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Noise of a current channel, mA rms. Twice what the converter's data sheet leads to: 1.5 mA.
    pub noise_ma: f64,
    /// How far the power may be from the product of voltage and current, ppm.
    pub power_gain_ppm: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            noise_ma: 3.0,
            power_gain_ppm: 50.0,
        }
    }
}

/// What the source is to be set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Volts rms.
    pub voltage_v: f64,
    /// Amperes rms.
    pub current_a: f64,
    /// Degrees by which the current lags.
    pub lag_deg: f64,
    /// Hertz.
    pub frequency_hz: f64,
    /// Windows to average over.
    pub average_s: u32,
}

impl Setting {
    /// `220 V, 10 A, 60° lagging`.
    pub fn in_words(&self) -> String {
        let current = if self.current_a == 0.0 {
            "no current".to_owned()
        } else if self.lag_deg == 0.0 {
            format!("{} A, PF 1", self.current_a)
        } else if self.lag_deg > 0.0 {
            format!("{} A, {}° lagging", self.current_a, self.lag_deg)
        } else {
            format!("{} A, {}° leading", self.current_a, -self.lag_deg)
        };
        format!("{} V, {} Hz, {current}", self.voltage_v, self.frequency_hz)
    }
}

impl Plan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// With file and line: unreadable, unknown key, a value that cannot be.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("plan {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("plan {}", path.display()))
    }

    /// A plan from its text.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str) -> Result<Self> {
        let plan: Plan = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                1 + text[..span.start]
                    .bytes()
                    .filter(|byte| *byte == b'\n')
                    .count()
            });
            anyhow::anyhow!("line {line}: {}", error.message())
        })?;
        plan.check_values()?;
        Ok(plan)
    }

    fn check_values(&self) -> Result<()> {
        ensure!(
            (80.0..=300.0).contains(&self.voltage_v),
            "voltage_v = {}: give a service voltage, 80 to 300",
            self.voltage_v
        );
        ensure!(
            (45.0..=66.0).contains(&self.frequency_hz),
            "frequency_hz = {}: give 45 to 66",
            self.frequency_hz
        );
        ensure!(
            (1..=2).contains(&self.passes),
            "passes = {}: give 1 or 2",
            self.passes
        );
        ensure!(
            (2..=60).contains(&self.settle_s),
            "settle_s = {}: give 2 to 60; the window in which the source changed must be over",
            self.settle_s
        );
        for setting in self.settings() {
            if !(0.0..=100.0).contains(&setting.current_a) {
                bail!("current_a = {}: give 0 to 100", setting.current_a);
            }
            if !(1..=600).contains(&setting.average_s) {
                bail!("average_s = {}: give 1 to 600", setting.average_s);
            }
        }
        ensure!(
            self.main.current_a >= 1.0,
            "main.current_a = {}: give a test current of 1 A at least",
            self.main.current_a
        );
        ensure!(
            self.low.current_a > 0.0 && self.low.current_a <= self.main.current_a / 10.0,
            "low.current_a = {}: give about a hundredth of main.current_a, a tenth at most",
            self.low.current_a
        );
        if let Some(starting) = self.starting {
            for power in [starting.active_w, starting.reactive_var] {
                // The meter holds them in 31 bits.
                ensure!(
                    power > 0.0 && power <= 2.5,
                    "starting threshold {power}: give a power above 0 W or var and at most 2.5"
                );
            }
        }
        if let Some(Temperature {
            voltage,
            line,
            neutral,
        }) = self.temperature
        {
            for drift in [voltage, line, neutral] {
                ensure!(
                    drift.is_plausible(),
                    "temperature {} ppm/K, {} ppm/K²: give at most 1000 and 10",
                    drift.ppm_per_k,
                    drift.ppm_per_k2
                );
            }
        }
        let points = self.curve_points();
        ensure!(
            points.len() <= MEASURED,
            "{} points of the curve besides the test load: give {MEASURED} at most",
            points.len()
        );
        for pair in self.curve.windows(2) {
            ensure!(
                pair[0].current_a < pair[1].current_a,
                "curve at {} A after {} A: give ascending currents",
                pair[1].current_a,
                pair[0].current_a
            );
        }
        for point in &self.curve {
            // Further from the voltage than this, the gain is mostly the phase's error.
            ensure!(
                point.current_a > 0.0 && point.lag_deg.abs() <= 60.0,
                "curve at {} A, {}°: give a current and a lag of 60° at most",
                point.current_a,
                point.lag_deg
            );
        }
        for check in &self.check {
            ensure!(
                check.current_a > 0.0 && check.lag_deg.abs() < 89.0 && check.limit_pct > 0.0,
                "check at {} A, {}°: give a current, a lag below 89° and a limit",
                check.current_a,
                check.lag_deg
            );
        }
        Ok(())
    }

    fn setting(&self, current_a: f64, lag_deg: f64, average_s: Option<u32>) -> Setting {
        Setting {
            voltage_v: self.voltage_v,
            current_a,
            lag_deg,
            frequency_hz: self.frequency_hz,
            average_s: average_s.unwrap_or(self.average_s),
        }
    }

    /// The source without current.
    pub fn no_load(&self) -> Setting {
        self.setting(0.0, 0.0, self.no_load.average_s)
    }

    /// The source at the test current.
    pub fn main(&self) -> Setting {
        self.setting(self.main.current_a, 0.0, self.main.average_s)
    }

    /// The source at the low current.
    pub fn low(&self) -> Setting {
        self.setting(self.low.current_a, 0.0, self.low.average_s)
    }

    /// The source at the points of the curve; the test load is a point without being measured for it.
    pub fn curve_points(&self) -> Vec<Setting> {
        let points = self
            .curve
            .iter()
            .filter(|point| point.current_a != self.main.current_a);
        points
            .map(|point| self.setting(point.current_a, point.lag_deg, point.average_s))
            .collect()
    }

    /// The source at a check.
    pub fn at(&self, check: &Check) -> Setting {
        self.setting(check.current_a, check.lag_deg, check.average_s)
    }

    fn settings(&self) -> impl Iterator<Item = Setting> {
        let checks = self.check.iter().map(|check| self.at(check));
        [self.no_load(), self.main(), self.low()]
            .into_iter()
            .chain(self.curve_points())
            .chain(checks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../plans/single-phase-220v.toml");

    #[test]
    fn the_shipped_plan_is_one() {
        let plan = Plan::parse(SHIPPED).unwrap();
        assert_eq!(plan.main().in_words(), "220 V, 60 Hz, 10 A, PF 1");
        assert_eq!(plan.no_load().in_words(), "220 V, 60 Hz, no current");
        assert_eq!(
            plan.at(&plan.check[1]).in_words(),
            "220 V, 60 Hz, 10 A, 60° lagging"
        );
        assert_eq!(plan.limits.power_gain_ppm, 50.0);
        let currents: Vec<f64> = plan.curve_points().iter().map(|at| at.current_a).collect();
        assert_eq!(currents, [0.05, 0.4, 2.5, 80.0], "the test load's is known");
        assert!(plan.reference.knows_frequency);
    }

    #[test]
    fn laws_of_temperature_are_the_tables() {
        assert_eq!(Plan::parse(SHIPPED).unwrap().temperature, None);
        let mut text = SHIPPED.to_owned();
        for line in ["[temperature]", "voltage = {", "line = {"] {
            text = text.replace(&format!("# {line}"), line);
        }
        let text = text.replace("ppm_per_k2 = 0.0", "ppm_per_k2 = 0.01");
        let plan = Plan::parse(&text).unwrap();
        let [voltage, line, neutral] = plan.temperature.unwrap().laws();
        // -25.5e-6 * 2^24, whose two's complement is 0.9935 of a step behind the quadratic part, 0.01e-6 * 2^30 = 10.74.
        assert_eq!((voltage.linear, voltage.quadratic), (-428, 10));
        assert_eq!((line.linear, line.quadratic), (75, 0));
        assert_eq!((neutral.linear, neutral.quadratic), (0, 0));
        let wrong = text.replace("ppm_per_k = 4.5", "ppm_per_k = 4500");
        let error = format!("{:#}", Plan::parse(&wrong).unwrap_err());
        assert!(error.contains("temperature 4500 ppm/K"), "{error}");
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (from, to, complaint) in [
            ("passes = 2", "passes = 3", "passes = 3"),
            (
                "voltage_v = 220.0",
                "voltage_v = 2200.0",
                "voltage_v = 2200",
            ),
            (
                "frequency_hz = 60.0",
                "frequency_hz = 400",
                "frequency_hz = 400",
            ),
            ("current_a = 0.1", "current_a = 5", "low.current_a = 5"),
            ("passes = 2", "pases = 2", "line"),
            ("settle_s = 3", "settle_s = 0", "settle_s = 0"),
            ("lag_deg = 60.0", "lag_deg = 90.0", "90°"),
            ("current_a = 0.4", "current_a = 0.04", "0.04 A after 0.05 A"),
            (
                "current_a = 10.0\n\n[[curve]]",
                "current_a = 9.0\n\n[[curve]]",
                "4 at most",
            ),
            (
                "current_a = 2.5",
                "current_a = 2.5\nlag_deg = 75",
                "2.5 A, 75°",
            ),
            ("active_w = 0.15", "active_w = 3", "threshold 3"),
            ("reactive_var = 0.15", "reactive_var = 0", "threshold 0"),
        ] {
            let text = SHIPPED.replacen(from, to, 1);
            assert_ne!(text, SHIPPED, "{from}");
            let error = format!("{:#}", Plan::parse(&text).unwrap_err());
            assert!(error.contains(complaint), "{to}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
