//! The wire pair between a UART of the chip and whatever is at its other end.
//!
//! The far end sends and receives with a clock of its own, so a wrong divider in the firmware gives framing errors and
//! wrong bytes here as it does on a bench. What travels towards the chip is kept as level changes with their times.

use std::collections::VecDeque;

use crate::time::{SECOND, Time};

/// A byte that the far end received from the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedByte {
    /// When its stop bit ended.
    pub time: Time,
    /// The eight data bits as the far end sampled them.
    pub value: u8,
    /// The stop bit was low.
    pub framing_error: bool,
}

/// What the far end takes for a bit's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarBaud {
    /// A rate of its own, in bits a second.
    Fixed(u32),
    /// Whatever the chip is set to: for links that know no baud rate, such as TCP.
    Follow,
}

/// The far end of one UART: 8 data bits, no parity, one stop bit.
#[derive(Debug)]
pub struct UartLine {
    baud: FarBaud,
    /// Length of a bit as the chip is configured at present.
    chip_bit: Time,
    /// Level changes towards the chip that its receiver may still ask for.
    edges: VecDeque<(Time, bool)>,
    /// Level before the first edge.
    level: bool,
    /// The far end's transmitter is busy until then.
    busy_until: Time,
    received: Vec<ReceivedByte>,
}

impl UartLine {
    /// An idle line.
    pub fn new(baud: FarBaud) -> Self {
        Self {
            baud,
            chip_bit: SECOND / 9_600,
            edges: VecDeque::new(),
            level: true,
            busy_until: 0,
            received: Vec::new(),
        }
    }

    /// The far end changes its baud rate.
    pub fn set_baud(&mut self, baud: FarBaud) {
        self.baud = baud;
    }

    /// Tells the line how long the chip's bits are, for [`FarBaud::Follow`].
    pub(super) fn set_chip_bit(&mut self, bit: Time) {
        self.chip_bit = bit;
    }

    fn bit(&self) -> Time {
        match self.baud {
            FarBaud::Fixed(bits_per_second) => SECOND / Time::from(bits_per_second.max(1)),
            FarBaud::Follow => self.chip_bit,
        }
    }

    /// The far end sends bytes, from `now` on or as soon as it has sent what came before.
    pub fn send(&mut self, bytes: &[u8], now: Time) {
        let bit = self.bit();
        let mut level = true;
        for &byte in bytes {
            let start = self.busy_until.max(now);
            // Start bit, eight data bits from the least significant, stop bit.
            let frame = u16::from(byte) << 1 | 0x200;
            for index in 0..10 {
                let next = frame >> index & 1 == 1;
                if next != level {
                    self.edges.push_back((start + index * bit, next));
                    level = next;
                }
            }
            self.busy_until = start + 10 * bit;
        }
    }

    /// The far end holds the line low for `length`, as a broken cable or a break signal does.
    pub fn hold_low(&mut self, now: Time, length: Time) {
        let start = self.busy_until.max(now);
        self.edges.extend([(start, false), (start + length, true)]);
        self.busy_until = start + length;
    }

    /// When everything that was sent has gone over the line.
    pub fn idle_from(&self) -> Time {
        self.busy_until
    }

    /// The level that the chip sees at `time`.
    pub(super) fn level(&self, time: Time) -> bool {
        self.edges
            .iter()
            .take_while(|(at, _)| *at <= time)
            .last()
            .map_or(self.level, |edge| edge.1)
    }

    /// The first falling edge that does not come before `time`.
    pub(super) fn next_falling(&self, time: Time) -> Option<Time> {
        self.edges
            .iter()
            .find(|(at, level)| *at >= time && !level)
            .map(|edge| edge.0)
    }

    /// Nobody will ask for a level before `time` any more.
    pub(super) fn forget_before(&mut self, time: Time) {
        while let Some(&(at, level)) = self.edges.front()
            && at < time
        {
            self.level = level;
            self.edges.pop_front();
        }
    }

    /// The far end samples a frame of the chip: `level(time)` is the level on the wire, `start` its start bit's edge.
    pub(super) fn sample(&mut self, start: Time, end: Time, level: impl Fn(Time) -> bool) {
        let bit = self.bit();
        let at = |index: u64| level(start + index * bit + bit / 2);
        let value = (0..8).fold(0, |value, index| value | u8::from(at(index + 1)) << index);
        self.received.push(ReceivedByte {
            time: end,
            value,
            framing_error: !at(9),
        });
    }

    /// What the far end has received so far and nobody has taken.
    pub fn received(&self) -> &[ReceivedByte] {
        &self.received
    }

    /// Takes what the far end has received.
    pub fn take_received(&mut self) -> Vec<ReceivedByte> {
        core::mem::take(&mut self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_becomes_edges() {
        let mut line = UartLine::new(FarBaud::Fixed(1_000_000));
        line.send(&[0x55, 0xFF], 0);
        assert_eq!(line.next_falling(0), Some(0));
        let bit = SECOND / 1_000_000;
        let levels: Vec<bool> = (0..10)
            .map(|index| line.level(index * bit + bit / 2))
            .collect();
        assert_eq!(
            levels,
            [
                false, true, false, true, false, true, false, true, false, true
            ]
        );
        assert_eq!(line.next_falling(9 * bit), Some(10 * bit));
        line.forget_before(15 * bit);
        assert!(line.level(15 * bit));
        assert_eq!(line.next_falling(0), None);
    }
}
