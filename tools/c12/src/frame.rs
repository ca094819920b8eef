//! The packet buffer of a port and the link settings that travel with it.

use crate::packet::OVERHEAD;

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

/// One packet's data with what both ends of the hand-over need to know about it.
#[derive(Debug)]
pub struct Frame {
    /// In force.
    pub(crate) settings: Settings,
    /// In force after the response is acknowledged.
    pub(crate) next: Settings,
    /// Traffic time-out until the next good packet (Wait lengthens it once), ticks.
    pub(crate) traffic: u16,
    /// Control bits (multi, first) and sequence number of a response packet.
    pub(crate) control: u16,
    pub(crate) sequence: u16,
    /// CRC register before the CRC bytes of the packet just received.
    pub(crate) crc: u16,
    /// Data bytes of the request (may exceed the buffer: then it was too large), or of the response packet.
    pub(crate) len: u16,
    pub(crate) payload: [u8; PAYLOAD_MAX],
}

impl Frame {
    /// An empty frame. All zero, so that a static one costs no ROM; the link fills in the settings.
    pub const fn new() -> Self {
        Frame {
            settings: Settings::NONE,
            next: Settings::NONE,
            traffic: 0,
            control: 0,
            sequence: 0,
            crc: 0,
            len: 0,
            payload: [0; PAYLOAD_MAX],
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
