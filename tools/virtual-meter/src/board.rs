//! One copy of the meter's board: how its sensors, converter and crystals differ from nominal.
//!
//! Boards come from TOML (every key optional, zero error where absent), from a seed, or as `ideal`. A phase error is a
//! constant delay, named by its angle at 60 Hz; a current transformer's extra angle may depend on the current.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::converter::{Imperfections, VREF_V};
use crate::input_error::InputError;
use crate::mains::segment::LINES;
use crate::mains::timeline::REFERENCE_C;

mod population;

pub use population::Spread;

/// Volts peak and amperes peak at the converter's full scale: voltage, line, neutral (design page section 1).
pub const FULL_SCALE: [f64; LINES] = [600.0, 150.0, 150.0];
/// Frequency at which phase errors are named.
pub const PHASE_REFERENCE_HZ: f64 = 60.0;
/// Turnover temperature of a 32 768 Hz tuning-fork crystal, °C.
const TURNOVER_C: f64 = 25.0;

const TYPICAL: &str = include_str!("../data/typical-board.toml");

/// One copy of the board.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Board {
    /// What to call it.
    pub name: String,
    /// Seed of its noise.
    pub seed: u64,
    /// Voltage divider and its channel.
    pub voltage: Sensor,
    /// Line current transformer and its channel.
    pub line: Sensor,
    /// Neutral current transformer and its channel.
    pub neutral: Sensor,
    /// What the channels share.
    pub converter: Converter,
    /// The microcontroller's side.
    pub mcu: Mcu,
}

/// One measuring channel.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sensor {
    /// Actual over nominal ratio.
    pub gain: f64,
    /// Delay as an angle at 60 Hz; positive: the measured signal lags.
    pub phase_deg: f64,
    /// Further angle that depends on the current, straight lines over its logarithm, ascending.
    pub phase_curve: Vec<PhasePoint>,
    /// Change of the ratio with temperature, from 23 °C.
    pub gain_drift_ppm_per_c: f64,
    /// Input-referred offset of the channel.
    pub offset_uv: f64,
    /// Its change with temperature.
    pub offset_drift_uv_per_c: f64,
    /// Largest deviation of the channel from a straight line, signed, of full scale.
    pub inl_ppm: f64,
}

/// A point of [`Sensor::phase_curve`].
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhasePoint {
    /// Amperes rms.
    pub current_a: f64,
    /// Angle at 60 Hz; positive: lags.
    pub phase_deg: f64,
}

/// Errors common to the channels.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Converter {
    /// Noise as a multiple of the data sheet's typical value.
    pub noise: f64,
    /// Error of the reference as it acts on gain.
    pub reference_ppm: f64,
    /// Its change with temperature.
    pub reference_drift_ppm_per_c: f64,
    /// Crosstalk between any two channels in decibels of the converter's input; absent: none.
    pub crosstalk_db: Option<f64>,
    /// Error of the converter's crystal at 23 °C.
    pub crystal_ppm: f64,
    /// Its change with temperature.
    pub crystal_drift_ppm_per_c: f64,
}

/// Errors on the microcontroller's side.
#[derive(Clone, Debug, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mcu {
    /// Error of the 32 768 Hz crystal at 25 °C.
    pub crystal_ppm: f64,
    /// Its curvature over temperature, about −0.034 for a tuning fork.
    pub crystal_parabola_ppm_per_c2: f64,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            name: "ideal".into(),
            seed: 1,
            voltage: Sensor::default(),
            line: Sensor::default(),
            neutral: Sensor::default(),
            converter: Converter::default(),
            mcu: Mcu::default(),
        }
    }
}

impl Default for Sensor {
    fn default() -> Self {
        Self {
            gain: 1.0,
            phase_deg: 0.0,
            phase_curve: Vec::new(),
            gain_drift_ppm_per_c: 0.0,
            offset_uv: 0.0,
            offset_drift_uv_per_c: 0.0,
            inl_ppm: 0.0,
        }
    }
}

impl Default for Converter {
    fn default() -> Self {
        Self {
            noise: 0.0,
            reference_ppm: 0.0,
            reference_drift_ppm_per_c: 0.0,
            crosstalk_db: None,
            crystal_ppm: 0.0,
            crystal_drift_ppm_per_c: 0.0,
        }
    }
}

impl Board {
    /// No error at all.
    pub fn ideal() -> Self {
        Self::default()
    }

    /// A typical board before calibration, the default of the virtual meter.
    pub fn typical() -> Self {
        toml::from_str(TYPICAL).expect("the shipped board is correct, a test reads it")
    }

    /// The board that an option names: `ideal`, `typical`, `random:SEED` or a TOML file; none is the typical one.
    ///
    /// # Errors
    /// With file and line where there is one: unreadable, unknown key, wrong type, impossible value.
    pub fn from_option(option: Option<&str>) -> Result<Self, InputError> {
        match option {
            None | Some("typical") => Ok(Self::typical()),
            Some("ideal") => Ok(Self::ideal()),
            Some(name) => match name.strip_prefix("random:") {
                Some(seed) => {
                    let seed = seed.parse().map_err(|_| {
                        InputError::option(
                            "--board",
                            format!("\"{seed}\" is not a seed"),
                            "write --board random:17, say",
                        )
                    })?;
                    Ok(Self::random(seed, &Spread::FACTORY))
                }
                None => Self::read(Path::new(name)),
            },
        }
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    /// As [`from_option`](Self::from_option).
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let text =
            fs::read_to_string(path).map_err(|error| InputError::unreadable(path, &error))?;
        let board: Self =
            toml::from_str(&text).map_err(|error| InputError::toml(path, &text, &error))?;
        board
            .check()
            .map_err(|(what, remedy)| InputError::file(path, what, remedy))?;
        Ok(board)
    }

    fn check(&self) -> Result<(), (String, &'static str)> {
        for (name, sensor) in [
            ("voltage", &self.voltage),
            ("line", &self.line),
            ("neutral", &self.neutral),
        ] {
            if !(0.1..=10.0).contains(&sensor.gain.abs()) {
                return Err((
                    format!("{name}.gain = {} is no ratio near 1", sensor.gain),
                    "write actual over nominal, 1.005 say",
                ));
            }
            if sensor.phase_deg.abs() > 90.0 {
                return Err((
                    format!("{name}.phase_deg = {} is over 90°", sensor.phase_deg),
                    "give a small angle at 60 Hz",
                ));
            }
            let ascending = sensor
                .phase_curve
                .windows(2)
                .all(|pair| pair[0].current_a < pair[1].current_a);
            if !ascending
                || sensor
                    .phase_curve
                    .iter()
                    .any(|point| point.current_a <= 0.0)
            {
                return Err((
                    format!("{name}.phase_curve does not ascend from above 0 A"),
                    "sort its points by current_a",
                ));
            }
        }
        let Converter {
            noise,
            crosstalk_db,
            crystal_ppm,
            ..
        } = self.converter;
        if !(0.0..=1e4).contains(&noise) {
            return Err((
                format!("converter.noise = {noise}"),
                "give a multiple of the typical noise, 0 to 10000",
            ));
        }
        if crosstalk_db.is_some_and(|db| db > 0.0) {
            return Err((
                "converter.crosstalk_db is positive".into(),
                "give a level below 0, -120 say",
            ));
        }
        if crystal_ppm.abs() > 1e5 || self.mcu.crystal_ppm.abs() > 1e5 {
            return Err(("crystal_ppm is over 10 %".into(), "give parts per million"));
        }
        Ok(())
    }

    /// The sensors in the converter's order of channels.
    pub fn sensors(&self) -> [&Sensor; LINES] {
        [&self.voltage, &self.line, &self.neutral]
    }

    /// Volts at the converter's pins per volt or ampere at the terminals, at 23 °C.
    pub fn ratio(&self, line: usize) -> f64 {
        self.sensors()[line].gain * VREF_V / FULL_SCALE[line]
    }

    /// Factor on [`ratio`](Self::ratio) at another temperature.
    pub fn drift(&self, line: usize, celsius: f64) -> f64 {
        1.0 + self.sensors()[line].gain_drift_ppm_per_c * 1e-6 * (celsius - REFERENCE_C)
    }

    /// Delay of a line's signal in seconds, at a current in amperes rms.
    pub fn delay_s(&self, line: usize, current_a: f64) -> f64 {
        let sensor = self.sensors()[line];
        let degrees = sensor.phase_deg + on_curve(&sensor.phase_curve, current_a);
        degrees / 360.0 / PHASE_REFERENCE_HZ
    }

    /// Part of one channel's pin voltage that appears in another.
    pub fn crosstalk(&self) -> f64 {
        self.converter
            .crosstalk_db
            .map_or(0.0, |db| 10f64.powf(db / 20.0))
    }

    /// The converter's own errors at a temperature.
    pub fn imperfections(&self, celsius: f64) -> Imperfections {
        let away_c = celsius - REFERENCE_C;
        let sensors = self.sensors();
        let converter = &self.converter;
        let reference = (1.0 + converter.reference_ppm * 1e-6)
            * (1.0 + converter.reference_drift_ppm_per_c * 1e-6 * away_c);
        Imperfections {
            offset_v: sensors
                .map(|sensor| (sensor.offset_uv + sensor.offset_drift_uv_per_c * away_c) * 1e-6),
            gain: [reference; LINES],
            bend: sensors.map(|sensor| sensor.inl_ppm * 1e-6),
            noise: converter.noise,
            crystal_ppm: converter.crystal_ppm + converter.crystal_drift_ppm_per_c * away_c,
        }
    }

    /// Error of the microcontroller's 32 768 Hz crystal at a temperature, ppm.
    pub fn mcu_crystal_ppm(&self, celsius: f64) -> f64 {
        self.mcu.crystal_ppm + self.mcu.crystal_parabola_ppm_per_c2 * (celsius - TURNOVER_C).powi(2)
    }
}

/// Value of the curve at a current; constant outside it, zero without points.
fn on_curve(curve: &[PhasePoint], current_a: f64) -> f64 {
    let after = curve.partition_point(|point| point.current_a <= current_a);
    match (
        after.checked_sub(1).map(|before| curve[before]),
        curve.get(after),
    ) {
        (None, None) => 0.0,
        (Some(point), None) => point.phase_deg,
        (None, Some(point)) => point.phase_deg,
        (Some(low), Some(high)) => {
            let share = (current_a / low.current_a).ln() / (high.current_a / low.current_a).ln();
            low.phase_deg + share * (high.phase_deg - low.phase_deg)
        }
    }
}

#[cfg(test)]
mod tests;
