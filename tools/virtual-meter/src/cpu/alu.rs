//! Results and flags of the arithmetic instructions (SLAU445, section 4.6).

use super::decode::Operation;
use super::registers::status::{C, FLAGS, N, V, Z};

/// The sign bit of a byte or a word.
const fn sign<const BYTE: bool>() -> u16 {
    if BYTE { 0x80 } else { 0x8000 }
}

/// The bits of a byte or a word.
const fn mask<const BYTE: bool>() -> u16 {
    if BYTE { 0xFF } else { 0xFFFF }
}

/// Result and new status register of a two-operand instruction. Byte operands come without high bits.
#[inline(always)]
pub(super) fn two_operands<const BYTE: bool>(
    operation: Operation,
    source: u16,
    destination: u16,
    status: u16,
) -> (u16, u16) {
    match operation {
        Operation::Mov => (source, status),
        Operation::Add => add::<BYTE>(source, destination, 0, status),
        Operation::Addc => add::<BYTE>(source, destination, status & C, status),
        // Subtraction adds the one's complement, as TI defines it; so carry means that nothing was borrowed.
        Operation::Sub | Operation::Cmp => {
            add::<BYTE>(source ^ mask::<BYTE>(), destination, 1, status)
        }
        Operation::Subc => add::<BYTE>(source ^ mask::<BYTE>(), destination, status & C, status),
        Operation::Dadd => add_decimal::<BYTE>(source, destination, status),
        Operation::Bit | Operation::And => logic::<BYTE>(source & destination, 0, status),
        Operation::Xor => {
            let both_negative = source & destination & sign::<BYTE>() != 0;
            logic::<BYTE>(
                source ^ destination,
                if both_negative { V } else { 0 },
                status,
            )
        }
        Operation::Bic => (destination & !source, status),
        Operation::Bis => (destination | source, status),
        _ => unreachable!("{operation:?} has not two operands"),
    }
}

/// Result and new status register of RRC, RRA, SWPB and SXT.
#[inline(always)]
pub(super) fn one_operand<const BYTE: bool>(
    operation: Operation,
    operand: u16,
    status: u16,
) -> (u16, u16) {
    let carry_out = operand & 1;
    match operation {
        Operation::Rrc => {
            let carry_in = if status & C != 0 { sign::<BYTE>() } else { 0 };
            let result = operand >> 1 | carry_in;
            (
                result,
                status & !FLAGS | sign_and_zero::<BYTE>(result) | carry_out,
            )
        }
        Operation::Rra => {
            let result = operand >> 1 | operand & sign::<BYTE>();
            (
                result,
                status & !FLAGS | sign_and_zero::<BYTE>(result) | carry_out,
            )
        }
        Operation::Swpb => (operand.swap_bytes(), status),
        Operation::Sxt => logic::<false>(i16::from(operand as u8 as i8) as u16, 0, status),
        _ => unreachable!("{operation:?} does not change one operand"),
    }
}

/// N and Z of a result.
#[inline(always)]
fn sign_and_zero<const BYTE: bool>(result: u16) -> u16 {
    let negative = if result & sign::<BYTE>() != 0 { N } else { 0 };
    let zero = if result & mask::<BYTE>() == 0 { Z } else { 0 };
    negative | zero
}

/// Flags of the logical instructions: carry is the opposite of zero.
#[inline(always)]
fn logic<const BYTE: bool>(result: u16, overflow: u16, status: u16) -> (u16, u16) {
    let carry = if result & mask::<BYTE>() != 0 { C } else { 0 };
    (
        result,
        status & !FLAGS | sign_and_zero::<BYTE>(result) | carry | overflow,
    )
}

/// Binary addition with carry in and out.
#[inline(always)]
fn add<const BYTE: bool>(source: u16, destination: u16, carry_in: u16, status: u16) -> (u16, u16) {
    let sum = u32::from(source) + u32::from(destination) + u32::from(carry_in);
    let result = sum as u16 & mask::<BYTE>();
    let carry = if sum > u32::from(mask::<BYTE>()) {
        C
    } else {
        0
    };
    // Overflow: the operands agree in sign and the result does not.
    let overflow = if !(source ^ destination) & (source ^ result) & sign::<BYTE>() != 0 {
        V
    } else {
        0
    };
    (
        result,
        status & !FLAGS | sign_and_zero::<BYTE>(result) | carry | overflow,
    )
}

/// Decimal addition digit by digit. TI leaves V undefined, here it keeps its value; and it gives no meaning to digits
/// above 9.
fn add_decimal<const BYTE: bool>(source: u16, destination: u16, status: u16) -> (u16, u16) {
    let mut carry = status & C;
    let mut result = 0;
    for digit in 0..if BYTE { 2 } else { 4 } {
        let shift = 4 * digit;
        let mut sum = (source >> shift & 15) + (destination >> shift & 15) + carry;
        carry = u16::from(sum > 9);
        if sum > 9 {
            sum -= 10;
        }
        result |= (sum & 15) << shift;
    }
    (
        result,
        status & !(C | Z | N) | sign_and_zero::<BYTE>(result) | carry,
    )
}
