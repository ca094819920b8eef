//! Short runs of what `tools/c12/fuzz` does for hours, and every input that those hours have found worth keeping.

use c12::layout::LIMITS;
use meter430::tables::TABLES;
use proptest::prelude::*;

#[path = "../../c12/fuzz/src/client.rs"]
mod client;
#[path = "../../c12/fuzz/src/decode.rs"]
mod decode;
#[path = "../../c12/fuzz/src/input.rs"]
mod input;
#[path = "../../c12/fuzz/src/meter.rs"]
mod meter;
#[path = "../../c12/fuzz/src/records.rs"]
mod records;
#[path = "../../c12/fuzz/src/responder.rs"]
mod responder;
#[path = "../../c12/fuzz/src/text.rs"]
mod text;

/// Plays a corpus: a line of hexadecimal digits for each input.
fn replay(corpus: &str, run: fn(&[u8])) {
    let lines: Vec<&str> = corpus.lines().collect();
    assert!(lines.len() > 50, "{} inputs", lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        // Shown when the test fails.
        println!("line {}", at + 1);
        run(&reader::number::unhex(line).expect("hexadecimal digits"));
    }
}

macro_rules! corpora {
    ($($name:ident: $target:ident;)*) => {$(
        #[test]
        fn $name() {
            replay(
                include_str!(concat!("../../c12/fuzz/corpus/", stringify!($target), ".txt")),
                $target::run,
            );
        }
    )*};
}

corpora! {
    corpus_of_the_responder: responder;
    corpus_of_the_client: client;
    corpus_of_the_decoder: decode;
    corpus_of_the_whole_meter: meter;
    corpus_of_single_records: records;
    corpus_of_texts: text;
}

/// A length byte and the bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8][..], bytes].concat()
}

/// What a meter may say, in the words of the target `client`: acknowledgements, packets of all kinds, rubbish.
fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let data = prop_oneof![
        Just(vec![0]),
        Just(vec![0, 0, 1, 0, 0]),
        Just(vec![0, 1, 0, 4, 6]),
        prop::collection::vec(any::<u8>(), 1..80),
    ];
    let piece = prop_oneof![
        4 => Just(vec![192]),
        1 => Just(vec![208]),
        1 => Just(vec![224]),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| counted(&bytes)),
        6 => (0u8..8, 0u8..3, data)
            .prop_map(|(bits, left, data)| [&[128, bits << 5, left][..], &counted(&data)].concat()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A request that hits what exists: the meter's tables, its passwords, small offsets and counts.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        8 => prop::sample::select(TABLES.ids().collect::<Vec<_>>()),
        1 => any::<u16>(),
    ];
    let small = prop_oneof![4 => 0u16..24, 1 => any::<u16>()];
    let data = prop::collection::vec(prop_oneof![3 => 0u8..16, 1 => any::<u8>()], 0..70);
    prop_oneof![
        2 => Just(vec![0x20]),
        2 => Just([&[0x50, 0, 1][..], b"fuzz      "].concat()),
        3 => prop::sample::select(vec![0u8, b'1', b'2', 9])
            .prop_map(|byte| [&[0x51][..], &[byte; 20]].concat()),
        1 => Just(vec![0x52]),
        1 => Just(vec![0x60, 1, 0, 4]),
        4 => number.clone().prop_map(|table| [&[0x30][..], &table.to_be_bytes()].concat()),
        4 => (number.clone(), small.clone(), small.clone()).prop_map(|(table, offset, count)| {
            let offset = &u32::from(offset).to_be_bytes()[1..];
            [&[0x3F][..], &table.to_be_bytes(), offset, &count.to_be_bytes()].concat()
        }),
        6 => (number, prop::option::of(small), data.clone()).prop_map(|(table, offset, data)| {
            let request = c12::service::Request::Write { table, offset: offset.map(u32::from), data: &data };
            let mut bytes = [0; 100];
            let length = request.emit(&mut bytes).expect("fits");
            bytes[..length].to_vec()
        }),
        // Procedures: those that exist, and their neighbours.
        4 => (0u8..24, 0u8..5, data.clone()).prop_map(|(procedure, selector, parameters)| {
            let data = [&[procedure, selector << 4, 7][..], &parameters].concat();
            let request = c12::service::Request::Write { table: 7, offset: None, data: &data };
            let mut bytes = [0; 100];
            let length = request.emit(&mut bytes).expect("fits");
            bytes[..length].to_vec()
        }),
        1 => prop::collection::vec(any::<u8>(), 1..60),
    ]
}

/// What happens to a meter, in the words of the target `meter`.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        30 => request().prop_map(|request| counted(&request)),
        1 => (200u8..253).prop_map(|time| vec![time]),
        1 => any::<[u8; 3]>().prop_map(|change| [&[253][..], &change].concat()),
        1 => any::<u8>().prop_map(|words| vec![254, words]),
        2 => Just(vec![255]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_meter_that_lies_about_everything_is_decoded_or_refused(
        limits in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), LIMITS.len()),
        which in any::<u8>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let limits: Vec<u8> = limits.iter().flat_map(|bytes| counted(bytes)).collect();
        decode::run(&[&limits[..], &[which], &bytes].concat());
    }

    #[test]
    fn a_meter_that_says_anything_ends_every_request(bytes in traffic()) {
        client::run(&bytes);
    }

    #[test]
    fn no_request_harms_the_meter(
        pieces in prop::collection::vec(piece(), 0..60),
        jumper in any::<bool>(),
    ) {
        meter::run(&[&[u8::from(jumper)][..], &pieces.concat()].concat());
    }
}
