//! The words that an ADS131M03 and its master exchange: commands, registers, the frame's check.
//!
//! Data sheet SBAS889A sections 8.4 and 8.5. Words are 24 bits on the wire; commands, registers, status and CRC are
//! 16 bits in the upper part, padded with a zero byte. The CRC covers the padding.

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
}

/// Values of the registers that are not as after a reset. (The gains are: 1 for all channels.)
///
/// - MODE: register-map CRC on, input CRC on, CCITT, RESET flag acknowledged, 24-bit words, SPI time-out on, DRDY as a level.
/// - CLOCK: three channels, OSR 512 (8 000 samples a second from 8.192 MHz), high-resolution mode.
const MODE: u16 = 0x3110;
const CLOCK: u16 = 0x070A;

/// One frame to the converter and what the response that comes with it, to the frame before, must be.
///
/// A frame of command and check is as long as one that writes a register, and what the converter does not ask for it ignores.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Exchange {
    /// Words to send, higher byte first, without their padding. The two behind them in the frame do not matter; those of this
    /// structure may be taken.
    pub send: [u8; 6],
    /// Bits of the response that matter, and what they must be.
    pub mask: u16,
    /// See `mask`.
    pub expected: u16,
}

/// What a frame brings beside samples.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Response to the frame before: STATUS, if that was NULL.
    pub status: u16,
    /// What the CRC over the frame and its check leaves: 0 when the frame is intact.
    pub crc_difference: u16,
}

/// Brings a converter up that has just been reset: is it one, write the registers, read them back.
///
/// Writing the registers itself upsets their CRC: reading STATUS once acknowledges that, the next reading must be clean. It is
/// not asked for in the very frame that acknowledges.
pub static BRING_UP: [Exchange; 9] = [
    command(command::read(register::ID)).after(0xFFFF, RESET_DONE),
    write(register::MODE, MODE).after(0xFF00, ID_M03),
    command(command::read(register::MODE)),
    write(register::CLOCK, CLOCK).after(0xFFFF, MODE),
    command(command::read(register::CLOCK)),
    command(command::read(register::STATUS)).after(0xFFFF, CLOCK),
    command(command::NULL),
    command(command::read(register::STATUS)),
    command(command::NULL).after(STATUS_REGISTER_MAP, 0),
];

/// The frame that fetches a sample: NULL, as the bring-up sends it.
#[must_use]
#[inline(always)]
pub fn next_sample() -> &'static Exchange {
    &BRING_UP[6]
}

impl Exchange {
    /// The same, with a condition on the response.
    const fn after(self, mask: u16, expected: u16) -> Self {
        Self {
            mask,
            expected,
            ..self
        }
    }

    /// Whether the frame that came back is undamaged and its response as it must be.
    #[must_use]
    #[inline(always)]
    pub const fn is_met(&self, answer: &Answer) -> bool {
        answer.crc_difference | (answer.status & self.mask ^ self.expected) == 0
    }
}

/// A frame with a command and its CRC; the response does not matter.
const fn command(word: u16) -> Exchange {
    let [high, low] = word.to_be_bytes();
    let [check_high, check_low] = crc(&[high, low, 0]).to_be_bytes();
    Exchange {
        send: [high, low, check_high, check_low, 0, 0],
        mask: 0,
        expected: 0,
    }
}

/// A frame that writes one register, likewise.
const fn write(register: u16, value: u16) -> Exchange {
    let [high, low] = command::write(register).to_be_bytes();
    let [value_high, value_low] = value.to_be_bytes();
    let check = crc(&[high, low, 0, value_high, value_low, 0]);
    let [check_high, check_low] = check.to_be_bytes();
    Exchange {
        send: [high, low, value_high, value_low, check_high, check_low],
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
/// For the constants here; frames that come in are checked by the chip's CRC module.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_check_value() {
        assert_eq!(crc(b"123456789"), 0x29B1);
    }

    #[test]
    fn frames_carry_their_crc() {
        let check = crc(&[0xA0, 0x00, 0x00]).to_be_bytes();
        assert_eq!(BRING_UP[0].send, [0xA0, 0x00, check[0], check[1], 0, 0]);
        let check = crc(&[0x61, 0x80, 0x00, 0x07, 0x0A, 0x00]).to_be_bytes();
        assert_eq!(
            BRING_UP[3].send,
            [0x61, 0x80, 0x07, 0x0A, check[0], check[1]]
        );
        let check = crc(&[0; 3]).to_be_bytes();
        assert_eq!(next_sample().send, [0, 0, check[0], check[1], 0, 0]);
    }

    #[test]
    fn a_crc_and_its_check_leave_nothing() {
        let mut frame = [1, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0];
        let check = crc(&frame[..12]).to_be_bytes();
        frame[12..].copy_from_slice(&check);
        assert_eq!(crc(&frame), 0);
    }

    #[test]
    fn a_response_must_be_intact_and_what_the_step_expects() {
        let answer = |status, crc_difference| Answer {
            status,
            crc_difference,
        };
        assert!(BRING_UP[0].is_met(&answer(RESET_DONE, 0)));
        assert!(!BRING_UP[1].is_met(&answer(RESET_DONE, 0)), "no ID");
        assert!(BRING_UP[1].is_met(&answer(ID_M03 | 0x5A, 0)));
        assert!(BRING_UP[2].is_met(&answer(RESET_DONE, 0)), "anything");
        assert!(!BRING_UP[2].is_met(&answer(RESET_DONE, 1)), "damaged");
    }
}
