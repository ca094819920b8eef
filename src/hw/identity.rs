//! The meter's serial number, from the chip's die record.

/// Die record: lot/wafer (4 bytes), X and Y on the wafer (2 bytes each), at 1A0Ah in the device descriptors.
const DIE_RECORD: *const u8 = 0x1A0A as *const u8;

/// Puts sixteen hexadecimal digits that no other chip has.
pub fn put_serial_number(digits: &mut [u8; 16]) {
    let mut at = DIE_RECORD;
    for digits in digits.as_chunks_mut().0 {
        // SAFETY: the eight bytes are read-only memory present in every FR2355.
        let byte = unsafe { at.read_volatile() } as u16;
        *digits = [digit(byte >> 4), digit(byte & 15)];
        at = at.wrapping_add(1);
    }
}

/// The character of a digit, to be stored at once.
#[inline(always)]
fn digit(value: u16) -> u8 {
    let mut character = value + b'0' as u16;
    if value > 9 {
        character += (b'A' - b'9' - 1) as u16;
    }
    character as u8
}
