//! Harmonics of voltage and current.

mod common;

use common::{Signal, Source, line, quantise};
use metrology::harmonics::{COUNT, Harmonic, Harmonics, ORDERS, distortion};
use metrology::quantities::NoLoad;
use metrology::{Block, Calibration, Config, Meter, Portable, Quantities, Window};

/// Shares of the harmonics in the fundamental, voltage and current, in 1/32 768.
#[derive(Debug)]
struct Spectrum {
    voltage: [u16; COUNT],
    current: [u16; COUNT],
}

impl Spectrum {
    fn distortion(&self) -> [u16; 2] {
        [&self.voltage, &self.current].map(|shares| distortion(&Portable, shares))
    }
}

/// Spectrum after `seconds` of a source.
fn spectrum(source: &Source, seconds: u64) -> Spectrum {
    let mut meter = Meter::new(&Config { rate: source.rate });
    let mut harmonics = Harmonics::ZERO;
    let mut spectrum = Spectrum {
        voltage: [0; COUNT],
        current: [0; COUNT],
    };
    let mut block = Block::EMPTY;
    let mut quantities = Quantities::ZERO;
    let mut harmonic = Harmonic::ZERO;
    for n in 0..seconds * source.rate as u64 {
        block.set((n % 16) as usize, source.codes(n).map(quantise));
        if n % 16 != 15 {
            continue;
        }
        let mut finished = Window::default();
        if meter.push_block(&Portable, &mut block, Some(&mut finished)) {
            quantities.compute(
                &Portable,
                &finished,
                &Calibration::NOMINAL,
                &mut NoLoad::default(),
                source.rate,
            );
        }
        let end = meter.end();
        if harmonics.push_block(&Portable, &block, end, Some(&mut harmonic)) != 0 {
            let shares = quantities.shares(&Portable, &harmonic);
            let at = (harmonic.order - ORDERS.0) as usize;
            [spectrum.voltage[at], spectrum.current[at]] = shares;
        }
    }
    spectrum
}

#[test]
fn orders_are_those_that_tables_show() {
    assert_eq!((ORDERS, COUNT), ((2, 21), 20));
}

#[test]
fn a_pure_sine_has_no_distortion() {
    for hertz in [45.0, 50.0, 59.5, 60.0, 60.02, 63.0, 66.0] {
        let source = Source::new(hertz, Signal::sine(220.0, 0.0), Signal::sine(1.0, -1.0));
        let spectrum = spectrum(&source, 11);
        let [v, i] = spectrum.distortion();
        println!(
            "{hertz} Hz: THD {:.4} % and {:.4} %",
            v as f64 / 327.68,
            i as f64 / 327.68
        );
        assert!(
            v as f64 / 327.68 < 0.05 && i as f64 / 327.68 < 0.05,
            "{hertz} Hz: {spectrum:?}"
        );
    }
}

#[test]
fn harmonics_are_right_to_one_per_cent() {
    for hertz in [50.0, 60.02] {
        let lines = |fundamental: f64, part: f64| {
            let mut lines = vec![line(1.0, fundamental, 0.2)];
            lines.extend(
                (2..=21).map(|k| line(k as f64, fundamental * part / (k as f64).sqrt(), k as f64)),
            );
            Signal::of(&lines)
        };
        let source = Source::new(hertz, lines(220.0, 0.05), lines(2.0, 0.3));
        let spectrum = spectrum(&source, 12);
        for k in 2..=21usize {
            let share = 1.0 / (k as f64).sqrt();
            for (measured, part) in [
                (spectrum.voltage[k - 2], 0.05),
                (spectrum.current[k - 2], 0.3),
            ] {
                let error = measured as f64 / 32768.0 / (part * share) - 1.0;
                assert!(error.abs() < 0.01, "order {k} of {part}: {error}");
            }
        }
        let [v, i] = spectrum.distortion();
        let harmonic_sum: f64 = (2..=21).map(|k| 1.0 / k as f64).sum::<f64>().sqrt();
        assert!((v as f64 / 32768.0 / (0.05 * harmonic_sum) - 1.0).abs() < 0.01);
        assert!((i as f64 / 32768.0 / (0.3 * harmonic_sum) - 1.0).abs() < 0.01);
    }
}

#[test]
fn orders_beyond_a_fifth_of_the_sample_rate_are_left_out_and_the_round_goes_on() {
    // At 4 000 samples a second and 55 Hz that is the 14th: 13 orders, which are no whole number of windows of three.
    let lines = |fundamental: f64| {
        let mut lines = vec![line(1.0, fundamental, 0.2)];
        lines.extend((2..=21).map(|k| line(k as f64, fundamental * 0.1, k as f64)));
        Signal::of(&lines)
    };
    // 120 V: all peaks together stay within the range.
    let mut source = Source::new(55.0, lines(120.0), lines(5.0));
    source.rate = 4000;
    let spectrum = spectrum(&source, 11);
    for (at, share) in spectrum.voltage.iter().zip(spectrum.current).enumerate() {
        for share in [*share.0, share.1] {
            let error = share as f64 / 32768.0 - 0.1;
            assert!(
                if at + 2 <= 14 {
                    error.abs() < 0.0002
                } else {
                    share == 0
                },
                "order {}: {share}",
                at + 2
            );
        }
    }
}
