//! The communications port of the image: how fast it answers, and what a bad line does to it (nothing).

use std::collections::VecDeque;

use anyhow::Error;
use c12::client::{Client, Error as Refusal, Transport};
use experiments::line::Line;
use experiments::meter::{Meter, number};
use virtual_meter::machine::Uart;
use virtual_meter::scene::Options;
use virtual_meter::time::{MICROSECOND, MILLISECOND, SECOND, Time, to_seconds};

/// Tables that the reader asks for; those that stand still are compared byte by byte.
const STILL: [u16; 8] = [0, 1, 5, 11, 12, 15, 16, 21];

fn meter() -> Meter {
    let options = Options {
        load: Some("10"),
        board: Some("ideal"),
        ..Options::default()
    };
    let mut meter = Meter::new(&options).expect("meter");
    meter.run(4.0).expect("starts");
    meter
}

/// A packet with this control byte.
fn packet(control: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xEE, 0, control, 0, 0, data.len() as u8];
    bytes.extend(data);
    bytes.extend(c12::crc::checksum(&bytes).to_le_bytes());
    bytes
}

/// Sends a packet; times from its end to the start of the ACK and of the response, and the response's data.
fn ask(meter: &mut Meter, toggle: &mut u8, data: &[u8]) -> (Time, Time, Vec<u8>) {
    // One byte at 9600 bit/s, which is stamped when it has arrived.
    const BYTE: Time = 1_042 * MICROSECOND;
    meter.machine.take_received(Uart::Port);
    meter.machine.send(Uart::Port, &packet(*toggle, data));
    *toggle ^= 0x20;
    let sent = meter.machine.chip.wiring.port.idle_from();
    let mut received = Vec::new();
    // The longest packet takes 267 ms.
    while meter.now() < sent + SECOND {
        meter.machine.run_for(5 * MILLISECOND).expect("runs");
        received.extend(meter.machine.take_received(Uart::Port));
        let whole = received
            .get(6)
            .is_some_and(|low| received.len() == usize::from(low.value) + 9);
        if whole {
            break;
        }
    }
    let bytes: Vec<u8> = received.iter().map(|byte| byte.value).collect();
    assert_eq!(
        bytes.get(..2),
        Some(&[0x06, 0xEE][..]),
        "answer to {data:02x?}"
    );
    meter.machine.send(Uart::Port, &[6]);
    meter.machine.run_for(2 * MILLISECOND).expect("runs");
    let start = |at: usize| received[at].time.saturating_sub(sent + BYTE);
    (start(0), start(1), bytes[7..bytes.len() - 2].to_vec())
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn acknowledgement_within_2_ms_and_response_within_50_ms_for_every_table() {
    let mut meter = meter();
    let mut toggle = 0;
    ask(&mut meter, &mut toggle, &[0x20]);
    ask(&mut meter, &mut toggle, &[0x60, 1, 0, 4]);
    ask(
        &mut meter,
        &mut toggle,
        &[&[0x50, 0, 0][..], b"experiment"].concat(),
    );
    let (mut slowest_ack, mut slowest_response) = (0, 0);
    // Often enough for some requests to meet the end of a window, when the main loop is busiest.
    for round in 0..12 {
        for table in &meter430::tables::TABLES {
            let [high, low] = table.id.to_be_bytes();
            let (ack, response, data) = ask(&mut meter, &mut toggle, &[0x30, high, low]);
            assert_eq!(data[0], 0, "table {} in round {round}", table.id);
            slowest_ack = slowest_ack.max(ack);
            slowest_response = slowest_response.max(response);
            // A different part of the second each time.
            meter
                .machine
                .run_for((13 + 7 * round) * MILLISECOND)
                .expect("runs");
        }
    }
    println!(
        "slowest acknowledgement {:.2} ms, slowest response {:.2} ms",
        1e3 * to_seconds(slowest_ack),
        1e3 * to_seconds(slowest_response)
    );
    assert!(slowest_ack <= 2 * MILLISECOND);
    assert!(slowest_response <= 50 * MILLISECOND);
}

/// A line that drops, corrupts and doubles one byte in a hundred, by a seed, in both directions.
struct BadLine<'m> {
    line: Line<'m>,
    random: u64,
    damaged: u32,
    waiting: VecDeque<u8>,
}

impl BadLine<'_> {
    fn below(&mut self, limit: u64) -> u64 {
        // Xorshift: what becomes of a byte must only be the same in every run.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    fn mangle(&mut self, byte: u8) -> Vec<u8> {
        if self.below(100) != 0 {
            return vec![byte];
        }
        self.damaged += 1;
        match self.below(3) {
            0 => vec![],
            1 => vec![byte ^ (1 + self.below(255) as u8)],
            _ => vec![byte, byte],
        }
    }
}

impl Transport for BadLine<'_> {
    type Error = Error;

    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mangled: Vec<u8> = bytes.iter().flat_map(|byte| self.mangle(*byte)).collect();
        self.line.send(&mangled)
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Error> {
        loop {
            if let Some(byte) = self.waiting.pop_front() {
                return Ok(Some(byte));
            }
            let Some(byte) = self.line.receive(timeout_ms)? else {
                return Ok(None);
            };
            let mangled = self.mangle(byte);
            self.waiting.extend(mangled);
        }
    }

    fn set_bit_rate(&mut self, code: u16) -> Result<(), Error> {
        self.line.set_bit_rate(code)
    }

    fn now_ms(&mut self) -> u32 {
        self.line.now_ms()
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_bad_line_brings_no_wrong_byte_no_stuck_session_and_disturbs_no_energy() {
    const READS: usize = 300;
    let mut meter = meter();
    let expected: Vec<Vec<u8>> = STILL
        .iter()
        .map(|table| meter.read(*table).expect("a good line"))
        .collect();
    let before = meter.snapshot().expect("a good line");
    let (mut failures, mut longest_ms) = (0, 0);
    let damaged = {
        let line = BadLine {
            line: Line::new(&mut meter.machine),
            random: 430,
            damaged: 0,
            waiting: VecDeque::new(),
        };
        let mut client = Client::new(line, [0u8; 2048]);
        let mut connected = false;
        let mut at = 0;
        let mut lost_at_ms = client.transport().now_ms();
        while at < READS {
            if !connected {
                connected = client
                    .identify()
                    .and_then(|_| client.negotiate(256, 4, &[]))
                    .and_then(|_| client.logon(1, b"bad line  "))
                    .is_ok();
                if connected {
                    longest_ms =
                        longest_ms.max(client.transport().now_ms().wrapping_sub(lost_at_ms));
                }
                continue;
            }
            let table = at % STILL.len();
            at += 1;
            match client.read(STILL[table]) {
                Ok(bytes) => assert_eq!(
                    bytes, expected[table],
                    "wrong bytes of table {} accepted",
                    STILL[table]
                ),
                Err(Refusal::NoAcknowledgement | Refusal::NoResponse) => {
                    failures += 1;
                    connected = false;
                    lost_at_ms = client.transport().now_ms();
                }
                Err(other) => panic!("table {}: {other:?}", STILL[table]),
            }
        }
        client.transport().damaged
    };
    // Whatever connection is left ends by itself.
    meter.run(7.0).expect("runs");
    let after = meter.snapshot().expect("a good line");
    println!(
        "{READS} reads, {damaged} bytes damaged, {failures} reads failed, longest log-on {longest_ms} ms"
    );
    assert!(damaged > 150, "the line was too good");
    assert!(longest_ms < 30_000);

    let value = |snapshot, name| number(snapshot, name).expect(name);
    let windows = value(&after, "sequence") - value(&before, "sequence");
    let energy_wh = value(&after, "import_wh") - value(&before, "import_wh");
    // 220 V, 10 A; the windows are whole cycles, 60 of them a second.
    let expected_wh = 2200.0 * windows / 3600.0;
    assert!(
        (energy_wh / expected_wh - 1.0).abs() < 5e-4,
        "{energy_wh} Wh in {windows} windows, not {expected_wh}"
    );
}
