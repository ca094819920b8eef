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
//! ```

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::converter::{Fault, TimedFault};
use crate::input_error::InputError;
use crate::mains::appliance::Appliance;
use crate::mains::numbers::{FREQUENCIES_HZ, Load, Mains, parse_power_factor, radians};
use crate::mains::phase::Phase;
use crate::mains::recorded::{Prepared, prepare};
use crate::mains::recording::Recording;
use crate::mains::segment::{LINES, Segment, Signal};
use crate::mains::series::Series;
use crate::mains::timeline::Timeline;
use crate::time::{Time, from_seconds, to_seconds};

/// Highest order a scenario may ask for.
const LAST_ORDER: usize = 200;

/// A scenario, ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Mains, load and temperature.
    pub timeline: Timeline,
    /// Faults of the converter.
    pub faults: Vec<TimedFault>,
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
struct FaultEntry {
    at_s: f64,
    duration_s: Option<f64>,
    kind: FaultKind,
    one_in: Option<u32>,
    channel: Option<usize>,
    code: Option<i32>,
    register: Option<u8>,
    bits: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FaultKind {
    CorruptResponse,
    CorruptCommand,
    LostReady,
    StuckChannel,
    Reset,
    DisturbedRegister,
    Dead,
}

/// The state that steps change.
#[derive(Clone)]
struct State {
    voltage_v: f64,
    frequency_hz: f64,
    current_a: f64,
    lag_rad: f64,
    appliance: Option<Appliance>,
    recording: Option<Signal>,
    neutral_a: Option<f64>,
    dc: [f64; 2],
    harmonics: [Vec<Harmonic>; 2],
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
        Ok(Self {
            timeline,
            faults: faults.collect::<Result<_, _>>()?,
        })
    }
}

impl Default for Step {
    fn default() -> Self {
        toml::from_str("at_s = 0.0").expect("every other key is optional")
    }
}

enum StepError {
    Value(String, &'static str),
    Input(InputError),
}

impl State {
    fn new(mains: &Mains, load: &Load) -> Self {
        let (current_a, lag_rad, appliance) = match load {
            Load::Linear { current_a, lag_rad } => (*current_a, *lag_rad, None),
            Load::Appliance {
                appliance,
                current_a,
            } => (
                current_a.unwrap_or(appliance.current_a()),
                0.0,
                Some(appliance.clone()),
            ),
        };
        Self {
            voltage_v: mains.voltage_v,
            frequency_hz: mains.frequency_hz,
            current_a,
            lag_rad,
            appliance,
            recording: None,
            neutral_a: None,
            dc: [0.0; 2],
            harmonics: [Vec::new(), Vec::new()],
        }
    }

    fn follow(&mut self, path: &Path, step: &Step) -> Result<(), StepError> {
        let value = |what: String, remedy: &'static str| StepError::Value(what, remedy);
        let bounded = |name: &str, value_now: f64, most: f64| {
            (0.0..=most)
                .contains(&value_now)
                .then_some(value_now)
                .ok_or_else(|| value(format!("{name} = {value_now}"), "give a value from 0 up"))
        };
        let replaces_recording =
            step.voltage_v.is_some() || step.current_a.is_some() || step.load.is_some();
        if replaces_recording {
            self.recording = None;
        }
        if let Some(volts) = step.voltage_v {
            self.voltage_v = bounded("voltage_v", volts, 1000.0)?;
        }
        if let Some(hertz) = step.frequency_hz {
            if !FREQUENCIES_HZ.contains(&hertz) {
                return Err(value(
                    format!("frequency_hz = {hertz} is outside 40 to 70"),
                    "give the mains frequency",
                ));
            }
            self.frequency_hz = hertz;
        }
        match step.load.as_deref() {
            None => {}
            Some("linear") => self.appliance = None,
            Some(name) => {
                let appliance = Appliance::named(name);
                let appliance = appliance.ok_or_else(|| {
                    value(
                        format!("load = \"{name}\" is not in the library"),
                        "take a name that --load lists",
                    )
                })?;
                self.current_a = appliance.current_a();
                self.appliance = Some(appliance);
            }
        }
        if let Some(amperes) = step.current_a {
            self.current_a = bounded("current_a", amperes, 1000.0)?;
        }
        if let Some(power_factor) = &step.power_factor {
            let lag = parse_power_factor(power_factor);
            self.lag_rad = lag.ok_or_else(|| {
                value(
                    format!("power_factor = \"{power_factor}\""),
                    "write \"1\", \"0.5L\" or \"0.8C\"",
                )
            })?;
            self.appliance = None;
        }
        if let Some(amperes) = step.neutral_a {
            self.neutral_a = Some(bounded("neutral_a", amperes, 1000.0)?);
        }
        for (slot, dc) in self
            .dc
            .iter_mut()
            .zip([step.voltage_dc_v, step.current_dc_a])
        {
            *slot = dc.unwrap_or(*slot);
        }
        for (slot, harmonics) in self
            .harmonics
            .iter_mut()
            .zip([&step.voltage_harmonics, &step.current_harmonics])
        {
            let Some(harmonics) = harmonics else { continue };
            if let Some(odd) = harmonics
                .iter()
                .find(|harmonic| !(2..=LAST_ORDER).contains(&harmonic.order))
            {
                return Err(value(
                    format!("harmonic order {}", odd.order),
                    "give orders from 2 to 200",
                ));
            }
            slot.clone_from(harmonics);
        }
        if let Some(name) = &step.waveform {
            let file = path.parent().unwrap_or(Path::new("")).join(name);
            let (signal, frequency_hz) = signal_of(&file).map_err(StepError::Input)?;
            self.recording = Some(signal);
            if step.frequency_hz.is_none() {
                self.frequency_hz = frequency_hz;
            }
        }
        Ok(())
    }

    fn segment(
        &self,
        step: &Step,
        before: Option<&Segment>,
    ) -> Result<Segment, (String, &'static str)> {
        let start = from_seconds(step.at_s);
        let slope = step.frequency_hz_per_s;
        let jump = step.phase_jump_deg / 360.0;
        let phase = match before {
            Some(before) => before
                .phase
                .followed_by(start, self.frequency_hz, slope, jump),
            None => Phase::new(start, self.frequency_hz, slope).followed_by(
                start,
                self.frequency_hz,
                slope,
                jump,
            ),
        };
        let growth = |per_s: f64, of: f64, name: &str| {
            if per_s == 0.0 {
                Ok(0.0)
            } else if of > 0.0 && self.recording.is_none() {
                Ok(per_s / of)
            } else {
                Err((
                    format!("{name} ramps from nothing or from a recording"),
                    "begin the ramp at a small value",
                ))
            }
        };
        let voltage = growth(step.voltage_v_per_s, self.voltage_v, "voltage_v_per_s")?;
        let current = growth(step.current_a_per_s, self.current_a, "current_a_per_s")?;
        let signal = self
            .recording
            .clone()
            .unwrap_or_else(|| Signal::Periodic(Arc::new(self.lines())));
        Ok(Segment {
            start,
            phase,
            signal,
            growth_per_s: [voltage, current, current],
        })
    }

    fn lines(&self) -> [Series; LINES] {
        let with = |mut series: Series, rms: f64, harmonics: &[Harmonic], dc: f64| {
            for harmonic in harmonics {
                series.add(
                    harmonic.order,
                    rms * harmonic.percent / 100.0,
                    radians(harmonic.phase_deg),
                );
            }
            series.dc += dc;
            series
        };
        let voltage = with(
            Series::sine(self.voltage_v, 0.0),
            self.voltage_v,
            &self.harmonics[0],
            self.dc[0],
        );
        let load = match &self.appliance {
            Some(appliance) => Load::Appliance {
                appliance: appliance.clone(),
                current_a: Some(self.current_a),
            },
            None => Load::Linear {
                current_a: self.current_a,
                lag_rad: self.lag_rad,
            },
        };
        let current = with(
            load.series(),
            self.current_a,
            &self.harmonics[1],
            self.dc[1],
        );
        let neutral = match self.neutral_a {
            Some(amperes) if current.rms() > 0.0 => current.scaled(amperes / current.rms()),
            Some(amperes) => Series::sine(amperes, -self.lag_rad),
            None => current.clone(),
        };
        [voltage, current, neutral]
    }

    /// A ramp's end is where the next step goes on.
    fn settle_ramps(&mut self, step: &Step, next_s: Option<f64>) {
        let Some(next_s) = next_s else { return };
        let seconds = to_seconds(from_seconds(next_s) - from_seconds(step.at_s));
        self.voltage_v = (self.voltage_v + step.voltage_v_per_s * seconds).max(0.0);
        self.current_a = (self.current_a + step.current_a_per_s * seconds).max(0.0);
        self.frequency_hz += step.frequency_hz_per_s * seconds;
    }
}

/// A recording as a signal, with its frequency.
///
/// # Errors
/// Those of [`Recording::read`] and [`prepare`].
pub fn signal_of(path: &Path) -> Result<(Signal, f64), InputError> {
    let recording = Recording::read(path)?;
    Ok(match prepare(path, &recording)? {
        Prepared::Cycle { series, f_hz } => (Signal::Periodic(Arc::new(series)), f_hz),
        Prepared::Long(recorded) => {
            let f_hz = recorded.f_hz();
            (Signal::Recorded(Arc::new(*recorded)), f_hz)
        }
    })
}

impl FaultEntry {
    fn timed(&self) -> Result<TimedFault, String> {
        let fault = match self.kind {
            FaultKind::CorruptResponse => Fault::CorruptResponse,
            FaultKind::CorruptCommand => Fault::CorruptCommand,
            FaultKind::LostReady => Fault::LostReady,
            FaultKind::Reset => Fault::Reset,
            FaultKind::Dead => Fault::Dead,
            FaultKind::StuckChannel => {
                let channel = self.channel.filter(|&channel| channel < LINES);
                Fault::StuckChannel {
                    channel: channel.ok_or("stuck-channel needs channel = 0, 1 or 2")?,
                    code: self.code,
                }
            }
            FaultKind::DisturbedRegister => {
                let (address, bits) = self
                    .register
                    .zip(self.bits)
                    .ok_or("disturbed-register needs register and bits")?;
                Fault::DisturbedRegister { address, bits }
            }
        };
        if self.one_in == Some(0) {
            return Err("one_in = 0 says nothing".into());
        }
        let from = from_seconds(self.at_s);
        let until = self.duration_s.map_or(Time::MAX, |duration_s| {
            from.saturating_add(from_seconds(duration_s))
        });
        Ok(TimedFault {
            fault,
            from,
            until,
            one_in: self.one_in.unwrap_or(1),
        })
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
