//! Names of the CPU's special registers and of the bits in its status register (SLAU445, section 4.3).

/// Number of the program counter; bit 0 always reads 0.
pub const PC: usize = 0;
/// Number of the stack pointer; bit 0 always reads 0.
pub const SP: usize = 1;
/// Number of the status register, which is also the first constant generator.
pub const SR: usize = 2;
/// Number of the second constant generator, which keeps nothing that is written to it.
pub const CG2: usize = 3;

/// Bits of the status register.
pub mod status {
    /// Carry; after a subtraction 1 means that there was no borrow.
    pub const C: u16 = 1 << 0;
    /// The result was zero.
    pub const Z: u16 = 1 << 1;
    /// The result was negative.
    pub const N: u16 = 1 << 2;
    /// Maskable interrupts are accepted.
    pub const GIE: u16 = 1 << 3;
    /// The CPU sleeps until an interrupt.
    pub const CPUOFF: u16 = 1 << 4;
    /// The oscillators sleep with the CPU.
    pub const OSCOFF: u16 = 1 << 5;
    /// The FLL is off; the one control bit that an interrupt leaves alone.
    pub const SCG0: u16 = 1 << 6;
    /// SMCLK is off.
    pub const SCG1: u16 = 1 << 7;
    /// The signed result overflowed.
    pub const V: u16 = 1 << 8;
    /// What an arithmetic instruction sets.
    pub const FLAGS: u16 = C | Z | N | V;
}

/// The bits that a write keeps in PC, SP, SR and CG2: the pointers are even, SR has nine bits, CG2 keeps nothing.
///
/// TI calls SR bits 15 to 9 reserved; they are taken to be absent, as on every implementation that has been looked at.
pub(super) const WRITABLE: [u16; 4] = [0xFFFE, 0xFFFE, 0x01FF, 0x0000];
