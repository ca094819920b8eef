//! Root of a mean square.

use crate::wide::square_root;

/// Root of a mean square in code²/256 (below 2⁵⁵), in codes · 2¹⁴, good to 30 significant bits.
pub(crate) fn root_q14(square: u64) -> u64 {
    if square == 0 {
        return 0;
    }
    // Q8 · 2^(2k) has a root in Q(4 + k); take the largest k that 64 bits allow.
    let k = square.leading_zeros() >> 1;
    let root = square_root(square << (2 * k)) as u64;
    if k >= 10 {
        root >> (k - 10)
    } else {
        root << (10 - k)
    }
}
