//! The frames of the protocol reference's worked list, byte for byte, through the device side.

mod support;

use support::{Bench, hex, text};

const IDENTIFY: &str = "ee0000000001201310";
const IDENTITY: &str = "ee00000000050000010000c6b5";
const LOGON_T: &str = "ee002000000d50000030303030202020202020b424";
const OK: &str = "ee0000000001001131";

/// The same frame with the toggle bit set and this CRC.
fn toggled(frame: &str, crc: &str) -> String {
    let body = &frame[..frame.len() - 4];
    format!("{}20{}{crc}", &body[..4], &body[6..])
}

/// A bench with a session; the reader's next toggle is clear, the meter's too.
fn session() -> Bench {
    let mut bench = Bench::new();
    bench.exchange(IDENTIFY, IDENTITY);
    bench.exchange(LOGON_T, &toggled(OK, "8051"));
    bench
}

#[test]
fn identification_then_logon_read_and_terminate() {
    let mut bench = Bench::new();
    bench.exchange(IDENTIFY, IDENTITY);
    bench.exchange(LOGON_T, &toggled(OK, "8051"));
    // Security with 20 zero bytes is refused: err keeps the session.
    let wrong = bench.feed(&hex(
        "ee0000000015510000000000000000000000000000000000000000472d",
    ));
    assert_eq!(&text(&wrong)[..18], "06ee00000000010198");
    bench.feed(&[6]);
    // ST3.
    let read = bench.feed(&support::packet(0x20, 0, &[0x30, 0, 3]));
    assert_eq!(
        text(&read),
        format!(
            "06{}",
            toggled("ee00000000090000050100000000fff282", "5237")
        )
    );
    bench.feed(&[6]);
    bench.exchange("ee0000000001528640", OK);
    bench.exchange(&toggled("ee0000000001219a01", "0b61"), &toggled(OK, "8051"));
}

#[test]
fn the_same_with_every_toggle_inverted() {
    let mut bench = Bench::new();
    bench.exchange(&toggled(IDENTIFY, "8270"), IDENTITY);
    bench.exchange(
        "ee000000000d500000303030302020202020207635",
        &toggled(OK, "8051"),
    );
    bench.exchange(&toggled("ee0000000001528640", "1720"), OK);
    bench.exchange("ee0000000001219a01", &toggled(OK, "8051"));
}

#[test]
fn negotiate_offers_what_fits_the_buffer() {
    let mut bench = Bench::new();
    bench.exchange(IDENTIFY, IDENTITY);
    // 512 bytes, 2 packets, 9600: 256, 2 and 9600 come back.
    let answer = bench.feed(&hex(&toggled("ee000000000561020002061d2a", "24dd")));
    assert_eq!(support::open(&answer[1..]).1, [0, 1, 0, 2, 6]);
    bench.feed(&[6]);
    // Code 0x60 offers no rate; the answer still has the rate byte.
    let answer = bench.feed(&hex("ee0000000004600100011a42"));
    assert_eq!(support::open(&answer[1..]).1, [0, 1, 0, 1, 6]);
}

#[test]
fn wait_timing_disconnect_and_onp() {
    let mut bench = Bench::new();
    bench.exchange(IDENTIFY, IDENTITY);
    bench.exchange(
        &toggled("ee0000000002703c0e15", "6e90"),
        &toggled(OK, "8051"),
    );
    let answer = bench.feed(&hex("ee0000000005713c0104034c25"));
    assert_eq!(support::open(&answer[1..]).1, [0, 60, 1, 4, 3]);
    bench.feed(&[6]);
    bench.exchange(&toggled("ee0000000001220133", "9053"), &toggled(OK, "8051"));

    // ST64 from offset 12, 20 bytes; and a table that does not exist.
    let mut bench = session();
    let answer = bench.feed(&hex("ee00000000083f004000000c00144dfa"));
    let (_, data) = support::open(&answer[1..]);
    assert_eq!(data[..3], [0, 0, 20]);
    assert_eq!(data[3..23], bench.meter.tables[&64][12..32]);
    bench.feed(&[6]);
    let answer = bench.feed(&support::packet(0x20, 0, &[0x30, 0, 99]));
    assert_eq!(text(&answer), "06ee0020000001052d06");
}

#[test]
fn writes_of_the_list() {
    let mut bench = session();
    bench.exchange("ee000000000b4f000500000200025a5a4c0d14", OK);
    assert_eq!(&bench.meter.tables[&5][..5], b"  ZZ ");
    bench.exchange(
        &toggled("ee000000000a400007000409002101d50260", "bdc5"),
        &toggled(OK, "8051"),
    );
    assert_eq!(bench.meter.tables[&7][..4], [9, 0, 0x21, 1]);
    assert_eq!(bench.meter.writes, 2);
}

#[test]
fn services_in_the_wrong_state() {
    let mut bench = Bench::new();
    // Logon before Identification: isss, with the toggle of a first packet.
    let answer = bench.feed(&hex("ee000000000d500000303030302020202020207635"));
    assert_eq!(text(&answer), "06ee00000000010a4b9e");
}

#[test]
fn a_long_response_goes_out_as_two_packets() {
    let mut bench = Bench::new();
    bench.exchange(&toggled(IDENTIFY, "8270"), IDENTITY);
    let mut toggle = 0;
    bench.ask(&mut toggle, &[0x60, 0, 64, 2]);
    bench.ask(&mut toggle, &[&[0x50, 0, 0][..], b"0000      "].concat());
    // Two packets were sent before the second of these; the list's example begins with the toggle clear.
    bench.ask(&mut toggle, &[0x30, 0, 3]);
    let first = bench.feed(&support::packet(toggle, 0, &[0x30, 8, 0]));
    assert_eq!(
        text(&first),
        "06ee00c0010038000060000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627\
         28292a2b2c2d2e2f3031323334bf03"
            .replace(' ', "")
    );
    let second = bench.feed(&[6]);
    assert_eq!(
        text(&second),
        "ee00a000002c35363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f3060db"
    );
    assert!(bench.feed(&[6]).is_empty());
}
