//! The queue of future events, one slot for each source, in absolute MCLK cycles.
//!
//! Every source has at most one event outstanding, so the queue is an array and its head one number, which the run
//! loop compares with the cycle counter once for each instruction. Sleeping is a jump to that number.

/// A source of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Slot {
    /// Crystal start-up and FLL steps.
    Clock,
    /// Watchdog or interval timer expiry.
    Watchdog,
    /// RTC counter overflow.
    Rtc,
    /// Timer_B 0.
    Timer0,
    /// Timer_B 1.
    Timer1,
    /// Timer_B 2.
    Timer2,
    /// Timer_B 3.
    Timer3,
    /// End of the frame that eUSCI_A0 sends.
    UartA0Transmit,
    /// Next edge or the end of the frame that eUSCI_A0 receives.
    UartA0Receive,
    /// End of the frame that eUSCI_A1 sends.
    UartA1Transmit,
    /// Next edge or the end of the frame that eUSCI_A1 receives.
    UartA1Receive,
    /// End of the byte that eUSCI_B0 shifts.
    SpiB0,
    /// End of the byte that eUSCI_B1 shifts.
    SpiB1,
    /// Next instant at which the converter's DRDY pin may move.
    Converter,
    /// The service switch moves, or one of its coils burns.
    ServiceSwitch,
    /// Whoever runs the machine wants it back.
    Limit,
}

const SLOTS: usize = Slot::Limit as usize + 1;
/// Bits that hold the index of a slot.
const INDEX_BITS: u32 = 4;
const ALL: [Slot; SLOTS] = [
    Slot::Clock,
    Slot::Watchdog,
    Slot::Rtc,
    Slot::Timer0,
    Slot::Timer1,
    Slot::Timer2,
    Slot::Timer3,
    Slot::UartA0Transmit,
    Slot::UartA0Receive,
    Slot::UartA1Transmit,
    Slot::UartA1Receive,
    Slot::SpiB0,
    Slot::SpiB1,
    Slot::Converter,
    Slot::ServiceSwitch,
    Slot::Limit,
];

/// A cycle that never comes.
pub const NEVER: u64 = u64::MAX;

/// The index of a slot in a key.
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;

/// An event's key. Cycles have 60 bits, a thousand years.
#[inline(always)]
fn key(cycle: u64, index: usize) -> u64 {
    cycle.min(NEVER >> INDEX_BITS) << INDEX_BITS | index as u64
}

/// The cycle of a key.
#[inline(always)]
fn cycle_of(key: u64) -> u64 {
    let cycle = key >> INDEX_BITS;
    if cycle == NEVER >> INDEX_BITS {
        NEVER
    } else {
        cycle
    }
}

/// One future event for each [`Slot`].
#[derive(Debug)]
pub struct EventQueue {
    /// Cycle and index of each slot's event in one number: the smallest is found without a branch.
    keys: [u64; SLOTS],
    /// The earliest event: its cycle and the index of its slot.
    head: (u64, usize),
    /// The head has been taken and not been found anew.
    headless: bool,
    /// Cycle of the earliest event, or 0 while attention is asked for.
    next: u64,
}

impl Default for EventQueue {
    fn default() -> Self {
        Self {
            keys: std::array::from_fn(|index| key(NEVER, index)),
            head: (NEVER, 0),
            headless: false,
            next: NEVER,
        }
    }
}

impl EventQueue {
    /// The cycle from which on the run loop has something to look at.
    #[inline(always)]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The cycle of the earliest event, whether or not attention is asked for; [`NEVER`] when there is none.
    #[inline]
    pub fn earliest(&mut self) -> u64 {
        if self.headless {
            self.find_head();
        }
        self.head.0
    }

    /// Finds the head anew after the old one has gone.
    fn find_head(&mut self) {
        let least = self.keys.iter().copied().fold(NEVER, u64::min);
        self.headless = false;
        self.set_head((cycle_of(least), (least & INDEX_MASK) as usize));
    }

    #[inline]
    fn set_head(&mut self, head: (u64, usize)) {
        self.head = head;
        if self.next != 0 {
            self.next = head.0;
        }
    }

    /// Replaces the event of `slot`; [`NEVER`] removes it.
    #[inline]
    pub fn schedule(&mut self, slot: Slot, cycle: u64) {
        let index = slot as usize;
        self.keys[index] = key(cycle, index);
        if self.headless {
            return;
        }
        if cycle < self.head.0 {
            self.set_head((cycle, index));
        } else if index == self.head.1 {
            self.find_head();
        }
    }

    /// When the event of `slot` is due; [`NEVER`] when it has none.
    pub fn when(&self, slot: Slot) -> u64 {
        cycle_of(self.keys[slot as usize])
    }

    /// Makes the run loop stop after the present instruction and look round.
    #[inline]
    pub fn ask_attention(&mut self) {
        self.next = 0;
    }

    /// The run loop is looking round.
    pub fn give_attention(&mut self) {
        self.next = self.head.0;
    }

    /// Takes the earliest event that is due at `now`, with the cycle at which it happened. To be called until there is
    /// none: in between, [`Self::next`] still tells of the one that was taken last.
    #[inline]
    pub fn pop_due(&mut self, now: u64) -> Option<(Slot, u64)> {
        if self.headless {
            self.find_head();
        }
        let (at, index) = self.head;
        if at > now || at == NEVER {
            return None;
        }
        self.keys[index] = key(NEVER, index);
        // What follows usually schedules again; one search then does for both.
        self.headless = true;
        Some((ALL[index], at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_in_the_order_of_time() {
        let mut queue = EventQueue::default();
        assert_eq!(queue.next(), NEVER);
        queue.schedule(Slot::SpiB1, 30);
        queue.schedule(Slot::Rtc, 10);
        assert_eq!(queue.next(), 10);
        assert_eq!(queue.pop_due(9), None);
        assert_eq!(queue.pop_due(40), Some((Slot::Rtc, 10)));
        assert_eq!(queue.pop_due(40), Some((Slot::SpiB1, 30)));
        assert_eq!(queue.pop_due(40), None);
    }

    #[test]
    fn rescheduling_moves_the_head_both_ways() {
        let mut queue = EventQueue::default();
        queue.schedule(Slot::Timer0, 10);
        queue.schedule(Slot::Timer1, 20);
        queue.schedule(Slot::Timer0, 30);
        assert_eq!(queue.next(), 20);
        queue.schedule(Slot::Timer1, NEVER);
        assert_eq!(queue.next(), 30);
    }

    #[test]
    fn attention_survives_events() {
        let mut queue = EventQueue::default();
        queue.schedule(Slot::Timer0, 10);
        queue.ask_attention();
        queue.schedule(Slot::Timer1, 5);
        assert_eq!(queue.next(), 0);
        assert_eq!(queue.pop_due(5), Some((Slot::Timer1, 5)));
        assert_eq!(queue.pop_due(5), None);
        assert_eq!(queue.next(), 0);
        queue.give_attention();
        assert_eq!(queue.next(), 10);
        for slot in ALL {
            assert_eq!(ALL[slot as usize], slot);
        }
    }
}
