//! The household of the demonstration: one appliance after the other, from recordings or from the shipped spectra.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

/// How long each appliance runs.
pub const STEP_S: u32 = 10;

/// Recorded appliances by the start of the recording's file name. The smallest comes first and last, so that what flows before
/// the meter's first window and after its last one hardly counts in the energies.
const RECORDED: [(&str, &str); 8] = [
    ("cfl_run", "energy-saving lamp"),
    ("incandescent_run", "light bulb"),
    ("fridge_run", "refrigerator"),
    ("waterkettle_run", "water kettle"),
    ("vacuum_run", "vacuum cleaner"),
    ("airconditioner_run", "air conditioner"),
    ("hairiron_run", "hair iron"),
    ("cfl_run", "energy-saving lamp"),
];

/// Shipped loads by their names in the virtual meter's library, in the same order of thought.
const SHIPPED: [(&str, &str); 7] = [
    ("lamp", "LED lamp"),
    ("fridge", "refrigerator"),
    ("laptop", "laptop"),
    ("heater", "water kettle"),
    ("vacuum", "vacuum cleaner"),
    ("drive", "washing machine"),
    ("lamp", "LED lamp"),
];

/// Appliances in order, and the scenario that switches them.
pub struct Household {
    /// Where the waveforms come from, for the headline.
    pub source: String,
    /// What runs, [`STEP_S`] each.
    pub appliances: Vec<&'static str>,
    /// The scenario file's text.
    pub scenario: String,
}

impl Household {
    /// The recordings beside the work tree where they are, the shipped spectra otherwise.
    pub fn find() -> Self {
        experiments::waveforms::folder()
            .and_then(|folder| Self::recorded(&folder))
            .unwrap_or_else(Self::shipped)
    }

    fn recorded(folder: &Path) -> Option<Self> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
            .ok()?
            .flatten()
            .map(|file| file.path())
            .collect();
        names.sort();
        let file_of = |start: &str| {
            let named = |path: &&PathBuf| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(start))
            };
            names.iter().find(named)?.canonicalize().ok()
        };
        let files: Option<Vec<PathBuf>> =
            RECORDED.iter().map(|(start, _)| file_of(start)).collect();
        let steps = files?
            .into_iter()
            .map(|file| format!("waveform = {:?}", file.display().to_string()));
        let source = format!("recordings of real appliances in {}", folder.display());
        Some(Self::new(
            source,
            RECORDED.iter().map(|(_, title)| *title).collect(),
            steps,
        ))
    }

    fn shipped() -> Self {
        let steps = SHIPPED
            .iter()
            .map(|(name, _)| format!("voltage_v = 220.0\nfrequency_hz = 60.0\nload = {name:?}"));
        let source = "the virtual meter's library of household loads, 220 V 60 Hz".to_owned();
        Self::new(
            source,
            SHIPPED.iter().map(|(_, title)| *title).collect(),
            steps,
        )
    }

    fn new(
        source: String,
        appliances: Vec<&'static str>,
        steps: impl Iterator<Item = String>,
    ) -> Self {
        let mut scenario = String::from("# Written by `cargo xtask demo`.\n");
        for (number, step) in (0..).zip(steps) {
            let _ = writeln!(scenario, "\n[[step]]\nat_s = {}.0\n{step}", number * STEP_S);
        }
        Self {
            source,
            appliances,
            scenario,
        }
    }

    /// Writes the scenario and returns its place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self) -> Result<PathBuf> {
        let path = workspace::target().join("household.toml");
        std::fs::write(&path, &self.scenario)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_recordings_the_shipped_loads_serve() {
        assert!(Household::recorded(Path::new("no-such-folder")).is_none());
        let household = Household::shipped();
        assert_eq!(
            household.scenario.matches("[[step]]").count(),
            household.appliances.len()
        );
        for (name, _) in SHIPPED {
            assert!(
                virtual_meter::mains::appliance::Appliance::named(name).is_some(),
                "{name} is not in the library"
            );
        }
    }
}
