//! PSEM requests: what a reader may ask. The meter takes them apart where it answers them (`responder`).
//!
//! Section 6 of the protocol reference, byte by byte. Integers in PSEM headers are big-endian, whatever the tables use.

/// Service codes; for families the lowest one.
pub mod code {
    /// Who are you.
    pub const IDENTIFICATION: u16 = 0x20;
    /// End of the connection.
    pub const TERMINATE: u16 = 0x21;
    /// The same on later editions' links.
    pub const DISCONNECT: u16 = 0x22;
    /// Whole table.
    pub const READ: u16 = 0x30;
    /// The table that the meter is mostly read for.
    pub const READ_DEFAULT: u16 = 0x3E;
    /// Part of a table.
    pub const READ_OFFSET: u16 = 0x3F;
    /// Whole table.
    pub const WRITE: u16 = 0x40;
    /// The default table.
    pub const WRITE_DEFAULT: u16 = 0x4E;
    /// Part of a table.
    pub const WRITE_OFFSET: u16 = 0x4F;
    /// Start of a session.
    pub const LOGON: u16 = 0x50;
    /// Password.
    pub const SECURITY: u16 = 0x51;
    /// End of a session.
    pub const LOGOFF: u16 = 0x52;
    /// Packet size, number and bit rate; plus the number of rates offered, up to 11.
    pub const NEGOTIATE: u16 = 0x60;
    /// Longer time-out, once.
    pub const WAIT: u16 = 0x70;
    /// Time-outs and retries.
    pub const TIMING: u16 = 0x71;
}

/// Most bit rates that one Negotiate can offer.
pub(crate) const RATES_MAX: u16 = 11;

/// Bytes around the data of a Read response: result, count, checksum.
pub const READ_OVERHEAD: u16 = 4;

/// Link timing as Timing setup carries it; seconds, but for the number of retries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Channel traffic time-out, 1..=255 s.
    pub traffic_s: u16,
    /// Inter-character time-out, 1..=255 s.
    pub intercharacter_s: u16,
    /// Response time-out, 1..=255 s.
    pub response_s: u16,
    /// Number of times a packet is sent again, 0..=255.
    pub retries: u16,
}

/// One request. Integers are kept in 16 bits or more for the MSP430's sake; ranges are those of the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request<'a> {
    /// 0x20.
    Identification,
    /// 0x21.
    Terminate,
    /// 0x22.
    Disconnect,
    /// 0x30: the whole table.
    Read {
        /// Table number on the wire: ST n, or 2048 + n for MT n.
        table: u16,
    },
    /// 0x3E: the whole default table.
    ReadDefault,
    /// 0x3F: `count` bytes from `offset`.
    ReadPart {
        /// Table number.
        table: u16,
        /// First byte, 24 bits.
        offset: u32,
        /// Number of bytes.
        count: u16,
    },
    /// 0x40 (offset `None`) and 0x4F.
    Write {
        /// Table number.
        table: u16,
        /// First byte, 24 bits; `None` writes the whole table.
        offset: Option<u32>,
        /// What to write; its checksum was right.
        data: &'a [u8],
    },
    /// 0x4E: the whole default table.
    WriteDefault {
        /// What to write; its checksum was right.
        data: &'a [u8],
    },
    /// 0x50.
    Logon {
        /// Goes into event-log entries.
        user_id: u16,
        /// Name, padded with anything.
        user: &'a [u8; 10],
    },
    /// 0x51.
    Security {
        /// In clear, padded with anything.
        password: &'a [u8; 20],
    },
    /// 0x52.
    Logoff,
    /// 0x60..=0x6B.
    Negotiate {
        /// Whole packet, bytes.
        packet_size: u16,
        /// Packets the reader can put together.
        packets: u16,
        /// Bit-rate codes it offers, any order; empty: leave the rate alone.
        rates: &'a [u8],
    },
    /// 0x70.
    Wait {
        /// Traffic time-out until the next packet.
        seconds: u16,
    },
    /// 0x71.
    Timing(Timing),
}

/// Checksum of table data: the byte that makes the sum of all of them zero.
pub fn data_checksum(data: &[u8]) -> u16 {
    data.iter()
        .fold(0u16, |sum, byte| sum.wrapping_sub(*byte as u16))
        & 0xFF
}

impl Request<'_> {
    /// Writes the request into `out` and returns its length; `None` when `out` is too small or a field does not fit
    /// the wire (more than 11 rates, more data than a count can say).
    pub fn emit(&self, out: &mut [u8]) -> Option<usize> {
        let mut writer = Writer { out, at: 0 };
        match *self {
            Request::Identification => writer.byte(code::IDENTIFICATION)?,
            Request::Terminate => writer.byte(code::TERMINATE)?,
            Request::Disconnect => writer.byte(code::DISCONNECT)?,
            Request::Logoff => writer.byte(code::LOGOFF)?,
            Request::ReadDefault => writer.byte(code::READ_DEFAULT)?,
            Request::Read { table } => {
                writer.byte(code::READ)?;
                writer.word(table)?;
            }
            Request::ReadPart {
                table,
                offset,
                count,
            } => {
                writer.byte(code::READ_OFFSET)?;
                writer.word(table)?;
                writer.bytes(offset.to_be_bytes().get(1..)?)?;
                writer.word(count)?;
            }
            Request::Write {
                table,
                offset,
                data,
            } => {
                writer.byte(if offset.is_some() {
                    code::WRITE_OFFSET
                } else {
                    code::WRITE
                })?;
                writer.word(table)?;
                if let Some(offset) = offset {
                    writer.bytes(offset.to_be_bytes().get(1..)?)?;
                }
                writer.data(data)?;
            }
            Request::WriteDefault { data } => {
                writer.byte(code::WRITE_DEFAULT)?;
                writer.data(data)?;
            }
            Request::Logon { user_id, user } => {
                writer.byte(code::LOGON)?;
                writer.word(user_id)?;
                writer.bytes(user)?;
            }
            Request::Security { password } => {
                writer.byte(code::SECURITY)?;
                writer.bytes(password)?;
            }
            Request::Negotiate {
                packet_size,
                packets,
                rates,
            } => {
                let offered = u16::try_from(rates.len())
                    .ok()
                    .filter(|offered| *offered <= RATES_MAX)?;
                writer.byte(code::NEGOTIATE + offered)?;
                writer.word(packet_size)?;
                writer.byte(packets)?;
                writer.bytes(rates)?;
            }
            Request::Wait { seconds } => {
                writer.byte(code::WAIT)?;
                writer.byte(seconds)?;
            }
            Request::Timing(timing) => {
                writer.byte(code::TIMING)?;
                writer.byte(timing.traffic_s)?;
                writer.byte(timing.intercharacter_s)?;
                writer.byte(timing.response_s)?;
                writer.byte(timing.retries)?;
            }
        }
        Some(writer.at)
    }
}

/// Appends to a slice, refusing to run over its end.
struct Writer<'o> {
    out: &'o mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.out
            .get_mut(self.at..self.at + bytes.len())?
            .copy_from_slice(bytes);
        self.at += bytes.len();
        Some(())
    }

    fn byte(&mut self, byte: u16) -> Option<()> {
        self.bytes(&[u8::try_from(byte).ok()?])
    }

    /// Count, data, checksum.
    fn data(&mut self, data: &[u8]) -> Option<()> {
        self.word(u16::try_from(data.len()).ok()?)?;
        self.bytes(data)?;
        self.byte(data_checksum(data))
    }

    fn word(&mut self, word: u16) -> Option<()> {
        self.bytes(&word.to_be_bytes())
    }
}
