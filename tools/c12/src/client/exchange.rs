//! Packets of a reader: acknowledged, repeated, put together.

use super::{Client, Error, RESPONSE_WAIT_MS, Received, Transport};
use crate::frame::TICKS_PER_S;
use crate::packet::{
    ACK, CONTROL_FIRST, CONTROL_MULTI, CONTROL_TOGGLE, HEADER, Header, NAK, OVERHEAD, STP,
};

/// Ticks in milliseconds.
fn ms(ticks: u16) -> u32 {
    ticks as u32 * 1000 / TICKS_PER_S as u32
}

/// A pause that says the meter has stopped sending a damaged packet.
const QUIET_MS: u32 = 100;

impl<T: Transport, B: AsRef<[u8]> + AsMut<[u8]>> Client<T, B> {
    /// Sends the first `len` bytes of the message buffer, in as many packets as needed.
    pub(super) fn send_message(&mut self, len: usize) -> Result<(), Error<T::Error>> {
        let room = (self.settings.packet_size - OVERHEAD) as usize;
        let packets = len.div_ceil(room);
        if packets > self.settings.packets as usize {
            return Err(Error::TooLarge);
        }
        for index in 0..packets {
            let mut control = self.toggle;
            self.toggle ^= CONTROL_TOGGLE;
            if packets > 1 {
                control |= CONTROL_MULTI;
            }
            if packets > 1 && index == 0 {
                control |= CONTROL_FIRST;
            }
            let range = index * room..len.min((index + 1) * room);
            let header = Header {
                control,
                sequence: (packets - 1 - index) as u16,
                len: range.len() as u16,
            };
            self.send_packet(header, range)?;
        }
        Ok(())
    }

    /// Sends one packet until it is acknowledged.
    fn send_packet(
        &mut self,
        header: Header,
        range: core::ops::Range<usize>,
    ) -> Result<(), Error<T::Error>> {
        for _ in 0..=self.settings.retries {
            let data = self
                .message
                .as_ref()
                .get(range.clone())
                .ok_or(Error::TooLarge)?;
            let crc = header.crc(data);
            self.transport.send(&header.emit()).map_err(Error::Line)?;
            self.transport.send(data).map_err(Error::Line)?;
            self.transport.send(&crc).map_err(Error::Line)?;
            if self.acknowledged(range.end)? {
                return Ok(());
            }
        }
        Err(Error::NoAcknowledgement)
    }

    /// Waits for ACK. False: NAK or nothing. Buffer bytes from `spare` on may be overwritten.
    fn acknowledged(&mut self, spare: usize) -> Result<bool, Error<T::Error>> {
        let start = self.transport.now_ms();
        loop {
            let gone = self.transport.now_ms().wrapping_sub(start);
            let Some(left) = ms(self.settings.response).checked_sub(gone) else {
                return Ok(false);
            };
            match self
                .transport
                .receive(left)
                .map_err(Error::Line)?
                .map(u16::from)
            {
                None | Some(NAK) => return Ok(false),
                Some(ACK) => return Ok(true),
                Some(STP) => match self.packet(spare)? {
                    // The meter missed our last ACK and repeats its response; our packet has passed it by.
                    Some(received) if self.last == Some(received) => {
                        self.transport.send(&[ACK as u8]).map_err(Error::Line)?;
                    }
                    // The ACK was lost and this is the response: have it again where it belongs.
                    Some(_) => {
                        self.refuse()?;
                        return Ok(true);
                    }
                    None => self.refuse()?,
                },
                Some(_) => {}
            }
        }
    }

    /// Receives a message into the buffer and returns its length.
    pub(super) fn receive_message(&mut self) -> Result<usize, Error<T::Error>> {
        let mut assembled = 0;
        let mut expected = None;
        let start = self.transport.now_ms();
        let mut refused = 0;
        loop {
            let gone = self.transport.now_ms().wrapping_sub(start);
            let left = RESPONSE_WAIT_MS.saturating_sub(gone);
            // A long message is alive as long as its packets come.
            let wait = if assembled == 0 {
                left
            } else {
                RESPONSE_WAIT_MS
            };
            if !self.start_byte(wait)? {
                return Err(Error::NoResponse);
            }
            let Some(received) = self.packet(assembled)? else {
                refused += 1;
                if refused > self.settings.retries + 1 {
                    return Err(Error::NoResponse);
                }
                self.refuse()?;
                continue;
            };
            self.transport.send(&[ACK as u8]).map_err(Error::Line)?;
            if self.last == Some(received) {
                continue;
            }
            self.last = Some(received);
            let header = received.header;
            let multi = header.control & CONTROL_MULTI != 0;
            let first = !multi || header.control & CONTROL_FIRST != 0;
            if first && assembled != 0 {
                // The meter began its message again; its bytes stand behind the old ones.
                let len = header.len as usize;
                self.message
                    .as_mut()
                    .copy_within(assembled..assembled + len, 0);
                assembled = 0;
            } else if !first && expected != Some(header.sequence) {
                return Err(Error::NoResponse);
            }
            assembled += header.len as usize;
            if !multi || header.sequence == 0 {
                return Ok(assembled);
            }
            expected = Some(header.sequence - 1);
        }
    }

    /// Waits for a start byte; false when none comes.
    fn start_byte(&mut self, wait_ms: u32) -> Result<bool, Error<T::Error>> {
        let start = self.transport.now_ms();
        loop {
            let gone = self.transport.now_ms().wrapping_sub(start);
            let Some(left) = wait_ms.checked_sub(gone) else {
                return Ok(false);
            };
            match self.transport.receive(left).map_err(Error::Line)? {
                None => return Ok(false),
                Some(byte) if byte as u16 == STP => return Ok(true),
                Some(_) => {}
            }
        }
    }

    /// The rest of a packet behind its start byte, data to `at`. `None`: damaged.
    fn packet(&mut self, at: usize) -> Result<Option<Received>, Error<T::Error>> {
        let wait = ms(self.settings.intercharacter);
        let mut bytes = [STP as u8, 0, 0, 0, 0, 0];
        for place in bytes.iter_mut().take(HEADER as usize).skip(1) {
            match self.transport.receive(wait).map_err(Error::Line)? {
                Some(byte) => *place = byte,
                None => return Ok(None),
            }
        }
        let Some(header) = Header::parse(&bytes, self.settings.packet_size) else {
            return Ok(None);
        };
        let end = at + header.len as usize;
        if end > self.message.as_ref().len() {
            return Err(Error::TooLarge);
        }
        for index in at..end {
            match (
                self.transport.receive(wait).map_err(Error::Line)?,
                self.message.as_mut().get_mut(index),
            ) {
                (Some(byte), Some(place)) => *place = byte,
                _ => return Ok(None),
            }
        }
        let mut crc = [0; 2];
        for place in &mut crc {
            match self.transport.receive(wait).map_err(Error::Line)? {
                Some(byte) => *place = byte,
                None => return Ok(None),
            }
        }
        let data = self.message.as_ref().get(at..end).unwrap_or(&[]);
        Ok(if header.crc(data) == crc {
            Some(Received { header, crc })
        } else {
            None
        })
    }

    /// Lets the meter finish its packet and asks for it again.
    fn refuse(&mut self) -> Result<(), Error<T::Error>> {
        let start = self.transport.now_ms();
        while self.transport.now_ms().wrapping_sub(start) < RESPONSE_WAIT_MS {
            if self
                .transport
                .receive(QUIET_MS)
                .map_err(Error::Line)?
                .is_none()
            {
                break;
            }
        }
        self.transport.send(&[NAK as u8]).map_err(Error::Line)
    }
}
