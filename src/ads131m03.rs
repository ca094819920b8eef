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

/// What is written to the converter, in this order, and read back.
///
/// - MODE: register-map CRC on, input CRC on, CCITT, RESET flag acknowledged, 24-bit words, SPI time-out on, DRDY as a level.
/// - CLOCK: three channels, OSR 512 (8 000 samples a second from 8.192 MHz), high-resolution mode.
/// - GAIN: 1 for all.
pub const CONFIGURATION: [(u16, u16); 3] = [
    (register::MODE, 0x3110),
    (register::CLOCK, 0x070A),
    (register::GAIN, 0x0000),
];

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

/// Fills `frame` with a command without data, its CRC and zeros.
pub const fn command_frame(word: u16, frame: &mut [u8; FRAME_BYTES]) {
    *frame = [0; FRAME_BYTES];
    frame[0] = (word >> 8) as u8;
    frame[1] = word as u8;
    let check = crc(&[frame[0], frame[1], 0]);
    frame[3] = (check >> 8) as u8;
    frame[4] = check as u8;
}

/// Fills `frame` with a write of one register, the CRC over both words and zeros.
pub const fn write_frame(register: u16, value: u16, frame: &mut [u8; FRAME_BYTES]) {
    *frame = [0; FRAME_BYTES];
    let word = command::write(register);
    frame[0] = (word >> 8) as u8;
    frame[1] = word as u8;
    frame[3] = (value >> 8) as u8;
    frame[4] = value as u8;
    let check = crc(&[frame[0], frame[1], 0, frame[3], frame[4], 0]);
    frame[6] = (check >> 8) as u8;
    frame[7] = check as u8;
}

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
        command_frame(command::read(register::ID), &mut frame);
        assert_eq!(&frame[..3], &[0xA0, 0x00, 0x00]);
        assert_eq!(crc(&frame[..3]), u16::from_be_bytes([frame[3], frame[4]]));
        write_frame(register::CLOCK, 0x070A, &mut frame);
        assert_eq!(&frame[..6], &[0x61, 0x80, 0x00, 0x07, 0x0A, 0x00]);
        assert_eq!(crc(&frame[..6]), u16::from_be_bytes([frame[6], frame[7]]));
        assert_eq!(&frame[8..], &[0; 7]);
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
