//! A meter on a bench: the device side of the crate with a table store behind it, driven byte by byte.
#![allow(dead_code)] // Every test file uses its own part of the bench.

use c12::device::Device;
use c12::frame::{Frame, ticks};
use c12::link::{Link, Signal, Turn};
use c12::responder::Responder;
use c12::response::Response;
use std::collections::BTreeMap;

/// Response to Identification.
pub const IDENTITY: [u8; 5] = [0, 0, 1, 0, 0];

/// Response: service not allowed in this state.
pub const ISSS: u8 = 0x0A;

/// The password that the bench meter takes.
pub const PASSWORD: [u8; 20] = *b"twenty bytes of key ";

/// A meter whose tables are just bytes; table 7 can be written, its writes are counted.
#[derive(Default)]
pub struct Meter {
    pub tables: BTreeMap<u16, Vec<u8>>,
    pub writes: u32,
    pub sessions_ended: u32,
    pub passwords_tried: u32,
    pub logons: u32,
    pub default_table: Option<u16>,
}

impl Device for Meter {
    fn begin_read(&mut self, table: u16) -> Result<u16, Response> {
        self.tables
            .get(&table)
            .map(|bytes| bytes.len() as u16)
            .ok_or(Response::Iar)
    }

    fn byte(&mut self, table: u16, offset: u16) -> u16 {
        self.tables[&table][offset as usize].into()
    }

    fn write(&mut self, table: u16, offset: u16, data: &[u8]) -> Result<(), Response> {
        let bytes = self
            .tables
            .get_mut(&table)
            .filter(|_| table == 5 || table == 7)
            .ok_or(Response::Iar)?;
        let place = bytes
            .get_mut(offset as usize..offset as usize + data.len())
            .ok_or(Response::Onp)?;
        place.copy_from_slice(data);
        self.writes += 1;
        Ok(())
    }

    fn default_table(&mut self) -> Result<u16, Response> {
        self.default_table.ok_or(Response::Sns)
    }

    fn logon(&mut self, _user_id: u16, _user: &[u8; 10]) -> Result<(), Response> {
        self.logons += 1;
        Ok(())
    }

    fn security(&mut self, password: &[u8; 20]) -> Result<(), Response> {
        self.passwords_tried += 1;
        if *password == PASSWORD {
            Ok(())
        } else {
            Err(Response::Err)
        }
    }

    fn session_ended(&mut self) {
        self.sessions_ended += 1;
    }
}

/// A time-out comes up to this much later than agreed, ms: it is counted in whole ticks and never short.
pub const TICK_MS: u32 = 16;

/// A port of the meter with its clock.
pub struct Bench {
    pub link: Link<'static>,
    pub responder: Responder,
    pub meter: Meter,
    pub now_ms: u32,
    /// Bit-rate code that the UART is set to.
    pub uart_rate: u16,
}

impl Bench {
    pub fn new() -> Self {
        let mut meter = Meter::default();
        meter.tables.insert(0, (0..40).collect());
        meter.tables.insert(3, vec![1, 0, 0, 0, 0]);
        meter.tables.insert(5, vec![b' '; 20]);
        meter.tables.insert(6, (0..234).map(|n| n as u8).collect());
        meter.tables.insert(7, vec![0; 16]);
        meter
            .tables
            .insert(64, (0..1000).map(|n| (n * 7) as u8).collect());
        meter.tables.insert(2048, (0..96).collect());
        // One small leak per test keeps the borrow of the frame out of the way.
        let frame = Box::leak(Box::new(Frame::new()));
        Bench {
            link: Link::new(frame),
            responder: Responder::new(),
            meter,
            now_ms: 0,
            uart_rate: 6,
        }
    }

    /// Gives the meter one byte; what it wants to send goes to `out`.
    pub fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.link.receive(byte as u16, ticks(self.now_ms)) == Signal::BitRate {
            self.uart_rate = self.link.bit_rate();
        }
        self.run(out);
    }

    /// Lets the main loop and the transmitter work until both are idle.
    pub fn run(&mut self, out: &mut Vec<u8>) {
        loop {
            while let Some(byte) = self.link.transmit(ticks(self.now_ms)) {
                out.push(byte as u8);
            }
            match self.link.turn(ticks(self.now_ms)) {
                Turn::Idle => return,
                Turn::Transmit => {}
                Turn::Lost => {
                    self.uart_rate = self.link.bit_rate();
                    self.responder.lost(&mut self.meter);
                }
                Turn::Serve(cause, frame) => {
                    self.responder.serve(cause, frame, &mut self.meter);
                    self.link.send(frame);
                }
            }
        }
    }

    /// Gives the meter bytes without pause and returns its answer.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for byte in bytes {
            self.byte(*byte, &mut out);
        }
        out
    }

    /// Lets time pass, and returns what the meter sends meanwhile.
    pub fn wait(&mut self, ms: u32) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..ms {
            self.now_ms = self.now_ms.wrapping_add(1);
            self.run(&mut out);
        }
        out
    }

    /// Sends a frame in hexadecimal and expects ACK and exactly this packet, which is then acknowledged.
    #[track_caller]
    pub fn exchange(&mut self, request: &str, response: &str) {
        let answer = self.feed(&hex(request));
        assert_eq!(
            text(&answer),
            format!("06{response}"),
            "answer to {request}"
        );
        assert_eq!(
            self.feed(&[6]),
            [],
            "after the acknowledgement of {response}"
        );
    }

    /// Sends a PSEM request in a packet and returns the data of the response packets, acknowledged one by one.
    /// `toggle` is the reader's; it is changed.
    #[track_caller]
    pub fn ask(&mut self, toggle: &mut u8, request: &[u8]) -> Vec<u8> {
        let answer = self.feed(&packet(*toggle, 0, request));
        *toggle ^= 0x20;
        assert_eq!(
            answer.first(),
            Some(&6),
            "request {request:02x?} was not acknowledged"
        );
        let mut rest = answer[1..].to_vec();
        let mut data = Vec::new();
        loop {
            let (sequence, part) = open(&rest);
            data.extend(part);
            rest = self.feed(&[6]);
            if sequence == 0 {
                assert!(rest.is_empty());
                return data;
            }
        }
    }
}

/// Builds a packet with these control and sequence bytes.
pub fn packet(control: u8, sequence: u8, data: &[u8]) -> Vec<u8> {
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

/// Sequence number and data of a packet that must be whole and right.
#[track_caller]
pub fn open(bytes: &[u8]) -> (u8, Vec<u8>) {
    assert!(
        bytes.len() > 8 && bytes[0] == 0xEE && bytes[1] == 0,
        "no packet: {bytes:02x?}"
    );
    let len = usize::from(bytes[4]) << 8 | usize::from(bytes[5]);
    assert_eq!(bytes.len(), len + 8);
    let (body, crc) = bytes.split_at(len + 6);
    assert_eq!(c12::crc::checksum(body).to_le_bytes(), crc);
    (bytes[3], body[6..].to_vec())
}

/// Bytes of a hexadecimal text.
pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Hexadecimal text of bytes.
pub fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A bench in the ID state, and the reader's next toggle.
pub fn identified() -> (Bench, u8) {
    let mut bench = Bench::new();
    let mut toggle = 0;
    assert_eq!(bench.ask(&mut toggle, &[0x20]), IDENTITY);
    (bench, toggle)
}

/// A bench with a session of 256-byte packets, and the reader's next toggle.
pub fn session(packets: u8) -> (Bench, u8) {
    let (mut bench, mut toggle) = identified();
    assert_eq!(
        bench.ask(&mut toggle, &[0x60, 4, 0, packets]),
        [0, 1, 0, packets, 6]
    );
    assert_eq!(bench.ask(&mut toggle, &logon()), [0]);
    (bench, toggle)
}

/// A log-on request.
pub fn logon() -> Vec<u8> {
    [&[0x50, 0, 1][..], b"somebody  "].concat()
}

/// A password request.
pub fn security(password: &[u8; 20]) -> Vec<u8> {
    [&[0x51][..], password].concat()
}

/// A full write of a table.
pub fn write(table: u16, data: &[u8]) -> Vec<u8> {
    let sum = c12::service::data_checksum(data) as u8;
    [
        &[0x40, (table >> 8) as u8, table as u8, 0, data.len() as u8][..],
        data,
        &[sum],
    ]
    .concat()
}
