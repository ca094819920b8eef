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
//! | service switch button | P4.1 | input with pull-up, pressed = low; the LaunchPad's S1 |
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
/// The customer's button beside the service switch, bit in port 4.
pub const SWITCH_BUTTON: u8 = 1 << 1;
/// Tamper switch, bit in port 3.
const TAMPER: u8 = 1 << 3;

/// The registers of two ports that lie side by side, odd port in the lower byte (SLASEC4, tables 6-39 to 6-41). The register crate has
/// them as bytes only, at twice the code.
struct PortPair(*mut u16);

impl PortPair {
    /// P1 and P2.
    const A: Self = Self(0x0200 as *mut u16);
    /// P3 and P4.
    const B: Self = Self(0x0220 as *mut u16);
    /// P5 and P6.
    const C: Self = Self(0x0240 as *mut u16);

    const OUT: usize = 1;
    const DIR: usize = 2;
    const REN: usize = 3;
    const SEL0: usize = 5;
    const SEL1: usize = 6;

    /// Sets a register, by its number of words from the first, of both ports.
    ///
    /// # Safety
    /// Nobody else uses these ports meanwhile.
    unsafe fn set(&self, register: usize, odd: u8, even: u8) {
        // SAFETY: plain port registers, in which any value is allowed.
        unsafe {
            self.0
                .add(register)
                .write_volatile(u16::from_le_bytes([odd, even]))
        };
    }
}

/// Gives every pin its level and function, then releases the pins (they are frozen after power-up).
///
/// Unused pins are driven low: an open input costs current and picks up noise. What is not set here is 0 after a reset.
pub fn init_pins(p: &Peripherals) {
    use PortPair as Port;
    // SAFETY: the main loop, before anything else runs; PM5CTL0 releases the pins.
    unsafe {
        Port::A.set(Port::OUT, 0, 0);
        Port::A.set(
            Port::DIR,
            !((1 << 6) | (1 << 1)),
            !((1 << 7) | (1 << 6) | 1),
        );
        // P1, pins 6 and 7: UART (SEL 01); pin 1: comparator input (SEL 11). P2, pin 0: timer capture (SEL 01); pins 6 and 7:
        // crystal (SEL 10).
        Port::A.set(Port::SEL0, (1 << 7) | (1 << 6) | (1 << 1), 1);
        Port::A.set(Port::SEL1, 1 << 1, (1 << 7) | (1 << 6));

        Port::B.set(
            Port::OUT,
            CONVERTER_SYNC_RESET | FACTORY_JUMPER | TAMPER,
            CONVERTER_CS | SWITCH_BUTTON,
        );
        Port::B.set(Port::REN, FACTORY_JUMPER | TAMPER, SWITCH_BUTTON);
        Port::B.set(
            Port::DIR,
            !(FACTORY_JUMPER | TAMPER),
            !((1 << 7) | (1 << 2) | SWITCH_BUTTON),
        );
        // P4, pins 2, 3: UART; 5, 6, 7: SPI; all SEL 01.
        Port::B.set(
            Port::SEL0,
            0,
            (1 << 7) | (1 << 6) | (1 << 5) | (1 << 3) | (1 << 2),
        );

        Port::C.set(Port::OUT, 0, 0);
        Port::C.set(Port::DIR, 0x1F, 0x7F);
        // P6, pins 0, 1: timer outputs (SEL 01).
        Port::C.set(Port::SEL0, 0, 0x03);

        p.pmm.pm5ctl0().write(|w| w.bits(0));
    }
}
