//! Worst-case stack, derived from the linked image alone.
//!
//! Every function that reset or a vector can reach is walked over its control flow, counting what each instruction takes from
//! the stack ([`walk`]); calls make a graph whose deepest path is the function's need ([`depth`]); interrupts come on top
//! ([`interrupts`]), and must not disturb each other's use of the multiplier ([`multiplier`]). Whatever cannot be followed (a computed call, a moved stack pointer, recursion) is an error unless
//! `tools/xtask/calls.toml` declares the answer with a reason ([`declared`]): nothing is guessed.

pub mod declared;
pub mod depth;
pub mod interrupts;
pub mod multiplier;
pub mod walk;

use std::fmt::Write as _;

use anyhow::{Result, bail};

pub use declared::{Declared, FILE as DECLARED_FILE};
pub use depth::Depth;
pub use interrupts::Handler;

use crate::image::Image;

/// The stack that the image can need, and how it comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorstCase {
    /// From reset through `main` to the deepest call.
    pub thread: Depth,
    /// Handlers that enable interrupts while they run, each counted once.
    pub nesting: Vec<Handler>,
    /// The deepest of the other handlers, which run to their end.
    pub plain: Option<Handler>,
}

impl WorstCase {
    /// Derives it.
    ///
    /// # Errors
    /// One line per thing that could not be followed and is not declared.
    pub fn of(image: &Image, declared: &Declared) -> Result<Self> {
        let walked = walk::all(image, declared);
        let mut complaints = walked.complaints.clone();
        complaints.extend(multiplier::conflicts(image, &walked));
        match interrupts::worst_case(image, declared, &walked) {
            Ok(worst) if complaints.is_empty() => return Ok(worst),
            Ok(_) => {}
            Err(more) => complaints.extend(more),
        }
        complaints.dedup();
        bail!(
            "the paths through the image are not all in order:\n  {}",
            complaints.join("\n  ")
        )
    }

    /// Bytes below the top of RAM.
    pub fn bytes(&self) -> u32 {
        let handlers = self.nesting.iter().chain(&self.plain);
        self.thread.bytes + handlers.map(|handler| handler.bytes).sum::<u32>()
    }

    /// The sum and the chains that reach it, for people.
    pub fn explain(&self) -> String {
        let mut text = format!(
            "worst-case stack {} bytes = thread + every handler that enables interrupts, once each + the deepest other handler\n",
            self.bytes()
        );
        let mut part = |what: &str, bytes: u32, chain: &[String]| {
            let _ = writeln!(text, "  {bytes:5} {what}: {}", chain.join(" > "));
        };
        part("thread", self.thread.bytes, &self.thread.chain);
        for handler in &self.nesting {
            part(
                &format!("{}, may be interrupted", handler.name),
                handler.bytes,
                &handler.chain,
            );
        }
        if let Some(handler) = &self.plain {
            part(&handler.name, handler.bytes, &handler.chain);
        }
        text
    }
}

#[cfg(test)]
mod tests;
