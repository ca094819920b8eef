//! `cargo xtask firmware`: builds the image, holds it against lint, checks and budgets, writes the files for programmers.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::budget::{self, Budget, Usage};
use crate::image::{Image, artefacts, checks};
use crate::lint::{self, Capture, Exceptions, Function};
use crate::stack::{self, Declared, WorstCase};
use crate::toolchain::{CrossToolchain, TARGET};
use crate::{progress, squeeze, workspace};

/// The cargo profile of the image.
pub const PROFILE: &str = "firmware";

/// Where cargo builds for the target, apart from the host's folder so that neither waits for the other's lock.
pub fn target_dir() -> PathBuf {
    workspace::target().join("firmware")
}

/// Builds the image, judges it and writes `target/meter430.elf` and `target/meter430.hex`.
///
/// # Errors
/// When it does not build, or lint, checks or budgets refuse it. The files are written only for an image that passed.
pub fn task() -> Result<Judgement> {
    let toolchain = CrossToolchain::find()
        .map_err(|missing| anyhow::anyhow!("{}: run `cargo xtask setup`", missing.0.join("; ")))?;
    let (elf, image, dump) = build(&toolchain)?;
    let judgement = judge(&image, &dump)?;
    std::fs::copy(&elf, workspace::image_elf())
        .with_context(|| format!("cannot copy {}", elf.display()))?;
    artefacts::write_hex(&image, &workspace::image_hex())?;
    println!(
        "image: {} and {}",
        workspace::image_elf().display(),
        workspace::image_hex().display()
    );
    Ok(judgement)
}

/// Compiles and links the image; returns its place, itself, and what the compiler listed of it.
fn build(toolchain: &CrossToolchain) -> Result<(PathBuf, Image, Vec<Function>)> {
    let folder = target_dir().join(TARGET).join(PROFILE);
    let elf = folder.join("meter430");
    if script_is_newer(&elf) {
        // cargo does not know that the linker reads the script, nor what the linker is made of.
        remove_stale(&folder.join("deps"))?;
    }
    let mut arguments = cargo(toolchain, "rustc");
    arguments
        .current_dir(workspace::root())
        .args(["--package", "meter430", "--bin", "meter430"])
        .args(["--", "--emit", "asm"])
        // This very program stands in for the linker, and takes the compiler's text.
        .env("CARGO_TARGET_MSP430_NONE_ELF_LINKER", this_program()?)
        .env(squeeze::link::ENVIRONMENT, toolchain.linker());
    let dump = compile(
        "firmware image",
        &mut arguments,
        &target_dir().join("image.mir"),
    )?;
    let image = Image::read(&elf)?;
    Ok((elf, image, dump))
}

/// `cargo SUBCOMMAND` (`build`, `rustc`) for the target with everything that the image is compiled with.
pub fn cargo(toolchain: &CrossToolchain, subcommand: &str) -> Command {
    let mut command = toolchain.cargo();
    command.args([
        subcommand,
        "--profile",
        PROFILE,
        "--target",
        TARGET,
        "-Zbuild-std=core",
        "--target-dir",
    ]);
    command.arg(target_dir());
    // Arrays given here are appended to those of .cargo/config.toml, which holds the linker's flags.
    let flags: Vec<String> = lint::RUSTC_FLAGS
        .iter()
        .map(|flag| format!("{flag:?}"))
        .collect();
    command
        .arg("--config")
        .arg(format!("target.{TARGET}.rustflags=[{}]", flags.join(",")));
    command
}

/// Runs a compilation and returns what it lists of the machine code; a copy of the listing stays at `listing`.
///
/// cargo stores what the compiler printed and prints it again when nothing is to be done, so that the listing is whole each
/// time; the lint notices if one day it is not.
///
/// # Errors
/// When the compilation fails, or the listing cannot be written.
pub fn compile(label: &str, command: &mut Command, listing: &Path) -> Result<Vec<Function>> {
    let folder = listing.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file =
        File::create(listing).with_context(|| format!("cannot write {}", listing.display()))?;
    let mut capture = Capture::new(BufWriter::new(file));
    let output = progress::capture(label, command, |line| capture.line(line))?;
    if !output.success {
        eprintln!("{}", output.text());
        bail!("{label}: the compilation failed; its output stands above");
    }
    for line in output
        .lines
        .iter()
        .filter(|line| line.starts_with("warning"))
    {
        eprintln!("{line}");
    }
    capture.finish()
}

/// What an image turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Memory that it takes.
    pub usage: Usage,
    /// The stack that it can need.
    pub stack: WorstCase,
}

/// Lint, checks, stack and budgets; prints what it finds.
fn judge(image: &Image, dump: &[Function]) -> Result<Judgement> {
    let root = workspace::root();
    let exceptions = Exceptions::read(&root.join(lint::EXCEPTIONS_FILE))?;
    let verdict = lint::examine(image, dump, &exceptions);
    let mut complaints = verdict.complaints();
    complaints.extend(checks::problems(image));
    let budget = Budget::read(&root.join(budget::FILE))?;
    let stack = WorstCase::of(image, &Declared::read(&root.join(stack::DECLARED_FILE))?);
    match &stack {
        Ok(stack) => {
            let usage = Usage::of(image, stack);
            println!("{}\n{}", stack.explain(), usage.table(&budget));
            println!("{}\n", budget::largest_functions(image, 8));
            complaints.extend(usage.overruns(&budget));
        }
        Err(error) => complaints.push(format!("{error:#}")),
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    match stack {
        Ok(stack) if complaints.is_empty() => {
            println!(
                "lint: {} functions seen, {} places excepted, none suspicious",
                verdict.functions, verdict.excepted
            );
            println!(
                "checks: no panic path, no floating point, inside the memory map, no MSP430X instruction, no CPU40 sequence"
            );
            Ok(Judgement {
                usage: Usage::of(image, &stack),
                stack,
            })
        }
        _ => bail!(
            "{} complaints about the image stand above",
            complaints.len()
        ),
    }
}

/// Where this program is. When the tests' build has put another one made of the same source in its place meanwhile, that one:
/// Linux then says that this one is deleted.
fn this_program() -> Result<PathBuf> {
    let path = std::env::current_exe().context("cannot tell where this program is")?;
    let name = path.to_string_lossy();
    Ok(match name.strip_suffix(" (deleted)") {
        Some(replaced) => PathBuf::from(replaced),
        None => path,
    })
}

/// Whether a file of `ldscript`, or this program, was changed after the image was linked.
fn script_is_newer(elf: &Path) -> bool {
    let changed = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let Some(linked) = changed(elf) else {
        return false;
    };
    let Ok(scripts) = std::fs::read_dir(workspace::root().join("ldscript")) else {
        return false;
    };
    scripts
        .flatten()
        .map(|script| script.path())
        .chain(this_program())
        .filter_map(|path| changed(&path))
        .any(|time| time > linked)
}

/// Removes the linked image, which makes cargo link again.
fn remove_stale(deps: &Path) -> Result<()> {
    for file in std::fs::read_dir(deps)
        .with_context(|| format!("cannot read {}", deps.display()))?
        .flatten()
    {
        if file.file_name().to_string_lossy().starts_with("meter430-") {
            std::fs::remove_file(file.path())
                .with_context(|| format!("cannot remove {}", file.path().display()))?;
        }
    }
    Ok(())
}
