//! A meter that says anything: the reader ends every request, with data or with an error.
#![no_main]

use c12::client::{Client, Transport};
use libfuzzer_sys::fuzz_target;
use std::convert::Infallible;

/// Plays back bytes; a zero that follows a zero is a pause.
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

fuzz_target!(|bytes: &[u8]| {
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
});
