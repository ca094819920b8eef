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
