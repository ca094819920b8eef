//! Debian's packages for the cross toolchain and mspdebug, installed with apt-get by root.

use std::process::Command;

use anyhow::{Result, bail};

use crate::progress;
use crate::toolchain::on_path;

/// rustc, cargo and library source of one matching set whose LLVM has the MSP430 back-end, and the linker that goes with it.
pub const TOOLCHAIN: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// Whether this is a machine with apt-get on which we are root.
pub fn usable() -> bool {
    on_path("apt-get").is_some() && is_root()
}

/// Whether apt knows all toolchain packages, after it has looked at its mirrors again if it does not yet.
pub fn offers_toolchain() -> bool {
    if all_known() {
        return true;
    }
    // A fresh container image comes without package lists.
    let _ = progress::run("apt-get update", apt_get().arg("update"));
    all_known()
}

/// Installs packages, but never at the price of removing others.
///
/// # Errors
/// When apt would remove something, or fails.
pub fn install(packages: &[&str]) -> Result<()> {
    let mut trial = apt_get();
    trial
        .args(["install", "--simulate", "--no-install-recommends"])
        .args(packages);
    let first = progress::capture("apt-get, trial run", &mut trial, |_| true)?;
    let trial = if first.success {
        first
    } else {
        progress::run("apt-get update", apt_get().arg("update"))?;
        let mut again = apt_get();
        again
            .args(["install", "--simulate", "--no-install-recommends"])
            .args(packages);
        progress::run("apt-get, second trial run", &mut again)?
    };
    let removed: Vec<&str> = trial
        .lines
        .iter()
        .filter_map(|line| removed_package(line))
        .collect();
    if !removed.is_empty() {
        bail!(
            "installing {} would remove {}: remove it yourself if you agree, or install rustup with a nightly and rust-src",
            packages.join(" "),
            removed.join(" ")
        );
    }
    let mut command = apt_get();
    command
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages);
    progress::run("apt-get install", &mut command)?;
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C");
    command
}

/// `Remv rustc [1.63.0]` in a trial run.
fn removed_package(line: &str) -> Option<&str> {
    line.strip_prefix("Remv ")?.split_whitespace().next()
}

fn all_known() -> bool {
    let mut command = Command::new("apt-cache");
    let output = command
        .arg("policy")
        .args(TOOLCHAIN)
        .env("LC_ALL", "C")
        .output();
    output
        .is_ok_and(|output| candidates(&String::from_utf8_lossy(&output.stdout)) == TOOLCHAIN.len())
}

/// How many packages of a policy listing can be installed.
fn candidates(policy: &str) -> usize {
    policy
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
        .count()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_listing_is_counted() {
        let policy = "lld-22:\n  Installed: (none)\n  Candidate: 1:22.1.8-1~deb12u1\nrust-web-src:\n  Candidate: (none)\n";
        assert_eq!(candidates(policy), 1);
    }

    #[test]
    fn a_removal_is_noticed() {
        assert_eq!(
            removed_package("Remv rustc [1.63.0+dfsg1-2]"),
            Some("rustc")
        );
        assert_eq!(
            removed_package("Inst lld-22 (1:22.1.8-1~deb12u1 Debian)"),
            None
        );
    }
}
