//! The communications port: eUSCI_A1 under the C12.18 data link, byte by byte from interrupts.
//!
//! The link decides; this file moves bytes. SLAU445 chapter 22.
//!
//! Nothing is sent sooner than 175 µs after the last byte came in, because the other end of an optical port is blind for as
//! long behind its own light (C12.18's turn-around delay). TB3 counts the cycles from the moment when there is something to
//! send to the moment when the transmit interrupt is enabled; its compare channel 3 is ours, the others put out pulses.

use super::board::CLOCK_HZ;
use super::shared::InterruptCell;
use super::time;
use c12::frame::Frame;
use c12::link::{Link, Signal, Turn};
use core::cell::UnsafeCell;
use meter430::baud::BaudRegisters;
use msp430fr2355::Peripherals;

/// UCA1CTLW0: SMCLK, held in reset.
const CONTROL_IN_RESET: u16 = (3 << 6) | 1;
const RECEIVE: u16 = 1 << 0;
const TRANSMIT: u16 = 1 << 1;
/// UCA1STATW: framing, parity or overrun error of the byte in RXBUF.
const RECEIVE_ERROR: u16 = 1 << 2;

/// The turn-around delay, and half a bit at 9600 bit/s: a byte is reported in the middle of its stop bit.
const TURN_AROUND_US: u32 = 175 + 55;
/// The same in cycles of TB3, which fits its 16 bits.
const TURN_AROUND_CYCLES: u16 = (CLOCK_HZ / 1000 * TURN_AROUND_US / 1000) as u16;
/// TB3CCTL3: compare interrupt enable.
const ENABLE: u16 = 1 << 4;

/// Bit-rate code of the first entry of [`RATES`].
const FIRST_RATE: u16 = 6;
/// Dividers by bit-rate code (C12.18 section 6) from 9600 on; the responder agrees to no slower rate.
const RATES: [BaudRegisters; 7] = [
    BaudRegisters::new(CLOCK_HZ, 9600),
    BaudRegisters::new(CLOCK_HZ, 14_400),
    BaudRegisters::new(CLOCK_HZ, 19_200),
    BaudRegisters::new(CLOCK_HZ, 28_800),
    BaudRegisters::new(CLOCK_HZ, 57_600),
    BaudRegisters::new(CLOCK_HZ, 38_400),
    BaudRegisters::new(CLOCK_HZ, 115_200),
];

/// The one packet buffer; the link owns it from `start` on.
struct Buffer(UnsafeCell<Frame>);
// SAFETY: only `start` touches it, once, before interrupts are enabled.
unsafe impl Sync for Buffer {}
static BUFFER: Buffer = Buffer(UnsafeCell::new(Frame::new()));

static LINK: InterruptCell<Link<'static>> = InterruptCell::new(Link::DETACHED);

/// Starts the port at the default rate. Call once, before interrupts are enabled.
pub fn start(p: &Peripherals) {
    // SAFETY: called once, with interrupts disabled; nobody else has a reference to the buffer.
    unsafe { LINK.get_in_interrupt().attach(&mut *BUFFER.0.get()) };
    set_bit_rate(p, FIRST_RATE);
}

/// Sets the dividers and (re-)enables reception. Whatever was on the line is dropped.
fn set_bit_rate(p: &Peripherals, code: u16) {
    let Some(rate) = RATES.get(code.wrapping_sub(FIRST_RATE) as usize) else {
        return;
    };
    let uart = &p.e_usci_a1;
    // No two rates have the same divider.
    if uart.uca1brw().read().bits() == rate.brw {
        // Resetting the module would cut a byte that is just coming in.
        return;
    }
    // SAFETY: register values from `BaudRegisters`; changed while the module is held in reset (SLAU445 22.3.1).
    unsafe {
        p.e_usci_a1.uca1ctlw0().write(|w| w.bits(CONTROL_IN_RESET));
        p.e_usci_a1.uca1brw().write(|w| w.bits(rate.brw));
        p.e_usci_a1.uca1mctlw().write(|w| w.bits(rate.mctlw));
        p.e_usci_a1
            .uca1ctlw0()
            .write(|w| w.bits(CONTROL_IN_RESET & !1));
        p.e_usci_a1.uca1ie().write(|w| w.bits(RECEIVE));
    }
}

/// Lets the transmit interrupt fetch bytes when the turn-around delay is over. Asked again, the delay begins again.
#[inline(never)]
fn transmit_later(p: &Peripherals) {
    let at = p.tb3.tb3r().read().bits().wrapping_add(TURN_AROUND_CYCLES);
    // SAFETY: the compare channel is ours; writing its control register takes a compare of before back.
    unsafe {
        p.tb3.tb3ccr3().write(|w| w.bits(at));
        p.tb3.tb3cctl3().write(|w| w.bits(ENABLE));
    }
}

/// The compare interrupt's work: the turn-around delay is over.
///
/// # Safety
/// Called with interrupts disabled.
#[inline(always)]
pub unsafe fn on_turn_around(p: &Peripherals) {
    // SAFETY: our compare channel, and a single BIS of an interrupt enable bit.
    unsafe {
        p.tb3.tb3cctl3().write(|w| w.bits(0));
        p.e_usci_a1
            .uca1ie()
            .modify(|r, w| w.bits(r.bits() | TRANSMIT));
    }
}

/// The UART interrupt's work. Deadline: one character time, 87 µs at 115 200 bit/s.
///
/// # Safety
/// Called with interrupts disabled.
#[inline(always)]
pub unsafe fn on_interrupt(p: &Peripherals) {
    // SAFETY: passed on to the caller.
    let (link, now) = unsafe { (LINK.get_in_interrupt(), time::ticks_in_interrupt()) };
    let flags = p.e_usci_a1.uca1ifg().read().bits() & p.e_usci_a1.uca1ie().read().bits();
    if flags & RECEIVE != 0 {
        // The error flag belongs to the byte in RXBUF, whose upper half reads as zero, and goes when that is read.
        let damaged = p.e_usci_a1.uca1statw().read().bits() & RECEIVE_ERROR != 0;
        let byte = p.e_usci_a1.uca1rxbuf().read().bits();
        if damaged {
            return;
        }
        match link.receive(byte, now) {
            Signal::Transmit => transmit_later(p),
            Signal::BitRate => set_bit_rate(p, link.bit_rate()),
            Signal::Nothing | Signal::Wake => {}
        }
    } else if flags & TRANSMIT != 0 {
        match link.transmit(now) {
            // SAFETY: TXBUF takes any byte.
            Some(byte) => unsafe {
                p.e_usci_a1.uca1txbuf().write(|w| w.bits(byte));
            },
            // SAFETY: clears an interrupt enable bit.
            None => unsafe {
                p.e_usci_a1
                    .uca1ie()
                    .modify(|r, w| w.bits(r.bits() & !TRANSMIT));
            },
        }
    }
}

/// Looks at the line's clock and hands out work for the main loop. A request that it gets is to be served, and its frame given
/// to [`send`]; what there is to send again is being sent.
pub fn poll(p: &Peripherals) -> Turn<'static> {
    let now = time::ticks();
    LINK.lock(|link| {
        let turn = link.turn(now);
        match turn {
            Turn::Transmit => transmit_later(p),
            Turn::Lost => set_bit_rate(p, FIRST_RATE),
            Turn::Idle | Turn::Serve(..) => {}
        }
        turn
    })
}

/// Sends the response that the responder put into the frame.
pub fn send(p: &Peripherals, frame: &'static mut Frame) {
    LINK.lock(|link| {
        link.send(frame);
        transmit_later(p);
    });
}
