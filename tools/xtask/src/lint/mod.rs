//! The miscompile lint: finds the four known places where LLVM's MSP430 back-end makes wrong code from right Rust.
//!
//! It reads the machine code as instruction selection leaves it (`-Cllvm-args=-print-after=finalize-isel`), because the
//! traces of the mistakes are still plain there:
//!
//! - **A** `x - y` with `x` read through a moving pointer becomes `y - x`: any `SUB8rp` or `SUB16rp`.
//! - **B** a widened byte keeps garbage above bit 7: a `SUBREG_TO_REG` of a byte that may come from a truncation, a parameter
//!   or a return value.
//! - **C** the 32-bit checked multiply overwrites two bytes of its caller's frame: `__mulosi4` that is not the firmware's.
//! - **D** `(x & 0xFF) != 0` as a value is always true: SR copied after a comparison with 0, but not shifted to Z.
//!
//! The whole image is looked at, dependencies and `core` included. A function of the image that left no trace in the dump, and
//! is not declared as assembler, is an error too: the lint never passes by not having seen something.

mod cases;
mod exceptions;
mod mir;

use std::collections::HashSet;

pub use cases::{Case, Finding, examine as examine_function};
pub use exceptions::{Exceptions, FILE as EXCEPTIONS_FILE};
pub use mir::{Capture, Function};

use crate::image::{Image, readable};
use crate::squeeze;

/// What rustc is told so that it prints what this lint reads.
pub const RUSTC_FLAGS: [&str; 2] = [
    "-Cllvm-args=-print-after=finalize-isel",
    "-Zno-parallel-backend",
];

/// The verdict over an image.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How many compiled functions were looked at.
    pub functions: usize,
    /// Suspicious places that no exception covers.
    pub findings: Vec<Finding>,
    /// Readable names of functions in the image that the dump does not show and nobody declared.
    pub unseen: Vec<String>,
    /// Exceptions that nothing needs any more.
    pub stale: Vec<String>,
    /// How many places are covered by exceptions.
    pub excepted: usize,
}

impl Verdict {
    /// Everything that has to be mended, one line each; empty when the image passes.
    pub fn complaints(&self) -> Vec<String> {
        let places = self.findings.iter().map(ToString::to_string);
        let unseen = self.unseen.iter().map(|name| {
            format!("{name}: in the image, but not in the compiler's dump: if it is assembler, declare it in {}", exceptions::FILE)
        });
        let stale = self.stale.iter().map(|entry| {
            format!(
                "{entry}: needed no more, remove it from {}",
                exceptions::FILE
            )
        });
        places.chain(unseen).chain(stale).collect()
    }
}

/// Looks at all functions of the image.
pub fn examine(image: &Image, dump: &[Function], exceptions: &Exceptions) -> Verdict {
    let in_image = image.functions();
    let mut verdict = Verdict::default();
    let mut used = HashSet::new();
    let mut seen = HashSet::new();
    for function in dump
        .iter()
        .filter(|function| in_image.contains_key(function.name.as_str()))
    {
        // Beside a memcpy of the firmware in assembler the dump still shows the compiler's own, which was not linked.
        let symbol = in_image[function.name.as_str()];
        if symbol.file.is_none() && exceptions.assembler(&symbol.readable()).is_some() {
            continue;
        }
        seen.insert(symbol.address);
        verdict.functions += 1;
        for finding in cases::examine(function) {
            if finding.case == Case::C && firmware_defines(image, &finding.detail) {
                continue;
            }
            match exceptions.covering(&finding) {
                Some(entry) => {
                    used.insert(entry);
                    verdict.excepted += 1;
                }
                None => verdict.findings.push(finding),
            }
        }
    }
    // Two names for one address are one function; sorted for a steady order.
    let mut unseen: Vec<_> = in_image
        .values()
        .filter(|symbol| {
            !seen.contains(&symbol.address) && !symbol.name.starts_with(squeeze::ROUTINES)
        })
        .collect();
    unseen.sort_by_key(|symbol| symbol.address);
    for symbol in unseen {
        match exceptions.assembler(&symbol.readable()) {
            Some(entry) => {
                used.insert(entry);
            }
            None => verdict.unseen.push(symbol.readable()),
        }
    }
    verdict.stale = exceptions.unused(&used);
    verdict
}

/// Whether the strong, global definition of a helper is in the image, and not the compiler's own, which linking hides.
fn firmware_defines(image: &Image, helper: &str) -> bool {
    image
        .symbol(helper)
        .is_some_and(|symbol| symbol.file.is_none())
}

/// The name of a function as findings show it.
fn shown(name: &str) -> String {
    readable(name)
}
