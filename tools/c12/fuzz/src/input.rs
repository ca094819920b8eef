//! Fuzz input taken apart, so that every byte string is some story, and a small change of it a similar one.

/// Bytes that are used up from the front.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next byte; `None` at the end.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next `length` bytes, or as many as there are.
    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A length byte and that many bytes.
    pub fn counted(&mut self) -> &'a [u8] {
        let length = self.byte().unwrap_or(0);
        self.take(length.into())
    }
}

/// A whole C12.18 packet.
pub fn packet(control: u8, sequence: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![
        0xEE,
        0,
        control,
        sequence,
        (data.len() >> 8) as u8,
        data.len() as u8,
    ];
    bytes.extend(data);
    bytes.extend(c12::crc::checksum(&bytes).to_le_bytes());
    bytes
}
