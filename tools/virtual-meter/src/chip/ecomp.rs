//! eCOMP: a comparator between a pin and its 6-bit DAC, for the early warning that the supply is going.
//!
//! Only that use is modelled: the positive input on the pin the board connects, the negative one on the DAC. Hysteresis,
//! filters and the comparator's own delay (below a microsecond) are left out.

use super::backplane::Backplane;
use super::backplane::Lane;

const RISING_ENABLE: u16 = 1 << 14;
const FALLING_ENABLE: u16 = 1 << 15;

/// One comparator.
#[derive(Debug, Default)]
pub struct Ecomp {
    inputs: u16,
    control: u16,
    flags: u16,
    dac_control: u16,
    dac_data: u16,
    /// Voltage at the external inputs COMPx.0 to COMPx.3.
    pins_mv: [u32; 4],
    supply_mv: u32,
    output: bool,
}

impl Ecomp {
    /// A comparator on a chip with this supply.
    pub fn new(supply_mv: u32) -> Self {
        Self {
            supply_mv,
            ..Self::default()
        }
    }

    fn dac_mv(&self, reference_mv: Option<u32>, backplane: &mut Backplane) -> u32 {
        if self.dac_control & 0x80 == 0 {
            backplane.misuse("comparator input selects its DAC, which is off: set CPDACEN");
        }
        let full = if self.dac_control & 4 == 0 {
            self.supply_mv
        } else {
            reference_mv.unwrap_or_else(|| {
                backplane.misuse(
                    "comparator DAC on the internal reference, which is off: set PMMCTL2.INTREFEN",
                );
                0
            })
        };
        let second = if self.dac_control & 2 != 0 {
            self.dac_control & 1 != 0
        } else {
            self.output
        };
        full * u32::from(self.dac_data >> if second { 8 } else { 0 } & 0x3F) / 64
    }

    fn input_mv(&self, select: u16, reference_mv: Option<u32>, backplane: &mut Backplane) -> u32 {
        match select {
            0..=3 => self.pins_mv[usize::from(select)],
            6 => self.dac_mv(reference_mv, backplane),
            _ => {
                backplane.not_modelled(
                    "a comparator input other than a pin or its DAC",
                    "use CPPSEL 0 to 3 or 6",
                );
                0
            }
        }
    }

    /// Compares anew, after a pin, a register or the reference has changed.
    pub fn compare(&mut self, reference_mv: Option<u32>, backplane: &mut Backplane) {
        if self.control & 1 << 9 == 0 {
            self.output = false;
            return;
        }
        let plus = if self.inputs & 1 << 4 != 0 {
            self.input_mv(self.inputs & 7, reference_mv, backplane)
        } else {
            0
        };
        let minus = if self.inputs & 1 << 12 != 0 {
            self.input_mv(self.inputs >> 8 & 7, reference_mv, backplane)
        } else {
            0
        };
        let output = (plus > minus) != (self.control & 2 != 0);
        if output != self.output {
            let first_is_falling = self.control & 1 << 4 != 0;
            self.flags |= if output != first_is_falling { 1 } else { 2 };
            self.output = output;
        }
    }

    /// Is an enabled flag set?
    pub fn interrupts(&self) -> bool {
        (self.flags & 1 != 0 && self.control & RISING_ENABLE != 0)
            || (self.flags & 2 != 0 && self.control & FALLING_ENABLE != 0)
    }

    /// The voltage at external input `input` changes; call [`Self::compare`] next.
    pub fn set_pin_mv(&mut self, input: usize, millivolts: u32) {
        self.pins_mv[input] = millivolts;
    }

    /// Reads the register at `offset`.
    pub fn read(&mut self, offset: u16) -> Option<u16> {
        Some(match offset {
            0x00 => self.inputs,
            0x02 => self.control | u16::from(self.output),
            0x06 => self.flags,
            0x08 => {
                let rising = self.flags & 1 != 0 && self.control & RISING_ENABLE != 0;
                let falling = self.flags & 2 != 0 && self.control & FALLING_ENABLE != 0;
                let vector = if rising { 2 } else { 4 * u16::from(falling) };
                self.flags &= !(vector / 2);
                vector
            }
            0x10 => self.dac_control,
            0x12 => self.dac_data,
            _ => return None,
        })
    }

    /// Writes the register at `offset`; call [`Self::compare`] next.
    pub fn write(&mut self, offset: u16, value: u16, lane: Lane) -> Option<()> {
        match offset {
            0x00 => self.inputs = lane.merge(self.inputs, value),
            0x02 => self.control = lane.merge(self.control, value) & !1,
            0x06 => self.flags = lane.merge(self.flags, value) & 3,
            0x08 => self.flags = 0,
            0x10 => self.dac_control = lane.merge(self.dac_control, value),
            0x12 => self.dac_data = lane.merge(self.dac_data, value),
            _ => return None,
        }
        Some(())
    }

    /// A reset of the chip; the pins keep their voltages.
    pub fn reset(&mut self) {
        *self = Self {
            pins_mv: self.pins_mv,
            ..Self::new(self.supply_mv)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    #[test]
    fn a_falling_rail_flags_once() {
        let mut backplane = backplane();
        let mut comparator = Ecomp::new(3_300);
        comparator.set_pin_mv(1, 2_000);
        // V+ = COMP0.1, V− = DAC at 2.5 V · 40/64 = 1.5625 V, falling edge sets CPIIFG.
        for (offset, value) in [
            (0x10, 0x0086),
            (0x12, 0x2828),
            (0x00, 0x1611),
            (0x02, 0x8200),
        ] {
            comparator.write(offset, value, Lane::Word);
            comparator.compare(Some(2_500), &mut backplane);
        }
        assert_eq!(comparator.read(0x02).unwrap() & 1, 1);
        comparator.read(0x08);
        assert!(!comparator.interrupts());
        comparator.set_pin_mv(1, 1_500);
        comparator.compare(Some(2_500), &mut backplane);
        assert!(comparator.interrupts());
        assert_eq!(comparator.read(0x08), Some(4));
        assert!(!comparator.interrupts());
        assert_eq!(backplane.fault, None);
    }

    #[test]
    fn a_dac_without_its_reference_is_loud() {
        let mut backplane = backplane();
        let mut comparator = Ecomp::new(3_300);
        for (offset, value) in [(0x10, 0x0084), (0x00, 0x1611), (0x02, 0x0200)] {
            comparator.write(offset, value, Lane::Word);
        }
        comparator.compare(None, &mut backplane);
        assert!(backplane.fault.is_some());
    }
}
