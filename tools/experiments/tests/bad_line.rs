//! Reader and image over a line that drops, corrupts, doubles and delays one byte in a hundred, by a seed.
//!
//! The full count of the project's promise, 10 000 reads, takes ten minutes:
//! `METER430_READS=10000 cargo test --package experiments --test bad_line -- --ignored --nocapture`.

use std::collections::VecDeque;

use anyhow::Error;
use c12::client::{Client, Error as Refusal, Transport};
use c12::response::Response;
use experiments::line::Line;
use experiments::meter::Meter;
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use virtual_meter::machine::Uart;
use virtual_meter::scene::Options;
use virtual_meter::time::{MICROSECOND, MILLISECOND, Time, to_seconds};

/// Of so many bytes one is damaged.
const ONE_IN: u32 = 100;
/// Longest delay of a byte: beyond the time-out between characters, below the one of a whole response.
const DELAY_MS: u64 = 900;
/// The meter's channel traffic time-out, after which it is free for anybody.
const TRAFFIC_MS: u32 = 6_000;
/// Tables that stand still, and are compared byte by byte.
const STILL: [u16; 8] = [0, 1, 5, 11, 12, 15, 16, 21];
/// Reads unless `METER430_READS` says otherwise: what a core does in half a minute.
const READS: usize = 500;

fn reads() -> usize {
    let wanted = std::env::var("METER430_READS").ok();
    wanted.map_or(READS, |count| {
        count.parse().expect("METER430_READS is a number")
    })
}

fn meter() -> Meter {
    let options = Options {
        load: Some("10,0.5L"),
        board: Some("ideal"),
        ..Options::default()
    };
    Meter::new(&options).expect("meter")
}

/// The line, in both directions.
struct BadLine<'m> {
    line: Line<'m>,
    random: Xoshiro256PlusPlus,
    damaged: u32,
    /// What has arrived from the meter, and from when on the reader may see it.
    waiting: VecDeque<(Time, u8)>,
}

impl BadLine<'_> {
    fn now(&self) -> Time {
        self.line.machine.chip.time()
    }

    /// What becomes of a byte, and by how much it is late.
    fn mangle(&mut self, byte: u8) -> (Vec<u8>, Time) {
        if self.random.random_range(0..ONE_IN) != 0 {
            return (vec![byte], 0);
        }
        self.damaged += 1;
        match self.random.random_range(0..4) {
            0 => (vec![], 0),
            1 => (vec![byte ^ self.random.random_range(1..=255)], 0),
            2 => (vec![byte, byte], 0),
            _ => {
                let delay_ms = self.random.random_range(1..DELAY_MS);
                (vec![byte], delay_ms * MILLISECOND)
            }
        }
    }
}

impl Transport for BadLine<'_> {
    type Error = Error;

    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for byte in bytes {
            let (mangled, late) = self.mangle(*byte);
            if late != 0 {
                // What stands before it goes out in the meantime.
                self.line.machine.run_for(late)?;
            }
            self.line.send(&mangled)?;
        }
        Ok(())
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Error> {
        let end = self.now() + u64::from(timeout_ms) * MILLISECOND;
        loop {
            if let Some((from, byte)) = self.waiting.front().copied()
                && from <= self.now()
            {
                self.waiting.pop_front();
                return Ok(Some(byte));
            }
            if self.now() >= end {
                return Ok(None);
            }
            if let Some(byte) = self.line.receive(1)? {
                let (mangled, late) = self.mangle(byte);
                // Bytes never overtake each other.
                let last = self.waiting.back().map_or(0, |(from, _)| *from);
                let from = last.max(self.now() + late);
                self.waiting
                    .extend(mangled.iter().map(|byte| (from, *byte)));
            }
        }
    }

    fn set_bit_rate(&mut self, code: u16) -> Result<(), Error> {
        self.line.set_bit_rate(code)
    }

    fn now_ms(&mut self) -> u32 {
        self.line.now_ms()
    }
}

/// What came of the reads.
#[derive(Debug, Default)]
struct Outcome {
    damaged: u32,
    failures: u32,
    /// Longest time from the loss of a session to the next one.
    longest_ms: u32,
    /// Longest time after which a reader on a good line is answered, whatever was under way.
    stuck_ms: u32,
}

/// Reads at random; every byte that is accepted must be right.
fn read_on(meter: &mut Meter, expected: &[Vec<u8>], reads: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let line = BadLine {
        line: Line::new(&mut meter.machine),
        random: Xoshiro256PlusPlus::seed_from_u64(430),
        damaged: 0,
        waiting: VecDeque::new(),
    };
    let mut client = Client::new(line, [0u8; 2048]);
    let mut connected = false;
    let mut lost_at_ms = client.transport().now_ms();
    let mut done = 0;
    while done < reads {
        if !connected {
            connected = client
                .identify()
                .and_then(|_| client.negotiate(256, 4, &[]))
                .and_then(|_| client.logon(1, b"bad line  "))
                .is_ok();
            if connected {
                let took_ms = client.transport().now_ms().wrapping_sub(lost_at_ms);
                outcome.longest_ms = outcome.longest_ms.max(took_ms);
            }
            continue;
        }
        let table = done % STILL.len();
        done += 1;
        match client.read(STILL[table]) {
            Ok(bytes) => assert_eq!(
                bytes, expected[table],
                "wrong bytes of table {} accepted",
                STILL[table]
            ),
            // Repetitions that take longer than the traffic time-out: the meter says that the session is over.
            Err(
                Refusal::NoAcknowledgement | Refusal::NoResponse | Refusal::Refused(Response::Isss),
            ) => {
                outcome.failures += 1;
                connected = false;
                lost_at_ms = client.transport().now_ms();
            }
            Err(other) => panic!("table {}: {other:?}", STILL[table]),
        }
    }
    outcome.damaged = client.transport().damaged;
    outcome
}

/// Where a session stands after the line broke at some byte: a good reader must get in within the traffic time-out.
fn break_off(meter: &mut Meter, request: &[u8], after: usize) -> u32 {
    let began = meter.now();
    meter.machine.send(Uart::Port, &request[..after]);
    meter.machine.run_for(20 * MILLISECOND).expect("runs");
    let mut client = Client::new(Line::new(&mut meter.machine), [0u8; 2048]);
    loop {
        let opened = client
            .identify()
            .and_then(|_| client.logon(1, b"good line "))
            .is_ok();
        let took_ms = ((client.transport().machine.chip.time() - began) / MILLISECOND) as u32;
        if opened {
            // Left without a word, like a reader that crashed.
            return took_ms;
        }
        assert!(took_ms < 10 * TRAFFIC_MS, "the meter never answers again");
    }
}

/// Rising and falling edges of both pulse outputs after `from`.
fn edges(meter: &Meter, from: Time) -> Vec<Vec<(Time, bool)>> {
    let outputs = meter.machine.chip.wiring.pulses.iter();
    outputs
        .map(|output| {
            let edges = output.edges.iter().copied();
            edges.filter(|(time, _)| *time > from).collect()
        })
        .collect()
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_bad_line_brings_no_wrong_byte_no_stuck_session_and_disturbs_no_metering() {
    let (mut meter, mut undisturbed) = (meter(), meter());
    for meter in [&mut meter, &mut undisturbed] {
        meter.run(4.0).expect("starts");
    }
    let start = meter.now();
    let expected: Vec<Vec<u8>> = STILL
        .iter()
        .map(|table| meter.read(*table).expect("a good line"))
        .collect();
    let reads = reads();
    let mut outcome = read_on(&mut meter, &expected, reads);

    // An Identification cut off after each of its bytes, in whatever state the last one left.
    let request = [0xEE, 0, 0, 0, 0, 1, 0x20, 0x13, 0x10];
    for after in 0..=request.len() {
        outcome.stuck_ms = outcome.stuck_ms.max(break_off(&mut meter, &request, after));
    }
    // Whatever connection is left ends by itself.
    meter.run(7.0).expect("runs");
    println!(
        "{reads} reads in {:.0} s: {outcome:?}",
        to_seconds(meter.now() - start)
    );
    assert!(
        outcome.damaged as usize > reads / 2,
        "the line was too good"
    );
    // A log-on of three exchanges over the bad line, after a meter that may have waited for its traffic time-out.
    assert!(outcome.longest_ms < 5 * TRAFFIC_MS);
    assert!(outcome.stuck_ms <= TRAFFIC_MS + 1_000);

    // The same mains, the same instant, and nobody on the port.
    let now = meter.now();
    undisturbed
        .machine
        .run_for(now - undisturbed.now())
        .expect("runs");
    let (found, wanted) = (edges(&meter, start), edges(&undisturbed, start));
    for (output, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        assert_eq!(found.len(), wanted.len(), "edges of output {output}");
        let furthest = found.iter().zip(wanted).map(|(a, b)| a.0.abs_diff(b.0));
        let furthest = furthest.max().unwrap_or(0);
        println!(
            "output {output}: {} edges, apart by {:.3} µs at most",
            found.len(),
            1e6 * to_seconds(furthest)
        );
        assert!(furthest <= MICROSECOND);
    }
    let [found, wanted] =
        [&mut meter, &mut undisturbed].map(|meter| meter.snapshot().expect("a good line"));
    assert!(wanted["sequence"].as_u64() > Some(10));
    assert_eq!(found["sequence"], wanted["sequence"]);
    assert_eq!(found["energy"], wanted["energy"]);
}
