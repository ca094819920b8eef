//! The MSP430 CPU: the full classic instruction set with the CPUX cycle table, and nothing of the chip around it.
//!
//! The FR2355 has a CPUX core, but what LLVM and its assembler emit for it are classic instructions below 64 KB, which
//! behave the same there but for their cycles. MSP430X instruction words are therefore refused rather than half done.

mod alu;
mod blocks;
mod bus;
mod cycles;
mod decode;
mod execute;
mod fault;
mod operands;
mod prepared;
mod registers;

pub use blocks::{Blocks, Poll};
pub use bus::Bus;
pub use cycles::{INTERRUPT as INTERRUPT_CYCLES, RESET as RESET_CYCLES};
pub use decode::{Instruction, Mode, Operation};
pub use fault::CpuFault;
pub use registers::{CG2, PC, SP, SR, status};

use prepared::Prepared;
use status::{CPUOFF, GIE, SCG0};

/// Address of the reset vector.
pub const RESET_VECTOR: u16 = 0xFFFE;

/// Reasons to look round after an instruction.
mod attention {
    /// A fault is to be handed out.
    pub const FAULT: u8 = 1 << 0;
    /// EINT has been executed, or the instruction after it.
    pub const SHADOW: u8 = 1 << 1;
    /// Something that the caller asks for has changed.
    pub const CALLER: u8 = 1 << 2;
}

/// Stack pointers that the caller wants to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackWatch {
    /// Those below: deeper than ever.
    pub deepest: u16,
    /// Those from this one on: back where a handler began. Beyond 16 bits when there is no handler.
    pub from: u32,
}

impl StackWatch {
    /// Every one.
    pub const EVERYTHING: Self = Self {
        deepest: u16::MAX,
        from: 0,
    };

    #[inline(always)]
    fn notices(self, sp: u16) -> bool {
        sp < self.deepest || u32::from(sp) >= self.from
    }
}

/// Registers and interrupt logic of the CPU.
#[derive(Clone)]
pub struct Cpu {
    /// R0 to R15; R0 is PC, R1 SP, R2 SR, and R3 stays 0.
    pub registers: [u16; 16],
    /// Address of the instruction that [`Cpu::step`] executed last.
    pub current: u16,
    /// 2 after the instruction that set GIE, and 3 during it; otherwise 0.
    eint_shadow: u8,
    /// What has happened that somebody has to look at after the instruction, of [`attention`]. One look at it takes the
    /// place of many at what seldom changes.
    attention: u8,
    /// Stack pointers that the caller is told of.
    stack_watch: StackWatch,
    /// What the instruction in progress has done wrong.
    fault: Option<CpuFault>,
    /// The instruction that was last executed at each even address.
    prepared: Box<[Prepared; 0x8000]>,
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpu {
    /// A CPU with all registers 0, which is to be [reset](Cpu::reset) before it runs.
    pub fn new() -> Self {
        Self {
            registers: [0; 16],
            current: 0,
            eint_shadow: 0,
            attention: 0,
            stack_watch: StackWatch::EVERYTHING,
            fault: None,
            prepared: vec![Prepared::new(0); 0x8000]
                .try_into()
                .unwrap_or_else(|_| unreachable!("the length is the array's")),
        }
    }

    /// Resets: SR becomes 0, PC comes from the reset vector, all other registers keep what they had.
    ///
    /// Returns the MCLK cycles.
    pub fn reset<B: Bus>(&mut self, bus: &mut B) -> u32 {
        self.registers[SR] = 0;
        self.registers[PC] = bus.read_word(RESET_VECTOR) & !1;
        self.eint_shadow = 0;
        self.fault = None;
        self.attention = attention::CALLER;
        RESET_CYCLES
    }

    /// Accepts an interrupt: pushes PC and SR, clears SR but for SCG0, and loads PC from the address `vector`.
    ///
    /// Returns the MCLK cycles. Whether an interrupt is to be accepted is for the caller: a maskable one when
    /// [`Cpu::accepts_interrupts`], another one always.
    pub fn interrupt<B: Bus>(&mut self, bus: &mut B, vector: u16) -> u32 {
        self.push(bus, self.registers[PC]);
        self.push(bus, self.registers[SR]);
        self.registers[SR] &= SCG0;
        self.registers[PC] = bus.read_word(vector) & !1;
        self.eint_shadow = 0;
        INTERRUPT_CYCLES
    }

    /// Whether a maskable interrupt is accepted before the next instruction: GIE is set, and not only just now.
    ///
    /// The instruction after the one that sets GIE is executed first (SLAU445, section 1.3.4.1), unless the CPU was
    /// sent to sleep with it.
    #[inline]
    pub fn accepts_interrupts(&self) -> bool {
        let status = self.registers[SR];
        status & GIE != 0 && (self.eint_shadow < 2 || status & CPUOFF != 0)
    }

    /// From now on only these stack pointers are changes that [`Cpu::has_changed`] tells of.
    pub fn watch_stack(&mut self, watch: StackWatch) {
        self.stack_watch = watch;
    }

    /// Whether a stack pointer that is watched has been written or reached by PUSH or CALL, or SR was written.
    #[inline(always)]
    pub fn has_changed(&self) -> bool {
        self.attention & attention::CALLER != 0
    }

    /// What [`Cpu::has_changed`] tells has been seen to.
    #[inline]
    pub fn changes_seen(&mut self) {
        self.attention &= !attention::CALLER;
    }

    /// Whether CPUOFF is set: no instruction is executed until an interrupt clears it.
    #[inline]
    pub fn is_asleep(&self) -> bool {
        self.registers[SR] & CPUOFF != 0
    }
}
