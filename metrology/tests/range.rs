//! The ends of the converter's range: nothing wraps, what is clipped is remarked, peaks are true.

mod common;

use common::{Bench, Signal, Source, feed, quantise, quantities, sixty_hertz};
use metrology::Flags;
use metrology::window::Sums;

const LOW: i32 = -(1 << 23);
const HIGH: i32 = (1 << 23) - 1;

#[test]
fn both_channels_at_minus_full_scale_do_not_wrap() {
    for window in &feed(5, |_| [LOW; 3])[1..] {
        let sums = &window.sums;
        // Filtered samples are four times the code; nothing may have wrapped on the way.
        let samples = window.tally.length() as f64 / 65536.0;
        let expected = 4.0 * (LOW as f64).powi(2) * samples;
        for sum in [
            sums.0[Sums::SQUARES],
            sums.0[Sums::SQUARES + 1],
            sums.0[Sums::POWERS],
            sums.0[Sums::POWERS + 1],
        ] {
            assert!((sum as f64 / expected - 1.0).abs() < 1e-6);
        }
        let q = quantities(window);
        assert!(
            q.voltage_uv() < 1_000_000
                && q.line_ua() < 1_000_000
                && q.active_uw().abs() < 1_000_000,
            "{q:?}"
        );
        assert!(
            q.flags.contains(Flags::UNSYNCHRONISED) && q.flags.contains(Flags::VOLTAGE_CLIPPED)
        );
    }
}

#[test]
fn alternating_full_scale_does_not_wrap() {
    for window in &feed(5, |n| [if n % 2 == 0 { LOW } else { HIGH }; 3])[1..] {
        let samples = window.tally.length() as f64 / 65536.0;
        // At half the sampling rate the filter's gain is 3.
        let expected = 12.0 * (LOW as f64).powi(2) * samples;
        for sum in [
            window.sums.0[Sums::SQUARES],
            window.sums.0[Sums::SQUARES + 1],
            window.sums.0[Sums::POWERS],
        ] {
            assert!(
                (sum as f64 / expected - 1.0).abs() < 1e-3,
                "{sum} {expected}"
            );
        }
    }
}

#[test]
fn full_scale_square_waves_saturate_with_a_flag() {
    let square = |n: u64| {
        if (n * 60 * 2 / 8000).is_multiple_of(2) {
            HIGH
        } else {
            LOW
        }
    };
    for window in &feed(6, |n| [square(n); 3])[2..] {
        // The edges of an unfiltered square wave overshoot behind the droop filter, by a few per cent of the rms.
        let q = quantities(window);
        assert!(q.flags.contains(Flags::VOLTAGE_CLIPPED) && q.flags.contains(Flags::LINE_CLIPPED));
        // Rms values saturate at 497 V and 124 A, more than any sine can have.
        assert!((496e6..498e6).contains(&(q.voltage_uv() as f64)), "{q:?}");
        assert!((124e6..125e6).contains(&(q.line_ua() as f64)), "{q:?}");
        assert!((q.active_uw() as f64 / 90e9 - 1.0).abs() < 0.1, "{q:?}");
        assert!(
            (q.fundamental_active_uw() as f64 / 72.95e9 - 1.0).abs() < 0.1,
            "{q:?}"
        );
        assert!(q.apparent_uva() >= q.active_uw().unsigned_abs());
    }
}

#[test]
fn each_channel_that_reaches_its_end_is_remarked_and_has_its_peak() {
    let clipped = [
        Flags::VOLTAGE_CLIPPED,
        Flags::LINE_CLIPPED,
        Flags::NEUTRAL_CLIPPED,
    ];
    for (channel, flag) in clipped.into_iter().enumerate() {
        for (end, is_clipped) in [
            ((1 << 23) - 1, true),
            (-(1 << 23), true),
            ((1 << 23) - 2, false),
        ] {
            let windows = feed(4, |n| {
                let mut codes = [quantise(sixty_hertz(n, 1.0) * 1e6); 3];
                if n == 20_000 {
                    codes[channel] = end;
                }
                codes
            });
            let marked = windows
                .iter()
                .filter(|w| w.tally.flags.contains(flag))
                .count();
            assert_eq!(marked, usize::from(is_clipped), "{channel}: {end}");
            let others = clipped.into_iter().filter(|other| *other != flag);
            for other in others {
                assert!(windows.iter().all(|w| !w.tally.flags.contains(other)));
            }
            let peaks = windows.iter().map(|w| w.tally.peaks()[channel]).max();
            assert_eq!(peaks, Some(end.unsigned_abs()), "{channel}: {end}");
        }
    }
}

#[test]
fn peaks_are_the_largest_magnitudes_in_volts_and_amperes() {
    for (volts, amperes) in [(120.0, 30.0), (230.0, 0.5)] {
        let source = Source::new(60.02, Signal::sine(volts, 0.0), Signal::sine(amperes, -1.0));
        let windows = Bench::new(8000).run(&source, 4.0);
        let q = quantities(&windows[2]);
        let [_, volt_peak, ampere_peak] = q.shown_late() else {
            panic!("three quantities")
        };
        for (peak, rms) in [(volt_peak, volts), (ampere_peak, amperes)] {
            let crest = *peak as f64 * 1e-6 / rms;
            assert!((crest - 2f64.sqrt()).abs() < 0.002, "{rms}: {crest}");
        }
    }
}
