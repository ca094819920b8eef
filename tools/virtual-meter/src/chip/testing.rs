//! What the peripherals' unit tests share: a backplane with a steady clock.

use super::backplane::Backplane;
use super::clocks::{Clocks, HERTZ};

/// A backplane at cycle 0, MCLK = SMCLK = 1 MHz, ACLK = XT1 = 32 768 Hz.
pub fn backplane() -> Backplane {
    backplane_at(1_000_000)
}

/// The same with another MCLK.
pub fn backplane_at(mclk_hz: u64) -> Backplane {
    Backplane::new(Clocks::new(mclk_hz * HERTZ, 32_768 * HERTZ, 10_000 * HERTZ))
}
