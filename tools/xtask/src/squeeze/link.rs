//! Stands in for the linker: assembles the squeezed text and links that instead of what the compiler assembled itself.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSymbol};

use super::{Squeezed, squeeze};
use crate::toolchain::TARGET;

/// Set where this program is run as the linker: the linker itself. `RUSTC` is the compiler.
pub const ENVIRONMENT: &str = "METER430_LINKER";

/// Runs as the linker.
#[must_use]
pub fn main() -> ExitCode {
    match link(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn link(mut arguments: Vec<String>) -> Result<()> {
    let output = arguments
        .iter()
        .skip_while(|argument| *argument != "-o")
        .nth(1)
        .map(PathBuf::from)
        .context("the linker was not told where its output goes")?;
    let text_path = output.with_extension("s");
    let objects: Vec<usize> = arguments
        .iter()
        .enumerate()
        .filter(|(_, argument)| argument.ends_with(".rcgu.o"))
        .map(|(at, _)| at)
        .collect();
    let [compiled] = objects.as_slice() else {
        bail!(
            "the image came as {} objects instead of one: codegen-units and lto of profile.firmware",
            objects.len()
        );
    };
    let text = std::fs::read_to_string(&text_path)
        .with_context(|| format!("cannot read {}", text_path.display()))?;
    let squeezed = squeeze(&text).with_context(|| text_path.display().to_string())?;
    let object = assemble(&squeezed, &output)?;
    if let Some(argument) = arguments.get_mut(*compiled) {
        *argument = object.display().to_string();
    }
    let linker = std::env::var_os(ENVIRONMENT).context("no linker was named")?;
    run(Command::new(linker).args(&arguments))
}

/// Assembles the text beside the output and holds every function against the size that it was thought to have.
fn assemble(squeezed: &Squeezed, output: &Path) -> Result<PathBuf> {
    let text = output.with_extension("squeezed.s");
    let object = output.with_extension("squeezed.o");
    std::fs::write(&text, &squeezed.text)
        .with_context(|| format!("cannot write {}", text.display()))?;
    let mut report = String::new();
    for (rule, bytes) in &squeezed.tally {
        report.push_str(&format!("{bytes:6} {rule}\n"));
    }
    let report_path = output.with_extension("squeezed.txt");
    std::fs::write(&report_path, report)
        .with_context(|| format!("cannot write {}", report_path.display()))?;
    let rustc = std::env::var_os("RUSTC").context("no compiler was named")?;
    assemble_file(&mut Command::new(rustc), &text, &object)?;
    let bytes =
        std::fs::read(&object).with_context(|| format!("cannot read {}", object.display()))?;
    let file = object::File::parse(bytes.as_slice())
        .with_context(|| format!("{} is no object file", object.display()))?;
    for symbol in file.symbols() {
        if let Some(expected) = symbol.name().ok().and_then(|name| squeezed.sizes.get(name))
            && u64::from(*expected) != symbol.size()
        {
            bail!(
                "{}: {} bytes where {expected} were expected: squeeze has misread an instruction or a directive of {}",
                symbol.name().unwrap_or("?"),
                symbol.size(),
                text.display()
            );
        }
    }
    Ok(object)
}

/// Assembles a file with the compiler's own assembler: there is one wherever there is a compiler for the target.
///
/// The text is the only item of a crate that needs no `core`, for which there is none ready.
///
/// # Errors
/// When the compiler does not run, or refuses the text.
pub fn assemble_file(rustc: &mut Command, text: &Path, object: &Path) -> Result<()> {
    let source = object.with_extension("rs");
    let program = format!(
        "#![feature(asm_experimental_arch, decl_macro, no_core, rustc_attrs)]\n\
         #![allow(internal_features)]\n\
         #![no_core]\n\
         #[rustc_builtin_macro]\n\
         macro global_asm($($text:tt)*) {{}}\n\
         #[rustc_builtin_macro]\n\
         macro include_str($($path:tt)*) {{}}\n\
         global_asm!(include_str!({text:?}), options(raw));\n"
    );
    std::fs::write(&source, program)
        .with_context(|| format!("cannot write {}", source.display()))?;
    run(rustc
        .args(["--crate-name", "squeezed", "--crate-type", "lib"])
        .args(["--emit", "obj", "-Cpanic=abort", "--target", TARGET, "-o"])
        .args([object, &source]))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} failed", command.get_program().display());
    }
    Ok(())
}
