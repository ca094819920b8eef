//! The load profile through its tables: against a list of what was to be recorded, with clock changes and supply failures.

extern crate std;

use crate::profile::{BLOCKS, CHANNELS, INTERVALS};
use crate::service::MeterDevice;
use crate::store::MemoryBoard;
use c12::clock::Clock;
use c12::device::Device;
use c12::response::Response;
use c12::snapshot::offset;
use std::vec;
use std::vec::Vec;

type Meter = MeterDevice<MemoryBoard>;

/// Sources of the four channels.
const SOURCES: [usize; CHANNELS] = [0, 1, 2, 5];

/// An interval of ST64 that is not skipped: its end without seconds, its status byte, its data.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    end: [u8; 5],
    status: u8,
    data: [u16; CHANNELS],
}

fn read(meter: &mut Meter, table: u16) -> Vec<u8> {
    let size = meter.begin_read(table).expect("readable");
    let mut bytes = vec![0xAA; size.into()];
    meter.read(table, 0, &mut bytes);
    bytes
}

/// The recorded intervals, oldest first, as the standard tells to read them: those of a block follow each other without a gap,
/// and the last of them (of the last block: the last valid one) ends at the block's time.
fn rows(meter: &mut Meter) -> Vec<Row> {
    meter.save();
    let interval_min = u16::from(read(meter, 61)[12]);
    let status = read(meter, 63);
    let word = |at: usize| u16::from_le_bytes([status[at], status[at + 1]]);
    let (valid, last, intervals) = (word(1), word(3), word(11));
    assert_eq!(valid, word(9), "nobody has read any");
    assert!((1..=BLOCKS).contains(&valid) && last < BLOCKS && intervals < INTERVALS);
    let data = read(meter, 64);
    let block_size = data.len() / usize::from(BLOCKS);
    let mut rows = Vec::new();
    for back in (0..valid).rev() {
        let block = usize::from((last + BLOCKS - back) % BLOCKS);
        let block = &data[block * block_size..][..block_size];
        let valid = if back == 0 { intervals } else { INTERVALS };
        for interval in 0..valid {
            let bytes: [u8; 11] = block[5 + 11 * usize::from(interval)..][..11]
                .try_into()
                .expect("an interval");
            let [status, second, third, data @ ..] = bytes;
            let channels = status & 15;
            assert_eq!((second, third), (channels * 0x11, channels << 4));
            let data: [u16; CHANNELS] =
                core::array::from_fn(|k| u16::from_le_bytes([data[2 * k], data[2 * k + 1]]));
            if channels == 4 {
                assert_eq!(data, [0; CHANNELS], "a skipped interval");
                continue;
            }
            let [y, mo, d, h, m] = block[..5].try_into().expect("a time");
            let end_min = minutes([y, mo, d, h, m]);
            let before_min = u32::from((valid - 1 - interval) * interval_min);
            rows.push(Row {
                end: time(end_min - before_min),
                status,
                data,
            });
        }
    }
    rows
}

const MONTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Days of a month of a year from 2000 on.
fn days(year: u32, month: usize) -> u32 {
    MONTHS[month] + u32::from(month == 1 && year.is_multiple_of(4))
}

/// Minutes since 2000.
fn minutes([y, mo, d, h, m]: [u8; 5]) -> u32 {
    let year_days = |year: u32| (0..12).map(|month| days(year, month)).sum::<u32>();
    let whole_years: u32 = (0..u32::from(y)).map(year_days).sum();
    let whole_months: u32 = (0..usize::from(mo) - 1)
        .map(|month| days(y.into(), month))
        .sum();
    let days = whole_years + whole_months + u32::from(d) - 1;
    (days * 24 + u32::from(h)) * 60 + u32::from(m)
}

/// The inverse.
fn time(mut minutes: u32) -> [u8; 5] {
    let mut clock = [0, 1, 1, 0, 0];
    let day = 24 * 60;
    loop {
        let (year, month) = (u32::from(clock[0]), usize::from(clock[1]) - 1);
        if minutes < days(year, month) * day {
            break;
        }
        minutes -= days(year, month) * day;
        clock[1] += 1;
        if clock[1] == 13 {
            clock[1] = 1;
            clock[0] += 1;
        }
    }
    clock[2] += (minutes / day) as u8;
    clock[3] = (minutes % day / 60) as u8;
    clock[4] = (minutes % 60) as u8;
    clock
}

/// A meter, its mains and a list of what it should have recorded.
struct Bench {
    meter: Meter,
    now: u16,
    random: u64,
    /// Energies so far, in 2^-32 Wh, by source.
    energy: [i64; 7],
    /// Whole watt-hours when the interval under way began.
    start_wh: [u16; CHANNELS],
    status: u8,
    interval_min: u32,
    expected: Vec<Row>,
}

impl Bench {
    fn new() -> Self {
        let mut meter = MeterDevice::new(MemoryBoard::new());
        meter.security(&[b'2'; 20]).expect("the utility's password");
        Self {
            meter,
            now: 0,
            random: 0x4D34_3330,
            energy: [0; 7],
            start_wh: [0; CHANNELS],
            status: 0x22,
            interval_min: 15,
            expected: Vec::new(),
        }
    }

    fn draw(&mut self, below: u32) -> u32 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.random >> 33) % u64::from(below)) as u32
    }

    fn clock(&self) -> [u8; 7] {
        *self.meter.readings.kept.clock.bytes()
    }

    /// The interval under way is to be found with this end.
    fn expect(&mut self, end: [u8; 5]) {
        let data = core::array::from_fn(|k| {
            let whole_wh = (self.energy[SOURCES[k]] >> 32) as u16;
            let gained = whole_wh.wrapping_sub(self.start_wh[k]);
            self.start_wh[k] = whole_wh;
            gained
        });
        self.expected.push(Row {
            end,
            status: self.status,
            data,
        });
        self.status = 0;
    }

    /// A second with random energies.
    fn second(&mut self) {
        for source in 0..7 {
            self.energy[source] += i64::from(self.draw(2_000_000_000)) * 12;
            let at = offset::IMPORT + 8 * source;
            self.meter
                .readings
                .snapshot
                .put_wide(at, &self.energy[source]);
        }
        self.now = self.now.wrapping_add(128);
        self.meter.tick(self.now);
        let [y, mo, d, h, m, s, _] = self.clock();
        if s == 0 && u32::from(m).is_multiple_of(self.interval_min) {
            self.expect([y, mo, d, h, m]);
        }
    }

    fn seconds(&mut self, count: u32) {
        for _ in 0..count {
            self.second();
        }
    }

    /// Sets the clock by procedure 10.
    fn set(&mut self, wanted: [u8; 6]) {
        let before = self.clock();
        let slot = |time: &[u8]| minutes(time[..5].try_into().expect("a time")) / self.interval_min;
        let (old, new) = (slot(&before), slot(&wanted));
        let request = [&[10, 0, 1, 3][..], &wanted, &[0]].concat();
        assert_eq!(self.meter.write(7, 0, &request), Ok(()));
        assert_eq!(read(&mut self.meter, 8)[3], 0);
        if before[..6] != wanted {
            self.status |= if before[..6] < wanted[..] { 0x42 } else { 0x82 };
        }
        if old != new {
            self.expect(time((old + 1) * self.interval_min));
            self.status = 2;
        }
        assert_eq!(self.clock()[..6], wanted);
    }

    /// The supply fails and comes back; nothing was saved since the last second.
    fn fail(&mut self) {
        self.meter.save();
        let board = self.meter.board.clone();
        let snapshot = self.meter.readings.snapshot.clone();
        self.meter = MeterDevice::new(board);
        self.meter.readings.snapshot = snapshot;
        self.meter.security(&[b'2'; 20]).expect("the password");
        self.now = 0;
        self.status |= 0x22;
    }

    fn check(&mut self) {
        let rows = rows(&mut self.meter);
        assert!(rows.len() <= self.expected.len());
        assert_eq!(rows, self.expected[self.expected.len() - rows.len()..]);
    }
}

#[test]
fn a_week_of_quarters_is_kept_and_its_energies_are_those_of_the_registers() {
    let mut bench = Bench::new();
    bench.set([26, 11, 20, 17, 7, 30]);
    bench.seconds(3 * 3600);
    bench.check();
    // The interval in which the clock was first set, those skipped up to the block's end, and twelve of three hours.
    assert_eq!(bench.expected.len(), 1 + 12);
    bench.seconds(9 * 24 * 3600);
    bench.check();
    let rows = rows(&mut bench.meter);
    assert!(rows.len() >= 7 * 96, "{} intervals", rows.len());
    let newest = rows.last().expect("a row");
    assert_eq!(newest.end, [26, 11, 29, 20, 0]);
    for (k, source) in SOURCES.iter().enumerate() {
        let sum = rows
            .iter()
            .fold(0u16, |sum, row| sum.wrapping_add(row.data[k]));
        let first = rows.len() - 1;
        assert!(first > 0 && sum > 0);
        let shown = (bench.energy[*source] >> 32) as u16;
        let since = bench.start_wh[k];
        // All that was ever recorded is all that the register shows, but for the interval under way.
        let all = bench
            .expected
            .iter()
            .fold(0u16, |sum, row| sum.wrapping_add(row.data[k]));
        assert_eq!(all.wrapping_add(shown.wrapping_sub(since)), shown);
    }
}

#[test]
fn clock_changes_and_supply_failures_are_marked() {
    let mut bench = Bench::new();
    bench.set([26, 3, 1, 0, 0, 0]);
    bench.seconds(910);
    // Seconds inside the interval, back and forward; the same time again is no change.
    for (second, status) in [(5, 0x82), (20, 0xC2), (20, 0xC2)] {
        let [y, mo, d, h, m, ..] = bench.clock();
        bench.set([y, mo, d, h, m, second]);
        assert_eq!(bench.status, status);
    }
    bench.seconds(900);
    bench.fail();
    bench.seconds(900);
    bench.check();
    let statuses = |bench: &Bench| {
        bench
            .expected
            .iter()
            .map(|row| row.status)
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(&bench), [0x62, 0x02, 0xC2, 0x22]);
    // Into another interval, forward, back, and to another century's end.
    for wanted in [
        [26, 3, 1, 12, 0, 0],
        [26, 3, 1, 11, 59, 59],
        [99, 12, 31, 23, 59, 0],
        [0, 1, 1, 0, 0, 0],
        [26, 2, 28, 23, 44, 59],
    ] {
        bench.set(wanted);
        bench.check();
        bench.seconds(1000);
        bench.check();
    }
}

#[test]
fn whatever_happens_what_is_read_is_what_was_recorded() {
    for seed in 1..=8 {
        let mut bench = Bench::new();
        bench.random = seed;
        bench.set([27, 12, 30, 21, 0, 0]);
        for _ in 0..400 {
            match bench.draw(10) {
                0 => bench.fail(),
                1 => {
                    // By up to ten minutes.
                    let mut clock = Clock::from_bytes(bench.clock());
                    for _ in 0..bench.draw(600) {
                        clock.tick();
                    }
                    let [now @ .., _] = *clock.bytes();
                    bench.set(now);
                }
                2 => {
                    let [y, mo, d, h, m, _, _] = bench.clock();
                    let m = (u32::from(m) * bench.draw(4) / 3).min(59) as u8;
                    bench.set([y, mo, d, h, m, 30]);
                }
                _ => {
                    let seconds = bench.draw(4000);
                    bench.seconds(seconds);
                }
            }
            bench.check();
        }
        assert!(bench.expected.len() > usize::from(INTERVALS * 4));
    }
}

#[test]
fn another_length_of_the_interval_starts_anew() {
    let mut bench = Bench::new();
    bench.set([26, 3, 1, 0, 0, 0]);
    bench.seconds(3600);
    for wrong in [0, 7, 8, 16, 59, 61, 120, 255] {
        assert_eq!(
            bench.meter.write(61, 12, &[wrong]),
            Err(Response::Onp),
            "{wrong}"
        );
    }
    for (at, data) in [
        (0, &[1][..]),
        (11, &[1, 1]),
        (12, &[]),
        (12, &[1, 1]),
        (13, &[1]),
    ] {
        assert_eq!(bench.meter.write(61, at, data), Err(Response::Onp));
    }
    assert_eq!(bench.meter.write(64, 0, &[1]), Err(Response::Iar));
    assert_eq!(rows(&mut bench.meter).len(), 5);
    for minutes in [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60] {
        assert_eq!(bench.meter.write(61, 12, &[minutes]), Ok(()));
        assert!(rows(&mut bench.meter).is_empty());
        // What has flowed before is nobody's.
        bench.start_wh = SOURCES.map(|source| (bench.energy[source] >> 32) as u16);
        bench.interval_min = minutes.into();
        bench.status = 2;
        bench.expected.clear();
        bench.seconds(u32::from(minutes) * 60 * 30);
        bench.check();
        assert_eq!(bench.expected.len(), 30);
        bench.fail();
        assert_eq!(read(&mut bench.meter, 61)[12], minutes);
    }
    bench.meter.session_ended();
    assert_eq!(bench.meter.write(61, 12, &[15]), Err(Response::Isc));
}

#[test]
fn a_supply_failure_after_any_write_leaves_every_interval_that_counts() {
    let mut bench = Bench::new();
    bench.set([26, 3, 1, 0, 0, 0]);
    assert_eq!(bench.meter.write(61, 12, &[1]), Ok(()));
    bench.interval_min = 1;
    bench.status = 2;
    bench.expected.clear();
    // Up to the second before an interval that is the first of a block, when all blocks are full.
    bench.seconds(60 * u32::from(BLOCKS * INTERVALS) + 59);
    bench.check();
    bench.meter.save();
    let recorded = bench.expected.clone();
    for writes in 0..40 {
        let mut board = bench.meter.board.clone();
        board.writes_left = writes;
        let mut meter = MeterDevice::new(bench.meter.board.clone());
        meter.readings.snapshot = bench.meter.readings.snapshot.clone();
        meter.board = board;
        meter.tick(128);
        // What the failure leaves, started again, and a second later.
        let mut board = meter.board.clone();
        board.writes_left = u32::MAX;
        let mut again = MeterDevice::new(board);
        again.readings.snapshot = bench.meter.readings.snapshot.clone();
        again.tick(128);
        let rows = rows(&mut again);
        let (newest, before) = rows.split_last().expect("rows");
        assert_eq!(
            before,
            &recorded[recorded.len() - before.len()..],
            "{writes}"
        );
        assert_eq!(
            newest.end,
            time(minutes(recorded[recorded.len() - 1].end) + 1)
        );
        assert!(rows.len() > usize::from((BLOCKS - 1) * INTERVALS));
    }
}
