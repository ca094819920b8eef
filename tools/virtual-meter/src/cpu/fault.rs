//! What the CPU refuses, or does only under protest.

use std::fmt;

/// Something that a correct program never does. Its text leaves out where, for [`CpuFault::pc`] tells.
///
/// [`CpuFault::Unsupported`] leaves every register as it was before the instruction. The others are returned after
/// the instruction was completed as the hardware completes it, so whoever runs the CPU may choose to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuFault {
    /// An MSP430X instruction, or a word that is no instruction at all.
    Unsupported {
        /// Address of the instruction.
        pc: u16,
        /// Its first word.
        word: u16,
    },
    /// An odd value was written to PC or SP; the CPU dropped bit 0.
    OddPointer {
        /// Address of the instruction.
        pc: u16,
        /// 0 for PC, 1 for SP.
        register: u8,
        /// The value, with its bit 0.
        value: u16,
    },
    /// A word was accessed at an odd address; the CPU ignored bit 0.
    UnalignedWord {
        /// Address of the instruction.
        pc: u16,
        /// The address, with its bit 0.
        address: u16,
    },
    /// Interrupts were enabled and disabled by two instructions in a row, which TI forbids (SLAU445, section 1.3.4.1).
    EintThenDint {
        /// Address of the disabling instruction.
        pc: u16,
    },
}

impl CpuFault {
    /// Address of the instruction that is at fault.
    pub fn pc(&self) -> u16 {
        match *self {
            Self::Unsupported { pc, .. }
            | Self::OddPointer { pc, .. }
            | Self::UnalignedWord { pc, .. }
            | Self::EintThenDint { pc } => pc,
        }
    }
}

impl fmt::Display for CpuFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unsupported { word, .. } => write!(f, "{} {word:#06x}", refused(word)),
            Self::OddPointer { register, value, .. } => {
                let name = if register == 0 { "PC" } else { "SP" };
                write!(f, "odd value {value:#06x} written to {name}")
            }
            Self::UnalignedWord { address, .. } => write!(f, "word access at odd address {address:#06x}"),
            Self::EintThenDint { .. } => f.write_str(
                "interrupts disabled by the very next instruction after they were enabled: put a NOP between",
            ),
        }
    }
}

impl std::error::Error for CpuFault {}

/// Names the family that a refused instruction word belongs to.
fn refused(word: u16) -> &'static str {
    match word {
        0x0000..=0x0FFF => "MSP430X address instruction",
        0x1300..=0x13FF => "MSP430X CALLA",
        0x1400..=0x17FF => "MSP430X PUSHM or POPM",
        0x1800..=0x1FFF => "MSP430X extension word",
        _ => "illegal instruction word",
    }
}
