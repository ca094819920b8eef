//! Random traffic: the responder never panics, never hangs, and always finds back to a valid Identification.

mod support;

use proptest::prelude::*;
use support::{Bench, open, packet};

/// A piece of what a reader, a broken reader or a bad line may send.
#[derive(Clone, Debug)]
enum Piece {
    Noise(Vec<u8>),
    /// A good packet: control, sequence, data.
    Packet(u8, u8, Vec<u8>),
    /// A good packet with a plausible request.
    Request(bool, Vec<u8>),
    /// The last packet again.
    Again,
    Ack,
    Nak,
    Pause(u32),
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        Just(0x20u8),
        Just(0x21),
        Just(0x30),
        Just(0x3F),
        Just(0x40),
        Just(0x4F),
        Just(0x50),
        Just(0x51),
        Just(0x52),
        Just(0x60),
        Just(0x63),
        Just(0x70),
        Just(0x71),
        any::<u8>(),
    ];
    // Small numbers hit tables, offsets and lengths that exist.
    let small = prop_oneof![4 => Just(0u8), 3 => 0u8..8, 1 => any::<u8>()];
    (code, prop::collection::vec(small, 0..30))
        .prop_map(|(code, rest)| [&[code][..], &rest].concat())
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Piece::Noise),
        1 => (any::<u8>(), any::<u8>(), prop::collection::vec(any::<u8>(), 1..260))
            .prop_map(|(control, sequence, data)| Piece::Packet(control, sequence, data)),
        1 => ((0u8..8).prop_map(|bits| bits << 5), 0u8..4, request())
            .prop_map(|(control, sequence, data)| Piece::Packet(control, sequence, data)),
        6 => (any::<bool>(), request()).prop_map(|(toggle, data)| Piece::Request(toggle, data)),
        2 => Just(Piece::Again),
        4 => Just(Piece::Ack),
        1 => Just(Piece::Nak),
        1 => (0u32..7_000).prop_map(Piece::Pause),
    ]
}

fn play(bench: &mut Bench, pieces: &[Piece]) {
    let mut last = Vec::new();
    for piece in pieces {
        let sent = match piece {
            Piece::Noise(bytes) => bench.feed(bytes),
            Piece::Packet(control, sequence, data) => {
                last = packet(*control, *sequence, data);
                bench.feed(&last)
            }
            Piece::Request(toggle, data) => {
                last = packet(if *toggle { 0x20 } else { 0 }, 0, data);
                bench.feed(&last)
            }
            Piece::Again => bench.feed(&last),
            Piece::Ack => bench.feed(&[6]),
            Piece::Nak => bench.feed(&[0x15]),
            Piece::Pause(ms) => bench.wait(*ms),
        };
        // At most an ACK or NAK and a packet per byte given: no storm of answers.
        assert!(
            sent.len() <= 40 * 300,
            "{} bytes in answer to {piece:?}",
            sent.len()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn after_any_traffic_and_the_time_out_identification_is_answered(pieces in prop::collection::vec(piece(), 0..40)) {
        let mut bench = Bench::new();
        play(&mut bench, &pieces);
        // The longest Wait and the longest agreed time-outs are 255 s, retries up to 255 times that: whoever agreed
        // on them is not the one who comes now, so only the default ones are held against the meter here.
        let patient = pieces.iter().any(|piece| matches!(piece, Piece::Request(_, data) | Piece::Packet(_, _, data)
            if data.contains(&0x70) || data.contains(&0x71)));
        if !patient {
            bench.wait(16_000);
            let mut toggle = 0;
            prop_assert_eq!(bench.uart_rate, 6);
            prop_assert_eq!(bench.ask(&mut toggle, &[0x20]), [0, 0, 1, 0, 0]);
            prop_assert!(!bench.responder.in_session());
        }
    }

    #[test]
    fn every_packet_sent_is_a_good_one(pieces in prop::collection::vec(piece(), 0..20), request in request()) {
        let mut bench = Bench::new();
        play(&mut bench, &pieces);
        bench.wait(600);
        bench.feed(&[6]);
        let sent = bench.feed(&packet(0, 0, &request));
        if let Some((6, response)) = sent.split_first()
            && !response.is_empty()
        {
            let (_, data) = open(response);
            prop_assert!(data.len() <= 248);
        }
    }
}
