//! Pieces: how long they are, when their fundamental counts, and what frequency the next one is measured with.

mod common;

use common::{Bench, quantise, sixty_hertz};
use metrology::Window;

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

/// The windows of four seconds; so many samples after the second one the meter is hurried.
fn hurried_windows(samples: u64) -> Vec<Window> {
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
                hurry_at = bench.samples + samples;
            }
        }
    }
    windows
}

#[test]
fn a_hurried_window_has_the_pieces_that_are_complete_or_those_of_the_window_before() {
    for blocks in (1..250).step_by(7) {
        let windows = hurried_windows(blocks * 16);
        let [before, tally] = [&windows[1].tally, &windows[2].tally];
        // The last piece is the one that the hurry broke.
        match tally.pieces - 1 {
            0 => assert_eq!(tally.fundamental, before.fundamental),
            complete => assert_eq!(tally.fundamental.pieces, complete, "{}", tally.length()),
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
        let windows = hurried_windows(320 + blocks * 16);
        let [hurried, next] =
            [2, 3].map(|place: usize| windows[place].tally.length() as f64 / 65536.0);
        assert!((320.0..512.0).contains(&hurried), "{hurried}");
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
            assert_eq!(window.tally.length(), u32::from(rate) << 16);
            assert_eq!((window.tally.pieces, window.tally.cycles()), (5, 0));
        }
    }
}

#[test]
fn a_piece_that_is_too_short_to_mean_anything_has_no_fundamental() {
    /// Feeds zeros until the beat is given up, 41 missed crossings on. Returns the bench and the length of the running piece.
    fn given_up(dip_at: u64) -> (Bench, u64) {
        let mut bench = Bench::new(8000);
        let (mut missed, mut cut_at) = (0, 0);
        while missed < 41 {
            let dead = bench.samples >= dip_at;
            bench.push(Some(if dead {
                [0; 3]
            } else {
                fifty_hertz(bench.samples)
            }));
            if bench.samples.is_multiple_of(16) {
                missed += u32::from(bench.meter.crossing().is_some_and(|at| at.missed));
                if bench.meter.end().is_some() {
                    cut_at = bench.samples;
                }
            }
        }
        (bench.clone(), bench.samples - cut_at)
    }

    // A piece has begun half a cycle before the beat is given up; the mains comes back at once, and a cycle later the piece ends.
    let mut lengths = Vec::new();
    for half_cycles in 0..20 {
        let (bench, since) = given_up(24_000 + 80 * half_cycles);
        if since > 100 {
            continue;
        }
        for wait in 2..40 {
            let mut bench = bench.clone();
            let first = bench.samples + wait;
            let mut short = 0;
            let tally = loop {
                let n = bench.samples;
                let place = (n + 160 - first) as f64 / 160.0;
                let code = (1e6 * (std::f64::consts::TAU * place).sin()).round() as i32;
                let window = bench.push(Some([code; 3]));
                if bench.samples.is_multiple_of(16)
                    && let Some(end) = bench.meter.end()
                {
                    lengths.push(end.length);
                    short += u16::from(end.length < 256 << 16);
                }
                if let Some(window) = window {
                    break window.tally;
                }
            };
            let complete = tally.pieces - short;
            assert_eq!(tally.fundamental.pieces, complete, "{wait}: {tally:?}");
        }
    }
    lengths.sort();
    assert!(lengths.contains(&(256 << 16)) && lengths[0] < 256 << 16);
}
