//! Execution of one instruction: operands fetched, computed and stored in the order of the hardware.

use super::alu;
use super::decode::{Instruction, Mode, Operation};
use super::registers::status::{C, GIE, N, V, Z};
use super::registers::{PC, SP, SR, WRITABLE};
use super::{Bus, Cpu, CpuFault};

impl Cpu {
    /// Executes one instruction and returns its MCLK cycles, without the wait states that `bus` counted meanwhile.
    ///
    /// The low-power bits of the status register are for the caller: see [`Cpu::is_asleep`].
    ///
    /// # Errors
    /// What a correct program never does; [`CpuFault`] says which of them leave the instruction undone.
    #[inline]
    pub fn step<B: Bus>(&mut self, bus: &mut B) -> Result<u32, CpuFault> {
        let pc = self.registers[PC];
        let word = bus.fetch(pc);
        let instruction = self.instructions[usize::from(word)];
        self.registers[PC] = pc.wrapping_add(2);
        self.current = pc;
        self.just_enabled_before = std::mem::replace(&mut self.just_enabled, false);

        match instruction.operation {
            Operation::Unsupported => {
                self.registers[PC] = pc;
                self.just_enabled = self.just_enabled_before;
                return Err(CpuFault::Unsupported { pc, word });
            }
            Operation::Jne => self.jump(&instruction, |status| status & Z == 0),
            Operation::Jeq => self.jump(&instruction, |status| status & Z != 0),
            Operation::Jnc => self.jump(&instruction, |status| status & C == 0),
            Operation::Jc => self.jump(&instruction, |status| status & C != 0),
            Operation::Jn => self.jump(&instruction, |status| status & N != 0),
            Operation::Jge => self.jump(&instruction, |status| {
                (status & N != 0) == (status & V != 0)
            }),
            Operation::Jl => self.jump(&instruction, |status| {
                (status & N != 0) != (status & V != 0)
            }),
            Operation::Jmp => self.jump(&instruction, |_| true),
            Operation::Rrc | Operation::Rra | Operation::Swpb | Operation::Sxt => {
                if instruction.byte {
                    self.change_operand::<B, true>(bus, &instruction);
                } else {
                    self.change_operand::<B, false>(bus, &instruction);
                }
            }
            Operation::Push => {
                if instruction.byte {
                    let value = self.source::<B, true>(bus, &instruction);
                    let address = self.move_stack_pointer(0xFFFE);
                    bus.write_byte(address, value as u8);
                } else {
                    let value = self.source::<B, false>(bus, &instruction);
                    self.push(bus, value);
                }
            }
            Operation::Call => {
                let target = self.source::<B, false>(bus, &instruction);
                self.push(bus, self.registers[PC]);
                self.set_register(PC as u8, target);
            }
            Operation::Reti => {
                let status = self.pop(bus);
                self.set_register(SR as u8, status);
                // The code returned to was running with interrupts enabled; nothing there waits for another NOP.
                self.just_enabled = false;
                let target = self.pop(bus);
                self.set_register(PC as u8, target);
            }
            _ => {
                if instruction.byte {
                    self.two_operands::<B, true>(bus, &instruction);
                } else {
                    self.two_operands::<B, false>(bus, &instruction);
                }
            }
        }

        if self.fault.is_some() {
            return self.fail();
        }
        Ok(u32::from(instruction.cycles))
    }

    /// Hands the fault out that the instruction has left.
    #[cold]
    fn fail(&mut self) -> Result<u32, CpuFault> {
        self.fault.take().map_or(Ok(0), Err)
    }

    #[inline(always)]
    fn jump(&mut self, instruction: &Instruction, taken: impl Fn(u16) -> bool) {
        if taken(self.registers[SR]) {
            self.registers[PC] = self.registers[PC].wrapping_add(instruction.constant);
        }
    }

    /// Format I. MOV does not read its destination, CMP and BIT do not write it: peripherals notice the difference.
    #[inline(always)]
    fn two_operands<B: Bus, const BYTE: bool>(&mut self, bus: &mut B, instruction: &Instruction) {
        let operation = instruction.operation;
        let source = self.source::<B, BYTE>(bus, instruction);
        if instruction.destination == Mode::Register {
            let register = instruction.destination_register;
            let old = self.register::<BYTE>(register);
            let (result, status) =
                alu::two_operands::<BYTE>(operation, source, old, self.registers[SR]);
            self.registers[SR] = status;
            if !matches!(operation, Operation::Cmp | Operation::Bit) {
                self.set_register(register, result);
            }
        } else {
            let base = if instruction.destination == Mode::Absolute {
                2
            } else {
                instruction.destination_register
            };
            let address = self.indexed(bus, base);
            let old = if operation == Operation::Mov {
                0
            } else {
                self.read::<B, BYTE>(bus, address)
            };
            let (result, status) =
                alu::two_operands::<BYTE>(operation, source, old, self.registers[SR]);
            self.registers[SR] = status;
            if !matches!(operation, Operation::Cmp | Operation::Bit) {
                self.write::<B, BYTE>(bus, address, result);
            }
        }
    }

    /// RRC, RRA, SWPB and SXT: the result goes back to where the operand was.
    #[inline(always)]
    fn change_operand<B: Bus, const BYTE: bool>(&mut self, bus: &mut B, instruction: &Instruction) {
        let register = instruction.source_register;
        if instruction.source == Mode::Register {
            let old = self.register::<BYTE>(register);
            let (result, status) =
                alu::one_operand::<BYTE>(instruction.operation, old, self.registers[SR]);
            self.registers[SR] = status;
            self.set_register(register, result);
        } else {
            let address = self.address::<B, BYTE>(bus, instruction);
            let old = self.read::<B, BYTE>(bus, address);
            let (result, status) =
                alu::one_operand::<BYTE>(instruction.operation, old, self.registers[SR]);
            self.registers[SR] = status;
            self.write::<B, BYTE>(bus, address, result);
        }
    }

    /// Reads the source operand; a byte comes without high bits.
    #[inline(always)]
    fn source<B: Bus, const BYTE: bool>(&mut self, bus: &mut B, instruction: &Instruction) -> u16 {
        match instruction.source {
            Mode::Register => self.register::<BYTE>(instruction.source_register),
            Mode::Constant => narrow::<BYTE>(instruction.constant),
            Mode::Immediate => narrow::<BYTE>(self.next_word(bus)),
            _ => {
                let address = self.address::<B, BYTE>(bus, instruction);
                self.read::<B, BYTE>(bus, address)
            }
        }
    }

    /// The address of a source that is in memory, and what finding it does to the registers.
    #[inline(always)]
    fn address<B: Bus, const BYTE: bool>(&mut self, bus: &mut B, instruction: &Instruction) -> u16 {
        let register = instruction.source_register;
        match instruction.source {
            Mode::Indexed => self.indexed(bus, register),
            Mode::Absolute => self.indexed(bus, 2),
            mode => {
                let address = self.registers[usize::from(register & 15)];
                if mode == Mode::IndirectIncrement {
                    // The stack pointer stays even, also past a byte.
                    let size = if BYTE && usize::from(register) != SP {
                        1
                    } else {
                        2
                    };
                    self.registers[usize::from(register & 15)] = address.wrapping_add(size);
                }
                address
            }
        }
    }

    /// X(Rn), with X the next word. PC still points at X when it is the base; SR as the base counts as 0.
    #[inline(always)]
    fn indexed<B: Bus>(&mut self, bus: &mut B, base: u8) -> u16 {
        let base = if usize::from(base) == SR {
            0
        } else {
            self.registers[usize::from(base & 15)]
        };
        base.wrapping_add(self.next_word(bus))
    }

    #[inline(always)]
    fn next_word<B: Bus>(&mut self, bus: &mut B) -> u16 {
        let pc = self.registers[PC];
        self.registers[PC] = pc.wrapping_add(2);
        bus.fetch(pc)
    }

    #[inline(always)]
    fn register<const BYTE: bool>(&self, register: u8) -> u16 {
        narrow::<BYTE>(self.registers[usize::from(register & 15)])
    }

    /// Writes a register; a byte has cleared the high bits already.
    #[inline(always)]
    pub(super) fn set_register(&mut self, register: u8, value: u16) {
        let register = register & 15;
        if usize::from(register) <= SR {
            self.set_special(register, value);
        } else {
            self.registers[usize::from(register)] = value & WRITABLE[usize::from(register)];
        }
    }

    /// Writes PC, SP or SR.
    fn set_special(&mut self, register: u8, value: u16) {
        let pc = self.current;
        if usize::from(register) == SR {
            let changed = (self.registers[SR] ^ value) & GIE != 0;
            self.just_enabled = changed && value & GIE != 0;
            if changed && value & GIE == 0 && self.just_enabled_before {
                self.fault.get_or_insert(CpuFault::EintThenDint { pc });
            }
        } else if value & 1 != 0 {
            self.fault = Some(CpuFault::OddPointer {
                pc,
                register,
                value,
            });
        }
        self.registers[usize::from(register)] = value & WRITABLE[usize::from(register)];
    }

    #[inline(always)]
    fn move_stack_pointer(&mut self, by: u16) -> u16 {
        self.registers[SP] = self.registers[SP].wrapping_add(by);
        self.registers[SP]
    }

    #[inline(always)]
    pub(super) fn push<B: Bus>(&mut self, bus: &mut B, value: u16) {
        let address = self.move_stack_pointer(0xFFFE);
        bus.write_word(address, value);
    }

    #[inline(always)]
    fn pop<B: Bus>(&mut self, bus: &mut B) -> u16 {
        let address = self.registers[SP];
        self.move_stack_pointer(2);
        bus.read_word(address)
    }

    #[inline(always)]
    fn read<B: Bus, const BYTE: bool>(&mut self, bus: &mut B, address: u16) -> u16 {
        if BYTE {
            u16::from(bus.read_byte(address))
        } else {
            bus.read_word(self.aligned(address))
        }
    }

    #[inline(always)]
    fn write<B: Bus, const BYTE: bool>(&mut self, bus: &mut B, address: u16, value: u16) {
        if BYTE {
            bus.write_byte(address, value as u8)
        } else {
            bus.write_word(self.aligned(address), value)
        }
    }

    #[inline(always)]
    fn aligned(&mut self, address: u16) -> u16 {
        if address & 1 != 0 {
            self.fault = Some(CpuFault::UnalignedWord {
                pc: self.current,
                address,
            });
        }
        address & !1
    }
}

#[inline(always)]
fn narrow<const BYTE: bool>(value: u16) -> u16 {
    if BYTE { value & 0xFF } else { value }
}
