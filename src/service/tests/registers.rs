//! Demand and its reset, self-reads, lists: what is kept of the registers, and when.

extern crate std;

use super::*;

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
