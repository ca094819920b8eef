//! The packet buffer of a port and the link settings that travel with it.

use crate::crc;
use crate::packet::{CONTROL_TOGGLE, HEADER, OVERHEAD, STP, place};

/// Largest packet that a port takes or sends, in bytes: ST6 fits one, and RAM is scarce.
pub const PACKET_MAX: u16 = 256;

/// Times of the link are counted in ticks, so many a second: the longest time-out, 255 s, then fits 16 bits.
pub const TICKS_PER_S: u16 = 128;

/// Milliseconds of a clock that wraps after a multiple of 512 s as ticks; not for the target.
pub fn ticks(ms: u32) -> u16 {
    (ms as u64 * TICKS_PER_S as u64 / 1000) as u16
}

/// Data bytes of the largest packet.
pub const PAYLOAD_MAX: usize = (PACKET_MAX - OVERHEAD) as usize;

/// What the two ends have agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Bit-rate code of the Negotiate service; 6 = 9600.
    pub bit_rate: u16,
    /// Largest whole packet in bytes, both directions.
    pub packet_size: u16,
    /// Most packets a message may have.
    pub packets: u16,
    /// Channel traffic time-out, ticks.
    pub traffic: u16,
    /// Longest pause inside a packet, ticks.
    pub intercharacter: u16,
    /// Longest wait for an ACK, ticks.
    pub response: u16,
    /// How often a packet is sent again.
    pub retries: u16,
}

impl Settings {
    /// Before a link has taken over the frame.
    const NONE: Settings = Settings {
        bit_rate: 0,
        packet_size: 0,
        packets: 0,
        traffic: 0,
        intercharacter: 0,
        response: 0,
        retries: 0,
    };

    /// In force at every start of a connection.
    pub const DEFAULT: Settings = Settings {
        bit_rate: 6,
        packet_size: 64,
        packets: 1,
        traffic: 6 * TICKS_PER_S,
        intercharacter: TICKS_PER_S / 2,
        response: 2 * TICKS_PER_S,
        retries: 3,
    };
}

/// One packet with what both ends of the hand-over need to know about it.
#[derive(Debug)]
pub struct Frame {
    /// In force.
    pub(crate) settings: Settings,
    /// In force after the response is acknowledged.
    pub(crate) next: Settings,
    /// Traffic time-out until the next good packet (Wait lengthens it once), ticks.
    pub(crate) traffic: u16,
    /// Data bytes of the request; may exceed the packet's: then it was too large.
    pub(crate) len: u16,
    /// Bytes of a response's packet so far, its header included.
    pub(crate) size: u16,
    /// The packet. Header and CRC are those of a response: what comes in leaves the header alone.
    pub(crate) packet: [u8; PACKET_MAX as usize],
}

impl Frame {
    /// An empty frame. All zero, so that a static one costs no ROM; the link fills in the settings.
    pub const fn new() -> Self {
        Frame {
            settings: Settings::NONE,
            next: Settings::NONE,
            traffic: 0,
            len: 0,
            size: 0,
            packet: [0; PACKET_MAX as usize],
        }
    }

    /// Prepares for the first connection.
    pub(crate) fn begin(&mut self) {
        self.reset();
        self.packet[0] = STP as u8;
        // The first response's bit is the other one.
        self.packet[place::CONTROL] = CONTROL_TOGGLE as u8;
    }

    /// Puts a byte, the lower half of `byte`, behind the others of a response.
    #[inline(never)]
    pub(crate) fn push(&mut self, byte: u16) {
        let at = self.size as usize;
        self.size += 1;
        if let Some(place) = self.packet.get_mut(at) {
            *place = byte as u8;
        }
    }

    /// Makes a packet of a response's data, its control byte and its sequence number.
    pub(crate) fn close(&mut self) {
        let len = self.size - HEADER;
        self.packet[place::LEN] = (len >> 8) as u8;
        self.packet[place::LEN + 1] = (len & 0xFF) as u8;
        if let Some(packet) = self.packet.get(..self.size as usize) {
            let crc = crc::checksum(packet);
            self.push(crc);
            self.push(crc.swap_bytes());
        }
    }

    /// Back to the default settings, at once.
    #[inline(never)]
    pub(crate) fn reset(&mut self) {
        self.settings = Settings::DEFAULT;
        self.next = Settings::DEFAULT;
        self.traffic = Settings::DEFAULT.traffic;
    }
}

impl Default for Frame {
    fn default() -> Self {
        Frame::new()
    }
}
