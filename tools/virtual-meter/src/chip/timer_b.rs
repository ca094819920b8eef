//! Timer_B: a 16-bit counter with three or seven capture/compare registers.
//!
//! The counter is worked out from the clock when somebody looks or when an event is due; between two such instants the
//! matches are visited in order, so a timer that nobody watches costs nothing. Supported are the stop, up and continuous
//! modes, all output modes, captures on pin edges and by software, and flags set by software. Up/down mode, grouped or
//! shadowed compare latches and external clocks are refused.

use super::backplane::{Backplane, Lane, line};
use super::clocks::Source;
use super::events::{NEVER, Slot};

const FLAG: u16 = 1 << 0;
const OVERRUN: u16 = 1 << 1;
const OUT: u16 = 1 << 2;
const INPUT: u16 = 1 << 3;
const ENABLE: u16 = 1 << 4;
const CAPTURE: u16 = 1 << 8;

/// One capture/compare block.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    control: u16,
    value: u16,
    /// The captured value has not been read.
    unread: bool,
    /// Output unit's level.
    output: bool,
    /// Levels of the pins CCIxA and CCIxB.
    inputs: [bool; 2],
}

impl Block {
    fn output_mode(&self) -> u16 {
        self.control >> 5 & 7
    }

    /// The level that CCIS selects.
    fn selected_input(&self) -> bool {
        match self.control >> 12 & 3 {
            0 => self.inputs[0],
            1 => self.inputs[1],
            select => select == 3,
        }
    }
}

/// A Timer_B module.
#[derive(Debug)]
pub struct TimerB {
    slot: Slot,
    /// Line of CCR0; that of the others follows below it.
    line: u32,
    control: u16,
    extension: u16,
    count: u16,
    /// Tick of the source at which `count` was reached.
    since: u64,
    blocks: Vec<Block>,
    /// Levels of the outputs, bit n = TBx.n, for whoever watches the pins.
    outputs: u8,
}

impl TimerB {
    /// Timer_B `number` (0 to 3) with `blocks` capture/compare registers.
    pub fn new(number: u32, blocks: usize) -> Self {
        let slot = [Slot::Timer0, Slot::Timer1, Slot::Timer2, Slot::Timer3][number as usize];
        Self {
            slot,
            line: line::TIMER0_B0 - 2 * number,
            control: 0,
            extension: 0,
            count: 0,
            since: 0,
            blocks: vec![Block::default(); blocks],
            outputs: 0,
        }
    }

    fn source(&self) -> Source {
        if self.control >> 8 & 3 == 1 {
            Source::Aclk
        } else {
            Source::Smclk
        }
    }

    fn divider(&self) -> u64 {
        (1 << (self.control >> 6 & 3)) * u64::from((self.extension & 7) + 1)
    }

    fn is_running(&self) -> bool {
        let up_to_zero = self.mode() == 1 && self.blocks[0].value == 0;
        self.mode() != 0 && !up_to_zero
    }

    fn mode(&self) -> u16 {
        self.control >> 4 & 3
    }

    /// Highest count before the counter returns to zero.
    fn top(&self) -> u16 {
        let length = [0xFFFF, 0x0FFF, 0x03FF, 0x00FF][usize::from(self.control >> 11 & 3)];
        if self.mode() == 1 {
            self.blocks[0].value.min(length)
        } else {
            length
        }
    }

    /// Counts until the counter shows `value` next; `None` when it never does.
    fn counts_until(&self, value: u16) -> Option<u64> {
        let top = self.top();
        if value > self.count && value <= top {
            Some(u64::from(value - self.count))
        } else if value <= top {
            Some(u64::from(top.saturating_sub(self.count)) + 1 + u64::from(value))
        } else {
            None
        }
    }

    /// Lets everything up to now happen.
    fn advance(&mut self, backplane: &mut Backplane) {
        let ticks = backplane.clocks.ticks(self.source(), backplane.now);
        if !self.is_running() {
            self.since = ticks;
            return;
        }
        let mut counts = ticks.saturating_sub(self.since) / self.divider();
        if counts == 0 {
            return;
        }
        self.since += counts * self.divider();
        while counts > 0 {
            let matches = self
                .blocks
                .iter()
                .filter(|block| block.control & CAPTURE == 0);
            let nearest = matches
                .filter_map(|block| self.counts_until(block.value))
                .min()
                .unwrap_or(u64::MAX);
            let to_zero = self.counts_until(0).unwrap_or(u64::MAX);
            let step = nearest.min(to_zero).min(counts);
            self.count = if step == to_zero {
                0
            } else {
                self.count.wrapping_add(step as u16)
            };
            if step == to_zero {
                self.control |= FLAG;
            }
            if step == nearest {
                self.compare();
            }
            counts -= step;
        }
        self.update(backplane);
    }

    /// The counter has just reached `count`: flags and outputs of the blocks that match.
    fn compare(&mut self) {
        let zero = self.blocks[0].control & CAPTURE == 0 && self.blocks[0].value == self.count;
        for index in 0..self.blocks.len() {
            let block = &mut self.blocks[index];
            if block.control & CAPTURE != 0 {
                continue;
            }
            let own = block.value == self.count;
            if own {
                block.control |= FLAG;
            }
            // The second action of modes 2, 3, 6 and 7 comes with CCR0; a block's own match comes after it.
            if zero && index > 0 {
                match block.output_mode() {
                    2 | 3 => block.output = false,
                    6 | 7 => block.output = true,
                    _ => {}
                }
            }
            if own {
                match block.output_mode() {
                    1 | 3 => block.output = true,
                    2 | 4 | 6 => block.output = !block.output,
                    5 | 7 => block.output = false,
                    _ => {}
                }
            }
        }
    }

    fn update(&mut self, backplane: &mut Backplane) {
        let pending = |control: u16| control & (FLAG | ENABLE) == FLAG | ENABLE;
        backplane.set_line(self.line, pending(self.blocks[0].control));
        let overflow = self.control & 3 == 3;
        let others = self.blocks[1..].iter().any(|block| pending(block.control));
        backplane.set_line(self.line - 1, overflow || others);
        self.outputs = 0;
        for (index, block) in self.blocks.iter_mut().enumerate() {
            if block.output_mode() == 0 {
                block.output = block.control & OUT != 0;
            }
            self.outputs |= u8::from(block.output) << index;
        }
    }

    /// Sets the next event anew: the next match that somebody would notice.
    pub fn reschedule(&mut self, backplane: &mut Backplane) {
        let mut counts = u64::MAX;
        if self.is_running() {
            let drives_pin = self
                .blocks
                .iter()
                .skip(1)
                .any(|block| block.output_mode() != 0);
            for (index, block) in self.blocks.iter().enumerate() {
                let noticed = block.control & ENABLE != 0
                    || block.output_mode() != 0
                    || (index == 0 && drives_pin);
                if noticed && block.control & CAPTURE == 0 {
                    counts = counts.min(self.counts_until(block.value).unwrap_or(u64::MAX));
                }
            }
            if self.control & 2 != 0 {
                counts = counts.min(self.counts_until(0).unwrap_or(u64::MAX));
            }
        }
        let at = if counts == u64::MAX {
            NEVER
        } else {
            backplane
                .clocks
                .cycle_of(self.source(), self.since + counts * self.divider())
        };
        backplane.events.schedule(self.slot, at);
    }

    /// A noticed match is due.
    pub fn event(&mut self, backplane: &mut Backplane) {
        self.advance(backplane);
        self.reschedule(backplane);
    }

    /// Levels of the output units, bit n = TBx.n.
    pub fn outputs(&self) -> u8 {
        self.outputs
    }

    /// The CPU accepts the interrupt of CCR0, which clears its flag.
    pub fn accept_first(&mut self, backplane: &mut Backplane) {
        self.blocks[0].control &= !FLAG;
        self.update(backplane);
    }

    /// Pin CCI`index`A (`input` 0) or B (1) changes to `level`.
    pub fn set_input(
        &mut self,
        index: usize,
        input: usize,
        level: bool,
        backplane: &mut Backplane,
    ) {
        self.advance(backplane);
        let before = self.blocks[index].selected_input();
        self.blocks[index].inputs[input] = level;
        self.capture(index, before);
        self.update(backplane);
    }

    /// Captures when the selected input of a block in capture mode has made the wanted edge.
    fn capture(&mut self, index: usize, before: bool) {
        let count = self.count;
        let block = &mut self.blocks[index];
        let after = block.selected_input();
        let wanted = match block.control >> 14 {
            1 => after && !before,
            2 => before && !after,
            3 => before != after,
            _ => false,
        };
        if block.control & CAPTURE != 0 && wanted {
            if block.unread {
                block.control |= OVERRUN;
            }
            block.unread = true;
            block.value = count;
            block.control |= FLAG;
        }
    }

    /// Reads the register at `offset`.
    pub fn read(&mut self, offset: u16, backplane: &mut Backplane) -> Option<u16> {
        self.advance(backplane);
        match offset {
            0x00 => Some(self.control),
            0x02..=0x0E => {
                let block = self.blocks.get(usize::from(offset / 2 - 1))?;
                Some(block.control & !INPUT | if block.selected_input() { INPUT } else { 0 })
            }
            0x10 => Some(self.count),
            0x12..=0x1E => {
                let block = self.blocks.get_mut(usize::from(offset / 2 - 9))?;
                block.unread = false;
                Some(block.value)
            }
            0x20 => Some(self.extension),
            0x2E => {
                let vector = self.take_vector();
                self.update(backplane);
                Some(vector)
            }
            _ => None,
        }
    }

    /// The highest pending source below CCR0, whose flag is cleared.
    fn take_vector(&mut self) -> u16 {
        for (index, block) in self.blocks.iter_mut().enumerate().skip(1) {
            if block.control & (FLAG | ENABLE) == FLAG | ENABLE {
                block.control &= !FLAG;
                return 2 * index as u16;
            }
        }
        if self.control & 3 == 3 {
            self.control &= !FLAG;
            return 14;
        }
        0
    }

    /// Writes the register at `offset`.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        self.advance(backplane);
        match offset {
            0x00 => {
                let control = lane.merge(self.control, value);
                let restarts = (control ^ self.control) & 0x03F0 != 0 || control & 4 != 0;
                self.control = control & 0x7BF3;
                if restarts {
                    self.since = backplane.clocks.ticks(self.source(), backplane.now);
                }
                if control & 4 != 0 {
                    self.count = 0;
                }
                self.refuse_modes(backplane);
            }
            0x02..=0x0E => {
                self.write_control(usize::from(offset / 2 - 1), value, lane, backplane)?
            }
            0x10 => self.count = lane.merge(self.count, value),
            0x12..=0x1E => {
                let block = self.blocks.get_mut(usize::from(offset / 2 - 9))?;
                block.value = lane.merge(block.value, value);
            }
            0x20 => self.extension = lane.merge(self.extension, value) & 7,
            0x2E => {
                self.control &= !FLAG;
                self.blocks
                    .iter_mut()
                    .skip(1)
                    .for_each(|block| block.control &= !FLAG);
            }
            _ => return None,
        }
        self.update(backplane);
        self.reschedule(backplane);
        Some(())
    }

    fn write_control(
        &mut self,
        index: usize,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        let block = self.blocks.get_mut(index)?;
        let before = block.selected_input();
        let control = lane.merge(block.control, value);
        // COV can only be cleared by software.
        block.control = control & (!OVERRUN | block.control);
        if control & 0x0600 != 0 {
            backplane.not_modelled(
                "TBxCCTLn.CLLD other than 0",
                "erratum TB25 forbids it anyway",
            );
        }
        self.capture(index, before);
        Some(())
    }

    fn refuse_modes(&self, backplane: &mut Backplane) {
        if self.mode() == 3 {
            backplane.not_modelled("Timer_B's up/down mode", "use up or continuous mode");
        }
        if self.mode() != 0 && matches!(self.control >> 8 & 3, 0 | 3) {
            backplane.not_modelled(
                "an external clock of Timer_B (TBSSEL 0 or 3)",
                "use ACLK or SMCLK",
            );
        }
        if self.control & 0x6000 != 0 {
            backplane.not_modelled("TBxCTL.TBCLGRP", "leave it 0");
        }
    }

    /// A power-on reset; the pins' levels stay.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        self.control = 0;
        self.extension = 0;
        self.count = 0;
        for block in &mut self.blocks {
            *block = Block {
                inputs: block.inputs,
                ..Block::default()
            };
        }
        self.update(backplane);
        self.reschedule(backplane);
    }
}

#[cfg(test)]
#[path = "timer_b_tests.rs"]
mod tests;
