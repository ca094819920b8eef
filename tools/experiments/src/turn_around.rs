//! How fast the communications port answers: every table that the meter announces, at every part of a second.

use anyhow::{Context, Result, ensure};
use c12::layout;
use reader::decode::{self, Dimensions};
use virtual_meter::chip::uart_line::ReceivedByte;
use virtual_meter::machine::Uart;
use virtual_meter::time::{MICROSECOND, MILLISECOND, SECOND, Time};

use crate::meter::Meter;

/// One byte at 9600 bit/s, which is stamped when it has arrived.
const BYTE: Time = 1_042 * MICROSECOND;

/// C12.18's turn-around delay: nothing may be sent sooner after the last byte received.
pub const SOONEST: Time = 175 * MICROSECOND;

/// From the end of a request to the start of what comes back.
#[derive(Clone, Copy, Debug)]
pub struct TurnAround {
    /// Shortest time to the acknowledgement.
    pub soonest_acknowledgement: Time,
    /// Longest time to the acknowledgement.
    pub slowest_acknowledgement: Time,
    /// Longest time to the response.
    pub slowest_response: Time,
    /// Requests made.
    pub requests: u32,
}

/// A port under the stopwatch.
struct Stopwatch<'m> {
    meter: &'m mut Meter,
    toggle: u8,
    found: TurnAround,
}

/// Reads every table that ST0 announces as readable `rounds` times; a round per part of the second, because the main loop is
/// busiest at the end of a window.
///
/// # Errors
/// A meter that does not answer within a second, or refuses a table that it announces (but for those only written).
pub fn of_every_table(meter: &mut Meter, rounds: u32) -> Result<TurnAround> {
    let tables = announced(&meter.read(0)?)?;
    let mut watch = Stopwatch {
        meter,
        toggle: 0,
        found: TurnAround {
            soonest_acknowledgement: Time::MAX,
            slowest_acknowledgement: 0,
            slowest_response: 0,
            requests: 0,
        },
    };
    watch.ask(&[0x20])?;
    watch.ask(&[0x60, 1, 0, 4])?;
    watch.ask(&[&[0x50, 0, 0][..], b"experiment"].concat())?;
    for round in 0..rounds {
        for table in &tables {
            let [high, low] = table.to_be_bytes();
            let mut response = watch.ask(&[0x30, high, low])?;
            // 4: more than the packets agreed on can hold. A piece of it, then.
            if response == [4] {
                response = watch.ask(&[0x3F, high, low, 0, 0, 0, 3, 0])?;
            }
            // 3: a table that is only written. Refusing it takes its time too.
            ensure!(
                matches!(response.first(), Some(0 | 3)),
                "table {table}: the meter answers {response:02x?}"
            );
            let pause = (13 + 7 * u64::from(round)) * MILLISECOND;
            watch.meter.machine.run_for(pause)?;
        }
    }
    Ok(watch.found)
}

/// Numbers of the tables in ST0's sets.
fn announced(st0: &[u8]) -> Result<Vec<u16>> {
    let layout = layout::find(0).context("ST0 has a layout")?;
    let record = decode::table(layout, st0, &Dimensions::default())?;
    let mut tables = Vec::new();
    for (set, first) in [
        ("STD_TBLS_USED", 0),
        ("MFG_TBLS_USED", layout::MANUFACTURER),
    ] {
        let numbers = record[set].as_array().context(set)?;
        tables.extend(
            numbers
                .iter()
                .filter_map(|number| Some(first + number.as_u64()? as u16)),
        );
    }
    ensure!(!tables.is_empty(), "ST0 announces no table");
    Ok(tables)
}

impl Stopwatch<'_> {
    /// Sends a request, keeps the times, acknowledges every packet of the response and returns the data of the first.
    fn ask(&mut self, data: &[u8]) -> Result<Vec<u8>> {
        let machine = &mut self.meter.machine;
        machine.take_received(Uart::Port);
        machine.send(Uart::Port, &packet(self.toggle, data));
        self.toggle ^= 0x20;
        let (mut first, mut before) = (None, 1);
        loop {
            let (since, received) = self.answer(before)?;
            let bytes: Vec<u8> = received.iter().map(|byte| byte.value).collect();
            ensure!(
                bytes.len() > before + 8
                    && bytes[..before] == [0x06][..before]
                    && bytes[before] == 0xEE,
                "no whole answer to {data:02x?} within a second: {bytes:02x?}"
            );
            let start = |at: usize| received[at].time.saturating_sub(since + BYTE);
            let found = &mut self.found;
            if before == 1 {
                found.soonest_acknowledgement = found.soonest_acknowledgement.min(start(0));
                found.slowest_acknowledgement = found.slowest_acknowledgement.max(start(0));
                found.requests += 1;
            }
            found.slowest_response = found.slowest_response.max(start(before));
            self.meter.machine.send(Uart::Port, &[6]);
            // Packets of the same message that follow have no acknowledgement before them.
            let following = bytes[before + 3];
            first.get_or_insert_with(|| bytes[before + 6..bytes.len() - 2].to_vec());
            before = 0;
            if following == 0 {
                self.meter.machine.run_for(2 * MILLISECOND)?;
                return Ok(first.unwrap_or_default());
            }
        }
    }

    /// What comes within a second after the line towards the meter is idle, up to the end of a packet that has `before`
    /// bytes before it; and since when the line has been idle.
    fn answer(&mut self, before: usize) -> Result<(Time, Vec<ReceivedByte>)> {
        let machine = &mut self.meter.machine;
        let since = machine.chip.wiring.port.idle_from();
        let mut received = Vec::new();
        // The longest packet takes 267 ms.
        while machine.chip.time() < since + SECOND {
            machine.run_for(5 * MILLISECOND)?;
            received.extend(machine.take_received(Uart::Port));
            let whole = received
                .get(before + 5)
                .is_some_and(|low| received.len() == before + usize::from(low.value) + 8);
            if whole {
                break;
            }
        }
        Ok((since, received))
    }
}

/// A packet with this control byte.
#[must_use]
pub fn packet(control: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xEE, 0, control, 0, 0, data.len() as u8];
    bytes.extend(data);
    bytes.extend(c12::crc::checksum(&bytes).to_le_bytes());
    bytes
}
