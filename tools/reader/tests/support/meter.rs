//! The tables of the test meter: a household import of 220 V, 10 A at 60 Hz, described as the firmware does it.

use c12::device::Device;
use c12::procedure::{Answer, Initiate, Outcome, number};
use c12::response::Response;
use c12::snapshot::{self, offset};
use c12::table::{self, Found, Part, Source, set_used, set_writable};
use c12::uom::{Uom, flow, multiplier, segment, time_base};

c12::tables! {
    static TABLES announced by ANNOUNCED {
        0: read ST0;
        1: read ST1;
        3: read ST3;
        5: write ST5;
        7: write ST7;
        8: read ST8;
        11: read ST11;
        12: read ST12;
        15: read ST15;
        16: read ST16;
        20: read ST21;
        21: read ST21;
        22: read ST22;
        23: read ST23;
        27: read ST27;
        28: read ST28;
        61: read ST61;
        62: read ST62;
        63: read ST63;
        64: read ST64;
        71: read ST71;
        76: read ST76;
        2048: read MT0;
        2055: read MT7;
        2057: read MT9;
    }
}

/// Bytes of the sets of standard and of manufacturer tables.
const STD: usize = table::set_len(&ANNOUNCED, 0);
const MFG: usize = table::set_len(&ANNOUNCED, 2048);

static USED: [u8; STD] = set_used(&ANNOUNCED, 0);
static USED_MFG: [u8; MFG] = set_used(&ANNOUNCED, 2048);
static WRITABLE: [u8; STD] = set_writable(&ANNOUNCED, 0);
static WRITABLE_MFG: [u8; MFG] = set_writable(&ANNOUNCED, 2048);

static ST0: [Part; 5] = [
    // Little-endian, ISO 646; TM_FORMAT 2, offset reads; int32 both; "M430", electric; no procedures, no pending.
    Part::Rom(&[
        0x02, 0x0A, 0x88, b'M', b'4', b'3', b'0', 2, 0, 0, 0, 1, 0, STD as u8, MFG as u8, 0, 0, 1,
        0,
    ]),
    Part::Rom(&USED),
    Part::Rom(&USED_MFG),
    Part::Rom(&WRITABLE),
    Part::Rom(&WRITABLE_MFG),
];
static ST1: [Part; 1] = [Part::Rom(b"M430FR2355  \x01\x00\x00\x01SERIAL-000000042")];
// Termineter's get_info wants at least one byte of manufacturer status.
static ST3: [Part; 1] = [Part::Rom(&[1, 0x01, 0x10, 0, 0x02])];
static ST5: [Part; 1] = [Part::Live {
    id: IDENTIFICATION,
    size: 20,
}];
static ST7: [Part; 0] = [];
// As long as the last procedure made it.
static ST8: [Part; 0] = [];
// No exclusions; 6 units, no demand control, no data control, 1 constant, electric, 7 sources.
static ST11: [Part; 1] = [Part::Rom(&[0, 6, 0, 0, 0, 1, 2, 7])];
static UNITS: [[u8; 4]; 6] = [
    Uom::new(
        0,
        time_base::BULK,
        multiplier::ONE,
        flow::IMPORT,
        segment::ALL,
    )
    .to_le_bytes(),
    Uom::new(
        0,
        time_base::BULK,
        multiplier::ONE,
        flow::EXPORT,
        segment::ALL,
    )
    .to_le_bytes(),
    Uom::new(
        8,
        time_base::PERIOD,
        multiplier::MILLI,
        flow::ALL,
        segment::A_N,
    )
    .to_le_bytes(),
    Uom::new(
        12,
        time_base::PERIOD,
        multiplier::MICRO,
        flow::ALL,
        segment::A_N,
    )
    .to_le_bytes(),
    Uom::new(
        0,
        time_base::INSTANTANEOUS,
        multiplier::MILLI,
        flow::NET,
        segment::A_N,
    )
    .to_le_bytes(),
    Uom::new(
        33,
        time_base::INSTANTANEOUS,
        multiplier::MICRO,
        flow::ALL,
        segment::ALL,
    )
    .to_le_bytes(),
];
static ST12: [Part; 1] = [Part::Rom(UNITS.as_flattened())];
// Multiplier 2, offset 0: only for source 3, to see that the reader applies it there and nowhere else.
static ST15: [Part; 1] = [Part::Rom(&[2, 0, 0, 0, 0, 0, 0, 0])];
// Source 2 has no unit, so that ST12's entries are counted past it.
static ST16: [Part; 1] = [Part::Rom(&[0x11, 0x11, 0x10, 0x39, 0x11, 0x11, 0x11])];
// No options; 2 summations, 1 occurrence, 5 present values.
static ST21: [Part; 1] = [Part::Rom(&[0, 0, 0, 2, 0, 0, 1, 0, 0, 5])];
static ST22: [Part; 1] = [Part::Rom(&[0, 1])];
static ST23: [Part; 2] = [
    Part::Live {
        id: offset::IMPORT as u16 + 4,
        size: 4,
    },
    Part::Live {
        id: offset::EXPORT as u16 + 4,
        size: 4,
    },
];
static ST27: [Part; 1] = [Part::Rom(&[3, 4, 5, 6, 255])];
static ST28: [Part; 5] = [
    Part::Live {
        id: HALF_VOLTAGE,
        size: 4,
    },
    Part::Live {
        id: offset::IRMS_UA as u16,
        size: 4,
    },
    Part::Live {
        id: offset::P_MW as u16,
        size: 4,
    },
    Part::Live {
        id: offset::F_UHZ as u16,
        size: 4,
    },
    Part::Rom(&[0; 4]),
];
// One set of 3 blocks of 2 intervals, 1 channel, 15 minutes; simple interval status.
static ST61: [Part; 1] = [Part::Rom(&[
    0, 0, 0, 0, 0x00, 0x08, 0x02, 3, 0, 2, 0, 1, 15,
])];
// Source 0 in 16 bits.
static ST62: [Part; 1] = [Part::Rom(&[0, 0, 255, 2])];
// Circular; 3 valid blocks, the newest is element 0 and has one interval.
static ST63: [Part; 1] = [Part::Rom(&[0x04, 3, 0, 0, 0, 9, 0, 0, 0, 3, 0, 1, 0])];
static ST64: [Part; 1] = [Part::Rom(&[
    26, 11, 20, 1, 15, 0b01, 50, 0, 0, 0, // third
    26, 11, 20, 0, 30, 0b11, 10, 0, 20, 0, // first
    26, 11, 20, 1, 0, 0b10, 30, 0, 40, 0, // second
])];
// Event numbers; no argument; 2 entries.
static ST71: [Part; 1] = [Part::Rom(&[0x01, 10, 0, 0, 0, 0, 0, 2, 0])];
static ST76: [Part; 1] = [Part::Rom(&[
    0x04, 2, 0, 0, 0, 9, 0, 0, 0, 2, 0, // circular, the newest is element 0
    26, 11, 20, 10, 47, 0, 9, 0, 1, 0, 2, 0, // power up
    26, 11, 20, 10, 46, 59, 8, 0, 1, 0, 1, 0, // power down
])];
// Larger than one response may be.
static MT9: [Part; 1] = [Part::Live {
    id: PATTERN,
    size: 32_000,
}];
static MT0: [Part; 1] = [Part::Live {
    id: 0,
    size: snapshot::SIZE as u16,
}];
// No layout: only bytes can be shown.
static MT7: [Part; 1] = [Part::Rom(&[0xDE, 0xAD])];

/// Live values other than offsets into the snapshot.
const HALF_VOLTAGE: u16 = 0x9FFE;
const PATTERN: u16 = 0x9FFF;
const IDENTIFICATION: u16 = 0x9FFD;

/// The values behind the tables.
pub struct Meter {
    snapshot: [u8; snapshot::SIZE],
    table: Found,
    identification: [u8; 20],
    answer: Answer<20>,
}

impl Meter {
    pub fn new() -> Self {
        let mut snapshot = [0; snapshot::SIZE];
        let mut put =
            |at: usize, value: i32| snapshot[at..at + 4].copy_from_slice(&value.to_le_bytes());
        for at in (offset::VRMS_MV..offset::IMPORT).step_by(4) {
            put(at, snapshot::NOT_AVAILABLE);
        }
        put(offset::SEQUENCE, 17);
        put(offset::UPTIME_S, 18);
        put(offset::FLAGS, c12::snapshot::flag::UNCALIBRATED as i32);
        put(offset::VRMS_MV, 220_012);
        put(offset::IRMS_UA, 10_000_250);
        put(offset::P_MW, -2_200_175);
        put(offset::F_UHZ, 60_000_123);
        snapshot[offset::IMPORT..offset::P_UW].fill(0xFF);
        for at in [offset::P_UW, offset::Q_UVAR] {
            snapshot[at..at + 8].copy_from_slice(&i64::MIN.to_le_bytes());
        }
        for at in (offset::P1_MW..snapshot::SIZE).step_by(4) {
            snapshot[at..at + 4].copy_from_slice(&snapshot::NOT_AVAILABLE.to_le_bytes());
        }
        // 1234.5 Wh and 7.25 Wh.
        snapshot[offset::IMPORT..offset::IMPORT + 8]
            .copy_from_slice(&(0x04D2_8000_0000u64).to_le_bytes());
        snapshot[offset::EXPORT..offset::EXPORT + 8]
            .copy_from_slice(&(0x0007_4000_0000u64).to_le_bytes());
        Meter {
            snapshot,
            table: Found::FIRST,
            identification: *b"TEST METER          ",
            answer: Answer::new(),
        }
    }
}

impl Device for Meter {
    fn begin_read(&mut self, table: u16) -> Result<u16, Response> {
        self.table = TABLES.find(table);
        if self.table == Found::NONE {
            return Err(Response::Iar);
        }
        match table {
            7 => Err(Response::Iar),
            8 => Ok(self.answer.size()),
            _ => Ok(TABLES.size(self.table)),
        }
    }

    fn byte(&mut self, table: u16, offset: u16) -> u16 {
        if table == 8 {
            return self.answer.bytes()[usize::from(offset)].into();
        }
        let mut values = Values {
            snapshot: &self.snapshot,
            identification: &self.identification,
        };
        TABLES.byte(self.table, offset, &mut values)
    }

    fn write(&mut self, table: u16, offset: u16, data: &[u8]) -> Result<(), Response> {
        match table {
            5 => {
                let place = self
                    .identification
                    .get_mut(usize::from(offset)..usize::from(offset) + data.len());
                place.ok_or(Response::Onp)?.copy_from_slice(data);
                Ok(())
            }
            7 => {
                let request = Initiate::parse(data).ok_or(Response::Err)?;
                let (outcome, data) = match (request.procedure, request.parameters) {
                    (number::REMOTE_RESET, [1]) => (Outcome::Completed, vec![]),
                    (number::REMOTE_RESET, _) => (Outcome::InvalidParameter, vec![]),
                    // Whatever it was before; what was written is what it is then.
                    (number::SET_DATE_TIME, [7, time @ ..]) if time.len() == 7 => {
                        let reply = [&[26, 1, 2, 3, 4, 5, 0x35][..], time].concat();
                        (Outcome::Completed, reply)
                    }
                    (2051, data) => (Outcome::Completed, data.to_vec()),
                    _ => (Outcome::Unrecognised, vec![]),
                };
                self.answer.data_mut()[..data.len()].copy_from_slice(&data);
                self.answer.post(&request, outcome, data.len() as u16);
                Ok(())
            }
            _ => Err(Response::Iar),
        }
    }

    fn security(&mut self, password: &[u8; 20]) -> Result<(), Response> {
        if *password == *b"secret\0\0\0\0\0\0\0\0\0\0\0\0\0\0" {
            Ok(())
        } else {
            Err(Response::Err)
        }
    }

    fn session_ended(&mut self) {}
}

struct Values<'a> {
    snapshot: &'a [u8],
    identification: &'a [u8],
}

impl Source for Values<'_> {
    fn live(&mut self, id: u16, at: u16) -> u16 {
        let at = usize::from(at);
        let byte = match id {
            PATTERN => pattern(at),
            HALF_VOLTAGE => (220_012u32 / 2).to_le_bytes()[at],
            IDENTIFICATION => self.identification[at],
            _ => self.snapshot[usize::from(id) + at],
        };
        byte.into()
    }
}

/// Byte `at` of the test meter's MT9.
pub fn pattern(at: usize) -> u8 {
    ((at * 31) >> 3) as u8
}
