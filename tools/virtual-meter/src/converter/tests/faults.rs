//! Disturbances, orders that are refused, and noise.

use super::*;

#[test]
fn the_map_check_notices_writes_and_disturbances() {
    let mut host = Host::awake();
    host.command(&[0x6000 | 2 << 7, 0x2110]);
    host.wait(100 * MICROSECOND);
    host.null();
    assert_eq!(
        word(&host.null(), 0) & 0x2000,
        0x2000,
        "our own write is a change too"
    );
    assert_eq!(
        word(&host.null(), 0) & 0x2000,
        0,
        "sending STATUS clears it"
    );
    let now = host.now;
    let disturbed = Fault::DisturbedRegister {
        address: 0x0C,
        bits: 0x0040,
    };
    host.converter.set_faults(
        vec![TimedFault {
            fault: disturbed,
            from: now + MILLISECOND,
            until: Time::MAX,
            one_in: 1,
        }],
        1,
    );
    host.wait(2 * MILLISECOND);
    assert_eq!(word(&host.null(), 0) & 0x2000, 0x2000);
    assert_eq!(host.read(0x0C), 0x8040);
}

#[test]
fn ordered_faults_strike() {
    let mut host = Host::streaming(|_| 0.12);
    let always = |fault| {
        vec![TimedFault {
            fault,
            from: 0,
            until: Time::MAX,
            one_in: 1,
        }]
    };
    host.converter.set_faults(always(Fault::CorruptResponse), 3);
    host.wait_ready();
    let frame = host.null();
    let mut clean = frame.clone();
    clean[0] = 0x05;
    assert!(!check_is_right(&frame));
    host.converter.set_faults(
        always(Fault::StuckChannel {
            channel: 2,
            code: Some(-5),
        }),
        3,
    );
    host.wait_ready();
    assert_eq!(code(&host.null(), 2), -5);
    let lost = TimedFault {
        fault: Fault::LostReady,
        from: host.now,
        until: host.now + 200 * MICROSECOND,
        one_in: 1,
    };
    host.converter.set_faults(vec![lost], 3);
    let before = host.now;
    let ready = host.wait_ready();
    assert!(ready - before > 200 * MICROSECOND);
    let one_in_ten = vec![TimedFault {
        fault: Fault::CorruptResponse,
        from: 0,
        until: Time::MAX,
        one_in: 10,
    }];
    host.converter.set_faults(one_in_ten, 3);
    let mut bad = 0;
    for _ in 0..2_000 {
        host.wait_ready();
        bad += u32::from(!check_is_right(&host.null()));
    }
    assert!((150..250).contains(&bad), "{bad}");
    host.converter.set_faults(always(Fault::Reset), 3);
    host.wait_ready();
    host.wait(MILLISECOND);
    assert_eq!(word(&host.null(), 0), 0xFF23);
}

#[test]
fn what_is_not_modelled_is_refused() {
    let mut host = Host::awake();
    host.command(&[0x6000 | 6 << 7, 0x0700]);
    host.command(&[0x6000 | 6 << 7, 0x0601]);
    host.command(&[0x6000 | 3 << 7, 0x070D]);
    let refusals = host.converter.take_refusals();
    assert!(
        refusals[0].contains("global chop") && refusals[1].contains("current-detect"),
        "{refusals:?}"
    );
    assert!(
        refusals.iter().any(|line| line.contains("4.15 MHz")),
        "{refusals:?}"
    );
    assert!(host.converter.take_refusals().is_empty());
}

#[test]
fn noise_has_the_level_of_the_table() {
    let noisy = Imperfections {
        noise: 1.0,
        ..Imperfections::NONE
    };
    let mut host = Host::with(|_| 0.0, noisy);
    host.wait(300 * MICROSECOND);
    host.command(&[0x6000 | 3 << 7 | 1, 0x070A, 0x0300]);
    let mut sums = [0.0; 3];
    let count = 20_000;
    for n in 0..count + 4 {
        host.wait_ready();
        let frame = host.null();
        for (channel, sum) in sums.iter_mut().enumerate().filter(|_| n >= 4) {
            *sum += f64::from(code(&frame, channel)).powi(2);
        }
    }
    let microvolts =
        |sum: f64, gain: f64| (sum / f64::from(count)).sqrt() * 1.2e6 / 8_388_608.0 / gain;
    assert!(
        (microvolts(sums[0], 1.0) / 7.56 - 1.0).abs() < 0.02,
        "{}",
        microvolts(sums[0], 1.0)
    );
    assert!(
        (microvolts(sums[2], 8.0) / 3.82 - 1.0).abs() < 0.02,
        "{}",
        microvolts(sums[2], 8.0)
    );
}
