//! Load currents computed from the circuit that draws them, on a sinusoidal voltage.

use std::f64::consts::{PI, TAU};

use serde::Deserialize;

use super::numbers::radians;
use super::series::Series;

/// Orders kept. Edges go on for ever; what lies above this order is over 6 kHz and hardly reaches the terminals through the
/// wiring's inductance.
const ORDERS: usize = 100;
/// Points per cycle for those shapes that are integrated numerically.
const POINTS: usize = 1 << 14;

/// A circuit.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum Shape {
    /// A resistor behind a triac that fires `angle_deg` after each zero crossing (dimmer, speed control).
    PhaseFired {
        /// Firing angle.
        angle_deg: f64,
    },
    /// A resistor behind one diode (half-power setting of a hair iron or dryer).
    HalfWave,
    /// A full bridge charging a capacitor behind a resistance, feeding constant power: every supply without power factor
    /// correction.
    RectifierCapacitor {
        /// Time constant ωRC of the charging resistance and the capacitor, radians of the mains cycle.
        charging_rad: f64,
        /// Time constant ωR_L C with the load's equivalent resistance, radians.
        discharging_rad: f64,
    },
    /// An inductance with an iron core that saturates beside a resistance: small motors and transformers.
    SaturatingCore {
        /// Displacement of the linear part, degrees lagging.
        lag_deg: f64,
        /// Peak of the saturation current over the peak of the linear part.
        peak: f64,
        /// Exponent of the flux in the saturation current, odd.
        exponent: i32,
    },
}

impl Shape {
    /// One cycle in arbitrary scale; θ = 0 at the voltage's rising zero crossing.
    pub fn series(&self) -> Series {
        let sampled = |f: &dyn Fn(f64) -> f64| -> Vec<f64> {
            (0..POINTS)
                .map(|n| f(TAU * n as f64 / POINTS as f64))
                .collect()
        };
        let samples = match *self {
            Self::PhaseFired { angle_deg } => {
                let fire = radians(angle_deg);
                sampled(&|theta| if theta % PI >= fire { theta.sin() } else { 0.0 })
            }
            Self::HalfWave => sampled(&|theta| theta.sin().max(0.0)),
            Self::RectifierCapacitor {
                charging_rad,
                discharging_rad,
            } => rectifier(charging_rad, discharging_rad),
            Self::SaturatingCore {
                lag_deg,
                peak,
                exponent,
            } => {
                let lag = radians(lag_deg);
                // Flux lags the voltage by a quarter cycle; the iron's current is an odd power of it.
                sampled(&|theta| (theta - lag).sin() + peak * (-theta.cos()).powi(exponent))
            }
        };
        let mut series = Series::from_samples(&samples);
        series.harmonics.truncate(ORDERS);
        if matches!(self, Self::PhaseFired { .. }) {
            // The choke that every such circuit carries rounds its edge, here over one hundredth of a cycle; without it the
            // cut-off spectrum would ring.
            for (amplitude, order) in series.harmonics.iter_mut().zip(1..) {
                let x = PI * f64::from(order) / ORDERS as f64;
                *amplitude *= x.sin() / x;
            }
        }
        series
    }
}

/// Line current of the bridge, integrated until the capacitor repeats: C dv/dt = (|u| − v)/R while that is positive, less
/// the constant power that the load takes.
fn rectifier(charging_rad: f64, discharging_rad: f64) -> Vec<f64> {
    let step = TAU / POINTS as f64;
    let mut voltage: f64 = 0.9;
    let mut current = vec![0.0; POINTS];
    for _ in 0..40 {
        let before = voltage;
        for (n, slot) in current.iter_mut().enumerate() {
            let source = (step * (n as f64 + 0.5)).sin();
            let charging = (source.abs() - voltage).max(0.0) / charging_rad;
            // Constant power, of a resistance at full voltage; below half voltage the supply gives up.
            let load = 1.0 / voltage.max(0.5) / discharging_rad;
            voltage += (charging - load) * step;
            *slot = charging.copysign(source);
        }
        if (voltage - before).abs() < 1e-12 {
            break;
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_wave_has_its_textbook_spectrum() {
        let series = Shape::HalfWave.series();
        assert!((series.dc - 1.0 / PI).abs() < 1e-6);
        // Amplitudes 1/2, 2/(3π) at the second, 2/(15π) at the fourth, nothing at the third.
        for (order, peak) in [
            (1, 0.5),
            (2, 2.0 / (3.0 * PI)),
            (3, 0.0),
            (4, 2.0 / (15.0 * PI)),
        ] {
            assert!(
                (series.phasor(order).norm() * 2f64.sqrt() - peak).abs() < 1e-6,
                "order {order}"
            );
        }
    }

    #[test]
    fn a_dimmer_at_90_degrees_has_its_textbook_spectrum() {
        let series = Shape::PhaseFired { angle_deg: 90.0 }.series();
        let first = series.phasor(1).norm() * 2f64.sqrt();
        assert!(
            (first - (0.25f64 + 1.0 / (PI * PI)).sqrt()).abs() < 1e-3,
            "{first}"
        );
        assert!((series.phasor(3).norm() * 2f64.sqrt() - 1.0 / PI).abs() < 1e-3);
        assert!(series.phasor(2).norm() < 1e-9 && series.dc.abs() < 1e-9);
        // It lags although there is no coil: the fundamental's quadrature part is 1/π against 1/2 in phase.
        let against_sine = series.phasor(1) * num_complex::Complex64::I;
        assert!((against_sine.arg() + (2.0 / PI).atan()).abs() < 1e-3);
    }

    #[test]
    fn a_rectifier_draws_short_pulses_at_the_crest() {
        let series = Shape::RectifierCapacitor {
            charging_rad: 0.1,
            discharging_rad: 12.0,
        }
        .series();
        let distortion = (series.mean_square(2, 100) / series.mean_square(1, 1)).sqrt();
        assert!((0.8..1.8).contains(&distortion), "{distortion}");
        let against_sine = series.phasor(1) * num_complex::Complex64::I;
        assert!(
            against_sine.arg() > 0.0,
            "charging ends soon after the crest, so the fundamental leads"
        );
        assert!(series.phasor(2).norm() < 1e-3 * series.phasor(1).norm());
    }
}
