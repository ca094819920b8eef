//! What tables show of a window: the same quantities in the units of MT0, and when a channel counts as stuck.

mod common;

use common::{Bench, Signal, Source, active, feed, measure, quantities, reactive, sixty_hertz};
use metrology::quantities::SHOWN;
use metrology::{Calibration, Flags};

#[test]
fn tables_show_what_was_measured() {
    for (amperes, lag) in [(10.0, 1.0), (10.0, -0.5), (3.0, 2.5), (0.2, 0.0)] {
        let mut source = Source::new(60.02, Signal::sine(220.0, 0.0), Signal::sine(amperes, -lag));
        source.neutral = Signal::sine(amperes / 2.0, -lag);
        let q = measure(&source, &Calibration::NOMINAL, 1.2)
            .pop()
            .expect("a window");
        let shown = q.shown();
        assert_eq!(shown.len(), SHOWN);
        let [power, reactive_power] = [
            active(&source.voltage, &source.line),
            reactive(&source.voltage, &source.line),
        ];
        // mV, µA, µA, mW, mvar, mVA, ppm, µHz; and how far off each may be: the neutral passes no droop filter.
        let truths = [
            (220e3, 1.0),
            (amperes * 1e6, 20.0),
            (amperes * 5e5, amperes * 5e5 * 4e-4),
            (power * 1e3, 12.0),
            (reactive_power * 1e3, 50.0),
            (220e3 * amperes, 12.0),
            (lag.cos() * 1e6, 5.0),
            (60.02e6, 5.0),
        ];
        for ((place, shown), (truth, most)) in shown.iter().enumerate().zip(truths) {
            assert!(
                (*shown as f64 - truth).abs() <= most,
                "{place}: {shown}, true {truth}"
            );
        }
        assert_eq!(i64::from(q.power_factor_ppm()), shown[6]);
        assert_eq!(shown[1..3], [q.line_ua(), q.neutral_ua()].map(i64::from));
        // Thousandths are rounded to nearest, or as good as.
        assert!((shown[0] * 1000 - i64::from(q.voltage_uv())).abs() <= 510);
        assert!((shown[3] * 1000 - q.active_uw()).abs() <= 510);
        let fundamental_mw = q.shown_late()[0];
        assert!((fundamental_mw * 1000 - q.fundamental_active_uw()).abs() <= 510);
    }
}

#[test]
fn a_frequency_that_is_not_known_is_told_as_such() {
    let windows = Bench::new(8000).run(
        &Source::new(5.0, Signal::sine(220.0, 0.3), Signal::sine(1.0, 0.3)),
        3.0,
    );
    for window in windows {
        assert_eq!(quantities(&window).shown()[7], i64::from(i32::MIN));
    }
}

#[test]
fn a_channel_is_stuck_when_it_never_leaves_its_mean_by_sixteen_codes() {
    for (swing, is_stuck) in [(1, true), (15, true), (16, false), (100, false)] {
        let windows = feed(4, |n| {
            let volts = (sixty_hertz(n, 120.0) * 1e4) as i32;
            [volts, if n % 2 == 0 { swing } else { -swing }, 0]
        });
        let q = quantities(&windows[2]);
        assert_eq!(q.flags.contains(Flags::CHANNEL_STUCK), is_stuck, "{swing}");
    }
}
