//! Mains and load as numbers on the command line: `220,60`, `10`, `10,0.5L`, `10,0.8C`, `fridge`, `2,fridge`.

use std::f64::consts::TAU;

use super::appliance::Appliance;
use super::segment::LINES;
use super::series::Series;
use crate::input_error::InputError;

/// Mains frequencies the model takes, hertz.
pub const FREQUENCIES_HZ: std::ops::RangeInclusive<f64> = 40.0..=70.0;

/// A sinusoidal supply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mains {
    /// Volts rms.
    pub voltage_v: f64,
    /// Hertz.
    pub frequency_hz: f64,
}

impl Default for Mains {
    fn default() -> Self {
        Self {
            voltage_v: 220.0,
            frequency_hz: 60.0,
        }
    }
}

impl Mains {
    /// Reads `VOLTS,HERTZ`; hertz may be left out.
    ///
    /// # Errors
    /// Not numbers, negative volts or over 1000 V, frequency outside 40 to 70 Hz.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let wrong = |what: String| {
            InputError::option(
                format!("--mains {text}"),
                what,
                "write volts and hertz, --mains 220,60",
            )
        };
        let (volts, hertz) = text
            .split_once(',')
            .map_or((text, None), |(volts, hertz)| (volts, Some(hertz)));
        let number = |field: &str| {
            field
                .trim()
                .parse::<f64>()
                .map_err(|_| wrong(format!("\"{field}\" is not a number")))
        };
        let voltage_v = number(volts)?;
        let frequency_hz = hertz.map_or(Ok(Self::default().frequency_hz), number)?;
        if !(0.0..=1000.0).contains(&voltage_v) {
            return Err(wrong(format!("{voltage_v} V is outside 0 to 1000 V")));
        }
        if !FREQUENCIES_HZ.contains(&frequency_hz) {
            return Err(wrong(format!("{frequency_hz} Hz is outside 40 to 70 Hz")));
        }
        Ok(Self {
            voltage_v,
            frequency_hz,
        })
    }
}

/// What hangs on the mains.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// A sinusoidal current.
    Linear {
        /// Amperes rms.
        current_a: f64,
        /// Displacement, radians, positive when the current lags.
        lag_rad: f64,
    },
    /// An appliance of the library.
    Appliance {
        /// Which.
        appliance: Appliance,
        /// Amperes rms, its own usual current if absent.
        current_a: Option<f64>,
    },
}

impl Default for Load {
    fn default() -> Self {
        Self::Linear {
            current_a: 10.0,
            lag_rad: 0.0,
        }
    }
}

impl Load {
    /// Reads `AMPERES`, `AMPERES,POWERFACTOR`, `APPLIANCE` or `AMPERES,APPLIANCE`. A power factor is a number from −1 to 1
    /// with `L` (lags) or `C` (leads) behind it; negative feeds back into the mains.
    ///
    /// # Errors
    /// Not of this form, amperes negative or over 1000 A, an appliance that is not in the library.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let wrong = |what: String| {
            let remedy = format!(
                "write amperes and power factor, --load 10,0.5L, or one of {}",
                Appliance::names().join(", ")
            );
            InputError::option(format!("--load {text}"), what, remedy)
        };
        let (first, second) = text
            .split_once(',')
            .map_or((text.trim(), None), |(a, b)| (a.trim(), Some(b.trim())));
        let Ok(current_a) = first.parse::<f64>() else {
            let appliance = Appliance::named(first).filter(|_| second.is_none());
            let appliance = appliance.ok_or_else(|| {
                wrong(format!("\"{first}\" is neither a number nor an appliance"))
            })?;
            return Ok(Self::Appliance {
                appliance,
                current_a: None,
            });
        };
        if !(0.0..=1000.0).contains(&current_a) {
            return Err(wrong(format!("{current_a} A is outside 0 to 1000 A")));
        }
        match second {
            None => Ok(Self::Linear {
                current_a,
                lag_rad: 0.0,
            }),
            Some(second) => match parse_power_factor(second) {
                Some(lag_rad) => Ok(Self::Linear { current_a, lag_rad }),
                None => {
                    let appliance = Appliance::named(second);
                    let appliance = appliance.ok_or_else(|| {
                        wrong(format!(
                            "\"{second}\" is neither a power factor nor an appliance"
                        ))
                    })?;
                    Ok(Self::Appliance {
                        appliance,
                        current_a: Some(current_a),
                    })
                }
            },
        }
    }

    /// The current as a series against the voltage's rising zero crossing.
    pub fn series(&self) -> Series {
        match self {
            Self::Linear { current_a, lag_rad } => Series::sine(*current_a, -lag_rad),
            Self::Appliance {
                appliance,
                current_a,
            } => {
                let series = appliance.current();
                current_a.map_or_else(
                    || series.clone(),
                    |amperes| series.scaled(amperes / series.rms()),
                )
            }
        }
    }
}

/// Displacement in radians, positive lagging, of `1`, `0.5L`, `0.8C`, `-1`, `-0.5L`; `None` if it is none of the kind.
pub fn parse_power_factor(text: &str) -> Option<f64> {
    let (number, sign) = match text.char_indices().last()? {
        (at, 'L' | 'l') => (&text[..at], 1.0),
        (at, 'C' | 'c') => (&text[..at], -1.0),
        _ => (text, 1.0),
    };
    let power_factor: f64 = number.trim().parse().ok()?;
    let sided = number.len() != text.len();
    // Without a side only ±1 says where the current stands.
    let clear = sided || power_factor.abs() == 1.0;
    ((-1.0..=1.0).contains(&power_factor) && clear).then(|| sign * power_factor.acos())
}

/// The three lines of a sinusoidal supply with a load; the neutral carries the line's current.
pub fn lines(mains: &Mains, load: &Load) -> [Series; LINES] {
    let current = load.series();
    [Series::sine(mains.voltage_v, 0.0), current.clone(), current]
}

/// Degrees to radians.
pub fn radians(degrees: f64) -> f64 {
    degrees / 360.0 * TAU
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mains::tally::Tally;

    #[test]
    fn reads_mains() {
        assert_eq!(
            Mains::parse("220,60").unwrap(),
            Mains {
                voltage_v: 220.0,
                frequency_hz: 60.0
            }
        );
        assert_eq!(
            Mains::parse("127.5, 50").unwrap(),
            Mains {
                voltage_v: 127.5,
                frequency_hz: 50.0
            }
        );
        assert_eq!(
            Mains::parse("120").unwrap(),
            Mains {
                voltage_v: 120.0,
                frequency_hz: 60.0
            }
        );
        for (text, what) in [
            ("", "not a number"),
            ("220;60", "not a number"),
            ("-5,60", "outside 0 to 1000 V"),
            ("220,400", "outside 40 to 70 Hz"),
            ("nan,60", "outside"),
        ] {
            let error = Mains::parse(text).unwrap_err().to_string();
            assert!(
                error.contains(what) && error.contains("--mains 220,60"),
                "{error}"
            );
        }
    }

    #[test]
    fn positive_power_and_lagging_var_are_import() {
        let at = |load: &str| {
            Tally::of_series(&lines(&Mains::default(), &Load::parse(load).unwrap()), 60.0)
        };
        let close = |value: f64, expected: f64| {
            assert!(
                (value - expected).abs() < 1e-9 * 2200.0,
                "{value} {expected}"
            )
        };
        let sin60 = 0.75f64.sqrt();
        for (load, p_w, q_var) in [
            ("10", 2200.0, 0.0),
            ("10,1", 2200.0, 0.0),
            ("10,0.5L", 1100.0, 2200.0 * sin60),
            ("10,0.8C", 1760.0, -1320.0),
            ("10,-1", -2200.0, 0.0),
            ("10,-0.5L", -1100.0, 2200.0 * sin60),
            ("0", 0.0, 0.0),
            ("10,0L", 0.0, 2200.0),
        ] {
            let tally = at(load);
            close(tally.vi, p_w);
            close(tally.q1, q_var);
            close(tally.s, if load == "0" { 0.0 } else { 2200.0 });
            close(tally.import - tally.export, p_w);
        }
        close(at("10,0.5L").quadrant_1, 2200.0 * sin60);
        close(at("10,-0.5L").quadrant_2, 2200.0 * sin60);
        close(at("10,-0.8C").quadrant_3, 1320.0);
        close(at("10,0.8C").quadrant_4, 1320.0);
    }

    #[test]
    fn appliances_scale_to_the_current_asked_for() {
        let Load::Appliance { appliance, .. } = Load::parse("laptop").unwrap() else {
            panic!("not the appliance")
        };
        assert!(
            (Load::parse("laptop").unwrap().series().rms() - appliance.current_a()).abs() < 1e-9
        );
        assert!((Load::parse("2.5,laptop").unwrap().series().rms() - 2.5).abs() < 1e-9);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for load in [
            "ten",
            "10,0.5",
            "10,1.5L",
            "10,L",
            "-3",
            "10,toaster9",
            "toaster9",
            "laptop,3",
            "nan",
        ] {
            let error = Load::parse(load).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("--load {load}: ")) && error.contains("10,0.5L"),
                "{error}"
            );
        }
    }
}
