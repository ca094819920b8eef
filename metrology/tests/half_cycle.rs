//! Voltage by half cycles: sags, swells and interruptions.

mod common;

use common::{FULL_SCALE, VOLTS, quantise};
use metrology::half_cycle::{VoltageWatch, Words, word};
use metrology::zero_cross::Crossing;
use metrology::{Block, Config, Meter, Portable, Window};

const CYCLE_S: f64 = 1.0 / 60.0;

/// What is seen of a supply of `volts` whose voltage is multiplied by `size` from about 2 s on for some `cycles`, and the
/// time until the event was noticed, in cycles.
fn sag(volts: f64, size: f64, cycles: f64, phase: f64) -> (Words, Option<f64>) {
    let mut meter = Meter::new(&Config { rate: 8000 });
    let mut watch = VoltageWatch::ZERO;
    let mut block = Block::EMPTY;
    let mut noticed = None;
    let start = 2.0 + phase * CYCLE_S;
    let mut n = 0u64;
    while (n as f64 / 8000.0) < start + cycles * CYCLE_S + 1.0 {
        let t = n as f64 / 8000.0;
        let inside = (start..start + cycles * CYCLE_S).contains(&t);
        let factor = if inside { size } else { 1.0 };
        let wave = (std::f64::consts::TAU * 60.0 * t).sin() * 2f64.sqrt();
        let code = quantise(factor * volts * wave * FULL_SCALE / VOLTS);
        block.set((n % 16) as usize, [code, 0, 0]);
        n += 1;
        if !n.is_multiple_of(16) {
            continue;
        }
        meter.push_block(&Portable, &mut block, None);
        watch.push_block(&Portable, &block, meter.crossing());
        if noticed.is_none() && watch.words[word::PRESENT] != 0 {
            noticed = Some((t - start) / CYCLE_S);
        }
    }
    assert_eq!(watch.words[word::PRESENT], 0, "over at the end");
    (watch.words, noticed)
}

/// Duration by IEC 61000-4-30: from the first rms over a cycle, taken every half cycle, that is beyond the limit to the first
/// that is within it by 2 %.
fn duration_cycles(size: f64, cycles: f64, phase: f64) -> f64 {
    let is_beyond = |rms: f64, hysteresis: f64| {
        rms < 0.9 + hysteresis && size < 1.0 || rms > 1.1 - hysteresis && size > 1.0
    };
    let steps = 1000;
    let (mut begin, mut half) = (None, 0);
    loop {
        // The cycle before this instant; times in cycles from the one in which the event begins.
        let end = half as f64 / 2.0;
        let square = |k: usize| {
            let t = end - 1.0 + (k as f64 + 0.5) / steps as f64;
            let inside = (phase..phase + cycles).contains(&t);
            let factor = if inside { size } else { 1.0 };
            2.0 * (factor * (std::f64::consts::TAU * t).sin()).powi(2)
        };
        let rms = ((0..steps).map(square).sum::<f64>() / steps as f64).sqrt();
        match begin {
            None if is_beyond(rms, 0.0) => begin = Some(end),
            Some(begin) if !is_beyond(rms, 0.02) => return end - begin,
            _ => {}
        }
        half += 1;
    }
}

#[test]
fn sags_are_found_within_a_cycle_with_depth_and_duration() {
    for (size, counts) in [(0.7, [1, 0, 0]), (0.2, [1, 0, 0]), (1.2, [0, 1, 0])] {
        for cycles in [2.0, 3.5, 20.0] {
            for phase in [0.0, 0.1, 0.4, 0.77] {
                for volts in [120.0, 230.0] {
                    let (words, noticed) = sag(volts, size, cycles, phase);
                    let case = format!("{size} of {volts} V for {cycles} at {phase}: {words:?}");
                    assert_eq!(words[..3], counts, "{case}");
                    let noticed = noticed.expect("noticed");
                    // A block is an eighth of a cycle; two more are the filter's and the crossing's.
                    assert!(noticed < 1.05, "{case}: after {noticed} cycles");
                    let depth = words[word::LAST_RESIDUAL] as f64 / 32768.0;
                    assert!((depth - size).abs() < 0.002, "{case}: depth {depth}");
                    let duration = words[word::LAST_HALF_BLOCKS] as f64 * 0.001 / CYCLE_S;
                    let by_definition = duration_cycles(size, cycles, phase);
                    assert!(
                        (duration - by_definition).abs() <= 0.5,
                        "{case}: {duration} of {by_definition}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_interruption_is_told_from_a_sag_however_long_and_small_changes_are_nothing() {
    for cycles in [10.0, 300.0] {
        let (words, _) = sag(120.0, 0.0, cycles, 0.2);
        assert_eq!(words[..4], [0, 0, 1, 3], "{words:?}");
        assert!(words[word::LAST_RESIDUAL] < 328, "{words:?}");
        let duration = words[word::LAST_HALF_BLOCKS] as f64 * 0.001 / CYCLE_S;
        // The beat has to be found again after a long one.
        assert!((duration - cycles).abs() <= 4.0, "{cycles}: {duration}");
    }
    let (words, noticed) = sag(120.0, 0.93, 10.0, 0.2);
    assert!(words == [0; 7] && noticed.is_none(), "{words:?}");
}

#[test]
fn the_reference_follows_the_supply_but_not_an_event() {
    let run = |seconds: u64, volts: fn(f64) -> f64| {
        let mut meter = Meter::new(&Config { rate: 8000 });
        let mut watch = VoltageWatch::ZERO;
        let mut window = Window::default();
        let mut block = Block::EMPTY;
        for n in 0..seconds * 8000 {
            let t = n as f64 / 8000.0;
            let wave = (std::f64::consts::TAU * 60.0 * t).sin() * 2f64.sqrt();
            let code = quantise(volts(t) * wave * FULL_SCALE / VOLTS);
            block.set((n % 16) as usize, [code, 0, 0]);
            if n % 16 == 15 {
                meter.push_block(&Portable, &mut block, Some(&mut window));
                watch.push_block(&Portable, &block, meter.crossing());
            }
        }
        watch.words
    };
    // From 120 V to 100 V within four minutes: no sag, although 100 V are 83 % of 120 V.
    let words = run(250, |t| 120.0 - 20.0 * t.min(240.0) / 240.0);
    assert_eq!(words, [0; 7]);
    // A sag of two minutes stays one to its end.
    let words = run(130, |t| {
        if (5.0..125.0).contains(&t) {
            84.0
        } else {
            120.0
        }
    });
    assert_eq!(words[..4], [1, 0, 0, 1]);
    assert!((words[word::LAST_RESIDUAL] as f64 / 32768.0 - 0.7).abs() < 0.002);
}

/// A watch whose half cycles are four blocks of one magnitude, so that ratios of squares can be told to 1/4096.
struct Steps {
    watch: VoltageWatch,
    block: Block,
}

impl Steps {
    /// Every crossing, five samples before the end of its block.
    const CROSSING: Crossing = Crossing {
        index: 11,
        fraction: 0,
        rising: true,
        missed: false,
        acquired: false,
    };

    /// Ten cycles of the reference, a square of 1.
    fn new() -> Self {
        let mut steps = Self {
            watch: VoltageWatch::ZERO,
            block: Block::EMPTY,
        };
        for _ in 0..20 {
            steps.half_cycle(4096.0);
        }
        steps
    }

    /// A block whose square over the reference's is `square` / 4096.
    fn block(&mut self, square: f64, crossing: Option<&Crossing>) {
        let code = ((1 << 21) as f64 * (square / 4096.0).sqrt()) as i32;
        self.block.lanes[0] = [code; 20];
        self.watch.push_block(&Portable, &self.block, crossing);
    }

    fn half_cycle(&mut self, square: f64) {
        for _ in 0..3 {
            self.block(square, None);
        }
        self.block(square, Some(&Self::CROSSING));
    }

    /// What is seen after a second of `square` and a second of the reference.
    fn event(square: f64) -> Words {
        let mut steps = Self::new();
        for square in [square, 4096.0] {
            for _ in 0..120 {
                steps.half_cycle(square);
            }
        }
        steps.watch.words
    }
}

#[test]
fn events_begin_beyond_their_limits_and_not_at_them() {
    // 90 %, 110 % and 10 % squared are 3 317, 4 956 and 40 of 4 096. The reference moves a little while the first half cycles
    // are still within: 0.45 down, 0.75 up.
    for (square, expected) in [
        (3317.1, [0, 0, 0]),
        (3316.1, [1, 0, 0]),
        (4957.2, [0, 0, 0]),
        (4958.2, [0, 1, 0]),
        (40.5, [1, 0, 0]),
        (39.5, [0, 0, 1]),
    ] {
        let mut steps = Steps::new();
        for _ in 0..3 {
            steps.half_cycle(square);
        }
        let is_event = expected != [0, 0, 0];
        assert_eq!(
            steps.watch.words[word::PRESENT] != 0,
            is_event,
            "{square} at first"
        );
        if is_event {
            assert_eq!(Steps::event(square)[..3], expected, "{square}");
        }
    }
}

#[test]
fn half_cycles_of_a_crossing_that_came_too_late_are_not_compared() {
    // 133 samples: from the crossing, five samples before its block's end, eight blocks.
    for (blocks, is_compared) in [(7, true), (8, false)] {
        let mut steps = Steps::new();
        for _ in 0..blocks {
            steps.block(0.0, None);
        }
        steps.block(0.0, Some(&Steps::CROSSING));
        assert_eq!(
            steps.watch.words[word::PRESENT] != 0,
            is_compared,
            "{blocks} blocks"
        );
    }
}
