//! Every table's bytes, frozen. A failing line here means that readers will see something else: change the expectation
//! only together with a new table version, never to make the test pass.

extern crate std;

use super::{TABLES, sources};
use crate::demand::Demand;
use crate::list::List;
use crate::service::{MeterDevice, STATUS_UNPROGRAMMED};
use crate::store::{Board, MemoryBoard, Place};
use c12::calibration::{self, Constants};
use c12::device::Device;
use c12::response::Response;
use c12::snapshot::offset;
use std::vec;
use std::vec::Vec;

/// The factory's password until another one is written.
const FACTORY: [u8; 20] = [b'1'; 20];

/// Bytes of a stored record with its CRC.
const RECORD: usize = calibration::SIZE + 2;

/// A meter with every live byte different from zero.
fn meter() -> MeterDevice<MemoryBoard> {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    meter.serial = *b"0123456789ABCDEF";
    meter.status = 0x0081;
    meter.readings.snapshot.put_word(offset::SEQUENCE, 7);
    meter.readings.snapshot.put_word(offset::FLAGS, 0x0000_0041);
    meter.readings.kept.demand = Demand {
        start: 7,
        resets: 3,
        time: [26, 11, 20, 17, 15],
        max_w: 3000,
        zero: 0,
    };
    meter.save();
    meter
        .readings
        .snapshot
        .put_quantity(offset::VRMS_MV, 219_998);
    meter
        .readings
        .snapshot
        .put_quantity(offset::F_UHZ, 60_000_001);
    meter
        .readings
        .snapshot
        .put_wide(offset::IMPORT, &((12_345 << 32) | 99));
    meter
        .readings
        .snapshot
        .put_wide(offset::APPARENT, &(0x0102_0304 << 32));
    meter
}

fn read(meter: &mut MeterDevice<MemoryBoard>, table: u16) -> Vec<u8> {
    let size = meter.begin_read(table).expect("table exists");
    let mut bytes = vec![0xAA; size as usize];
    meter.read(table, 0, &mut bytes);
    bytes
}

#[test]
fn general() {
    let mut meter = meter();
    assert_eq!(
        read(&mut meter, 0),
        [
            0x02, 0x0A, 0x88, b'M', b'4', b'3', b'0', 2, 0, 8, 14, 1, 0, 10, 1, 3, 1, 2,
            1, // header
            0xFF, 0xFD, 0xF1, 0x1F, // ST 0-7, 8 10-15, 16 20-23, 24-28
            0, 0x3F, 0xFC, // ST 40-45, 50-55
            0xF1, 0xC1, 0x1F, // ST 56 60-63, 64 70 71, 72-76
            0x3F, // MT0 to MT5
            0xFF, 0xF6, 0x03, // procedures 0-7 9 10 12-15 16 17
            0x03, // MP0 MP1
            0xA0, 0x20, 0, 0, 0, 0x04, 0x60, 0x20, 0,
            0,    // ST 5 7, 13, 42, 53 54, 61 can be written
            0x22  // MT1 and MT5 too
        ]
    );
    assert_eq!(
        read(&mut meter, 1),
        *b"M430METER430\x01\x00\x00\x010123456789ABCDEF"
    );
    assert_eq!(
        read(&mut meter, 2),
        *b".15625.15625\x01     \x08\0\x00100   10    "
    );
    assert_eq!(read(&mut meter, 3), [1, 0x81, 0x00, 0, 0x41, 0x00]);
    assert_eq!(read(&mut meter, 5), *b"0123456789ABCDEF    ");
    let mut utility = [b' '; 230];
    utility[80..96].copy_from_slice(b"0123456789ABCDEF");
    for version in [182, 188] {
        utility[version..version + 2].fill(0);
    }
    assert_eq!(read(&mut meter, 6), utility);
}

#[test]
fn sources_and_selections() {
    let mut meter = meter();
    assert_eq!(read(&mut meter, 11), [12, 16, 1, 0, 0, 1, 2, 16]);
    assert_eq!(
        read(&mut meter, 12),
        [
            0x00, 0x40, 0x02, 0x00, 0x00, 0x80, 0x01, 0x00, 0x01, 0x40, 0x00, 0x00, 0x01, 0x80,
            0x00, 0x00, //
            0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x02, 0x00, 0x02, 0xC0, 0x03, 0x00, 0x08, 0xF2,
            0x2B, 0x00, //
            0x0C, 0xFA, 0x2B, 0x00, 0x0C, 0xFA, 0x23, 0x00, 0x00, 0xF1, 0x2F, 0x00, 0x01, 0xF1,
            0x2F, 0x00, //
            0x02, 0xF1, 0x2B, 0x00, 0x18, 0xF9, 0x2F, 0x00, 0x21, 0xF9, 0x2B, 0x00, //
            0x00, 0x44, 0x02, 0x00
        ]
    );
    assert_eq!(read(&mut meter, 15), [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        read(&mut meter, 16),
        [
            25, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19
        ]
    );
    assert_eq!(read(&mut meter, 20), [6, 4, 5, 7, 1, 0, 1, 0, 0, 8]);
    assert_eq!(read(&mut meter, 21), read(&mut meter, 20));
    assert_eq!(read(&mut meter, 22), [0, 1, 2, 3, 4, 5, 6, 15, 1]);
    assert_eq!(read(&mut meter, 27), [7, 8, 9, 10, 11, 12, 13, 14]);
    assert_eq!(read(&mut meter, 13), [15, 1]);
    assert!(read(&mut meter, 14).is_empty());
    assert_eq!(sources::SOURCES, 16);
}

#[test]
fn registers_show_the_snapshot() {
    let mut meter = meter();
    let registers = read(&mut meter, 23);
    assert_eq!(registers.len(), 38);
    // Demand resets, the energies, time and value of the maximum demand.
    assert_eq!(registers[..5], [3, 0x39, 0x30, 0, 0]);
    assert_eq!(registers[25..29], [4, 3, 2, 1]);
    assert_eq!(registers[29..], [26, 11, 20, 17, 15, 0xB8, 0x0B, 0, 0]);
    let present = read(&mut meter, 28);
    assert_eq!(present.len(), 32);
    assert_eq!(present[..4], 219_998i32.to_le_bytes());
    assert_eq!(present[28..], 60_000_001i32.to_le_bytes());
    let snapshot = read(&mut meter, 2048);
    let mut whole = [0; c12::snapshot::SIZE];
    meter.readings.snapshot.copy(0, &mut whole);
    assert_eq!(snapshot, whole);
}

#[test]
fn access_and_time() {
    let mut meter = meter();
    assert_eq!(read(&mut meter, 10), read(&mut meter, 11));
    assert_eq!(read(&mut meter, 41), [3, 20, 0, 0, 10, 0]);
    assert_eq!(read(&mut meter, 40), read(&mut meter, 41));
    assert_eq!(read(&mut meter, 43), [0, 0x20, 0, 2, 0, 0x10, 0, 2]);
    assert_eq!(
        read(&mut meter, 44),
        [
            7, 0x40, 0, 0, // everybody starts procedures
            42, 0, 0, 4, // passwords: nobody reads them
            0x01, 0x28, 0, 4, // MT1
            0, 0x10, 0, 4, // cold start
            3, 0x10, 0, 4, // clear data
            5, 0x10, 0, 1, 6, 0x10, 0, 1, 7, 0x10, 0, 1, 9, 0x10, 0, 1, 10, 0x10, 0,
            1 // what operators run
        ]
    );
    assert!(read(&mut meter, 45).is_empty());
    assert_eq!(read(&mut meter, 51), [0, 0x13, 0x12, 0, 6, 11, 0, 67, 0]);
    assert_eq!(read(&mut meter, 53), [0; 9]);
    assert_eq!(read(&mut meter, 54), [0; 67]);
    assert_eq!(read(&mut meter, 50), read(&mut meter, 51));
    assert_eq!(read(&mut meter, 52), [0, 1, 1, 0, 0, 0, 7]);
    assert_eq!(read(&mut meter, 55), [0, 1, 1, 0, 0, 0, 7, 0, 0]);
    assert_eq!(read(&mut meter, 56), [0; 3]);
    assert_eq!(read(&mut meter, 2053), [0]);
    assert_eq!(read(&mut meter, 8), [0; 4]);
    for table in [7, 42] {
        assert_eq!(meter.begin_read(table), Err(Response::Isc), "ST{table}");
    }
}

#[test]
fn load_profile() {
    let mut meter = meter();
    let limits = read(&mut meter, 61);
    // 26 blocks of 302 bytes, extended status, 16 bits, 27 intervals of 4 channels and 15 minutes.
    assert_eq!(limits, [0xAC, 0x1E, 0, 0, 0, 4, 2, 26, 0, 27, 0, 4, 15]);
    assert_eq!(read(&mut meter, 60), limits);
    // Active import and export, reactive energy of quadrants I and IV.
    assert_eq!(
        read(&mut meter, 62),
        [0, 0, 255, 0, 1, 255, 0, 2, 255, 0, 5, 255, 2]
    );
    let kept = &mut meter.readings.kept;
    kept.lists[2] = List::from_words([7, 6, 0x0102, 7]);
    kept.profile.intervals = 5;
    meter.save();
    assert_eq!(
        read(&mut meter, 63),
        [0x24, 7, 0, 6, 0, 2, 1, 0, 0, 7, 0, 5, 0]
    );
    // A stored block of which every byte is different.
    for (at, byte) in meter.board.profile[1].iter_mut().enumerate() {
        *byte = at as u8;
    }
    let blocks = read(&mut meter, 64);
    assert_eq!(blocks.len(), 26 * 302);
    assert_eq!(
        blocks[302..318],
        [0, 1, 2, 3, 4, 0xDE, 0xEE, 0xE0, 6, 7, 8, 9, 10, 11, 12, 13]
    );
    assert_eq!(
        blocks[593..605],
        [
            0xF8, 0x88, 0x80, 214, 215, 216, 217, 218, 219, 220, 221, 0xFF
        ]
    );
}

#[test]
fn events() {
    let mut meter = meter();
    assert_eq!(read(&mut meter, 71), [3, 7, 1, 4, 4, 32, 0, 32, 0]);
    assert_eq!(read(&mut meter, 70), read(&mut meter, 71));
    // Power up, time changed, procedure invoked, table written, demand reset, daylight saving time, season, pending table activated and cleared, metering mode on and off, measurement error, tamper, switch by command and by button; wrong password.
    assert_eq!(
        read(&mut meter, 72),
        [0x14, 0x06, 0xD0, 0xF1, 0, 0x88, 0x0A, 1]
    );
    assert_eq!(
        read(&mut meter, 75),
        [
            0x14, 0x06, 0xD0, 0xF1, 0, 0x88, 0x0A, 1, // the same events
            0xA0, 0x20, 0, 0, 0, 0x04, 0x60, 0x20, 0, 0, 0x22, 0xFF, 0xF6, 3,
            3 // as ST0 has them
        ]
    );
    assert_eq!(read(&mut meter, 73), read(&mut meter, 75));
    let log = read(&mut meter, 76);
    assert_eq!(read(&mut meter, 74), log);
    assert_eq!(log.len(), 11 + 32 * 16);
    assert_eq!(
        log[..27],
        [
            4, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, // circular, one entry, the last is element 0
            0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0 // power up, number 0, the first
        ]
    );
}

#[test]
fn any_piece_of_a_table_is_that_piece_of_the_whole() {
    let mut meter = meter();
    for id in TABLES.ids() {
        // Those that are only written.
        if id == 7 || id == 42 {
            continue;
        }
        let whole = read(&mut meter, id);
        for start in 0..whole.len() {
            let mut piece = vec![0; (whole.len() - start).min(7)];
            meter.read(id, start as u16, &mut piece);
            assert_eq!(
                piece,
                whole[start..start + piece.len()],
                "ST{id} from {start}"
            );
        }
    }
}

#[test]
fn what_does_not_exist_is_refused() {
    let mut meter = meter();
    assert_eq!(meter.begin_read(46), Err(Response::Iar));
    assert_eq!(meter.begin_read(4096 + 5), Err(Response::Iar));
    assert_eq!(meter.write(46, 0, &[0]), Err(Response::Iar));
    assert_eq!(meter.write(5, 0, &[0]), Err(Response::Isc));
}

/// A meter of the factory: jumper set, its password given.
fn factory_meter() -> MeterDevice<MemoryBoard> {
    let mut meter = meter();
    meter.board.jumper = true;
    assert_eq!(meter.security(&FACTORY), Ok(()));
    meter
}

#[test]
fn calibration_is_written_with_jumper_and_password_only() {
    let data = Constants::NOMINAL.to_bytes();
    let mut meter = meter();
    meter.board.jumper = true;
    assert_eq!(
        meter.write(calibration::TABLE, 0, &data),
        Err(Response::Isc),
        "nobody has given a password yet"
    );
    let mut meter = factory_meter();
    assert_eq!(
        meter.write(calibration::TABLE, 0, &[]),
        Ok(()),
        "a question"
    );
    assert_eq!(read(&mut meter, calibration::TABLE), [0; calibration::SIZE]);

    meter.board.jumper = false;
    for data in [&data[..], &[]] {
        assert_eq!(meter.write(calibration::TABLE, 0, data), Err(Response::Dlk));
    }
    meter.board.jumper = true;
    assert_eq!(meter.security(&[0; 20]), Ok(()), "the reader's password");
    assert_eq!(
        meter.write(calibration::TABLE, 0, &data),
        Err(Response::Isc)
    );
    assert_eq!(meter.security(&FACTORY), Ok(()));
    meter.session_ended();
    assert_eq!(
        meter.write(calibration::TABLE, 0, &data),
        Err(Response::Isc)
    );
    for page in &meter.board.information {
        assert!(page[..RECORD].iter().all(|byte| *byte == 0xFF));
    }

    assert_eq!(meter.security(&FACTORY), Ok(()));
    assert_eq!(meter.write(calibration::TABLE, 0, &data), Ok(()));
    let written = Constants {
        count: 1,
        ..Constants::NOMINAL
    };
    assert_eq!(read(&mut meter, calibration::TABLE), written.to_bytes());
    assert_eq!(meter.write(2048, 0, &[0]), Err(Response::Iar));
}

#[test]
fn constants_are_in_use_and_flags_gone_after_a_write_and_after_power_up() {
    let mut constants = Constants::NOMINAL;
    constants.channels[0].gain += 1 << 20;
    let mut meter = factory_meter();
    let shown = |meter: &mut MeterDevice<MemoryBoard>| {
        meter.readings.account(
            &metrology::kernel::Portable,
            &metrology::Window::default(),
            1,
            false,
        );
        let flags = meter.readings.snapshot.word(offset::FLAGS);
        (
            meter.status & STATUS_UNPROGRAMMED,
            flags & c12::snapshot::flag::UNCALIBRATED,
        )
    };
    let uncalibrated = (STATUS_UNPROGRAMMED, c12::snapshot::flag::UNCALIBRATED);
    meter.status = STATUS_UNPROGRAMMED;
    assert_eq!(shown(&mut meter), uncalibrated);
    meter
        .write(calibration::TABLE, 0, &constants.to_bytes())
        .unwrap();
    assert_eq!(shown(&mut meter), (0, 0));

    let mut again = MeterDevice::new(meter.board.clone());
    assert_eq!(shown(&mut again), (0, 0));
    assert_eq!(
        Constants::from_bytes(&read(&mut again, calibration::TABLE).try_into().unwrap()).channels,
        constants.channels
    );
    // Both copies lost: metering goes on with nominal constants, and says so.
    for place in [Place::CALIBRATION, Place::CALIBRATION.other()] {
        meter.board.write_word(place, 10, 0x5555);
    }
    let mut broken = MeterDevice::new(meter.board.clone());
    assert_eq!(shown(&mut broken), uncalibrated);
}
