//! Instructions prepared for execution: which routine, with which operands, in eight bytes each.
//!
//! One jump through a table then leads to a routine that has the operation, the width and the addressing modes
//! compiled in; decoding again for every execution would cost several badly predicted jumps. The CPU keeps what it has
//! prepared by address, and the word that it was made from with it: when memory changes, the word does not match.

use super::decode::{Instruction, Mode, Operation};
use super::registers::{CG2, SP};

/// An instruction as the routine that executes it needs it, packed so that it is loaded and passed in one register.
#[derive(Clone, Copy)]
pub(super) struct Prepared(u64);

impl Prepared {
    /// The first word of the instruction.
    #[inline(always)]
    pub(super) fn word(self) -> u16 {
        self.0 as u16
    }

    /// Value from the constant generator, or a jump's distance in bytes.
    #[inline(always)]
    pub(super) fn constant(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Number of the routine.
    #[inline(always)]
    pub(super) fn routine(self) -> usize {
        usize::from((self.0 >> 32) as u16)
    }

    /// Register of the source, or of the one operand.
    #[inline(always)]
    pub(super) fn source(self) -> u8 {
        (self.0 >> 48) as u8 & 15
    }

    /// Register of the destination.
    #[inline(always)]
    pub(super) fn destination(self) -> u8 {
        (self.0 >> 52) as u8 & 15
    }

    /// What a source in memory adds to its register.
    #[inline(always)]
    pub(super) fn increment(self) -> u16 {
        (self.0 >> 56) as u16 & 15
    }

    /// MCLK cycles.
    #[inline(always)]
    pub(super) fn cycles(self) -> u32 {
        (self.0 >> 60) as u32
    }
}

/// Kinds of sources, as the routines know them.
pub(super) mod source {
    pub const REGISTER: usize = 0;
    pub const CONSTANT: usize = 1;
    pub const IMMEDIATE: usize = 2;
    pub const INDEXED: usize = 3;
    pub const INDIRECT: usize = 4;
    pub const KINDS: usize = 5;
}

/// Kinds of destinations, as the routines know them.
pub(super) mod destination {
    /// R4 to R15.
    pub const GENERAL: usize = 0;
    /// PC, SP, SR and CG2, to which not every value can be written.
    pub const SPECIAL: usize = 1;
    pub const MEMORY: usize = 2;
    pub const KINDS: usize = 3;
}

/// Where each family of routines begins.
pub(super) mod first {
    use super::{destination, source};

    pub const TWO_OPERANDS: usize = 0;
    pub const ONE_OPERAND: usize = 12 * 2 * source::KINDS * destination::KINDS;
    pub const PUSH: usize = ONE_OPERAND + 4 * 2 * source::KINDS;
    pub const CALL: usize = PUSH + 2 * source::KINDS;
    pub const RETI: usize = CALL + source::KINDS;
    pub const JUMP: usize = RETI + 1;
    pub const UNSUPPORTED: usize = JUMP + 8;
    pub const END: usize = UNSUPPORTED + 1;
}

impl Prepared {
    /// Prepares the instruction whose first word is `word`.
    #[cold]
    pub(super) fn new(word: u16) -> Self {
        let instruction = Instruction::decode(word);
        let operation = instruction.operation as usize;
        let byte = usize::from(instruction.byte);
        let from = source_kind(&instruction);
        let routine = match instruction.operation {
            Operation::Unsupported => first::UNSUPPORTED,
            Operation::Reti => first::RETI,
            Operation::Call => first::CALL + from,
            Operation::Push => first::PUSH + byte * source::KINDS + from,
            Operation::Rrc | Operation::Swpb | Operation::Rra | Operation::Sxt => {
                let number = operation - Operation::Rrc as usize;
                first::ONE_OPERAND + (number * 2 + byte) * source::KINDS + from
            }
            _ if operation >= Operation::Jne as usize => {
                first::JUMP + operation - Operation::Jne as usize
            }
            _ => {
                let to = destination_kind(&instruction);
                first::TWO_OPERANDS
                    + ((operation * 2 + byte) * source::KINDS + from) * destination::KINDS
                    + to
            }
        };
        // Absolute mode is indexed by a register that always holds 0.
        let base = |mode, register| {
            if mode == Mode::Absolute {
                CG2 as u8
            } else {
                register
            }
        };
        let from = base(instruction.source, instruction.source_register);
        let to = base(instruction.destination, instruction.destination_register);
        let fields = [
            (0, word),
            (16, instruction.constant),
            (32, routine as u16),
            (48, from.into()),
            (52, to.into()),
            (56, increment(&instruction)),
            (60, instruction.cycles.into()),
        ];
        Self(
            fields
                .into_iter()
                .fold(0, |all, (shift, field)| all | u64::from(field) << shift),
        )
    }
}

fn source_kind(instruction: &Instruction) -> usize {
    match instruction.source {
        Mode::Register => source::REGISTER,
        Mode::Constant => source::CONSTANT,
        Mode::Immediate => source::IMMEDIATE,
        Mode::Indexed | Mode::Absolute => source::INDEXED,
        Mode::Indirect | Mode::IndirectIncrement => source::INDIRECT,
    }
}

fn destination_kind(instruction: &Instruction) -> usize {
    match instruction.destination {
        Mode::Register if instruction.destination_register <= CG2 as u8 => destination::SPECIAL,
        Mode::Register => destination::GENERAL,
        _ => destination::MEMORY,
    }
}

/// 2 for a word, 1 for a byte; but the stack pointer stays even, also past a byte.
fn increment(instruction: &Instruction) -> u16 {
    match instruction.source {
        Mode::IndirectIncrement
            if instruction.byte && usize::from(instruction.source_register) != SP =>
        {
            1
        }
        Mode::IndirectIncrement => 2,
        _ => 0,
    }
}
