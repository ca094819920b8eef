//! The meter behind its port: procedures, passwords, access, the clock.

extern crate std;

use crate::service::{MeterDevice, STATUS_CLOCK_ERROR, STATUS_MEASUREMENT_ERROR};
use crate::store::MemoryBoard;
use crate::tables::TABLES;
use crate::tables::general::PROCEDURES;
use c12::device::Device;
use c12::response::Response;
use c12::table::{set_used, set_writable};
use std::vec;
use std::vec::Vec;

pub(super) const OPERATOR: [u8; 20] = [0; 20];
pub(super) const UTILITY: [u8; 20] = [b'2'; 20];
const FACTORY: [u8; 20] = [b'1'; 20];

pub(super) type Meter = MeterDevice<MemoryBoard>;

/// A meter on which this password was given.
pub(super) fn opened(password: &[u8; 20]) -> Meter {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    assert_eq!(meter.security(password), Ok(()));
    meter
}

pub(super) fn read(meter: &mut Meter, table: u16) -> Vec<u8> {
    let size = meter.begin_read(table).expect("readable");
    let mut bytes = vec![0xAA; size.into()];
    meter.read(table, 0, &mut bytes);
    bytes
}

/// Runs a procedure and returns ST8 from its result code on.
pub(super) fn run(meter: &mut Meter, procedure: u16, parameters: &[u8]) -> Vec<u8> {
    let [low, high] = procedure.to_le_bytes();
    let request = [&[low, high, 0x21], parameters].concat();
    assert_eq!(meter.write(7, 0, &request), Ok(()));
    let answer = read(meter, 8);
    assert_eq!(answer[..3], [low, high, 0x21]);
    answer[3..].to_vec()
}

/// Lets seconds pass.
pub(super) fn pass(meter: &mut Meter, from: &mut u16, seconds: u32) {
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
fn the_maximum_demand_is_kept_and_reset() {
    let mut meter = opened(&OPERATOR);
    let mut now = 0;
    // 16 minutes to a quarter: what has flowed before the clock was set is nobody's demand.
    meter.readings.kept.energy.0[0].pulses = 1_000_000;
    run(&mut meter, 10, &[7, 26, 11, 20, 17, 44, 0, 0x35]);
    meter.readings.kept.energy.0[0].pulses += 80;
    pass(&mut meter, &mut now, 60);
    meter.save();
    let demand = |meter: &mut Meter| read(meter, 23)[29..].to_vec();
    assert_eq!(demand(&mut meter), [26, 11, 20, 17, 45, 50, 0, 0, 0]);
    // 2.2 kW for a quarter of an hour: 550 Wh.
    meter.readings.kept.energy.0[0].pulses += 3520;
    pass(&mut meter, &mut now, 900);
    meter.save();
    assert_eq!(demand(&mut meter), [26, 11, 20, 18, 0, 0x98, 0x08, 0, 0]);

    let mut again = MeterDevice::new(meter.board.clone());
    assert_eq!(read(&mut again, 23)[0], 0);
    assert_eq!(demand(&mut again), [26, 11, 20, 18, 0, 0x98, 0x08, 0, 0]);
    assert_eq!(run(&mut again, 9, &[1]), [5], "not without password");
    assert_eq!(again.security(&OPERATOR), Ok(()));
    for parameters in [&[][..], &[1, 1]] {
        assert_eq!(run(&mut again, 9, parameters), [2]);
    }
    assert_eq!(run(&mut again, 9, &[0]), [0]);
    assert_eq!(read(&mut again, 23)[0], 0, "nothing was asked for");
    again.readings.kept.energy.0[0].pulses += 800;
    assert_eq!(run(&mut again, 9, &[1]), [0]);
    assert_eq!(read(&mut again, 23)[0], 1);
    assert_eq!(demand(&mut again), [0; 9]);
    // The first quarter after the reset begins at the reset.
    again.readings.kept.energy.0[0].pulses += 8;
    let mut now = 0;
    pass(&mut again, &mut now, 900);
    again.save();
    assert_eq!(demand(&mut again), [26, 11, 20, 18, 15, 5, 0, 0, 0]);
}

#[test]
fn the_demand_slides_as_st13_says() {
    let mut meter = opened(&UTILITY);
    let mut now = 0;
    for refused in [[0, 1], [7, 1], [5, 0], [5, 4], [60, 2], [61, 1]] {
        assert_eq!(meter.write(13, 0, &refused), Err(Response::Onp));
    }
    assert_eq!(meter.write(13, 0, &[5]), Err(Response::Onp));
    assert_eq!(meter.write(13, 1, &[2]), Err(Response::Onp));
    assert_eq!(meter.write(13, 0, &[5, 3]), Ok(()));
    run(&mut meter, 10, &[7, 26, 11, 20, 17, 0, 0, 0x35]);
    // Energy in the last two thirds of one quarter and the first of the next: no block has all of it.
    for gained in [0, 600, 600, 600, 0, 0] {
        meter.readings.kept.energy.0[0].pulses += gained;
        pass(&mut meter, &mut now, 300);
    }
    meter.save();
    assert_eq!(read(&mut meter, 13), [5, 3]);
    let most = [26, 11, 20, 17, 20, 0x65, 0x04, 0, 0]; // 1125 W
    assert_eq!(read(&mut meter, 23)[29..], most);
    // A supply failure in the middle of an interval.
    let mut again = MeterDevice::new(meter.board.clone());
    assert_eq!(read(&mut again, 13), [5, 3]);
    again.readings.kept.energy.0[0].pulses += 1810;
    let mut now = 0;
    pass(&mut again, &mut now, 300);
    again.save();
    assert_eq!(read(&mut again, 23)[29..34], [26, 11, 20, 17, 35]);
}

#[test]
fn a_demand_reset_keeps_the_registers_of_its_time() {
    let mut meter = opened(&OPERATOR);
    let mut now = 0;
    assert_eq!(read(&mut meter, 25), [0; 43]);
    for (resets, month) in (1..=3u8).zip(1..) {
        run(&mut meter, 10, &[3, 27, month, 1, 0, 44, 30, 0]);
        let import = &mut meter.readings.kept.energy.0[0].pulses;
        *import += 64_000 * u32::from(resets);
        pass(&mut meter, &mut now, 30);
        let energy = (i64::from(resets) * 1000) << 32;
        let shown = &mut meter.readings.snapshot;
        shown.put_wide(c12::snapshot::offset::IMPORT, &energy);
        meter.save();
        let before = read(&mut meter, 23);
        assert_ne!(before[29..], [0; 9]);
        assert_eq!(run(&mut meter, 9, &[1]), [0]);
        let kept = read(&mut meter, 25);
        assert_eq!(kept[..5], [27, month, 1, 0, 45]);
        assert_eq!(kept[5..], before);
        assert_eq!(read(&mut meter, 23)[0], resets);
        let mut again = MeterDevice::new(meter.board.clone());
        assert_eq!(read(&mut again, 25), kept);
    }
}

#[test]
fn lists_of_another_layout_lead_nowhere_else() {
    let mut meter = opened(&OPERATOR);
    let before = meter.board.clone();
    let kept = &mut meter.readings.kept;
    kept.profile.intervals = 30;
    kept.lists[crate::list::PROFILE].element = 40_000;
    kept.lists[crate::list::SELF_READS].element = 50_001;
    run(&mut meter, 10, &[3, 26, 11, 20, 23, 59, 50, 0]);
    pass(&mut meter, &mut 0, 20);
    let lists = &meter.readings.kept.lists;
    assert!(lists[crate::list::PROFILE].element < crate::profile::BLOCKS);
    assert!(lists[crate::list::SELF_READS].element < 5);
    assert!(meter.readings.kept.profile.intervals < crate::profile::INTERVALS);
    // Pages that are nobody's are those of the calibration on this board.
    let calibration = |board: &MemoryBoard| board.information.map(|page| page[..168].to_vec());
    assert_eq!(calibration(&meter.board), calibration(&before));
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
fn the_registers_of_the_last_midnights_are_kept() {
    let mut meter = opened(&OPERATOR);
    let mut now = 0;
    run(&mut meter, 10, &[3, 26, 12, 27, 23, 59, 50, 0]);
    // The clock has left a day without its midnight: the registers of that day.
    let list = read(&mut meter, 26);
    assert_eq!(list[..6], [4, 1, 1, 1, 0, 1]);
    assert_eq!(list[6 + 43..][..6], [0, 1, 1, 0, 0, 0]);
    let mut expected = vec![list[6 + 43..][..43].to_vec()];
    for day in 1..=9u16 {
        let shown = &mut meter.readings.snapshot;
        let at = c12::snapshot::offset::APPARENT;
        shown.put_wide(at, &(i64::from(day) << 32));
        if day == 7 {
            // One that somebody asks for.
            assert_eq!(run(&mut meter, 9, &[2]), [0]);
        } else {
            run(&mut meter, 10, &[1, 0, 0, 0, 23, 59, 59, 0]);
            pass(&mut meter, &mut now, 1);
        }
        let [y, mo, d, h, m, ..] = read(&mut meter, 52)[..] else {
            panic!("a time")
        };
        meter.save();
        expected.push([&[y, mo, d, h, m][..], &read(&mut meter, 23)].concat());

        let mut again = MeterDevice::new(meter.board.clone());
        let list = read(&mut again, 26);
        assert_eq!(list.len(), 6 + 5 * 43);
        let valid = (day + 1).min(4) as usize;
        let element = ((day + 1) % 5) as usize;
        assert_eq!(
            list[..6],
            [4, valid as u8, element as u8, day as u8 + 1, 0, valid as u8]
        );
        for back in 0..valid {
            let place = 6 + 43 * ((element + 5 - back) % 5);
            assert_eq!(list[place..][..43], expected[expected.len() - 1 - back]);
        }
    }
}

#[test]
fn a_supply_failure_while_registers_are_kept_leaves_those_that_were() {
    let mut meter = opened(&OPERATOR);
    for _ in 0..7 {
        assert_eq!(run(&mut meter, 9, &[3]), [0]);
    }
    let before = [23, 25, 26].map(|table| read(&mut meter, table));
    let count = usize::from(before[2][1]);
    let newest = usize::from(before[2][2]);
    let mut finished = 0;
    for writes in 0..2000 {
        let mut board = meter.board.clone();
        board.writes_left = writes;
        let mut failing = MeterDevice::new(meter.board.clone());
        failing.board = board;
        assert_eq!(failing.security(&OPERATOR), Ok(()));
        run(&mut failing, 9, &[3]);
        let mut board = failing.board.clone();
        board.writes_left = u32::MAX;
        let mut again = MeterDevice::new(board);
        let after = [23, 25, 26].map(|table| read(&mut again, table));
        // Either the reset was, or it was not; so it is with the self-read.
        if after[0][0] == before[0][0] {
            assert_eq!(after[1], before[1], "{writes}");
        } else {
            assert_eq!((after[0][0], after[1][5]), (8, 7));
            finished += 1;
        }
        let last = usize::from(after[2][2]);
        let moved = last != newest;
        assert!(!moved || last == (newest + 1) % 5);
        for back in usize::from(moved)..count {
            let place = 6 + 43 * ((last + 5 - back) % 5);
            assert_eq!(
                after[2][place..][..43],
                before[2][place..][..43],
                "{writes}"
            );
        }
    }
    assert!(finished > 0 && finished < 2000);
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

#[test]
fn lists_are_taken_as_read_and_forgotten() {
    let mut meter = opened(&UTILITY);
    // Valid and unread: log, self-reads, blocks of the load profile.
    let state = |meter: &mut Meter| {
        meter.save();
        let (log, reads, blocks) = (read(meter, 76), read(meter, 26), read(meter, 63));
        [log[1], log[9], reads[1], reads[5], blocks[1], blocks[9]]
    };
    for _ in 0..3 {
        assert_eq!(run(&mut meter, 9, &[2]), [0]);
    }
    // A power-up and three procedures.
    assert_eq!(state(&mut meter), [4, 4, 3, 3, 1, 1]);
    assert_eq!(run(&mut meter, 5, &[2, 2, 0]), [0]);
    assert_eq!(state(&mut meter), [5, 5, 3, 1, 1, 1]);
    assert_eq!(run(&mut meter, 5, &[7, 3, 0]), [0]);
    assert_eq!(state(&mut meter), [6, 3, 3, 1, 1, 1]);
    assert_eq!(run(&mut meter, 5, &[255, 9, 0]), [0]);
    // Running this one is an event too.
    assert_eq!(state(&mut meter), [7, 1, 3, 0, 1, 0]);
    for (procedure, parameters) in [
        (4, &[][..]),
        (4, &[0]),
        (4, &[4]),
        (4, &[8]),
        (4, &[1, 0]),
        (5, &[1]),
        (5, &[1, 1]),
        (5, &[0, 1, 0]),
        (5, &[4, 1, 0]),
        (5, &[1, 1, 0, 0]),
    ] {
        assert_eq!(run(&mut meter, procedure, parameters), [2]);
    }
    assert_eq!(state(&mut meter), [7, 1, 3, 0, 1, 0]);
    assert_eq!(run(&mut meter, 4, &[2]), [0]);
    assert_eq!(state(&mut meter), [8, 2, 0, 0, 1, 0]);
    meter.readings.kept.profile.intervals = 5;
    assert_eq!(run(&mut meter, 4, &[3]), [0]);
    assert_eq!(state(&mut meter), [9, 3, 0, 0, 1, 1]);
    assert_eq!(read(&mut meter, 63)[11..], [0, 0]);
    assert_eq!(run(&mut meter, 4, &[255]), [0]);
    assert_eq!(state(&mut meter), [1, 1, 0, 0, 1, 1]);
}
