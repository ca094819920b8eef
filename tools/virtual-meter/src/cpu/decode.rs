//! Instruction words taken apart (SLAU445, section 4.5).

use super::cycles;

/// What an instruction does. Emulated instructions are the ones that they stand for: RET is `Mov`, EINT is `Bis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the variants are TI's mnemonics")]
pub enum Operation {
    Mov,
    Add,
    Addc,
    Subc,
    Sub,
    Cmp,
    Dadd,
    Bit,
    Bic,
    Bis,
    Xor,
    And,
    Rrc,
    Swpb,
    Rra,
    Sxt,
    Push,
    Call,
    Reti,
    Jne,
    Jeq,
    Jnc,
    Jc,
    Jn,
    Jge,
    Jl,
    Jmp,
    /// An MSP430X word, or no instruction at all.
    Unsupported,
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// In the register.
    Register,
    /// At X(Rn); with PC as the register this is symbolic mode.
    Indexed,
    /// At &X.
    Absolute,
    /// At @Rn.
    Indirect,
    /// At @Rn+.
    IndirectIncrement,
    /// The next word, #N.
    Immediate,
    /// Made by a constant generator: [`Instruction::constant`].
    Constant,
}

/// An instruction word taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What to do.
    pub operation: Operation,
    /// Whether on bytes rather than words.
    pub byte: bool,
    /// Where the source is; for a one-operand instruction, where its operand is.
    pub source: Mode,
    /// The register that `source` speaks of, 0 to 15.
    pub source_register: u8,
    /// Where the destination is: [`Mode::Register`], [`Mode::Indexed`] or [`Mode::Absolute`].
    pub destination: Mode,
    /// The register that `destination` speaks of, 0 to 15.
    pub destination_register: u8,
    /// MCLK cycles with memory that never waits.
    pub cycles: u8,
    /// Value from the constant generator, or a jump's distance from the next instruction in bytes.
    pub constant: u16,
}

/// The operations of format I, by number.
pub(super) const TWO_OPERANDS: [Operation; 12] = [
    Operation::Mov,
    Operation::Add,
    Operation::Addc,
    Operation::Subc,
    Operation::Sub,
    Operation::Cmp,
    Operation::Dadd,
    Operation::Bit,
    Operation::Bic,
    Operation::Bis,
    Operation::Xor,
    Operation::And,
];

/// The operations of format II, by number; RETI is apart.
pub(super) const ONE_OPERAND: [Operation; 6] = [
    Operation::Rrc,
    Operation::Swpb,
    Operation::Rra,
    Operation::Sxt,
    Operation::Push,
    Operation::Call,
];

const JUMPS: [Operation; 8] = [
    Operation::Jne,
    Operation::Jeq,
    Operation::Jnc,
    Operation::Jc,
    Operation::Jn,
    Operation::Jge,
    Operation::Jl,
    Operation::Jmp,
];

const UNSUPPORTED: Instruction = Instruction {
    operation: Operation::Unsupported,
    byte: false,
    source: Mode::Register,
    source_register: 0,
    destination: Mode::Register,
    destination_register: 0,
    cycles: 0,
    constant: 0,
};

impl Instruction {
    /// Takes the first word of an instruction apart.
    pub fn decode(word: u16) -> Self {
        let mut instruction = match word {
            0x1000..=0x12FF => one_operand(word),
            0x1300 => Self {
                operation: Operation::Reti,
                ..UNSUPPORTED
            },
            0x2000..=0x3FFF => jump(word),
            0x4000..=0xFFFF => two_operands(word),
            _ => UNSUPPORTED,
        };
        instruction.cycles = cycles::cycles(&instruction);
        instruction
    }

    /// Length in words, extension words included: 1 to 3.
    pub fn words(&self) -> u16 {
        let extended = |mode| matches!(mode, Mode::Indexed | Mode::Absolute | Mode::Immediate);
        1 + u16::from(extended(self.source)) + u16::from(extended(self.destination))
    }
}

/// Format I: `oooo ssss A B aa dddd`.
fn two_operands(word: u16) -> Instruction {
    let (source, source_register, constant) = source(word >> 8 & 15, word >> 4 & 3);
    let register = word & 15;
    let destination = match (word & 0x80 != 0, register) {
        (false, _) => Mode::Register,
        (true, 2) => Mode::Absolute,
        // X(R3) is in no assembler; TI does not say what it addresses.
        (true, 3) => return UNSUPPORTED,
        (true, _) => Mode::Indexed,
    };
    Instruction {
        operation: TWO_OPERANDS[usize::from(word >> 12) - 4],
        byte: word & 0x40 != 0,
        source,
        source_register,
        destination,
        destination_register: register as u8,
        cycles: 0,
        constant,
    }
}

/// Format II: `000100 ooo B aa rrrr`.
fn one_operand(word: u16) -> Instruction {
    let operation = ONE_OPERAND[usize::from(word >> 7 & 7)];
    let byte = word & 0x40 != 0;
    let (source, source_register, constant) = source(word & 15, word >> 4 & 3);
    let word_only = matches!(
        operation,
        Operation::Swpb | Operation::Sxt | Operation::Call
    );
    // A result has to go back to where the operand came from, and a constant is nowhere (table 4-9 has no such case).
    let nowhere = matches!(source, Mode::Immediate | Mode::Constant)
        && !matches!(operation, Operation::Push | Operation::Call);
    if byte && word_only || nowhere {
        return UNSUPPORTED;
    }
    Instruction {
        operation,
        byte,
        source,
        source_register,
        constant,
        ..UNSUPPORTED
    }
}

/// Jumps: `001 ccc oooooooooo`, the distance in words and signed.
fn jump(word: u16) -> Instruction {
    let distance = ((word << 6) as i16 >> 5) as u16;
    Instruction {
        operation: JUMPS[usize::from(word >> 10 & 7)],
        constant: distance,
        ..UNSUPPORTED
    }
}

/// A source's mode, register and constant from its register and As fields (tables 4-1 and 4-3).
fn source(register: u16, mode: u16) -> (Mode, u8, u16) {
    let (mode, constant) = match (mode, register) {
        (0, 3) => (Mode::Constant, 0),
        (1, 3) => (Mode::Constant, 1),
        (2, 3) => (Mode::Constant, 2),
        (3, 3) => (Mode::Constant, 0xFFFF),
        (2, 2) => (Mode::Constant, 4),
        (3, 2) => (Mode::Constant, 8),
        (0, _) => (Mode::Register, 0),
        (1, 2) => (Mode::Absolute, 0),
        (1, _) => (Mode::Indexed, 0),
        (2, _) => (Mode::Indirect, 0),
        (_, 0) => (Mode::Immediate, 0),
        (_, _) => (Mode::IndirectIncrement, 0),
    };
    (mode, register as u8, constant)
}
