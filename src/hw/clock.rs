//! Clocks: the 32 768 Hz crystal, and the FLL that multiplies it to 24 MHz.
//!
//! SLAU445 chapter 3. Order matters: the FRAM's wait states go up before the clock does. MCLK = SMCLK = 732 × 32 768 Hz
//! = 23 986 176 Hz; FRAM then needs two wait states (data sheet, recommended conditions). 24 MHz rather than 16: the
//! arithmetic per sample is the same number of cycles either way, and the shorter it takes the sooner a reader is answered.

use super::board::FLL_FACTOR;
use core::arch::asm;
use msp430fr2355::Peripherals;

/// FRCTL0: password and NWAITS = 2, for up to 24 MHz.
const TWO_WAIT_STATES: u16 = 0xA500 | (2 << 4);
/// CSCTL1: range 24 MHz (DCORSEL = 7), trim enabled, trim in bits 6:4.
const RANGE_24_MHZ: u16 = (7 << 1) | (1 << 7);
/// CSCTL7 and SFRIFG1 flags.
const DCO_FAULT: u16 = 1 << 0;
const XT1_FAULT: u16 = 1 << 1;
const FLL_UNLOCK: u16 = 3 << 8;
const OSCILLATOR_FAULT: u16 = 1 << 1;
/// CSCTL3: FLL reference is REFO instead of XT1.
const REFERENCE_REFO: u16 = 1 << 4;
/// CSCTL4: ACLK from REFO instead of XT1.
const ACLK_REFO: u16 = 1 << 8;

/// Values of DCOFTRIM.
const TRIMS: u16 = 8;

/// How often the crystal's fault flag is cleared and looked at before the meter starts without it. The crystal needs
/// up to a second; one turn is about 12 ms at the reset clock of 1 MHz.
const CRYSTAL_ATTEMPTS: u16 = 160;

/// What the clock runs from.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Reference {
    /// The crystal, as it should be.
    Crystal,
    /// The chip's own 3.5 % oscillator, because the crystal does not start.
    Internal,
}

/// Starts crystal and FLL. Takes up to two seconds; the watchdog is stopped while it runs.
pub fn init(p: &Peripherals) -> Reference {
    // SAFETY: password and field values as given in SLAU445 tables 3-4 to 3-12 and 6-2.
    unsafe {
        p.frctl.frctl0().write(|w| w.bits(TWO_WAIT_STATES));
        let reference = start_crystal(p);
        let (select_reference, select_aclk) = match reference {
            Reference::Crystal => (0, 0),
            Reference::Internal => (REFERENCE_REFO, ACLK_REFO),
        };
        p.cs.csctl4().write(|w| w.bits(select_aclk));
        p.cs.csctl3().write(|w| w.bits(select_reference));
        lock_fll(p);
        reference
    }
}

/// Clears the sticky fault flags until they stay clear.
unsafe fn start_crystal(p: &Peripherals) -> Reference {
    for _ in 0..CRYSTAL_ATTEMPTS {
        unsafe {
            p.cs.csctl7()
                .modify(|r, w| w.bits(r.bits() & !(XT1_FAULT | DCO_FAULT)));
            p.sfr
                .sfrifg1()
                .modify(|r, w| w.bits(r.bits() & !OSCILLATOR_FAULT));
        }
        // The flag comes back at the next missing crystal edge; wait longer than a few of them.
        delay_cycles_x4(3000);
        if p.sfr.sfrifg1().read().bits() & OSCILLATOR_FAULT == 0 {
            return Reference::Crystal;
        }
    }
    Reference::Internal
}

/// The FLL with the software trim of SLAU445 section 3.2.11.2: the trim is stepped until the DCO tap settles as near
/// to its middle (256) as it gets, so that temperature has room both ways.
unsafe fn lock_fll(p: &Peripherals) {
    let mut trim: u16 = 3;
    let mut best_trim = trim;
    let mut best_distance = u16::MAX;
    // Beyond the last trim on either side there is none; wrapped, 0 less one is beyond too.
    while trim < TRIMS {
        let tap = unsafe { settle(p, trim) };
        // 0 … 255 either way. A low tap means that the oscillator is too fast at this trim.
        let (distance, step) = if tap & 256 == 0 {
            (!tap & 255, u16::MAX)
        } else {
            (tap & 255, 1)
        };
        if distance >= best_distance {
            break;
        }
        best_distance = distance;
        best_trim = trim;
        trim = trim.wrapping_add(step);
    }
    unsafe { settle(p, best_trim) };
}

/// Lets the FLL lock at one trim from the middle tap; returns the tap it ends at.
unsafe fn settle(p: &Peripherals, trim: u16) -> u16 {
    unsafe {
        // The FLL is off (SCG0) while its registers change, and for three cycles before it is on again.
        asm!("bis #0x40, r2", "nop");
        p.cs.csctl0().write(|w| w.bits(0x100));
        p.cs.csctl1().write(|w| w.bits(RANGE_24_MHZ | (trim << 4)));
        p.cs.csctl2().write(|w| w.bits(FLL_FACTOR - 1));
        asm!("nop", "nop", "nop", "bic #0x40, r2");
        // First let the unlock flags become valid (24 reference cycles, as the manual's example waits), then poll.
        delay_cycles_x4(5000);
        for _ in 0..2000u16 {
            p.cs.csctl7().modify(|r, w| w.bits(r.bits() & !DCO_FAULT));
            let flags = p.cs.csctl7().read().bits();
            if flags & (FLL_UNLOCK | DCO_FAULT) == 0 {
                break;
            }
        }
        p.cs.csctl0().read().bits() & 0x1FF
    }
}

/// Waits four times `count` CPU cycles; one turn is a decrement (1), a compare to zero (1) and a jump (2).
pub fn delay_cycles_x4(count: u16) {
    // SAFETY: touches only its own register and the flags.
    unsafe {
        asm!("1:", "nop", "dec {n}", "jne 1b", n = inout(reg) count => _, options(nomem, nostack));
    }
}
