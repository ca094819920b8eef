//! All interrupt handlers, each a few lines; what they do is in the file of the thing they serve.
//!
//! Nesting: handlers run with interrupts disabled, except the block handler, which enables them while it computes, so
//! that samples and UART bytes are served on top of it. It cannot interrupt itself. The multiplier belongs to the
//! block handler and, under masked interrupts, to the helpers of `mspabi`; the other handlers here must not multiply
//! (checked on the image by `cargo xtask firmware`). The CRC module belongs to the sample handler.
//!
//! Handlers that give the main loop work wake it: they clear the sleep bits of the stacked status register.

use super::{console, metering, port, registers, sampler, time};
use msp430fr2355::interrupt;

/// DRDY: a new sample. 490 to 600 cycles, of which the SPI line takes 360, and 1 250 where a block is complete; deadline
/// 2 998.
#[interrupt]
fn TIMER1_B1() {
    // SAFETY: this is the capture interrupt; interrupts are disabled in it.
    unsafe { sampler::on_data_ready() }
}

/// A handler that wakes the main loop: clears SCG1, SCG0, OSCOFF and CPUOFF in the stacked status register, then does
/// its work. It must be naked: only then is the stacked register at a known place. (msp430-rt's `wake_cpu` does the
/// same with a jump, which does not reach when the linker puts the body more than 1 KB away.)
macro_rules! waking_handler {
    ($(#[$doc:meta])* $vector:ident => $work:expr) => {
        $(#[$doc])*
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "msp430-interrupt" fn $vector() {
            // The vector's name must be one that the chip has: a misspelt handler would silently never be called.
            const _: interrupt = interrupt::$vector;
            unsafe extern "msp430-interrupt" fn body() {
                // SAFETY: interrupts are disabled in a handler.
                unsafe { $work }
            }
            core::arch::naked_asm!("bic.b #0xF0, 0(r1)", "br #{body}", body = sym body)
        }
    };
}

waking_handler! {
    /// A block of sixteen samples is complete. A block comes every 47 968 cycles; two may wait.
    TIMER2_B0 => metering::on_block()
}

waking_handler! {
    /// The communications port.
    EUSCI_A1 => port::on_interrupt(&registers())
}

/// The port's turn-around delay is over. The pulses' channels of the same timer interrupt nobody.
#[interrupt]
fn TIMER3_B1() {
    // SAFETY: interrupts are disabled.
    unsafe { port::on_turn_around(&registers()) }
}

waking_handler! {
    /// The tick, 128 times a second.
    TIMER0_B0 => time::on_tick()
}

/// The service console.
#[interrupt]
fn EUSCI_A0() {
    // SAFETY: interrupts are disabled.
    unsafe { console::on_interrupt(&registers()) }
}

/// Anything that was never enabled: stop here and let the watchdog report it.
#[interrupt]
fn DefaultHandler() {
    loop {
        msp430::asm::nop();
    }
}
