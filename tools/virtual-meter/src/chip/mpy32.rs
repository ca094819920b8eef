//! MPY32: the 32-bit hardware multiplier with accumulation, fractional and saturation modes.
//!
//! The first operand's address selects the operation, the write of the second starts it; results stand as soon as the
//! manual's cycle count has passed, and reading one before that is a fault: on the chip it is a wrong number now and then.
//! The accumulator is kept with one bit more than the result registers, which is what MPYC, SUMEXT and saturation show.
//! 16×16 operations work on RES1:RES0 and extend the sign, or the carry, into RES3:RES2; the manual is silent on those two.

use super::backplane::{Backplane, Lane};

const FRACTIONAL: u16 = 1 << 2;
const SATURATING: u16 = 1 << 3;
const OPERAND1_LONG: u16 = 1 << 6;
const OPERAND2_LONG: u16 = 1 << 7;

/// Multiply or accumulate, unsigned or signed: the value of MPYM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Multiply,
    MultiplySigned,
    Accumulate,
    AccumulateSigned,
}

const OPERATIONS: [Operation; 4] = [
    Operation::Multiply,
    Operation::MultiplySigned,
    Operation::Accumulate,
    Operation::AccumulateSigned,
];

impl Operation {
    fn is_signed(self) -> bool {
        matches!(self, Self::MultiplySigned | Self::AccumulateSigned)
    }

    fn accumulates(self) -> bool {
        matches!(self, Self::Accumulate | Self::AccumulateSigned)
    }
}

/// Cycles from the operand's write until RES0 to RES3 may be read.
type Latency = [u64; 4];
const SHORT: Latency = [3, 3, 4, 4];
const MIXED: Latency = [3, 5, 6, 7];
const MIXED_HIGH: Latency = [0, 3, 4, 4];
const LONG_LOW: Latency = [3, 8, 10, 11];
const LONG_HIGH: Latency = [0, 3, 5, 6];

/// The multiplier's registers.
#[derive(Debug)]
pub struct Mpy32 {
    operand1: u32,
    operand2: u32,
    /// MPYDLYWRTEN, MPYDLY32, the operands' lengths, FRAC and SAT; MPYM and MPYC are kept apart.
    control: u16,
    operation: Operation,
    result: u64,
    /// The bit beyond the result: carry of an unsigned, sign of a signed operation.
    beyond: bool,
    sum_extension: u16,
    /// The last operation was 16×16, so the result has 32 bits.
    short_result: bool,
    ready: [u64; 4],
}

impl Default for Mpy32 {
    fn default() -> Self {
        Self {
            operand1: 0,
            operand2: 0,
            control: 0,
            operation: Operation::Multiply,
            result: 0,
            beyond: false,
            sum_extension: 0,
            short_result: true,
            ready: [0; 4],
        }
    }
}

impl Mpy32 {
    /// Reads the register at `offset`.
    pub fn read(&mut self, offset: u16, backplane: &mut Backplane) -> Option<u16> {
        Some(match offset {
            0x00..=0x06 => self.operand1 as u16,
            0x08 | 0x20 => self.operand2 as u16,
            0x0A => self.result_word(0, backplane),
            0x0C => self.result_word(1, backplane),
            0x0E => {
                self.check_ready(3, backplane);
                self.sum_extension
            }
            0x10 | 0x14 | 0x18 | 0x1C => self.operand1 as u16,
            0x12 | 0x16 | 0x1A | 0x1E => (self.operand1 >> 16) as u16,
            0x22 => (self.operand2 >> 16) as u16,
            0x24..=0x2A => self.result_word(usize::from(offset - 0x24) / 2, backplane),
            0x2C => self.control | (self.operation as u16) << 4 | u16::from(self.beyond),
            _ => return None,
        })
    }

    fn check_ready(&self, index: usize, backplane: &mut Backplane) {
        if backplane.now < self.ready[index] {
            backplane.misuse(format!(
                "multiplier result word {index} read {} cycles too early: put NOPs before, or read RES0 to RES3 in order by absolute address",
                self.ready[index] - backplane.now
            ));
        }
    }

    fn result_word(&self, index: usize, backplane: &mut Backplane) -> u16 {
        self.check_ready(index, backplane);
        (self.shown() >> (16 * index)) as u16
    }

    /// The result as it reads: shifted in fractional mode, limited in saturation mode.
    fn shown(&self) -> u64 {
        if self.control & (FRACTIONAL | SATURATING) == 0 {
            return self.result;
        }
        let bits = if self.short_result { 32 } else { 64 };
        let beyond = i128::from(self.beyond) << bits;
        let plain = i128::from(if bits == 32 {
            self.result & 0xFFFF_FFFF
        } else {
            self.result
        });
        let signed = self.operation.is_signed();
        let exact = if signed {
            plain - beyond
        } else {
            plain + beyond
        };
        let shifted = if self.control & FRACTIONAL != 0 {
            exact << 1
        } else {
            exact
        };
        let value = if self.control & SATURATING != 0 {
            let (low, high) = if signed {
                (-1 << (bits - 1), (1 << (bits - 1)) - 1)
            } else {
                (0, (1 << bits) - 1)
            };
            shifted.clamp(low, high)
        } else {
            shifted
        };
        value as u64
    }

    /// Writes the register at `offset`; `backplane.now` is the cycle of the write.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        if lane == Lane::High {
            backplane.misuse("byte write to the high byte of a multiplier register: write the low byte or the word");
        }
        match offset {
            0x00..=0x06 => {
                self.operation = OPERATIONS[usize::from(offset / 2)];
                self.operand1 = u32::from(self.extended(value, lane));
                self.control &= !OPERAND1_LONG;
            }
            0x10..=0x1E => {
                self.operation = OPERATIONS[usize::from((offset - 0x10) / 4)];
                if offset & 2 == 0 {
                    self.operand1 = self.operand1 & 0xFFFF_0000 | u32::from(value & lane.mask());
                } else {
                    self.operand1 =
                        self.operand1 & 0xFFFF | u32::from(self.extended(value, lane)) << 16;
                }
                self.control |= OPERAND1_LONG;
            }
            0x08 => {
                self.operand2 = u32::from(self.extended(value, lane));
                self.control &= !OPERAND2_LONG;
                let long = self.control & OPERAND1_LONG != 0;
                self.start(if long { MIXED } else { SHORT }, backplane);
            }
            0x20 => {
                self.operand2 = self.operand2 & 0xFFFF_0000 | u32::from(value & lane.mask());
                self.control |= OPERAND2_LONG;
                // RES0 depends on the low words only and is on its way; the rest waits for the high word.
                self.ready[0] = backplane.now + 3;
                let latency = if self.control & OPERAND1_LONG != 0 {
                    LONG_LOW
                } else {
                    MIXED
                };
                (1..4).for_each(|index| self.ready[index] = backplane.now + latency[index]);
            }
            0x22 => {
                self.operand2 =
                    self.operand2 & 0xFFFF | u32::from(self.extended(value, lane)) << 16;
                self.control |= OPERAND2_LONG;
                let low_ready = self.ready[0];
                let long = self.control & OPERAND1_LONG != 0;
                self.start(if long { LONG_HIGH } else { MIXED_HIGH }, backplane);
                self.ready[0] = low_ready;
            }
            0x0A | 0x0C => self.set_result_word(usize::from(offset - 0x0A) / 2, value, lane),
            0x0E => self.sum_extension = lane.merge(self.sum_extension, value),
            0x24..=0x2A => self.set_result_word(usize::from(offset - 0x24) / 2, value, lane),
            0x2C => {
                if value & 0x0300 & lane.mask() != 0 {
                    backplane
                        .not_modelled("MPYDLYWRTEN and MPYDLY32", "wait for results with NOPs");
                }
                let control = lane.merge(self.control | (self.operation as u16) << 4, value);
                self.control = control & (FRACTIONAL | SATURATING | OPERAND1_LONG | OPERAND2_LONG);
                self.operation = OPERATIONS[usize::from(control >> 4 & 3)];
                self.beyond = value & 1 != 0;
            }
            _ => return None,
        }
        Some(())
    }

    /// A byte operand fills its word with its sign in signed operations, else with zeros.
    fn extended(&self, value: u16, lane: Lane) -> u16 {
        match lane {
            Lane::Low if self.operation.is_signed() => value as u8 as i8 as u16,
            Lane::Low => value & 0xFF,
            _ => value,
        }
    }

    fn set_result_word(&mut self, index: usize, value: u16, lane: Lane) {
        let old = (self.result >> (16 * index)) as u16;
        let new = lane.merge(old, value);
        self.result = self.result & !(0xFFFF << (16 * index)) | u64::from(new) << (16 * index);
    }

    fn start(&mut self, latency: Latency, backplane: &Backplane) {
        let long1 = self.control & OPERAND1_LONG != 0;
        let long2 = self.control & OPERAND2_LONG != 0;
        self.short_result = !long1 && !long2;
        let before = if self.operation.accumulates() {
            self.result
        } else {
            0
        };
        let negative = if self.operation.is_signed() {
            let operand = |value: u32, long: bool| {
                i64::from(if long {
                    value as i32
                } else {
                    value as u16 as i16 as i32
                })
            };
            self.add_signed(
                before,
                operand(self.operand1, long1) * operand(self.operand2, long2),
            )
        } else {
            self.add_unsigned(before, u64::from(self.operand1) * u64::from(self.operand2));
            false
        };
        self.sum_extension = match self.operation {
            Operation::Multiply => 0,
            Operation::Accumulate => u16::from(self.beyond),
            // The sign of the result registers, whether or not the sum overflowed them.
            _ => 0u16.wrapping_sub(u16::from(negative)),
        };
        self.ready = latency.map(|cycles| backplane.now + cycles);
    }

    fn add_unsigned(&mut self, before: u64, product: u64) {
        if self.short_result {
            self.result = (before & 0xFFFF_FFFF) + product;
            self.beyond = self.result >> 32 & 1 == 1;
        } else {
            (self.result, self.beyond) = before.overflowing_add(product);
        }
    }

    /// Returns the sign bit of the result registers.
    fn add_signed(&mut self, before: u64, product: i64) -> bool {
        if self.short_result {
            let sum = i64::from(before as u32 as i32) + product;
            self.beyond = sum >> 32 & 1 == 1;
            self.result = i64::from(sum as i32) as u64;
        } else {
            let (sum, overflowed) = before.cast_signed().overflowing_add(product);
            // What bit 64 of the exact sum would be.
            self.beyond = (sum < 0) != overflowed;
            self.result = sum.cast_unsigned();
        }
        self.result.cast_signed() < 0
    }

    /// A reset of the chip; results keep what they had.
    pub fn reset(&mut self) {
        self.control = 0;
        self.operation = Operation::Multiply;
    }
}

#[cfg(test)]
#[path = "mpy32_tests.rs"]
mod tests;
