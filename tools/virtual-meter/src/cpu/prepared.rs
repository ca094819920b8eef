//! Instructions prepared for execution: which routine, with which operands, in sixteen bytes each.
//!
//! One jump through a table then leads to a routine that has the operation, the width and the addressing modes
//! compiled in; decoding again for every execution would cost several badly predicted jumps. The CPU keeps what it has
//! prepared by address, and the word that it was made from with it: when memory changes, the word does not match.

use super::decode::{Instruction, Mode, Operation};
use super::registers::{CG2, PC, SP, SR};

/// An instruction as the routine that executes it needs it.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(super) struct Prepared {
    /// The first word.
    word: u16,
    /// Number of the routine.
    routine: u16,
    /// Registers of the source (or of the one operand) and, in the high half, of the destination.
    registers: u8,
    /// MCLK cycles.
    cycles: u8,
    /// Extension words of source and destination, where they are known. In place of the source's: the value from the
    /// constant generator, a jump's distance in bytes, or what a source in memory adds to its register.
    extensions: [u16; 2],
    /// Where it stands, where that is known.
    address: u16,
    /// Whose fetch may wait for FRAM, by the bits of [`wait`].
    waits: u16,
}

impl Prepared {
    /// The first word of the instruction.
    #[inline(always)]
    pub(super) fn word(&self) -> u16 {
        self.word
    }

    /// Value from the constant generator, or a jump's distance in bytes.
    #[inline(always)]
    pub(super) fn constant(&self) -> u16 {
        self.extensions[0]
    }

    /// Number of the routine.
    #[inline(always)]
    pub(super) fn routine(&self) -> usize {
        usize::from(self.routine)
    }

    /// Register of the source, or of the one operand.
    #[inline(always)]
    pub(super) fn source(&self) -> u8 {
        self.registers & 15
    }

    /// Register of the destination.
    #[inline(always)]
    pub(super) fn destination(&self) -> u8 {
        self.registers >> 4
    }

    /// What a source in memory adds to its register.
    #[inline(always)]
    pub(super) fn increment(&self) -> u16 {
        self.extensions[0]
    }

    /// MCLK cycles.
    #[inline(always)]
    pub(super) fn cycles(&self) -> u32 {
        self.cycles.into()
    }

    /// Where the instruction stands, if it was [`Self::placed`].
    #[inline(always)]
    pub(super) fn address(&self) -> u16 {
        self.address
    }

    /// Extension word of the source (`OF` 0) or the destination (1) of an instruction that was [`Self::placed`].
    #[inline(always)]
    pub(super) fn extension<const OF: usize>(&self) -> u16 {
        self.extensions[OF]
    }

    /// Whether any fetch may wait for FRAM; as the following, of an instruction that was [`Self::placed`].
    #[inline(always)]
    pub(super) fn may_wait(&self) -> bool {
        self.waits != 0
    }

    /// Whether the fetch of the first word may wait for FRAM.
    #[inline(always)]
    pub(super) fn first_may_wait(&self) -> bool {
        self.waits & wait::FIRST != 0
    }

    /// The address of an extension word whose fetch may wait for FRAM, before there is any other access.
    #[inline(always)]
    pub(super) fn later_may_wait(&self) -> Option<u16> {
        (self.waits & wait::LATER != 0).then(|| self.address.wrapping_add(self.waits >> 8))
    }

    /// Whether the fetch of the destination's extension word may wait for FRAM after the source has been read.
    #[inline(always)]
    pub(super) fn last_may_wait(&self) -> bool {
        self.waits & wait::LAST != 0
    }
}

/// Bits of the fetches that may wait for FRAM.
mod wait {
    /// The first word.
    pub const FIRST: u16 = 1 << 0;
    /// An extension word before any other access; bits 8 and up tell how many bytes after the first word.
    pub const LATER: u16 = 1 << 1;
    /// The destination's extension word, after the source has been read.
    pub const LAST: u16 = 1 << 2;
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
        Self {
            word,
            routine: routine as u16,
            registers: from | to << 4,
            cycles: instruction.cycles,
            extensions: [instruction.constant | increment(&instruction), 0],
            address: 0,
            waits: 0,
        }
    }

    /// The instruction in its place, after `before` in the same block, with the extension words that follow it there;
    /// `waits` where fetches may wait for FRAM.
    pub(super) fn placed(
        mut self,
        address: u16,
        before: Option<&Self>,
        waits: bool,
        code: impl Fn(u16) -> u16,
    ) -> Self {
        let instruction = Instruction::decode(self.word);
        let source_extended = matches!(
            instruction.source,
            Mode::Indexed | Mode::Absolute | Mode::Immediate
        );
        let destination_extended = instruction.words() > 1 + u16::from(source_extended);
        self.address = address;
        self.waits = 0;
        // A word in the line of the access before it is there without waiting.
        let same_line = |at: u16| at / LINE == at.wrapping_sub(2) / LINE;
        if !(before.is_some_and(|before| !before.reads_memory()) && same_line(address)) {
            self.waits |= wait::FIRST;
        }
        let mut at = address;
        for of in 0..2 {
            let (extended, mode, register) = [
                (
                    source_extended,
                    instruction.source,
                    instruction.source_register,
                ),
                (
                    destination_extended,
                    instruction.destination,
                    instruction.destination_register,
                ),
            ][of];
            if !extended {
                continue;
            }
            at = at.wrapping_add(2);
            self.extensions[of] = code(at);
            if mode == Mode::Indexed && usize::from(register) == PC {
                // Symbolic mode: the base is where the extension word stands.
                self.extensions[of] = self.extensions[of].wrapping_add(at);
                let keep = if of == 0 { 0xF0 } else { 0x0F };
                self.registers = (self.registers & keep) | ((CG2 as u8 * 0x11) & !keep);
            }
            if of == 1 && source_in_memory(&instruction) {
                // The source may have taken the line's place.
                self.waits |= wait::LAST;
            } else if !same_line(at) {
                self.waits |= wait::LATER | (at.wrapping_sub(address)) << 8;
            }
        }
        if !waits {
            self.waits = 0;
        }
        self
    }

    /// Whether an access other than a fetch may come between its last fetch and the next instruction.
    fn reads_memory(&self) -> bool {
        let instruction = Instruction::decode(self.word);
        source_in_memory(&instruction)
            || instruction.destination != Mode::Register
            || instruction.operation >= Operation::Push
    }

    /// Whether it is one of the eight jumps.
    pub(super) fn is_jump(&self) -> bool {
        Instruction::decode(self.word).operation >= Operation::Jne
            && Instruction::decode(self.word).operation <= Operation::Jmp
    }

    /// Whether the instruction after it in memory need not be the next one executed.
    pub(super) fn ends_block(&self) -> bool {
        let instruction = Instruction::decode(self.word);
        match instruction.operation {
            Operation::Call | Operation::Reti | Operation::Unsupported => true,
            operation if operation >= Operation::Jne => true,
            operation if operation >= Operation::Rrc => {
                instruction.source == Mode::Register && instruction.source_register <= SR as u8
            }
            _ => {
                instruction.destination == Mode::Register
                    && matches!(usize::from(instruction.destination_register), PC | SR)
            }
        }
    }
}

/// Bytes of a line of the FRAM cache.
const LINE: u16 = 8;

fn source_in_memory(instruction: &Instruction) -> bool {
    !matches!(
        instruction.source,
        Mode::Register | Mode::Constant | Mode::Immediate
    )
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
