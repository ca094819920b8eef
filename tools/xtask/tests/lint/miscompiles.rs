//! Ordinary Rust that LLVM's MSP430 back-end gets wrong, and the same thing written so that it comes out right.
//!
//! Not a test by itself: `lint_on_target.rs` compiles this file for the target and holds the lint against each function. The
//! `wrong_` functions must be reported as the case in their name, the `right_` ones must not be reported at all.
#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
pub extern "C" fn abort() -> ! {
    loop {}
}

/// The firmware's own helper, with the 16-bit overflow slot that LLVM really passes.
#[cfg(feature = "own-multiply")]
#[unsafe(no_mangle)]
pub extern "C" fn __mulosi4(a: i32, b: i32, overflow: &mut i16) -> i32 {
    *overflow = i16::from(a.unsigned_abs().leading_zeros() + b.unsigned_abs().leading_zeros() < 33);
    a.wrapping_mul(b)
}

#[unsafe(no_mangle)]
pub fn wrong_a_subtract_in_place(values: &mut [i16], offset: i16) {
    for value in values {
        *value = value.wrapping_sub(offset);
    }
}

#[unsafe(no_mangle)]
pub fn wrong_a_subtract_bytes(values: &[u8], offset: u8) -> u8 {
    values
        .iter()
        .map(|value| value.wrapping_sub(offset))
        .max()
        .unwrap_or(0)
}

#[unsafe(no_mangle)]
pub fn right_a_subtract_wide(values: &mut [i32], offset: i32) {
    for value in values {
        *value = value.wrapping_sub(offset);
    }
}

#[unsafe(no_mangle)]
pub fn right_a_subtract_from_sum(values: &[i16], start: i16) -> i16 {
    values
        .iter()
        .fold(start, |sum, value| sum.wrapping_sub(*value))
}

#[unsafe(no_mangle)]
pub fn wrong_b_truncate_and_limit(word: u16) -> usize {
    (word as u8).min(15) as usize
}

#[unsafe(no_mangle)]
pub fn wrong_b_byte_parameters(a: u8, b: u8) -> u16 {
    (a as u16).min(b as u16)
}

#[unsafe(no_mangle)]
pub fn wrong_b_variable_shift(word: u16, count: u16) -> u16 {
    ((word as u8) << (count & 7)) as u16
}

#[unsafe(no_mangle)]
pub fn right_b_mask_and_limit(word: u16) -> usize {
    (word & 0xFF).min(15) as usize
}

#[unsafe(no_mangle)]
pub fn right_b_bytes_from_memory(bytes: &[u8; 2]) -> u16 {
    (bytes[0] as u16).min(bytes[1] as u16)
}

#[unsafe(no_mangle)]
pub fn right_b_shift_word(word: u16, count: u16) -> u16 {
    ((word & 0xFF) << (count & 7)) & 0xFF
}

#[unsafe(no_mangle)]
pub fn wrong_c_checked_multiply(a: i32, b: i32) -> i32 {
    a.checked_mul(b).unwrap_or(-1)
}

#[unsafe(no_mangle)]
pub fn right_c_checked_multiply_unsigned(a: u32, b: u32) -> u32 {
    a.checked_mul(b).unwrap_or(0)
}

#[unsafe(no_mangle)]
pub fn right_c_wrapping_multiply(a: i32, b: i32) -> i32 {
    a.wrapping_mul(b)
}

#[unsafe(no_mangle)]
pub fn wrong_d_low_byte_as_value(x: u16, mask: u16, kept: &mut u16) -> bool {
    let y = x & mask;
    *kept = y;
    (y as u8) != 0
}

#[unsafe(no_mangle)]
pub fn right_d_whole_word(x: u16, mask: u16, kept: &mut u16) -> bool {
    let y = x & mask;
    *kept = y;
    y != 0
}

#[unsafe(no_mangle)]
pub fn right_d_branch(x: u16, mask: u16, kept: &mut u16) {
    let y = x & mask;
    *kept = y;
    if y & 0xFF != 0 {
        *kept |= 0x1000;
    }
}
