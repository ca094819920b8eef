//! Reader side of C12.18: sends requests, waits for acknowledgements and responses, repeats what got lost.
//!
//! Blocking over a [`Transport`]; owns no port, no clock and no memory. The traps of section 3 of the protocol
//! reference are met here too: the meter's ACK may be lost while its response comes, and the meter repeats a response
//! whose acknowledgement it missed.

mod exchange;

use crate::frame::{Settings, TICKS_PER_S};
use crate::packet::{Header, OVERHEAD};
use crate::response::Response;
use crate::service::{READ_OVERHEAD, Request, Timing, data_checksum};

/// A byte line to a meter.
pub trait Transport {
    /// Why the line failed for good; time-outs are not errors.
    type Error;

    /// Sends bytes; returns when they are on their way.
    fn send(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// The next received byte, or `None` when none came for `timeout_ms`.
    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Self::Error>;

    /// Changes the bit rate (code of the Negotiate service) once everything sent has left.
    fn set_bit_rate(&mut self, code: u16) -> Result<(), Self::Error>;

    /// Milliseconds on any clock that only goes forward; may wrap.
    fn now_ms(&mut self) -> u32;
}

/// Why a request had no useful answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error<E> {
    /// The line failed.
    Line(E),
    /// The meter never acknowledged a packet.
    NoAcknowledgement,
    /// The meter acknowledged the request, but its response did not come, or only damaged.
    NoResponse,
    /// The meter refused the request.
    Refused(Response),
    /// The response has a code or a form that the standard does not know.
    Malformed,
    /// The request does not fit what was agreed, or the response does not fit our buffer.
    TooLarge,
}

/// What a meter says to Identification.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identification {
    /// 0 C12.18, 2 C12.21, 3 C12.22.
    pub standard: u16,
    /// Edition: 1 = 1996, 2 = 2006.
    pub version: u16,
    /// Revision of the edition.
    pub revision: u16,
}

/// How long the client waits for a response after its request was acknowledged.
const RESPONSE_WAIT_MS: u32 = 6_000;

/// A good packet; two with the same control byte and CRC are one packet sent twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Received {
    header: Header,
    crc: [u8; 2],
}

/// One connection to a meter.
#[derive(Debug)]
pub struct Client<T, B> {
    transport: T,
    settings: Settings,
    toggle: u16,
    /// The last packet received; `None` at the start of a connection.
    last: Option<Received>,
    message: B,
}

impl<T: Transport, B: AsRef<[u8]> + AsMut<[u8]>> Client<T, B> {
    /// A client that has sent nothing yet. `message` holds one request or response; 8 KB take any.
    pub fn new(transport: T, message: B) -> Self {
        Client {
            transport,
            settings: Settings::DEFAULT,
            toggle: 0,
            last: None,
            message,
        }
    }

    /// The line, for its owner's own purposes.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// What was agreed with the meter.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Most data bytes that one read can bring with the agreed sizes and our buffer.
    pub fn read_max(&self) -> u16 {
        let agreed =
            (self.settings.packet_size - OVERHEAD) as usize * self.settings.packets as usize;
        let bytes = agreed
            .min(self.message.as_ref().len())
            .saturating_sub(READ_OVERHEAD as usize);
        u16::try_from(bytes).unwrap_or(u16::MAX)
    }

    /// Starts a connection: Identification.
    pub fn identify(&mut self) -> Result<Identification, Error<T::Error>> {
        self.last = None;
        let rate = self.settings.bit_rate;
        match *self.request(&Request::Identification)? {
            [_, standard, version, revision, ..] => {
                self.settings = Settings {
                    bit_rate: rate,
                    ..Settings::DEFAULT
                };
                Ok(Identification {
                    standard: standard as u16,
                    version: version as u16,
                    revision: revision as u16,
                })
            }
            _ => Err(Error::Malformed),
        }
    }

    /// Offers sizes and bit rates (codes; empty to leave the rate), takes over what the meter chooses.
    pub fn negotiate(
        &mut self,
        packet_size: u16,
        packets: u16,
        rates: &[u8],
    ) -> Result<Settings, Error<T::Error>> {
        let (size, number, rate) = match *self.request(&Request::Negotiate {
            packet_size,
            packets,
            rates,
        })? {
            [_, high, low, number, rate] => (
                u16::from_be_bytes([high, low]),
                number as u16,
                Some(rate as u16),
            ),
            // Some meters leave the rate out when none was offered.
            [_, high, low, number] => (u16::from_be_bytes([high, low]), number as u16, None),
            _ => return Err(Error::Malformed),
        };
        if size <= OVERHEAD || size > packet_size || number == 0 || number > packets {
            return Err(Error::Malformed);
        }
        self.settings.packet_size = size;
        self.settings.packets = number;
        if let Some(rate) = rate
            && rate != self.settings.bit_rate
            && !rates.is_empty()
        {
            self.transport.set_bit_rate(rate).map_err(Error::Line)?;
            self.settings.bit_rate = rate;
        }
        Ok(self.settings)
    }

    /// Asks for other time-outs; takes over the number of retries and the time to wait for an ACK.
    pub fn timing(&mut self, timing: Timing) -> Result<Timing, Error<T::Error>> {
        let [_, traffic, intercharacter, response, retries] =
            *self.request(&Request::Timing(timing))?
        else {
            return Err(Error::Malformed);
        };
        self.settings.response = response as u16 * TICKS_PER_S;
        self.settings.retries = retries as u16;
        Ok(Timing {
            traffic_s: traffic as u16,
            intercharacter_s: intercharacter as u16,
            response_s: response as u16,
            retries: retries as u16,
        })
    }

    /// Starts a session; `user` is padded or cut by the caller.
    pub fn logon(&mut self, user_id: u16, user: &[u8; 10]) -> Result<(), Error<T::Error>> {
        self.command(&Request::Logon { user_id, user })
    }

    /// Gives a password.
    pub fn security(&mut self, password: &[u8; 20]) -> Result<(), Error<T::Error>> {
        self.command(&Request::Security { password })
    }

    /// Keeps the connection open without traffic for so many seconds (1..=255).
    pub fn wait(&mut self, seconds: u16) -> Result<(), Error<T::Error>> {
        self.command(&Request::Wait { seconds })
    }

    /// Ends the session.
    pub fn logoff(&mut self) -> Result<(), Error<T::Error>> {
        self.command(&Request::Logoff)
    }

    /// Ends the connection; both sides are back at the default settings.
    pub fn terminate(&mut self) -> Result<(), Error<T::Error>> {
        self.command(&Request::Terminate)?;
        if self.settings.bit_rate != Settings::DEFAULT.bit_rate {
            self.transport
                .set_bit_rate(Settings::DEFAULT.bit_rate)
                .map_err(Error::Line)?;
        }
        self.settings = Settings::DEFAULT;
        Ok(())
    }

    /// Reads a whole table. `Refused(Onp)` usually means that it needs several reads by offset.
    pub fn read(&mut self, table: u16) -> Result<&[u8], Error<T::Error>> {
        self.read_data(&Request::Read { table })
    }

    /// Reads part of a table; the meter may return less at the table's end.
    pub fn read_part(
        &mut self,
        table: u16,
        offset: u32,
        count: u16,
    ) -> Result<&[u8], Error<T::Error>> {
        self.read_data(&Request::ReadPart {
            table,
            offset,
            count,
        })
    }

    /// Writes a whole table (`offset` `None`) or part of it.
    pub fn write(
        &mut self,
        table: u16,
        offset: Option<u32>,
        data: &[u8],
    ) -> Result<(), Error<T::Error>> {
        self.command(&Request::Write {
            table,
            offset,
            data,
        })
    }

    /// A request that is answered by ok alone.
    fn command(&mut self, request: &Request) -> Result<(), Error<T::Error>> {
        if self.request(request)?.len() == 1 {
            Ok(())
        } else {
            Err(Error::Malformed)
        }
    }

    /// A read request; checks count and checksum of the data.
    fn read_data(&mut self, request: &Request) -> Result<&[u8], Error<T::Error>> {
        let Some((head, rest)) = self.request(request)?.split_first_chunk::<3>() else {
            return Err(Error::Malformed);
        };
        let count = u16::from_be_bytes([head[1], head[2]]) as usize;
        match rest.split_last() {
            Some((checksum, data))
                if data.len() == count && data_checksum(data) == *checksum as u16 =>
            {
                Ok(data)
            }
            _ => Err(Error::Malformed),
        }
    }

    /// Sends a request and returns the response, result byte included (it is 0).
    pub fn request(&mut self, request: &Request) -> Result<&[u8], Error<T::Error>> {
        let len = request.emit(self.message.as_mut()).ok_or(Error::TooLarge)?;
        self.send_message(len)?;
        let len = self.receive_message()?;
        let response = self.message.as_ref().get(..len).unwrap_or(&[]);
        match response
            .first()
            .map(|code| Response::from_code(*code as u16))
        {
            Some(Some(Response::Ok)) => Ok(response),
            Some(Some(code)) => Err(Error::Refused(code)),
            _ => Err(Error::Malformed),
        }
    }
}
