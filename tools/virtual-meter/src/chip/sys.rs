//! SYS: reset causes, write protection, and the few configuration bits that matter to this board.

use super::backplane::{Backplane, Lane, ResetCause};
use super::fram::WriteProtection;

/// The SYS registers.
#[derive(Debug, Default)]
pub struct Sys {
    /// SYSCFG0.
    pub protection: WriteProtection,
    control: u16,
    bootstrap: u16,
    analogue_pins: u16,
    /// Causes that SYSRSTIV has not shown yet, highest priority (lowest value) first.
    causes: Vec<ResetCause>,
}

impl Sys {
    /// Reads the register at `offset` from 0x0140; SYSUNIV belongs to the SFR.
    pub fn read(&mut self, offset: u16) -> Option<u16> {
        match offset {
            0x00 => Some(self.control),
            0x02 => Some(self.bootstrap),
            0x06 => Some(0x000C),
            0x08..=0x0E => Some(0),
            0x1C => Some(0),
            0x1E => Some(if self.causes.is_empty() {
                0
            } else {
                self.causes.remove(0) as u16
            }),
            0x20 => Some(self.protection.read()),
            0x22 => Some(0),
            0x24 => Some(self.analogue_pins),
            0x26 => Some(0),
            _ => None,
        }
    }

    /// Writes a register.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        match offset {
            0x00 => {
                self.control = lane.merge(self.control, value);
                if self.control & 0x0005 != 0 {
                    backplane.not_modelled(
                        "SYSCTL with SYSRIVECT or SYSPMMPE",
                        "keep the vectors in FRAM",
                    );
                }
            }
            0x02 => self.bootstrap = lane.merge(self.bootstrap, value),
            0x1C | 0x1E => self.causes.clear(),
            0x20 => self.protection.write(value, lane),
            0x22 if value != 0 => {
                backplane.not_modelled("SYSCFG1 (infrared modulator)", "leave it 0")
            }
            0x24 => {
                self.analogue_pins = lane.merge(self.analogue_pins, value);
                if self.analogue_pins & 0xF800 != 0 {
                    backplane.not_modelled("SYSCFG2 timer triggers and USCIBRMP", "leave them 0");
                }
            }
            0x26 if value != 0 => backplane.not_modelled(
                "SYSCFG3.USCIARMP",
                "the board uses the default eUSCI_A pins",
            ),
            0x22 | 0x26 => {}
            _ => return None,
        }
        Some(())
    }

    /// RTCCKSEL: the RTC's first source is ACLK instead of SMCLK.
    pub fn rtc_from_aclk(&self) -> bool {
        self.analogue_pins & 1 << 10 != 0
    }

    /// A reset restores the registers and adds its cause.
    pub fn reset(&mut self, cause: ResetCause) {
        let mut causes = if cause == ResetCause::BrownOut {
            Vec::new()
        } else {
            core::mem::take(&mut self.causes)
        };
        if !causes.contains(&cause) {
            causes.push(cause);
            causes.sort_unstable();
        }
        *self = Self {
            causes,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    #[test]
    fn reset_causes_come_one_by_one_in_order() {
        let mut sys = Sys::default();
        sys.reset(ResetCause::BrownOut);
        sys.reset(ResetCause::WatchdogTimeout);
        sys.reset(ResetCause::SoftwarePor);
        assert_eq!(
            [(); 4].map(|()| sys.read(0x1E)),
            [Some(0x02), Some(0x14), Some(0x16), Some(0)]
        );
    }

    #[test]
    fn unmodelled_bits_are_loud() {
        for (offset, value) in [(0x00, 1), (0x22, 1), (0x24, 0x0800), (0x26, 1)] {
            let mut backplane = backplane();
            Sys::default().write(offset, value, Lane::Word, &mut backplane);
            assert!(backplane.fault.is_some(), "{offset:#x}");
        }
    }
}
