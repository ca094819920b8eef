//! The kernel's operations against the same in twice the width: exact to the last bit, rounding included.

use metrology::kernel::FOLDED;
use metrology::oscillator::Phasor;
use metrology::{Kernel, Portable};
use proptest::prelude::*;

/// Numbers of every size, the ends included.
fn any_i32() -> impl Strategy<Value = i32> {
    prop_oneof![
        6 => (any::<i32>(), 0u32..31).prop_map(|(x, shift)| x >> shift),
        1 => prop::sample::select(vec![0, 1, -1, 1 << 29, 1 << 30, i32::MAX, i32::MIN + 1]),
    ]
}

fn any_u64() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => (any::<u64>(), 0u32..63).prop_map(|(x, shift)| x >> shift),
        1 => prop::sample::select(vec![0, 1, u64::MAX, u64::MAX - 1, 1 << 32, (1 << 32) - 1]),
    ]
}

/// x / 2^bits, to nearest; a half goes up, or away from zero.
fn half_up(x: i128, bits: u32) -> i128 {
    (x + (1 << (bits - 1))) >> bits
}

fn half_away(x: i128, bits: u32) -> i128 {
    x.signum() * half_up(x.abs(), bits)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(430), ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn products_of_q30_are_rounded_to_nearest(a in any_i32(), b in any_i32()) {
        let exact = half_up(a as i128 * b as i128, 30);
        if i32::try_from(exact).is_ok() {
            prop_assert_eq!(Portable.mul_q30(a, b) as i128, exact);
        }
    }

    #[test]
    fn scaling_is_rounded_to_nearest(x in any_u64(), m in any::<u32>(), small in 0u32..32, shift in 0u16..32) {
        let x = (x >> 1) as i64 * if m & 1 == 0 { 1 } else { -1 };
        let m = m >> small;
        let exact = half_away(x as i128 * m as i128, 32 + shift as u32);
        if i64::try_from(exact).is_ok() {
            let mut scaled = x;
            Portable.scale(&mut scaled, m, shift);
            prop_assert_eq!(scaled as i128, exact, "{} · {} >> {}", x, m, 32 + shift);
        }
    }

    #[test]
    fn quotients_are_rounded_down_or_saturate(n in any_u64(), d in any::<u32>(), small in 0u32..32) {
        let d = d >> small;
        let exact = n.checked_div(d as u64).and_then(|quotient| u32::try_from(quotient).ok());
        prop_assert_eq!(Portable.divide(n, d), exact.unwrap_or(u32::MAX));
        // Right at the ends of the quotient's range, too.
        if d != 0 {
            let most = (d as u64) << 32;
            prop_assert_eq!(Portable.divide(most - 1, d), u32::MAX);
            prop_assert_eq!(Portable.divide(d as u64 * 3, d), 3);
            prop_assert_eq!(Portable.divide(d as u64 * 3 - 1, d), 2);
        }
    }

    #[test]
    fn roots_are_rounded_down(x in any_u64()) {
        let root = Portable.square_root(&x) as u128;
        prop_assert!(root * root <= x as u128 && (root + 1) * (root + 1) > x as u128);
    }

    #[test]
    fn squares_have_their_root(root in any::<u32>()) {
        let square = root as u64 * root as u64;
        prop_assert_eq!(Portable.square_root(&square), root);
        if root != 0 {
            prop_assert_eq!(Portable.square_root(&(square - 1)), root - 1);
        }
    }

    #[test]
    fn turning_rounds_each_part_once(a in any::<[i32; 2]>(), b in any::<[i32; 2]>()) {
        let [a, b] = [a, b].map(|pair| pair.map(|x| x >> 1));
        let [[re, im], [cos, sin]] = [a, b].map(|pair| pair.map(|x| x as i128));
        let mut turned = a;
        Portable.rotate(&mut turned, &b);
        let exact = [half_up(re * cos - im * sin, 30), half_up(im * cos + re * sin, 30)];
        prop_assert_eq!(turned.map(|x| x as i128), exact);
    }

    #[test]
    fn sums_wrap(x in any::<i64>(), y in any::<i64>(), a in any::<i32>(), b in any::<i32>()) {
        let with = |operation: &dyn Fn(&mut i64)| {
            let mut x = x;
            operation(&mut x);
            x
        };
        let wrapped = |x: i128| x as i64;
        let [wide, other] = [x as i128, y as i128];
        let product = a as i128 * b as i128;
        prop_assert_eq!(with(&|x| Portable.add(x, &y)), wrapped(wide + other));
        prop_assert_eq!(with(&|x| Portable.sub(x, &y)), wrapped(wide - other));
        prop_assert_eq!(with(&|x| Portable.add_small(x, a)), wrapped(wide + a as i128));
        prop_assert_eq!(with(&|x| Portable.add_product(x, a, b)), wrapped(wide + product));
        prop_assert_eq!(with(&|x| Portable.negate(x)), wrapped(-wide));
        prop_assert_eq!(with(&|x| Portable.shift_left(x, 3)), wrapped(wide << 3));
    }

    #[test]
    fn blocks_are_summed_and_filtered_exactly(
        lane in any::<[i32; 20]>(),
        right in any::<[i32; 17]>(),
        before in 0i32..4,
        start in -1i64 << 61..1 << 61,
    ) {
        let lane = lane.map(|code| code >> 8);
        let mut filtered = [77; 17];
        let mut remainder = before;
        let sum = Portable.droop(&lane, &mut remainder, &mut filtered);
        let codes = |from: usize| (0..16).map(|k| lane[from + k] as i64).sum::<i64>();
        prop_assert_eq!(sum as i64, codes(2));
        prop_assert_eq!(Portable.sum(&lane) as i64, codes(2));
        prop_assert_eq!(Portable.peak(&lane), lane[4..].iter().map(|code| code.unsigned_abs()).max().unwrap());
        prop_assert_eq!(filtered[0], 77);
        // Nothing of the quarters is lost: four times the filtered ones and the rest are the whole sum.
        let whole = 30 * codes(2) - 8 * (codes(1) + codes(3)) + codes(0) + codes(4) + before as i64;
        let kept = filtered[1..].iter().map(|value| *value as i64).sum::<i64>();
        prop_assert_eq!(4 * kept + remainder as i64, whole);
        prop_assert!((0..4).contains(&remainder));
        for (k, value) in filtered[1..].iter().enumerate() {
            let exact = 30 * lane[k + 2] - 8 * (lane[k + 1] + lane[k + 3]) + lane[k] + lane[k + 4];
            prop_assert!((4 * *value as i64 - exact as i64).abs() <= 3, "{}", k);
        }
        let right = right.map(|code| code >> 8);
        let mut total = start;
        Portable.mac(&mut total, &lane, &right);
        let exact = lane.iter().zip(&right).map(|(a, b)| *a as i64 * *b as i64).sum::<i64>();
        prop_assert_eq!(total, start + exact);
    }

    #[test]
    fn correlation_is_the_sum_over_the_folded_block(
        samples in any::<[i32; 16]>(),
        table in any::<[[i32; FOLDED]; 2]>(),
        phase in any::<[i32; 2]>(),
        before in any::<[i32; 2]>(),
    ) {
        let samples = samples.map(|code| code >> 8);
        let table = table.map(|row| row.map(|x| x >> 1));
        let phase = phase.map(|x| x >> 9);
        let mut sum: Phasor = before.map(|x| x as i64);
        Portable.correlate(&samples, &table, &phase, &mut sum);
        let [mut even, mut odd] = [0i128; 2];
        for k in 0..FOLDED {
            let [late, early] = [samples[FOLDED + k] as i128, samples[FOLDED - 1 - k] as i128];
            even += (late + early) * table[0][k] as i128;
            odd += (late - early) * table[1][k] as i128;
        }
        let [even, odd] = [even >> 27, odd >> 27];
        let [cos, sin] = phase.map(|x| x as i128);
        prop_assert_eq!(sum[0] as i128, before[0] as i128 + even * cos - odd * sin);
        prop_assert_eq!(sum[1] as i128, before[1] as i128 + even * sin + odd * cos);
    }
}
