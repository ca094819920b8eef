//! Set-up: says what is missing and what it will install, then installs only that.

mod debian;
mod termineter;

use std::process::Command;

use anyhow::{Result, bail};

pub use termineter::program as termineter;

use crate::progress;
use crate::toolchain::{CrossToolchain, on_path};

/// How much of the machine a task needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Build the image.
    Firmware,
    /// Build it and hold it against mspdebug and Termineter.
    Everything,
}

/// One thing that set-up can bring.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Install {
    /// Debian packages.
    Apt(Vec<&'static str>),
    /// A nightly with its library source, by rustup.
    RustupNightly,
    /// Formatter and lints of the host toolchain.
    RustupComponents,
    /// Termineter in an environment of its own.
    Termineter,
}

impl Install {
    fn announce(&self) -> String {
        match self {
            Self::Apt(packages) => format!("by apt-get: {}", packages.join(" ")),
            Self::RustupNightly => "by rustup: toolchain nightly with rust-src".to_owned(),
            Self::RustupComponents => {
                "by rustup: rustfmt and clippy for the host toolchain".to_owned()
            }
            Self::Termineter => format!(
                "from PyPI: {} into {}",
                termineter::REQUIREMENT,
                termineter::folder().display()
            ),
        }
    }
}

/// Brings the machine to where the scope needs it; quick and nearly silent when everything is there.
///
/// # Errors
/// One line per thing that is missing and that this program cannot install here.
pub fn ensure(scope: Scope) -> Result<()> {
    let (plan, helpless) = plan(scope);
    if !helpless.is_empty() {
        bail!(
            "the machine lacks, and set-up cannot install here:\n  {}",
            helpless.join("\n  ")
        );
    }
    if plan.is_empty() {
        return Ok(());
    }
    eprintln!("Set-up will install:");
    for install in &plan {
        eprintln!("  {}", install.announce());
    }
    for install in &plan {
        match install {
            Install::Apt(packages) => debian::install(packages)?,
            Install::RustupNightly => {
                let mut command = Command::new("rustup");
                command.args([
                    "toolchain",
                    "install",
                    "nightly",
                    "--profile",
                    "minimal",
                    "--component",
                    "rust-src",
                ]);
                progress::run("rustup", &mut command)?;
            }
            Install::RustupComponents => {
                progress::run(
                    "rustup",
                    Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]),
                )?;
            }
            Install::Termineter => termineter::install()?,
        }
    }
    let (still, helpless) = self::plan(scope);
    if let Some(install) = still.first() {
        bail!(
            "set-up went through, yet this is still missing: {}",
            install.announce()
        );
    }
    if let Some(lack) = helpless.first() {
        bail!("set-up went through, yet: {lack}");
    }
    Ok(())
}

/// `cargo xtask setup`: says what is there, then brings the rest.
///
/// # Errors
/// As [`ensure`].
pub fn task() -> Result<()> {
    report(Scope::Everything);
    ensure(Scope::Everything)?;
    println!("set-up is complete");
    Ok(())
}

fn report(scope: Scope) {
    match CrossToolchain::find() {
        Ok(found) => eprintln!(
            "cross toolchain: {} (linker {})",
            found.name,
            found.linker().display()
        ),
        Err(missing) => eprintln!("cross toolchain: missing ({})", missing.0.join("; ")),
    }
    if scope == Scope::Everything {
        let word = |present| if present { "present" } else { "missing" };
        eprintln!("mspdebug: {}", word(on_path("mspdebug").is_some()));
        eprintln!("Termineter: {}", word(termineter::program().is_some()));
    }
}

/// What to install, and what is missing beyond help, one line each.
fn plan(scope: Scope) -> (Vec<Install>, Vec<String>) {
    let mut plan = Vec::new();
    let mut helpless = Vec::new();
    let mut packages: Vec<&'static str> = Vec::new();
    let apt = debian::usable();
    if let Err(missing) = CrossToolchain::find() {
        if apt && debian::offers_toolchain() {
            packages.extend(debian::TOOLCHAIN);
        } else if on_path("rustup").is_some() {
            plan.push(Install::RustupNightly);
        } else {
            helpless.push(format!(
                "a toolchain for the MSP430 ({}): as root on Debian `apt-get install {}`, elsewhere rustup with a nightly and rust-src",
                missing.0.join("; "),
                debian::TOOLCHAIN.join(" ")
            ));
        }
    }
    if scope == Scope::Everything {
        if !cargo_has("fmt") || !cargo_has("clippy") {
            if on_path("rustup").is_some() {
                plan.push(Install::RustupComponents);
            } else {
                helpless
                    .push("rustfmt and clippy: install them beside the host's cargo".to_owned());
            }
        }
        if on_path("mspdebug").is_none() {
            if apt {
                packages.push("mspdebug");
            } else {
                helpless.push(
                    "mspdebug 0.22 or newer: install it with the system's package manager"
                        .to_owned(),
                );
            }
        }
        if termineter::program().is_none() {
            if termineter::python().is_none() {
                if apt {
                    packages.push("python3-venv");
                } else {
                    helpless.push(
                        "a Python 3 with venv and ensurepip: install python3 and python3-venv"
                            .to_owned(),
                    );
                }
            }
            plan.push(Install::Termineter);
        }
    }
    if !packages.is_empty() {
        plan.insert(0, Install::Apt(packages));
    }
    (plan, helpless)
}

/// Whether the host's cargo has that subcommand and it runs.
fn cargo_has(subcommand: &str) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args([subcommand, "--version"]).output();
    output.is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_name_what_is_installed_and_from_where() {
        assert_eq!(
            Install::Apt(vec!["lld-22", "mspdebug"]).announce(),
            "by apt-get: lld-22 mspdebug"
        );
        assert!(
            Install::Termineter
                .announce()
                .starts_with("from PyPI: termineter==")
        );
    }

    #[test]
    fn the_larger_scope_never_asks_for_less() {
        let (small, _) = plan(Scope::Firmware);
        let (large, _) = plan(Scope::Everything);
        assert!(small.len() <= large.len());
    }
}
