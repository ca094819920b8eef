//! Reader and meter over a line that drops, corrupts, doubles and delays bytes, by a seed.

mod support;

use c12::client::{Client, Error, Transport};
use c12::frame::ticks;
use c12::link::Signal;
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::collections::VecDeque;
use support::Bench;

/// Of so many bytes one is dropped, corrupted, doubled or delayed.
const ONE_IN: u32 = 100;

/// The meter at the far end of a line at 9600 bit/s, a millisecond a byte.
struct BadLine {
    bench: Bench,
    random: Xoshiro256PlusPlus,
    /// Bytes under way with their arrival times.
    to_meter: VecDeque<(u32, u8)>,
    to_reader: VecDeque<(u32, u8)>,
    /// When the meter's transmitter is free again.
    meter_free_ms: u32,
    damaged: u32,
}

impl BadLine {
    fn new(seed: u64) -> Self {
        BadLine {
            bench: Bench::new(),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            to_meter: VecDeque::new(),
            to_reader: VecDeque::new(),
            meter_free_ms: 0,
            damaged: 0,
        }
    }

    /// What becomes of a byte that should arrive at `at_ms`; bytes never overtake each other.
    fn mangle(&mut self, byte: u8, at_ms: u32, queue: fn(&mut Self) -> &mut VecDeque<(u32, u8)>) {
        let mut at = queue(self)
            .back()
            .map_or(at_ms, |(last, _)| at_ms.max(*last + 1));
        let mut bytes = vec![byte];
        if self.random.random_range(0..ONE_IN) == 0 {
            self.damaged += 1;
            match self.random.random_range(0..4) {
                0 => bytes.clear(),
                1 => bytes[0] ^= self.random.random_range(1..=255),
                2 => bytes.push(byte),
                _ => at += self.random.random_range(1..900),
            }
        }
        for byte in bytes {
            queue(self).push_back((at, byte));
            at += 1;
        }
    }

    /// One millisecond of the meter's life.
    fn tick(&mut self) {
        self.bench.now_ms += 1;
        let now = self.bench.now_ms;
        while self.to_meter.front().is_some_and(|(at, _)| *at <= now) {
            let (_, byte) = self.to_meter.pop_front().expect("just seen");
            if self.bench.link.receive(byte.into(), ticks(now)) == Signal::BitRate {
                self.bench.uart_rate = self.bench.link.bit_rate();
            }
        }
        if self.meter_free_ms > now {
            return;
        }
        if let Some(byte) = self.bench.link.transmit(ticks(now)) {
            self.meter_free_ms = now + 1;
            self.mangle(byte as u8, now + 1, |line| &mut line.to_reader);
            return;
        }
        // Answers to the main loop's work appear from the next tick on.
        match self.bench.link.turn(ticks(now)) {
            c12::link::Turn::Serve(cause, frame) => {
                self.bench
                    .responder
                    .serve(cause, frame, &mut self.bench.meter);
                self.bench.link.send(frame);
            }
            c12::link::Turn::Lost => self.bench.responder.lost(&mut self.bench.meter),
            c12::link::Turn::Idle | c12::link::Turn::Transmit => {}
        }
    }
}

impl Transport for BadLine {
    type Error = std::convert::Infallible;

    fn send(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        for (index, byte) in bytes.iter().enumerate() {
            let at = self.bench.now_ms + 1 + index as u32;
            self.mangle(*byte, at, |line| &mut line.to_meter);
        }
        Ok(())
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Self::Error> {
        let end = self.bench.now_ms + timeout_ms.max(1);
        loop {
            if self
                .to_reader
                .front()
                .is_some_and(|(at, _)| *at <= self.bench.now_ms)
            {
                return Ok(self.to_reader.pop_front().map(|(_, byte)| byte));
            }
            if self.bench.now_ms >= end {
                return Ok(None);
            }
            self.tick();
        }
    }

    fn set_bit_rate(&mut self, _code: u16) -> Result<(), Self::Error> {
        Ok(())
    }

    fn now_ms(&mut self) -> u32 {
        self.bench.now_ms
    }
}

type Reader = Client<BadLine, Vec<u8>>;

/// Logs on anew, as often as needed; returns how long that took.
fn connect(reader: &mut Reader) -> u32 {
    let start = reader.transport().now_ms();
    for _ in 0..10 {
        let done = reader
            .identify()
            .and_then(|_| reader.negotiate(256, 4, &[]))
            .and_then(|_| reader.logon(1, b"bad line  "));
        if done.is_ok() {
            return reader.transport().now_ms() - start;
        }
    }
    panic!("ten attempts to log on failed");
}

/// Reads at random and checks every byte. Returns failures, bytes damaged, the longest time to log on again in ms.
fn read_on(seed: u64, reads: u32) -> (u32, u32, u32) {
    let mut reader = Client::new(BadLine::new(seed), vec![0; 2048]);
    let mut longest_ms = connect(&mut reader);
    let mut failures = 0;
    for _ in 0..reads {
        let table = [0u16, 3, 6, 64, 2048][reader.transport().random.random_range(0..5usize)];
        let expected = reader.transport().bench.meter.tables[&table].clone();
        let offset = reader.transport().random.random_range(0..expected.len());
        let count = reader.transport().random.random_range(1..=200usize);
        let part = expected[offset..expected.len().min(offset + count)].to_vec();
        let outcome = reader
            .read_part(table, offset as u32, count as u16)
            .map(|bytes| bytes.to_vec());
        match outcome {
            Ok(bytes) => assert_eq!(bytes, part, "wrong bytes accepted"),
            Err(Error::NoAcknowledgement | Error::NoResponse) => {
                failures += 1;
                longest_ms = longest_ms.max(connect(&mut reader));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    let damaged = reader.transport().damaged;
    (failures, damaged, longest_ms)
}

#[test]
fn ten_thousand_reads_bring_no_wrong_byte_and_no_session_stays_stuck() {
    let (failures, damaged, longest_ms) = read_on(430, 10_000);
    println!(
        "10000 reads, {damaged} bytes damaged, {failures} reads failed, longest log-on {longest_ms} ms"
    );
    assert!(damaged > 10_000, "the line was too good: {damaged}");
    // A response of 200 bytes arrives whole one time in eight; three repetitions do not always suffice.
    assert!(failures < 1_000, "{failures} of 10000 reads failed");
    // A log-on needs three exchanges; the traffic time-out frees a stuck meter within 6 s.
    assert!(longest_ms < 30_000, "{longest_ms} ms");
}
