//! What must hold for any load: the invariants of power, and the books of energy.

mod common;

use common::{Signal, Source, line, measure};
use metrology::{Calibration, Energy, Portable, Quantities, Register, energy};
use proptest::prelude::*;

/// Voltage and current with a few harmonics each.
fn signal(low: f64, high: f64, harmonic: f64) -> impl Strategy<Value = Signal> {
    let harmonics =
        prop::collection::vec((2u16..13, 0.0..harmonic, 0.0..std::f64::consts::TAU), 0..4);
    (low..high, 0.0..std::f64::consts::TAU, harmonics).prop_map(|(rms, phase, harmonics)| {
        let mut lines = vec![line(1.0, rms, phase)];
        lines.extend(
            harmonics
                .into_iter()
                .map(|(order, part, phase)| line(order as f64, rms * part, phase)),
        );
        Signal::of(&lines)
    })
}

fn only(source: &Source) -> Quantities {
    measure(source, &Calibration::NOMINAL, 1.2)
        .pop()
        .expect("a window")
}

/// Relative to the apparent power, in millionths.
fn close(a: i64, b: i64, apparent: u64, ppm: f64) -> bool {
    ((a - b) as f64).abs() <= apparent as f64 * ppm * 1e-6 + 3.0
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(430), ..ProptestConfig::with_cases(150) })]

    #[test]
    fn power_has_its_invariants(
        voltage in signal(100.0, 240.0, 0.05),
        current in signal(0.5, 40.0, 0.4),
        hertz in 45.0..66.0f64,
        delay in 0.0..0.02f64,
        factor in 0.2..1.0f64,
    ) {
        let source = Source::new(hertz, voltage, current);
        let q = only(&source);
        let s = q.apparent_uva();
        prop_assert!(q.active_uw().unsigned_abs() <= s);
        prop_assert!(q.power_factor_ppm().abs() <= 1_000_000);
        let fundamental = (q.fundamental_active_uw() as f64).hypot(q.reactive_uvar() as f64);
        prop_assert!(fundamental <= s as f64 * (1.0 + 20e-6), "{} > {}", fundamental, s);

        // The other way round, only the powers' signs change.
        let mut reversed = source.clone();
        for line in &mut reversed.line.lines {
            line.rms = -line.rms;
        }
        let r = only(&reversed);
        prop_assert!(close(r.active_uw(), -q.active_uw(), s, 1.0));
        prop_assert!(close(r.reactive_uvar(), -q.reactive_uvar(), s, 1.0));
        prop_assert_eq!(r.voltage_uv(), q.voltage_uv());

        // Current scales the powers.
        let mut smaller = source.clone();
        for line in &mut smaller.line.lines {
            line.rms *= factor;
        }
        let m = only(&smaller);
        let scaled = |x: i64| (x as f64 * factor) as i64;
        prop_assert!(close(m.active_uw(), scaled(q.active_uw()), s, 1.0));
        prop_assert!(close(m.reactive_uvar(), scaled(q.reactive_uvar()), s, 1.0));
        prop_assert!((m.line_ua() as f64 - q.line_ua() as f64 * factor).abs() < 2.0 + q.line_ua() as f64 * 1e-6);

        // Waiting changes nothing.
        let mut later = source.clone();
        later.start += delay;
        let l = only(&later);
        prop_assert!(close(l.active_uw(), q.active_uw(), s, 10.0));
        prop_assert!(close(l.reactive_uvar(), q.reactive_uvar(), s, 30.0));
        // Harmonics bend the voltage between the two samples of a crossing, by up to some hundredths of a sample.
        prop_assert!((l.frequency_uhz() as i32 - q.frequency_uhz() as i32).abs() < 300);
    }

    #[test]
    fn registers_are_pulses_and_lose_nothing(
        flows in prop::collection::vec((any::<i64>(), any::<i64>(), any::<u64>()), 1..60),
        constant in 1u16..20_000,
    ) {
        let threshold = energy::threshold(constant, 8000);
        let mut meter = Energy::ZERO;
        let mut sums = [0u128; 3];
        let mut pulses = [0u64; 2];
        for (active, reactive, apparent) in flows {
            // A window holds at most 2⁶⁰.
            let flow = [active >> 8, reactive >> 8, (apparent >> 9) as i64];
            sums[0] += flow[0].unsigned_abs() as u128;
            sums[1] += flow[1].unsigned_abs() as u128;
            sums[2] += flow[2] as u128;
            let completed = meter.add(&Portable, &mut Quantities::of_flow(flow, 8000 << 16), &(threshold as i64));
            let [active, reactive] = completed.trains;
            pulses[0] += active.left() as u64;
            pulses[1] += reactive.left() as u64;
        }
        let total = |registers: &[Register]| {
            registers.iter().map(|r| r.pulses as u128 * threshold as u128 + r.remainder as u128).sum::<u128>()
        };
        prop_assert_eq!(total(&[meter.0[Energy::IMPORT], meter.0[Energy::EXPORT]]), sums[0]);
        prop_assert_eq!(total(&meter.0[Energy::QUADRANTS..Energy::APPARENT]), sums[1]);
        prop_assert_eq!(total(&[meter.0[Energy::APPARENT]]), sums[2]);
        prop_assert_eq!(meter.0[Energy::IMPORT].pulses as u64 + meter.0[Energy::EXPORT].pulses as u64, pulses[0]);
        prop_assert_eq!(meter.0[Energy::QUADRANTS..Energy::APPARENT].iter().map(|r| r.pulses as u64).sum::<u64>(), pulses[1]);
        prop_assert!([meter.0[Energy::IMPORT], meter.0[Energy::EXPORT], meter.0[Energy::APPARENT]].iter().all(|r| r.remainder < threshold));
    }

    #[test]
    fn a_billion_samples_of_energy_add_up(load in 1i64..1 << 58) {
        // 10⁹ samples at 8 000 a second are 125 000 windows; the registers see nothing else.
        let threshold = energy::threshold(6400, 8000);
        let mut register = Register::ZERO;
        let mut sum = 0u128;
        let mut pulses = 0u64;
        let mut amount = load;
        for _ in 0..125_000u32 {
            amount = (amount.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)) >> 9;
            let amount = amount.abs() % (load + 1);
            sum += amount as u128;
            pulses += register.add(&Portable, &amount, &(threshold as i64)) as u64;
        }
        prop_assert_eq!(pulses & 0xFFFF_FFFF, register.pulses as u64);
        prop_assert_eq!(pulses as u128 * threshold as u128 + register.remainder as u128, sum);
    }
}

#[test]
fn every_quadrant_has_its_register() {
    let threshold = energy::threshold(6400, 8000);
    let amount = threshold as i64 * 2;
    // Active, reactive; then the registers that move, in the order import, export, I, II, III, IV.
    for (active, reactive, expected) in [
        (1, 1, [1, 0, 1, 0, 0, 0]),
        (-1, 1, [0, 1, 0, 1, 0, 0]),
        (-1, -1, [0, 1, 0, 0, 1, 0]),
        (1, -1, [1, 0, 0, 0, 0, 1]),
        // Without active power it is imported.
        (0, 1, [0, 0, 1, 0, 0, 0]),
        (0, -1, [0, 0, 0, 0, 0, 1]),
    ] {
        let mut meter = Energy::ZERO;
        let flow = [active * amount, reactive * amount, 3 * threshold as i64];
        meter.add(
            &Portable,
            &mut Quantities::of_flow(flow, 8000 << 16),
            &(threshold as i64),
        );
        let pulses: Vec<u32> = meter.0.iter().map(|register| register.pulses).collect();
        let expected: Vec<u32> = expected.iter().map(|moves| moves * 2).chain([3]).collect();
        assert_eq!(pulses, expected, "P {active}, Q {reactive}");
        // Whole pulses leave nothing behind.
        assert!(meter.0.iter().all(|register| register.remainder == 0));
    }
    // Nothing at all is neither export nor capacitive: no remainder moves anywhere.
    let mut meter = Energy::ZERO;
    meter
        .0
        .iter_mut()
        .for_each(|register| register.remainder = 5);
    let before = meter;
    meter.add(
        &Portable,
        &mut Quantities::of_flow([0; 3], 8000 << 16),
        &(threshold as i64),
    );
    assert_eq!(meter, before);
}
