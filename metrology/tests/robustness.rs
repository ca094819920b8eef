//! What the mains and the converter can do to a meter: DC, steps, dips, ramps, lost frames, missing crossings.

mod common;

use common::{
    AMPERES, Bench, FULL_SCALE, Signal, Source, VOLTS, active, feed, quantise, quantities,
    sixty_hertz,
};
use metrology::{Block, Flags, Quantities};

/// Codes of a voltage and a current.
fn codes(volts: f64, amperes: f64) -> [i32; 3] {
    let current = quantise(amperes * FULL_SCALE / AMPERES);
    [quantise(volts * FULL_SCALE / VOLTS), current, current]
}

/// Joules of a window's active energy.
fn joules(q: &Quantities) -> f64 {
    q.flow()[0] as f64 * VOLTS * AMPERES / FULL_SCALE / FULL_SCALE / 8000.0
}

fn ppm(measured: f64, truth: f64) -> f64 {
    (measured / truth - 1.0) * 1e6
}

#[test]
fn dc_on_any_channel_changes_nothing_once_it_is_steady() {
    let mut bench = Bench::new(8000);
    let voltage = Signal::sine(220.0, 0.0);
    let current = Signal::sine(1.0, -1.0);
    let truth = active(&voltage, &current);
    for (dc_v, dc_i) in [(0.0, 0.0), (6.0, 0.0), (0.0, 1.5), (-6.0, 1.5), (6.0, -1.5)] {
        let mut source = Source::new(
            60.02,
            voltage.clone().with_dc(dc_v),
            current.clone().with_dc(dc_i),
        );
        // Phase goes on from where the last source was.
        source.start = 0.0;
        let windows = bench.run(&source, 6.1);
        for window in &windows[3..] {
            let q = quantities(window);
            assert!(
                ppm(q.active_uw() as f64 * 1e-6, truth).abs() < 5.0,
                "P at {dc_v} V {dc_i} A: {q:?}"
            );
            assert!(
                ppm(q.voltage_uv() as f64 * 1e-6, 220.0).abs() < 5.0,
                "V at {dc_v} V {dc_i} A"
            );
            assert!(
                ppm(q.line_ua() as f64 * 1e-6, 1.0).abs() < 5.0,
                "I at {dc_v} V {dc_i} A"
            );
        }
    }
}

#[test]
fn energy_of_a_load_step_and_of_bursts_is_exact() {
    let hertz = 60.02;
    let mut measured = 0.0;
    let mut bench = Bench::new(8000);
    let (mut first, mut last) = (None, 0);
    // Two cycles on, two off, from one zero crossing of the voltage to another, for a minute; then ten seconds of nothing.
    let on = |t: f64| t * hertz < 3600.0 && ((t * hertz / 2.0) as u64).is_multiple_of(2);
    for n in 0..(72 * 8000) {
        let t = n as f64 / 8000.0;
        let wave = (std::f64::consts::TAU * hertz * t).sin();
        let volts = 220.0 * 2f64.sqrt() * wave;
        let amperes = if on(t) {
            10.0 * 2f64.sqrt() * wave
        } else {
            0.0
        };
        if let Some(window) = bench.push(Some(codes(volts, amperes))) {
            first.get_or_insert(bench.samples);
            last = bench.samples;
            measured += joules(&quantities(&window));
        }
    }
    // No droop filter in this signal path, so the meter's compensation shows: take it out of the truth instead.
    let x = std::f64::consts::PI * hertz / 8000.0;
    let u = x.sin().powi(2);
    let gain = 1.0 + u + u * u;
    let truth = 2200.0 * gain * 1800.0 / hertz;
    assert!(first.is_some() && last > 70 * 8000);
    println!("bursts: {:.2} ppm", ppm(measured, truth));
    assert!(
        ppm(measured, truth).abs() < 20.0,
        "{measured} J, true {truth} J"
    );
}

#[test]
fn a_frequency_ramp_costs_nothing_in_power_and_little_in_the_fundamental() {
    let mut bench = Bench::new(8000);
    let mut phase = 0.3;
    let (mut worst_p, mut worst_q) = (0.0f64, 0.0f64);
    let mut count = 0;
    for n in 0..(20 * 8000) {
        let t = n as f64 / 8000.0;
        let hertz = 59.0 + 0.1 * t;
        phase += std::f64::consts::TAU * hertz / 8000.0;
        let volts = 220.0 * 2f64.sqrt() * phase.sin();
        let amperes = 10.0 * 2f64.sqrt() * (phase - std::f64::consts::FRAC_PI_3).sin();
        if let Some(window) = bench.push(Some(codes(volts, amperes))) {
            count += 1;
            if count <= 2 {
                continue;
            }
            let q = quantities(&window);
            let x = std::f64::consts::PI * hertz / 8000.0;
            let gain = 1.0 + x.sin().powi(2);
            worst_p = worst_p.max(ppm(q.active_uw() as f64 * 1e-6, 1100.0 * gain).abs());
            let flat = (x / x.sin()).powi(6);
            worst_q =
                worst_q.max((q.reactive_uvar() as f64 * 1e-6 / flat / 1905.256 - 1.0).abs() * 1e6);
            assert!(
                (q.frequency_uhz() as f64 * 1e-6 - (hertz - 0.05)).abs() < 0.003,
                "{q:?} at {hertz}"
            );
            assert_eq!(q.flags, Flags::NONE);
        }
    }
    println!("ramp: P {worst_p:.2} ppm, Q1 {worst_q:.1} ppm");
    assert!(worst_p < 5.0 && worst_q < 300.0);
}

#[test]
fn a_dip_to_nothing_keeps_the_beat_and_is_flagged() {
    for cycles in [0.5, 1.0, 10.0] {
        let mut bench = Bench::new(8000);
        let mut seen = Vec::new();
        for n in 0..(8 * 8000) {
            let t = n as f64 / 8000.0;
            let wave = (std::f64::consts::TAU * 60.0 * t).sin();
            let dip = (4.0..4.0 + cycles / 60.0).contains(&t);
            let volts = if dip { 0.0 } else { 220.0 * 2f64.sqrt() * wave };
            if let Some(window) = bench.push(Some(codes(volts, 10.0 * 2f64.sqrt() * wave))) {
                let q = quantities(&window);
                let end = bench.samples as f64 / 8000.0;
                seen.push((end, q));
            }
        }
        for (end, q) in &seen[2..] {
            let touched = (4.0..5.3).contains(end);
            let missed = q.flags.contains(Flags::CROSSING_MISSED);
            assert!(touched || !missed, "{cycles} cycles: {q:?} ending at {end}");
            if !touched {
                assert!(
                    (q.frequency_uhz() as i32 - 60_000_000).abs() < 100,
                    "{cycles} cycles: {q:?} at {end}"
                );
            }
        }
        // Half a cycle of nothing begins and ends with a crossing: only its rms shows it.
        let missed = seen
            .iter()
            .any(|(_, q)| q.flags.contains(Flags::CROSSING_MISSED));
        assert!(missed || cycles < 1.0, "{cycles} cycles");
    }
}

#[test]
fn lost_frames_are_counted_and_cost_less_than_100_ppm() {
    let source = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(10.0, -1.0));
    let truth = active(&source.voltage, &source.line);
    for (every, burst) in [(1000, 1), (100, 1), (20_000, 20)] {
        let mut bench = Bench::new(8000);
        let (mut energy, mut samples, mut lost, mut pushed) = (0.0, 0.0, 0, 0);
        let mut windows = 0;
        while bench.samples < 30 * 8000 {
            let n = bench.samples;
            let is_lost =
                n > 8000 && (n * 7919) % every < burst * 7919 && (n / burst) % (every / burst) == 3;
            pushed += u32::from(is_lost);
            let window = bench.push(if is_lost {
                None
            } else {
                Some(source.codes(n).map(quantise))
            });
            if let Some(window) = window {
                windows += 1;
                lost += window.tally.lost as u32;
                assert_eq!(
                    window.tally.lost != 0,
                    window.tally.flags.contains(Flags::SAMPLES_LOST)
                );
                if windows > 2 {
                    energy += joules(&quantities(&window));
                    samples += window.tally.length() as f64 / 65536.0;
                }
            }
        }
        let error = ppm(energy, truth * samples / 8000.0);
        println!("1 of {every} in bursts of {burst}: {error:.2} ppm, {lost} lost");
        assert!(
            lost > 0 && lost <= pushed && pushed - lost < 200,
            "{lost} of {pushed}"
        );
        assert!(error.abs() < 100.0);
    }
}

#[test]
fn the_first_window_after_start_is_short_and_says_so() {
    let source = Source::new(60.0, Signal::sine(220.0, 1.0), Signal::sine(10.0, 1.0));
    let windows = Bench::new(8000).run(&source, 3.0);
    assert!(
        windows[0].tally.flags.contains(Flags::SHORT) && windows[0].tally.length() < 4000 << 16
    );
    assert_eq!(windows[1].tally.flags, Flags::NONE);
    assert_eq!(windows[1].tally.cycles(), 60);
}

#[test]
fn a_frequency_that_no_mains_has_is_remarked_and_none_is_shown() {
    for hertz in [5.0, 30.0, 90.0, 400.0] {
        let source = Source::new(hertz, Signal::sine(220.0, 0.3), Signal::sine(10.0, 0.3));
        let windows = Bench::new(8000).run(&source, 4.0);
        assert!(windows.len() >= 3);
        for window in &windows {
            let q = quantities(window);
            assert!(q.flags.contains(Flags::UNSYNCHRONISED), "{hertz} Hz: {q:?}");
            assert_eq!(q.frequency_uhz(), 0);
            // Cut anywhere, a second still holds about the energy that flowed.
            assert!(
                (q.active_uw() as f64 / 2.2e9 - 1.0).abs() < 0.06,
                "{hertz} Hz: {q:?}"
            );
        }
    }
}

#[test]
fn without_crossings_windows_are_forced_and_lose_nothing() {
    // Ten seconds of direct voltage in the middle of mains.
    let mut bench = Bench::new(8000);
    let mut length = 0.0;
    let mut longest = 0;
    for n in 0..(20 * 8000u64) {
        let t = n as f64 / 8000.0;
        let volts = if (4.0..14.0).contains(&t) {
            100.0
        } else {
            311.0 * (std::f64::consts::TAU * 60.0 * t).sin()
        };
        if let Some(window) = bench.push(Some(codes(volts, 1.0))) {
            length += window.tally.length() as f64 / 65536.0;
            longest = longest.max(window.tally.length());
            let q = quantities(&window);
            let end = bench.samples as f64 / 8000.0;
            if (5.3..14.0).contains(&end) {
                assert!(q.flags.contains(Flags::UNSYNCHRONISED), "{q:?} at {end}");
                assert_eq!(q.frequency_uhz(), 0);
            }
            if end > 17.0 {
                // The current stands still at 1 A, which nothing alive does.
                assert_eq!(q.flags, Flags::CHANNEL_STUCK, "at {end}");
            }
        }
    }
    assert!(longest <= (9600 + 100) << 16, "longest {}", longest >> 16);
    assert!(length > 18.5 * 8000.0);
}

#[test]
fn an_unplugged_voltage_reads_zero_without_inventing_power() {
    for window in &feed(5, |n| [(n * 7919 % 135) as i32 - 67, 1_000_000, 1_000_000])[1..] {
        let q = quantities(window);
        assert!(q.voltage_uv() < 5000, "{q:?}");
        assert!(
            q.active_uw().abs() < 100_000 && q.frequency_uhz() == 0,
            "{q:?}"
        );
    }
}

#[test]
fn a_hurried_window_ends_within_three_blocks_and_loses_next_to_nothing() {
    const WATTS: f64 = 2200.0;
    // How far energy is behind time after ten seconds, and samples from the hurry to the next end of a window.
    let run = |hurried_at: u64| {
        let mut bench = Bench::new(8000);
        let (mut behind_s, mut ended) = (0.0, None);
        for n in 0..10 * 8000 {
            if n == hurried_at {
                bench.meter.hurry();
            }
            let sine = 2f64.sqrt() * (std::f64::consts::TAU * 60.0 * n as f64 / 8000.0).sin();
            if let Some(window) = bench.push(Some(codes(220.0 * sine, 10.0 * sine))) {
                let length_s = window.tally.length() as f64 / 65536.0 / 8000.0;
                behind_s += length_s - joules(&quantities(&window)) / WATTS;
                if n >= hurried_at {
                    ended.get_or_insert(n - hurried_at);
                }
            }
        }
        (behind_s, ended)
    };
    let (undisturbed_s, _) = run(u64::MAX);
    for hurried_at in (24_000..32_400).step_by(1_117) {
        let (behind_s, ended) = run(hurried_at);
        assert!(ended.is_some_and(|samples| samples <= 48), "{ended:?}");
        // Two windows are of cycles that are not whole, and what their means take with them is not nothing.
        let lost_s = behind_s - undisturbed_s;
        assert!(lost_s.abs() < 0.001, "{lost_s} s at {hurried_at}");
    }
}

#[test]
fn a_window_that_does_not_begin_or_end_at_a_crossing_says_so() {
    // Nothing for 2.55 s, then mains for 5 s, nothing for 3 s, mains again.
    let windows = feed(14, |n| {
        let t = n as f64 / 8000.0;
        let is_on = (2.55..7.55).contains(&t) || t >= 10.2;
        codes(if is_on { sixty_hertz(n, 120.0) } else { 0.0 }, 0.0)
    });
    let mut at = 0.0;
    let mut shorts = 0;
    for window in &windows {
        let seconds = window.tally.length() as f64 / 65536.0 / 8000.0;
        let [begin, end] = [at, at + seconds];
        at = end;
        let flags = window.tally.flags;
        // The beat survives forty half cycles without a crossing, 0.33 s.
        let is_unsure =
            begin < 2.56 || (7.55..10.22).contains(&begin) || (7.56..10.2).contains(&end);
        assert_eq!(
            flags.contains(Flags::UNSYNCHRONISED),
            is_unsure,
            "{begin} to {end} s: {flags:?}"
        );
        if flags.contains(Flags::SHORT) {
            shorts += 1;
            // Cut at the first true crossing behind a piece, so that the next window is a good one and this one has its
            // reactive energy.
            assert!(
                (end - 2.8).abs() < 0.05 || (end - 10.45).abs() < 0.05,
                "{end}"
            );
            assert!(window.tally.pieces < 5 && window.tally.fundamental.pieces != 0);
        } else {
            assert_eq!(window.tally.pieces, 5);
            // Pieces end by time without crossings: five times 0.2 s and what is left of a block of 2 ms.
            if is_unsure && (begin < 1.9 || (8.5..9.0).contains(&begin)) {
                assert!((0.99..1.011).contains(&seconds), "{begin}: {seconds}");
            }
        }
    }
    assert_eq!(shorts, 2);
    assert!((13.0..14.1).contains(&at), "{at}");
}

#[test]
fn a_level_that_stays_moves_where_crossings_are_looked_for() {
    // 80 V under the sine: rising and falling crossings of zero would be 46 and 88 samples apart.
    let mut bench = Bench::new(8000);
    let source = Source::new(
        60.0,
        Signal::sine(220.0, 0.3).with_dc(80.0),
        Signal::sine(1.0, 0.0),
    );
    let mut crossings = Vec::new();
    for n in 0..5 * 8000u64 {
        bench.push(Some(source.codes(n).map(quantise)));
        if n % 16 == 15
            && n > 4 * 8000
            && let Some(crossing) = bench.meter.crossing()
        {
            crossings.push((n / 16 * 16) as f64 + crossing.time() as f64 / 65536.0);
        }
    }
    assert!(crossings.len() > 100);
    for pair in crossings.windows(2) {
        assert!((pair[1] - pair[0] - 8000.0 / 120.0).abs() < 0.5, "{pair:?}");
    }
}

#[test]
fn every_remark_is_the_bit_that_tables_show() {
    let flags = [
        Flags::SHORT,
        Flags::UNSYNCHRONISED,
        Flags::VOLTAGE_CLIPPED,
        Flags::LINE_CLIPPED,
        Flags::NEUTRAL_CLIPPED,
        Flags::SAMPLES_LOST,
        Flags::CROSSING_MISSED,
        Flags::NEUTRAL_METERED,
        Flags::CHANNEL_STUCK,
        Flags::NO_LOAD,
    ];
    for (bit, flag) in flags.into_iter().enumerate() {
        assert_eq!(flag.0, 1 << bit);
    }
    // Bit 10 is not the arithmetic's.
    assert_eq!(Flags::IMBALANCE.0, 1 << 11);
}

#[test]
fn the_mean_of_a_window_without_crossings_is_no_level() {
    // Direct voltage for four seconds, or for two tenths of one: were the mean taken for the level, crossings would be 53
    // and 80 samples apart afterwards, or 64 and 69.
    for direct in [4 * 8000, 1600] {
        let mut bench = Bench::new(8000);
        let mut crossings = Vec::new();
        let (begin, end) = (27_000, 27_000 + direct);
        for n in 0..end + 2 * 8000 {
            let is_direct = (begin..end).contains(&n);
            let volts = if is_direct {
                100.0
            } else {
                sixty_hertz(n, 220.0)
            };
            bench.push(Some(codes(volts, 1.0)));
            if n % 16 == 15
                && n > end + 400
                && let Some(crossing) = bench.meter.crossing()
            {
                crossings.push((n / 16 * 16) as f64 + crossing.time() as f64 / 65536.0);
            }
        }
        assert!(crossings.len() > 200);
        for pair in crossings.windows(2) {
            assert!((pair[1] - pair[0] - 8000.0 / 120.0).abs() < 0.5, "{pair:?}");
        }
    }
}

#[test]
fn a_place_that_no_block_has_is_ignored() {
    let mut block = Block::EMPTY;
    for slot in [16, 17, usize::MAX] {
        block.set(slot, [1; 3]);
        block.set_lost(slot);
    }
    assert_eq!(block, Block::EMPTY);
    for slot in 0..16 {
        block.set(slot, [slot as i32 + 1; 3]);
        block.set_lost(slot);
    }
    for lane in block.lanes {
        assert_eq!(lane[..4], [0; 4]);
        assert!((1..).zip(&lane[4..]).all(|(value, code)| *code == value));
    }
    assert_eq!(block.lost, 0xFFFF);
}
