//! The meter as its communications port sees it: the C12 responder's device.

use crate::calibration_store::{self as store, Board, NO_COPY};
use crate::readings::Readings;
use crate::snapshot::Snapshot;
use crate::tables::{TABLES, live};
use c12::calibration;
use c12::device::Device;
use c12::response::Response;
use c12::table::{self, Part, Source, Table};

/// ED_STD_STATUS1 bit: the meter was never calibrated.
pub const STATUS_UNPROGRAMMED: u16 = 1 << 0;
/// ED_STD_STATUS1 bit: the measurement element failed.
pub const STATUS_MEASUREMENT_ERROR: u16 = 1 << 7;

/// Password that opens a session's access until stored passwords exist: twenty times this byte.
const DEFAULT_PASSWORD: u16 = 0;

/// The factory's password until stored ones exist: twenty times this byte. With the jumper it opens the calibration.
pub const FACTORY_PASSWORD: u16 = b'1' as u16;

/// What a reader reads from.
pub struct MeterDevice<B> {
    /// What is being measured.
    pub readings: Readings,
    /// ED_STD_STATUS1.
    pub status: u16,
    /// Serial number, 16 characters.
    pub serial: [u8; 16],
    reading: Option<&'static Table>,
    /// Jumper and stored constants.
    pub board: B,
    /// Where the copy of the constants that is in use begins.
    constants: u16,
    /// 0 when this session gave the factory's password.
    not_factory: u16,
}

impl<B: Board> MeterDevice<B> {
    /// All zero: what a static begins with; call [`start`](Self::start) before use.
    pub const fn zero(board: B) -> Self {
        Self {
            readings: Readings::ZERO,
            status: 0,
            serial: [0; 16],
            reading: None,
            board,
            constants: 0,
            not_factory: 0,
        }
    }

    /// A meter that has measured nothing yet, with the constants that its board holds.
    #[must_use]
    pub fn new(board: B) -> Self {
        let mut meter = Self::zero(board);
        meter.start();
        meter.serial = [b'0'; 16];
        meter
    }

    /// Sets what is not zero at power-up, but for the serial number.
    pub fn start(&mut self) {
        self.readings.start();
        self.status = STATUS_UNPROGRAMMED;
        self.not_factory = 1;
        self.use_constants(store::newest(&self.board));
    }

    /// Measures with the constants of this copy from the next window on. Without a copy nothing changes before the next
    /// power-up: that is a meter whose calibration the factory has just withdrawn.
    fn use_constants(&mut self, copy: u16) {
        self.constants = copy;
        if copy != NO_COPY {
            self.board.load(copy, self.readings.calibrate());
            self.status &= !STATUS_UNPROGRAMMED;
        }
    }
}

/// Live bytes: those of the snapshot, which stands still while a response is under way.
struct Shown<'m> {
    snapshot: &'m Snapshot,
    status: [u8; 2],
    serial: &'m [u8; 16],
    calibration: &'m [u8],
}

impl Source for Shown<'_> {
    fn live(&mut self, id: u16, skip: u16, out: &mut [u8]) {
        let bytes: &[u8] = match id {
            live::STATUS => &self.status,
            live::SERIAL => self.serial,
            // Without constants there are none, and MT1 is all zero: version 0.
            live::CALIBRATION => self.calibration,
            offset => return self.snapshot.copy((offset + skip) as usize, out),
        };
        let bytes = bytes.get(skip as usize..).unwrap_or(&[]);
        out.fill(0);
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = *from;
        }
    }
}

impl<B: Board> Device for MeterDevice<B> {
    fn begin_read(&mut self, table: u16) -> Result<u16, Response> {
        let Some(found) = table::find(&TABLES, table) else {
            return Err(Response::Iar);
        };
        self.reading = Some(found);
        Ok(table::size(found.parts))
    }

    fn read(&mut self, _table: u16, offset: u16, out: &mut [u8]) {
        let parts: &[Part] = match self.reading {
            Some(table) => table.parts,
            None => return,
        };
        let mut source = Shown {
            snapshot: &self.readings.snapshot,
            status: self.status.to_le_bytes(),
            serial: &self.serial,
            calibration: store::table(&self.board, self.constants),
        };
        table::copy(parts, offset, out, &mut source);
    }

    fn security(&mut self, password: &[u8; 20]) -> bool {
        self.not_factory = difference(password, FACTORY_PASSWORD);
        self.not_factory == 0 || difference(password, DEFAULT_PASSWORD) == 0
    }

    fn session_ended(&mut self) {
        self.not_factory = 1;
    }

    /// Calibration constants are the only table that can be written, so far.
    fn write(&mut self, table: u16, offset: u16, data: &[u8]) -> Result<(), Response> {
        if table != calibration::TABLE {
            return Err(Response::Iar);
        }
        if self.not_factory != 0 {
            return Err(Response::Isc);
        }
        if !self.board.is_jumper_set() {
            return Err(Response::Dlk);
        }
        // Nothing to write: a question whether it is allowed.
        if !data.is_empty() {
            let copy = store::write(&mut self.board, self.constants, offset, data)?;
            self.use_constants(copy);
        }
        Ok(())
    }
}

/// 0 when the password is twenty times `byte`; takes a time that does not depend on where it differs.
#[inline(never)]
fn difference(password: &[u8; 20], byte: u16) -> u16 {
    let add = |difference: u16, given: &u8| difference | (*given as u16 ^ byte);
    password.iter().fold(0, add)
}
