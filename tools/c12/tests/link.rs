//! The link's traps, each by name: duplicates, lost acknowledgements, pauses, noise, time-outs.

mod support;

use support::{
    Bench, IDENTITY, ISSS, PASSWORD, TICK_MS, hex, identified, logon, open, packet, security,
    session, write,
};
const IDENTIFY: &str = "ee0000000001201310";

#[test]
fn the_same_identification_again_is_always_answered() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        let answer = bench.feed(&hex(IDENTIFY));
        assert_eq!(open(&answer[1..]).1, IDENTITY);
        assert!(bench.feed(&[6]).is_empty());
    }
}

#[test]
fn a_reader_that_crashed_in_a_session_starts_over() {
    let (mut bench, _) = session(2);
    let mut toggle = 0;
    assert_eq!(bench.ask(&mut toggle, &[0x20]), IDENTITY);
    assert_eq!(bench.meter.sessions_ended, 1);
    // The sizes are the default ones again: 96 bytes do not fit.
    assert_eq!(bench.ask(&mut toggle, &logon()), [0]);
    assert_eq!(bench.ask(&mut toggle, &[0x30, 8, 0]), [4]);
}

#[test]
fn a_repeated_request_is_acknowledged_but_not_answered_twice() {
    let (mut bench, mut toggle) = session(1);
    bench.ask(&mut toggle, &write(7, b"once"));
    let again = packet(toggle ^ 0x20, 0, &write(7, b"once"));
    assert_eq!(bench.feed(&again), [6]);
    assert_eq!(bench.meter.writes, 1);
}

#[test]
fn a_request_repeated_because_its_acknowledgement_was_lost_is_answered_again_and_not_executed_again()
 {
    let (mut bench, toggle) = session(1);
    let request = packet(toggle, 0, &write(7, b"once"));
    let first = bench.feed(&request);
    let second = bench.feed(&request);
    // The very same packet, toggle included, so that the reader can tell.
    assert_eq!(first, second);
    assert_eq!(open(&first[1..]).1, [0]);
    assert_eq!(bench.meter.writes, 1);
    assert!(bench.feed(&[6]).is_empty());
}

#[test]
fn a_repeated_read_is_read_again() {
    let (mut bench, toggle) = session(1);
    let request = packet(toggle, 0, &[0x30, 0, 3]);
    let first = bench.feed(&request);
    assert_eq!(bench.feed(&request), first);
    assert_eq!(open(&first[1..]).1, [0, 0, 5, 1, 0, 0, 0, 0, 255]);
}

#[test]
fn a_repeated_password_counts_once() {
    let (mut bench, toggle) = session(1);
    let request = packet(toggle, 0, &security(b"wrong wrong wrong wr"));
    let first = bench.feed(&request);
    assert_eq!(bench.feed(&request), first);
    assert_eq!(open(&first[1..]).1, [1]);
    assert_eq!(bench.meter.passwords_tried, 1);
}

#[test]
fn a_new_packet_instead_of_an_acknowledgement_is_taken() {
    let (mut bench, toggle) = session(1);
    let first = bench.feed(&packet(toggle, 0, &[0x30, 0, 3]));
    assert_eq!(open(&first[1..]).1.len(), 9);
    // No ACK; the reader has given up and asks for something else.
    let second = bench.feed(&packet(toggle ^ 0x20, 0, &[0x30, 0, 99]));
    assert_eq!(open(&second[1..]).1, [5]);
}

#[test]
fn nak_brings_the_identical_packet_three_times() {
    let (mut bench, toggle) = session(1);
    let answer = bench.feed(&packet(toggle, 0, &[0x30, 0, 3]));
    for _ in 0..3 {
        assert_eq!(bench.feed(&[0x15]), answer[1..]);
    }
    assert!(bench.feed(&[0x15]).is_empty());
}

#[test]
fn silence_brings_it_three_times_two_seconds_apart_and_then_the_base_state() {
    let (mut bench, mut toggle) = session(1);
    let answer = bench.feed(&packet(toggle, 0, &[0x30, 0, 3]));
    for _ in 0..3 {
        assert!(bench.wait(1999 - TICK_MS).is_empty());
        assert_eq!(bench.wait(1 + 2 * TICK_MS), answer[1..]);
    }
    assert!(bench.wait(2000 + TICK_MS).is_empty());
    assert_eq!(bench.meter.sessions_ended, 1);
    assert!(!bench.responder.in_session());
    assert_eq!(bench.ask(&mut toggle, &logon()), [ISSS]);
}

#[test]
fn an_acknowledgement_after_noise_that_looks_like_a_start_is_seen() {
    let (mut bench, toggle) = session(1);
    bench.feed(&packet(toggle, 0, &[0x30, 0, 3]));
    assert!(bench.feed(&[0x55, 0xEE, 0x06]).is_empty());
    assert!(
        bench.wait(5000).is_empty(),
        "acknowledged: nothing is repeated"
    );
}

#[test]
fn a_repeat_is_whole_although_a_false_start_came_before() {
    let (mut bench, toggle) = session(1);
    let answer = bench.feed(&packet(toggle, 0, &[0x30, 0, 3]));
    assert!(bench.feed(&[0xEE, 0, 0x12]).is_empty());
    assert_eq!(bench.wait(2000 + TICK_MS), answer[1..]);
}

#[test]
fn a_damaged_packet_is_refused_and_its_repetition_taken() {
    let (mut bench, toggle) = session(1);
    let good = packet(toggle, 0, &[0x30, 0, 3]);
    for at in 6..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert_eq!(bench.feed(&bad), [0x15], "byte {at}");
    }
    assert_eq!(open(&bench.feed(&good)[1..]).1.len(), 9);
}

#[test]
fn a_packet_that_stops_is_forgotten_after_half_a_second() {
    let (mut bench, toggle) = session(1);
    let good = packet(toggle, 0, &[0x30, 0, 3]);
    assert!(bench.feed(&good[..8]).is_empty());
    assert!(bench.wait(500 + TICK_MS).is_empty());
    assert_eq!(bench.feed(&good)[0], 6);
}

#[test]
fn a_shorter_pause_inside_a_packet_does_not_matter() {
    let (mut bench, toggle) = session(1);
    let mut out = Vec::new();
    for byte in packet(toggle, 0, &[0x30, 0, 3]) {
        out.extend(bench.wait(499));
        bench.byte(byte, &mut out);
    }
    assert_eq!(out[0], 6);
}

#[test]
fn what_is_no_packet_for_us_is_passed_over_in_silence() {
    let mut bench = Bench::new();
    let refused = [
        "ee0000000000",     // no data
        "ee0000000039",     // 57 bytes: 65 with header and CRC
        "ee000000ffff",     // far too long
        "ee0001000001",     // data format 1
        "ee0003000001",     // data format 3
        "ee0500000001",     // another identity
        "0055ff0615eeeeee", // noise; the last start byte may be a true one
    ];
    for header in refused {
        assert!(bench.feed(&hex(header)).is_empty(), "{header}");
        assert_eq!(
            bench.feed(&hex(IDENTIFY))[0],
            6,
            "Identification after {header}"
        );
        bench.feed(&[6]);
    }
}

#[test]
fn the_traffic_time_out_ends_everything() {
    let (mut bench, mut toggle) = session(2);
    assert_eq!(bench.ask(&mut toggle, &security(&PASSWORD)), [0]);
    assert!(bench.wait(5999).is_empty());
    assert!(bench.responder.in_session());
    bench.wait(1 + TICK_MS);
    assert!(!bench.responder.in_session());
    assert_eq!(bench.meter.sessions_ended, 1);
    // Toggle and CRC of the last packet are forgotten: the same packet is new.
    let last = packet(toggle ^ 0x20, 0, &security(&PASSWORD));
    assert_eq!(open(&bench.feed(&last)[1..]).1, [ISSS]);
}

#[test]
fn the_bit_rate_returns_with_the_traffic_time_out() {
    let (mut bench, mut toggle) = identified();
    bench.ask(&mut toggle, &[0x61, 0, 64, 1, 10]);
    assert_eq!(bench.uart_rate, 10);
    bench.wait(6_000 + TICK_MS);
    assert_eq!(bench.uart_rate, 6);
}

#[test]
fn a_packet_in_the_middle_of_a_long_response_can_be_had_again() {
    let (mut bench, toggle) = session(5);
    bench.feed(&packet(toggle, 0, &[0x30, 0, 64]));
    let second = bench.feed(&[6]);
    assert_eq!(second[2] & 0xC0, 0x80);
    assert_eq!(bench.feed(&[0x15]), second);
    let third = bench.feed(&[6]);
    assert_eq!(open(&third).0, open(&second).0 - 1);
}

#[test]
fn a_write_in_several_packets_is_put_together() {
    let (mut bench, toggle) = session(4);
    let request = write(5, b"twenty characters...");
    let (one, rest) = request.split_at(9);
    let (two, three) = rest.split_at(9);
    let first = packet(toggle | 0xC0, 2, one);
    assert_eq!(bench.feed(&first), [6]);
    assert_eq!(bench.feed(&first), [6], "the reader missed the ACK");
    let middle = packet((toggle ^ 0x20) | 0x80, 1, two);
    assert_eq!(bench.feed(&middle), [6]);
    assert_eq!(bench.feed(&middle), [6], "the reader missed the ACK");
    let mut bad = packet(toggle | 0x80, 0, three);
    bad[7] ^= 1;
    assert_eq!(bench.feed(&bad), [0x15]);
    assert_eq!(
        open(&bench.feed(&packet(toggle | 0x80, 0, three))[1..]).1,
        [0]
    );
    assert_eq!(bench.meter.tables[&5], b"twenty characters...");
}

#[test]
fn a_message_with_a_packet_missing_is_refused() {
    let (mut bench, toggle) = session(4);
    assert_eq!(bench.feed(&packet(toggle | 0xC0, 2, b"@")), [6]);
    assert_eq!(bench.feed(&packet((toggle ^ 0x20) | 0x80, 0, b"x")), [0x15]);
    // A continuation without a beginning too.
    assert_eq!(bench.feed(&packet(toggle | 0x80, 1, b"x")), [0x15]);
    assert_eq!(
        open(&bench.feed(&packet(toggle, 0, &[0x30, 0, 99]))[1..]).1,
        [5]
    );
}

#[test]
fn a_message_larger_than_the_buffer_is_not_possible() {
    let (mut bench, mut toggle) = session(9);
    for sequence in (1..3).rev() {
        let first = if sequence == 2 { 0xC0 } else { 0x80 };
        assert_eq!(
            bench.feed(&packet(toggle | first, sequence, &[0x40; 120])),
            [6]
        );
        toggle ^= 0x20;
    }
    assert_eq!(
        open(&bench.feed(&packet(toggle | 0x80, 0, &[0x40; 120]))[1..]).1,
        [4]
    );
}

#[test]
fn toggles_alternate_in_every_answer() {
    let (mut bench, mut toggle) = session(1);
    let mut last = None;
    for _ in 0..4 {
        let answer = bench.feed(&packet(toggle, 0, &[0x30, 0, 3]));
        toggle ^= 0x20;
        assert_ne!(Some(answer[3]), last);
        last = Some(answer[3]);
        bench.feed(&[6]);
    }
}

#[test]
fn the_clock_may_wrap() {
    let (mut bench, _) = identified();
    bench.wait(7_000);
    // The ticks of the link wrap after 512 s.
    bench.now_ms = 512_000 - 1_000;
    let mut toggle = 0;
    bench.ask(&mut toggle, &[0x20]);
    bench.wait(5_999);
    assert_eq!(bench.ask(&mut toggle, &logon()), [0]);
    bench.wait(6_000 + TICK_MS);
    assert!(!bench.responder.in_session());
}

#[test]
fn half_a_packet_is_forgotten_however_long_ago_it_came() {
    // Sixteen bits of ticks come round after 512 s.
    for ms in [600, 511_900, 512_000, 512_100, 1_024_000] {
        let mut bench = Bench::new();
        assert!(bench.feed(&packet(0, 0, &[0x20])[..5]).is_empty());
        bench.wait(ms);
        assert_eq!(bench.ask(&mut 0, &[0x20]), IDENTITY, "{ms} ms");
    }
}
