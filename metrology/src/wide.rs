//! Wide integer arithmetic in pieces that a 16-bit CPU can afford.
//!
//! The compiler spells out every 64-bit operation in some hundred bytes of code, so each exists once, works in place, and
//! is called. None of these runs per sample, all take bounded time, none can panic.

/// `x += y`, wrapping.
#[inline(never)]
pub(crate) fn add(x: &mut i64, y: &i64) {
    *x = x.wrapping_add(*by_reference(y));
}

/// `x -= y`, wrapping.
#[inline(never)]
pub(crate) fn sub(x: &mut i64, y: &i64) {
    *x = x.wrapping_sub(*by_reference(y));
}

/// Keeps the compiler from passing four words instead of the reference: that would cost 24 bytes at every call.
#[inline(always)]
fn by_reference(x: &i64) -> &i64 {
    core::hint::black_box(x)
}

/// `x += x`, wrapping.
#[inline(never)]
pub(crate) fn double(x: &mut i64) {
    let copy = *x;
    add(x, &copy);
}

/// `x += y`, wrapping.
#[inline(never)]
pub(crate) fn add_small(x: &mut i64, y: i32) {
    let wide = y as i64;
    add(x, &wide);
}

/// `x = −x`, wrapping.
#[inline(never)]
pub(crate) fn negate(x: &mut i64) {
    let copy = *x;
    *x = 0;
    sub(x, &copy);
}

/// `a · b`.
#[inline(never)]
pub(crate) fn product(a: i32, b: i32) -> i64 {
    a as i64 * b as i64
}

/// 1 in Q30.
pub(crate) const ONE: i32 = 1 << 30;

/// `a·b / 2³⁰`, rounded to nearest: the product of two Q30 numbers, or of a Q30 number and anything. The result must fit.
#[inline(never)]
pub(crate) fn mul_q30(a: i32, b: i32) -> i32 {
    let product = a as i64 * b as i64;
    // Two bits from the low word, the rest from the high one; rounding by the bit below them costs no 64-bit addition.
    let low = product as u32;
    let high = (product >> 32) as i32;
    ((high << 2) | (low >> 30) as i32) + ((low >> 29) & 1) as i32
}

/// `x = x·m / 2^(32 + shift)`, rounded to nearest, half away from zero; `shift` is 0 … 31 and costs time.
#[inline(never)]
pub(crate) fn scale(x: &mut i64, m: u32, shift: u16) {
    let is_negative = *x < 0;
    if is_negative {
        negate(x);
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
        add_small(x, 1);
    }
    if is_negative {
        negate(x);
    }
}

/// Adds `limbs · factor` to `total`, whose last limb is 0 before.
#[inline(never)]
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

/// `part / whole` in millionths, for 0 ≤ `part` ≤ `whole`; 0 for 0/0.
#[inline(never)]
pub(crate) fn ratio_ppm(mut part: i64, mut whole: i64) -> u32 {
    while whole > u32::MAX as i64 {
        scale(&mut part, HALF, 0);
        scale(&mut whole, HALF, 0);
    }
    if whole == 0 {
        return 0;
    }
    let quotient = divide((part as u32 as u64) << 30, whole as u32);
    mul_q30(quotient.min(ONE as u32) as i32, 1_000_000) as u32
}

/// A half, as a factor for [`scale`].
const HALF: u32 = 1 << 31;

/// Shortest length that a mean is taken over, Q16 samples: 32 ms at 8 000 SPS.
pub(crate) const SHORTEST: u32 = 1 << 24;

/// A length in samples, prepared for dividing by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reciprocal {
    /// 2⁶³ / (length · 2^`normal`).
    mantissa: u32,
    /// Left shift that brings the length to 32 significant bits.
    normal: u16,
}

impl Reciprocal {
    /// Of a length in 1/65 536 of a sample, at least `SHORTEST` (a shorter one counts as that).
    #[inline(never)]
    pub fn new(length: u32) -> Self {
        let mut length = if length < SHORTEST { SHORTEST } else { length };
        let mut normal = 0;
        while length & 0x8000_0000 == 0 {
            length <<= 1;
            normal += 1;
        }
        Self {
            mantissa: divide(0x7FFF_FFFF_FFFF_FFFF, length),
            normal,
        }
    }

    /// Replaces a sum by its mean per sample, in 1/2^`fraction` of the unit; `fraction` is 0 … 8.
    ///
    /// Exact to 2⁻³¹ of the result plus half a unit.
    pub fn mean(self, sum: &mut i64, fraction: u16) {
        // sum · 2^(16 + fraction) · mantissa · 2^normal / 2⁶³, of which scale() does 2³².
        scale(sum, self.mantissa, 15 - self.normal - fraction);
    }
}
