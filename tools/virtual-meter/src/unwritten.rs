//! Follows what was read from RAM that nothing has written, and tells a copy from a use.
//!
//! Compilers copy whole structures, with padding and unused variants, by words and through `memcpy`. Such a copy is no
//! mistake; computing with the value, comparing it or taking it for an address is. So a read alone is not a fault: the
//! bytes are followed through MOV, PUSH and SWPB, into registers and back to RAM, and the first instruction that makes
//! something of them is. Only instructions that touch such bytes are looked at; the others cost nothing.

use crate::chip::Chip;
use crate::chip::memory::{RAM, within};
use crate::cpu::{Cpu, Instruction, Mode, Operation, PC, SP, SR};

/// Bits 0 and 1: the low and the high byte have never been written.
type Bytes = u8;

/// Registers that hold bytes which nothing has written.
#[derive(Clone, Debug, Default)]
pub struct Unwritten {
    registers: [Bytes; 16],
    /// Where in RAM a register's bytes came from, for the message.
    origins: [u16; 16],
}

/// The operand of an instruction that has just been executed.
#[derive(Clone, Copy)]
struct Operand {
    bytes: Bytes,
    origin: u16,
    /// Value when it stands in the instruction itself.
    constant: Option<u16>,
}

impl Unwritten {
    /// Forgets everything; a reset makes no register known, but nobody blames start-up code for saving them.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Looks at the instruction that `cpu` has just executed.
    ///
    /// # Errors
    /// The RAM address whose bytes the instruction made use of.
    #[cold]
    pub fn follow(&mut self, cpu: &Cpu, chip: &mut Chip) -> Result<(), u16> {
        let (bytes, origin) = chip.take_unwritten();
        let instruction = Instruction::decode(chip.memory.word(cpu.current));
        let result = match instruction.operation {
            Operation::Mov | Operation::Push | Operation::Call => {
                self.transfer(cpu, chip, &instruction, bytes, origin)
            }
            Operation::Reti => {
                if bytes == 0 {
                    Ok(())
                } else {
                    Err(origin)
                }
            }
            Operation::Swpb if instruction.source == Mode::Register => {
                let register = &mut self.registers[usize::from(instruction.source_register)];
                *register = (*register >> 1 | *register << 1) & 3;
                Ok(())
            }
            Operation::Rrc | Operation::Swpb | Operation::Rra | Operation::Sxt => {
                self.use_of(self.source(cpu, chip, &instruction, bytes, origin)?)
            }
            Operation::Unsupported => Ok(()),
            operation if operation >= Operation::Jne => Ok(()),
            _ => self.arithmetic(cpu, chip, &instruction, bytes, origin),
        };
        chip.watch_unwritten(self.registers != [0; 16]);
        result
    }

    fn use_of(&self, operand: Operand) -> Result<(), u16> {
        if operand.bytes == 0 {
            Ok(())
        } else {
            Err(operand.origin)
        }
    }

    /// A register that is taken for an address must be known.
    fn check_base(&self, register: u8) -> Result<(), u16> {
        let register = usize::from(register);
        if self.registers[register] == 0 {
            Ok(())
        } else {
            Err(self.origins[register])
        }
    }

    fn source(
        &self,
        cpu: &Cpu,
        chip: &Chip,
        instruction: &Instruction,
        bytes: Bytes,
        origin: u16,
    ) -> Result<Operand, u16> {
        let register = usize::from(instruction.source_register);
        let width = if instruction.byte { 1 } else { 3 };
        Ok(match instruction.source {
            Mode::Register => Operand {
                bytes: self.registers[register] & width,
                origin: self.origins[register],
                constant: None,
            },
            Mode::Constant => Operand {
                bytes: 0,
                origin: 0,
                constant: Some(instruction.constant),
            },
            Mode::Immediate => {
                let word = chip.memory.word(cpu.current.wrapping_add(2));
                Operand {
                    bytes: 0,
                    origin: 0,
                    constant: Some(word),
                }
            }
            mode => {
                if mode != Mode::Absolute {
                    self.check_base(instruction.source_register)?;
                }
                Operand {
                    bytes: bytes & width,
                    origin,
                    constant: None,
                }
            }
        })
    }

    /// MOV and PUSH carry bytes over; CALL makes an address of them.
    fn transfer(
        &mut self,
        cpu: &Cpu,
        chip: &mut Chip,
        instruction: &Instruction,
        bytes: Bytes,
        origin: u16,
    ) -> Result<(), u16> {
        let source = self.source(cpu, chip, instruction, bytes, origin)?;
        match instruction.operation {
            Operation::Call => return self.use_of(source),
            Operation::Push => {
                chip.unwrite(cpu.registers[SP], source.bytes);
                return Ok(());
            }
            _ => {}
        }
        let register = usize::from(instruction.destination_register);
        if instruction.destination == Mode::Register {
            if matches!(register, PC | SP | SR) {
                return self.use_of(source);
            }
            self.registers[register] = source.bytes;
            self.origins[register] = source.origin;
            return Ok(());
        }
        let address = self.destination(cpu, chip, instruction)?;
        if within(address, RAM) {
            chip.unwrite(address, source.bytes);
            return Ok(());
        }
        // What leaves RAM is used: a peripheral, or FRAM that is read again after the next power-up.
        self.use_of(source)
    }

    /// Address of a destination in memory. The base register is as it was: only a source changes its register.
    fn destination(&self, cpu: &Cpu, chip: &Chip, instruction: &Instruction) -> Result<u16, u16> {
        let source_words = matches!(
            instruction.source,
            Mode::Indexed | Mode::Absolute | Mode::Immediate
        );
        let at = cpu.current.wrapping_add(if source_words { 4 } else { 2 });
        let offset = chip.memory.word(at);
        if instruction.destination == Mode::Absolute {
            return Ok(offset);
        }
        self.check_base(instruction.destination_register)?;
        let base = match usize::from(instruction.destination_register) {
            PC => at,
            register => cpu.registers[register],
        };
        Ok(base.wrapping_add(offset))
    }

    fn arithmetic(
        &mut self,
        cpu: &Cpu,
        chip: &mut Chip,
        instruction: &Instruction,
        bytes: Bytes,
        origin: u16,
    ) -> Result<(), u16> {
        let source = self.source(cpu, chip, instruction, bytes, origin)?;
        let width = if instruction.byte { 1 } else { 3 };
        if instruction.destination != Mode::Register {
            self.destination(cpu, chip, instruction)?;
            return self
                .use_of(Operand {
                    bytes: source.bytes | bytes,
                    origin,
                    constant: None,
                })
                .map_err(|_| {
                    if source.bytes == 0 {
                        origin
                    } else {
                        source.origin
                    }
                });
        }
        let register = usize::from(instruction.destination_register);
        let itself = instruction.source == Mode::Register
            && usize::from(instruction.source_register) == register;
        // Bytes that the other operand decides alone.
        let decided: Bytes = match (instruction.operation, source.constant) {
            (Operation::Xor | Operation::Sub, _) if itself => 3,
            (Operation::And, Some(mask)) => {
                u8::from(mask & 0xFF == 0) | u8::from(mask >> 8 == 0) << 1
            }
            (Operation::Bic, Some(mask)) => {
                u8::from(mask & 0xFF == 0xFF) | u8::from(mask >> 8 == 0xFF) << 1
            }
            _ => 0,
        };
        if source.bytes & !decided != 0 {
            return Err(source.origin);
        }
        let left = self.registers[register] & width & !decided;
        if left != 0 {
            return Err(self.origins[register]);
        }
        if !matches!(instruction.operation, Operation::Cmp | Operation::Bit) {
            // A result is known; a byte operation clears the high byte.
            self.registers[register] = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "unwritten_tests.rs"]
mod tests;
