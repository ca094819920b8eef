//! The register file as the two kinds of client want it: mspdebug 16 bits a register, GDB 32.

use gdbstub::arch::{Arch, Registers};

/// Bytes of a register for mspdebug.
const NARROW: usize = 2;
/// Bytes of a register for GDB, which has an MSP430X even for an MSP430.
const WIDE: usize = 4;

/// R0 to R15 on their way over the line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegisterFile {
    /// R0 to R15.
    pub registers: [u16; 16],
    /// Whether the client is GDB.
    pub wide: bool,
}

impl Registers for RegisterFile {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        self.registers[0].into()
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        let bytes = if self.wide { WIDE } else { NARROW };
        for register in self.registers {
            u32::from(register).to_le_bytes()[..bytes]
                .iter()
                .for_each(|&byte| write_byte(Some(byte)));
        }
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let width = bytes.len() / 16;
        if bytes.len() != 16 * width || !(width == NARROW || width == WIDE) {
            return Err(());
        }
        self.wide = width == WIDE;
        for (register, bytes) in self.registers.iter_mut().zip(bytes.chunks_exact(width)) {
            *register = u16::from_le_bytes([bytes[0], bytes[1]]);
        }
        Ok(())
    }
}

/// The MSP430 as gdbstub has to know it; the crate's own has no register file that mspdebug can read.
pub enum Msp430 {}

impl Arch for Msp430 {
    type Usize = u32;
    type Registers = RegisterFile;
    type BreakpointKind = usize;
    type RegId = ();

    fn target_description_xml() -> Option<&'static str> {
        Some(r#"<target version="1.0"><architecture>msp430x</architecture></target>"#)
    }
}
