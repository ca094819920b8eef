//! Finds a Rust toolchain that can build for `msp430-none-elf`, and starts its cargo.
//!
//! The target is tier 3: no toolchain brings a ready `core`, so what is needed is a cargo, a rustc whose LLVM has the MSP430
//! back-end, the library source beside it and an LLVM linker. Two kinds of machine have that: Debian with the `rustc-web`
//! packages, and any machine with a rustup nightly and its `rust-src`. Whatever is found first and is complete is taken.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target triple of the firmware.
pub const TARGET: &str = "msp430-none-elf";

/// The oldest rustc that builds the workspace (edition, language features); `rust-version` in `Cargo.toml`.
const OLDEST_MINOR: u32 = 95;

/// Versions of Debian's LLVM linker packages that link the image, newest first.
const LLD_NAMES: [&str; 6] = [
    "ld.lld-22",
    "ld.lld-21",
    "ld.lld-20",
    "ld.lld-19",
    "ld.lld",
    "ld.lld-18",
];

/// A complete set of programs that builds the firmware.
#[derive(Debug, Clone)]
pub struct CrossToolchain {
    /// What to call it in a message, with its version.
    pub name: String,
    cargo: PathBuf,
    rustc: PathBuf,
    linker: PathBuf,
}

/// What a machine lacks to build the firmware, in words for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub Vec<String>);

impl CrossToolchain {
    /// Looks at the machine.
    ///
    /// # Errors
    /// What is missing, when no complete toolchain is there.
    pub fn find() -> Result<Self, Missing> {
        let mut missing = Vec::new();
        for candidate in [system(), rustup_nightly()].into_iter().flatten() {
            match candidate.complete() {
                Ok(found) => return Ok(found),
                Err(lack) => missing.push(lack),
            }
        }
        if missing.is_empty() {
            missing.push("no rustc that could know the MSP430: neither Debian's rustc-web nor a rustup nightly".to_owned());
        }
        Err(Missing(missing))
    }

    /// A cargo command of this toolchain, free of what an outer cargo or rustup left in the environment.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        self.cleanse(&mut command);
        command.env("CARGO_TARGET_MSP430_NONE_ELF_LINKER", &self.linker);
        command
    }

    /// The compiler itself, for one file at a time.
    pub fn rustc(&self) -> Command {
        let mut command = Command::new(&self.rustc);
        self.cleanse(&mut command);
        command
    }

    /// The linker, for tests that link without cargo.
    pub fn linker(&self) -> &Path {
        &self.linker
    }

    fn cleanse(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if belongs_to_outer_cargo(&name) {
                command.env_remove(name);
            }
        }
        // The bootstrap switch opens -Zbuild-std and the MSP430 features on a release compiler; a nightly does not mind.
        command
            .env("RUSTC", &self.rustc)
            .env("RUSTC_BOOTSTRAP", "1");
    }
}

/// Whether a variable would make the inner cargo behave as if it were the outer one.
///
/// Settings of the user (`CARGO_HOME`, `CARGO_HTTP_*`, `CARGO_NET_*`, `CARGO_TERM_*`, registries, proxies) stay.
fn belongs_to_outer_cargo(name: &OsString) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    const EXACT: [&str; 13] = [
        "CARGO",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MAKEFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_DIR",
        "CARGO_TARGET_TMPDIR",
        "LD_LIBRARY_PATH",
        "RUSTDOC",
        "RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
        "RUST_RECURSION_COUNT",
        "OUT_DIR",
    ];
    const PREFIXES: [&str; 8] = [
        "CARGO_BIN_",
        "CARGO_BUILD_RUST",
        "CARGO_BUILD_TARGET",
        "CARGO_CFG_",
        "CARGO_FEATURE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "RUSTC",
    ];
    EXACT.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A pair of cargo and rustc that may turn out to be complete.
struct Candidate {
    kind: &'static str,
    cargo: PathBuf,
    rustc: PathBuf,
}

impl Candidate {
    fn complete(self) -> Result<CrossToolchain, String> {
        let kind = self.kind;
        let version = ask(&self.rustc, &["--version"])
            .ok_or_else(|| format!("{kind}: rustc does not run"))?;
        let minor = minor_version(&version)
            .ok_or_else(|| format!("{kind}: rustc says {version:?} as its version"))?;
        if minor < OLDEST_MINOR {
            return Err(format!(
                "{kind}: rustc 1.{minor} is older than 1.{OLDEST_MINOR}"
            ));
        }
        if !self.cargo.is_file() {
            return Err(format!("{kind}: its cargo"));
        }
        if ask(&self.rustc, &["--print", "target-cpus", "--target", TARGET]).is_none() {
            return Err(format!("{kind}: its LLVM has no MSP430 back-end"));
        }
        let sysroot = ask(&self.rustc, &["--print", "sysroot"])
            .ok_or_else(|| format!("{kind}: rustc has no sysroot"))?;
        let sysroot = PathBuf::from(sysroot);
        if !sysroot
            .join("lib/rustlib/src/rust/library/core/src/lib.rs")
            .is_file()
        {
            return Err(format!("{kind}: the library source (rust-src)"));
        }
        let linker =
            find_linker(&sysroot).ok_or_else(|| format!("{kind}: an LLVM linker (lld)"))?;
        Ok(CrossToolchain {
            name: format!("{kind}, {version}"),
            cargo: self.cargo,
            rustc: self.rustc,
            linker,
        })
    }
}

fn system() -> Option<Candidate> {
    let (cargo, rustc) = (
        PathBuf::from("/usr/bin/cargo"),
        PathBuf::from("/usr/bin/rustc"),
    );
    rustc.is_file().then_some(Candidate {
        kind: "system",
        cargo,
        rustc,
    })
}

fn rustup_nightly() -> Option<Candidate> {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "rustc", "--print", "sysroot"])
        .env_remove("RUSTUP_TOOLCHAIN");
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let bin = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()).join("bin");
    Some(Candidate {
        kind: "rustup nightly",
        cargo: bin.join("cargo"),
        rustc: bin.join("rustc"),
    })
}

fn find_linker(sysroot: &Path) -> Option<PathBuf> {
    LLD_NAMES.iter().find_map(|name| on_path(name)).or_else(|| {
        // rust-lld speaks GNU ld's dialect only when called through this wrapper.
        let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
        hosts
            .flatten()
            .map(|host| host.path().join("bin/gcc-ld/ld.lld"))
            .find(|wrapper| wrapper.is_file())
    })
}

/// The first program of that name on the path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// What a program prints, if it runs and succeeds.
fn ask(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    for name in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The 96 of `rustc 1.96.0 (…)`.
fn minor_version(version: &str) -> Option<u32> {
    version
        .strip_prefix("rustc 1.")?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(
            minor_version("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"),
            Some(96)
        );
        assert_eq!(
            minor_version("rustc 1.97.0-nightly (0123456 2026-06-01)"),
            Some(97)
        );
        assert_eq!(minor_version("clang 22"), None);
    }

    #[test]
    fn only_the_outer_cargo_is_scrubbed() {
        for gone in [
            "CARGO",
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "RUSTUP_TOOLCHAIN",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
        ] {
            assert!(belongs_to_outer_cargo(&gone.into()), "{gone}");
        }
        for kept in [
            "CARGO_HOME",
            "CARGO_HTTP_CAINFO",
            "CARGO_NET_OFFLINE",
            "CARGO_TERM_COLOR",
            "HOME",
            "PATH",
        ] {
            assert!(!belongs_to_outer_cargo(&kept.into()), "{kept}");
        }
    }
}
