//! The crossing tracker by itself: where a crossing is looked for, what counts as one, and how the beat goes on without.

use metrology::Portable;
use metrology::zero_cross::{Crossing, Tracker};

const RATE: u16 = 8000;
const AMPLITUDE: f64 = 1e6;
/// Not a divisor of anything: crossings fall on every place of a block.
const HERTZ: f64 = 59.87;
/// Half cycles missed before the beat is given up.
const PATIENCE: usize = 40;

/// A tracker, the number of its next block, and the time of its last crossing in samples.
#[derive(Clone)]
struct Bench {
    tracker: Tracker,
    block: i64,
    last: f64,
}

impl Bench {
    fn new() -> Self {
        let mut tracker = Tracker::ZERO;
        tracker.start(RATE);
        Self {
            tracker,
            block: 0,
            last: 0.0,
        }
    }

    /// Feeds the next block of a wave, given by the number of the sample.
    fn step(&mut self, wave: impl Fn(i64) -> i32) -> Option<Crossing> {
        let first = self.block * 16;
        self.block += 1;
        let centre = core::array::from_fn(|k| wave(first + k as i64));
        let mut crossing = Crossing {
            index: 99,
            fraction: 99,
            rising: false,
            missed: false,
            acquired: false,
        };
        if self.tracker.follow(&Portable, &centre, &mut crossing) == 0 {
            return None;
        }
        assert!(
            crossing.index < 16 && crossing.fraction <= 65_536,
            "{crossing:?}"
        );
        self.last = first as f64 + f64::from(crossing.time()) / 65_536.0;
        Some(crossing)
    }

    /// Feeds a wave until the next crossing, at most two cycles.
    fn next(&mut self, wave: impl Fn(i64) -> i32) -> Option<Crossing> {
        (0..17).find_map(|_| self.step(&wave))
    }

    /// A tracker that has followed the sine for `crossings` crossings.
    fn locked(crossings: u32) -> Self {
        let mut bench = Self::new();
        for _ in 0..crossings {
            assert!(!bench.next(sine).expect("a crossing").missed);
        }
        bench
    }

    /// Where the next crossing is expected, in samples; and how far from there it may be.
    fn expected(&self) -> (f64, f64) {
        let half = self.tracker.period() / 2;
        (
            self.last + f64::from(half) / 65_536.0,
            f64::from(half >> 2) / 65_536.0,
        )
    }
}

fn sine(n: i64) -> i32 {
    (AMPLITUDE * (std::f64::consts::TAU * HERTZ * n as f64 / f64::from(RATE)).sin()) as i32
}

/// Crosses zero between the samples `at` and `at` + 1, upwards or downwards, and is steep on either side.
fn jump(rising: bool, at: i64) -> impl Fn(i64) -> i32 {
    move |n| {
        let sign = if rising { 1 } else { -1 };
        let value = if n <= at { n - at - 20 } else { n - at + 20 };
        (sign * value * 5_000) as i32
    }
}

#[test]
fn the_first_cycle_is_found_between_two_rising_crossings() {
    let mut bench = Bench::new();
    let first = bench.next(sine).expect("a crossing");
    assert!(first.acquired && first.rising && !first.missed);
    let cycle = f64::from(RATE) / HERTZ;
    // Sample 0 is one already, but nothing was negative before it: one and two cycles later.
    assert!((bench.last - 2.0 * cycle).abs() < 0.01, "{}", bench.last);
    assert!((f64::from(bench.tracker.period()) / 65_536.0 - cycle).abs() < 0.01);
    for k in 0..50 {
        let crossing = bench.next(sine).expect("a crossing");
        assert!(!crossing.acquired && !crossing.missed);
        assert_eq!(crossing.rising, k % 2 == 1);
        let ideal = cycle * (2.5 + f64::from(k) / 2.0);
        assert!((bench.last - ideal).abs() < 0.01, "{} {ideal}", bench.last);
    }
}

#[test]
fn a_crossing_counts_within_an_eighth_of_a_cycle_of_its_place() {
    for crossings in 3..60 {
        let bench = Bench::locked(crossings);
        let rising = crossings % 2 == 0;
        let (expected, most) = bench.expected();
        let [first, last] = [expected - most, expected + most].map(|limit| limit.floor() as i64);
        for (at, counts) in [
            (first - 1, false),
            (first, true),
            (last, true),
            (last + 1, false),
        ] {
            let mut bench = bench.clone();
            let crossing = bench.next(jump(rising, at)).expect("found or missed");
            let case = format!("{crossings}: {at} of {first} … {last}: {crossing:?}");
            assert_eq!(crossing.rising, rising, "{case}");
            assert_eq!(crossing.missed, !counts, "{case}");
            if counts {
                assert!((bench.last - at as f64 - 0.5).abs() < 0.03, "{case}");
            }
        }
    }
}

#[test]
fn a_needle_before_the_crossing_is_none() {
    let mut tried = 0;
    for crossings in 3..60 {
        let bench = Bench::locked(crossings);
        let rising = crossings % 2 == 0;
        let (expected, _) = bench.expected();
        // One sample on the other side, two before the end of a block whose successor has the crossing.
        let needle = (expected as i64 + 8) / 16 * 16 - 2;
        if (expected - needle as f64 - 8.0).abs() > 5.0 {
            continue;
        }
        tried += 1;
        let wave = |n| if n == needle { -sine(n) } else { sine(n) };
        let mut disturbed = bench.clone();
        let crossing = disturbed.next(wave).expect("a crossing");
        assert!(!crossing.missed && crossing.rising == rising);
        assert!(
            (disturbed.last - expected).abs() < 0.1,
            "{crossings}: {crossing:?}"
        );
    }
    assert!(tried > 5, "{tried}");
}

#[test]
fn a_sample_on_the_level_ends_a_rising_crossing() {
    let mut at_the_end = 0;
    for crossings in (4..90).step_by(2) {
        let mut bench = Bench::locked(crossings);
        let (expected, _) = bench.expected();
        let zero = expected as i64 + 3;
        let crossing = bench.next(|n| 5_000 * (n - zero) as i32).expect("one");
        assert!(crossing.rising && !crossing.missed, "{crossing:?}");
        assert!((bench.last - zero as f64).abs() < 1e-9, "{crossing:?}");
        // Also where the block ends with it.
        at_the_end += u32::from(zero % 16 == 0);
    }
    assert!(at_the_end > 0);
}

#[test]
fn steps_that_noise_can_make_are_no_crossing() {
    for (step, counts) in [(2_047, false), (2_048, true)] {
        let mut bench = Bench::locked(4);
        let (expected, _) = bench.expected();
        let at = expected as i64;
        let wave = |n| if n <= at { -1_000 } else { step - 1_000 };
        let crossing = bench.next(wave).expect("found or missed");
        assert_eq!(crossing.missed, !counts, "{step}");
    }
}

#[test]
fn without_crossings_the_beat_goes_on_and_is_given_up_after_forty() {
    for crossings in 3..20 {
        let mut bench = Bench::locked(crossings);
        let half = f64::from(bench.tracker.period() / 2) / 65_536.0;
        let (mut before, mut count, mut rising) = (None, 0, crossings % 2 == 0);
        for _ in 0..400 {
            let Some(crossing) = bench.step(|_| 0) else {
                continue;
            };
            assert!(crossing.missed && !crossing.acquired && crossing.fraction == 0);
            assert_eq!(crossing.rising, rising);
            rising = !rising;
            // Whole samples, and none later than the last of a block.
            let apart = before.map_or(half, |before| bench.last - before);
            assert!((apart - half).abs() <= 2.0, "{count}: {apart} of {half}");
            before = Some(bench.last);
            count += 1;
            assert_eq!(bench.tracker.period() == 0, count > PATIENCE, "{count}");
        }
        assert_eq!(count, PATIENCE + 1);
        // Then it is found as if for the first time.
        let crossing = bench.next(sine);
        let crossing = crossing.or_else(|| bench.next(sine)).expect("a crossing");
        assert!(crossing.acquired && crossing.rising && !crossing.missed);
    }
}

#[test]
fn one_crossing_in_time_makes_all_missed_ones_forgotten() {
    let mut bench = Bench::locked(4);
    let mut missed = 0;
    for _ in 0..3 {
        while missed % PATIENCE != PATIENCE - 1 {
            missed += usize::from(bench.step(|_| 0).is_some());
        }
        let (expected, _) = bench.expected();
        // The stand-in before was made an eighth late.
        let place = expected - f64::from(bench.tracker.period() / 8) / 65_536.0;
        let rising = missed % 2 == 0;
        let crossing = bench.next(jump(rising, place as i64)).expect("a crossing");
        assert!(!crossing.missed, "{missed}: {crossing:?}");
        missed += 1;
    }
}

#[test]
fn the_level_follows_the_mean_only_over_a_distance() {
    // Means told one after the other, and the level that then counts.
    let cases: [(&[i32], i32); 8] = [
        (&[32_768], 0),
        (&[32_769], 32_769),
        (&[-32_768], 0),
        (&[-32_769], -32_769),
        (&[40_000, 40_010], 40_000),
        (&[40_000, 7_232], 40_000),
        (&[40_000, 7_231], 7_231),
        (&[40_000, -40_000], -40_000),
    ];
    for (means, level) in cases {
        let mut bench = Bench::new();
        for mean in means {
            bench.tracker.set_level(*mean);
        }
        bench.next(sine).expect("a crossing");
        let radians = (f64::from(level) / AMPLITUDE).asin();
        let cycle = f64::from(RATE) / HERTZ;
        // A level above zero makes the beginning's sample negative.
        let place = (bench.last / cycle - radians / std::f64::consts::TAU).rem_euclid(1.0);
        assert!(
            (place + 0.5).rem_euclid(1.0) - 0.5 < 1e-5 && (0.5 - place).abs() > 0.5 - 1e-5,
            "{means:?}: {place}"
        );
    }
}

#[test]
fn only_a_plausible_cycle_refines_a_known_one() {
    let per_second = u32::from(RATE) << 16;
    let [shortest, longest] = [per_second / 72, per_second / 40];
    let mut bench = Bench::new();
    bench.tracker.refine(longest);
    assert_eq!(bench.tracker.period(), 0, "nothing is known yet");
    let mut bench = Bench::locked(1);
    for (told, taken) in [
        (shortest, shortest),
        (shortest - 1, shortest),
        (longest, longest),
        (longest + 1, longest),
        (0, longest),
    ] {
        bench.tracker.refine(told);
        assert_eq!(bench.tracker.period(), taken);
    }
}
