//! The converter as its host sees it: frames, start-up, DRDY, the store's quirk, SYNC, time-out.

mod faults;
mod frames;
mod timing;

use super::*;
use crate::time::{MICROSECOND, MILLISECOND, SECOND, from_seconds, to_seconds};

/// Feeds 0.1, 0.2 and 0.3 of full scale, or a ramp in time.
struct Source {
    volts: fn(Time) -> f64,
    imperfections: Imperfections,
}

impl AnalogInput for Source {
    fn pins_v(&mut self, window: &Window) -> [f64; CHANNELS] {
        std::array::from_fn(|channel| {
            let end = window.ends[channel];
            let middle_s = to_seconds(end) - window.response.group_delay_s();
            let from_s = to_seconds(window.since[channel]) - middle_s;
            let volts = |s: f64| (self.volts)(from_seconds(middle_s + s)) * (channel + 1) as f64;
            window.response.integrate(from_s, &[], volts)
        })
    }

    fn imperfections(&mut self, _: Time) -> Imperfections {
        self.imperfections
    }
}

/// A host with a clock of its own: 1 µs a byte.
struct Host {
    converter: Ads131m03,
    now: Time,
}

impl Host {
    fn new(volts: fn(Time) -> f64) -> Self {
        Self::with(volts, Imperfections::NONE)
    }

    fn with(volts: fn(Time) -> f64, imperfections: Imperfections) -> Self {
        let converter = Ads131m03::new(
            Box::new(Source {
                volts,
                imperfections,
            }),
            1,
        );
        Self { converter, now: 0 }
    }

    /// Powered up, interface alive.
    fn awake() -> Self {
        let mut host = Self::new(|_| 0.12);
        host.wait(300 * MICROSECOND);
        host
    }

    /// At 8 kSPS, in step: synchronised, nothing unread, status flags read.
    fn streaming(volts: fn(Time) -> f64) -> Self {
        let mut host = Self::new(volts);
        host.wait(300 * MICROSECOND);
        host.command(&[0x6000 | 3 << 7, 0x070A]);
        host.strobe_sync();
        for _ in 0..3 {
            host.wait_ready();
            host.null();
        }
        host
    }

    fn wait(&mut self, time: Time) {
        self.now += time;
        self.converter.advance(self.now);
    }

    /// Bytes out, bytes in, one frame.
    fn frame(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.converter.set_chip_select(self.now, false);
        let answer = bytes.iter().map(|&byte| {
            self.now += MICROSECOND;
            self.converter.exchange(self.now, byte)
        });
        let answer = answer.collect();
        self.converter.set_chip_select(self.now, true);
        answer
    }

    /// Words as 24-bit words, filled up to a frame, without input check.
    fn command(&mut self, words: &[u16]) -> Vec<u8> {
        let mut bytes: Vec<u8> = words
            .iter()
            .flat_map(|word| [(word >> 8) as u8, *word as u8, 0])
            .collect();
        bytes.resize(bytes.len().max(15), 0);
        self.frame(&bytes)
    }

    /// The same with an input check after the command.
    fn checked(&mut self, words: &[u16], spoil: u16) -> Vec<u8> {
        let mut bytes: Vec<u8> = words
            .iter()
            .flat_map(|word| [(word >> 8) as u8, *word as u8, 0])
            .collect();
        let check = crc::of(&bytes, crc::Polynomial::Ccitt) ^ spoil;
        bytes.extend(check.to_be_bytes());
        bytes.resize(bytes.len().next_multiple_of(3).max(15), 0);
        self.frame(&bytes)
    }

    fn null(&mut self) -> Vec<u8> {
        self.command(&[0])
    }

    fn read(&mut self, address: u8) -> u16 {
        self.command(&[0xA000 | u16::from(address) << 7]);
        word(&self.null(), 0)
    }

    fn strobe_sync(&mut self) {
        self.converter.set_sync_reset(self.now, false);
        self.now += 2 * MICROSECOND;
        self.converter.set_sync_reset(self.now, true);
    }

    /// Up to the next falling edge of DRDY; its instant.
    fn wait_ready(&mut self) -> Time {
        loop {
            let high = self.converter.drdy();
            let next = self.converter.next_event().expect("DRDY will move");
            self.now = self.now.max(next);
            self.converter.advance(next);
            if high && !self.converter.drdy() {
                return next;
            }
        }
    }
}

fn word(frame: &[u8], index: usize) -> u16 {
    u16::from_be_bytes([frame[3 * index], frame[3 * index + 1]])
}

fn code(frame: &[u8], channel: usize) -> i32 {
    let at = 3 * (channel + 1);
    i32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], 0]) >> 8
}

fn check_is_right(frame: &[u8]) -> bool {
    crc::of(&frame[..12], crc::Polynomial::Ccitt) == word(frame, 4)
}
