//! eUSCI_A as a UART: baud generator with both modulators, double buffering, three-fold sampling.
//!
//! Bits are as long as the dividers make them, in ticks of the selected clock; the receiver takes the majority of three
//! samples in the middle of each bit, the far end samples with its own clock. SPI, multiprocessor, automatic baud rate
//! and IrDA modes are refused.

use super::backplane::{Backplane, Lane, line};
use super::clocks::Source;
use super::events::{NEVER, Slot};
use super::uart_line::UartLine;
use crate::time::Time;

const RESET: u16 = 1 << 0;
const ERRONEOUS_INTERRUPT: u16 = 1 << 5;
const BREAK_INTERRUPT: u16 = 1 << 4;
const PARITY: u16 = 1 << 15;
const EVEN: u16 = 1 << 14;
const MSB_FIRST: u16 = 1 << 13;
const SEVEN_BITS: u16 = 1 << 12;
const TWO_STOPS: u16 = 1 << 11;

const RX_FLAG: u16 = 1;
const TX_FLAG: u16 = 2;
const START_FLAG: u16 = 4;
const COMPLETE_FLAG: u16 = 8;

const FRAMING: u16 = 1 << 6;
const OVERRUN: u16 = 1 << 5;
const PARITY_ERROR: u16 = 1 << 4;
const BREAK: u16 = 1 << 3;
const ANY_ERROR: u16 = 1 << 2;

/// A frame on the chip's receiver: when it began and where its bits end, in ticks of the baud clock.
#[derive(Debug)]
struct Reception {
    start_tick: u64,
}

/// An eUSCI_A module.
#[derive(Debug)]
pub struct EusciA {
    name: &'static str,
    line: u32,
    slots: (Slot, Slot),
    control: u16,
    control1: u16,
    divider: u16,
    modulation: u16,
    status: u16,
    receive_buffer: u16,
    transmit_buffer: u16,
    enable: u16,
    flags: u16,
    /// The byte in the transmit shifter.
    shifting: Option<u16>,
    /// Tick at which the shifter began.
    shift_start: u64,
    reception: Option<Reception>,
    /// Falling edges before this time have been dealt with.
    searched: Time,
}

impl EusciA {
    /// eUSCI_A `number` (0 or 1).
    pub fn new(number: u32) -> Self {
        let (name, line, slots) = if number == 0 {
            (
                "eUSCI_A0",
                line::EUSCI_A0,
                (Slot::UartA0Transmit, Slot::UartA0Receive),
            )
        } else {
            (
                "eUSCI_A1",
                line::EUSCI_A1,
                (Slot::UartA1Transmit, Slot::UartA1Receive),
            )
        };
        Self {
            name,
            line,
            slots,
            control: RESET,
            control1: 3,
            divider: 0,
            modulation: 0,
            status: 0,
            receive_buffer: 0,
            transmit_buffer: 0,
            enable: 0,
            flags: TX_FLAG,
            shifting: None,
            shift_start: 0,
            reception: None,
            searched: 0,
        }
    }

    fn source(&self) -> Source {
        if self.control >> 6 & 3 == 1 {
            Source::Aclk
        } else {
            Source::Smclk
        }
    }

    fn data_bits(&self) -> u64 {
        if self.control & SEVEN_BITS == 0 { 8 } else { 7 }
    }

    /// Start, data and parity bits.
    fn bits_before_stop(&self) -> u64 {
        1 + self.data_bits() + u64::from(self.control & PARITY != 0)
    }

    /// Ticks from the start bit's edge to the end of bit number `bit - 1`.
    fn ticks_to_bit(&self, bit: u64) -> u64 {
        let oversampled = self.modulation & 1 != 0;
        let base = if oversampled {
            16 * u64::from(self.divider) + u64::from(self.modulation >> 4 & 0xF)
        } else {
            u64::from(self.divider)
        };
        // UCBRS holds one bit for each of eight UART bits, the most significant for the start bit.
        let pattern = self.modulation >> 8;
        let longer = (0..bit)
            .filter(|index| pattern >> (7 - index % 8) & 1 == 1)
            .count() as u64;
        bit * base + longer
    }

    /// The level of frame bit `bit` for `value`: 0 start, then data, parity, stop.
    fn frame_bit(&self, value: u16, bit: u64) -> bool {
        let data_bits = self.data_bits();
        match bit {
            0 => false,
            _ if bit <= data_bits => {
                let index = if self.control & MSB_FIRST == 0 {
                    bit - 1
                } else {
                    data_bits - bit
                };
                value >> index & 1 == 1
            }
            _ if bit == data_bits + 1 && self.control & PARITY != 0 => self.parity_of(value),
            _ => true,
        }
    }

    fn parity_of(&self, value: u16) -> bool {
        let ones = (value & ((1 << self.data_bits()) - 1)).count_ones();
        (ones & 1 == 1) == (self.control & EVEN != 0)
    }

    fn time_of_tick(&self, tick: u64, backplane: &Backplane) -> Time {
        backplane
            .clocks
            .time_of(backplane.clocks.cycle_of(self.source(), tick))
    }

    fn update(&self, backplane: &mut Backplane) {
        backplane.set_line(self.line, self.flags & self.enable != 0);
    }

    /// Reads the register at `offset`.
    pub fn read(&mut self, offset: u16, backplane: &mut Backplane) -> Option<u16> {
        Some(match offset {
            0x00 => self.control,
            0x02 => self.control1,
            0x06 => self.divider,
            0x08 => self.modulation,
            0x0A => self.status | u16::from(self.shifting.is_some() || self.reception.is_some()),
            0x0C => {
                self.flags &= !RX_FLAG;
                self.status = 0;
                self.update(backplane);
                self.receive_buffer
            }
            0x0E => self.transmit_buffer,
            0x10 | 0x12 => 0,
            0x1A => self.enable,
            0x1C => self.flags,
            0x1E => {
                let active = self.flags & self.enable;
                let (vector, flag) = match active.trailing_zeros() {
                    0 => (2, RX_FLAG),
                    1 => (4, TX_FLAG),
                    2 => (6, START_FLAG),
                    3 => (8, COMPLETE_FLAG),
                    _ => (0, 0),
                };
                self.flags &= !flag;
                self.update(backplane);
                vector
            }
            _ => return None,
        })
    }

    /// Writes the register at `offset`.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        wire: &mut UartLine,
        backplane: &mut Backplane,
    ) -> Option<()> {
        match offset {
            0x00 => self.write_control(lane.merge(self.control, value), wire, backplane),
            0x02 => self.control1 = lane.merge(self.control1, value),
            0x06 | 0x08 => {
                if self.control & RESET == 0 {
                    backplane.misuse(format!(
                        "{} divider changed while it runs: set UCSWRST first",
                        self.name
                    ));
                }
                if offset == 0x06 {
                    self.divider = lane.merge(self.divider, value);
                } else {
                    self.modulation = lane.merge(self.modulation, value);
                }
            }
            0x0A => {
                if value & 0x80 != 0 && lane != Lane::High {
                    backplane.not_modelled(format!("{} UCLISTEN", self.name), "leave it 0");
                }
            }
            0x0C => {}
            0x0E => self.write_transmit_buffer(
                lane.merge(self.transmit_buffer, value) & 0xFF,
                wire,
                backplane,
            ),
            0x10 | 0x12 if value != 0 => {
                backplane.not_modelled(
                    format!("{} automatic baud rate and IrDA", self.name),
                    "leave ABCTL and IRCTL 0",
                );
            }
            0x10 | 0x12 => {}
            0x1A => self.enable = lane.merge(self.enable, value) & 0xF,
            0x1C => self.flags = lane.merge(self.flags, value) & 0xF,
            0x1E => self.flags &= !(RX_FLAG | START_FLAG | COMPLETE_FLAG),
            _ => return None,
        }
        self.update(backplane);
        Some(())
    }

    fn write_control(&mut self, new: u16, wire: &mut UartLine, backplane: &mut Backplane) {
        if new & 0x0700 != 0 {
            backplane.not_modelled(
                format!("{} other than as a plain UART (UCSYNC, UCMODE)", self.name),
                "the board has UARTs on both eUSCI_A",
            );
        }
        if new & 0x000E != 0 {
            backplane.not_modelled(
                format!("{} UCTXBRK, UCTXADDR or UCDORM", self.name),
                "leave them 0",
            );
        }
        let was_reset = self.control & RESET != 0;
        self.control = new;
        if new & RESET != 0 {
            self.abandon(backplane);
        } else if was_reset {
            if self.ticks_to_bit(1) < 3 {
                backplane.misuse(format!(
                    "{} released with divider {}: set UCAxBRW",
                    self.name, self.divider
                ));
            }
            if new >> 6 & 3 == 0 {
                backplane.not_modelled(format!("{} on UCLK", self.name), "select SMCLK or ACLK");
            }
            let tick = backplane.clocks.ticks(self.source(), backplane.now);
            let span = self.time_of_tick(tick + self.ticks_to_bit(8), backplane)
                - self.time_of_tick(tick, backplane);
            wire.set_chip_bit(span / 8);
            self.searched = backplane.clocks.time_of(backplane.now);
            self.listen(wire, backplane);
        }
    }

    /// UCSWRST: everything stops, flags as after power-up.
    fn abandon(&mut self, backplane: &mut Backplane) {
        self.enable = 0;
        self.flags = TX_FLAG;
        self.status = 0;
        self.shifting = None;
        self.reception = None;
        backplane.events.schedule(self.slots.0, NEVER);
        backplane.events.schedule(self.slots.1, NEVER);
    }

    fn write_transmit_buffer(
        &mut self,
        value: u16,
        wire: &mut UartLine,
        backplane: &mut Backplane,
    ) {
        if self.control & RESET != 0 {
            return;
        }
        self.transmit_buffer = value;
        if self.shifting.is_none() {
            self.start_shifting(wire, backplane);
        } else {
            self.flags &= !TX_FLAG;
        }
    }

    fn start_shifting(&mut self, wire: &mut UartLine, backplane: &mut Backplane) {
        self.shifting = Some(self.transmit_buffer);
        self.flags |= TX_FLAG;
        self.shift_start = backplane.clocks.ticks(self.source(), backplane.now);
        self.reschedule_transmit(backplane);
        let tick = self.shift_start;
        let span = self.time_of_tick(tick + self.ticks_to_bit(8), backplane)
            - self.time_of_tick(tick, backplane);
        wire.set_chip_bit(span / 8);
    }

    fn frame_ticks(&self) -> u64 {
        self.ticks_to_bit(self.bits_before_stop() + 1 + u64::from(self.control & TWO_STOPS != 0))
    }

    fn reschedule_transmit(&self, backplane: &mut Backplane) {
        let at = if self.shifting.is_some() {
            backplane
                .clocks
                .cycle_of(self.source(), self.shift_start + self.frame_ticks())
        } else {
            NEVER
        };
        backplane.events.schedule(self.slots.0, at);
    }

    /// The stop bit of the frame that is being sent ends.
    pub fn transmitted(&mut self, wire: &mut UartLine, backplane: &mut Backplane) {
        let Some(value) = self.shifting.take() else {
            return;
        };
        let start = self.time_of_tick(self.shift_start, backplane);
        let bits = self.bits_before_stop();
        let ends: Vec<(Time, bool)> = (0..=bits)
            .map(|bit| {
                let end =
                    self.time_of_tick(self.shift_start + self.ticks_to_bit(bit + 1), backplane);
                (end, self.frame_bit(value, bit))
            })
            .collect();
        let end = backplane.clocks.time_of(backplane.now);
        wire.sample(start, end, |time| {
            ends.iter()
                .find(|(end, _)| time < *end)
                .is_none_or(|bit| bit.1)
        });
        // Erratum USCI42: the flag comes after every byte.
        self.flags |= COMPLETE_FLAG;
        if self.flags & TX_FLAG == 0 {
            self.start_shifting(wire, backplane);
        }
        self.update(backplane);
    }

    /// Is the module sending, so that its pin has to be selected?
    pub fn is_sending(&self) -> bool {
        self.shifting.is_some()
    }

    /// A reset of the chip.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        self.abandon(backplane);
        self.control = RESET;
        self.control1 = 3;
        self.divider = 0;
        self.modulation = 0;
        self.update(backplane);
    }
}

#[path = "eusci_a_receiver.rs"]
mod receiver;

#[cfg(test)]
#[path = "eusci_a_tests.rs"]
mod tests;
