//! Wide integer arithmetic in pieces that a 16-bit CPU can afford: no 64-bit division, no 128-bit product.
//!
//! None of these is called per sample. All run in bounded time and none can panic.

/// High 64 bits of the 96-bit product, rounded to nearest: `x·m / 2³²`.
pub(crate) fn mul_high(x: u64, m: u32) -> u64 {
    let low = (x as u32) as u64 * m as u64;
    let high = (x >> 32) * m as u64;
    high + ((low + 0x8000_0000) >> 32)
}

/// `x·m / 2^(32 + shift)`, rounded to nearest, for either sign; `shift` is 0 … 31.
#[inline(never)]
pub(crate) fn scale(x: i64, m: u32, shift: u16) -> i64 {
    let magnitude = round_shift(mul_high(x.unsigned_abs(), m), shift) as i64;
    if x < 0 { -magnitude } else { magnitude }
}

/// `x / 2^shift`, rounded to nearest; `shift` is 0 … 63.
#[inline(never)]
pub(crate) fn round_shift(x: u64, shift: u16) -> u64 {
    if shift == 0 {
        return x;
    }
    let x = x >> (shift - 1);
    (x >> 1) + (x & 1)
}

/// `n / d`, rounded down; `u32::MAX` when the quotient does not fit or `d` is 0.
///
/// Shift and subtract in 32-bit pieces: about a third of what the general 64-bit division costs.
#[inline(never)]
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
#[inline(never)]
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

/// A length in samples, prepared for dividing by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reciprocal {
    /// 2⁶³ / (length · 2^`normal`).
    mantissa: u32,
    /// Left shift that brought the length to 32 significant bits.
    normal: u16,
}

impl Reciprocal {
    /// Of a length in 1/65 536 of a sample; 0 counts as the shortest length there is.
    pub(crate) fn new(length: u32) -> Self {
        let length = if length == 0 { 1 } else { length };
        let normal = length.leading_zeros();
        Self {
            mantissa: divide(0x7FFF_FFFF_FFFF_FFFF, length << normal),
            normal: normal as u16,
        }
    }

    /// `sum / length`, in 1/2^`fraction` of the sum's unit per sample; `fraction` is 0 … 15.
    ///
    /// Exact to 2⁻³¹ of the result plus half a unit. Lengths below 1/8 sample give too small a result.
    pub(crate) fn mean(self, sum: i64, fraction: u16) -> i64 {
        // sum · 2^(16 + fraction) · mantissa · 2^normal / 2⁶³, the 32 of mul_high included.
        let up = self.normal + fraction;
        if up <= 15 {
            scale(sum, self.mantissa, 15 - up)
        } else {
            scale(sum, self.mantissa, 0) << (up - 15).min(15)
        }
    }
}
