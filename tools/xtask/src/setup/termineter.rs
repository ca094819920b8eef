//! Termineter, the public C12 reader that the tests hold the meter against, in a Python environment of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{progress, workspace};

/// The release that the tests were written against.
pub const REQUIREMENT: &str = "termineter==1.0.6";

/// The environment's folder.
pub fn folder() -> PathBuf {
    workspace::target().join("termineter")
}

/// The program, if it is installed in the environment and its Python still runs.
pub fn program() -> Option<PathBuf> {
    let installed = succeeds(&folder().join("bin/python"), "import termineter");
    installed.then(|| folder().join("bin/termineter"))
}

/// A Python that can make environments. One of a version manager may come first on the path; the system's own will do as well.
pub fn python() -> Option<PathBuf> {
    let candidates = [PathBuf::from("python3"), PathBuf::from("/usr/bin/python3")];
    candidates
        .into_iter()
        .find(|python| succeeds(python, "import venv, ensurepip"))
}

/// Makes the environment and installs Termineter in it.
///
/// # Errors
/// When no Python can make environments, or pip fails.
pub fn install() -> Result<()> {
    let python = python().context("no Python 3 with venv and ensurepip: install python3-venv")?;
    let mut command = Command::new(python);
    command.args(["-m", "venv", "--clear"]).arg(folder());
    progress::run("Python environment", &mut command)?;
    let mut command = Command::new(folder().join("bin/python"));
    command.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        REQUIREMENT,
    ]);
    progress::run("Termineter", &mut command)?;
    Ok(())
}

fn succeeds(python: &std::path::Path, program: &str) -> bool {
    let output = Command::new(python).args(["-c", program]).output();
    output.is_ok_and(|output| output.status.success())
}
