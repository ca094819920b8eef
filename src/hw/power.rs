//! Sleeping until there is something to do, restarting, and the early warning that the supply is going.
//!
//! eCOMP0 compares the unregulated rail, behind a divider on P1.1 that makes 2.5 V of a good one, with its DAC (SLAU445,
//! eCOMP). The DAC divides the controller's own supply, which stands for as long as the regulator has enough: the
//! warning comes before that. Nothing is urgent enough for an interrupt of its own: the block interrupt looks at the flag
//! every 2 ms.

use core::arch::asm;

/// Sleeps in LPM0 until an interrupt handler wakes the main loop.
///
/// A wake-up between the last look at the work and this instruction is not lost for long: the tick comes 128 times a
/// second. LPM3 is not used: the samples need SMCLK, and errata CS13 and PMM32 make its entry unsafe.
pub fn sleep_until_interrupt() {
    // SAFETY: sets CPUOFF with interrupts enabled; the handlers marked `wake_cpu` clear it again.
    unsafe { asm!("bis #0x18, r2", "nop") };
}

/// PMMCTL0.
const PMM_CONTROL: *mut u16 = 0x0120 as *mut u16;
/// Its password; PMMSWBOR: a brown-out reset, everything but FRAM as after power-up (SLAU445 1.2).
const PASSWORD_AND_RESET: u16 = 0xA500 | (1 << 2);

/// Restarts the controller, at once.
pub fn restart() {
    // SAFETY: nothing behind this runs.
    unsafe { PMM_CONTROL.write_volatile(PASSWORD_AND_RESET) };
}

/// CP0CTL0, and from there CP0CTL1, CP0INT, CP0DACCTL, CP0DACDATA.
const ECOMP0: *mut u16 = 0x08E0 as *mut u16;
const CONTROL_1: usize = 1;
const FLAGS: usize = 3;
const DAC_CONTROL: usize = 8;
const DAC_DATA: usize = 9;
/// Inputs: + COMP0.1, − DAC.
const RAIL_AGAINST_DAC: u16 = (1 << 12) | (6 << 8) | (1 << 4) | 1;
/// DAC on, from the supply, its value chosen by the comparator's output.
const DAC_ON: u16 = 1 << 7;
/// In 64ths of 3.3 V: 2.01 V while the output is high, that is the rail good; 2.22 V until it is so again.
const FAILS_AND_RETURNS: u16 = (39 << 8) | 43;
/// CPEN.
const ON: u16 = 1 << 9;
/// CPIIFG: the output has fallen.
const FALLEN: u16 = 2;

/// Starts watching the supply's rail.
pub fn watch_rail() {
    // SAFETY: registers of the comparator, which nobody else uses.
    unsafe {
        ECOMP0.add(DAC_DATA).write_volatile(FAILS_AND_RETURNS);
        ECOMP0.add(DAC_CONTROL).write_volatile(DAC_ON);
        ECOMP0.write_volatile(RAIL_AGAINST_DAC);
        ECOMP0.add(CONTROL_1).write_volatile(ON);
    }
}

/// Whether the rail has fallen since this was asked last.
#[inline(always)]
pub fn rail_has_fallen() -> bool {
    // SAFETY: registers of the comparator. A second fall between the two is the same one.
    unsafe {
        let fallen = ECOMP0.add(FLAGS).read_volatile() & FALLEN != 0;
        if fallen {
            ECOMP0.add(FLAGS).write_volatile(0);
        }
        fallen
    }
}
