//! A bus of 64 KB of plain memory, for tests of the CPU alone.

use virtual_meter::cpu::Bus;

/// Memory everywhere, nothing protected, nothing with a side effect.
#[derive(Clone)]
pub struct FlatMemory(pub Box<[u8; 0x1_0000]>);

impl FlatMemory {
    /// Memory full of `value`.
    pub fn filled(value: u8) -> Self {
        Self(
            vec![value; 0x1_0000]
                .try_into()
                .expect("the length is that of the array"),
        )
    }

    /// The word at `address`, whose bit 0 counts as 0.
    pub fn word(&self, address: u16) -> u16 {
        u16::from_le_bytes([
            self.0[usize::from(address & !1)],
            self.0[usize::from(address | 1)],
        ])
    }

    /// Sets the word at `address`, whose bit 0 counts as 0.
    pub fn set_word(&mut self, address: u16, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.0[usize::from(address & !1)] = low;
        self.0[usize::from(address | 1)] = high;
    }
}

impl Bus for FlatMemory {
    fn fetch(&mut self, address: u16) -> u16 {
        self.word(address)
    }

    fn read_word(&mut self, address: u16) -> u16 {
        self.word(address)
    }

    fn read_byte(&mut self, address: u16) -> u8 {
        self.0[usize::from(address)]
    }

    fn write_word(&mut self, address: u16, value: u16) {
        self.set_word(address, value);
    }

    fn write_byte(&mut self, address: u16, value: u8) {
        self.0[usize::from(address)] = value;
    }
}
