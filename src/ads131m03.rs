//! The words that an ADS131M03 and its master exchange: commands, registers, the frame's check.
//!
//! Data sheet SBAS889A sections 8.4 and 8.5. Words are 24 bits on the wire; commands, registers, status and CRC are
//! 16 bits in the upper part, padded with a zero byte. The CRC covers the padding.

/// Bytes of a frame: status or response, three channels, CRC, three bytes each.
pub const FRAME_BYTES: usize = 15;

/// Response to a RESET command that was carried out.
pub const RESET_DONE: u16 = 0xFF23;

/// ID register: 23xx, the lower byte is not specified. Compare with this after masking with 0xFF00.
pub const ID_M03: u16 = 0x2300;

/// STATUS in every frame when all is well: 24-bit words, all three channels new, nothing else.
pub const STATUS_STREAMING: u16 = 0x0107;
/// STATUS bit: the converter was reset, so its configuration is gone.
pub const STATUS_RESET: u16 = 0x0400;
/// STATUS bit: the filters were restarted by a SYNC pulse.
pub const STATUS_RESYNC: u16 = 0x4000;
/// STATUS bit: the register map no longer matches its CRC, so the configuration is not to be trusted.
pub const STATUS_REGISTER_MAP: u16 = 0x2000;
/// STATUS bit: the converter found a CRC error in what it received.
pub const STATUS_INPUT_CRC: u16 = 0x1000;

/// Addresses of the registers that the meter uses.
pub mod register {
    /// Identity.
    pub const ID: u16 = 0x00;
    /// Status, as in every frame.
    pub const STATUS: u16 = 0x01;
    /// Word length, CRC and DRDY behaviour.
    pub const MODE: u16 = 0x02;
    /// Channel enables, oversampling ratio, power mode.
    pub const CLOCK: u16 = 0x03;
    /// Gains.
    pub const GAIN: u16 = 0x04;
}

/// Values of the registers that are not as after a reset.
///
/// - MODE: register-map CRC on, input CRC on, CCITT, RESET flag acknowledged, 24-bit words, SPI time-out on, DRDY as a level.
/// - CLOCK: three channels, OSR 512 (8 000 samples a second from 8.192 MHz), high-resolution mode.
const MODE: u16 = 0x3110;
const CLOCK: u16 = 0x070A;
/// Gain 1 for all channels, as after a reset; written all the same.
const GAIN: u16 = 0;

/// One frame to the converter and what the response that comes with it, to the frame before, must be.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// Words to send; the frame's others are 0.
    pub send: [u16; 3],
    /// Bits of the response that matter, and what they must be.
    pub mask: u16,
    /// See `mask`.
    pub expected: u16,
}

/// Brings a converter up that has just been reset: is it one, write the registers, read them back.
///
/// Writing the registers itself upsets their CRC: reading STATUS once acknowledges that, the next reading must be clean. It is
/// not asked for in the very frame that acknowledges.
pub static BRING_UP: [Exchange; 11] = [
    command(command::read(register::ID)).after(0xFFFF, RESET_DONE),
    write(register::MODE, MODE).after(0xFF00, ID_M03),
    command(command::read(register::MODE)),
    write(register::CLOCK, CLOCK).after(0xFFFF, MODE),
    command(command::read(register::CLOCK)),
    write(register::GAIN, GAIN).after(0xFFFF, CLOCK),
    command(command::read(register::GAIN)),
    command(command::read(register::STATUS)).after(0xFFFF, GAIN),
    command(command::NULL),
    command(command::read(register::STATUS)),
    command(command::NULL).after(STATUS_REGISTER_MAP, 0),
];

impl Exchange {
    /// The same, with a condition on the response.
    const fn after(self, mask: u16, expected: u16) -> Self {
        Self {
            mask,
            expected,
            ..self
        }
    }

    /// Fills a frame with the words.
    pub fn put(&self, frame: &mut [u8; FRAME_BYTES]) {
        *frame = [0; FRAME_BYTES];
        for (place, word) in frame.chunks_exact_mut(3).zip(&self.send) {
            if let [high, low, _] = place {
                *high = (word >> 8) as u8;
                *low = (word & 0xFF) as u8;
            }
        }
    }

    /// Whether the frame that came back is undamaged and its response as it must be.
    #[must_use]
    pub fn is_met(&self, frame: &[u8; FRAME_BYTES]) -> bool {
        is_intact(frame) && response(frame) & self.mask == self.expected
    }
}

/// A frame with a command and its CRC; the response does not matter.
const fn command(word: u16) -> Exchange {
    let check = crc(&[(word >> 8) as u8, word as u8, 0]);
    Exchange {
        send: [word, check, 0],
        mask: 0,
        expected: 0,
    }
}

/// A frame that writes one register, likewise.
const fn write(register: u16, value: u16) -> Exchange {
    let word = command::write(register);
    let check = crc(&[
        (word >> 8) as u8,
        word as u8,
        0,
        (value >> 8) as u8,
        value as u8,
        0,
    ]);
    Exchange {
        send: [word, value, check],
        mask: 0,
        expected: 0,
    }
}

/// Command words.
pub mod command {
    /// No operation; the next response is STATUS.
    pub const NULL: u16 = 0x0000;
    /// Reset; needs a whole frame.
    pub const RESET: u16 = 0x0011;

    /// Read one register; the next frame's first word is its value.
    #[must_use]
    pub const fn read(register: u16) -> u16 {
        0xA000 | (register << 7)
    }

    /// Write one register; its value is the next word.
    #[must_use]
    pub const fn write(register: u16) -> u16 {
        0x6000 | (register << 7)
    }
}

/// CRC-16 CCITT as the converter uses it: 1021h, seed FFFFh, most significant bit first, no inversion.
///
/// Bit by bit, for configuration frames only; streaming frames use the chip's CRC module.
#[must_use]
pub const fn crc(bytes: &[u8]) -> u16 {
    let mut crc: u16 = 0xFFFF;
    let mut k = 0;
    while k < bytes.len() {
        crc ^= (bytes[k] as u16) << 8;
        let mut bit: u16 = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 {
                (crc << 1) ^ 0x1021
            } else {
                crc << 1
            };
            bit += 1;
        }
        k += 1;
    }
    crc
}

/// CRC word that follows the NULL command in every streaming frame.
pub const NULL_CRC: u16 = crc(&[0, 0, 0]);

/// First word of a received frame: the response to the previous command.
#[must_use]
pub const fn response(frame: &[u8; FRAME_BYTES]) -> u16 {
    ((frame[0] as u16) << 8) | frame[1] as u16
}

/// Whether a received frame's CRC is right.
#[must_use]
pub fn is_intact(frame: &[u8; FRAME_BYTES]) -> bool {
    let Some((data, check)) = frame.split_first_chunk::<12>() else {
        return false;
    };
    let received = (u16::from(check[0]) << 8) | u16::from(check[1]);
    crc(data) == received
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_check_value() {
        assert_eq!(crc(b"123456789"), 0x29B1);
    }

    #[test]
    fn frames_carry_their_crc() {
        let mut frame = [0xAA; FRAME_BYTES];
        BRING_UP[0].put(&mut frame);
        assert_eq!(&frame[..3], &[0xA0, 0x00, 0x00]);
        assert_eq!(crc(&frame[..3]), u16::from_be_bytes([frame[3], frame[4]]));
        assert_eq!(&frame[5..], &[0; 10]);
        BRING_UP[3].put(&mut frame);
        assert_eq!(&frame[..6], &[0x61, 0x80, 0x00, 0x07, 0x0A, 0x00]);
        assert_eq!(crc(&frame[..6]), u16::from_be_bytes([frame[6], frame[7]]));
        assert_eq!(&frame[8..], &[0; 7]);
    }

    #[test]
    fn a_response_must_be_intact_and_what_the_step_expects() {
        let mut frame = [0; FRAME_BYTES];
        frame[..2].copy_from_slice(&RESET_DONE.to_be_bytes());
        let check = crc(&frame[..12]).to_be_bytes();
        frame[12..14].copy_from_slice(&check);
        assert!(BRING_UP[0].is_met(&frame));
        assert!(!BRING_UP[1].is_met(&frame), "no ID");
        assert!(BRING_UP[2].is_met(&frame), "anything");
        frame[12] ^= 1;
        assert!(!BRING_UP[2].is_met(&frame), "damaged");
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut frame = [0; FRAME_BYTES];
        frame[..12].copy_from_slice(&[1, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let check = crc(&frame[..12]).to_be_bytes();
        frame[12..14].copy_from_slice(&check);
        assert!(is_intact(&frame));
        for bit in 0..112 {
            let mut damaged = frame;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_intact(&damaged), "bit {bit}");
        }
    }
}
