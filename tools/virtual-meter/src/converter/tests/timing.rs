//! Start-up, rate, DRDY, SYNC/RESET, the store's quirk and PHASE.

use super::*;

#[test]
fn starts_up_as_the_data_sheet_says() {
    let mut host = Host::new(|_| 0.12);
    assert!(!host.converter.drdy(), "low until the interface answers");
    host.wait(230 * MICROSECOND);
    assert!(!host.converter.drdy());
    assert_eq!(host.frame(&[0; 15]), [0xFF; 15]);
    host.wait(6 * MICROSECOND);
    assert!(host.converter.drdy());
    assert_eq!(word(&host.null(), 0), 0xFF23);
    assert_eq!(word(&host.null(), 0), 0x0500);
    assert_eq!(host.read(0), 0x2303);
    // First result 0.323 ms after the reset, third 0.823 ms.
    let first = host.wait_ready();
    host.wait_ready();
    let third = host.wait_ready();
    assert!(
        (to_seconds(first) - 0.250e-3 - 0.3232e-3).abs() < 1e-7,
        "{}",
        to_seconds(first)
    );
    assert!((to_seconds(third) - 0.250e-3 - 0.8232e-3).abs() < 1e-7);
}

#[test]
fn samples_come_at_exactly_the_rate_of_the_crystal() {
    let mut host = Host::streaming(|_| 0.0);
    let first = host.wait_ready();
    for _ in 0..8_000 {
        host.null();
        host.wait_ready();
    }
    assert_eq!(host.now - first, SECOND);
    assert!((host.converter.sample_rate_hz() - 8_000.0).abs() < 1e-6);

    let pulled = Imperfections {
        crystal_ppm: 50.0,
        ..Imperfections::NONE
    };
    let mut host = Host::with(|_| 0.0, pulled);
    let first = host.wait_ready();
    for _ in 0..4_000 {
        host.wait_ready();
    }
    let elapsed_s = to_seconds(host.now - first);
    assert!((elapsed_s - 1.0 / 1.00005).abs() < 1e-11, "{elapsed_s}");
}

#[test]
fn the_pin_synchronises_or_resets_by_its_length() {
    let mut host = Host::streaming(|_| 0.12);
    host.wait(30 * MICROSECOND);
    host.strobe_sync();
    let strobe = host.now;
    let ready = host.wait_ready();
    // Conversions restart on the CLKIN edge under way.
    assert!((to_seconds(ready - strobe) - 125e-6).abs() < 0.2e-6);
    let codes: Vec<i32> = (0..3)
        .map(|index| {
            if index > 0 {
                host.wait_ready();
            }
            code(&host.null(), 0)
        })
        .collect();
    let full = f64::from(codes[2]);
    // Three boxes: after one output period a sixth has arrived, after two five sixths.
    assert!(
        (f64::from(codes[0]) / full - 1.0 / 6.0).abs() < 4e-3
            && (f64::from(codes[1]) / full - 5.0 / 6.0).abs() < 4e-3,
        "{codes:?}"
    );
    assert_eq!(host.read(3), 0x070A);
    host.converter.set_sync_reset(host.now, false);
    host.wait(251 * MICROSECOND);
    assert!(!host.converter.drdy());
    host.converter.set_sync_reset(host.now, true);
    host.wait(6 * MICROSECOND);
    assert!(host.converter.drdy());
    assert_eq!(word(&host.null(), 0), 0xFF23);
}

#[test]
fn resync_is_flagged_once() {
    let mut host = Host::streaming(|_| 0.12);
    host.wait(30 * MICROSECOND);
    host.strobe_sync();
    assert_eq!(word(&host.null(), 0) & 0x4000, 0x4000);
    assert_eq!(word(&host.null(), 0) & 0x4000, 0);
}

#[test]
fn a_late_start_lags_by_one_sample_until_two_are_read() {
    // The input rises by one code a microsecond, so a code tells its age.
    let mut host = Host::streaming(|now| now as f64 / MICROSECOND as f64 * VREF_V / 8_388_608.0);
    host.wait_ready();
    let in_step = host.now as i64 / MICROSECOND as i64 - i64::from(code(&host.null(), 0));
    for _ in 0..3 {
        host.wait_ready();
    }
    let frame = host.null();
    let late = host.now as i64 / MICROSECOND as i64 - 15 - i64::from(code(&frame, 0));
    assert!((late - in_step - 125).abs() <= 16, "{late} {in_step}");
    assert!(!host.converter.drdy(), "one is still unread");
    for _ in 0..5 {
        host.wait_ready();
        let frame = host.null();
        assert_eq!(word(&frame, 0) & 7, 7);
        assert!(!host.converter.drdy());
    }
    host.null();
    assert!(host.converter.drdy());
    assert_eq!(host.converter.counts().overruns, 1);
}

#[test]
fn an_unread_level_rises_for_four_clocks() {
    let mut host = Host::streaming(|_| 0.12);
    let first = host.wait_ready();
    let rise = loop {
        let next = host.converter.next_event().unwrap();
        host.now = next;
        host.converter.advance(next);
        if host.converter.drdy() {
            break next;
        }
    };
    let fall = host.wait_ready();
    assert!((to_seconds(fall - rise) - 4.0 / CLKIN_HZ).abs() < 1e-11);
    assert_eq!(fall - first, 125 * MICROSECOND);
}

#[test]
fn unread_pulses_come_at_half_rate() {
    let mut host = Host::streaming(|_| 0.12);
    host.command(&[0x6000 | 2 << 7, 0x0111]);
    host.strobe_sync();
    host.wait_ready();
    let gaps: Vec<Time> = (0..4)
        .map(|_| {
            let before = host.now;
            host.wait_ready() - before
        })
        .collect();
    assert!(gaps.iter().all(|&gap| gap == 250 * MICROSECOND), "{gaps:?}");
}

#[test]
fn phase_delays_a_channel_against_the_others() {
    let slope = |now: Time| now as f64 / SECOND as f64;
    let mut host = Host::streaming(slope);
    // Channel 1 by +100 modulator periods: 24.4 µs older window ends, so a later, larger value; DRDY follows it.
    host.command(&[0x6000 | 0x0E << 7, 100 << 6]);
    for _ in 0..4 {
        host.wait_ready();
        host.null();
    }
    host.wait_ready();
    let frame = host.null();
    let seconds = |channel: usize| {
        f64::from(code(&frame, channel)) / 8_388_608.0 * VREF_V / (channel + 1) as f64
    };
    assert!((seconds(1) - seconds(0) - 100.0 / 4.096e6).abs() < 3e-7);
    assert!((seconds(2) - seconds(0)).abs() < 3e-7);
}
