//! What the steps of a scenario change, and the segment that follows from it.

use std::path::Path;
use std::sync::Arc;

use super::{Harmonic, Step};
use crate::input_error::InputError;
use crate::mains::appliance::Appliance;
use crate::mains::numbers::{FREQUENCIES_HZ, Load, Mains, parse_power_factor, radians};
use crate::mains::phase::Phase;
use crate::mains::prepared::read_signal;
use crate::mains::segment::{LINES, Segment, Signal};
use crate::mains::series::Series;
use crate::time::{from_seconds, to_seconds};

/// Highest order a scenario may ask for.
const LAST_ORDER: usize = 200;

/// The state that steps change.
#[derive(Clone)]
pub(super) struct State {
    voltage_v: f64,
    frequency_hz: f64,
    current_a: f64,
    lag_rad: f64,
    appliance: Option<Appliance>,
    recording: Option<Signal>,
    neutral_a: Option<f64>,
    dc: [f64; 2],
    /// Voltage and current over what the step or its recording says, percent.
    scale_pct: [f64; 2],
    harmonics: [Vec<Harmonic>; 2],
}

/// What is wrong with a step: a value and its remedy, or a file that it names.
pub(super) enum StepError {
    Value(String, &'static str),
    Input(InputError),
}

impl State {
    /// Before the first step: what the command line says.
    pub fn new(mains: &Mains, load: &Load) -> Self {
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
            scale_pct: [100.0; 2],
            harmonics: [Vec::new(), Vec::new()],
        }
    }

    /// Takes over what a step names.
    pub fn follow(&mut self, path: &Path, step: &Step) -> Result<(), StepError> {
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
        for (slot, percent) in self
            .scale_pct
            .iter_mut()
            .zip([step.voltage_pct, step.current_pct])
        {
            if let Some(percent) = percent {
                *slot = bounded("a percentage", percent, 1000.0)?;
            }
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
            let (signal, frequency_hz) = read_signal(&file).map_err(StepError::Input)?;
            self.recording = Some(signal);
            if step.frequency_hz.is_none() {
                self.frequency_hz = frequency_hz;
            }
        }
        Ok(())
    }

    /// The segment from this step on.
    pub fn segment(
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
        let signal = self.signal().ok_or((
            "voltage_pct and current_pct do not act on recordings of many cycles".into(),
            "use a recording of one cycle",
        ))?;
        Ok(Segment {
            start,
            begun: start,
            phase,
            signal,
            growth_per_s: [voltage, current, current],
        })
    }

    /// The shape in force, scaled; `None` where it cannot be.
    fn signal(&self) -> Option<Signal> {
        let scaled = |series: &[Series; LINES]| {
            let [voltage, current] = self.scale_pct.map(|percent| percent / 100.0);
            let factors = [voltage, current, current];
            Signal::Periodic(Arc::new(std::array::from_fn(|line| {
                series[line].scaled(factors[line])
            })))
        };
        match &self.recording {
            None => Some(scaled(&self.lines())),
            Some(Signal::Periodic(series)) => Some(scaled(series)),
            Some(recorded) => (self.scale_pct == [100.0; 2]).then(|| recorded.clone()),
        }
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
    pub fn settle_ramps(&mut self, step: &Step, next_s: Option<f64>) {
        let Some(next_s) = next_s else { return };
        let seconds = to_seconds(from_seconds(next_s) - from_seconds(step.at_s));
        self.voltage_v = (self.voltage_v + step.voltage_v_per_s * seconds).max(0.0);
        self.current_a = (self.current_a + step.current_a_per_s * seconds).max(0.0);
        self.frequency_hz += step.frequency_hz_per_s * seconds;
    }
}
