//! The meter as its communications port sees it: the C12 responder's device.

use crate::readings::Readings;
use crate::snapshot::Snapshot;
use crate::tables::{TABLES, live};
use c12::access;
use c12::device::Device;
use c12::response::Response;
use c12::table::{self, Part, Source, Table};

/// ED_STD_STATUS1 bit: the meter was never calibrated.
pub const STATUS_UNPROGRAMMED: u16 = 1 << 0;
/// ED_STD_STATUS1 bit: the measurement element failed.
pub const STATUS_MEASUREMENT_ERROR: u16 = 1 << 7;

/// Password that opens a session's access until stored passwords exist: twenty zeros.
const DEFAULT_PASSWORD: [u8; 20] = [0; 20];

/// What a reader reads from.
pub struct MeterDevice {
    /// What is being measured.
    pub readings: Readings,
    /// ED_STD_STATUS1.
    pub status: u16,
    /// Serial number, 16 characters.
    pub serial: [u8; 16],
    reading: Option<&'static Table>,
}

impl MeterDevice {
    /// All zero: what a static begins with; call [`start`](Self::start) before use.
    pub const ZERO: Self = Self {
        readings: Readings::ZERO,
        status: 0,
        serial: [0; 16],
        reading: None,
    };

    /// A meter that has measured nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let mut meter = Self::ZERO;
        meter.start();
        meter.serial = [b'0'; 16];
        meter
    }

    /// Sets what is not zero at power-up, but for the serial number.
    pub fn start(&mut self) {
        self.readings.start();
        self.status = STATUS_UNPROGRAMMED;
    }
}

impl Default for MeterDevice {
    fn default() -> Self {
        Self::new()
    }
}

/// Live bytes: those of the snapshot, which stands still while a response is under way.
struct Shown<'m> {
    snapshot: &'m Snapshot,
    status: [u8; 2],
    serial: &'m [u8; 16],
}

impl Source for Shown<'_> {
    fn live(&mut self, id: u16, skip: u16, out: &mut [u8]) {
        let bytes: &[u8] = match id {
            live::STATUS => &self.status,
            live::SERIAL => self.serial,
            offset => return self.snapshot.copy((offset + skip) as usize, out),
        };
        let bytes = bytes.get(skip as usize..).unwrap_or(&[]);
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = *from;
        }
    }
}

impl Device for MeterDevice {
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
        };
        table::copy(parts, offset, out, &mut source);
    }

    fn security(&mut self, password: &[u8; 20]) -> bool {
        access::same_password(password, &DEFAULT_PASSWORD)
    }

    fn session_ended(&mut self) {}
}
