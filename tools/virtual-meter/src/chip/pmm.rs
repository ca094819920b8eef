//! Power management: software resets, the port lock, the reference voltage.

use super::backplane::{Backplane, Lane, ResetCause};

/// The PMM registers.
#[derive(Debug)]
pub struct Pmm {
    control: u16,
    reference: u16,
    flags: u16,
    /// PMMCTL0_H was written with A5h.
    unlocked: bool,
    /// LOCKLPM5: pins keep the state that they had at power-up.
    pub pins_locked: bool,
}

impl Default for Pmm {
    fn default() -> Self {
        Self {
            control: 0x0040,
            reference: 0,
            flags: 0,
            unlocked: false,
            pins_locked: true,
        }
    }
}

impl Pmm {
    /// Reads the register at `offset` from 0x0120.
    pub fn read(&self, offset: u16) -> Option<u16> {
        match offset {
            0x00 => Some(0x9600 | self.control),
            0x02 => Some(0),
            // References settle within 30 µs, long before firmware that waits for them looks again.
            0x04 => Some(self.reference | if self.reference & 3 != 0 { 0x3000 } else { 0 }),
            0x0A => Some(self.flags),
            0x10 => Some(u16::from(self.pins_locked)),
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
        match (offset, lane) {
            (0x00, Lane::High) => self.unlocked = value >> 8 == 0xA5,
            (0x00, Lane::Word) if value >> 8 == 0xA5 => {
                self.unlocked = true;
                self.write_control(value, backplane);
            }
            (0x00, Lane::Low) if self.unlocked => self.write_control(value, backplane),
            (0x02 | 0x04 | 0x0A, _) if self.unlocked => match offset {
                0x04 => self.reference = lane.merge(self.reference, value) & 0x00FF,
                0x0A => self.flags = lane.merge(self.flags, value),
                _ => {}
            },
            (0x00 | 0x02 | 0x04 | 0x0A, _) => backplane.request_reset(ResetCause::PmmPassword),
            // Software can only release the lock.
            (0x10, Lane::Word | Lane::Low) => self.pins_locked &= value & 1 != 0,
            (0x10, Lane::High) => {}
            _ => return None,
        }
        Some(())
    }

    fn write_control(&mut self, value: u16, backplane: &mut Backplane) {
        self.control = value & 0x0050;
        if value & 0x0010 != 0 {
            backplane.not_modelled("PMMREGOFF (LPM3.5 and LPM4.5)", "sleep in LPM0");
        }
        if value & 0x0004 != 0 {
            backplane.request_reset(ResetCause::SoftwareBor);
        } else if value & 0x0008 != 0 {
            backplane.request_reset(ResetCause::SoftwarePor);
        }
    }

    /// Whether the temperature sensor is on, and the reference of 1.5 V for it.
    pub fn has_sensor(&self) -> bool {
        self.reference & 8 != 0 && self.reference_mv() == Some(1_500)
    }

    /// The internal reference in millivolts; `None` while it is off.
    pub fn reference_mv(&self) -> Option<u32> {
        (self.reference & 1 != 0).then_some(match self.reference >> 4 & 3 {
            0 => 1_500,
            1 => 2_000,
            _ => 2_500,
        })
    }

    /// A reset; only a brown-out locks the pins again.
    pub fn reset(&mut self, cause: ResetCause) {
        let flag = match cause {
            ResetCause::BrownOut | ResetCause::SoftwareBor => 1 << 8,
            ResetCause::ResetPin => 1 << 9,
            ResetCause::SoftwarePor => 1 << 10,
            _ => 0,
        };
        let pins_locked = self.pins_locked || cause.is_bor();
        *self = Self {
            flags: self.flags | flag,
            pins_locked,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    #[test]
    fn a_wrong_password_resets() {
        let mut backplane = backplane();
        Pmm::default().write(0, 0x1234, Lane::Word, &mut backplane);
        assert_eq!(backplane.reset, Some(ResetCause::PmmPassword));
    }

    #[test]
    fn a_locked_register_resets_and_an_unlocked_one_does_not() {
        let mut backplane = backplane();
        let mut pmm = Pmm::default();
        pmm.write(0, 0xA500, Lane::High, &mut backplane);
        pmm.write(4, 0x0021, Lane::Word, &mut backplane);
        assert_eq!(backplane.reset, None);
        assert_eq!(pmm.reference_mv(), Some(2_500));
        pmm.write(0, 0x0000, Lane::High, &mut backplane);
        pmm.write(4, 0, Lane::Word, &mut backplane);
        assert_eq!(backplane.reset, Some(ResetCause::PmmPassword));
    }

    #[test]
    fn only_a_brown_out_locks_the_pins() {
        let mut backplane = backplane();
        let mut pmm = Pmm::default();
        pmm.write(0x10, 0, Lane::Word, &mut backplane);
        assert!(!pmm.pins_locked);
        pmm.write(0x10, 1, Lane::Word, &mut backplane);
        assert!(!pmm.pins_locked, "software cannot lock");
        pmm.reset(ResetCause::WatchdogTimeout);
        assert!(!pmm.pins_locked);
        pmm.reset(ResetCause::SoftwareBor);
        assert!(pmm.pins_locked);
    }

    #[test]
    fn software_resets() {
        for (value, cause) in [
            (0xA504, ResetCause::SoftwareBor),
            (0xA508, ResetCause::SoftwarePor),
        ] {
            let mut backplane = backplane();
            Pmm::default().write(0, value, Lane::Word, &mut backplane);
            assert_eq!(backplane.reset, Some(cause));
        }
    }
}
