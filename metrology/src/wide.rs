//! Wide integer arithmetic: the definitions of [`Kernel`]'s longer operations, and what is made of them.

use crate::kernel::Kernel;

/// 1 in Q30.
pub(crate) const ONE: i32 = 1 << 30;

/// `a·b / 2³⁰`, rounded to nearest: the product of two Q30 numbers, or of a Q30 number and anything. The result must fit.
pub(crate) fn mul_q30(a: i32, b: i32) -> i32 {
    let product = a as i64 * b as i64;
    // Two bits from the low word, the rest from the high one; rounding by the bit below them costs no 64-bit addition.
    let low = product as u32;
    let high = (product >> 32) as i32;
    ((high << 2) | (low >> 30) as i32) + ((low >> 29) & 1) as i32
}

/// `x / 2`, rounded down: one bit of two words costs LLVM 26 bytes each time.
#[inline(never)]
pub(crate) fn half(x: i32) -> i32 {
    x >> 1
}

/// `x = x·m / 2^(32 + shift)`, rounded to nearest, half away from zero; `shift` is 0 … 31 and costs time.
pub(crate) fn scale(x: &mut i64, m: u32, shift: u16) {
    let is_negative = *x < 0;
    if is_negative {
        *x = x.wrapping_neg();
    }
    let limbs = [
        *x as u16,
        (*x >> 16) as u16,
        (*x >> 32) as u16,
        (*x >> 48) as u16,
    ];
    // The 96-bit product in limbs of 16 bits, lowest first.
    let mut total = [0u16; 6];
    let [low @ .., _] = &mut total;
    add_product(low, &limbs, m as u16);
    let [_, high @ ..] = &mut total;
    add_product(high, &limbs, (m >> 16) as u16);
    // 32 bits less are two limbs less; the rest bit by bit. The bit cut off last decides the rounding.
    for _ in 0..shift {
        let mut carry = 0;
        for limb in total[1..].iter_mut().rev() {
            let shifted = (*limb >> 1) | carry;
            carry = *limb << 15;
            *limb = shifted;
        }
    }
    let [_, below, a, b, c, d] = total;
    *x = (a as u64 | (b as u64) << 16 | (c as u64) << 32 | (d as u64) << 48) as i64;
    if below & 0x8000 != 0 {
        *x += 1;
    }
    if is_negative {
        *x = x.wrapping_neg();
    }
}

/// Adds `limbs · factor` to `total`, whose last limb is 0 before.
fn add_product(total: &mut [u16; 5], limbs: &[u16; 4], factor: u16) {
    let mut carry = 0u32;
    let [low @ .., last] = total;
    for (&limb, out) in limbs.iter().zip(low) {
        carry += limb as u32 * factor as u32 + *out as u32;
        *out = carry as u16;
        carry >>= 16;
    }
    *last = carry as u16;
}

/// `n / d`, rounded down; `u32::MAX` when the quotient does not fit or `d` is 0.
///
/// Shift and subtract in 32-bit pieces: about a third of what the general 64-bit division costs.
pub(crate) fn divide(n: u64, d: u32) -> u32 {
    let mut high = (n >> 32) as u32;
    let mut low = n as u32;
    if high >= d {
        return u32::MAX;
    }
    for _ in 0..32 {
        let carry = high >> 31;
        high = (high << 1) | (low >> 31);
        low <<= 1;
        if carry != 0 || high >= d {
            high = high.wrapping_sub(d);
            low |= 1;
        }
    }
    low
}

/// Square root of `x`, rounded down.
pub(crate) fn square_root(x: u64) -> u32 {
    let mut root = 0u32;
    let mut bit = 0x8000_0000u32;
    while bit != 0 {
        let candidate = root | bit;
        if candidate as u64 * candidate as u64 <= x {
            root = candidate;
        }
        bit >>= 1;
    }
    root
}

/// Shortest length that a mean is taken over, Q16 samples: 32 ms at 8 000 SPS.
pub(crate) const SHORTEST: u32 = 1 << 24;

/// A length in samples, prepared for dividing by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reciprocal {
    /// 2⁶³ / (length · 2^`normal`).
    pub mantissa: u32,
    /// Left shift that brings the length to 32 significant bits.
    pub normal: u16,
}

impl Reciprocal {
    /// Of a length in 1/65 536 of a sample, at least `SHORTEST` (a shorter one counts as that).
    pub fn new<K: Kernel>(kernel: &K, length: u32) -> Self {
        let mut length = length;
        let mut normal = 0;
        while length & 0x8000_0000 == 0 {
            if normal == SHORTEST.leading_zeros() as u16 {
                // As far as the shortest one is shifted: this one counts as that.
                length = 0x8000_0000;
                break;
            }
            length <<= 1;
            normal += 1;
        }
        Self {
            mantissa: kernel.divide(0x7FFF_FFFF_FFFF_FFFF, length),
            normal,
        }
    }
}

/// Whether `a` is less than `b`, both less than 2³¹ apart: by the sign of their difference. For the target that is half the code
/// of comparing 32 bits.
#[inline(always)]
pub(crate) fn is_less(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}
