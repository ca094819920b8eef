//! Where the recorded mains waveforms are, when they are there at all: they stay out of the repository.

use std::path::{Path, PathBuf};

/// The recordings' folder: `METER430_WAVEFORMS`, or `../shared/waveforms` beside the project. `None` when absent.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("METER430_WAVEFORMS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/waveforms"),
        PathBuf::from,
    );
    folder.join("index.csv").is_file().then_some(folder)
}

/// Recordings in name order; empty when the folder is absent.
#[must_use]
pub fn recordings() -> Vec<PathBuf> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "csv") && !path.ends_with("index.csv"))
        .collect();
    files.sort();
    files
}
