//! eUSCI_B1 as SPI master for the converter: set-up. (Frames: `frame`.)
//!
//! Mode 1 of the converter (clock idles low, data change on the rising and are sampled on the falling edge) is
//! UCCKPL = 0, UCCKPH = 0 here. The clock is SMCLK/3 = 8 MHz: master set-up time (35 ns) and the converter's output
//! delay (20 ns) must fit into half a period, which 12 MHz (41.7 ns) does not leave.

use msp430fr2355::Peripherals;

/// Reset held, synchronous, MSB first, master, SMCLK.
const CONTROL_IN_RESET: u16 = (1 << 13) | (1 << 11) | (1 << 8) | (3 << 6) | 1;
const DIVIDER: u16 = 3;

/// Sets the SPI up; call once, pins already assigned.
pub fn init(p: &Peripherals) {
    // SAFETY: register values as in SLAU445 tables 23-3 and 23-4; configured while held in reset.
    unsafe {
        p.e_usci_b1
            .ucb1ctlw0_spi()
            .write(|w| w.bits(CONTROL_IN_RESET));
        p.e_usci_b1.ucb1brw_spi().write(|w| w.bits(DIVIDER));
        p.e_usci_b1
            .ucb1ctlw0_spi()
            .write(|w| w.bits(CONTROL_IN_RESET & !1));
    }
}
