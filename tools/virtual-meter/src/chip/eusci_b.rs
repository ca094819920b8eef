//! eUSCI_B as an SPI master: transmit buffer, shifter, receive buffer, exact bit times.
//!
//! A byte written while the shifter is idle starts to move one bit clock later. Reading the receive buffer before the
//! byte is complete gives the one before, as on the chip. I2C, slave and 4-pin modes are refused.

use super::backplane::{Backplane, Lane, line};
use super::clocks::Source;
use super::events::{NEVER, Slot};

const RESET: u16 = 1 << 0;
const RX_FLAG: u16 = 1;
const TX_FLAG: u16 = 2;
const OVERRUN: u16 = 1 << 5;

/// How a byte goes over the wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpiMode {
    /// UCCKPL: the clock idles high.
    pub clock_idles_high: bool,
    /// UCCKPH: data are captured on the first edge.
    pub captures_first_edge: bool,
    /// Most significant bit first.
    pub msb_first: bool,
    /// Bits a second.
    pub clock_hz: u64,
}

/// An eUSCI_B module.
#[derive(Debug)]
pub struct EusciB {
    name: &'static str,
    line: u32,
    slot: Slot,
    control: u16,
    divider: u16,
    overrun: bool,
    receive_buffer: u8,
    transmit_buffer: u8,
    enable: u16,
    flags: u16,
    shifting: Option<u8>,
    /// Tick at which the byte in the shifter is complete.
    complete_tick: u64,
}

impl EusciB {
    /// eUSCI_B `number` (0 or 1).
    pub fn new(number: u32) -> Self {
        let (name, line, slot) = if number == 0 {
            ("eUSCI_B0", line::EUSCI_B0, Slot::SpiB0)
        } else {
            ("eUSCI_B1", line::EUSCI_B1, Slot::SpiB1)
        };
        Self {
            name,
            line,
            slot,
            control: 0x01C1,
            divider: 0,
            overrun: false,
            receive_buffer: 0,
            transmit_buffer: 0,
            enable: 0,
            flags: TX_FLAG,
            shifting: None,
            complete_tick: 0,
        }
    }

    fn source(&self) -> Source {
        if self.control >> 6 & 3 == 1 {
            Source::Aclk
        } else {
            Source::Smclk
        }
    }

    fn bit_ticks(&self) -> u64 {
        u64::from(self.divider.max(1))
    }

    /// UCBxIFG.
    #[inline]
    pub fn flags(&self) -> u16 {
        self.flags
    }

    /// The mode, for the device at the other end to check.
    pub fn mode(&self, backplane: &Backplane) -> SpiMode {
        let source_hz = match self.source() {
            Source::Smclk => backplane.clocks.smclk_frequency() / super::clocks::HERTZ,
            _ => 32_768,
        };
        SpiMode {
            clock_idles_high: self.control & 1 << 14 != 0,
            captures_first_edge: self.control & 1 << 15 != 0,
            msb_first: self.control & 1 << 13 != 0,
            clock_hz: source_hz / self.bit_ticks(),
        }
    }

    fn update(&self, backplane: &mut Backplane) {
        backplane.set_line(self.line, self.flags & self.enable != 0);
    }

    /// Reads the register at `offset`.
    pub fn read(&mut self, offset: u16, backplane: &mut Backplane) -> Option<u16> {
        Some(match offset {
            0x00 => self.control,
            0x02 => 3,
            0x06 => self.divider,
            0x08 => u16::from(self.shifting.is_some()) | if self.overrun { OVERRUN } else { 0 },
            0x0C => {
                if self.flags & RX_FLAG != 0 {
                    self.flags &= !RX_FLAG;
                    self.update(backplane);
                }
                self.overrun = false;
                u16::from(self.receive_buffer)
            }
            0x0E => u16::from(self.transmit_buffer),
            0x2A => self.enable,
            0x2C => self.flags,
            0x2E => {
                let active = self.flags & self.enable;
                let vector = if active & RX_FLAG != 0 {
                    2
                } else {
                    2 * (active & TX_FLAG)
                };
                self.flags &= !(vector / 2);
                self.update(backplane);
                vector
            }
            0x0A | 0x14..=0x20 => {
                self.refuse_i2c(offset, backplane);
                0
            }
            _ => return None,
        })
    }

    /// Writes the register at `offset`; returns whether a byte starts to move.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<bool> {
        let mut starts = false;
        match offset {
            0x00 => self.write_control(lane.merge(self.control, value), backplane),
            0x06 => self.divider = lane.merge(self.divider, value),
            0x08 => {
                if value & 0x80 != 0 && lane != Lane::High {
                    backplane.not_modelled(format!("{} UCLISTEN", self.name), "leave it 0");
                }
            }
            0x0C => {}
            0x0E => {
                if lane != Lane::High && self.control & RESET == 0 {
                    self.transmit_buffer = value as u8;
                    self.flags &= !TX_FLAG;
                    if self.shifting.is_none() {
                        // One tick until the bit clock has started.
                        let tick = backplane.clocks.ticks(self.source(), backplane.now) + 1;
                        self.start(tick, backplane);
                        starts = true;
                    }
                }
            }
            0x2A => self.enable = lane.merge(self.enable, value) & 3,
            0x2C => self.flags = lane.merge(self.flags, value) & 3,
            0x2E => self.flags &= !RX_FLAG,
            _ => self.refuse_i2c(offset, backplane),
        }
        self.update(backplane);
        Some(starts)
    }

    fn refuse_i2c(&self, offset: u16, backplane: &mut Backplane) {
        let what = format!("{} register at offset {offset:#04x}", self.name);
        backplane.not_modelled(what, "it is for I2C, which the board does not use");
    }

    fn write_control(&mut self, new: u16, backplane: &mut Backplane) {
        self.control = new;
        if new & RESET != 0 {
            self.enable = 0;
            self.flags = TX_FLAG;
            self.overrun = false;
            self.shifting = None;
            backplane.events.schedule(self.slot, NEVER);
            return;
        }
        let spi_master_3_pin = new & 0x0F00 == 0x0900;
        if !spi_master_3_pin || new & 1 << 12 != 0 {
            backplane.not_modelled(
                format!("{} other than as a 3-pin SPI master of 8 bits", self.name),
                "set UCSYNC and UCMST, clear UCMODE and UC7BIT",
            );
        }
        if new >> 6 & 3 == 0 {
            backplane.not_modelled(format!("{} on UCLK", self.name), "select SMCLK");
        }
    }

    fn start(&mut self, tick: u64, backplane: &mut Backplane) {
        self.shifting = Some(self.transmit_buffer);
        self.flags |= TX_FLAG;
        self.complete_tick = tick + 8 * self.bit_ticks();
        self.reschedule(backplane);
    }

    /// Sets the event anew.
    pub fn reschedule(&self, backplane: &mut Backplane) {
        let at = match self.shifting {
            Some(_) => backplane.clocks.cycle_of(self.source(), self.complete_tick),
            None => NEVER,
        };
        backplane.events.schedule(self.slot, at);
    }

    /// The eighth bit is over: the byte that went out, for the device, which then answers through [`Self::complete`].
    pub fn sent(&mut self) -> Option<u8> {
        self.shifting.take()
    }

    /// The byte that came in while [`Self::sent`] went out.
    pub fn complete(&mut self, received: u8, backplane: &mut Backplane) {
        self.overrun |= self.flags & RX_FLAG != 0;
        self.receive_buffer = received;
        self.flags |= RX_FLAG;
        if self.flags & TX_FLAG == 0 {
            self.start(self.complete_tick, backplane);
        }
        self.update(backplane);
    }

    /// A reset of the chip.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        self.write_control(0x01C1, backplane);
        self.divider = 0;
        self.update(backplane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    /// Mode 1, MSB first, SMCLK / 3.
    fn ready() -> (EusciB, Backplane) {
        let (mut spi, mut backplane) = (EusciB::new(1), backplane());
        for (offset, value) in [(0x00, 0x2981), (0x06, 3), (0x00, 0x2980)] {
            spi.write(offset, value, Lane::Word, &mut backplane);
        }
        assert_eq!(backplane.fault, None);
        (spi, backplane)
    }

    fn byte_over(spi: &mut EusciB, backplane: &mut Backplane, answer: u8) -> (u64, Option<u8>) {
        let (_, at) = backplane.events.pop_due(NEVER - 1).unwrap();
        backplane.now = at;
        let sent = spi.sent();
        spi.complete(answer, backplane);
        (at, sent)
    }

    #[test]
    fn a_byte_takes_eight_bit_times_and_the_next_follows_without_a_gap() {
        let (mut spi, mut backplane) = ready();
        assert_eq!(spi.write(0x0E, 0x12, Lane::Low, &mut backplane), Some(true));
        assert_eq!(spi.read(0x2C, &mut backplane), Some(TX_FLAG));
        assert_eq!(
            spi.write(0x0E, 0x34, Lane::Low, &mut backplane),
            Some(false)
        );
        assert_eq!(spi.read(0x2C, &mut backplane), Some(0));
        assert_eq!(byte_over(&mut spi, &mut backplane, 0xAA), (25, Some(0x12)));
        assert_eq!(spi.read(0x2C, &mut backplane), Some(TX_FLAG | RX_FLAG));
        assert_eq!(byte_over(&mut spi, &mut backplane, 0xBB), (49, Some(0x34)));
    }

    #[test]
    fn reading_too_early_gives_the_old_byte_and_too_late_an_overrun() {
        let (mut spi, mut backplane) = ready();
        spi.write(0x0E, 1, Lane::Low, &mut backplane);
        byte_over(&mut spi, &mut backplane, 0xAA);
        assert_eq!(spi.read(0x0C, &mut backplane), Some(0xAA));
        spi.write(0x0E, 2, Lane::Low, &mut backplane);
        assert_eq!(
            spi.read(0x0C, &mut backplane),
            Some(0xAA),
            "still the old one"
        );
        byte_over(&mut spi, &mut backplane, 0xBB);
        spi.write(0x0E, 3, Lane::Low, &mut backplane);
        byte_over(&mut spi, &mut backplane, 0xCC);
        assert_eq!(spi.read(0x08, &mut backplane), Some(OVERRUN));
        assert_eq!(spi.read(0x0C, &mut backplane), Some(0xCC));
        assert_eq!(spi.read(0x08, &mut backplane), Some(0));
    }

    #[test]
    fn interrupts_and_their_vector() {
        let (mut spi, mut backplane) = ready();
        spi.write(0x2A, 3, Lane::Word, &mut backplane);
        assert_eq!(backplane.lines, 1 << line::EUSCI_B1);
        assert_eq!(spi.read(0x2E, &mut backplane), Some(4));
        assert_eq!(backplane.lines, 0);
        spi.write(0x0E, 1, Lane::Low, &mut backplane);
        byte_over(&mut spi, &mut backplane, 0);
        assert_eq!(spi.read(0x2E, &mut backplane), Some(2));
    }

    #[test]
    fn other_modes_are_refused() {
        for control in [0x0F80, 0x2180, 0x3980, 0x2900] {
            let (mut spi, mut backplane) = (EusciB::new(1), backplane());
            spi.write(0x00, control, Lane::Word, &mut backplane);
            assert!(backplane.fault.is_some(), "{control:#06x}");
        }
    }
}
