//! Sleeping until there is something to do.

use core::arch::asm;

/// Sleeps in LPM0 until an interrupt handler wakes the main loop.
///
/// A wake-up between the last look at the work and this instruction is not lost for long: the tick comes 128 times a
/// second. LPM3 is not used: the samples need SMCLK, and errata CS13 and PMM32 make its entry unsafe.
pub fn sleep_until_interrupt() {
    // SAFETY: sets CPUOFF with interrupts enabled; the handlers marked `wake_cpu` clear it again.
    unsafe { asm!("bis #0x18, r2", "nop") };
}
