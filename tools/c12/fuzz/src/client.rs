//! A meter that says anything: the reader ends every request, with data or with an error.
//!
//! | first byte of a piece | what follows | what the meter says |
//! |---|---|---|
//! | 0 … 127 | that many bytes | just those |
//! | 128 … 191 | control byte, sequence, length, data | a good packet |
//! | 192 … 207 | | ACK |
//! | 208 … 223 | | NAK |
//! | 224 … 255 | | nothing until the reader gives up waiting |

use super::input::{Input, packet};
use c12::client::{Client, Transport};
use std::collections::VecDeque;
use std::convert::Infallible;

/// What the meter says, byte by byte; `None` is a pause.
struct Tape {
    bytes: VecDeque<Option<u8>>,
    now_ms: u32,
}

impl Transport for Tape {
    type Error = Infallible;

    fn send(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.now_ms = self.now_ms.wrapping_add(bytes.len() as u32);
        Ok(())
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Infallible> {
        let byte = self.bytes.pop_front().flatten();
        let passed = if byte.is_some() { 1 } else { timeout_ms.max(1) };
        self.now_ms = self.now_ms.wrapping_add(passed);
        Ok(byte)
    }

    fn set_bit_rate(&mut self, _code: u16) -> Result<(), Infallible> {
        Ok(())
    }

    fn now_ms(&mut self) -> u32 {
        self.now_ms
    }
}

/// Plays one input.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut bytes = VecDeque::new();
    while let Some(piece) = input.byte() {
        match piece {
            0..128 => bytes.extend(input.take(piece.into()).iter().map(|byte| Some(*byte))),
            128..192 => {
                let control = input.byte().unwrap_or(0);
                let sequence = input.byte().unwrap_or(0);
                bytes.extend(
                    packet(control, sequence, input.counted())
                        .into_iter()
                        .map(Some),
                );
            }
            192..208 => bytes.push_back(Some(0x06)),
            208..224 => bytes.push_back(Some(0x15)),
            224.. => bytes.push_back(None),
        }
    }
    let mut client = Client::new(Tape { bytes, now_ms: 0 }, [0; 300]);
    let _ = client.identify();
    let _ = client.negotiate(1024, 255, &[6, 12]);
    let _ = client.logon(1, b"fuzz      ");
    for table in [0, 1, 2048] {
        if let Ok(data) = client.read(table) {
            assert!(data.len() <= 296);
        }
    }
    let _ = client.write(7, None, &[9, 0, 1, 1]);
    let _ = client.terminate();
}
