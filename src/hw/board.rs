//! The schematic in Rust: which pin carries what, and the clock everything is derived from.
//!
//! | signal | pin | function |
//! |---|---|---|
//! | communications UART TXD, RXD | P4.3, P4.2 | eUSCI_A1, the LaunchPad's back-channel |
//! | console TXD, RXD | P1.7, P1.6 | eUSCI_A0 |
//! | converter DIN, DOUT, SCLK | P4.6, P4.7, P4.5 | eUSCI_B1 |
//! | converter CS | P4.4 | output, low = selected |
//! | converter SYNC/RESET | P3.1 | output, low = active |
//! | converter DRDY | P2.0 | TB1.1 capture, falling edge = new samples |
//! | Wh pulse, varh pulse | P6.0, P6.1 | TB3.1, TB3.2 |
//! | factory jumper | P3.2 | input with pull-up, fitted = low |
//! | tamper switch | P3.3 | input with pull-up, open cover = high |
//! | service switch close, open coil | P5.0, P5.1 | outputs, high = driven |
//! | supply rail | P1.1 | COMP0.1 |
//! | 32 768 Hz crystal | P2.7, P2.6 | XIN, XOUT |
//! | LEDs | P1.0, P6.6 | outputs |

use msp430fr2355::Peripherals;

/// Crystal that everything in the controller is derived from, hertz.
pub const CRYSTAL_HZ: u32 = 32_768;
/// The FLL multiplies the crystal by this: the largest multiple below 24 MHz.
pub const FLL_FACTOR: u16 = 732;
/// MCLK = SMCLK, hertz: 23 986 176.
pub const CLOCK_HZ: u32 = CRYSTAL_HZ * FLL_FACTOR as u32;

/// Converter CS, bit in port 4.
pub const CONVERTER_CS: u8 = 1 << 4;
/// Converter SYNC/RESET, bit in port 3.
pub const CONVERTER_SYNC_RESET: u8 = 1 << 1;
/// Factory jumper, bit in port 3.
pub const FACTORY_JUMPER: u8 = 1 << 2;
/// Tamper switch, bit in port 3.
const TAMPER: u8 = 1 << 3;

/// Gives every pin its level and function, then releases the pins (they are frozen after power-up).
///
/// Unused pins are driven low: an open input costs current and picks up noise.
pub fn init_pins(p: &Peripherals) {
    // SAFETY: every `bits` below writes a plain port register in which any value is allowed.
    unsafe {
        p.p1.p1out().write(|w| w.bits(0));
        p.p1.p1dir().write(|w| w.bits(!((1 << 6) | (1 << 1))));
        // Pins 6 and 7: UART (SEL 01). Pin 1: comparator input (SEL 11).
        p.p1.p1sel0()
            .write(|w| w.bits((1 << 7) | (1 << 6) | (1 << 1)));
        p.p1.p1sel1().write(|w| w.bits(1 << 1));

        p.p2.p2out().write(|w| w.bits(0));
        p.p2.p2dir().write(|w| w.bits(!((1 << 7) | (1 << 6) | 1)));
        // Pin 0: timer capture (SEL 01). Pins 6 and 7: crystal (SEL 10).
        p.p2.p2sel0().write(|w| w.bits(1));
        p.p2.p2sel1().write(|w| w.bits((1 << 7) | (1 << 6)));

        p.p3.p3out()
            .write(|w| w.bits(CONVERTER_SYNC_RESET | FACTORY_JUMPER | TAMPER));
        p.p3.p3ren().write(|w| w.bits(FACTORY_JUMPER | TAMPER));
        p.p3.p3dir().write(|w| w.bits(!(FACTORY_JUMPER | TAMPER)));

        p.p4.p4out().write(|w| w.bits(CONVERTER_CS));
        p.p4.p4dir().write(|w| w.bits(!((1 << 7) | (1 << 2))));
        // Pins 2, 3: UART; 5, 6, 7: SPI; all SEL 01.
        p.p4.p4sel0()
            .write(|w| w.bits((1 << 7) | (1 << 6) | (1 << 5) | (1 << 3) | (1 << 2)));

        p.p5.p5out().write(|w| w.bits(0));
        p.p5.p5dir().write(|w| w.bits(0x1F));

        p.p6.p6out().write(|w| w.bits(0));
        p.p6.p6dir().write(|w| w.bits(0x7F));
        // Pins 0, 1: timer outputs (SEL 01).
        p.p6.p6sel0().write(|w| w.bits(0x03));

        p.pmm.pm5ctl0().write(|w| w.bits(0));
    }
}
