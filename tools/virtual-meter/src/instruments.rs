//! What the machine measures while it runs: interrupt times, sleep, stack depth, masked stretches.

use crate::chip::backplane::line;
use crate::cpu::StackWatch;

/// Smallest, largest and sum of a measured quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Smallest value; 0 when nothing was measured.
    pub min: u64,
    /// Largest value.
    pub max: u64,
    /// Sum of all values.
    pub sum: u64,
    /// Number of values.
    pub count: u64,
}

impl Spread {
    fn add(&mut self, value: u64) {
        self.min = if self.count == 0 {
            value
        } else {
            self.min.min(value)
        };
        self.max = self.max.max(value);
        self.sum += value;
        self.count += 1;
    }

    /// Mean value; 0 when nothing was measured.
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum as f64 / self.count as f64
        }
    }
}

/// One interrupt vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VectorTimes {
    /// Cycles from acceptance to the end of RETI, without handlers that ran in between.
    pub own: Spread,
    /// The same with them.
    pub total: Spread,
}

/// A handler that has been entered and not left.
#[derive(Clone, Copy, Debug)]
struct Entered {
    line: u32,
    at: u64,
    /// Stack pointer before the interrupt: once SP is there again the handler has returned.
    sp: u16,
    /// Cycles spent in handlers that interrupted this one.
    nested: u64,
}

/// All instruments.
#[derive(Clone, Debug)]
pub struct Instruments {
    /// Indexed by vector number.
    pub vectors: [VectorTimes; line::RESET as usize],
    /// Cycles during which the CPU slept.
    pub asleep: u64,
    /// Cycle at which counting began: awake cycles are what has passed since then less `asleep`.
    pub since: u64,
    /// Lowest stack pointer seen.
    pub lowest_sp: u16,
    /// Deepest nesting of handlers.
    pub deepest_nesting: usize,
    /// Longest stretch with GIE clear, after it had been set once: cycles, and where it began.
    pub longest_masked: (u64, u16),
    /// Resets after power-up.
    pub resets: u64,
    entered: Vec<Entered>,
    /// Cycle and PC at which GIE was cleared; none before the first EINT.
    masked_since: Option<(u64, u16)>,
    /// Stack pointer at or above which the innermost handler has returned.
    return_sp: u32,
}

const NO_HANDLER: u32 = u32::MAX;

impl Default for Instruments {
    fn default() -> Self {
        Self {
            vectors: [VectorTimes::default(); line::RESET as usize],
            asleep: 0,
            since: 0,
            lowest_sp: u16::MAX,
            deepest_nesting: 0,
            longest_masked: (0, 0),
            resets: 0,
            entered: Vec::new(),
            masked_since: None,
            return_sp: NO_HANDLER,
        }
    }
}

impl Instruments {
    /// Forgets everything measured so far; the machine goes on from `cycle` with this stack pointer.
    pub fn restart(&mut self, cycle: u64, sp: u16) {
        let entered = core::mem::take(&mut self.entered);
        let masked_since = self.masked_since;
        let return_sp = self.return_sp;
        *self = Self {
            since: cycle,
            lowest_sp: sp,
            entered,
            masked_since,
            return_sp,
            ..Self::default()
        };
    }

    /// The CPU is reset: nothing is entered or masked any more.
    pub fn reset(&mut self) {
        self.entered.clear();
        self.masked_since = None;
        self.return_sp = NO_HANDLER;
        // The start-up code sets the stack pointer; what it was before means nothing.
        self.resets += 1;
    }

    /// Would [`Self::watch_stack`] do anything with this stack pointer?
    #[inline(always)]
    pub fn notices(&self, sp: u16) -> bool {
        sp < self.lowest_sp || u32::from(sp) >= self.return_sp
    }

    /// The stack pointers that [`Self::notices`].
    pub fn stack_watch(&self) -> StackWatch {
        StackWatch {
            deepest: self.lowest_sp,
            from: self.return_sp,
        }
    }

    /// An interrupt was accepted: `at` is the cycle before its six, `sp` the stack pointer before the pushes.
    pub fn enter(&mut self, line: u32, at: u64, sp: u16) {
        self.entered.push(Entered {
            line,
            at,
            sp,
            nested: 0,
        });
        self.return_sp = u32::from(sp);
        self.deepest_nesting = self.deepest_nesting.max(self.entered.len());
    }

    /// The stack pointer has reached a new depth, or a handler has returned.
    #[cold]
    pub fn watch_stack(&mut self, sp: u16, cycle: u64) {
        self.lowest_sp = self.lowest_sp.min(sp);
        while let Some(handler) = self.entered.last().copied()
            && sp >= handler.sp
        {
            self.entered.pop();
            let total = cycle - handler.at;
            let times = &mut self.vectors[handler.line as usize];
            times.own.add(total - handler.nested);
            times.total.add(total);
            if let Some(outer) = self.entered.last_mut() {
                outer.nested += total;
            }
        }
        self.return_sp = self
            .entered
            .last()
            .map_or(NO_HANDLER, |handler| u32::from(handler.sp));
    }

    /// GIE changed.
    pub fn watch_mask(&mut self, enabled: bool, cycle: u64, pc: u16) {
        if !enabled {
            self.masked_since = Some((cycle, pc));
        } else if let Some((since, pc)) = self.masked_since.take()
            && cycle - since > self.longest_masked.0
        {
            self.longest_masked = (cycle - since, pc);
        }
    }

    /// Number of handlers that have been entered and not left.
    pub fn nesting(&self) -> usize {
        self.entered.len()
    }

    /// Share of the cycles up to `cycle` during which the CPU was awake, 0 to 1.
    pub fn load(&self, cycle: u64) -> f64 {
        let all = cycle.saturating_sub(self.since);
        if all == 0 {
            0.0
        } else {
            1.0 - self.asleep as f64 / all as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_handlers_are_told_apart() {
        let mut instruments = Instruments::default();
        instruments.enter(37, 100, 0x2FF0);
        instruments.enter(39, 150, 0x2FE0);
        assert!(instruments.notices(0x2FE0));
        instruments.watch_stack(0x2FE0, 200);
        instruments.watch_stack(0x2FF0, 400);
        assert_eq!(instruments.vectors[39].own.sum, 50);
        assert_eq!(instruments.vectors[37].total.sum, 300);
        assert_eq!(instruments.vectors[37].own.sum, 250);
        assert_eq!(instruments.deepest_nesting, 2);
        assert_eq!(instruments.nesting(), 0);
        assert!(!instruments.notices(0x2FFE));
    }

    #[test]
    fn start_up_does_not_count_as_masked() {
        let mut instruments = Instruments::default();
        instruments.watch_mask(true, 1_000_000, 0x8000);
        instruments.watch_mask(false, 1_000_100, 0x8002);
        instruments.watch_mask(true, 1_000_120, 0x8004);
        assert_eq!(instruments.longest_masked, (20, 0x8002));
    }
}
