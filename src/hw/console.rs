//! The service console: eUSCI_A0, 115 200 8N1, transmit only, from a queue emptied by interrupts.

use super::board::CLOCK_HZ;
use heapless::spsc::Queue;
use meter430::baud::BaudRegisters;
use msp430fr2355::Peripherals;

use super::shared::InterruptCell;

const CONTROL_IN_RESET: u16 = (3 << 6) | 1;
const TRANSMIT: u16 = 1 << 1;
const RATE: BaudRegisters = BaudRegisters::new(CLOCK_HZ, 115_200);

/// A line is at most 80 characters; what does not fit is cut off, never waited for.
static QUEUE: InterruptCell<Queue<u8, 128>> = InterruptCell::new(Queue::new());

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
/// Called with interrupts disabled.
#[inline(always)]
pub unsafe fn on_interrupt(p: &Peripherals) {
    // SAFETY: passed on to the caller; TXBUF takes any byte.
    unsafe {
        match QUEUE.get_in_interrupt().dequeue() {
            Some(byte) => p.e_usci_a0.uca0txbuf().write(|w| w.bits(byte as u16)),
            None => p.e_usci_a0.uca0ie().write(|w| w.bits(0)),
        };
    }
}

/// A `ufmt` writer into the queue; dropping it starts the transmission.
pub struct Line<'p>(pub &'p Peripherals);

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

/// Queues a byte, 0 … 255.
#[inline(never)]
fn put(byte: u16) {
    QUEUE.lock(|queue| {
        let _ = queue.enqueue(byte as u8); // full: the rest of the line is lost, the meter goes on
    });
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        // SAFETY: sets the transmit interrupt enable.
        unsafe { self.0.e_usci_a0.uca0ie().write(|w| w.bits(TRANSMIT)) };
    }
}
