//! The watchdog: one second from the crystal, fed only while samples keep coming.
//!
//! It runs from ACLK, so a stuck FLL cannot stretch it. The main loop feeds it when the block counter has moved since
//! the last feed, or when a bounded attempt to revive the converter has just ended; nothing else does.

use msp430fr2355::Peripherals;

/// Password, ACLK, counter clear, 2^15 clocks = 1 s.
const RUN_1_S: u16 = 0x5A00 | (1 << 5) | (1 << 3) | 4;

/// Starts the watchdog, or starts its second anew.
pub fn feed(p: &Peripherals) {
    // SAFETY: WDTCTL takes its password in the upper byte; the value is complete.
    unsafe { p.wdt_a.wdtctl().write(|w| w.bits(RUN_1_S)) };
}
