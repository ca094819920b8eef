//! The service console: eUSCI_A0, 115 200 8N1, transmit only, a line at a time by interrupts.

use super::board::CLOCK_HZ;
use core::cell::UnsafeCell;
use heapless::Vec;
use meter430::baud::BaudRegisters;
use msp430fr2355::Peripherals;

const CONTROL_IN_RESET: u16 = (3 << 6) | 1;
const TRANSMIT: u16 = 1 << 1;
const RATE: BaudRegisters = BaudRegisters::new(CLOCK_HZ, 115_200);

/// A line is at most 80 characters; what does not fit is cut off, never waited for.
struct Text {
    bytes: Vec<u8, 96>,
    /// Bytes of it that have been sent.
    sent: usize,
}

/// The line: the transmit interrupt's while that is enabled, else the main loop's.
struct Shared(UnsafeCell<Text>);
// SAFETY: the interrupt enable bit says who may touch it.
unsafe impl Sync for Shared {}
static TEXT: Shared = Shared(UnsafeCell::new(Text {
    bytes: Vec::new(),
    sent: 0,
}));

/// Starts the console.
pub fn start(p: &Peripherals) {
    // SAFETY: register values from `BaudRegisters`; configured while held in reset.
    unsafe {
        p.e_usci_a0.uca0ctlw0().write(|w| w.bits(CONTROL_IN_RESET));
        p.e_usci_a0.uca0brw().write(|w| w.bits(RATE.brw));
        p.e_usci_a0.uca0mctlw().write(|w| w.bits(RATE.mctlw));
        p.e_usci_a0
            .uca0ctlw0()
            .write(|w| w.bits(CONTROL_IN_RESET & !1));
    }
}

/// The transmit interrupt's work: the next byte, or silence.
///
/// # Safety
/// Called from the transmit interrupt only.
#[inline(always)]
pub unsafe fn on_interrupt(p: &Peripherals) {
    // SAFETY: the interrupt is enabled, so the text is ours; TXBUF takes any byte.
    unsafe {
        let text = &mut *TEXT.0.get();
        if let Some(byte) = text.bytes.get(text.sent) {
            p.e_usci_a0.uca0txbuf().write(|w| w.bits(*byte as u16));
            text.sent += 1;
        } else {
            p.e_usci_a0.uca0ie().write(|w| w.bits(0));
        }
    }
}

/// A `ufmt` writer of one line; dropping it starts the transmission.
pub struct Line<'p>(&'p Peripherals);

impl<'p> Line<'p> {
    /// A new line, unless the last one is still being sent.
    pub fn begin(p: &'p Peripherals) -> Option<Self> {
        if p.e_usci_a0.uca0ie().read().bits() != 0 {
            return None;
        }
        // SAFETY: the interrupt is disabled, so the text is ours.
        unsafe {
            let text = &mut *TEXT.0.get();
            text.bytes.clear();
            text.sent = 0;
        }
        Some(Self(p))
    }
}

impl ufmt::uWrite for Line<'_> {
    type Error = core::convert::Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Self::Error> {
        for byte in text.as_bytes() {
            put(*byte as u16);
        }
        Ok(())
    }

    /// The line is ASCII.
    fn write_char(&mut self, character: char) -> Result<(), Self::Error> {
        put(character as u16);
        Ok(())
    }
}

/// Adds a byte, 0 … 255, to the line that is being written.
#[inline(never)]
fn put(byte: u16) {
    // SAFETY: called by a `Line`, which there is only while the interrupt is disabled.
    let text = unsafe { &mut *TEXT.0.get() };
    let _ = text.bytes.push(byte as u8);
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        // SAFETY: sets the transmit interrupt enable.
        unsafe { self.0.e_usci_a0.uca0ie().write(|w| w.bits(TRANSMIT)) };
    }
}
