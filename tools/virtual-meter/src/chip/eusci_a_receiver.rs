//! The receiving half of eUSCI_A: start bit, three samples a bit, errors.
//!
//! Every start bit's edge begins a frame; in the middle of its stop bit all samples are taken from the line's record at
//! once, at the instants at which the divider and both modulators put them.

use super::{
    ANY_ERROR, BREAK, BREAK_INTERRUPT, ERRONEOUS_INTERRUPT, EusciA, FRAMING, MSB_FIRST, OVERRUN,
    PARITY, PARITY_ERROR, RESET, RX_FLAG, Reception, START_FLAG,
};
use crate::chip::backplane::Backplane;
use crate::chip::events::NEVER;
use crate::chip::uart_line::UartLine;

impl EusciA {
    /// Looks for the next start bit; call when the far end has sent something.
    pub fn listen(&mut self, wire: &mut UartLine, backplane: &mut Backplane) {
        if self.reception.is_none() {
            let at = match wire.next_falling(self.searched) {
                Some(time) => backplane.clocks.first_cycle_from(time),
                None => NEVER,
            };
            backplane.events.schedule(self.slots.1, at);
        }
    }

    /// Sets both events anew after the clocks have changed.
    pub fn reschedule(&mut self, wire: &mut UartLine, backplane: &mut Backplane) {
        self.reschedule_transmit(backplane);
        if let Some(reception) = &self.reception {
            let at = backplane
                .clocks
                .cycle_of(self.source(), reception.start_tick + self.stop_sample() + 1);
            backplane.events.schedule(self.slots.1, at);
        } else {
            self.listen(wire, backplane);
        }
    }

    pub(super) fn stop_sample(&self) -> u64 {
        let bit = self.bits_before_stop();
        (self.ticks_to_bit(bit) + self.ticks_to_bit(bit + 1)) / 2
    }

    /// A start bit's edge, or the middle of a stop bit. `connected` says whether the pin belongs to this module.
    pub fn receive(&mut self, connected: bool, wire: &mut UartLine, backplane: &mut Backplane) {
        let now = backplane.clocks.time_of(backplane.now);
        match self.reception.take() {
            None if self.control & RESET != 0 || !connected => {
                self.searched = now + 1;
                wire.forget_before(now);
                self.listen(wire, backplane);
            }
            None => {
                self.flags |= START_FLAG;
                let start_tick = backplane.clocks.ticks(self.source(), backplane.now);
                self.reception = Some(Reception { start_tick });
                self.reschedule(wire, backplane);
                self.update(backplane);
            }
            Some(reception) => {
                self.finish_reception(&reception, wire, backplane);
                self.searched = now;
                wire.forget_before(now);
                self.listen(wire, backplane);
            }
        }
    }

    /// The majority of three samples in the middle of frame bit `bit`.
    fn sampled(
        &self,
        reception: &Reception,
        bit: u64,
        wire: &UartLine,
        backplane: &Backplane,
    ) -> bool {
        let middle = (self.ticks_to_bit(bit) + self.ticks_to_bit(bit + 1)) / 2;
        let distance = if self.modulation & 1 != 0 {
            u64::from(self.divider)
        } else {
            1
        };
        let votes = [middle - distance, middle, middle + distance]
            .into_iter()
            .filter(|tick| wire.level(self.time_of_tick(reception.start_tick + tick, backplane)))
            .count();
        votes >= 2
    }

    fn finish_reception(
        &mut self,
        reception: &Reception,
        wire: &UartLine,
        backplane: &mut Backplane,
    ) {
        if self.sampled(reception, 0, wire, backplane) {
            return; // A glitch: the start bit did not last to its middle.
        }
        let data_bits = self.data_bits();
        let value = (0..data_bits).fold(0, |value, bit| {
            let index = if self.control & MSB_FIRST == 0 {
                bit
            } else {
                data_bits - 1 - bit
            };
            value | u16::from(self.sampled(reception, bit + 1, wire, backplane)) << index
        });
        let mut errors = 0;
        if !self.sampled(reception, self.bits_before_stop(), wire, backplane) {
            errors |= FRAMING | ANY_ERROR;
            if value == 0 {
                errors |= BREAK;
            }
        }
        if self.control & PARITY != 0
            && self.sampled(reception, data_bits + 1, wire, backplane) != self.parity_of(value)
        {
            errors |= PARITY_ERROR | ANY_ERROR;
        }
        self.status |= errors;
        let wanted = if errors & BREAK != 0 {
            BREAK_INTERRUPT
        } else {
            ERRONEOUS_INTERRUPT
        };
        if errors == 0 || self.control & wanted != 0 {
            if self.flags & RX_FLAG != 0 {
                self.status |= OVERRUN | ANY_ERROR;
            }
            self.receive_buffer = value;
            self.flags |= RX_FLAG;
        }
        self.update(backplane);
    }
}
