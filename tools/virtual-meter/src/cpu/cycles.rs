//! How many MCLK cycles an instruction takes on the CPUX core (SLAU445, tables 4-8 to 4-10).

use super::decode::{Instruction, Mode, Operation};
use super::registers::PC;

/// Cycles from the acceptance of an interrupt to the first instruction of its handler.
pub const INTERRUPT: u32 = 6;
/// Cycles from a reset to the first instruction, without the boot code.
pub const RESET: u32 = 4;

/// MCLK cycles of `instruction` with memory that never waits; 0 for what is not supported.
pub(super) fn cycles(instruction: &Instruction) -> u8 {
    match instruction.operation {
        Operation::Unsupported => 0,
        Operation::Reti => 5,
        Operation::Push => match instruction.source {
            Mode::Indexed | Mode::Absolute => 4,
            _ => 3,
        },
        Operation::Call => match instruction.source {
            Mode::Indexed => 5,
            Mode::Absolute => 6,
            _ => 4,
        },
        Operation::Rrc | Operation::Rra | Operation::Swpb | Operation::Sxt => {
            match instruction.source {
                Mode::Indexed | Mode::Absolute => 4,
                Mode::Indirect | Mode::IndirectIncrement => 3,
                _ => 1,
            }
        }
        operation if operation >= Operation::Jne => 2,
        _ => two_operands(instruction),
    }
}

/// Table 4-10: rows by source, columns by destination.
fn two_operands(instruction: &Instruction) -> u8 {
    let (register, pc, memory) = match instruction.source {
        Mode::Register | Mode::Constant => (1, 3, 4),
        Mode::Indirect | Mode::IndirectIncrement => (2, 4, 5),
        Mode::Immediate => (2, 3, 5),
        Mode::Indexed | Mode::Absolute => (3, 5, 6),
    };
    match instruction.destination {
        Mode::Register if usize::from(instruction.destination_register) == PC => pc,
        Mode::Register => register,
        // What does not both read and write its destination saves one of the two accesses.
        _ if matches!(
            instruction.operation,
            Operation::Mov | Operation::Bit | Operation::Cmp
        ) =>
        {
            memory - 1
        }
        _ => memory,
    }
}
