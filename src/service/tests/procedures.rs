//! Procedures that restart, clear, stop recording and change the mode: access, parameters, and the supply cut at every write.

extern crate std;

use super::{FACTORY, Meter, OPERATOR, UTILITY, read};
use crate::readings::{FACTORY as FACTORY_MODE, METERING};
use crate::service::{MeterDevice, STATUS_CLOCK_ERROR};
use crate::store::MemoryBoard;
use c12::clock::Clock;
use c12::device::Device;
use c12::snapshot::offset;
use metrology::{Energy, Portable, Window};
use std::vec::Vec;

/// Runs a standard procedure and returns its result code.
fn run(meter: &mut Meter, procedure: u8, parameters: &[u8]) -> u8 {
    super::run(meter, procedure.into(), parameters)[0]
}

/// Codes of the events that count, the newest first.
fn events(meter: &mut Meter) -> Vec<u16> {
    meter.save();
    let log = read(meter, 76);
    let (valid, last) = (usize::from(log[1]), usize::from(log[3]));
    let entry = |back: usize| 11 + 16 * ((last + 32 - back) % 32);
    let code = |at: usize| u16::from_le_bytes([log[at + 10], log[at + 11]]);
    (0..valid).map(|back| code(entry(back))).collect()
}

/// Lets so many seconds pass.
fn pass(meter: &mut Meter, seconds: u32) {
    for _ in 0..seconds {
        meter.tick(meter.second_at.wrapping_add(128));
    }
}

/// Shows an energy of so many watt-hours and counts it.
fn count(meter: &mut Meter, wh: u32) {
    let import = &mut meter.readings.kept.energy.0[Energy::IMPORT];
    import.pulses = (u64::from(wh) * 32 / 5) as u32;
    meter.readings.show_energies(&Portable);
    meter.save();
}

/// A meter that has run for some days, with something in every list, a calendar, a pending one and passwords, at noon; the
/// factory's password was given.
fn used() -> Meter {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    assert_eq!(meter.security(&FACTORY), Ok(()));
    let set = [10, 0, 1, 7, 26, 11, 18, 23, 50, 0, 3];
    assert_eq!(meter.write(7, 0, &set), Ok(()));
    assert_eq!(meter.write(5, 0, b"ST5 of this meter   "), Ok(()));
    let entry = [&[b'x'; 20][..], &[7]].concat();
    assert_eq!(meter.write(42, 0, &entry), Ok(()));
    // Every day has a schedule of its own, from the first switch on tier 3.
    let mut calendar = [0; 67];
    calendar[18..21].copy_from_slice(&[0x0B, 0, 0]);
    assert_eq!(meter.write(54, 0, &calendar), Ok(()));
    let pending = [&[2, 0, 0, 0, 0, 9][..], &calendar].concat();
    assert_eq!(meter.write(4096 + 54, 0, &pending), Ok(()));
    for minutes in 1..=40 {
        count(&mut meter, 100 * minutes);
        pass(&mut meter, 60);
    }
    assert_eq!(run(&mut meter, 9, &[3]), 0);
    count(&mut meter, 5000);
    pass(&mut meter, 11 * 3600);
    meter.save();
    meter
}

/// All that a reader sees of what is recorded.
fn recorded(meter: &mut Meter) -> Vec<Vec<u8>> {
    meter.save();
    let mut all: Vec<Vec<u8>> = [23, 24, 25, 63, 2052]
        .map(|table| read(meter, table))
        .to_vec();
    // When its season ended is nobody's data.
    all[1].drain(..5);
    all.push(read(meter, 26)[..6].to_vec());
    all
}

/// What is set.
fn settings(meter: &mut Meter) -> Vec<Vec<u8>> {
    [5, 53, 54].map(|table| read(meter, table)).to_vec()
}

#[test]
fn a_warm_start_waits_for_the_end_of_the_session() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    assert_eq!(run(&mut meter, 1, &[]), 5, "not without password");
    assert_eq!(meter.security(&OPERATOR), Ok(()));
    assert_eq!(run(&mut meter, 1, &[]), 5, "nor with the open one");
    assert_eq!(meter.security(&UTILITY), Ok(()));
    assert_eq!(run(&mut meter, 1, &[0]), 2);
    pass(&mut meter, 10);
    meter.session_ended();
    pass(&mut meter, 10);
    assert_eq!(meter.board.restarts, 0, "nobody has asked for one");

    assert_eq!(meter.security(&UTILITY), Ok(()));
    assert_eq!(run(&mut meter, 1, &[]), 0);
    for _ in 0..300 {
        pass(&mut meter, 1);
        meter.window_saved();
    }
    assert_eq!(read(&mut meter, 8)[3], 0, "its answer can be read");
    assert_eq!(meter.board.restarts, 0);
    meter.session_ended();
    // The last answer goes out for a second at least; then the end of a window is the best moment.
    meter.window_saved();
    pass(&mut meter, 1);
    meter.window_saved();
    assert_eq!(meter.board.restarts, 0);
    pass(&mut meter, 1);
    let mut other = MeterDevice::new(MemoryBoard::new());
    other.restart_s = meter.restart_s;
    meter.window_saved();
    assert_eq!(meter.board.restarts, 1);
    // Without windows, with what was saved at that moment.
    other.readings.kept.energy.0[2].pulses = 77;
    pass(&mut other, 1);
    assert_eq!(other.board.restarts, 1);
    let again = MeterDevice::new(other.board.clone());
    assert_eq!(again.readings.kept.energy.0[2].pulses, 77);
    pass(&mut other, 10);
    assert_eq!(other.board.restarts, 1);
}

#[test]
fn clearing_is_for_the_factory_and_wants_the_jumper() {
    let mut meter = used();
    let before = (recorded(&mut meter), settings(&mut meter));
    for procedure in [0, 3] {
        meter.board.jumper = false;
        assert_eq!(run(&mut meter, procedure, &[]), 3);
        assert_eq!(run(&mut meter, procedure, &[1]), 2);
        meter.board.jumper = true;
        assert_eq!(meter.security(&UTILITY), Ok(()));
        assert_eq!(run(&mut meter, procedure, &[]), 5);
        meter.session_ended();
        assert_eq!(run(&mut meter, procedure, &[]), 5);
        assert_eq!(meter.security(&FACTORY), Ok(()));
    }
    assert_eq!((recorded(&mut meter), settings(&mut meter)), before);
    assert_eq!(run(&mut meter, 2, &[]), 0);
    assert_eq!(run(&mut meter, 2, &[0]), 2);
    assert_eq!((recorded(&mut meter), settings(&mut meter)), before);
}

#[test]
fn a_cleared_meter_is_as_a_new_one_and_goes_on() {
    for procedure in [0, 3] {
        let mut new = MeterDevice::new(MemoryBoard::new());
        let expected = recorded(&mut new);
        let mut meter = used();
        let before = settings(&mut meter);
        let power_ups = meter.readings.kept.power_ups;
        let number = meter.readings.kept.events;
        let clock = read(&mut meter, 52);
        meter.board.jumper = true;
        assert_eq!(run(&mut meter, procedure, &[]), 0);
        assert_eq!(recorded(&mut meter), expected);
        assert_eq!(read(&mut meter, 4)[6], 0, "nothing is pending");
        assert_eq!(events(&mut meter), [9]);
        assert_eq!(meter.readings.kept.events, number + 1);
        assert_eq!(meter.readings.kept.power_ups, power_ups);
        assert_eq!(read(&mut meter, 52), clock);
        assert_eq!(meter.status & STATUS_CLOCK_ERROR, 0);
        meter.session_ended();
        if procedure == 3 {
            assert_eq!(settings(&mut meter), before);
            assert_eq!(meter.security(&[b'x'; 20]), Ok(()));
        } else {
            assert_eq!(settings(&mut meter), settings(&mut new));
            assert!(meter.security(&[b'x'; 20]).is_err());
        }
        // Tiers, profile and demand count from zero.
        count(&mut meter, 40);
        pass(&mut meter, 15 * 60);
        meter.save();
        assert_eq!(read(&mut meter, 23)[29 + 5..], [160, 0, 0, 0]);
        assert_eq!(read(&mut meter, 63)[11..], [1, 0]);
        assert_eq!(read(&mut meter, 64)[8..10], [40, 0]);
        let tiers = read(&mut meter, 2052);
        let sum: u32 = tiers.iter().map(|byte| u32::from(*byte)).sum();
        assert_eq!(sum, 40, "{tiers:?}");
        let mut again = MeterDevice::new(meter.board.clone());
        again.readings.show_energies(&Portable);
        assert_eq!(recorded(&mut again), recorded(&mut meter));
    }
}

#[test]
fn a_supply_failure_while_it_is_cleared_leaves_all_or_nothing() {
    let mut meter = used();
    meter.board.jumper = true;
    let before = (recorded(&mut meter), settings(&mut meter));
    for procedure in [0, 3] {
        let mut seen = [0; 2];
        let mut new = MeterDevice::new(MemoryBoard::new());
        let cleared = recorded(&mut new);
        let mut cleared_settings = before.1.clone();
        if procedure == 0 {
            cleared_settings = settings(&mut new);
        }
        for writes in 0..1500 {
            let mut board = meter.board.clone();
            board.writes_left = u32::MAX;
            let mut failing = MeterDevice::new(board);
            failing.readings.show_energies(&Portable);
            failing.security(&FACTORY).expect("the password");
            failing.board.writes_left = writes;
            let _ = run(&mut failing, procedure, &[]);
            // The next start fails too, at another place.
            let mut board = failing.board.clone();
            board.writes_left = writes * 7 % 900;
            let failing = MeterDevice::new(board);
            let mut board = failing.board.clone();
            board.writes_left = u32::MAX;
            let mut again = MeterDevice::new(board);
            again.readings.show_energies(&Portable);
            let (after, set) = (recorded(&mut again), settings(&mut again));
            let is_cleared = again.readings.kept.energy == Energy::ZERO;
            seen[usize::from(is_cleared)] += 1;
            if is_cleared {
                assert_eq!(
                    (after, set),
                    (cleared.clone(), cleared_settings.clone()),
                    "{writes}"
                );
                assert_eq!(read(&mut again, 4)[6], 0);
            } else {
                assert_eq!((after, set), before, "{writes}");
                assert_ne!(read(&mut again, 4)[6], 0);
            }
            assert_ne!(again.readings.kept.profile.interval_min, 0);
            assert_eq!(again.readings.kept.copies_lost, 0);
        }
        assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    }
}

#[test]
fn nothing_is_recorded_while_the_load_profile_is_stopped() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    assert_eq!(run(&mut meter, 17, &[]), 5);
    assert_eq!(meter.security(&UTILITY), Ok(()));
    meter.readings.kept.clock = Clock::from_bytes([26, 11, 20, 12, 0, 0, 5]);
    count(&mut meter, 10);
    pass(&mut meter, 17 * 60);
    let clock = read(&mut meter, 52);
    for wrong in [16, 17] {
        assert_eq!(run(&mut meter, wrong, &[0]), 2);
    }
    assert_eq!(run(&mut meter, 16, &[]), 0, "it is recording");
    // Flags, valid blocks, the last one's element, its intervals.
    let state = |meter: &mut Meter| {
        let state = read(meter, 63);
        [state[0], state[1], state[3], state[11]]
    };
    assert_eq!(state(&mut meter), [0x24, 1, 0, 1]);
    count(&mut meter, 30);
    for _ in 0..2 {
        assert_eq!(run(&mut meter, 17, &[]), 0);
        assert_eq!(state(&mut meter), [0x04, 2, 1, 0]);
    }
    assert_eq!(read(&mut meter, 52), clock);
    let interval = |meter: &mut Meter, block: usize, interval: usize| {
        let at = 302 * block + 5 + 11 * interval;
        read(meter, 64)[at..at + 5].to_vec()
    };
    assert_eq!(interval(&mut meter, 0, 0), [0x22, 0x22, 0x20, 10, 0]);
    assert_eq!(interval(&mut meter, 0, 1), [0x07, 0x77, 0x70, 20, 0]);
    assert_eq!(interval(&mut meter, 0, 2), [0x04, 0x44, 0x40, 0, 0]);
    // The next power-up leaves it as it is, and so does the clock when it is set; neither does setting it take for ever.
    let mut meter = MeterDevice::new(meter.board.clone());
    assert_eq!(meter.security(&UTILITY), Ok(()));
    assert_eq!(state(&mut meter), [0x04, 2, 1, 0]);
    count(&mut meter, 50);
    assert_eq!(run(&mut meter, 10, &[3, 26, 11, 21, 3, 7, 0, 0]), 0);
    pass(&mut meter, 3600);
    count(&mut meter, 70);
    meter.save();
    assert_eq!(state(&mut meter), [0x04, 2, 1, 0]);
    assert_eq!(meter.write(61, 12, &[30]), Ok(()));
    assert_eq!(state(&mut meter), [0x04, 1, 1, 0]);
    assert_eq!(run(&mut meter, 16, &[]), 0);
    assert_eq!(state(&mut meter), [0x24, 1, 1, 0]);
    count(&mut meter, 75);
    pass(&mut meter, 1800);
    meter.save();
    assert_eq!(state(&mut meter), [0x24, 1, 1, 1]);
    assert_eq!(interval(&mut meter, 1, 0), [0x02, 0x22, 0x20, 5, 0]);
    assert_eq!(read(&mut meter, 64)[302..307], [26, 11, 21, 4, 30]);
}

#[test]
fn the_factory_mode_is_for_the_factory_and_ends_with_its_jumper() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    let mode = |meter: &mut Meter| read(meter, 3)[0];
    assert_eq!(mode(&mut meter), 1);
    assert_eq!(meter.security(&UTILITY), Ok(()));
    meter.board.jumper = true;
    assert_eq!(run(&mut meter, 6, &[8]), 5);
    assert_eq!(meter.security(&FACTORY), Ok(()));
    meter.board.jumper = false;
    assert_eq!(run(&mut meter, 6, &[8]), 3);
    meter.board.jumper = true;
    for (wrong, result) in [(&[][..], 2), (&[8, 0], 2), (&[0], 3), (&[2], 3), (&[9], 3)] {
        assert_eq!(run(&mut meter, 6, wrong), result, "{wrong:?}");
    }
    assert_eq!(mode(&mut meter), 1);
    assert_eq!(events(&mut meter), [2]);
    for _ in 0..2 {
        assert_eq!(run(&mut meter, 6, &[8]), 0);
        assert_eq!(mode(&mut meter), 8);
    }
    assert_eq!(events(&mut meter), [9, 9, 31, 2]);
    // It outlives the session.
    meter.session_ended();
    meter.window_saved();
    assert_eq!(mode(&mut meter), 8);
    meter.board.jumper = false;
    meter.window_saved();
    meter.window_saved();
    assert_eq!(mode(&mut meter), 1);
    assert_eq!(events(&mut meter), [30, 9, 9, 31, 2]);
    meter.board.jumper = true;
    assert_eq!(meter.security(&FACTORY), Ok(()));
    assert_eq!(run(&mut meter, 6, &[8]), 0);
    assert_eq!(meter.security(&OPERATOR), Ok(()));
    assert_eq!(run(&mut meter, 6, &[1]), 0);
    assert_eq!(mode(&mut meter), 1);
    meter.readings.mode = FACTORY_MODE;
    let mut again = MeterDevice::new(meter.board.clone());
    assert_eq!(mode(&mut again), 1, "power-up ends it");
}

#[test]
fn the_factory_mode_makes_pulses_and_counts_nothing() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    let mut window = Window::default();
    // A second of 220 V and 75 A.
    let (samples, volt, ampere) = (8000, 3_000_000, 4_000_000);
    window.sums.0[3] = 4 * samples * volt * volt;
    window.sums.0[4] = 4 * samples * ampere * ampere;
    window.sums.0[6] = 4 * samples * volt * ampere;
    window.tally.numbers = [8000 << 16, 60, 2 * volt as u32, 2 * ampere as u32, 0];
    let pulses = |meter: &mut Meter| {
        let pulses = meter.readings.account(&Portable, &window, 1, false);
        meter.save();
        pulses.trains[0].left()
    };
    assert!(pulses(&mut meter) > 0);
    let before = meter.readings.kept.energy;
    assert_ne!(before, Energy::ZERO);
    let shown = meter.readings.snapshot.half(offset::IMPORT + 4);
    meter.readings.kept.profile.status = 0;
    meter.readings.mode = FACTORY_MODE;
    for _ in 0..3 {
        assert!(pulses(&mut meter) > 0);
    }
    assert_eq!(meter.readings.kept.profile.status, 2, "partial");
    meter.readings.mode = METERING;
    // The window in which the mode ended does not count either.
    assert!(pulses(&mut meter) > 0);
    assert_eq!(meter.readings.kept.energy, before);
    assert_eq!(meter.readings.snapshot.half(offset::IMPORT + 4), shown);
    assert!(pulses(&mut meter) > 0);
    assert_ne!(meter.readings.kept.energy, before);
}
