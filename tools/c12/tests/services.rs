//! The services: states, refusals, edges of tables, negotiated sizes, rates and times.

mod support;

use support::{
    Bench, ISSS, PASSWORD, TICK_MS, identified, logon, open, packet, security, session, text, write,
};

#[test]
fn wait_holds_the_session_once() {
    let (mut bench, mut toggle) = session(1);
    assert_eq!(bench.ask(&mut toggle, &[0x70, 60]), [0]);
    bench.wait(59_999);
    assert!(bench.responder.in_session());
    bench.ask(&mut toggle, &[0x30, 0, 3]);
    bench.wait(6_000 + TICK_MS);
    assert!(!bench.responder.in_session());
}

#[test]
fn wait_works_before_the_log_on() {
    let (mut bench, mut toggle) = identified();
    assert_eq!(bench.ask(&mut toggle, &[0x70, 120]), [0]);
    bench.wait(100_000);
    assert_eq!(bench.ask(&mut toggle, &logon()), [0]);
}

#[test]
fn the_bit_rate_changes_after_the_acknowledgement_and_returns_with_terminate() {
    let (mut bench, mut toggle) = identified();
    // 9600, 19200, 115200, 300: the fastest.
    let answer = bench.feed(&packet(toggle, 0, &[0x64, 0, 64, 1, 6, 8, 12, 1]));
    toggle ^= 0x20;
    assert_eq!(open(&answer[1..]).1, [0, 0, 64, 1, 12]);
    assert_eq!(bench.uart_rate, 6);
    bench.feed(&[6]);
    assert_eq!(bench.uart_rate, 12);
    assert_eq!(bench.ask(&mut toggle, &logon()), [0]);
    assert_eq!(bench.ask(&mut toggle, &[0x52]), [0]);
    assert_eq!(bench.uart_rate, 12, "the rate outlives the session");
    assert_eq!(bench.ask(&mut toggle, &[0x21]), [0]);
    assert_eq!(bench.uart_rate, 6);
}

#[test]
fn rates_that_the_meter_does_not_have_leave_the_rate_alone() {
    let (mut bench, mut toggle) = identified();
    assert_eq!(
        bench.ask(&mut toggle, &[0x63, 0, 64, 1, 0, 1, 200]),
        [0, 0, 64, 1, 6]
    );
    assert_eq!(bench.uart_rate, 6);
}

#[test]
fn timing_setup_takes_effect() {
    let (mut bench, mut toggle) = identified();
    assert_eq!(
        bench.ask(&mut toggle, &[0x71, 30, 1, 4, 1]),
        [0, 30, 1, 4, 1]
    );
    bench.wait(29_000);
    let answer = bench.feed(&packet(toggle, 0, &logon()));
    toggle ^= 0x20;
    assert!(bench.wait(3_999).is_empty());
    assert_eq!(bench.wait(1 + TICK_MS), answer[1..]);
    // One retry, then the end.
    assert!(bench.wait(4_000 + TICK_MS).is_empty());
    assert_eq!(bench.ask(&mut toggle, &logon()), [ISSS]);
}

#[test]
fn timing_setup_does_not_give_the_line_away_for_hours() {
    let (mut bench, mut toggle) = identified();
    assert_eq!(
        bench.ask(&mut toggle, &[0x71, 255, 255, 255, 255]),
        [0, 255, 255, 15, 7]
    );
}

#[test]
fn services_and_states() {
    const OK: u8 = 0;
    let services: [(Vec<u8>, [u8; 3]); 9] = [
        // Answers in the base, ID and session states.
        (vec![0x30, 0, 3], [ISSS, ISSS, OK]),
        (vec![0x3F, 0, 3, 0, 0, 0, 0, 1], [ISSS, ISSS, OK]),
        (write(7, b"data"), [ISSS, ISSS, OK]),
        (logon(), [ISSS, OK, ISSS]),
        (security(&PASSWORD), [ISSS, ISSS, OK]),
        (vec![0x52], [ISSS, ISSS, OK]),
        (vec![0x60, 0, 64, 1], [ISSS, OK, ISSS]),
        (vec![0x70, 9], [ISSS, OK, OK]),
        (vec![0x71, 9, 1, 2, 3], [ISSS, OK, ISSS]),
    ];
    for (request, expected) in services {
        let base = Bench::new().ask(&mut 0, &request);
        let (mut bench, mut toggle) = identified();
        let id = bench.ask(&mut toggle, &request);
        let (mut bench, mut toggle) = session(1);
        let in_session = bench.ask(&mut toggle, &request);
        assert_eq!([base[0], id[0], in_session[0]], expected, "{request:02x?}");
    }
    for unknown in [0x00, 0x23, 0x31, 0x39, 0x45, 0x53, 0x6C, 0x72, 0xFF] {
        assert_eq!(
            Bench::new().ask(&mut 0, &[unknown]),
            [2],
            "{unknown:02x}: sns even in the base state"
        );
    }
    for short in [
        &[0x30, 0][..],
        &[0x20, 0],
        &[0x50, 0, 0],
        &[0x51],
        &[0x60, 1],
        &[0x61, 1, 0, 1],
        &[0x70],
        &[0x71, 1],
    ] {
        let (mut bench, mut toggle) = session(1);
        assert_eq!(bench.ask(&mut toggle, short), [1], "{short:02x?}: err");
    }
}

#[test]
fn the_default_table() {
    let (mut bench, mut toggle) = session(1);
    let default_write = [
        0x4E,
        0,
        2,
        b'a',
        b'b',
        0u8.wrapping_sub(b'a').wrapping_sub(b'b'),
    ];
    assert_eq!(
        bench.ask(&mut toggle, &[0x3E]),
        [2],
        "sns: the meter has none"
    );
    assert_eq!(bench.ask(&mut toggle, &default_write), [2]);
    bench.meter.default_table = Some(5);
    assert_eq!(bench.ask(&mut toggle, &default_write), [0]);
    assert_eq!(
        bench.ask(&mut toggle, &[0x3E])[..6],
        [0, 0, 20, b'a', b'b', b' ']
    );
}

#[test]
fn reads_at_the_edges_of_a_table() {
    let (mut bench, mut toggle) = session(1);
    // Over the end: what there is; at the end and beyond, onp; beyond 64 KB, onp; no bytes: none.
    assert_eq!(
        bench.ask(&mut toggle, &[0x3F, 0, 3, 0, 0, 3, 0, 9]),
        [0, 0, 2, 0, 0, 0]
    );
    assert_eq!(bench.ask(&mut toggle, &[0x3F, 0, 3, 0, 0, 5, 0, 1]), [4]);
    assert_eq!(bench.ask(&mut toggle, &[0x3F, 0, 3, 1, 0, 0, 0, 1]), [4]);
    assert_eq!(
        bench.ask(&mut toggle, &[0x3F, 0, 3, 0, 0, 0, 0, 0]),
        [0, 0, 0, 0]
    );
    // ST6 fits one packet of 256 bytes, ST64 does not.
    assert_eq!(bench.ask(&mut toggle, &[0x30, 0, 6]).len(), 238);
    assert_eq!(bench.ask(&mut toggle, &[0x30, 0, 64]), [4]);
    assert_eq!(
        bench
            .ask(&mut toggle, &[0x3F, 0, 64, 0, 3, 0, 0, 244])
            .len(),
        236
    );
}

#[test]
fn long_responses_of_every_length_come_whole() {
    let (mut bench, mut toggle) = session(5);
    let table = bench.meter.tables[&64].clone();
    for count in (0..1000).step_by(7).chain([244, 245, 492, 493, 740, 741]) {
        let request = [0x3F, 0, 64, 0, 0, 0, (count >> 8) as u8, count as u8];
        let answer = bench.ask(&mut toggle, &request);
        assert_eq!(answer.len(), count + 4);
        assert_eq!(answer[3..count + 3], table[..count]);
        assert_eq!(
            answer[3..]
                .iter()
                .fold(0u8, |sum, byte| sum.wrapping_add(*byte)),
            0
        );
    }
}

#[test]
fn a_bad_data_checksum_writes_nothing() {
    let (mut bench, mut toggle) = session(1);
    let mut request = write(7, b"data");
    *request.last_mut().expect("a checksum") ^= 1;
    assert_eq!(bench.ask(&mut toggle, &request), [1]);
    assert_eq!(bench.meter.writes, 0);
    assert_eq!(text(&bench.meter.tables[&7][..4]), "00000000");
}
