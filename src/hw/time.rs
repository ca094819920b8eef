//! Milliseconds since power-up, from the crystal, independent of the converter.
//!
//! TB0 counts ACLK (32 768 Hz) to 256 and interrupts 128 times a second. One tick is 7.8125 ms = 125/16 ms, so time is
//! kept in sixteenths of a millisecond and nothing is rounded.

use super::shared::InterruptCell;
use msp430fr2355::Peripherals;

/// ACLK cycles per tick, less one for the compare register.
const TICK_COMPARE: u16 = 255;
/// Sixteenths of a millisecond per tick.
const TICK_SIXTEENTHS: u16 = 125;

/// TB0CTL: ACLK, up mode, clear.
const ACLK_UP: u16 = (1 << 8) | (1 << 4) | (1 << 2);
/// TB0CCTL0: interrupt enable.
const ENABLE: u16 = 1 << 4;

struct Time {
    ms: u32,
    sixteenths: u16,
    ticks: u16,
}

static TIME: InterruptCell<Time> = InterruptCell::new(Time {
    ms: 0,
    sixteenths: 0,
    ticks: 0,
});

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
    let time = unsafe { TIME.get_in_interrupt() };
    time.ticks = time.ticks.wrapping_add(1);
    time.sixteenths += TICK_SIXTEENTHS;
    time.ms = time.ms.wrapping_add((time.sixteenths >> 4) as u32);
    time.sixteenths &= 15;
}

/// Milliseconds since power-up, wrapping after 49 days; steps of about 8 ms.
pub fn now_ms() -> u32 {
    TIME.lock(|t| t.ms)
}

/// Ticks since power-up, 128 a second, wrapping.
pub fn ticks() -> u16 {
    TIME.lock(|t| t.ticks)
}

/// [`now_ms`] inside an interrupt handler.
///
/// # Safety
/// Interrupts are disabled.
#[inline(always)]
pub unsafe fn now_ms_in_interrupt() -> u32 {
    // SAFETY: passed on to the caller.
    unsafe { TIME.get_in_interrupt().ms }
}
