//! What the CPU sees of the rest of the chip.

/// Memory and peripherals behind the CPU's 16 address lines.
///
/// The CPU clears bit 0 of every word address before it calls, as the hardware ignores it. An implementation keeps
/// time and faults for itself: wait states are counted, and vacant or protected addresses latched, inside these calls;
/// whoever runs the CPU asks for them after each instruction.
pub trait Bus {
    /// Reads the word of the instruction stream at the even `address`; called once for every instruction word, in order.
    fn fetch(&mut self, address: u16) -> u16;
    /// Reads the data word at the even `address`, with the side effects that a read has on a peripheral.
    fn read_word(&mut self, address: u16) -> u16;
    /// Reads the data byte at `address`, with the side effects that a read has on a peripheral.
    fn read_byte(&mut self, address: u16) -> u8;
    /// Writes the data word at the even `address`.
    fn write_word(&mut self, address: u16, value: u16);
    /// Writes the data byte at `address`; its neighbour in the word keeps its value.
    fn write_byte(&mut self, address: u16, value: u8);
}
