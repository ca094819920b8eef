//! Faults: what the firmware did that no real chip would do well, or that this model does not know.
//!
//! A fault ends the run. It says what happened, at which address of the chip, at which instruction, when, and what to do.

use std::fmt;

use crate::cpu::CpuFault;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// A read or write where nothing answers.
    #[error("{access} of {address:#06X}, where the MSP430FR2355 has nothing: {advice}")]
    Vacant {
        /// "read", "write" or "fetch".
        access: &'static str,
        /// Where.
        address: u16,
        /// What to look for.
        advice: &'static str,
    },
    /// RAM that was never written since power-up was used.
    #[error(
        "read of RAM at {address:#06X}{symbol} that nothing has written since power-up: initialise it first"
    )]
    NeverWritten {
        /// Where.
        address: u16,
        /// `" (name+offset)"` when the image knows the variable.
        symbol: String,
    },
    /// The stack pointer went below the end of the static data.
    #[error(
        "stack pointer {sp:#06X} is below the limit {limit:#06X} (end of static data): the stack is too small"
    )]
    StackOverflow {
        /// The stack pointer.
        sp: u16,
        /// The lowest address that it may have.
        limit: u16,
    },
    /// A register or a mode of it that the model has not got.
    #[error("{what} is not modelled: {advice}")]
    NotModelled {
        /// The register, and the mode when it is about that.
        what: String,
        /// What to do instead.
        advice: &'static str,
    },
    /// The chip would do something undefined, or quietly not what was meant.
    #[error("{0}")]
    Misuse(String),
    /// An instruction that this CPU does not have, or an odd program counter.
    #[error(transparent)]
    Cpu(#[from] CpuFault),
}

/// A fault with the instruction that caused it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// Address of the instruction.
    pub pc: u16,
    /// `name+offset` of the instruction, when the image has symbols.
    pub symbol: Option<String>,
    /// MCLK cycles since power-up.
    pub cycle: u64,
    /// Simulated seconds since power-up.
    pub time_s: f64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; at PC {:#06X}", self.kind, self.pc)?;
        if let Some(symbol) = &self.symbol {
            write!(f, " ({symbol})")?;
        }
        write!(f, ", cycle {}, {:.6} s", self.cycle, self.time_s)
    }
}
