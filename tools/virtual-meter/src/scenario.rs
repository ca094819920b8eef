//! Scenario files: mains, load, temperature and faults that change with time (TOML).
//!
//! ```toml
//! repeat_s = 0.2               # optional: the steps again and again
//!
//! [[step]]                     # what a step does not name stays as it was
//! at_s = 0.0                   # first step at 0, ascending
//! voltage_v = 220.0            # rms of the fundamental
//! frequency_hz = 60.0
//! current_a = 10.0             # rms of the fundamental, or of the appliance
//! power_factor = "0.8L"
//! load = "laptop"              # an appliance in place of power_factor and harmonics; "linear" goes back
//! waveform = "kettle.csv"      # a recording in place of all of these; beside the scenario file
//! voltage_pct = 100.0          # sags and swells of whatever the shape is, recordings of one cycle too
//! current_pct = 100.0
//! neutral_a = 9.5              # rms in the neutral, same shape; absent: the line's current
//! voltage_dc_v = 0.0
//! current_dc_a = 0.0
//! voltage_harmonics = [{ order = 5, percent = 10.0, phase_deg = 0.0 }]
//! current_harmonics = [{ order = 5, percent = 40.0, phase_deg = 0.0 }]
//! voltage_v_per_s = 0.0        # straight-line changes until the next step
//! current_a_per_s = 0.0
//! frequency_hz_per_s = 0.0
//! phase_jump_deg = 0.0
//!
//! [[temperature]]              # straight lines between points
//! at_s = 0.0
//! temperature_c = 23.0
//!
//! [[fault]]
//! at_s = 5.0
//! duration_s = 1.0
//! kind = "corrupt-response"    # corrupt-command lost-ready stuck-channel reset disturbed-register dead
//! one_in = 100                 # on average, absent: every one
//!
//! [[button]]                   # the customer presses the service switch's button
//! at_s = 12.0
//! duration_s = 0.5
//! ```

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

use crate::converter::TimedFault;
use crate::input_error::InputError;
use crate::mains::numbers::{Load, Mains};
use crate::mains::timeline::Timeline;
use crate::time::{Time, from_seconds};

mod fault_entry;
mod state;

use fault_entry::FaultEntry;
use state::{State, StepError};

/// A scenario, ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Mains, load and temperature.
    pub timeline: Timeline,
    /// Faults of the converter.
    pub faults: Vec<TimedFault>,
    /// When the service switch's button is held down.
    pub presses: Vec<Range<Time>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    repeat_s: Option<f64>,
    #[serde(default)]
    step: Vec<Step>,
    #[serde(default)]
    temperature: Vec<TemperaturePoint>,
    #[serde(default)]
    fault: Vec<FaultEntry>,
    #[serde(default)]
    button: Vec<Press>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at_s: f64,
    voltage_v: Option<f64>,
    frequency_hz: Option<f64>,
    current_a: Option<f64>,
    power_factor: Option<String>,
    load: Option<String>,
    waveform: Option<String>,
    neutral_a: Option<f64>,
    voltage_pct: Option<f64>,
    current_pct: Option<f64>,
    voltage_dc_v: Option<f64>,
    current_dc_a: Option<f64>,
    voltage_harmonics: Option<Vec<Harmonic>>,
    current_harmonics: Option<Vec<Harmonic>>,
    #[serde(default)]
    voltage_v_per_s: f64,
    #[serde(default)]
    current_a_per_s: f64,
    #[serde(default)]
    frequency_hz_per_s: f64,
    #[serde(default)]
    phase_jump_deg: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Harmonic {
    order: usize,
    percent: f64,
    phase_deg: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemperaturePoint {
    at_s: f64,
    temperature_c: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Press {
    at_s: f64,
    duration_s: f64,
}

impl Scenario {
    /// Reads a scenario; what its first step leaves open comes from `mains` and `load`.
    ///
    /// # Errors
    /// With file and line where there is one: unreadable, unknown key, wrong type, times that do not ascend, impossible
    /// values, a recording that cannot be read.
    pub fn read(path: &Path, mains: &Mains, load: &Load) -> Result<Self, InputError> {
        let text =
            fs::read_to_string(path).map_err(|error| InputError::unreadable(path, &error))?;
        let file: File =
            toml::from_str(&text).map_err(|error| InputError::toml(path, &text, &error))?;
        Self::build(path, &file, mains, load)
    }

    fn build(path: &Path, file: &File, mains: &Mains, load: &Load) -> Result<Self, InputError> {
        let wrong = |what: String, remedy: &str| InputError::file(path, what, remedy);
        check_ascending(path, "step", file.step.iter().map(|step| step.at_s))?;
        check_ascending(
            path,
            "temperature",
            file.temperature.iter().map(|point| point.at_s),
        )?;
        if file.step.first().is_some_and(|step| step.at_s != 0.0) {
            return Err(wrong(
                "the first step is not at 0".into(),
                "begin with at_s = 0.0",
            ));
        }
        let mut state = State::new(mains, load);
        let mut timeline: Option<Timeline> = None;
        let only = [Step::default()];
        for (index, step) in if file.step.is_empty() {
            &only[..]
        } else {
            &file.step[..]
        }
        .iter()
        .enumerate()
        {
            let named = |(what, remedy): (String, &str)| {
                wrong(
                    format!("step {} (at {} s): {what}", index + 1, step.at_s),
                    remedy,
                )
            };
            state.follow(path, step).map_err(|error| match error {
                StepError::Value(what, remedy) => named((what, remedy)),
                StepError::Input(error) => error,
            })?;
            let segment = state
                .segment(
                    step,
                    timeline
                        .as_ref()
                        .and_then(Timeline::last)
                        .map(AsRef::as_ref),
                )
                .map_err(named)?;
            match &mut timeline {
                Some(timeline) => timeline.append(segment),
                None => timeline = Some(Timeline::new(segment)),
            }
            state.settle_ramps(step, file.step.get(index + 1).map(|next| next.at_s));
        }
        let Some(mut timeline) = timeline else {
            return Err(wrong("has no step".into(), "give one [[step]]"));
        };
        timeline.set_temperature(
            file.temperature
                .iter()
                .map(|point| (point.at_s, point.temperature_c))
                .collect(),
        );
        if let Some(repeat_s) = file.repeat_s {
            let last_s = file.step.last().map_or(0.0, |step| step.at_s);
            if !(repeat_s > last_s && repeat_s.is_finite()) {
                return Err(wrong(
                    format!("repeat_s = {repeat_s} is not after the last step"),
                    "give the length of one round",
                ));
            }
            timeline.repeat_every(from_seconds(repeat_s));
        }
        let faults = file.fault.iter().map(|entry| {
            entry
                .timed()
                .map_err(|what| wrong(what, "complete the [[fault]]"))
        });
        check_ascending(path, "button", file.button.iter().map(|press| press.at_s))?;
        let presses = file.button.iter().map(|press| {
            let from = from_seconds(press.at_s);
            from..from.saturating_add(from_seconds(press.duration_s))
        });
        Ok(Self {
            timeline,
            presses: presses.collect(),
            faults: faults.collect::<Result<_, _>>()?,
        })
    }
}

impl Default for Step {
    fn default() -> Self {
        toml::from_str("at_s = 0.0").expect("every other key is optional")
    }
}

fn check_ascending(
    path: &Path,
    what: &str,
    times_s: impl Iterator<Item = f64>,
) -> Result<(), InputError> {
    let mut last = f64::NEG_INFINITY;
    for (index, at_s) in times_s.enumerate() {
        if !at_s.is_finite() || at_s < 0.0 || at_s <= last {
            let what = format!(
                "{what} {} has at_s = {at_s}, which does not come after the one before",
                index + 1
            );
            return Err(InputError::file(path, what, "sort by at_s, from 0 up"));
        }
        last = at_s;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
