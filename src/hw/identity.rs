//! The meter's serial number, from the chip's die record.

/// Die record: lot/wafer (4 bytes), X and Y on the wafer (2 bytes each), at 1A0Ah in the device descriptors.
const DIE_RECORD: *const u8 = 0x1A0A as *const u8;

/// Puts sixteen hexadecimal digits that no other chip has.
pub fn put_serial_number(digits: &mut [u8; 16]) {
    for (place, digit) in digits.iter_mut().enumerate() {
        // SAFETY: the eight bytes are read-only memory present in every FR2355.
        let mut value = unsafe { DIE_RECORD.add(place / 2).read_volatile() } as u16;
        if place & 1 == 0 {
            value >>= 4;
        }
        let mut character = (value & 15) + b'0' as u16;
        if character > b'9' as u16 {
            character += (b'A' - b'9' - 1) as u16;
        }
        *digit = character as u8;
    }
}
