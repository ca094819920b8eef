//! The CRC16 module: polynomial 1021h, one byte or word a write, no wait.
//!
//! CRCDI takes each byte least significant bit first, CRCDIRB most significant bit first. The result stands in CRCINIRES
//! and, with its 16 bits reversed, in CRCRESR.

use super::backplane::{Backplane, Lane};

/// One byte, most significant bit first.
pub fn step_msb_first(crc: u16, byte: u8) -> u16 {
    (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
        if crc & 0x8000 == 0 {
            crc << 1
        } else {
            crc << 1 ^ 0x1021
        }
    })
}

/// The module's only state.
#[derive(Debug, Default)]
pub struct Crc16 {
    result: u16,
    last_data: u16,
}

impl Crc16 {
    /// Reads CRCDI (0), CRCDIRB (2), CRCINIRES (4) or CRCRESR (6).
    pub fn read(&self, offset: u16) -> Option<u16> {
        match offset {
            0 | 2 => Some(self.last_data),
            4 => Some(self.result),
            6 => Some(self.result.reverse_bits()),
            _ => None,
        }
    }

    /// Writes a register; a word counts as two bytes, the low one first.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        match offset {
            0 | 2 => {
                if offset == 2 && lane == Lane::Word {
                    backplane.not_modelled(
                        "a word write to CRCDIRB (its byte order is not documented)",
                        "write bytes, in the order of the message",
                    );
                }
                self.last_data = lane.merge(self.last_data, value);
                let [low, high] = value.to_le_bytes();
                if lane != Lane::High {
                    self.feed(offset, low);
                }
                if lane != Lane::Low {
                    self.feed(offset, high);
                }
            }
            4 => self.result = lane.merge(self.result, value),
            6 => {}
            _ => return None,
        }
        Some(())
    }

    fn feed(&mut self, offset: u16, byte: u8) {
        let byte = if offset == 0 {
            byte.reverse_bits()
        } else {
            byte
        };
        self.result = step_msb_first(self.result, byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    fn run(offset: u16, writes: &[(u16, Lane)]) -> Crc16 {
        let mut backplane = backplane();
        let mut crc = Crc16::default();
        crc.write(4, 0xFFFF, Lane::Word, &mut backplane);
        for &(value, lane) in writes {
            crc.write(offset, value, lane, &mut backplane);
        }
        assert_eq!(backplane.fault, None);
        crc
    }

    fn bytes(text: &str) -> Vec<(u16, Lane)> {
        text.bytes()
            .map(|byte| (u16::from(byte), Lane::Low))
            .collect()
    }

    #[test]
    fn check_values() {
        let forward = run(0, &bytes("123456789"));
        assert_eq!(
            (forward.read(4), forward.read(6)),
            (Some(0x89F6), Some(0x6F91))
        );
        let reversed = run(2, &bytes("123456789"));
        assert_eq!(
            (reversed.read(4), reversed.read(6)),
            (Some(0x29B1), Some(0x8D94))
        );
    }

    #[test]
    fn results_measured_on_silicon() {
        let words = |list: &[u16]| {
            list.iter()
                .map(|&word| (word, Lane::Word))
                .collect::<Vec<_>>()
        };
        assert_eq!(run(0, &words(&[0x0031, 0x0032])).read(4), Some(0x5E6B));
        assert_eq!(run(0, &words(&[0x3132])).read(4), Some(0x05AA));
        assert_eq!(run(0, &words(&[0x3231])).read(4), Some(0xCAB2));
    }

    #[test]
    fn an_undocumented_order_is_loud() {
        let mut backplane = backplane();
        Crc16::default().write(2, 0x3132, Lane::Word, &mut backplane);
        assert!(backplane.fault.is_some());
    }
}
