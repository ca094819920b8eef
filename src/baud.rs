//! Divider settings of an eUSCI_A UART for a bit rate, computed at compile time.
//!
//! Over-sampling mode (UCOS16), SLAU445 section 22.3.10: with N = clock / bit rate, UCBR = ⌊N/16⌋,
//! UCBRF = ⌊N⌋ mod 16 and UCBRS is a pattern looked up by the fractional part of N.

/// BRW and MCTLW register values of one bit rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaudRegisters {
    /// UCAxBRW: clock divider UCBR.
    pub brw: u16,
    /// UCAxMCTLW: UCBRS in bits 15:8, UCBRF in bits 7:4, UCOS16 in bit 0.
    pub mctlw: u16,
}

/// Lower bounds of the fraction of N in 1/10 000, and the UCBRS pattern from there on (SLAU445 table 22-4).
const UCBRS: [(u32, u16); 36] = [
    (0, 0x00),
    (529, 0x01),
    (715, 0x02),
    (835, 0x04),
    (1001, 0x08),
    (1252, 0x10),
    (1430, 0x20),
    (1670, 0x11),
    (2147, 0x21),
    (2224, 0x22),
    (2503, 0x44),
    (3000, 0x25),
    (3335, 0x49),
    (3575, 0x4A),
    (3753, 0x52),
    (4003, 0x92),
    (4286, 0x53),
    (4378, 0x55),
    (5002, 0xAA),
    (5715, 0x6B),
    (6003, 0xAD),
    (6254, 0xB5),
    (6432, 0xB6),
    (6667, 0xD6),
    (7001, 0xB7),
    (7147, 0xBB),
    (7503, 0xDD),
    (7861, 0xED),
    (8004, 0xEE),
    (8333, 0xBF),
    (8464, 0xDF),
    (8572, 0xEF),
    (8751, 0xF7),
    (9004, 0xFB),
    (9170, 0xFD),
    (9288, 0xFE),
];

impl BaudRegisters {
    /// Settings for `bit_rate_hz` from a UART clock of `clock_hz`, which must be at least 16 times the bit rate.
    ///
    /// Meant for constants: at run time it would divide.
    #[must_use]
    pub const fn new(clock_hz: u32, bit_rate_hz: u32) -> Self {
        let whole = clock_hz / bit_rate_hz;
        assert!(
            whole >= 16,
            "over-sampling mode needs a clock of 16 times the bit rate"
        );
        let fraction_e4 = ((clock_hz % bit_rate_hz) as u64 * 10_000 / bit_rate_hz as u64) as u32;
        let mut pattern = 0;
        let mut k = 0;
        while k < UCBRS.len() {
            if fraction_e4 >= UCBRS[k].0 {
                pattern = UCBRS[k].1;
            }
            k += 1;
        }
        Self {
            brw: (whole / 16) as u16,
            mctlw: (pattern << 8) | (((whole % 16) as u16) << 4) | 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_example_at_8_mhz_and_9600() {
        // The manual prints UCBRS 49h for N = 833.3333; by its own lower bounds 3333 belongs to 25h. Both lengthen
        // three bits of eight, so the mean rate is the same.
        let r = BaudRegisters::new(8_000_000, 9600);
        assert_eq!((r.brw, r.mctlw & 0xFF), (52, 0x11));
        assert_eq!((r.mctlw >> 8).count_ones(), 0x49u16.count_ones());
    }

    #[test]
    fn mean_bit_length_is_right_for_every_rate() {
        // The modulation pattern adds one clock in popcount/8 of the bits.
        for bit_rate_hz in [300, 1200, 9600, 19_200, 38_400, 57_600, 115_200] {
            let clock_hz = 23_986_176;
            let r = BaudRegisters::new(clock_hz, bit_rate_hz);
            let clocks = f64::from(r.brw) * 16.0
                + f64::from((r.mctlw >> 4) & 15)
                + f64::from((r.mctlw >> 8).count_ones()) / 8.0;
            let error = clocks * f64::from(bit_rate_hz) / f64::from(clock_hz) - 1.0;
            assert!(error.abs() < 1e-3, "{bit_rate_hz}: {error}");
        }
    }
}
