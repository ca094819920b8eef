//! eUSCI_B1 as SPI master for the converter: set-up and whole frames by polling.
//!
//! Mode 1 of the converter (clock idles low, data change on the rising and are sampled on the falling edge) is
//! UCCKPL = 0, UCCKPH = 0 here. The clock is SMCLK/3 = 8 MHz: master set-up time (35 ns) and the converter's output
//! delay (20 ns) must fit into half a period, which 12 MHz (41.7 ns) does not leave.

use super::board::CONVERTER_CS;
use meter430::ads131m03::FRAME_BYTES;
use msp430fr2355::Peripherals;

/// Reset held, synchronous, MSB first, master, SMCLK.
const CONTROL_IN_RESET: u16 = (1 << 13) | (1 << 11) | (1 << 8) | (3 << 6) | 1;
const DIVIDER: u16 = 3;
const RECEIVED: u16 = 1 << 0;

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

/// Exchanges one frame with the converter, a byte after the other; for configuration, where time does not matter.
pub fn exchange(p: &Peripherals, frame: &mut [u8; FRAME_BYTES]) {
    // SAFETY: CS is an output of ours; TXBUF takes any byte.
    unsafe {
        p.p4.p4out().modify(|r, w| w.bits(r.bits() & !CONVERTER_CS));
        for byte in frame.iter_mut() {
            p.e_usci_b1.ucb1txbuf_spi().write(|w| w.bits(*byte as u16));
            while p.e_usci_b1.ucb1ifg_spi().read().bits() & RECEIVED == 0 {}
            *byte = p.e_usci_b1.ucb1rxbuf_spi().read().bits() as u8;
        }
        p.p4.p4out().modify(|r, w| w.bits(r.bits() | CONVERTER_CS));
    }
}
