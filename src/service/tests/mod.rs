//! The meter behind its port: what exists, passwords, access, the clock. Beside it, by concern: registers, the pending calendar,
//! procedures that change everything, the service switch.

extern crate std;

mod pending;
mod procedures;
mod registers;
mod switch;

use crate::service::{MeterDevice, STATUS_CLOCK_ERROR, STATUS_MEASUREMENT_ERROR};
use crate::store::MemoryBoard;
use crate::tables::TABLES;
use crate::tables::general::PROCEDURES;
use c12::device::Device;
use c12::response::Response;
use c12::table::{set_used, set_writable};
use std::vec;
use std::vec::Vec;

const OPERATOR: [u8; 20] = [0; 20];
const UTILITY: [u8; 20] = [b'2'; 20];
const FACTORY: [u8; 20] = [b'1'; 20];

type Meter = MeterDevice<MemoryBoard>;

/// A meter on which this password was given.
fn opened(password: &[u8; 20]) -> Meter {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    assert_eq!(meter.security(password), Ok(()));
    meter
}

fn read(meter: &mut Meter, table: u16) -> Vec<u8> {
    let size = meter.begin_read(table).expect("readable");
    let mut bytes = vec![0xAA; size.into()];
    meter.read(table, 0, &mut bytes);
    bytes
}

/// Runs a procedure and returns ST8 from its result code on.
fn run(meter: &mut Meter, procedure: u16, parameters: &[u8]) -> Vec<u8> {
    let [low, high] = procedure.to_le_bytes();
    let request = [&[low, high, 0x21], parameters].concat();
    assert_eq!(meter.write(7, 0, &request), Ok(()));
    let answer = read(meter, 8);
    assert_eq!(answer[..3], [low, high, 0x21]);
    answer[3..].to_vec()
}

/// Lets seconds pass.
fn pass(meter: &mut Meter, from: &mut u16, seconds: u32) {
    for _ in 0..seconds * 128 {
        *from = from.wrapping_add(1);
        meter.tick(*from);
    }
}

#[test]
fn exactly_the_announced_procedures_exist() {
    let announced: [[u8; 256]; 2] = [0, 2048].map(|first| set_used(&PROCEDURES, first));
    let mut meter = opened(&FACTORY);
    for procedure in 0..4096 {
        let set = announced.as_flattened()[usize::from(procedure) / 8];
        let exists = set >> (procedure % 8) & 1 != 0;
        let result = run(&mut meter, procedure, &[])[0];
        assert_eq!(result != 6, exists, "procedure {procedure}: {result}");
    }
}

#[test]
fn exactly_the_announced_tables_can_be_written() {
    let mut meter = opened(&FACTORY);
    meter.board.jumper = true;
    let standard: [u8; 256] = set_writable(&crate::tables::ANNOUNCED, 0);
    let manufacturer: [u8; 256] = set_writable(&crate::tables::ANNOUNCED, 2048);
    // A pending table is announced by ST0's NBR_PENDING alone.
    for id in TABLES.ids().filter(|id| *id < 4096) {
        let set = if id < 2048 { standard } else { manufacturer };
        let at = usize::from(id & 2047);
        let announced = set[at / 8] >> (at % 8) & 1 != 0;
        let refused = meter.write(id, 0, &[]) == Err(Response::Iar);
        assert_eq!(announced, !refused, "table {id}");
    }
}

#[test]
fn a_session_without_password_runs_nothing() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    assert_eq!(run(&mut meter, 6, &[1]), [5]);
    assert_eq!(meter.write(7, 0, &[6, 0]), Err(Response::Err), "too short");
    let mut meter = opened(&OPERATOR);
    assert_eq!(run(&mut meter, 6, &[1]), [0]);
    meter.session_ended();
    assert_eq!(read(&mut meter, 8), [0; 4], "ST8 belongs to the session");
    assert_eq!(run(&mut meter, 6, &[1]), [5]);
}

#[test]
fn clearing_the_status_leaves_what_still_is() {
    let mut meter = opened(&OPERATOR);
    meter.status |= STATUS_MEASUREMENT_ERROR | 1 << 11;
    assert_eq!(run(&mut meter, 7, &[]), [0, 0xC1, 0x08, 0]);
    assert_eq!(run(&mut meter, 7, &[]), [0, 0x41, 0, 0]);
}

#[test]
fn the_clock_runs_from_where_it_is_set() {
    let mut meter = opened(&OPERATOR);
    let mut now = 0;
    pass(&mut meter, &mut now, 600);
    assert_eq!(read(&mut meter, 52)[3..6], [0, 10, 0]);
    assert!(meter.status & STATUS_CLOCK_ERROR != 0);

    let before = read(&mut meter, 52);
    let wanted = [26, 11, 20, 23, 59, 58, 0x35];
    // Half a second is gone; the new second begins now.
    now += 64;
    meter.tick(now);
    let answer = run(&mut meter, 10, &[&[7][..], &wanted].concat());
    assert_eq!(answer, [&[0][..], &before, &wanted].concat());
    assert_eq!(meter.status & STATUS_CLOCK_ERROR, 0);
    for _ in 0..127 {
        now += 1;
        meter.tick(now);
    }
    assert_eq!(read(&mut meter, 52), wanted);
    pass(&mut meter, &mut now, 2);
    assert_eq!(read(&mut meter, 55), [26, 11, 21, 0, 0, 0, 0x36, 0, 0]);

    for wrong in [
        &[][..],
        &[7],
        &[7, 26, 11, 20, 17, 0, 0],
        &[7; 9],
        &[7, 26, 2, 29, 0, 0, 0, 0],
    ] {
        assert_eq!(run(&mut meter, 10, wrong), [2], "{wrong:?}");
    }
    assert_eq!(read(&mut meter, 52), [26, 11, 21, 0, 0, 0, 0x36]);
}

#[test]
fn the_clock_is_trimmed() {
    let most: i16 = 127;
    for trim in [0, 1, -1, 42, most, -128] {
        let mut meter = opened(&UTILITY);
        assert_eq!(meter.write(2053, 0, &[trim.to_le_bytes()[0]]), Ok(()));
        assert_eq!(read(&mut meter, 2053), [trim.to_le_bytes()[0]]);
        run(&mut meter, 10, &[7, 26, 11, 20, 0, 0, 0, 0x35]);
        // In so many ticks of a crystal as a quarter of a day has, the clock goes so many seconds more.
        let seconds = 6 * 3600;
        pass(&mut meter, &mut 0, seconds);
        let [_, _, _, hour, minute, second, _] = *meter.readings.kept.clock.bytes();
        let shown = (f64::from(hour) * 60.0 + f64::from(minute)) * 60.0 + f64::from(second);
        let expected = f64::from(seconds) * (1.0 + f64::from(trim) / f64::from(1 << 20));
        assert!((shown - expected).abs() <= 1.0, "{trim}: {shown} s");
        let off = shown - expected;
        assert!(
            off > -1.01 && off < 0.02,
            "{trim}: a second is told when it is over"
        );
        let mut again = MeterDevice::new(meter.board.clone());
        assert_eq!(read(&mut again, 2053), [trim.to_le_bytes()[0]]);
    }
    let mut meter = opened(&OPERATOR);
    assert_eq!(meter.write(2053, 0, &[1]), Err(Response::Isc));
}

/// The main loop turns several times a tick, and now and then misses some.
#[test]
fn a_trimmed_clock_does_not_care_how_often_it_is_told_the_time() {
    for trim in [1, -1, 127, -128_i16] {
        let mut meter = opened(&UTILITY);
        assert_eq!(meter.write(2053, 0, &[trim.to_le_bytes()[0]]), Ok(()));
        run(&mut meter, 10, &[7, 26, 11, 20, 0, 0, 0, 0x35]);
        let seconds = 3 * 3600;
        for tick in 1..=seconds * 128_u32 {
            // The low half: it wraps every 512 s.
            let times = if tick % 1009 < 60 { 0 } else { tick % 4 };
            for _ in 0..times {
                meter.tick(tick as u16);
            }
        }
        let [_, _, _, hour, minute, second, _] = *meter.readings.kept.clock.bytes();
        let shown = (f64::from(hour) * 60.0 + f64::from(minute)) * 60.0 + f64::from(second);
        let expected = f64::from(seconds) * (1.0 + f64::from(trim) / f64::from(1 << 20));
        assert!((shown - expected).abs() <= 1.5, "{trim}: {shown} s");
    }
}

#[test]
fn the_identification_is_the_serial_number_until_it_is_written() {
    let mut meter = opened(&OPERATOR);
    assert_eq!(read(&mut meter, 5), *b"0000000000000000    ");
    assert_eq!(
        meter.write(5, 0, b"METER 17            "),
        Err(Response::Isc)
    );
    assert_eq!(meter.security(&UTILITY), Ok(()));
    assert_eq!(meter.write(5, 0, b"METER 17            "), Ok(()));
    assert_eq!(meter.write(5, 1, b"ZZZ"), Ok(()));
    for (offset, length) in [(0, 21), (20, 1), (1, 20), (0xFFFF, 2)] {
        assert_eq!(
            meter.write(5, offset, &[b'X'; 21][..length]),
            Err(Response::Onp)
        );
    }
    assert_eq!(read(&mut meter, 5), *b"MZZZR 17            ");
    let mut again = MeterDevice::new(meter.board.clone());
    assert_eq!(read(&mut again, 5), *b"MZZZR 17            ");
}

#[test]
fn passwords_are_written_by_the_factory_and_read_by_nobody() {
    let mut meter = opened(&UTILITY);
    let secret = *b"twenty bytes of key ";
    let entry = [&secret[..], &[1]].concat();
    assert_eq!(meter.write(42, 21, &entry), Err(Response::Isc));
    assert_eq!(meter.security(&FACTORY), Ok(()));
    assert_eq!(meter.write(42, 43, &entry), Err(Response::Onp));
    assert_eq!(meter.write(42, 21, &entry), Ok(()));
    assert_eq!(meter.begin_read(42), Err(Response::Isc));
    assert_eq!(read(&mut meter, 5), *b"0000000000000000    ");

    let mut meter = MeterDevice::new(meter.board.clone());
    assert_eq!(meter.security(&secret), Ok(()));
    // The second entry now opens what its permissions say, and its preset password nothing.
    assert_eq!(meter.write(5, 0, b"X"), Err(Response::Isc));
    assert_eq!(run(&mut meter, 6, &[1]), [0]);
    assert_eq!(meter.security(&UTILITY), Err(Response::Err));
    let mut meter = opened(&FACTORY);
    // All of them at once.
    let all = [[b'a'; 21], [b'b'; 21], [4; 21]].concat();
    assert_eq!(meter.write(42, 0, &all), Ok(()));
    assert_eq!(meter.security(&[4; 20]), Ok(()));
    assert_eq!(meter.security(&FACTORY), Err(Response::Err));
}

#[test]
fn wrong_passwords_cost_more_and_more_time() {
    let mut meter = opened(&OPERATOR);
    let mut now = 0;
    for failure in 1..=10 {
        let mut wrong = FACTORY;
        wrong[19] ^= failure;
        assert_eq!(meter.security(&wrong), Err(Response::Err));
        assert_eq!(run(&mut meter, 6, &[1]), [5], "the old access is gone");
        let wait_s = 1 << failure.min(8);
        // Even the right one is not looked at.
        pass(&mut meter, &mut now, wait_s - 1);
        assert_eq!(meter.security(&FACTORY), Err(Response::Bsy), "{failure}");
        pass(&mut meter, &mut now, 1);
    }
    assert_eq!(meter.security(&FACTORY), Ok(()));
    assert_eq!(meter.security(&[9; 20]), Err(Response::Err));
    pass(&mut meter, &mut now, 2);
    assert_eq!(meter.security(&FACTORY), Ok(()), "a right one starts anew");

    // Switching the meter off and on shortens nothing.
    assert_eq!(meter.security(&[9; 20]), Err(Response::Err));
    pass(&mut meter, &mut now, 2);
    assert_eq!(meter.security(&[9; 20]), Err(Response::Err));
    let mut meter = MeterDevice::new(meter.board.clone());
    let mut now = 0;
    assert_eq!(meter.security(&FACTORY), Err(Response::Bsy));
    pass(&mut meter, &mut now, 4);
    assert_eq!(meter.security(&[9; 20]), Err(Response::Err));
    pass(&mut meter, &mut now, 7);
    assert_eq!(meter.security(&FACTORY), Err(Response::Bsy), "the third");
}

#[test]
fn the_same_day_of_another_month_or_year_is_another_day() {
    let mut meter = opened(&OPERATOR);
    let days = [
        [26, 11, 21],
        [26, 11, 21],
        [26, 12, 21],
        [27, 12, 21],
        [27, 12, 22],
    ];
    for ([year, month, day], self_reads) in days.into_iter().zip([1, 1, 2, 3, 4]) {
        run(&mut meter, 10, &[3, year, month, day, 12, 0, 0, 0]);
        assert_eq!(read(&mut meter, 26)[3], self_reads);
    }
}

#[test]
fn setting_nothing_of_the_clock_is_refused() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    meter.security(&[b'2'; 20]).expect("the password");
    let mut request = vec![10, 0, 1, 0];
    request.extend([26, 3, 8, 2, 0, 0, 0]);
    assert_eq!(meter.write(7, 0, &request), Ok(()));
    // To set nothing would begin the second and the demand's interval anew.
    let answer = read(&mut meter, 8);
    assert_ne!(answer[3], 0, "{answer:?}");
    assert_ne!(meter.status & STATUS_CLOCK_ERROR, 0);
}
