//! Operands: fetched, addressed and stored in the order of the hardware (SLAU445, section 4.4).

use super::prepared::{Prepared, source};
use super::registers::status::GIE;
use super::registers::{PC, SP, SR, WRITABLE};
use super::{Bus, Cpu, CpuFault, attention};

impl Cpu {
    /// The source operand of kind `FROM`; a byte comes without high bits.
    #[inline(always)]
    pub(super) fn source<B: Bus, const BYTE: bool, const FROM: usize>(
        &mut self,
        bus: &mut B,
        with: &Prepared,
    ) -> u16 {
        match FROM {
            source::REGISTER => self.register::<BYTE>(with.source()),
            source::CONSTANT => narrow::<BYTE>(with.constant()),
            source::IMMEDIATE => narrow::<BYTE>(self.next_word::<B, 0>(bus, with)),
            _ => {
                let address = self.source_address::<B, FROM>(bus, with);
                self.read::<B, BYTE>(bus, address)
            }
        }
    }

    /// The address of a source in memory; what it adds to its register is added before a destination is addressed.
    #[inline(always)]
    pub(super) fn source_address<B: Bus, const FROM: usize>(
        &mut self,
        bus: &mut B,
        with: &Prepared,
    ) -> u16 {
        if FROM == source::INDEXED {
            return self.indexed::<B, 0>(bus, with.source(), with);
        }
        let register = &mut self.registers[usize::from(with.source())];
        let address = *register;
        *register = address.wrapping_add(with.increment());
        address
    }

    /// X(Rn), with X the next word; PC still points at X when it is the base.
    #[inline(always)]
    pub(super) fn indexed<B: Bus, const OF: usize>(
        &mut self,
        bus: &mut B,
        base: u8,
        with: &Prepared,
    ) -> u16 {
        let base = self.registers[usize::from(base & 15)];
        base.wrapping_add(self.next_word::<B, OF>(bus, with))
    }

    /// The extension word of the source (`OF` 0) or the destination (1).
    #[inline(always)]
    fn next_word<B: Bus, const OF: usize>(&mut self, bus: &mut B, with: &Prepared) -> u16 {
        let pc = self.registers[PC];
        self.registers[PC] = pc.wrapping_add(2);
        bus.fetch_known(pc, with.extension::<OF>(), OF == 1 && with.last_may_wait())
    }

    #[inline(always)]
    pub(super) fn register<const BYTE: bool>(&self, register: u8) -> u16 {
        narrow::<BYTE>(self.registers[usize::from(register & 15)])
    }

    /// Writes any register; a byte has cleared the high bits already.
    #[inline(always)]
    pub(super) fn set_register(&mut self, register: u8, value: u16) {
        if usize::from(register & 15) < WRITABLE.len() {
            self.set_special(register, value);
        } else {
            self.registers[usize::from(register & 15)] = value;
        }
    }

    /// Writes PC, SP, SR or CG2.
    pub(super) fn set_special(&mut self, register: u8, value: u16) {
        let register = register & 3;
        let pc = self.current;
        if usize::from(register) <= SP && value & 1 != 0 {
            self.raise(CpuFault::OddPointer {
                pc,
                register,
                value,
            });
        }
        if usize::from(register) == SP && self.stack_watch.notices(value) {
            self.attention |= attention::CALLER;
        }
        if usize::from(register) == SR {
            self.attention |= attention::CALLER;
            let was_enabled = self.registers[SR] & GIE != 0;
            match (was_enabled, value & GIE != 0) {
                (false, true) => {
                    self.eint_shadow = 3;
                    self.attention |= attention::SHADOW;
                }
                (true, false) if self.eint_shadow == 2 => self.raise(CpuFault::EintThenDint { pc }),
                _ => {}
            }
        }
        self.registers[usize::from(register)] = value & WRITABLE[usize::from(register)];
    }

    /// Keeps what the instruction has done wrong until it is complete; the first thing is what counts.
    #[cold]
    pub(super) fn raise(&mut self, fault: CpuFault) {
        self.fault.get_or_insert(fault);
        self.attention |= attention::FAULT;
    }

    #[inline(always)]
    pub(super) fn push<B: Bus>(&mut self, bus: &mut B, value: u16) {
        let address = self.registers[SP].wrapping_sub(2);
        self.deepen(address);
        bus.write_word(address, value);
    }

    /// The stack grows to `address`.
    #[inline(always)]
    pub(super) fn deepen(&mut self, address: u16) {
        self.registers[SP] = address;
        if address < self.stack_watch.deepest {
            self.attention |= attention::CALLER;
        }
    }

    #[inline(always)]
    pub(super) fn pop<B: Bus>(&mut self, bus: &mut B) -> u16 {
        let address = self.registers[SP];
        self.registers[SP] = address.wrapping_add(2);
        bus.read_word(address)
    }

    #[inline(always)]
    pub(super) fn read<B: Bus, const BYTE: bool>(&mut self, bus: &mut B, address: u16) -> u16 {
        if BYTE {
            u16::from(bus.read_byte(address))
        } else {
            bus.read_word(self.aligned(address))
        }
    }

    /// Reads memory that has no side effects and no wait states; `None` has to be read as others are.
    #[inline(always)]
    pub(super) fn quick_read<B: Bus, const BYTE: bool>(bus: &B, address: u16) -> Option<u16> {
        if BYTE {
            bus.quick_byte(address).map(u16::from)
        } else {
            bus.quick_word(address)
        }
    }

    #[inline(always)]
    pub(super) fn write<B: Bus, const BYTE: bool>(
        &mut self,
        bus: &mut B,
        address: u16,
        value: u16,
    ) {
        if BYTE {
            bus.write_byte(address, value as u8)
        } else {
            bus.write_word(self.aligned(address), value)
        }
    }

    #[inline(always)]
    fn aligned(&mut self, address: u16) -> u16 {
        if address & 1 != 0 {
            self.unaligned(address);
        }
        address & !1
    }

    #[cold]
    fn unaligned(&mut self, address: u16) {
        self.raise(CpuFault::UnalignedWord {
            pc: self.current,
            address,
        });
    }
}

/// A byte without high bits.
#[inline(always)]
pub(super) fn narrow<const BYTE: bool>(value: u16) -> u16 {
    if BYTE { value & 0xFF } else { value }
}
