//! Voltage by half cycles: sags, swells and interruptions.

mod common;

use common::{FULL_SCALE, VOLTS, quantise};
use metrology::half_cycle::{HalfCycles, VoltageLimits, VoltageState, VoltageWatch};
use metrology::{Block, Config, Meter, Portable};

/// Events of a 120 V supply whose voltage is multiplied by `size` from 2 s to 2 s + `cycles`, with the time until the
/// watch left its normal state, in cycles.
fn sag(
    size: f64,
    cycles: f64,
    phase: f64,
) -> (Vec<metrology::half_cycle::VoltageEvent>, Option<f64>, f64) {
    let limits = VoltageLimits::usual(&Portable, 120_000, 1 << 30);
    let mut meter = Meter::new(&Config { rate: 8000 });
    let mut halves = HalfCycles::default();
    let mut watch = VoltageWatch::default();
    let mut block = Block::EMPTY;
    let (mut events, mut noticed) = (Vec::new(), None);
    let start = 2.0 + phase / 60.0;
    for n in 0..4 * 8000u64 {
        let t = n as f64 / 8000.0;
        let factor = if (start..start + cycles / 60.0).contains(&t) {
            size
        } else {
            1.0
        };
        let volts = factor * 120.0 * 2f64.sqrt() * (std::f64::consts::TAU * 60.0 * t).sin();
        block.set(
            (n % 16) as usize,
            [quantise(volts * FULL_SCALE / VOLTS), 0, 0],
        );
        if n % 16 != 15 {
            continue;
        }
        meter.push_block(&Portable, &mut block, None);
        if let Some(level) = halves.push_block(&Portable, &block, meter.crossing()) {
            events.extend(watch.observe(level, &limits));
            if noticed.is_none() && watch.state != VoltageState::Normal {
                noticed = Some((t - start) * 60.0);
            }
        }
    }
    let nominal = limits.sag as f64 / 0.81;
    (events, noticed, nominal)
}

#[test]
fn sags_are_found_within_a_cycle_with_depth_and_duration() {
    for (size, kind) in [
        (0.7, VoltageState::Sag),
        (0.2, VoltageState::Sag),
        (1.2, VoltageState::Swell),
    ] {
        for cycles in [2.0, 3.5, 20.0] {
            for phase in [0.0, 0.1, 0.4, 0.77] {
                let (events, noticed, nominal) = sag(size, cycles, phase);
                let [event] = events.as_slice() else {
                    panic!("{size} for {cycles} at {phase}: {events:?}")
                };
                assert_eq!(event.kind, kind);
                let noticed = noticed.expect("noticed");
                assert!(noticed < 1.05, "{size} at {phase}: after {noticed} cycles");
                let depth = (event.extreme as f64 / nominal).sqrt();
                assert!(
                    (depth - size).abs() < 0.002,
                    "{size} for {cycles} at {phase}: depth {depth}"
                );
                // The rms of a whole cycle is outside the limits for up to one cycle more than the voltage.
                let duration = event.half_cycles as f64 / 2.0;
                assert!(
                    (duration - cycles - 0.5).abs() <= 1.0,
                    "{size} for {cycles} at {phase}: {duration}"
                );
            }
        }
    }
}

#[test]
fn an_interruption_is_told_from_a_sag_and_small_changes_are_nothing() {
    let (events, ..) = sag(0.0, 10.0, 0.2);
    assert!(
        matches!(events.as_slice(), [e] if e.kind == VoltageState::Interruption),
        "{events:?}"
    );
    let (events, noticed, _) = sag(0.93, 10.0, 0.2);
    assert!(events.is_empty() && noticed.is_none());
}
