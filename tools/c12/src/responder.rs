//! Device side of PSEM: answers requests for a [`Device`], keeps the session state.
//!
//! Runs in the main loop only. States and services: sections 5 and 6 of the protocol reference. A response longer
//! than a packet is produced packet by packet from the device, so no table is ever held whole.

use crate::device::Device;
use crate::frame::{Frame, PACKET_MAX, PAYLOAD_MAX, Settings, TICKS_PER_S};
use crate::link::Cause;
use crate::packet::{CONTROL_FIRST, CONTROL_MULTI, CONTROL_TOGGLE, HEADER, OVERHEAD, place};
use crate::response::Response;
use crate::service::{RATES_MAX, READ_OVERHEAD, code, data_checksum};

/// Smallest packet worth agreeing on.
const PACKET_MIN: u16 = 32;

/// Longest response time-out and most retries that Timing setup may ask for: a reader that agrees on them and then dies
/// at another bit rate keeps the line for their product.
const RESPONSE_MAX_S: u16 = 15;
const RETRIES_MAX: u16 = 7;

/// Codes of our bit rates, the fastest first: 115 200, 57 600, 38 400, 28 800, 19 200, 14 400 and 9600 bit/s. 0x0B and 0x0C
/// are common extensions.
static RATES: [u8; 7] = [0x0C, 0x0A, 0x0B, 0x09, 0x08, 0x07, 0x06];

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
    Id = 2,
    /// Logged on.
    Session = 4,
}

/// What `execute` returns for table data, whose response begins with three bytes; no other response is that long.
const DATA: u16 = 3;

/// Bytes of a packet: the service or response code, and what follows it.
const CODE: usize = HEADER as usize;

/// A row of [`SERVICES`]: the least bytes of a request, what it does and where it is allowed.
const fn service(code: u16, length: u16, action: u16, states: u16) -> [u8; 3] {
    [code as u8, length as u8, (action | states) as u8]
}

/// Every service: its code (for Negotiate the one without rates), the bytes of its request with that, what it does and the
/// states that allow it. Writes have their data behind those bytes, Negotiate its rates.
static SERVICES: [[u8; 3]; 15] = [
    service(code::IDENTIFICATION, 1, action::IDENTIFY, ANYWHERE),
    service(code::TERMINATE, 1, action::END, CONNECTED),
    service(code::DISCONNECT, 1, action::END, CONNECTED),
    service(code::READ, 3, action::ACCESS, IN_SESSION),
    service(code::READ_DEFAULT, 1, action::ACCESS, IN_SESSION),
    service(code::READ_OFFSET, 8, action::ACCESS, IN_SESSION),
    service(code::WRITE, 5, action::ACCESS, IN_SESSION),
    service(code::WRITE_DEFAULT, 3, action::ACCESS, IN_SESSION),
    service(code::WRITE_OFFSET, 8, action::ACCESS, IN_SESSION),
    service(code::LOGON, 13, action::LOGON, IDENTIFIED),
    service(code::SECURITY, 21, action::SECURITY, IN_SESSION),
    service(code::LOGOFF, 1, action::LOGOFF, IN_SESSION),
    service(code::NEGOTIATE, 4, action::NEGOTIATE, IDENTIFIED),
    service(code::WAIT, 2, action::WAIT, CONNECTED),
    service(code::TIMING, 5, action::TIMING, IDENTIFIED),
];

/// What a service does: the upper half of a row's last byte. (Numbers without gaps, because a jump table takes half the bytes of
/// comparisons with the codes.)
mod action {
    pub const IDENTIFY: u16 = 0;
    pub const END: u16 = 1 << 4;
    pub const LOGON: u16 = 2 << 4;
    pub const SECURITY: u16 = 3 << 4;
    pub const LOGOFF: u16 = 4 << 4;
    pub const NEGOTIATE: u16 = 5 << 4;
    pub const WAIT: u16 = 6 << 4;
    pub const TIMING: u16 = 7 << 4;
    pub const ACCESS: u16 = 8 << 4;
}

/// Sets of states. Their bits are those of [`State`]; bit 0 is in every state.
const ANYWHERE: u16 = 1;
const IDENTIFIED: u16 = State::Id as u16;
const IN_SESSION: u16 = State::Session as u16;
const CONNECTED: u16 = IDENTIFIED | IN_SESSION;

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
        let mut control = frame.packet[place::CONTROL] as u16 & CONTROL_TOGGLE;
        // A repeated answer keeps its toggle bit, so that the reader knows it if it has got it already.
        if cause != Cause::Repeat {
            control ^= CONTROL_TOGGLE;
        }
        frame.size = HEADER;
        if cause == Cause::More {
            frame.packet[place::CONTROL] = (control | CONTROL_MULTI) as u8;
            let following = frame.packet[place::SEQUENCE] as u16 - 1;
            frame.packet[place::SEQUENCE] = following as u8;
            self.fill(frame, device);
        } else {
            frame.packet[place::CONTROL] = control as u8;
            frame.packet[place::SEQUENCE] = 0;
            self.answer(cause, frame, device);
        }
        frame.close();
    }

    /// Turns a request into the response, or its first packet.
    fn answer<D: Device>(&mut self, cause: Cause, frame: &mut Frame, device: &mut D) {
        if cause == Cause::Repeat && self.last != RUN_AGAIN {
            frame.push(self.last - 1);
            return;
        }
        frame.traffic = frame.settings.traffic;
        self.last = RUN_AGAIN;
        self.remaining = 0;
        let (code, length) = match self.execute(frame, device) {
            Ok(length) => (Response::Ok, length),
            Err(code) => (code, 1),
        };
        frame.packet[CODE] = code.code() as u8;
        frame.size = HEADER + length;
        if length == 1 {
            self.last = code.code() + 1;
        } else if length == DATA {
            self.fill(frame, device);
        }
    }

    /// Carries out a request. Returns the length of the response, which stands in the frame but for its first byte, ok.
    fn execute<D: Device>(&mut self, frame: &mut Frame, device: &mut D) -> Result<u16, Response> {
        let Frame {
            settings,
            next,
            traffic,
            packet,
            ..
        } = frame;
        let Some(payload) = packet[CODE..].first_chunk_mut::<PAYLOAD_MAX>() else {
            return Err(Response::Onp);
        };
        let length = frame.len;
        if length > PAYLOAD_MAX as u16 {
            return Err(Response::Onp);
        }
        let mut code = payload[0] as u16;
        // The number of rates is part of the code.
        let mut following = code.wrapping_sub(code::NEGOTIATE);
        if following > RATES_MAX {
            following = 0;
        }
        code -= following;
        let Some([_, least, states]) = SERVICES.iter().find(|row| row[0] as u16 == code) else {
            return Err(Response::Sns);
        };
        let least = *least as u16;
        if (code & 0xF0) == code::WRITE {
            // Count before the data, their checksum behind.
            following = word(payload, least - 2).wrapping_add(1);
        }
        let Some(rest) = payload.get(least as usize..length as usize) else {
            return Err(Response::Err);
        };
        if rest.len() as u16 != following {
            return Err(Response::Err);
        }
        let state = ANYWHERE | self.state as u16;
        if *states as u16 & state == 0 {
            return Err(Response::Isss);
        }
        match *states as u16 & 0xF0 {
            action::IDENTIFY => {
                // Also the friendly answer to a reader that crashed: a new connection. The bit rate stays, because
                // the request was understood at it.
                *next = Settings::DEFAULT;
                next.bit_rate = settings.bit_rate;
                self.leave(State::Id, device);
                payload[..5].copy_from_slice(&IDENTITY);
                Ok(5)
            }
            action::END => {
                *next = Settings::DEFAULT;
                self.leave(State::Base, device);
                Ok(1)
            }
            action::LOGOFF => {
                self.leave(State::Id, device);
                Ok(1)
            }
            action::LOGON => {
                if let Some(user) = payload[3..].first_chunk() {
                    device.logon(word(payload, 1), user)?;
                }
                self.state = State::Session;
                Ok(1)
            }
            action::SECURITY => {
                if let Some(password) = payload[1..].first_chunk() {
                    device.security(password)?;
                }
                Ok(1)
            }
            action::NEGOTIATE => {
                let packet_size = word(payload, 1);
                let packets = payload[3] as u16;
                if packet_size < PACKET_MIN || packets == 0 {
                    return Err(Response::Err);
                }
                let bit_rate = fastest(rest).unwrap_or(settings.bit_rate);
                let packet_size = packet_size.min(PACKET_MAX);
                next.packet_size = packet_size;
                next.packets = packets;
                next.bit_rate = bit_rate;
                put_word(payload, packet_size);
                payload[4] = bit_rate as u8;
                Ok(5)
            }
            action::WAIT => {
                *traffic = ticks(payload[1] as u16);
                Ok(1)
            }
            action::TIMING => {
                // The response is the request, within limits.
                if payload[3] as u16 > RESPONSE_MAX_S {
                    payload[3] = RESPONSE_MAX_S as u8;
                }
                if payload[4] as u16 > RETRIES_MAX {
                    payload[4] = RETRIES_MAX as u8;
                }
                next.traffic = ticks(payload[1] as u16);
                next.intercharacter = ticks(payload[2] as u16);
                next.response = ticks(payload[3] as u16);
                next.retries = payload[4] as u16;
                Ok(5)
            }
            _ => {
                // Reads and writes: of a whole table, from an offset (24 bits), or of the default table.
                let mut table = word(payload, 1);
                let mut offset = 0;
                match code & 0xF {
                    0xE => table = device.default_table()?,
                    0xF if payload[3] != 0 => return Err(Response::Onp),
                    0xF => offset = word(payload, 4),
                    _ => {}
                }
                if code >= code::WRITE {
                    if data_checksum(rest) != 0 {
                        return Err(Response::Err);
                    }
                    let Some((_, data)) = rest.split_last() else {
                        return Err(Response::Err);
                    };
                    device.write(table, offset, data)?;
                    return Ok(1);
                }
                let size = device.begin_read(table)?;
                let mut count = size;
                if code == code::READ_OFFSET {
                    if offset >= size {
                        return Err(Response::Onp);
                    }
                    count = word(payload, 6).min(size - offset);
                }
                self.begin(frame, table, offset, count)
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
    ) -> Result<u16, Response> {
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
            frame.packet[place::CONTROL] |= (CONTROL_MULTI | CONTROL_FIRST) as u8;
        }
        frame.packet[place::SEQUENCE] = following as u8;
        self.table = table;
        self.offset = offset;
        self.remaining = count;
        self.sum = 0;
        frame.packet[CODE + 1] = (count >> 8) as u8;
        frame.packet[CODE + 2] = (count & 0xFF) as u8;
        Ok(DATA)
    }

    /// Fills the packet with table data, and the checksum if it is the last one.
    #[inline(never)]
    fn fill<D: Device>(&mut self, frame: &mut Frame, device: &mut D) {
        let room = frame.settings.packet_size - (OVERHEAD - HEADER) - frame.size;
        let count = self.remaining.min(room);
        self.remaining -= count;
        for _ in 0..count {
            let byte = device.byte(self.table, self.offset);
            self.sum = self.sum.wrapping_sub(byte);
            self.offset += 1;
            frame.push(byte);
        }
        if frame.packet[place::SEQUENCE] == 0 {
            frame.push(self.sum);
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

/// Seconds of the wire in ticks; zero would end the connection at once and counts as one second.
#[inline(never)]
fn ticks(seconds: u16) -> u16 {
    seconds.max(1) * TICKS_PER_S
}

/// A number in the first 16 bytes of a request, most significant byte first.
#[inline(never)]
fn word(payload: &[u8; PAYLOAD_MAX], at: u16) -> u16 {
    let at = at as usize & 15;
    (payload[at] as u16) << 8 | payload[at + 1] as u16
}

/// Puts a number behind the response code, likewise.
fn put_word(payload: &mut [u8; PAYLOAD_MAX], value: u16) {
    payload[1] = (value >> 8) as u8;
    payload[2] = (value & 0xFF) as u8;
}

/// The fastest rate of an offer that we have.
fn fastest(offer: &[u8]) -> Option<u16> {
    for rate in &RATES {
        if offer.iter().any(|offered| offered == rate) {
            return Some(*rate as u16);
        }
    }
    None
}
