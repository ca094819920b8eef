//! C12.18 packets on the wire: header, data, CRC; and the bytes that acknowledge them.
//!
//! ```text
//! 0 STP 0xEE | 1 identity 0 | 2 control | 3 sequence | 4 length, big-endian | 6 data | CRC, low byte first
//! ```

use crate::crc;

/// Start of packet.
pub const STP: u16 = 0xEE;
/// Answer to a good packet.
pub const ACK: u16 = 0x06;
/// Answer to a damaged packet.
pub const NAK: u16 = 0x15;

/// Bytes before the data of a packet.
pub const HEADER: u16 = 6;
/// Bytes of a packet that are not data: header and CRC.
pub const OVERHEAD: u16 = 8;

/// Bytes of a header.
pub(crate) mod place {
    /// `CONTROL_*` bits.
    pub const CONTROL: usize = 2;
    /// Packets of the message still to come.
    pub const SEQUENCE: usize = 3;
    /// Bytes of data, two bytes.
    pub const LEN: usize = 4;
}

/// Control bit: part of a message of several packets.
pub const CONTROL_MULTI: u16 = 0x80;
/// Control bit: first packet of such a message.
pub const CONTROL_FIRST: u16 = 0x40;
/// Control bit: changes with every new packet, stays when one is repeated.
pub const CONTROL_TOGGLE: u16 = 0x20;
/// Control bits that name the data format; 0 is C12.18.
pub const CONTROL_FORMAT: u16 = 0x03;

/// What a packet header says; STP and identity are always the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// `CONTROL_*` bits.
    pub control: u16,
    /// Packets of the message still to come.
    pub sequence: u16,
    /// Bytes of data.
    pub len: u16,
}

impl Header {
    /// Reads header bytes. `None` when this is no C12.18 packet for identity 0, or longer than a packet of
    /// `packet_size` bytes allows.
    pub fn parse(bytes: &[u8; HEADER as usize], packet_size: u16) -> Option<Self> {
        let header = Header {
            control: bytes[2] as u16,
            sequence: bytes[3] as u16,
            len: (bytes[4] as u16) << 8 | bytes[5] as u16,
        };
        let ours =
            bytes[0] as u16 == STP && bytes[1] as u16 == 0 && header.control & CONTROL_FORMAT == 0;
        let fits = header.len != 0 && header.len <= packet_size.saturating_sub(OVERHEAD);
        if ours && fits { Some(header) } else { None }
    }

    /// The bytes on the wire. `control` and `sequence` are 8-bit values.
    pub fn emit(&self) -> [u8; HEADER as usize] {
        [
            STP as u8,
            0,
            self.control as u8,
            self.sequence as u8,
            (self.len >> 8) as u8,
            (self.len & 0xFF) as u8,
        ]
    }

    /// CRC bytes, in wire order, of the packet with this header and `data`.
    pub fn crc(&self, data: &[u8]) -> [u8; 2] {
        let bytes = self.emit();
        let crc = bytes
            .iter()
            .chain(data)
            .fold(crc::INITIAL, |crc, byte| crc::step(crc, *byte as u16));
        (!crc).to_le_bytes()
    }
}
