//! Pieces: how long they are, when their fundamental counts, and what frequency the next one is measured with.

mod common;

use common::{Bench, quantise, sixty_hertz};

/// Fifty hertz: cycles of exactly ten blocks, whose crossings are samples and the seams of blocks.
fn fifty_hertz(n: u64) -> [i32; 3] {
    let place = (n + 3) % 160;
    if place == 80 {
        // A falling crossing is over with the first code below zero; so it, too, is in the block before the seam.
        return [-1; 3];
    }
    let phase = std::f64::consts::TAU * place as f64 / 160.0;
    [(1e6 * phase.sin()).round() as i32; 3]
}

#[test]
fn a_hurried_window_has_the_pieces_that_are_complete_or_those_of_the_window_before() {
    for blocks in (1..250).step_by(7) {
        let mut bench = Bench::new(8000);
        let mut windows = Vec::new();
        let mut hurry_at = u64::MAX;
        for n in 0..4 * 8000u64 {
            if n == hurry_at {
                bench.meter.hurry();
            }
            if let Some(window) = bench.push(Some(fifty_hertz(n))) {
                windows.push(window);
                if windows.len() == 2 {
                    hurry_at = bench.samples + blocks * 16;
                }
            }
        }
        let [before, tally] = [&windows[1].tally, &windows[2].tally];
        // The last piece is the one that the hurry broke.
        match tally.pieces - 1 {
            0 => assert_eq!(tally.fundamental, before.fundamental),
            complete => assert_eq!(tally.fundamental.pieces, complete, "{}", tally.length),
        }
        assert_eq!(before.fundamental.pieces, 5);
        assert_eq!(windows[3].tally.fundamental.pieces, windows[3].tally.pieces);
    }
}

#[test]
fn a_piece_ends_with_the_crossing_nearest_to_its_length() {
    // A window that ends when it is hurried begins at any block; the next one is cut at the first crossing that ends a piece.
    let mut lengths = Vec::new();
    for blocks in 0..10 {
        let mut bench = Bench::new(8000);
        let mut windows = Vec::new();
        let mut hurry_at = u64::MAX;
        for n in 0..4 * 8000u64 {
            if n == hurry_at {
                bench.meter.hurry();
            }
            if let Some(window) = bench.push(Some(fifty_hertz(n))) {
                windows.push(window.tally.length);
                if windows.len() == 2 {
                    hurry_at = bench.samples + 320 + blocks * 16;
                }
            }
        }
        let [hurried, next] = [windows[2], windows[3]].map(|length| length as f64 / 65536.0);
        assert!((320.0..512.0).contains(&hurried), "{windows:?}");
        // Both ends of a window together are whole cycles; half a cycle short of 0.2 s is near enough.
        let whole = (hurried + next) / 160.0;
        assert!((whole - whole.round()).abs() < 1e-6, "{hurried} {next}");
        assert!((1520.0..1680.0).contains(&next), "{hurried} {next}");
        lengths.push(next);
    }
    assert!(lengths.contains(&1520.0), "{lengths:?}");
}

#[test]
fn pieces_with_missed_crossings_do_not_spoil_the_frequency() {
    for dip_at in (24_000..25_600).step_by(133) {
        let mut bench = Bench::new(8000);
        for n in 0..5 * 8000u64 {
            let dip = (dip_at..dip_at + 700).contains(&n);
            let volts = if dip { 0.0 } else { sixty_hertz(n, 220.0) };
            bench.push(Some([quantise(volts * 1e4), 0, 0]));
            if n % 16 == 15
                && n > 3 * 8000
                && let Some(end) = bench.meter.end()
            {
                let hertz = end.turns as f64 / 2f64.powi(32) * 8000.0;
                assert!((hertz - 60.0).abs() < 0.03, "{dip_at} {n}: {hertz}");
            }
        }
    }
}

#[test]
fn without_voltage_pieces_are_a_fifth_of_a_second() {
    for rate in [8000, 4000] {
        let mut bench = Bench::new(rate);
        let samples = 6 * u32::from(rate);
        let windows: Vec<_> = (0..samples)
            .filter_map(|_| bench.push(Some([0; 3])))
            .collect();
        assert_eq!(windows.len(), 5);
        for window in windows {
            assert_eq!(window.tally.length, u32::from(rate) << 16);
            assert_eq!((window.tally.pieces, window.tally.cycles), (5, 0));
        }
    }
}
