//! The pending calendar: written, activated by time and by procedures, forgotten; cut at every write.

extern crate std;

use super::{Meter, UTILITY, read};
use crate::pending::{TABLE, TABLE_SIZE};
use crate::service::MeterDevice;
use crate::store::MemoryBoard;
use c12::clock::Clock;
use c12::device::Device;
use c12::response::Response;
use std::vec;
use std::vec::Vec;

/// A meter on which the utility's password was given, at noon of a Friday.
fn meter() -> Meter {
    meter_with(MemoryBoard::new())
}

fn meter_with(board: MemoryBoard) -> Meter {
    let mut meter = MeterDevice::new(board);
    assert_eq!(meter.security(&UTILITY), Ok(()));
    meter.readings.kept.clock = Clock::from_bytes([26, 11, 20, 12, 0, 0, 5]);
    meter
}

/// Runs a standard procedure and returns its result code.
fn run(meter: &mut Meter, procedure: u8, parameters: &[u8]) -> u8 {
    super::run(meter, procedure.into(), parameters)[0]
}

/// The pending table: an event, and a calendar that is not like another.
fn table(event: [u8; 6], first: u8) -> Vec<u8> {
    let calendar = (0..TABLE_SIZE as u8 - 6).map(|k| first.wrapping_add(k));
    event.into_iter().chain(calendar).collect()
}

/// Whether ST4 says that the calendar is pending; everything else of it is right.
fn is_pending(meter: &mut Meter, activated: [u8; 5], event: &[u8]) -> bool {
    let status = read(meter, 4);
    let is_pending = status[6] != 0;
    let mut expected = vec![0; 11];
    expected[6] = u8::from(is_pending) << 6;
    expected.extend(activated);
    expected.push(is_pending.into());
    expected.extend(event);
    expected.extend([54, 0x10]);
    assert_eq!(status, expected);
    is_pending
}

fn pass(meter: &mut Meter, seconds: u32) {
    let mut ticks = 0;
    for _ in 0..seconds * 128 {
        ticks += 1;
        meter.tick(ticks);
    }
    // The next time begins at zero again.
    meter.second_at = 0;
}

const NEVER: [u8; 5] = [0; 5];
const MANUAL: [u8; 6] = [2, 0, 0, 0, 0, 9];

#[test]
fn it_is_pending_when_its_last_byte_is_written() {
    let mut meter = meter();
    let wanted = table(MANUAL, 1);
    assert_eq!(read(&mut meter, 0)[18], 1);
    for (at, piece) in wanted.chunks(31).enumerate() {
        let event = read(&mut meter, TABLE)[..6].to_vec();
        assert!(!is_pending(&mut meter, NEVER, &event));
        assert_eq!(meter.write(TABLE, 31 * at as u16, piece), Ok(()));
    }
    assert!(is_pending(&mut meter, NEVER, &MANUAL));
    assert_eq!(read(&mut meter, TABLE), wanted);
    assert_eq!(read(&mut meter, 54), [0; 67], "it is not the calendar yet");
    // While it is written anew it is not.
    assert_eq!(meter.write(TABLE, 10, &[0]), Ok(()));
    assert!(!is_pending(&mut meter, NEVER, &MANUAL));
    for (at, piece, refused) in [
        (72, &[1, 2][..], Response::Onp),
        (74, &[], Response::Onp),
        (0, &[0; 74], Response::Onp),
        // An event after some time: not of this meter.
        (0, &table([1, 0, 0, 0, 0, 9], 1), Response::Onp),
    ] {
        assert_eq!(meter.write(TABLE, at, piece), Err(refused));
    }
    assert!(!is_pending(&mut meter, NEVER, &[1, 0, 0, 0, 0, 9]));
    for other in [4096, 4096 + 53, 4096 + 2048, 8192 + 54] {
        assert_eq!(meter.write(other, 0, &[0]), Err(Response::Iar));
        assert_eq!(meter.begin_read(other), Err(Response::Iar));
    }
    // Writing it needs what writing ST54 needs.
    assert_eq!(meter.security(&[0; 20]), Ok(()));
    assert_eq!(meter.write(TABLE, 0, &wanted), Err(Response::Isc));
    assert_eq!(meter.write(54, 0, &wanted), Err(Response::Isc));
}

#[test]
fn procedures_activate_and_forget_it() {
    let mut meter = meter();
    let wanted = table(MANUAL, 7);
    let now = [26, 11, 20, 12, 0];
    // Without one there is nothing to do.
    assert_eq!(run(&mut meter, 12, &[]), 0);
    assert_eq!(run(&mut meter, 14, &[]), 0);
    assert_eq!(read(&mut meter, 54), [0; 67]);
    assert_eq!(meter.write(TABLE, 0, &wanted), Ok(()));
    for wrong in [
        &[][..],
        &[2, 0, 0, 0, 0],
        &[2, 0, 0, 0, 0, 8],
        &[2, 0, 0, 0, 0, 9, 0],
    ] {
        for procedure in [13, 15] {
            assert_eq!(run(&mut meter, procedure, wrong), 2);
        }
    }
    assert_eq!(run(&mut meter, 15, &MANUAL), 0);
    assert!(!is_pending(&mut meter, NEVER, &MANUAL));
    assert_eq!(run(&mut meter, 12, &[]), 0);
    assert_eq!(read(&mut meter, 54), [0; 67], "it was forgotten");
    for (procedure, event) in [(12, &[][..]), (13, &MANUAL)] {
        let wanted = table(MANUAL, procedure);
        assert_eq!(meter.write(TABLE, 0, &wanted), Ok(()));
        assert_eq!(run(&mut meter, procedure, event), 0);
        assert!(!is_pending(&mut meter, now, &MANUAL));
        assert_eq!(read(&mut meter, 54), wanted[6..]);
    }
    assert_eq!(meter.write(TABLE, 0, &wanted), Ok(()));
    assert_eq!(run(&mut meter, 14, &[]), 0);
    assert!(!is_pending(&mut meter, now, &MANUAL));
}

#[test]
fn the_clock_activates_it_and_what_it_asks_for_is_done() {
    let mut meter = meter();
    let event = [0x30, 26, 11, 20, 12, 2];
    let wanted = table(event, 0);
    assert_eq!(meter.write(TABLE, 0, &wanted), Ok(()));
    pass(&mut meter, 119);
    assert!(is_pending(&mut meter, NEVER, &event));
    pass(&mut meter, 1);
    assert!(!is_pending(&mut meter, [26, 11, 20, 12, 2], &event));
    assert_eq!(read(&mut meter, 54), wanted[6..]);
    assert_eq!((read(&mut meter, 26)[1], read(&mut meter, 23)[0]), (1, 1));
    // Neither of it twice.
    pass(&mut meter, 60);
    assert_eq!((read(&mut meter, 26)[1], read(&mut meter, 23)[0]), (1, 1));
    // A time that is over does it at the next minute; a year later than now is not over.
    let event = [0, 25, 12, 31, 23, 59];
    assert_eq!(
        meter.write(TABLE, 0, &table([0, 27, 1, 1, 0, 0], 3)),
        Ok(())
    );
    pass(&mut meter, 60);
    assert!(is_pending(
        &mut meter,
        [26, 11, 20, 12, 2],
        &[0, 27, 1, 1, 0, 0]
    ));
    assert_eq!(meter.write(TABLE, 0, &table(event, 4)), Ok(()));
    pass(&mut meter, 60);
    assert!(!is_pending(&mut meter, [26, 11, 20, 12, 5], &event));
    assert_eq!(read(&mut meter, 54), table(event, 4)[6..]);
}

#[test]
fn a_supply_failure_leaves_one_calendar_or_the_other() {
    let mut meter = meter();
    let event = [0, 26, 11, 20, 12, 1];
    let (old, new) = (table(event, 50), table(event, 100));
    assert_eq!(meter.write(54, 0, &old[6..]), Ok(()));
    meter.save();
    let mut seen = [0; 3];
    for writes in 0..1200 {
        // Written, then activated by the clock; the supply fails somewhere.
        let mut failing = meter_with(meter.board.clone());
        failing.board.writes_left = writes;
        let _ = failing.write(TABLE, 0, &new);
        pass(&mut failing, 60);
        let mut board = failing.board.clone();
        board.writes_left = u32::MAX;
        let mut again = MeterDevice::new(board);
        let calendar = read(&mut again, 54);
        let status = read(&mut again, 4);
        let is_pending = status[6] != 0;
        if calendar == old[6..] {
            seen[usize::from(is_pending)] += 1;
        } else {
            assert_eq!(calendar, new[6..], "{writes}");
            seen[2] += 1;
        }
        if is_pending {
            assert_eq!(read(&mut again, TABLE), new, "{writes}");
            // The next minute does it, again if need be.
            again.readings.kept.clock = Clock::from_bytes([26, 11, 20, 12, 1, 30, 5]);
            pass(&mut again, 30);
            assert_eq!(read(&mut again, 54), new[6..]);
            assert_eq!(read(&mut again, 4)[6], 0);
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}
