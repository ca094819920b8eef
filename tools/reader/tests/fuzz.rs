//! Short runs of what `tools/c12/fuzz` does for hours: random bytes to the decoder, to the client, and to the whole meter.

use c12::client::{Client, Transport};
use c12::device::Device;
use c12::frame::{Frame, ticks};
use c12::layout::{LAYOUTS, LIMITS, find};
use c12::link::{Link, Turn};
use c12::responder::Responder;
use meter430::service::MeterDevice;
use meter430::store::MemoryBoard;
use meter430::tables::TABLES;
use proptest::prelude::*;
use reader::decode::{Dimensions, table};
use std::convert::Infallible;

/// A meter that plays back bytes; a zero that follows a zero is a pause.
struct Tape<'a> {
    bytes: &'a [u8],
    now_ms: u32,
}

impl Transport for Tape<'_> {
    type Error = Infallible;

    fn send(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.now_ms = self.now_ms.wrapping_add(bytes.len() as u32);
        Ok(())
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Infallible> {
        match self.bytes {
            [0, 0, rest @ ..] => self.bytes = rest,
            [first, rest @ ..] => {
                self.bytes = rest;
                self.now_ms = self.now_ms.wrapping_add(1);
                return Ok(Some(*first));
            }
            [] => {}
        }
        self.now_ms = self.now_ms.wrapping_add(timeout_ms.max(1));
        Ok(None)
    }

    fn set_bit_rate(&mut self, _code: u16) -> Result<(), Infallible> {
        Ok(())
    }

    fn now_ms(&mut self) -> u32 {
        self.now_ms
    }
}

/// A packet as a meter sends it.
fn packet(control: u8, sequence: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![
        0xEE,
        0,
        control,
        sequence,
        (data.len() >> 8) as u8,
        data.len() as u8,
    ];
    bytes.extend(data);
    bytes.extend(c12::crc::checksum(&bytes).to_le_bytes());
    bytes
}

/// What a meter may send: acknowledgements, packets of all kinds, rubbish.
fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let data = prop_oneof![
        Just(vec![0]),
        Just(vec![0, 0, 1, 0, 0]),
        Just(vec![0, 1, 0, 4, 6]),
        prop::collection::vec(any::<u8>(), 1..80),
    ];
    let piece = prop_oneof![
        4 => Just(vec![6]),
        1 => Just(vec![0x15]),
        1 => Just(vec![0, 0]),
        1 => prop::collection::vec(any::<u8>(), 0..12),
        6 => (0u8..8, 0u8..3, data).prop_map(|(bits, left, data)| packet(bits << 5, left, &data)),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A request that hits what exists: the meter's tables, its passwords, small offsets and counts.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        8 => (0..TABLES.len()).prop_map(|at| TABLES[at].id),
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

/// The firmware behind its link, without a chip.
struct Bench<'b> {
    link: Link<'b>,
    responder: Responder,
    meter: MeterDevice<MemoryBoard>,
    now_ms: u32,
    ticks: u16,
    toggle: u8,
}

impl Bench<'_> {
    /// Sends a request and returns the response's data.
    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        let mut sent = Vec::new();
        for byte in packet(self.toggle, 0, request) {
            self.link.receive(byte.into(), ticks(self.now_ms));
        }
        self.toggle ^= 0x20;
        self.now_ms += 50;
        self.ticks = self.ticks.wrapping_add(6);
        self.meter.tick(self.ticks);
        let mut data = Vec::new();
        loop {
            while let Some(byte) = self.link.transmit(ticks(self.now_ms)) {
                sent.push(byte as u8);
            }
            match self.link.turn(ticks(self.now_ms)) {
                Turn::Idle => {}
                Turn::Transmit => continue,
                Turn::Lost => {
                    self.responder.lost(&mut self.meter);
                    continue;
                }
                Turn::Serve(cause, frame) => {
                    self.responder.serve(cause, frame, &mut self.meter);
                    self.link.send(frame);
                    continue;
                }
            }
            // A whole packet is acknowledged; a message of several goes on then.
            match sent.iter().position(|byte| *byte == 0xEE) {
                Some(start) => {
                    let packet = sent.split_off(start);
                    let length = usize::from(packet[5]);
                    assert!((1..=248).contains(&length));
                    assert_eq!(packet.len(), length + 8);
                    assert_eq!(
                        c12::crc::checksum(&packet[..length + 6]).to_le_bytes(),
                        packet[length + 6..]
                    );
                    data.extend(&packet[6..length + 6]);
                    sent.clear();
                    self.link.receive(6, ticks(self.now_ms));
                }
                None => return data,
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_meter_that_lies_about_everything_is_decoded_or_refused(
        limits in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), LIMITS.len()),
        which in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut dimensions = Dimensions::default();
        for (number, bytes) in LIMITS.iter().zip(&limits) {
            let layout = find(*number).expect("a limits table");
            if let Ok(record) = table(layout, bytes, &dimensions) {
                dimensions.learn(layout, &record);
            }
        }
        let layouts: Vec<_> = LAYOUTS.iter().flat_map(|group| group.iter()).collect();
        let _ = table(layouts[which.index(layouts.len())], &bytes, &dimensions);
    }

    #[test]
    fn a_meter_that_says_anything_ends_every_request(bytes in traffic()) {
        let mut client = Client::new(Tape { bytes: &bytes, now_ms: 0 }, [0; 300]);
        let _ = client.identify();
        let _ = client.negotiate(1024, 255, &[6, 12]);
        let _ = client.logon(1, b"fuzz      ");
        for table in [0, 1, 2048] {
            if let Ok(data) = client.read(table) {
                prop_assert!(data.len() <= 296);
            }
        }
        let _ = client.write(7, None, &[9, 0, 1, 1]);
        let _ = client.terminate();
    }

    #[test]
    fn no_request_harms_the_meter(requests in prop::collection::vec(request(), 0..60), jumper in any::<bool>()) {
        let mut frame = Frame::new();
        let mut bench = Bench {
            link: Link::new(&mut frame),
            responder: Responder::new(),
            meter: MeterDevice::new(MemoryBoard::new()),
            now_ms: 0,
            ticks: 0,
            toggle: 0,
        };
        bench.meter.board.jumper = jumper;
        bench.ask(&[0x20]);
        bench.ask(&[&[0x50, 0, 1][..], b"fuzz      "].concat());
        for request in &requests {
            // Longer than a packet may be before Negotiate: no reader sends that.
            if request.len() > 56 {
                continue;
            }
            let response = bench.ask(request);
            prop_assert!(!response.is_empty(), "{request:02x?}");
            if response[0] != 0 {
                prop_assert_eq!(response.len(), 1);
            }
        }
        // Whatever was written, the clock shows a time and the tables are there.
        bench.ask(&[0x20]);
        bench.ask(&[&[0x50, 0, 1][..], b"fuzz      "].concat());
        let clock = bench.ask(&[0x30, 0, 52]);
        prop_assert_eq!(clock[..3].to_vec(), [0, 0, 7]);
        let [_, month, day, hour, minute, second, _] = clock[3..10] else { unreachable!() };
        prop_assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        prop_assert!(hour < 24 && minute < 60 && second < 60);
        for table in &TABLES {
            let readable = ![7, 42].contains(&table.id);
            prop_assert_eq!(bench.meter.begin_read(table.id).is_ok(), readable, "table {}", table.id);
        }
    }
}
