//! Any traffic: link and responder never panic, send only whole packets, and come back.
//!
//! | first byte of a piece | what follows | what happens |
//! |---|---|---|
//! | 0 … 127 | that many bytes | they arrive as they are |
//! | 128 … 191 | control byte, sequence, length, data | a good packet arrives |
//! | 192 … 207 | | ACK |
//! | 208 … 223 | | NAK |
//! | 224 … 255 | | a pause of (byte − 223)² · 64 ms, up to a minute |

use super::input::{Input, packet};
use c12::device::Device;
use c12::frame::{Frame, ticks};
use c12::link::{Link, Turn};
use c12::responder::Responder;
use c12::response::Response;

/// Tables of every length up to a few kilobytes; odd ones can be written.
struct Meter;

impl Device for Meter {
    fn begin_read(&mut self, table: u16) -> Result<u16, Response> {
        if table < 4096 {
            Ok(table)
        } else {
            Err(Response::Iar)
        }
    }

    fn byte(&mut self, table: u16, offset: u16) -> u16 {
        assert!(offset < table);
        0xEE
    }

    fn write(&mut self, table: u16, _offset: u16, _data: &[u8]) -> Result<(), Response> {
        if table & 1 == 1 {
            Ok(())
        } else {
            Err(Response::Iar)
        }
    }

    fn default_table(&mut self) -> Result<u16, Response> {
        Ok(23)
    }

    fn security(&mut self, password: &[u8; 20]) -> Result<(), Response> {
        match password[0] {
            0 => Ok(()),
            1 => Err(Response::Bsy),
            _ => Err(Response::Err),
        }
    }

    fn session_ended(&mut self) {}
}

struct Bench<'b> {
    link: Link<'b>,
    responder: Responder,
    now_ms: u32,
}

impl Bench<'_> {
    fn give(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for byte in bytes {
            self.link.receive((*byte).into(), ticks(self.now_ms));
            self.work(&mut out);
        }
        out
    }

    fn pause(&mut self, ms: u32) -> Vec<u8> {
        self.now_ms = self.now_ms.wrapping_add(ms);
        let mut out = Vec::new();
        self.work(&mut out);
        out
    }

    fn work(&mut self, out: &mut Vec<u8>) {
        loop {
            while let Some(byte) = self.link.transmit(ticks(self.now_ms)) {
                out.push(byte as u8);
            }
            match self.link.turn(ticks(self.now_ms)) {
                Turn::Idle => return,
                Turn::Transmit => {}
                Turn::Lost => self.responder.lost(&mut Meter),
                Turn::Serve(cause, frame) => {
                    self.responder.serve(cause, frame, &mut Meter);
                    self.link.send(frame);
                }
            }
        }
    }
}

/// What was sent is acknowledgements and whole packets, one after the other.
fn check(mut sent: &[u8]) {
    while let Some((first, rest)) = sent.split_first() {
        if *first != 0xEE {
            assert!(matches!(first, 0x06 | 0x15));
            sent = rest;
            continue;
        }
        let len = usize::from(sent[4]) << 8 | usize::from(sent[5]);
        assert!(len > 0 && len <= 248);
        let (body, rest) = sent.split_at(len + 6);
        assert_eq!(c12::crc::checksum(body).to_le_bytes(), rest[..2]);
        sent = &rest[2..];
    }
}

/// Plays one input.
pub fn run(bytes: &[u8]) {
    let mut frame = Frame::new();
    let mut bench = Bench {
        link: Link::new(&mut frame),
        responder: Responder::new(),
        now_ms: 0,
    };
    let mut input = Input(bytes);
    while let Some(piece) = input.byte() {
        let sent = match piece {
            0..128 => bench.give(input.take(piece.into())),
            128..192 => {
                let control = input.byte().unwrap_or(0);
                let sequence = input.byte().unwrap_or(0);
                bench.give(&packet(control, sequence, input.counted()))
            }
            192..208 => bench.give(&[0x06]),
            208..224 => bench.give(&[0x15]),
            224.. => bench.pause(u32::from(piece - 223).pow(2) * 64),
        };
        check(&sent);
    }
    // Longer than any time-out that can be agreed on, times any number of repetitions.
    for _ in 0..20 {
        bench.pause(256_000);
    }
    let answer = bench.give(&packet(0, 0, &[0x20]));
    assert_eq!(answer[0], 6);
    assert_eq!(answer[7..12], [0, 0, 1, 0, 0]);
}
