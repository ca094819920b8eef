//! The meter's serial number, from the chip's die record.

/// Die record: lot/wafer (4 bytes), X and Y on the wafer (2 bytes each), at 1A0Ah in the device descriptors.
const DIE_RECORD: *const [u8; 8] = 0x1A0A as *const [u8; 8];

/// Sixteen hexadecimal digits that no other chip has.
pub fn serial_number() -> [u8; 16] {
    // SAFETY: the descriptors are read-only memory present in every FR2355.
    let record = unsafe { DIE_RECORD.read_volatile() };
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(record.iter()) {
        for (digit, nibble) in pair
            .iter_mut()
            .zip([(*byte as u16) >> 4, (*byte as u16) & 15])
        {
            *digit = if nibble < 10 {
                b'0' as u16 + nibble
            } else {
                b'A' as u16 - 10 + nibble
            } as u8;
        }
    }
    digits
}
