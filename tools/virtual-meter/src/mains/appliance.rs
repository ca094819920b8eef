//! The library of household loads: spectra from published tables, and shapes computed from what makes them.

use serde::Deserialize;

use super::numbers::radians;
use super::series::Series;
use super::shapes::Shape;

const LIBRARY: &str = include_str!("../../data/appliances.toml");

/// One load of the library.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appliance {
    name: String,
    title: String,
    source: String,
    current_a: f64,
    #[serde(default)]
    spectrum: Vec<Line>,
    shape: Option<Shape>,
}

/// One order of a spectrum, √2 · I₁ · percent/100 · sin(order · θ + phase), θ from the voltage's rising zero crossing.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    order: usize,
    percent: f64,
    phase_deg: f64,
}

#[derive(Deserialize)]
struct Library {
    appliance: Vec<Appliance>,
}

impl Appliance {
    /// All of them, in the library's order.
    pub fn all() -> Vec<Self> {
        toml::from_str::<Library>(LIBRARY)
            .expect("the shipped library is correct, a test reads it")
            .appliance
    }

    /// Their names.
    pub fn names() -> Vec<String> {
        Self::all()
            .into_iter()
            .map(|appliance| appliance.name)
            .collect()
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all()
            .into_iter()
            .find(|appliance| appliance.name == name)
    }

    /// Name on the command line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where its spectrum comes from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Usual current, amperes rms.
    pub fn current_a(&self) -> f64 {
        self.current_a
    }

    /// One cycle of its current at its usual rms value, on a sinusoidal voltage.
    pub fn current(&self) -> Series {
        let mut series = self.shape.as_ref().map(Shape::series).unwrap_or_default();
        for line in &self.spectrum {
            series.add(line.order, line.percent / 100.0, radians(line.phase_deg));
        }
        let rms = series.rms();
        series.scaled(self.current_a / rms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mains::tally::Tally;

    #[test]
    fn the_library_is_complete_and_says_where_it_comes_from() {
        let all = Appliance::all();
        assert!(all.len() >= 10);
        for appliance in &all {
            assert!(!appliance.title().is_empty(), "{}", appliance.name());
            assert!(
                ["Computed: ", "Table: ", "A resistance"]
                    .iter()
                    .any(|start| appliance.source().starts_with(start))
            );
            assert!(
                appliance.shape.is_some() == appliance.spectrum.is_empty(),
                "{}: one of both",
                appliance.name()
            );
            assert!((appliance.current().rms() - appliance.current_a()).abs() < 1e-9);
            assert_eq!(
                all.iter()
                    .filter(|other| other.name() == appliance.name())
                    .count(),
                1
            );
        }
    }

    #[test]
    fn loads_consume_and_have_plausible_power_factors() {
        // Appliance, power factor and distortion of the current as handbooks give them.
        let expected = [
            ("heater", 1.0..1.01, 0.0..0.1),
            ("hair-iron", 0.70..0.72, 43.0..45.0),
            ("dimmer", 0.70..0.72, 60.0..68.0),
            ("laptop", 0.5..0.75, 85.0..150.0),
            ("lamp", 0.55..0.75, 80.0..130.0),
            ("fridge", 0.6..0.85, 3.0..15.0),
            ("fan", 0.35..0.65, 15.0..45.0),
            ("drive", 0.9..0.98, 25.0..30.0),
            ("vacuum", 0.85..0.95, 35.0..50.0),
        ];
        for (name, power_factor, distortion_pct) in expected {
            let current = Appliance::named(name).unwrap().current();
            let tally =
                Tally::of_series(&[Series::sine(120.0, 0.0), current.clone(), current], 60.0);
            let found = tally.vi / tally.s;
            assert!(
                power_factor.contains(&found),
                "{name}: power factor {found}"
            );
            let found = 100.0 * (tally.iih / tally.ii1).sqrt();
            assert!(
                distortion_pct.contains(&found),
                "{name}: distortion {found} %"
            );
        }
    }
}
