//! Frame check of C12.18 packets: CRC-16/X-25, a byte at a time.
//!
//! Polynomial 0x8408 (reflected), initial value 0xFFFF, inverted at the end, low byte first on the wire. Without a table: the
//! usual one of 256 entries costs 512 bytes, and one of 16 as much again as the code here.

/// Register before the first byte.
pub const INITIAL: u16 = 0xFFFF;

/// Register after a whole packet including its two CRC bytes, when nothing was damaged.
pub const RESIDUE: u16 = 0xF0B8;

/// Runs the low eight bits of `byte` through the register. Not inlined: it would stand in the meter's image several times.
#[inline(never)]
pub fn step(crc: u16, byte: u16) -> u16 {
    // Eight steps of the division at once: a bit that is shifted out comes back at the polynomial's terms, four places apart,
    // and those of the low half go round once more.
    let out = (crc ^ byte) & 0xFF;
    let out = (out ^ out << 4) & 0xFF;
    (crc >> 8) ^ (out << 8) ^ (out << 3) ^ (out >> 4)
}

/// CRC of a run of bytes as the wire carries it (low byte first).
#[inline(never)]
pub fn checksum(bytes: &[u8]) -> u16 {
    !bytes
        .iter()
        .fold(INITIAL, |crc, byte| step(crc, *byte as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_check_value() {
        assert_eq!(checksum(b"123456789"), 0x906E);
    }

    #[test]
    fn whole_packet_leaves_the_residue() {
        let packet = [0xEE, 0, 0, 0, 0, 1, 0x20, 0x13, 0x10];
        assert_eq!(
            packet.iter().fold(INITIAL, |crc, byte| step(crc, *byte)),
            RESIDUE
        );
    }
}
