//! Bringing the ADS131M03 up: reset, identity, configuration with read-back, start of the stream.
//!
//! Data sheet SBAS889A section 8.5; the words themselves are in `meter430::ads131m03`. Frames and the stream are
//! `sampler`'s work.

use super::board::{CLOCK_HZ, CONVERTER_SYNC_RESET};
use super::{clock, sampler};
use meter430::ads131m03::BRING_UP;
use msp430fr2355::Peripherals;

/// Cycles/4 in a microsecond, rounded up.
const MICROSECOND_X4: u16 = (CLOCK_HZ / 4_000_000 + 1) as u16;
/// SYNC/RESET low for 2 048 converter clocks (250 µs) resets; 400 µs leaves a margin for a slow crystal.
const RESET_LOW: u16 = 400 * MICROSECOND_X4;
/// From reset to the first SPI access: 5 µs for the registers, but conversions (and DRDY) take 0.5 ms.
const RESET_RECOVERY: u16 = 1000 * MICROSECOND_X4;
/// SYNC/RESET low for less than 2 047 converter clocks restarts the filters only.
const SYNC_LOW: u16 = 10 * MICROSECOND_X4;

/// Resets and configures the converter, and verifies every register. Takes 2 ms. Returns whether all is well; else the
/// converter may be in any state, and this can be called again.
pub fn bring_up(p: &Peripherals) -> bool {
    pulse_sync_reset(p, RESET_LOW);
    clock::delay_cycles_x4(RESET_RECOVERY);
    for step in &BRING_UP {
        if !step.is_met(&sampler::exchange(step)) {
            return false;
        }
    }
    // Restart the filters: empties the converter's two-deep buffer, so that from now on one frame a DRDY is enough.
    pulse_sync_reset(p, SYNC_LOW);
    true
}

/// Pulls SYNC/RESET low for four times `low` cycles.
fn pulse_sync_reset(p: &Peripherals, low: u16) {
    // SAFETY: the pin is an output of ours.
    unsafe {
        p.p3.p3out()
            .modify(|r, w| w.bits(r.bits() & !CONVERTER_SYNC_RESET));
        clock::delay_cycles_x4(low);
        p.p3.p3out()
            .modify(|r, w| w.bits(r.bits() | CONVERTER_SYNC_RESET));
    }
}
