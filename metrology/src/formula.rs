//! Formulas as tables of steps, and the calculator that works them off.
//!
//! What is computed once a window is not in a hurry, but as code it would be a fifth of the image: LLVM needs some twenty
//! bytes to pass two numbers to an operation of the [`Kernel`]. A step here takes two: an operation on the one accumulator
//! (64 bits, wrapping) and the place of its operand. The tables are ordinary constants, checked where they are built.

use crate::calibration::{CURVE, LAWS, RECORD, WORDS};
use crate::kernel::Kernel;

/// Numbers that a window's formulas can name.
pub const SLOTS: usize = 32;
/// Literals that they can name.
pub const LITERALS: usize = 25;

/// From the top: five bits of operation; three that say what the operand's place counts from; its distance from there in
/// bytes. Instead of a place, some operations have a number.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Step(u16);

/// Where an operand is.
#[derive(Clone, Copy, Debug)]
pub struct Place(u16);

/// What places count from.
const SLOT: u16 = 0;
const SLOT_OF_CHANNEL: u16 = 1 << 8;
const CONSTANT: u16 = 2 << 8;
const CONSTANT_OF_CHANNEL: u16 = 3 << 8;
const LITERAL: u16 = 4 << 8;
const POINT_OF_CHANNEL: u16 = 5 << 8;
const LAW_OF_CHANNEL: u16 = 6 << 8;
/// Their bits, and those of the distance.
const BASE: u16 = 7 << 8;
const DISTANCE: u16 = 0xFF;

/// The slot at `index`.
pub(crate) const fn at(index: usize) -> Place {
    assert!(index < SLOTS);
    Place((index as u16 * 8) | SLOT)
}

/// The slot so many places behind `index` as the channel's number.
pub(crate) const fn each(index: usize) -> Place {
    Place(at(index).0 | SLOT_OF_CHANNEL)
}

/// The meter's constant at `index` of its words.
pub(crate) const fn constant(index: usize) -> Place {
    assert!(index < WORDS && index * 4 < DISTANCE as usize);
    Place((index as u16 * 4) | CONSTANT)
}

/// The channel's constant at `index` of its record.
pub(crate) const fn constant_of_each(index: usize) -> Place {
    assert!(index < RECORD);
    Place((index as u16 * 4) | CONSTANT_OF_CHANNEL)
}

/// The constant at `index` of its words, a record further on for each channel.
pub(crate) const fn constant_from(index: usize) -> Place {
    assert!(index < WORDS - RECORD);
    Place((index as u16 * 4) | CONSTANT_OF_CHANNEL)
}

/// The word at `index` from the curve's point on that has the channel's number; each point has two.
pub(crate) const fn point_of_each(index: usize) -> Place {
    assert!(index < 4);
    Place((index as u16 * 4) | POINT_OF_CHANNEL)
}

/// The channel's law of temperature.
pub(crate) const fn law_of_each() -> Place {
    Place(LAW_OF_CHANNEL)
}

/// The literal at `index` of the desk's list.
pub(crate) const fn literal(index: usize) -> Place {
    assert!(index < LITERALS);
    Place((index as u16 * 4) | LITERAL)
}

/// Operations.
mod operation {
    pub const LOAD: u16 = 0;
    pub const LOAD_NARROW: u16 = 1;
    pub const ADD: u16 = 2;
    pub const ADD_NARROW: u16 = 3;
    pub const SUBTRACT: u16 = 4;
    pub const STORE: u16 = 5;
    pub const Q30: u16 = 6;
    pub const SCALE: u16 = 7;
    pub const PART: u16 = 8;
    pub const PRODUCT: u16 = 9;
    pub const DIVIDE: u16 = 10;
    pub const LIKE: u16 = 11;
    pub const MEAN: u16 = 12;
    pub const SHIFT_LEFT: u16 = 13;
    pub const ROOT: u16 = 14;
    pub const MAGNITUDE: u16 = 15;
    pub const AT_LEAST_ZERO: u16 = 16;
    pub const AT_MOST_ZERO: u16 = 17;
}

const fn step(operation: u16, operand: u16) -> Step {
    assert!(operand <= BASE | DISTANCE);
    Step((operation << 11) | operand)
}

impl Place {
    const fn is_slot(self) -> bool {
        self.0 & BASE <= SLOT_OF_CHANNEL
    }
}

/// Slots hold 64 bits, constants and literals 32.
const fn by_width(wide: u16, narrow: u16, place: Place) -> Step {
    step(if place.is_slot() { wide } else { narrow }, place.0)
}

/// a = x.
pub(crate) const fn load(x: Place) -> Step {
    by_width(operation::LOAD, operation::LOAD_NARROW, x)
}

/// a += x.
pub(crate) const fn add(x: Place) -> Step {
    by_width(operation::ADD, operation::ADD_NARROW, x)
}

/// a −= x, a slot.
pub(crate) const fn subtract(x: Place) -> Step {
    assert!(x.is_slot());
    step(operation::SUBTRACT, x.0)
}

/// x = a, a slot.
pub(crate) const fn store(x: Place) -> Step {
    assert!(x.is_slot());
    step(operation::STORE, x.0)
}

/// a = a·x / 2³⁰, both of 32 bits, by [`Kernel::mul_q30`].
pub(crate) const fn q30(x: Place) -> Step {
    step(operation::Q30, x.0)
}

/// a = a·x / 2³², x of 32 bits without a sign, by [`Kernel::scale`].
pub(crate) const fn scale(x: Place) -> Step {
    step(operation::SCALE, x.0)
}

/// The same with the sign of x.
pub(crate) const fn part(x: Place) -> Step {
    step(operation::PART, x.0)
}

/// a = a·x, both of 32 bits with sign.
pub(crate) const fn product(x: Place) -> Step {
    step(operation::PRODUCT, x.0)
}

/// a = a / x, a not negative and x of 32 bits without a sign, by [`Kernel::divide`]; 0 for x = 0.
pub(crate) const fn divide(x: Place) -> Step {
    step(operation::DIVIDE, x.0)
}

/// a takes the other sign if x, a slot, is negative.
pub(crate) const fn like(x: Place) -> Step {
    assert!(x.is_slot());
    step(operation::LIKE, x.0)
}

/// a = mean of the sum a over the window, in 1/2^`fraction`.
pub(crate) const fn mean(fraction: u16) -> Step {
    step(operation::MEAN, fraction)
}

/// a = a·2^`bits`; at least 1.
pub(crate) const fn shift_left(bits: u16) -> Step {
    assert!(bits != 0);
    step(operation::SHIFT_LEFT, bits)
}

/// a = √a, rounded down.
pub(crate) const fn root() -> Step {
    step(operation::ROOT, 0)
}

/// a = |a|.
pub(crate) const fn magnitude() -> Step {
    step(operation::MAGNITUDE, 0)
}

/// a = max(a, 0).
pub(crate) const fn at_least_zero() -> Step {
    step(operation::AT_LEAST_ZERO, 0)
}

/// a = min(a, 0).
pub(crate) const fn at_most_zero() -> Step {
    step(operation::AT_MOST_ZERO, 0)
}

/// What formulas work on.
#[repr(C)] // a kernel in assembler finds the fields
pub struct Desk<'a> {
    /// Inputs, intermediate values and results.
    pub slots: &'a mut [i64; SLOTS],
    /// The meter's constants.
    pub constants: &'a [i32; WORDS],
    /// Literals that the formulas name.
    pub literals: &'a [i32; LITERALS],
    /// The window's length, to take means with: 2⁶³ / (length · 2^`normal`).
    pub mantissa: u32,
    /// Left shift that brings the length to 32 significant bits.
    pub normal: u16,
}

impl Desk<'_> {
    /// Works `formula` off for a channel: the definition of [`Kernel::work_off`].
    pub(crate) fn work_off<K: Kernel>(&mut self, kernel: &K, formula: &[Step], channel: usize) {
        let mut a = 0i64;
        for step in formula {
            let distance = step.0 & DISTANCE;
            let index = distance as usize / 4;
            let mut slot = index / 2;
            let x = match step.0 & BASE {
                CONSTANT => self.constants[index % WORDS],
                CONSTANT_OF_CHANNEL => self.constants[(index + channel * RECORD) % WORDS],
                POINT_OF_CHANNEL => self.constants[(CURVE + index + 2 * channel) % WORDS],
                LAW_OF_CHANNEL => self.constants[(LAWS + index + channel) % WORDS],
                LITERAL => self.literals[index % LITERALS],
                base => {
                    if base == SLOT_OF_CHANNEL {
                        slot += channel;
                    }
                    self.slots[slot % SLOTS] as i32
                }
            };
            let slot = &mut self.slots[slot % SLOTS];
            match step.0 >> 11 {
                operation::LOAD => a = *slot,
                operation::LOAD_NARROW => a = x as i64,
                operation::ADD => kernel.add(&mut a, slot),
                operation::ADD_NARROW => kernel.add_small(&mut a, x),
                operation::SUBTRACT => kernel.sub(&mut a, slot),
                operation::STORE => *slot = a,
                operation::Q30 => a = kernel.mul_q30(a as i32, x) as i64,
                operation::SCALE => kernel.scale(&mut a, x as u32, 0),
                operation::PART => {
                    if x < 0 {
                        kernel.negate(&mut a);
                    }
                    kernel.scale(&mut a, x.unsigned_abs(), 0);
                }
                operation::PRODUCT => {
                    let factor = a as i32;
                    a = 0;
                    kernel.add_product(&mut a, factor, x);
                }
                operation::DIVIDE if x == 0 => a = 0,
                operation::DIVIDE => a = kernel.divide(a as u64, x as u32) as i64,
                operation::LIKE if *slot < 0 => kernel.negate(&mut a),
                operation::LIKE => {}
                operation::MEAN => {
                    // sum · 2^(16 + fraction) · mantissa · 2^normal / 2⁶³, of which scale() does 2³².
                    kernel.scale(&mut a, self.mantissa, 15 - self.normal - distance);
                }
                operation::SHIFT_LEFT => kernel.shift_left(&mut a, distance),
                operation::ROOT => a = kernel.square_root(&(a as u64)) as i64,
                operation::MAGNITUDE => a = a.wrapping_abs(),
                operation::AT_LEAST_ZERO => a = a.max(0),
                _ => a = a.min(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;

    /// The accumulator after the steps, for a channel, with x in slot 0 and y in slot 3.
    fn after(formula: &[Step], channel: usize, x: i64, y: i64) -> i64 {
        let mut slots = [0; SLOTS];
        (slots[0], slots[3]) = (x, y);
        let mut constants = [0; WORDS];
        constants[2] = -7;
        constants[RECORD + 2] = 9;
        constants[CURVE + 3] = 13;
        let mut literals = [0; LITERALS];
        literals[4] = -1 << 30;
        let mut desk = Desk {
            slots: &mut slots,
            constants: &constants,
            literals: &literals,
            // A length of 2²⁸, 4 096 samples: 2⁶³/2³¹ overflows by one, so one less.
            mantissa: u32::MAX,
            normal: 3,
        };
        Portable.work_off(&mut desk, formula, channel);
        slots[31]
    }

    #[test]
    fn every_operation_does_what_it_says() {
        const X: Place = at(0);
        const Y: Place = at(3);
        const END: Step = store(at(31));
        const WIDE: i64 = -0x1234_5678_9ABC;
        let cases: [(&[Step], i64, i64, i64); 28] = [
            (&[load(X), END], WIDE, 0, WIDE),
            (&[load(constant(2)), END], 0, 0, -7),
            (&[load(literal(4)), END], 0, 0, -1 << 30),
            (&[load(X), add(Y), END], WIDE, 5, WIDE + 5),
            (&[load(X), add(constant(2)), END], WIDE, 5, WIDE - 7),
            (&[load(X), subtract(Y), END], 5, WIDE, 5 - WIDE),
            (&[load(X), q30(Y), END], 3 << 29, -100, -150),
            (&[load(X), q30(literal(4)), END], 1234, 0, -1234),
            (&[load(X), scale(Y), END], WIDE, 1 << 31, WIDE / 2),
            (&[load(X), scale(literal(4)), END], 1 << 40, 0, 3 << 38),
            (&[load(X), part(literal(4)), END], 1 << 40, 0, -1 << 38),
            (&[load(X), part(Y), END], -1 << 40, 1 << 30, -1 << 38),
            (&[load(X), part(Y), END], -1 << 40, -1 << 30, 1 << 38),
            (&[load(X), product(Y), END], -70_000, 80_000, -5_600_000_000),
            (&[load(X), divide(Y), END], 1 << 40, 1 << 20, 1 << 20),
            (&[load(X), divide(Y), END], 1 << 40, 0, 0),
            (&[load(X), divide(Y), END], 1 << 40, 16, u32::MAX as i64),
            (&[load(X), like(Y), END], 5, WIDE, -5),
            (&[load(X), like(Y), END], 5, 1, 5),
            (&[load(X), mean(0), END], 4096 * 77, 0, 77),
            (&[load(X), mean(8), END], -4096 * 77, 0, -77 * 256),
            (&[load(X), shift_left(33), END], -5, 0, -5 << 33),
            (&[load(X), root(), END], 1_000_001, 0, 1000),
            (&[load(X), magnitude(), END], WIDE, 0, -WIDE),
            (&[load(X), at_least_zero(), END], WIDE, 0, 0),
            (&[load(X), at_least_zero(), END], 9, 0, 9),
            (&[load(X), at_most_zero(), END], -WIDE, 0, 0),
            (&[load(X), at_most_zero(), END], WIDE, 0, WIDE),
        ];
        for (number, (formula, x, y, expected)) in cases.into_iter().enumerate() {
            assert_eq!(after(formula, 0, x, y), expected, "case {number}");
        }
    }

    #[test]
    fn channels_have_their_own_slots_and_constants() {
        assert_eq!(after(&[load(each(0)), store(at(31))], 0, 1, 2), 1);
        assert_eq!(after(&[load(each(1)), store(at(31))], 2, 1, 2), 2);
        assert_eq!(
            after(&[load(constant_of_each(2)), store(at(31))], 1, 0, 0),
            9
        );
        assert_eq!(after(&[load(at(3)), store(each(29))], 2, 1, 2), 2);
        assert_eq!(after(&[load(point_of_each(1)), store(at(31))], 1, 0, 0), 13);
        assert_eq!(after(&[load(point_of_each(3)), store(at(31))], 0, 0, 0), 13);
    }
}
