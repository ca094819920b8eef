//! The 32-bit multiplier by the host's arithmetic, as far as firmware uses it (SLAU445, chapter 5): no fractions, no
//! saturation, no delays.

use std::ops::RangeInclusive;

/// The registers' state.
#[derive(Clone, Default)]
pub struct Multiplier {
    operand: u32,
    signed: bool,
    /// The first operand is 32 bits wide.
    wide: bool,
    accumulate: bool,
    second_low: u16,
    result: u64,
}

impl Multiplier {
    /// Where it is.
    pub const ADDRESSES: RangeInclusive<u16> = 0x04C0..=0x04ED;

    /// Writes a register.
    pub fn write(&mut self, address: u16, value: u16) {
        match address & !1 {
            // MPY, MPYS, MAC, MACS; MPY32L/H, MPYS32L/H, MAC32L/H, MACS32L/H.
            register @ 0x4C0..=0x4C6 => self.first(register >> 1 & 3, value.into(), false),
            register @ 0x4D0..=0x4DE if register & 2 == 0 => {
                self.first(register >> 2 & 3, value.into(), true)
            }
            0x4D2..=0x4DE => self.operand = self.operand & 0xFFFF | u32::from(value) << 16,
            0x4C8 => self.multiply(if self.signed {
                i64::from(value as i16) as u64
            } else {
                value.into()
            }),
            0x4E0 => self.second_low = value,
            0x4E2 => {
                let second = u32::from(value) << 16 | u32::from(self.second_low);
                self.multiply(if self.signed {
                    i64::from(second as i32) as u64
                } else {
                    second.into()
                });
            }
            0x4CA | 0x4E4 => self.set_result(0, value),
            0x4CC | 0x4E6 => self.set_result(1, value),
            0x4E8 => self.set_result(2, value),
            0x4EA => self.set_result(3, value),
            _ => {}
        }
    }

    /// Reads a register.
    pub fn read(&self, address: u16) -> u16 {
        match address & !1 {
            0x4CA | 0x4E4 => self.result as u16,
            0x4CC | 0x4E6 => (self.result >> 16) as u16,
            0x4E8 => (self.result >> 32) as u16,
            0x4EA => (self.result >> 48) as u16,
            other => panic!("the test's multiplier has no register {other:#06x} to read"),
        }
    }

    fn first(&mut self, kind: u16, value: u32, wide: bool) {
        self.operand = value;
        self.wide = wide;
        self.signed = kind & 1 != 0;
        self.accumulate = kind & 2 != 0;
    }

    fn multiply(&mut self, second: u64) {
        let first = match (self.signed, self.wide) {
            (true, true) => i64::from(self.operand as i32) as u64,
            (true, false) => i64::from(self.operand as u16 as i16) as u64,
            (false, _) => self.operand.into(),
        };
        let product = first.wrapping_mul(second);
        self.result = if self.accumulate {
            self.result.wrapping_add(product)
        } else {
            product
        };
    }

    fn set_result(&mut self, word: u32, value: u16) {
        self.result = self.result & !(0xFFFF << (16 * word)) | u64::from(value) << (16 * word);
    }
}
