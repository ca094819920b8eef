//! The firmware's whole device behind its link: whatever is asked, however often its supply fails, it answers and its clock
//! shows a time.
//!
//! The first byte's lowest bit is the factory jumper. Then:
//!
//! | first byte of a piece | what follows | what happens |
//! |---|---|---|
//! | 0 … 199 | that many bytes | a request in a good packet, answered to its last packet |
//! | 200 … 252 | | (byte − 199) · 16 s go by |
//! | 253 | page, place, value | a byte of the stored records has changed |
//! | 254 | how many | the supply fails after so many more written words; it comes back with the next 255 |
//! | 255 | | the meter starts anew |

use super::input::{Input, packet};
use c12::device::Device;
use c12::frame::{Frame, ticks};
use c12::link::{Link, Turn};
use c12::responder::Responder;
use meter430::service::MeterDevice;
use meter430::store::{MemoryBoard, Place};
use meter430::tables::TABLES;

/// Bytes of a request before a larger packet is agreed on.
const ROOM: usize = 56;

/// Tables that cannot be read without a password.
const CLOSED: [u16; 2] = [7, 42];

/// A meter and who talks to it.
pub struct Bench<'b> {
    link: Link<'b>,
    responder: Responder,
    meter: MeterDevice<MemoryBoard>,
    now_ms: u32,
    ticks: u16,
    toggle: u8,
    /// Bytes of a request that the agreed packet size has room for.
    room: usize,
}

impl<'b> Bench<'b> {
    /// A meter that was never written to.
    pub fn new(frame: &'b mut Frame, jumper: bool) -> Self {
        let mut board = MemoryBoard::new();
        board.jumper = jumper;
        Self {
            link: Link::new(frame),
            responder: Responder::new(),
            meter: MeterDevice::new(board),
            now_ms: 0,
            ticks: 0,
            toggle: 0,
            room: ROOM,
        }
    }

    /// Sends a request and returns the response's data; what is longer than a packet may be is cut off.
    pub fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        let request = &request[..request.len().min(self.room)];
        let data = self.exchange(request);
        match (request[0], &data[..]) {
            (0x20..=0x22, [0, ..]) => self.room = ROOM,
            (0x60..=0x6B, [0, high, low, ..]) => {
                self.room = usize::from(u16::from_be_bytes([*high, *low]) - 8);
            }
            _ => {}
        }
        assert!(!data.is_empty(), "{request:02x?}");
        assert!(data[0] == 0 || data.len() == 1, "{request:02x?}");
        data
    }

    fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
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
            self.work(&mut sent);
            // A whole packet is acknowledged; a message of several goes on then.
            let Some(start) = sent.iter().position(|byte| *byte == 0xEE) else {
                return data;
            };
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
    }

    /// Lets main loop and transmitter work until both are idle.
    fn work(&mut self, sent: &mut Vec<u8>) {
        loop {
            while let Some(byte) = self.link.transmit(ticks(self.now_ms)) {
                sent.push(byte as u8);
            }
            match self.link.turn(ticks(self.now_ms)) {
                Turn::Idle => return,
                Turn::Transmit => {}
                Turn::Lost => {
                    self.room = ROOM;
                    self.responder.lost(&mut self.meter);
                }
                Turn::Serve(cause, frame) => {
                    self.responder.serve(cause, frame, &mut self.meter);
                    self.link.send(frame);
                }
            }
        }
    }

    /// Lets seconds go by.
    fn wait(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.now_ms = self.now_ms.wrapping_add(1_000);
            self.ticks = self.ticks.wrapping_add(128);
            self.meter.tick(self.ticks);
            self.work(&mut Vec::new());
        }
    }

    /// The supply fails, and comes back.
    fn restart(&mut self) {
        let mut board = self.meter.board.clone();
        board.writes_left = u32::MAX;
        self.meter = MeterDevice::new(board);
        self.ticks = 0;
        self.responder = Responder::new();
    }

    /// Whatever was done, somebody who comes now can log on, the clock shows a time and the tables are there.
    pub fn check(&mut self) {
        self.restart();
        self.ask(&[0x20]);
        let answer = self.ask(&[&[0x50, 0, 1][..], b"fuzz      "].concat());
        assert_eq!(answer, [0]);
        let clock = self.ask(&[0x30, 0, 52]);
        assert_eq!(clock[..3], [0, 0, 7]);
        let [_, month, day, hour, minute, second, _] = clock[3..10] else {
            unreachable!("seven bytes")
        };
        assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        assert!(hour < 24 && minute < 60 && second < 60);
        for id in TABLES.ids() {
            let readable = !CLOSED.contains(&id);
            let is_ok = self.meter.begin_read(id).is_ok();
            assert_eq!(is_ok, readable, "table {id}");
        }
    }
}

/// Plays one input.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut frame = Frame::new();
    let mut bench = Bench::new(&mut frame, input.byte().unwrap_or(0) & 1 != 0);
    bench.ask(&[0x20]);
    while let Some(piece) = input.byte() {
        match piece {
            0..200 => {
                let request = input.take(piece.into());
                if !request.is_empty() {
                    bench.ask(request);
                }
            }
            200..253 => bench.wait((u32::from(piece) - 199) * 16),
            253 => {
                let [page, at, value] = [(); 3].map(|()| input.byte().unwrap_or(0));
                let records = [
                    Place::REGISTERS,
                    Place::CALIBRATION,
                    Place::SETTINGS,
                    Place::EVENTS,
                ];
                let mut place = records[usize::from(page >> 1 & 3)];
                if page & 1 != 0 {
                    place = place.other();
                }
                bench.meter.board.page_mut(place)[usize::from(at)] = value;
            }
            254 => bench.meter.board.writes_left = input.byte().unwrap_or(0).into(),
            255 => {
                bench.restart();
                bench.ask(&[0x20]);
            }
        }
    }
    bench.check();
}
