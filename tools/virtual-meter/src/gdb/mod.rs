//! A remote stub for debuggers: `mspdebug -d HOST:PORT gdbc` and msp430-elf GDB over TCP.
//!
//! The protocol is the `gdbstub` crate's. What it does not do by itself is what mspdebug 0.22 wants: registers of 16
//! bits (GDB wants 32, and unlike mspdebug says `qSupported`), no run-length encoding, an answer to the reset packet
//! `R00`, and a mass erase by the monitor command `erase`.

mod input;
mod registers;
mod server;
mod target;

pub use server::{Ended, Server};

/// A machine that a debugger can examine and control.
pub trait Debuggable {
    /// R0 to R15.
    fn registers(&self) -> [u16; 16];
    /// Sets R0 to R15.
    fn set_registers(&mut self, registers: [u16; 16]);
    /// Reads memory from `address` on, which `bytes` does not take past 0xFFFF; without a read's side effects.
    fn read_memory(&mut self, address: u16, bytes: &mut [u8]);
    /// Writes memory from `address` on, which `bytes` does not take past 0xFFFF; FRAM also while it is protected.
    fn write_memory(&mut self, address: u16, bytes: &[u8]);
    /// Fills main FRAM with 0xFF.
    fn erase(&mut self);
    /// Resets as the RST pin does.
    fn reset(&mut self);
    /// Executes one instruction, of an interrupt handler if one is due; asleep, whatever comes until there is one.
    fn step(&mut self) -> Halt;
    /// Executes instructions until something halts it, at the latest for some 10 ms of the host's time. Stops before
    /// each instruction whose address `stop_at` contains, the first one included.
    fn run(&mut self, stop_at: &StopAt) -> Halt;
}

/// Why a machine does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It has run for a while, or stepped; nothing is the matter.
    Paused,
    /// The next instruction is one to stop at.
    Breakpoint,
    /// The program did something that a correct one never does. One line that says what and where.
    Fault(String),
    /// The simulated time is over.
    Finished,
}

/// The addresses to stop at.
#[derive(Clone, Debug)]
pub struct StopAt {
    /// A bit for each even address.
    bits: Box<[u64; 512]>,
}

impl Default for StopAt {
    fn default() -> Self {
        Self {
            bits: Box::new([0; 512]),
        }
    }
}

impl StopAt {
    /// Whether to stop before the instruction at `pc`.
    #[inline]
    pub fn contains(&self, pc: u16) -> bool {
        self.bits[usize::from(pc >> 7)] >> (pc >> 1 & 63) & 1 != 0
    }

    /// Adds or removes an address; false if there can be no instruction at it.
    pub fn set(&mut self, address: u32, stop: bool) -> bool {
        let Some(address) = u16::try_from(address)
            .ok()
            .filter(|address| address & 1 == 0)
        else {
            return false;
        };
        let mask = 1 << (address >> 1 & 63);
        let word = &mut self.bits[usize::from(address >> 7)];
        *word = if stop { *word | mask } else { *word & !mask };
        true
    }
}
