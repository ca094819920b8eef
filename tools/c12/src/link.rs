//! Device side of the C12.18 data link: packets, ACK/NAK, duplicates, retries, time-outs.
//!
//! Read sections 2 to 4 of the protocol reference first. [`Link`] is the one place where the UART interrupt and the
//! main loop meet. Every method is short and is called either by the interrupt or inside a critical section; the
//! long work (reading tables, checking passwords) happens outside, because [`Link::turn`] hands the packet buffer
//! itself to the main loop, and [`Link::send`] gives it back. While the main loop owns it the line is ours anyway:
//! C12.18 is half duplex and the reader waits.
//!
//! One buffer serves both directions: a request is dead once its response stands in its place. The price is that a
//! repeated request may overwrite a response that was not acknowledged yet; [`Cause::Repeat`] tells the responder.
//!
//! Time is counted in ticks, [`crate::frame::TICKS_PER_S`] a second, in 16 bits that wrap: twice the longest time-out.
//! A time-out is over when one tick more has gone by, so it is never short.

use crate::crc;
use crate::frame::{Frame, Settings};
use crate::packet::{ACK, CONTROL_FIRST, CONTROL_MULTI, CONTROL_TOGGLE, HEADER, Header, NAK, STP};

/// Beside a control byte: there has been such a packet. Without, the word is 0, and there is nothing to compare a duplicate with.
const KNOWN: u16 = 0x100;

/// What the interrupt handler must do after a byte was received.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Nothing.
    Nothing,
    /// Enable the transmit interrupt; the main loop may have work too.
    Transmit,
    /// Wake the main loop: it has work.
    Wake,
    /// Set the UART to [`Link::bit_rate`] now; the reader has acknowledged the change.
    BitRate,
}

/// Why the main loop gets the frame.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// A new request is complete.
    Request,
    /// The last request again, its response not acknowledged: answer again, do not execute again.
    Repeat,
    /// A packet of a long response was acknowledged: fill in the next one.
    More,
}

/// What the main loop must do now; see [`Link::turn`].
#[derive(Debug)]
pub enum Turn<'b> {
    /// Nothing.
    Idle,
    /// Enable the transmit interrupt: a packet goes out again.
    Transmit,
    /// The reader is gone: set the UART to [`Link::bit_rate`] (the default again) and end the session.
    Lost,
    /// Answer the request in the frame, then [`Link::send`] it.
    Serve(Cause, &'b mut Frame),
}

/// Where the exchange stands; being inside a packet is told by `position`.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Waiting for a request.
    Listening,
    /// Request complete, or the next packet wanted: the main loop's turn.
    Serving,
    /// Our packet is going out.
    Sending,
    /// Our packet is out, its ACK is not in.
    Awaiting,
}

/// The data link of one port.
#[derive(Debug)]
pub struct Link<'b> {
    /// `None` while the main loop serves.
    frame: Option<&'b mut Frame>,
    phase: Phase,
    cause: Cause,
    /// Bytes of the present packet that have passed; 0 = between packets.
    position: u16,
    crc: u16,
    /// Bytes of the present packet's header, and what a received one says.
    header: [u8; HEADER as usize],
    incoming: Header,
    /// ACK or NAK to send before anything else; 0 = none.
    acknowledge: u16,
    /// Time of the last byte inside a packet, or of the end of our own.
    since: u16,
    /// Time of the last good packet in either direction.
    traffic_at: u16,
    /// The traffic time-out runs.
    active: bool,
    /// Our last response was not acknowledged.
    unacknowledged: bool,
    /// Control byte, with `KNOWN`, and CRC of the last good packet; 0 = none.
    last_control: u16,
    last_crc: u16,
    /// Data bytes of a message of several packets collected so far, and the sequence number of the last of these; the next one's is
    /// one less. 0 = no continuation is expected.
    assembled: u16,
    sequence: u16,
    /// Toggle bit of our next new packet.
    toggle: u16,
    retries: u16,
}

impl<'b> Link<'b> {
    /// A link that hears nothing, all zero: what a static begins with; [`attach`](Self::attach) it.
    pub const DETACHED: Self = Link {
        frame: None,
        phase: Phase::Listening,
        cause: Cause::Request,
        position: 0,
        crc: 0,
        header: [0; HEADER as usize],
        incoming: Header {
            control: 0,
            sequence: 0,
            len: 0,
        },
        acknowledge: 0,
        since: 0,
        traffic_at: 0,
        active: false,
        unacknowledged: false,
        last_control: 0,
        last_crc: 0,
        assembled: 0,
        sequence: 0,
        toggle: 0,
        retries: 0,
    };

    /// Listens from now on, at the default settings. `frame` is the port's one packet buffer.
    pub fn attach(&mut self, frame: &'b mut Frame) {
        frame.reset();
        self.frame = Some(frame);
    }

    /// A link that listens.
    pub fn new(frame: &'b mut Frame) -> Self {
        let mut link = Self::DETACHED;
        link.attach(frame);
        link
    }

    /// Bit-rate code in force (section 6 of the reference; 6 = 9600); the default while the main loop serves.
    pub fn bit_rate(&self) -> u16 {
        match &self.frame {
            Some(frame) => frame.settings.bit_rate,
            None => Settings::DEFAULT.bit_rate,
        }
    }

    /// Takes one received byte (0..=255). Call it from the receive interrupt; parity and framing errors are
    /// simply not passed on, the CRC notices.
    pub fn receive(&mut self, byte: u16, now: u16) -> Signal {
        let Some(frame) = self.frame.as_deref_mut() else {
            return Signal::Nothing;
        };
        if self.phase == Phase::Serving || self.phase == Phase::Sending {
            return Signal::Nothing;
        }
        if self.position == 0 {
            if byte != STP {
                return self.between_packets(byte, now);
            }
            self.crc = crc::INITIAL;
        }
        self.since = now;

        let position = self.position;
        if position == 1 && byte != 0 {
            // Not our identity: the start was noise. Another start byte is taken as the true one.
            if byte == STP {
                return Signal::Nothing;
            }
            self.position = 0;
            return self.between_packets(byte, now);
        }
        if position < HEADER {
            if let Some(place) = self.header.get_mut(position as usize) {
                *place = byte as u8;
            }
            self.crc = crc::step(self.crc, byte);
            self.position = position + 1;
            if position + 1 == HEADER && !self.header_is_good() {
                self.position = 0;
            }
            return Signal::Nothing;
        }
        let at = position - HEADER;
        let len = self.incoming.len;
        if at < len {
            // From here on a response that waits for its ACK is overwritten.
            self.phase = Phase::Listening;
            if let Some(place) = frame.payload.get_mut((self.assembled + at) as usize) {
                *place = byte as u8;
            }
        }
        if at == len {
            // The register now holds the CRC that duplicates are known by; `last_crc` is still needed for that.
            frame.crc = self.crc;
        }
        self.crc = crc::step(self.crc, byte);
        self.position = position + 1;
        if at <= len {
            return Signal::Nothing;
        }
        self.position = 0;
        self.packet_complete(now)
    }

    /// The next byte to transmit; `None` when there is none. Call it from the transmit interrupt.
    pub fn transmit(&mut self, now: u16) -> Option<u16> {
        if self.acknowledge != 0 {
            let byte = self.acknowledge;
            self.acknowledge = 0;
            return Some(byte);
        }
        if self.phase != Phase::Sending {
            return None;
        }
        let frame = self.frame.as_deref()?;
        let position = self.position;
        let tail = HEADER + frame.len;
        self.position = position + 1;
        if position > tail {
            self.position = 0;
            self.phase = Phase::Awaiting;
            self.since = now;
            self.traffic_at = now;
            return Some(!self.crc >> 8);
        }
        if position == tail {
            return Some(!self.crc & 0xFF);
        }
        let bytes: &[u8] = if position < HEADER {
            &self.header
        } else {
            &frame.payload
        };
        let index = if position < HEADER {
            position
        } else {
            position - HEADER
        };
        let byte = bytes.get(index as usize).map_or(0, |byte| *byte as u16);
        self.crc = crc::step(self.crc, byte);
        Some(byte)
    }

    /// Looks at the clock and hands out work. Call it from the main loop at least ten times a second, and whenever
    /// a [`Signal`] came.
    pub fn turn(&mut self, now: u16) -> Turn<'b> {
        let Some(frame) = self.frame.as_deref() else {
            return Turn::Idle;
        };
        match self.phase {
            Phase::Serving => {
                return match self.frame.take() {
                    Some(frame) => Turn::Serve(self.cause, frame),
                    None => Turn::Idle,
                };
            }
            Phase::Sending => return Turn::Idle,
            Phase::Listening | Phase::Awaiting => {}
        }
        let response = frame.settings.response;
        // A packet that stopped half-way is forgotten. Here and not when the next byte comes: that may be so late that the
        // ticks have come round.
        if self.position != 0 && now.wrapping_sub(self.since) > frame.settings.intercharacter {
            self.position = 0;
        }
        if self.active && now.wrapping_sub(self.traffic_at) > frame.traffic {
            return self.lose();
        }
        if self.phase == Phase::Awaiting && now.wrapping_sub(self.since) > response {
            if self.retries == 0 {
                return self.lose();
            }
            self.start_packet();
            return Turn::Transmit;
        }
        Turn::Idle
    }

    /// Back to where a connection begins.
    fn lose(&mut self) -> Turn<'b> {
        if let Some(frame) = self.frame.as_deref_mut() {
            frame.reset();
        }
        self.phase = Phase::Listening;
        self.position = 0;
        self.assembled = 0;
        self.sequence = 0;
        self.active = false;
        self.unacknowledged = false;
        self.last_control = 0;
        Turn::Lost
    }

    /// Sends the packet that the responder has put into the frame; enable the transmit interrupt afterwards.
    pub fn send(&mut self, frame: &'b mut Frame) {
        // A repeated answer keeps its toggle bit, so that the reader knows it if it has got it already.
        if self.cause != Cause::Repeat {
            self.toggle ^= CONTROL_TOGGLE;
        }
        self.retries = frame.settings.retries + 1;
        self.frame = Some(frame);
        self.unacknowledged = true;
        self.start_packet();
    }

    /// Sends the packet in the frame from its first byte; the header is built anew because receiving uses it too.
    fn start_packet(&mut self) {
        let Some(frame) = self.frame.as_deref() else {
            return;
        };
        let control = frame.control | (self.toggle ^ CONTROL_TOGGLE);
        self.header = Header {
            control,
            sequence: frame.sequence,
            len: frame.len,
        }
        .emit();
        self.retries -= 1;
        self.phase = Phase::Sending;
        self.position = 0;
        self.crc = crc::INITIAL;
    }

    /// A byte outside a packet: the acknowledgement of our last one, or noise.
    fn between_packets(&mut self, byte: u16, now: u16) -> Signal {
        if self.phase != Phase::Awaiting {
            return Signal::Nothing;
        }
        if byte == NAK && self.retries != 0 {
            self.start_packet();
            return Signal::Transmit;
        }
        if byte != ACK {
            return Signal::Nothing;
        }
        let Some(frame) = self.frame.as_deref_mut() else {
            return Signal::Nothing;
        };
        self.traffic_at = now;
        if frame.sequence != 0 {
            self.cause = Cause::More;
            self.phase = Phase::Serving;
            return Signal::Wake;
        }
        self.unacknowledged = false;
        self.phase = Phase::Listening;
        let rate = frame.settings.bit_rate;
        if frame.settings.traffic != frame.next.traffic {
            frame.traffic = frame.next.traffic;
        }
        frame.settings = frame.next;
        if frame.settings.bit_rate == rate {
            Signal::Nothing
        } else {
            Signal::BitRate
        }
    }

    /// Refuses what cannot be a packet for us, and prepares to collect its data.
    fn header_is_good(&mut self) -> bool {
        let Some(frame) = self.frame.as_deref() else {
            return false;
        };
        let Some(header) = Header::parse(&self.header, frame.settings.packet_size) else {
            return false;
        };
        self.incoming = header;
        if header.control & (CONTROL_MULTI | CONTROL_FIRST) != CONTROL_MULTI {
            // A new message; whatever was half assembled is about to be overwritten.
            self.assembled = 0;
            self.sequence = 0;
        }
        true
    }

    /// The last CRC byte is in.
    fn packet_complete(&mut self, now: u16) -> Signal {
        let Some(frame) = self.frame.as_deref_mut() else {
            return Signal::Nothing;
        };
        self.acknowledge = NAK;
        if self.crc != crc::RESIDUE {
            return Signal::Transmit;
        }
        let Header {
            control,
            sequence,
            len,
        } = self.incoming;
        let repeated = self.last_control == control | KNOWN && self.last_crc == frame.crc;
        self.active = true;
        self.traffic_at = now;

        if repeated && self.unacknowledged {
            self.acknowledge = ACK;
            self.cause = Cause::Repeat;
            self.phase = Phase::Serving;
            frame.len = len;
            return Signal::Transmit;
        }
        // A reader that starts anew sends the same Identification again, toggle included: always answer it.
        if repeated
            && !(len == 1 && frame.payload[0] as u16 == crate::service::code::IDENTIFICATION)
        {
            self.acknowledge = ACK;
            return Signal::Transmit;
        }
        if control & (CONTROL_MULTI | CONTROL_FIRST) == CONTROL_MULTI
            && sequence + 1 != self.sequence
        {
            self.assembled = 0;
            self.sequence = 0;
            return Signal::Transmit;
        }
        self.acknowledge = ACK;
        self.last_control = control | KNOWN;
        self.last_crc = frame.crc;
        self.unacknowledged = false;
        let total = self.assembled + len;
        if control & CONTROL_MULTI != 0 && sequence != 0 {
            self.assembled = total;
            self.sequence = sequence;
            return Signal::Transmit;
        }
        self.assembled = 0;
        self.sequence = 0;
        frame.len = total;
        self.cause = Cause::Request;
        self.phase = Phase::Serving;
        Signal::Transmit
    }
}
