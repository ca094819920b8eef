//! Runs without breakpoints: code in blocks, waiting loops without their idle turns.

use super::{Fault, Machine};
use crate::chip::memory::FRAM_START;
use crate::cpu::{Blocks, PC};
use crate::time::Time;

/// How [`Machine::run_until`] goes about it; what happens, and when, is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Instructions that are kept in blocks, and waiting loops without their idle turns.
    #[default]
    Blocks,
    /// Every word fetched, every turn of every loop.
    SingleSteps,
}

/// What a machine keeps for running in blocks.
#[derive(Default)]
pub(super) struct Kept {
    /// Code that has been taken apart; away while it runs.
    blocks: Option<Box<Blocks>>,
    /// The change of code up to which it is right.
    changes: u32,
    pace: Pace,
}

impl Machine {
    /// Chooses how runs without breakpoints are made, for comparing the two.
    pub fn set_pace(&mut self, pace: Pace) {
        self.kept.pace = pace;
    }

    /// Runs until `time`.
    ///
    /// # Errors
    /// As [`Self::run_for`].
    pub fn run_until(&mut self, time: Time) -> Result<(), Fault> {
        if self.kept.pace == Pace::SingleSteps {
            return self.run(time, |_| false).map(|_| ());
        }
        if self.chip.time() >= time {
            return Ok(());
        }
        self.chip.set_limit(Some(time));
        // Apart from the rest of the machine while instructions out of it are under way.
        let mut blocks = self.kept.blocks.take().unwrap_or_default();
        let result = loop {
            match self.attend_if_wanted() {
                Ok(false) => {}
                Ok(true) => break Ok(()),
                Err(fault) => break Err(fault),
            }
            if let Err(fault) = self.run_blocks(&mut blocks) {
                break Err(fault);
            }
        };
        self.kept.blocks = Some(blocks);
        self.chip.set_limit(None);
        result
    }

    /// Executes blocks until something wants attention; at least one instruction.
    fn run_blocks(&mut self, blocks: &mut Blocks) -> Result<(), Fault> {
        loop {
            let known = self.chip.memory.code_changes();
            let start = self.cpu.registers[PC];
            let block = if known == self.kept.changes {
                blocks.at(start)
            } else {
                None
            };
            let Some(block) = block.filter(|_| !self.chip.unwritten_matters) else {
                if !self.take_apart(blocks, start) {
                    self.chip.elapse(0);
                    self.execute()?;
                }
                if self.chip.wants_attention() {
                    return Ok(());
                }
                continue;
            };
            if let Some(poll) = block.poll() {
                self.chip.skip_turns(start, poll);
            }
            for instruction in block.instructions() {
                let cycles = instruction.execute(&mut self.cpu, &mut self.chip);
                self.chip.elapse_known(cycles);
                if self.cpu.is_unsettled() || self.chip.wants_attention() {
                    self.settle(cycles)?;
                    if self.chip.wants_attention() {
                        return Ok(());
                    }
                }
            }
            let cycles = block.jump(&mut self.cpu, &mut self.chip);
            self.chip.elapse_known(cycles);
            if self.cpu.is_unsettled() || self.chip.wants_attention() {
                // A jump may be what an EINT shields from interrupts.
                self.settle(cycles)?;
                if self.chip.wants_attention() {
                    return Ok(());
                }
            }
        }
    }

    /// Takes the code at `start` apart, and watches it; false where it has to be executed as it stands in memory.
    #[cold]
    fn take_apart(&mut self, blocks: &mut Blocks, start: u16) -> bool {
        if self.chip.unwritten_matters {
            return false;
        }
        let memory = &mut self.chip.memory;
        if self.kept.changes != memory.code_changes() {
            blocks.clear();
            memory.forget_code();
            self.kept.changes = memory.code_changes();
        }
        let words = blocks.take_apart(
            start,
            |address| memory.code(address),
            |address| address >= FRAM_START,
        );
        let any = !words.is_empty();
        words.step_by(2).for_each(|word| memory.watch_code(word));
        any
    }

    /// After an instruction of `cycles` in a block that did something special.
    #[inline(never)]
    fn settle(&mut self, cycles: u32) -> Result<(), Fault> {
        self.chip.elapse(0);
        if let Err(fault) = self.cpu.settle() {
            self.chip.take_back(cycles);
            return Err(self.refused(fault));
        }
        if self.chip.unwritten_matters {
            self.follow_unwritten()?;
        }
        if self.cpu.has_changed() {
            self.follow_cpu()?;
        }
        Ok(())
    }
}
