//! Stretches of code taken apart once: the instructions from an address to the next jump, ready to be executed.
//!
//! Taking an instruction's words from memory, comparing them with what was prepared and looking for reasons to stop costs
//! more than executing it. A block saves the first two; the words are known until somebody writes to code. Time is not
//! touched by this: every fetch still counts its cycle, and waits when the cache line is not there.

use std::ops::Range;

use super::Cpu;
use super::bus::Bus;
use super::decode::{Instruction, Mode, Operation};
use super::prepared::Prepared;

/// Instructions in a block at most: a long stretch that is entered at many places is not kept too often.
const LONGEST: usize = 32;
/// A loop of two instructions, BIT of a constant on a register and a jump back to it, that waits for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Address of the register whose bits are tested, as the instruction gives it.
    pub register: u16,
    /// The bits.
    pub mask: u16,
    /// The loop goes on while all of them are clear; otherwise while any is set.
    pub while_clear: bool,
    /// MCLK cycles of one turn.
    pub cycles: u32,
}

/// A block of instructions.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    /// Where the first one is kept.
    first: u32,
    /// How many there are, without the jump.
    count: u8,
    /// Whether a jump follows them.
    jumps: bool,
    /// One more than the number of the polling loop that this is; 0 when it is none.
    poll: u16,
}

/// All blocks that have been met.
#[derive(Debug)]
pub struct Blocks {
    /// Number of the block that begins at an even address; 0 when none has been taken apart there. Numbers and blocks
    /// apart stay in the host's nearest cache.
    at: Box<[u16; 0x8000]>,
    blocks: Vec<Block>,
    instructions: Vec<Prepared>,
    polls: Vec<Poll>,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            at: vec![0; 0x8000]
                .try_into()
                .unwrap_or_else(|_| unreachable!("the length is the array's")),
            blocks: vec![Block::default()],
            // There is always one more than the last.
            instructions: vec![Prepared::new(0)],
            polls: Vec::new(),
        }
    }
}

/// A block, ready to be executed: [`Self::poll`], then [`Self::instructions`], then [`Self::jump`].
#[derive(Clone, Copy)]
pub struct Stretch<'a> {
    instructions: &'a [Prepared],
    jump: Option<&'a Prepared>,
    poll: Option<&'a Poll>,
}

impl<'a> Stretch<'a> {
    /// The instructions in their order, without the jump.
    #[inline(always)]
    pub fn instructions(self) -> impl Iterator<Item = Known<'a>> {
        self.instructions.iter().map(Known)
    }

    /// Executes the jump at the end, if there is one; returns its MCLK cycles without wait states.
    /// [`Cpu::is_unsettled`] has to be asked afterwards.
    #[inline(always)]
    pub fn jump<B: Bus>(self, cpu: &mut Cpu, bus: &mut B) -> u32 {
        let Some(jump) = self.jump else { return 0 };
        let address = jump.address();
        if jump.first_may_wait() {
            bus.await_word(address);
        }
        cpu.jump(jump, address);
        jump.cycles()
    }

    /// The polling loop that the block is.
    #[inline(always)]
    pub fn poll(self) -> Option<&'a Poll> {
        self.poll
    }
}

/// An instruction of a block.
#[derive(Clone, Copy)]
pub struct Known<'a>(&'a Prepared);

impl Known<'_> {
    /// Executes it; returns its MCLK cycles without wait states. [`Cpu::is_unsettled`] has to be asked afterwards.
    #[inline(always)]
    pub fn execute<B: Bus>(self, cpu: &mut Cpu, bus: &mut B) -> u32 {
        let address = self.0.address();
        bus.begin_known();
        if self.0.may_wait() {
            if self.0.first_may_wait() {
                bus.await_word(address);
            }
            if let Some(later) = self.0.later_may_wait() {
                bus.await_word(later);
            }
        }
        cpu.execute(bus, self.0, address);
        self.0.cycles()
    }
}

impl Blocks {
    /// Forgets everything: code has changed.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The block at the even address `start`, if it has been taken apart.
    #[inline(always)]
    pub fn at(&self, start: u16) -> Option<Stretch<'_>> {
        let number = usize::from(self.at[usize::from(start >> 1)]);
        if number == 0 {
            return None;
        }
        let block = *self.blocks.get(number)?;
        let first = block.first as usize;
        let jump = first + usize::from(block.count);
        Some(Stretch {
            instructions: self.instructions.get(first..jump)?,
            jump: if block.jumps {
                Some(self.instructions.get(jump)?)
            } else {
                None
            },
            poll: if block.poll == 0 {
                None
            } else {
                self.polls.get(usize::from(block.poll) - 1)
            },
        })
    }

    /// Takes the block at `start` apart. `code` gives the word at an address, `None` where words are not code or may
    /// change unnoticed: there the block ends. `waits` tells whether a fetch may have to wait. Returns the addresses of its words, all of which the
    /// caller has to watch; none where there is no block.
    #[cold]
    pub fn take_apart(
        &mut self,
        start: u16,
        code: impl Fn(u16) -> Option<u16>,
        waits: impl Fn(u16) -> bool,
    ) -> Range<u16> {
        if self.blocks.len() > usize::from(u16::MAX) {
            self.clear();
        }
        self.instructions.pop();
        let first = self.instructions.len();
        let mut address = start;
        while self.instructions.len() - first < LONGEST {
            let Some(word) = code(address) else { break };
            let length = 2 * Instruction::decode(word).words();
            let Some(next) = address.checked_add(length) else {
                break;
            };
            if (2..length)
                .step_by(2)
                .any(|at| code(address + at).is_none())
            {
                break;
            }
            let before = self.instructions[first..].last();
            if before.is_some() && begins_poll(address, &code) {
                // So that the first turn of it is one of a block of its own.
                break;
            }
            let instruction = Prepared::new(word).placed(address, before, waits(address), |at| {
                code(at).unwrap_or_default()
            });
            self.instructions.push(instruction);
            address = next;
            if instruction.ends_block() {
                break;
            }
        }
        let count = self.instructions.len() - first;
        if count > 0 {
            let all = &self.instructions[first..];
            let jumps = all.last().is_some_and(Prepared::is_jump);
            let poll = poll(all).map_or(0, |poll| {
                self.polls.push(poll);
                self.polls.len() as u16
            });
            self.at[usize::from(start >> 1)] = self.blocks.len() as u16;
            self.blocks.push(Block {
                first: first as u32,
                count: (count - usize::from(jumps)) as u8,
                jumps,
                poll,
            });
        }
        self.instructions.push(Prepared::new(0));
        start..address
    }
}

/// Whether BIT and a jump back to it stand at `address`.
fn begins_poll(address: u16, code: impl Fn(u16) -> Option<u16>) -> bool {
    let Some(test) = code(address).map(Instruction::decode) else {
        return false;
    };
    let length = 2 * test.words();
    let jump = code(address.wrapping_add(length)).map(Instruction::decode);
    test.operation == Operation::Bit
        && jump.is_some_and(|jump| {
            jump.operation >= Operation::Jne
                && jump.operation <= Operation::Jmp
                && jump.constant.wrapping_add(2 + length) == 0
        })
}

/// Whether these are BIT of a constant on an absolute address and JEQ or JNE back to it.
fn poll(instructions: &[Prepared]) -> Option<Poll> {
    let [test, jump] = instructions else {
        return None;
    };
    let first = Instruction::decode(test.word());
    let second = Instruction::decode(jump.word());
    let mask = match first.source {
        Mode::Constant => first.constant,
        Mode::Immediate => test.extension::<0>(),
        _ => return None,
    };
    let tests = first.operation == Operation::Bit && first.destination == Mode::Absolute;
    let returns = matches!(second.operation, Operation::Jeq | Operation::Jne)
        && jump.address().wrapping_add(2).wrapping_add(second.constant) == test.address();
    (tests && returns).then(|| Poll {
        register: test.extension::<1>(),
        mask: if first.byte { mask & 0xFF } else { mask },
        while_clear: second.operation == Operation::Jeq,
        cycles: test.cycles() + jump.cycles(),
    })
}
