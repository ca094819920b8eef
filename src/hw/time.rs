//! Time since power-up in ticks of 1/128 s, from the crystal, independent of the converter.
//!
//! TB0 counts ACLK (32 768 Hz) to 256 and interrupts 128 times a second.

use super::shared::InterruptCell;
use c12::frame::TICKS_PER_S;
use msp430fr2355::Peripherals;

/// ACLK cycles per tick, less one for the compare register.
const TICK_COMPARE: u16 = 255;

/// TB0CTL: ACLK, up mode, clear.
const ACLK_UP: u16 = (1 << 8) | (1 << 4) | (1 << 2);
/// TB0CCTL0: interrupt enable.
const ENABLE: u16 = 1 << 4;

static TICKS: InterruptCell<u16> = InterruptCell::new(0);

const _: () = assert!(32_768 / (TICK_COMPARE as u32 + 1) == TICKS_PER_S as u32);

/// Starts the tick.
pub fn start(p: &Peripherals) {
    // SAFETY: timer registers take these values (SLAU445 tables 14-5 and 14-6).
    unsafe {
        p.tb0.tb0ccr0().write(|w| w.bits(TICK_COMPARE));
        p.tb0.tb0cctl0().write(|w| w.bits(ENABLE));
        p.tb0.tb0ctl().write(|w| w.bits(ACLK_UP));
    }
}

/// The tick interrupt's work.
///
/// # Safety
/// Called with interrupts disabled.
#[inline(always)]
pub unsafe fn on_tick() {
    // SAFETY: passed on to the caller.
    let ticks = unsafe { TICKS.get_in_interrupt() };
    *ticks = ticks.wrapping_add(1);
}

/// Ticks since power-up, [`TICKS_PER_S`] a second, wrapping.
pub fn ticks() -> u16 {
    // SAFETY: the whole content.
    unsafe { TICKS.word(|ticks| ticks) }
}

/// [`ticks`] inside an interrupt handler.
///
/// # Safety
/// Interrupts are disabled.
#[inline(always)]
pub unsafe fn ticks_in_interrupt() -> u16 {
    // SAFETY: passed on to the caller.
    unsafe { *TICKS.get_in_interrupt() }
}
