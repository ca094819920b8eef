//! What the CPU sees of the rest of the chip.

/// Memory and peripherals behind the CPU's 16 address lines.
///
/// The CPU clears bit 0 of every word address before it calls, as the hardware ignores it. An implementation keeps
/// time and faults for itself: wait states are counted, and vacant or protected addresses latched, inside these calls;
/// whoever runs the CPU asks for them after each instruction.
pub trait Bus {
    /// Reads the word of the instruction stream at the even `address`; called once for every instruction word, in order.
    fn fetch(&mut self, address: u16) -> u16;
    /// The first word of an instruction, which is known, has been fetched: its accesses begin with this one.
    #[inline(always)]
    fn begin_known(&mut self) {}
    /// As [`Self::fetch`] of a word that is known to be `value`: what remains is the time that it takes. Without
    /// `may_wait` the word is in the cache line of the access before.
    #[inline(always)]
    fn fetch_known(&mut self, address: u16, value: u16, may_wait: bool) -> u16 {
        let _ = (value, may_wait);
        self.fetch(address)
    }
    /// The word at `address` will be fetched, before anything else is accessed: what it waits, it waits now.
    #[inline(always)]
    fn await_word(&mut self, address: u16) {
        let _ = address;
    }
    /// The word at `address`, if it is an even address in memory that is read at once and without side effects.
    #[inline(always)]
    fn quick_word(&self, address: u16) -> Option<u16> {
        let _ = address;
        None
    }
    /// As [`Self::quick_word`] for a byte at any address.
    #[inline(always)]
    fn quick_byte(&self, address: u16) -> Option<u8> {
        let _ = address;
        None
    }
    /// There have been `number` accesses that went through [`Self::quick_word`] or were fetches of what is known.
    #[inline(always)]
    fn count(&mut self, number: u32) {
        let _ = number;
    }
    /// Whether a write to `address`, which is even for words, may go through [`Self::quick_write`].
    #[inline(always)]
    fn is_quick(&self, address: u16) -> bool {
        let _ = address;
        false
    }
    /// Writes a word or a byte where [`Self::is_quick`].
    #[inline(always)]
    fn quick_write<const BYTE: bool>(&mut self, address: u16, value: u16) {
        if BYTE {
            self.write_byte(address, value as u8);
        } else {
            self.write_word(address, value);
        }
    }
    /// Reads the data word at the even `address`, with the side effects that a read has on a peripheral.
    fn read_word(&mut self, address: u16) -> u16;
    /// Reads the data byte at `address`, with the side effects that a read has on a peripheral.
    fn read_byte(&mut self, address: u16) -> u8;
    /// Writes the data word at the even `address`.
    fn write_word(&mut self, address: u16, value: u16);
    /// Writes the data byte at `address`; its neighbour in the word keeps its value.
    fn write_byte(&mut self, address: u16, value: u8);
}
