//! Special function registers: enables and flags of watchdog and oscillator fault.
//!
//! Vacant accesses end the run here, so VMAIFG is never set; the JTAG mailbox is not modelled, its flags stay.

use super::backplane::{Backplane, Lane, line};

const WDT: u16 = 1 << 0;
const OSCILLATOR_FAULT: u16 = 1 << 1;
const NMI_PIN: u16 = 1 << 4;
const MAILBOX: u16 = 3 << 6;

/// SFRIE1, SFRIFG1 and SFRRPCR.
#[derive(Debug)]
pub struct Sfr {
    enables: u16,
    flags: u16,
    pin_control: u16,
}

impl Default for Sfr {
    fn default() -> Self {
        Self {
            enables: 0,
            flags: 0x0082,
            pin_control: 0x001C,
        }
    }
}

impl Sfr {
    /// Reads SFRIE1 (0), SFRIFG1 (2) or SFRRPCR (4).
    pub fn read(&self, offset: u16) -> Option<u16> {
        match offset {
            0 => Some(self.enables),
            2 => Some(self.flags),
            4 => Some(self.pin_control),
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
            0 => {
                self.enables = lane.merge(self.enables, value);
                if self.enables & (NMI_PIN | MAILBOX) != 0 {
                    backplane.not_modelled(
                        "an SFRIE1 interrupt of the NMI pin or the JTAG mailbox",
                        "leave it disabled",
                    );
                }
            }
            2 => self.flags = lane.merge(self.flags, value),
            4 => {
                self.pin_control = lane.merge(self.pin_control, value);
                if self.pin_control & 1 != 0 {
                    backplane.not_modelled(
                        "the NMI function of the RST pin (SFRRPCR)",
                        "leave SYSNMI at 0",
                    );
                }
            }
            _ => return None,
        }
        self.update(backplane);
        Some(())
    }

    /// The watchdog's interval is over.
    pub fn set_watchdog_flag(&mut self, backplane: &mut Backplane) {
        self.flags |= WDT;
        self.update(backplane);
    }

    /// The CPU accepts the watchdog's interrupt, which clears its flag.
    pub fn accept_watchdog(&mut self, backplane: &mut Backplane) {
        self.flags &= !WDT;
        self.update(backplane);
    }

    /// One of the clock system's fault flags is set.
    pub fn set_oscillator_fault(&mut self, backplane: &mut Backplane) {
        self.flags |= OSCILLATOR_FAULT;
        self.update(backplane);
    }

    /// Reads SYSUNIV: an oscillator fault shows as 4 and its flag is cleared.
    pub fn read_user_nmi(&mut self, backplane: &mut Backplane) -> u16 {
        if self.flags & self.enables & OSCILLATOR_FAULT == 0 {
            return 0;
        }
        self.flags &= !OSCILLATOR_FAULT;
        self.update(backplane);
        4
    }

    /// A reset restores the registers.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        *self = Self::default();
        self.update(backplane);
    }

    fn update(&self, backplane: &mut Backplane) {
        let active = self.flags & self.enables;
        backplane.set_line(line::WDT, active & WDT != 0);
        backplane.set_line(line::UNMI, active & OSCILLATOR_FAULT != 0);
    }
}
