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
//! The header of what comes in stands apart: it may be noise, and then the response goes out again.
//!
//! Time is counted in ticks, [`crate::frame::TICKS_PER_S`] a second, in 16 bits that wrap: twice the longest time-out.
//! A time-out is over when one tick more has gone by, so it is never short.

use crate::crc;
use crate::frame::{Frame, Settings};
use crate::packet::{
    ACK, CONTROL_FIRST, CONTROL_FORMAT, CONTROL_MULTI, HEADER, NAK, OVERHEAD, STP, place,
};
use crate::service::code::IDENTIFICATION;

/// Beside a control byte, in a place that is 0 in every packet of ours: there has been such a packet. Without, the word is 0,
/// and there is nothing to compare a duplicate with.
const KNOWN: u16 = 1;

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
    /// Set the UART to [`Link::bit_rate`] now, if that is another one than before: the reader has acknowledged it.
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

/// Where the exchange stands; being inside a packet is told by `position`. (Numbers that make one comparison of the questions
/// asked: whether the line is ours, and whether a response stands there.)
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Waiting for a request.
    Listening = 0,
    /// The same, and what came in has overwritten a response that was not acknowledged.
    Overwritten = 1,
    /// Our packet is out, its ACK is not in.
    Awaiting = 2,
    /// Request complete, or the next packet wanted: the main loop's turn.
    Serving = 4,
    /// Our packet is going out.
    Sending = 8,
}

/// The data link of one port.
#[derive(Debug)]
pub struct Link<'b> {
    /// `None` while the main loop serves.
    frame: Option<&'b mut Frame>,
    line: Line,
}

/// Its state, but for the frame.
#[derive(Debug)]
struct Line {
    phase: Phase,
    cause: Cause,
    /// Bytes of the present packet that have passed; 0 = between packets.
    position: u16,
    /// Header of the packet that comes in.
    header: [u8; HEADER as usize],
    /// CRC register, and what it was a byte before: at a packet's end that of header and data, by which duplicates are known.
    crc: u16,
    data_crc: u16,
    /// ACK or NAK to send before anything else; 0 = none.
    acknowledge: u16,
    /// Time of the last byte inside a packet, or of the end of our own.
    since: u16,
    /// Time of the last good packet in either direction.
    traffic_at: u16,
    /// Control byte, with `KNOWN`, and CRC of the last packet taken; 0 = none, and the traffic time-out does not run.
    last_control: u16,
    last_crc: u16,
    /// Sequence number of the last packet of an unfinished message; the next one's is one less. 0 = no continuation is expected.
    sequence: u16,
    retries: u16,
}

impl<'b> Link<'b> {
    /// A link that hears nothing, all zero: what a static begins with; [`attach`](Self::attach) it.
    pub const DETACHED: Self = Link {
        frame: None,
        line: Line {
            phase: Phase::Listening,
            cause: Cause::Request,
            position: 0,
            header: [0; HEADER as usize],
            crc: 0,
            data_crc: 0,
            acknowledge: 0,
            since: 0,
            traffic_at: 0,
            last_control: 0,
            last_crc: 0,
            sequence: 0,
            retries: 0,
        },
    };

    /// Listens from now on, at the default settings. `frame` is the port's one packet buffer.
    pub fn attach(&mut self, frame: &'b mut Frame) {
        frame.begin();
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
        match self.frame.as_deref_mut() {
            Some(frame) => self.line.receive(frame, byte, now),
            None => Signal::Nothing,
        }
    }

    /// The next byte to transmit; `None` when there is none. Call it from the transmit interrupt.
    pub fn transmit(&mut self, now: u16) -> Option<u16> {
        let line = &mut self.line;
        if line.acknowledge != 0 {
            let byte = line.acknowledge;
            line.acknowledge = 0;
            return Some(byte);
        }
        if line.phase != Phase::Sending {
            return None;
        }
        let frame = self.frame.as_deref()?;
        let byte = frame.packet.get(line.position as usize)?;
        line.position += 1;
        if line.position == frame.size {
            line.position = 0;
            line.phase = Phase::Awaiting;
            line.since = now;
            line.traffic_at = now;
        }
        Some(*byte as u16)
    }

    /// Looks at the clock and hands out work. Call it from the main loop at least ten times a second, and whenever
    /// a [`Signal`] came.
    pub fn turn(&mut self, now: u16) -> Turn<'b> {
        let line = &mut self.line;
        if line.phase as u16 >= Phase::Serving as u16 {
            if line.phase == Phase::Serving
                && let Some(frame) = self.frame.take()
            {
                return Turn::Serve(line.cause, frame);
            }
            return Turn::Idle;
        }
        let Some(frame) = self.frame.as_deref_mut() else {
            return Turn::Idle;
        };
        // A packet that stopped half-way is forgotten. Here and not when the next byte comes: that may be so late that the
        // ticks have come round.
        let silence = now.wrapping_sub(line.since);
        if silence > frame.settings.intercharacter {
            line.position = 0;
        }
        if line.last_control != 0 && now.wrapping_sub(line.traffic_at) > frame.traffic {
            return line.lose(frame);
        }
        if line.phase == Phase::Awaiting && silence > frame.settings.response {
            if line.retries == 0 {
                return line.lose(frame);
            }
            line.start_packet();
            return Turn::Transmit;
        }
        Turn::Idle
    }

    /// Sends the packet that the responder has put into the frame; enable the transmit interrupt afterwards.
    pub fn send(&mut self, frame: &'b mut Frame) {
        self.line.retries = frame.settings.retries + 1;
        self.line.start_packet();
        self.frame = Some(frame);
    }
}

impl Line {
    /// Back to where a connection begins.
    fn lose<'b>(&mut self, frame: &mut Frame) -> Turn<'b> {
        frame.reset();
        self.phase = Phase::Listening;
        self.position = 0;
        self.sequence = 0;
        self.last_control = 0;
        Turn::Lost
    }

    /// Sends the packet in the frame from its first byte.
    fn start_packet(&mut self) {
        self.retries -= 1;
        self.phase = Phase::Sending;
        self.position = 0;
    }

    /// See [`Link::receive`].
    #[inline(always)]
    fn receive(&mut self, frame: &mut Frame, byte: u16, now: u16) -> Signal {
        if self.phase as u16 >= Phase::Serving as u16 {
            return Signal::Nothing;
        }
        let len = (self.header[place::LEN] as u16) << 8 | self.header[place::LEN + 1] as u16;
        let control = self.header[place::CONTROL] as u16;
        let mut position = self.position;
        // Not our identity: the start was noise.
        if position == 1 && byte != 0 {
            position = 0;
        }
        if position == HEADER {
            // Nor is what follows a packet that we could not take.
            if control & CONTROL_FORMAT != 0
                || len.wrapping_sub(1) >= frame.settings.packet_size - OVERHEAD
            {
                position = 0;
            } else {
                // From here on a response that waits for its ACK is overwritten.
                if self.phase == Phase::Awaiting {
                    self.phase = Phase::Overwritten;
                }
                // So is whatever was half assembled, when this is a new message.
                if control & (CONTROL_MULTI | CONTROL_FIRST) != CONTROL_MULTI {
                    self.sequence = 0;
                }
                if self.sequence == 0 {
                    frame.len = 0;
                }
            }
        }
        if position == 0 {
            if byte != STP {
                self.position = 0;
                return self.between_packets(frame, byte, now);
            }
            self.crc = crc::INITIAL;
        }
        self.since = now;
        if position < HEADER {
            if let Some(place) = self.header.get_mut(position as usize) {
                *place = byte as u8;
            }
        } else {
            if position > HEADER + len {
                self.position = 0;
                self.packet_complete(frame, crc::step(self.crc, byte), now);
                return Signal::Transmit;
            }
            if let Some(place) = frame.packet.get_mut((frame.len + position) as usize) {
                *place = byte as u8;
            }
        }
        self.data_crc = self.crc;
        self.crc = crc::step(self.crc, byte);
        self.position = position + 1;
        Signal::Nothing
    }

    /// A byte outside a packet: the acknowledgement of our last one, or noise.
    #[inline(always)]
    fn between_packets(&mut self, frame: &mut Frame, byte: u16, now: u16) -> Signal {
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
        self.traffic_at = now;
        if frame.packet[place::SEQUENCE] != 0 {
            self.cause = Cause::More;
            self.phase = Phase::Serving;
            return Signal::Wake;
        }
        self.phase = Phase::Listening;
        if frame.settings.traffic != frame.next.traffic {
            frame.traffic = frame.next.traffic;
        }
        frame.settings = frame.next;
        Signal::BitRate
    }

    /// The last byte is in, with which the CRC register is `crc`: acknowledges the packet, or does not.
    #[inline(always)]
    fn packet_complete(&mut self, frame: &mut Frame, crc: u16, now: u16) {
        self.acknowledge = NAK;
        if crc != crc::RESIDUE {
            return;
        }
        self.traffic_at = now;
        let control = self.header[place::CONTROL] as u16 | KNOWN;
        let mut sequence = self.header[place::SEQUENCE] as u16;
        if control & CONTROL_MULTI == 0 {
            sequence = 0;
        }
        let len = (self.header[place::LEN] as u16) << 8 | self.header[place::LEN + 1] as u16;
        if self.last_control == control && self.last_crc == self.data_crc {
            if self.phase == Phase::Overwritten {
                self.acknowledge = ACK;
                self.cause = Cause::Repeat;
                self.phase = Phase::Serving;
                frame.len = len;
                return;
            }
            // A reader that starts anew sends the same Identification again, toggle included: always answer it.
            if !(len == 1 && frame.packet[HEADER as usize] as u16 == IDENTIFICATION) {
                self.acknowledge = ACK;
                // The first packet of several stands where it stood, and the next one goes on from there.
                if control & CONTROL_FIRST != 0 {
                    frame.len = len;
                    self.sequence = sequence;
                }
                return;
            }
        }
        if control & (CONTROL_MULTI | CONTROL_FIRST) == CONTROL_MULTI
            && sequence + 1 != self.sequence
        {
            self.sequence = 0;
            return;
        }
        self.acknowledge = ACK;
        self.last_control = control;
        self.last_crc = self.data_crc;
        self.phase = Phase::Listening;
        frame.len += len;
        self.sequence = sequence;
        if sequence == 0 {
            self.cause = Cause::Request;
            self.phase = Phase::Serving;
        }
    }
}
