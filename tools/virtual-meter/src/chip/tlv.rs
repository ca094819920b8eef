//! The device descriptors at 0x1A00: identity, calibration and their checksum.

/// Device identity of the MSP430FR2355.
const DEVICE_ID: u16 = 0x830C;
/// Hardware revision B.
const REVISION: u16 = 0x20;

/// Readings of the temperature sensor at 30 and 105 °C against the reference of 1.5 V.
pub const SENSOR_READINGS: [u16; 2] = [2_150, 2_730];

/// The 256 words of the descriptor area. A virtual chip has the same lot and position every time: firmware that draws
/// a serial number from them must behave the same in every run.
pub fn words() -> [u16; 256] {
    let mut words = [0xFFFF; 256];
    // Information length 2^6 words, CRC length likewise; the CRC itself follows at 0x1A02.
    words[0] = 0x0606;
    words[2] = DEVICE_ID;
    words[3] = 0x1000 | REVISION;
    // Die record: tag 08h, ten bytes: lot and wafer, X, Y, test.
    words[4] = 0x0A08;
    words[5] = 0x5678;
    words[6] = 0x1234;
    words[7] = 17;
    words[8] = 23;
    words[9] = 1;
    // ADC calibration: tag 11h, gain 1.0 in Q15, offset 0, temperature readings at 30 and 105 °C for three references.
    words[10] = 0x1011;
    words[11] = 0x8000;
    words[12] = 0;
    words[13..15].copy_from_slice(&SENSOR_READINGS);
    words[15..19].copy_from_slice(&[1_612, 2_048, 1_290, 1_638]);
    // Reference factors 1.0 in Q15, then the DCO taps for 16 and 24 MHz: the middle of the range.
    words[19] = 0x0A12;
    words[20..23].copy_from_slice(&[0x8000; 3]);
    words[23] = 256;
    words[24] = 256;
    words[1] = checksum(&words[2..0x7C]);
    words
}

/// CRC-CCITT, seed FFFFh, over the bytes of 1A04h to 1AF7h as the CRC16 module forms it.
fn checksum(words: &[u16]) -> u16 {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    bytes.fold(0xFFFF, super::crc16::step_msb_first)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_die_record_and_the_device_are_there() {
        let words = super::words();
        assert_eq!(words[2], 0x830C);
        assert_eq!(words[4] & 0xFF, 8);
        assert_eq!(words[1], super::checksum(&words[2..0x7C]));
    }
}
