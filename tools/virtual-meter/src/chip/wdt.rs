//! The watchdog: a counter that resets the chip, or flags, when it is not cleared in time.

use super::backplane::{Backplane, Lane, ResetCause};
use super::clocks::Source;
use super::events::{NEVER, Slot};

const PASSWORD: u16 = 0x5A;
const CLEAR: u16 = 1 << 3;
const INTERVAL_MODE: u16 = 1 << 4;
const HOLD: u16 = 1 << 7;
/// log2 of the number of clocks for each value of WDTIS.
const INTERVAL_BITS: [u32; 8] = [31, 27, 23, 19, 15, 13, 9, 6];

/// WDTCTL and its counter.
#[derive(Debug)]
pub struct Watchdog {
    control: u16,
    /// Count when `since` was taken.
    count: u64,
    /// Tick of the source at which `count` was taken.
    since: u64,
}

impl Default for Watchdog {
    fn default() -> Self {
        Self {
            control: 0x04,
            count: 0,
            since: 0,
        }
    }
}

impl Watchdog {
    /// Reads WDTCTL (offset 0).
    pub fn read(&self, offset: u16) -> Option<u16> {
        (offset == 0).then_some(0x6900 | self.control)
    }

    fn source(&self) -> Source {
        match self.control >> 5 & 3 {
            0 => Source::Smclk,
            1 => Source::Aclk,
            _ => Source::Vlo,
        }
    }

    /// Writes WDTCTL.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        if offset != 0 {
            return None;
        }
        if lane != Lane::Word {
            backplane.misuse("byte write to WDTCTL, which takes words only: write the password 5Ah and the control bits together");
        } else if value >> 8 != PASSWORD {
            backplane.request_reset(ResetCause::WatchdogPassword);
        } else {
            let ticks = backplane.clocks.ticks(self.source(), backplane.now);
            if self.control & HOLD == 0 {
                self.count += ticks.saturating_sub(self.since);
            }
            if value & CLEAR != 0 {
                self.count = 0;
            }
            self.control = value & 0x00F7;
            if self.control >> 5 & 3 == 3 {
                backplane.not_modelled("WDTSSEL = BCLK", "take SMCLK, ACLK or VLO");
            }
            self.since = backplane.clocks.ticks(self.source(), backplane.now);
            self.reschedule(backplane);
        }
        Some(())
    }

    /// Sets the next event anew.
    pub fn reschedule(&self, backplane: &mut Backplane) {
        let at = if self.control & HOLD != 0 {
            NEVER
        } else {
            // A count beyond a shorter interval runs on to that interval's next multiple.
            let interval = 1_u64 << INTERVAL_BITS[usize::from(self.control & 7)];
            let left = interval - self.count % interval;
            backplane.clocks.cycle_of(self.source(), self.since + left)
        };
        backplane.events.schedule(Slot::Watchdog, at);
    }

    /// The interval is over; returns whether WDTIFG is to be set (interval mode), else the chip resets.
    pub fn event(&mut self, backplane: &mut Backplane) -> bool {
        self.count = 0;
        self.since = backplane.clocks.ticks(self.source(), backplane.now);
        if self.control & INTERVAL_MODE == 0 {
            backplane.request_reset(ResetCause::WatchdogTimeout);
            return false;
        }
        self.reschedule(backplane);
        true
    }

    /// A reset starts the watchdog: 32 768 SMCLK.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        *self = Self {
            since: backplane.clocks.ticks(Source::Smclk, backplane.now),
            ..Self::default()
        };
        self.reschedule(backplane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    #[test]
    fn it_bites_after_32768_smclk_and_when_fed_later() {
        let mut backplane = backplane();
        let mut watchdog = Watchdog::default();
        watchdog.reset(&mut backplane);
        assert_eq!(backplane.events.when(Slot::Watchdog), 32_768);
        backplane.now = 1_000;
        watchdog.write(0, 0x5A0C, Lane::Word, &mut backplane);
        assert_eq!(backplane.events.when(Slot::Watchdog), 33_768);
        backplane.now = 33_768;
        assert!(!watchdog.event(&mut backplane));
        assert_eq!(backplane.reset, Some(ResetCause::WatchdogTimeout));
    }

    #[test]
    fn a_wrong_password_resets() {
        let mut backplane = backplane();
        Watchdog::default().write(0, 0x0080, Lane::Word, &mut backplane);
        assert_eq!(backplane.reset, Some(ResetCause::WatchdogPassword));
    }

    #[test]
    fn held_it_sleeps_and_in_interval_mode_it_flags() {
        let mut backplane = backplane();
        let mut watchdog = Watchdog::default();
        watchdog.write(0, 0x5A80, Lane::Word, &mut backplane);
        assert_eq!(backplane.events.when(Slot::Watchdog), NEVER);
        assert_eq!(watchdog.read(0), Some(0x6980));
        watchdog.write(0, 0x5A1F, Lane::Word, &mut backplane);
        assert_eq!(backplane.events.when(Slot::Watchdog), 64);
        backplane.now = 64;
        assert!(watchdog.event(&mut backplane));
        assert_eq!(backplane.events.when(Slot::Watchdog), 128);
        assert_eq!(backplane.reset, None);
    }
}
