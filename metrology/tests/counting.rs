//! What counts and when it is put out: no-load, starting, pulses.

mod common;

use common::{AMPERES, Bench, FULL_SCALE, Signal, Source, VOLTS, noise, quantise};
use metrology::calibration::{STARTING, STARTING_POWERS};
use metrology::pulse::{NO_EDGE, Player, WindowPulses};
use metrology::quantities::NoLoad;
use metrology::{Calibration, Energy, Flags, Portable, Quantities, energy};

#[test]
fn no_load_makes_no_pulse_and_the_starting_current_counts() {
    // 115 % of 120 V without load, then the starting current, 0.0004 of 100 A, and the least that is promised, 5 mA.
    let pulse = energy::threshold(6400, 8000);
    let mut seed = 430;
    for (amperes, counts) in [(0.0, false), (0.04, true), (0.005, true)] {
        let mut bench = Bench::new(8000);
        let mut no_load = NoLoad::default();
        let mut energy = Energy::ZERO;
        let mut shown = 0;
        let mut windows = 0;
        for n in 0..120 * 8000u64 {
            let wave = 2f64.sqrt() * (std::f64::consts::TAU * 60.02 * n as f64 / 8000.0).sin();
            let v = 138.0 * wave * FULL_SCALE / VOLTS + noise(&mut seed, 67.0);
            let i = amperes * wave * FULL_SCALE / AMPERES + noise(&mut seed, 67.0);
            if let Some(window) = bench.push(Some([quantise(v), quantise(i), 0])) {
                let nominal = &Calibration::NOMINAL;
                let mut q =
                    Quantities::from_window(&Portable, &window, nominal, &mut no_load, 8000);
                windows += 1;
                // Three windows decide that there is no load; what they counted is noise.
                if windows == 3 {
                    energy = Energy::ZERO;
                }
                energy.add(&Portable, &mut q, &(pulse as i64));
                if windows > 3 {
                    shown += u32::from(q.flow()[0] != 0);
                    assert_eq!(q.flags.contains(Flags::NO_LOAD), !counts);
                }
            }
        }
        assert_eq!(shown > 0, counts, "{shown} windows at {amperes} A");
        assert_eq!(
            energy.0.iter().any(|r| r.remainder > 0 || r.pulses > 0),
            counts
        );
    }
}

#[test]
#[ignore = "a day of samples takes a minute; run by cargo xtask test"]
fn a_day_without_load_makes_no_pulse() {
    let pulse = energy::threshold(6400, 8000);
    let mut seed = 24;
    let mut bench = Bench::new(8000);
    let mut no_load = NoLoad::default();
    let mut energy = Energy::ZERO;
    let mut windows = 0u32;
    for n in 0..24 * 3600 * 8000u64 {
        let wave = 2f64.sqrt() * (std::f64::consts::TAU * 60.0 * n as f64 / 8000.0).sin();
        let v = 138.0 * wave * FULL_SCALE / VOLTS + noise(&mut seed, 67.0);
        let codes = [quantise(v), quantise(noise(&mut seed, 67.0)), 0];
        if let Some(window) = bench.push(Some(codes)) {
            let nominal = &Calibration::NOMINAL;
            let mut q = Quantities::from_window(&Portable, &window, nominal, &mut no_load, 8000);
            energy.add(&Portable, &mut q, &(pulse as i64));
            windows += 1;
        }
    }
    assert!(windows >= 86_398, "{windows}");
    assert!(
        energy.0.iter().all(|register| register.pulses == 0),
        "{energy:?}"
    );
}

#[test]
fn pulses_fall_within_a_microsecond_of_their_ideal_place() {
    // Windows of about one second at constant power, from one pulse in five seconds to 160 a second; their energies and
    // lengths scatter as crossings do.
    let threshold = energy::threshold(6400, 8000);
    for (per_window, length) in [
        (0.2, 8000.0),
        (0.7, 8000.13),
        (1.000_01, 7999.7),
        (6.5, 8133.33),
        (40.3, 7900.2),
        (159.9, 8000.0),
    ] {
        let amount = (threshold as f64 * per_window) as u64;
        let length_q16 = (length * 65_536.0) as u32;
        let period = length_q16 as f64 / 65_536.0 * threshold as f64 / amount as f64;
        let mut energy = Energy::ZERO;
        let mut player = Player::IDLE;
        let flow = [amount as i64, 0, 0];
        let mut edges: Vec<f64> = Vec::new();
        let mut entered = 0u32;
        for block in 0..60 * 500 {
            // The next window is ready when it has been measured, and up to 40 ms later.
            let ready =
                (entered + 1) as f64 * length_q16 as f64 / 65_536.0 + (entered % 7) as f64 * 50.0;
            if block as f64 * 16.0 >= ready {
                player.enqueue(&energy.add(
                    &Portable,
                    &mut Quantities::of_flow(flow, length_q16),
                    &(threshold as i64),
                ));
                entered += 1;
            }
            player.pass();
            let edge = player.outputs[0].advance();
            assert_eq!(player.outputs[1].advance(), NO_EDGE);
            if edge != NO_EDGE {
                edges.push(block as f64 * 16.0 + edge as f64 / 1024.0);
            }
        }
        let played = edges.len() as u32;
        assert!(
            energy.0[Energy::IMPORT].pulses - played <= 2 + per_window as u32,
            "{played} of {}",
            energy.0[Energy::IMPORT].pulses
        );
        let first = edges[0];
        for (n, edge) in edges.iter().enumerate() {
            let late_us = (edge - first - n as f64 * period) * 125.0;
            assert!(
                late_us.abs() < 1.0,
                "edge {n} of {per_window} a window: {late_us:.3} µs late"
            );
        }
    }
}

/// The pulses of a window of one second that completes as many active ones, `per_window`.
fn train(energy: &mut Energy, per_window: f64) -> WindowPulses {
    let threshold = energy::threshold(6400, 8000);
    let flow = [(threshold as f64 * per_window) as i64, 0, 0];
    energy.add(
        &Portable,
        &mut Quantities::of_flow(flow, 8000 << 16),
        &(threshold as i64),
    )
}

#[test]
fn pulses_that_come_too_late_are_put_out_with_those_of_the_next_window() {
    let mut energy = Energy::ZERO;
    let mut player = Player::IDLE;
    for pulses in [5.5, 3.0, 4.0] {
        player.enqueue(&train(&mut energy, pulses));
    }
    let mut edges = 0;
    for _ in 0..6 * 500 {
        player.pass();
        edges += u32::from(player.outputs[0].advance() != NO_EDGE);
    }
    assert_eq!(edges, 12);
}

#[test]
fn an_output_knows_the_blocks_from_edge_to_edge() {
    for (per_window, blocks) in [(2.3, 217), (6.5, 76), (40.3, 12), (159.9, 3)] {
        let mut player = Player::IDLE;
        let mut energy = Energy::ZERO;
        player.enqueue(&train(&mut energy, per_window));
        assert_eq!(player.outputs[0].blocks_apart(), 0, "nothing is played yet");
        player.outputs[0].advance();
        assert_eq!(player.outputs[0].blocks_apart(), blocks, "{per_window}");
    }
}

#[test]
fn active_and_reactive_power_have_their_own_starting_thresholds() {
    // A watt and a var, against thresholds of 0.15 and 2.6.
    let source = Source::new(
        60.02,
        Signal::sine(220.0, 0.0),
        Signal::sine(2f64.sqrt() / 220.0, -std::f64::consts::FRAC_PI_4),
    );
    let windows = Bench::new(8000).run(&source, 7.0);
    let [low, high] = [STARTING as i32, 2_000_000_000];
    for (thresholds, counts) in [
        ([low, low], [true, true]),
        ([high, low], [false, true]),
        ([low, high], [true, false]),
        ([high, high], [false, false]),
    ] {
        let mut constants = Calibration::NOMINAL;
        constants.0[STARTING_POWERS..].copy_from_slice(&thresholds);
        let mut no_load = NoLoad::default();
        let last = windows.iter().map(|window| {
            Quantities::from_window(&Portable, window, &constants, &mut no_load, 8000)
        });
        let q = last.last().expect("a window");
        let [active, reactive, _] = *q.flow();
        assert_eq!([active != 0, reactive != 0], counts, "{thresholds:?}");
    }
}
