//! Device side of PSEM: answers requests for a [`Device`], keeps the session state.
//!
//! Runs in the main loop only. States and services: sections 5 and 6 of the protocol reference. A response longer
//! than a packet is produced packet by packet from the device, so no table is ever held whole.

use crate::device::Device;
use crate::frame::{Frame, PACKET_MAX, PAYLOAD_MAX, Settings};
use crate::link::Cause;
use crate::packet::{CONTROL_FIRST, CONTROL_MULTI, OVERHEAD};
use crate::response::Response;
use crate::service::{READ_OVERHEAD, Request, Timing};

/// Smallest packet worth agreeing on.
const PACKET_MIN: u16 = 32;

/// Longest response time-out and most retries that Timing setup may ask for: a reader that agrees on them and then dies
/// at another bit rate keeps the line for their product.
const RESPONSE_MAX_S: u16 = 15;
const RETRIES_MAX: u16 = 7;

/// Bit rate per code in units of 100 bit/s; 0 = not one of ours. Codes 0x0B and 0x0C are common extensions.
const RATE_HUNDREDS: [u16; 13] = [0, 0, 0, 0, 0, 0, 96, 144, 192, 288, 576, 384, 1152];

/// Answer to Identification: ok, C12.18, version 1, revision 0, no features. Every known reader takes this form.
const IDENTITY: [u8; 5] = [0, 0, 1, 0, 0];

/// `Responder::last` when the last request can simply be carried out again.
const RUN_AGAIN: u16 = 0;

/// Where a connection stands.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// No connection.
    Base = 0,
    /// Identified.
    Id,
    /// Logged on.
    Session,
}

/// What a request has led to.
enum Reply {
    /// The single byte ok.
    Done,
    /// `IDENTITY`.
    Identity,
    /// The agreed sizes and rate.
    Negotiated,
    /// The agreed times.
    Timing(Timing),
    /// Table data, from the responder's stream fields.
    Data,
}

/// The session on one port.
#[derive(Debug)]
pub struct Responder {
    state: State,
    /// One more than the one-byte response to the last request, or `RUN_AGAIN`; for a repeated request. A responder at rest
    /// is all zero, so that a static of it costs no constants.
    last: u16,
    /// The read response under way: table, next offset, bytes still to come, their running sum.
    table: u16,
    offset: u16,
    remaining: u16,
    sum: u16,
}

impl Responder {
    /// No connection.
    pub const fn new() -> Self {
        Responder {
            state: State::Base,
            last: RUN_AGAIN,
            table: 0,
            offset: 0,
            remaining: 0,
            sum: 0,
        }
    }

    /// Somebody is logged on.
    pub fn in_session(&self) -> bool {
        self.state == State::Session
    }

    /// A response to a read is under way: more packets of it follow, so its table must not change.
    pub fn is_streaming(&self) -> bool {
        self.remaining != 0
    }

    /// The reader is gone ([`Turn::Lost`](crate::link::Turn::Lost)).
    pub fn lost<D: Device>(&mut self, device: &mut D) {
        self.leave(State::Base, device);
    }

    /// Turns the request in `frame` into the response, or fills in the next packet of one.
    pub fn serve<D: Device>(&mut self, cause: Cause, frame: &mut Frame, device: &mut D) {
        if cause == Cause::More {
            frame.sequence -= 1;
            frame.control = CONTROL_MULTI;
            self.fill(frame, 0, device);
            return;
        }
        frame.control = 0;
        frame.sequence = 0;
        if cause == Cause::Repeat && self.last != RUN_AGAIN {
            frame.payload[0] = (self.last - 1) as u8;
            frame.len = 1;
            return;
        }
        frame.traffic_ms = frame.settings.traffic_ms;
        self.last = RUN_AGAIN;
        self.remaining = 0;
        match self.execute(frame, device) {
            Ok(Reply::Done) => self.short(frame, Response::Ok),
            Ok(Reply::Identity) => {
                frame.payload[..5].copy_from_slice(&IDENTITY);
                frame.len = 5;
            }
            Ok(Reply::Negotiated) => {
                let next = frame.next;
                frame.payload[0] = 0;
                frame.payload[1] = (next.packet_size >> 8) as u8;
                frame.payload[2] = (next.packet_size & 0xFF) as u8;
                frame.payload[3] = next.packets as u8;
                frame.payload[4] = next.bit_rate as u8;
                frame.len = 5;
            }
            Ok(Reply::Timing(timing)) => {
                frame.payload[0] = 0;
                frame.payload[1] = timing.traffic_s as u8;
                frame.payload[2] = timing.intercharacter_s as u8;
                frame.payload[3] = timing.response_s as u8;
                frame.payload[4] = timing.retries as u8;
                frame.len = 5;
            }
            Ok(Reply::Data) => {
                let count = self.remaining;
                frame.payload[0] = 0;
                frame.payload[1] = (count >> 8) as u8;
                frame.payload[2] = (count & 0xFF) as u8;
                self.fill(frame, 3, device);
            }
            Err(code) => self.short(frame, code),
        }
    }

    /// A response of one byte, remembered.
    fn short(&mut self, frame: &mut Frame, code: Response) {
        self.last = code.code() + 1;
        frame.payload[0] = code.code() as u8;
        frame.len = 1;
    }

    /// Carries out a request.
    fn execute<D: Device>(&mut self, frame: &mut Frame, device: &mut D) -> Result<Reply, Response> {
        let Some(bytes) = frame.payload.get(..frame.len as usize) else {
            return Err(Response::Onp);
        };
        let request = Request::parse(bytes)?;
        let state = self.state;
        let allowed = match request {
            Request::Identification => true,
            Request::Terminate | Request::Disconnect | Request::Wait { .. } => state != State::Base,
            Request::Negotiate { .. } | Request::Timing(_) | Request::Logon { .. } => {
                state == State::Id
            }
            _ => state == State::Session,
        };
        if !allowed {
            return Err(Response::Isss);
        }
        match request {
            Request::Identification => {
                // Also the friendly answer to a reader that crashed: a new connection. The bit rate stays, because
                // the request was understood at it.
                let bit_rate = frame.settings.bit_rate;
                frame.next = Settings::DEFAULT;
                frame.next.bit_rate = bit_rate;
                self.leave(State::Id, device);
                Ok(Reply::Identity)
            }
            Request::Terminate | Request::Disconnect => {
                frame.next = Settings::DEFAULT;
                self.leave(State::Base, device);
                Ok(Reply::Done)
            }
            Request::Logoff => {
                self.leave(State::Id, device);
                Ok(Reply::Done)
            }
            Request::Logon { user_id, user } => {
                device.logon(user_id, user)?;
                self.state = State::Session;
                Ok(Reply::Done)
            }
            Request::Security { password } => {
                if device.security(password) {
                    Ok(Reply::Done)
                } else {
                    Err(Response::Err)
                }
            }
            Request::Negotiate {
                packet_size,
                packets,
                rates,
            } => {
                if packet_size < PACKET_MIN || packets == 0 {
                    return Err(Response::Err);
                }
                let bit_rate = fastest(rates).unwrap_or(frame.settings.bit_rate);
                frame.next.packet_size = packet_size.min(PACKET_MAX);
                frame.next.packets = packets;
                frame.next.bit_rate = bit_rate;
                Ok(Reply::Negotiated)
            }
            Request::Wait { seconds } => {
                frame.traffic_ms = milliseconds(seconds);
                Ok(Reply::Done)
            }
            Request::Timing(timing) => {
                let timing = Timing {
                    response_s: timing.response_s.min(RESPONSE_MAX_S),
                    retries: timing.retries.min(RETRIES_MAX),
                    ..timing
                };
                frame.next.traffic_ms = milliseconds(timing.traffic_s);
                frame.next.intercharacter_ms = milliseconds(timing.intercharacter_s);
                frame.next.response_ms = milliseconds(timing.response_s);
                frame.next.retries = timing.retries;
                Ok(Reply::Timing(timing))
            }
            Request::Read { table } => {
                let size = device.begin_read(table)?;
                self.begin(frame, table, 0, size)
            }
            Request::ReadDefault => {
                let table = device.default_table()?;
                let size = device.begin_read(table)?;
                self.begin(frame, table, 0, size)
            }
            Request::WriteDefault { data } => {
                let table = device.default_table()?;
                device.write(table, 0, data)?;
                Ok(Reply::Done)
            }
            Request::ReadPart {
                table,
                offset,
                count,
            } => {
                let size = device.begin_read(table)?;
                if offset >= size as u32 {
                    return Err(Response::Onp);
                }
                let offset = offset as u16;
                self.begin(frame, table, offset, count.min(size - offset))
            }
            Request::Write {
                table,
                offset,
                data,
            } => {
                let offset = offset.unwrap_or(0);
                if offset > 0xFFFF {
                    return Err(Response::Onp);
                }
                device.write(table, offset as u16, data)?;
                Ok(Reply::Done)
            }
        }
    }

    /// Starts a data response, if the agreed number of packets can hold it.
    fn begin(
        &mut self,
        frame: &mut Frame,
        table: u16,
        offset: u16,
        count: u16,
    ) -> Result<Reply, Response> {
        let room = frame.settings.packet_size - OVERHEAD;
        let Some(mut left) = count.checked_add(READ_OVERHEAD) else {
            return Err(Response::Onp);
        };
        let mut following = 0;
        while left > room {
            left -= room;
            following += 1;
        }
        if following >= frame.settings.packets {
            return Err(Response::Onp);
        }
        if following != 0 {
            frame.control = CONTROL_MULTI | CONTROL_FIRST;
        }
        frame.sequence = following;
        self.table = table;
        self.offset = offset;
        self.remaining = count;
        self.sum = 0;
        Ok(Reply::Data)
    }

    /// Fills the packet from `at` on with table data, and the checksum if it is the last one.
    fn fill<D: Device>(&mut self, frame: &mut Frame, at: u16, device: &mut D) {
        let room = (frame.settings.packet_size - OVERHEAD).min(PAYLOAD_MAX as u16);
        let count = self.remaining.min(room - at);
        let end = at + count;
        if let Some(out) = frame.payload.get_mut(at as usize..end as usize) {
            device.read(self.table, self.offset, out);
            for byte in out.iter() {
                self.sum = self.sum.wrapping_sub(*byte as u16);
            }
        }
        self.offset += count;
        self.remaining -= count;
        frame.len = end;
        if frame.sequence == 0
            && let Some(place) = frame.payload.get_mut(end as usize)
        {
            *place = self.sum as u8;
            frame.len = end + 1;
        }
    }

    /// Leaves whatever state we are in; the device hears of a session's end.
    fn leave<D: Device>(&mut self, state: State, device: &mut D) {
        if self.state == State::Session {
            device.session_ended();
        }
        self.remaining = 0;
        self.state = state;
    }
}

impl Default for Responder {
    fn default() -> Self {
        Responder::new()
    }
}

/// Seconds of the wire in milliseconds; zero would end the connection at once and counts as one second.
#[inline(never)]
fn milliseconds(seconds: u16) -> u32 {
    seconds.max(1) as u32 * 1000
}

/// The fastest rate of an offer that we have.
fn fastest(rates: &[u8]) -> Option<u16> {
    let mut best = None;
    let mut best_hundreds = 0;
    for rate in rates {
        let code = *rate as u16;
        let hundreds = RATE_HUNDREDS.get(code as usize).copied().unwrap_or(0);
        if hundreds > best_hundreds {
            best_hundreds = hundreds;
            best = Some(code);
        }
    }
    best
}
