//! Words that are copied from one area to another, four or a multiple of it, are copied by a routine.
//!
//! The back-end writes a load and a store for each, in an order of its own: 26 to 32 bytes for a number of 64 bits. The routine takes
//! as long.
//!
//! It copies from the first word to the last. That is the same as long as the two areas are one or lie apart, as those of two Rust
//! values do; only a `memmove` would let them overlap by a part, and there is none that is this short. (Of areas that begin at the
//! same register it is looked at.) Registers of peripherals, which have numbers for addresses, are not copied.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::flow::{Live, flags, registers};
use super::instruction::{Instruction, Next, Operand, SP, flag};
use super::peephole::following;
use super::text::{Function, Line};

/// The routine: R13 source and R12 destination, both counted on; nothing else changes but flags.
pub const NAME: &str = "squeeze_copy";
/// Registers that it reads, and writes.
pub const POINTERS: u16 = 1 << TO | 1 << FROM;

const TO: u16 = 12;
const FROM: u16 = 13;
/// Words that it copies.
const WORDS: usize = 4;

/// Where a word lies: what the address is made of, and a distance from there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    /// A symbol, or none.
    symbol: String,
    /// A register, or none.
    base: Option<u16>,
    distance: i32,
}

impl Address {
    fn of(operand: &Operand) -> Option<Self> {
        let (text, base) = match operand {
            Operand::Indexed(text, base) if *base > 0 => (text.as_str(), Some(*base)),
            Operand::Absolute(text) => (text.as_str(), None),
            Operand::Indirect(base) => ("0", Some(*base)),
            _ => return None,
        };
        let (symbol, distance) = match text.parse() {
            Ok(distance) => ("", distance),
            Err(_) => match text.rsplit_once('+') {
                Some((symbol, distance)) => (symbol, distance.parse().ok()?),
                None => (text, 0),
            },
        };
        let is_peripheral = symbol.is_empty() && base.is_none();
        (!is_peripheral).then(|| Self {
            symbol: symbol.to_owned(),
            base,
            distance,
        })
    }

    fn has_same_origin(&self, other: &Self) -> bool {
        self.symbol == other.symbol && self.base == other.base
    }

    /// Puts it into a register.
    fn into_register(self, to: u16) -> Vec<Instruction> {
        let to = Operand::Register(to);
        let mut made = Vec::new();
        let offset = match (self.symbol.as_str(), self.distance) {
            ("", distance) => distance.to_string(),
            (symbol, 0) => symbol.to_owned(),
            (symbol, distance) => format!("{symbol}+{distance}"),
        };
        let offset = Operand::Immediate(offset);
        match self.base {
            None => made.push(Instruction::new("mov", &[offset, to])),
            Some(base) => {
                if to != Operand::Register(base) {
                    made.push(Instruction::new(
                        "mov",
                        &[Operand::Register(base), to.clone()],
                    ));
                }
                if offset != Operand::Immediate("0".to_owned()) {
                    made.push(Instruction::new("add", &[offset, to]));
                }
            }
        }
        made
    }
}

/// What has been seen of a copy.
#[derive(Default)]
struct Run {
    /// Lines that are part of it.
    lines: Vec<usize>,
    /// Words that are in registers.
    held: BTreeMap<u16, Address>,
    /// Lines of the loads, and their registers.
    loads: Vec<(usize, u16)>,
    /// Registers that words passed through.
    through: u16,
    /// Registers that addresses are made of.
    bases: u16,
    copied: Vec<(Address, Address)>,
}

impl Run {
    /// Takes a word copy, load or store; false when it is none that belongs to the run.
    fn take(&mut self, at: usize, instruction: &Instruction) -> bool {
        let [from, to] = instruction.operands.as_slice() else {
            return false;
        };
        if !instruction.is_move() || instruction.byte {
            return false;
        }
        match (Address::of(from), from, Address::of(to), to) {
            (Some(from), _, Some(to), _) => {
                if !self.note_base(&from) || !self.note_base(&to) {
                    return false;
                }
                self.copied.push((from, to));
            }
            (Some(from), _, None, Operand::Register(to)) if *to > 3 => {
                let bit = 1 << to;
                if !self.note_base(&from) || self.bases & bit != 0 {
                    return false;
                }
                // Each register once, so that what it was loaded for is plain.
                if self.through & bit != 0 {
                    return false;
                }
                self.through |= bit;
                self.held.insert(*to, from);
                self.loads.push((at, *to));
            }
            (None, Operand::Register(from), Some(to), _) => {
                let Some(address) = self.held.remove(from) else {
                    return false;
                };
                if !self.note_base(&to) {
                    return false;
                }
                self.copied.push((address, to));
            }
            _ => return false,
        }
        self.lines.push(at);
        true
    }

    /// Notes that an address is made of a register; false when that is one that words pass through.
    fn note_base(&mut self, address: &Address) -> bool {
        let Some(base) = address.base else {
            return true;
        };
        let bit = 1 << base;
        self.bases |= bit;
        // A pointer out of the function's own stack is no word of the copy: it may be loaded before all of them.
        let is_pointer = |from: &Address| from.base == Some(SP) && self.copied.is_empty();
        if self.held.get(&base).is_some_and(is_pointer)
            && let Some((line, _)) = self.loads.iter().find(|(_, register)| *register == base)
        {
            self.lines.retain(|other| other != line);
            self.held.remove(&base);
            self.through &= !bit;
        }
        self.through & bit == 0
    }

    /// Whether an instruction between its parts may as well stand before all of them.
    fn lets_pass(&self, instruction: &Instruction) -> bool {
        let effect = instruction.effect();
        instruction.next() == Next::On
            && !instruction.is_call()
            && !instruction.moves_stack()
            && !instruction.operands.iter().any(Operand::is_memory)
            && effect.writes & self.bases == 0
            && (effect.reads | effect.writes) & self.through == 0
    }

    /// The areas' first words, if it copies a whole number of times what the routine does.
    fn areas(&self) -> Option<(Address, Address)> {
        let mut copied = self.copied.clone();
        copied.sort_by_key(|(from, _)| from.distance);
        let (first_from, first_to) = copied.first()?.clone();
        let all = copied.iter().enumerate().all(|(k, (from, to))| {
            let step = 2 * k as i32;
            from.has_same_origin(&first_from)
                && to.has_same_origin(&first_to)
                && from.distance == first_from.distance + step
                && to.distance == first_to.distance + step
        });
        let bytes = 2 * copied.len() as i32;
        let apart = !first_from.has_same_origin(&first_to)
            || (first_from.distance - first_to.distance).abs() >= bytes;
        let whole = copied.len().is_multiple_of(WORDS) && self.held.is_empty();
        (all && apart && whole).then_some((first_from, first_to))
    }
}

/// Lets the routine do the first copy that it shortens.
pub fn call_routine(function: &mut Function, live: &[Live]) -> bool {
    function.replace_first(|function, at| copy(function, live, at))
}

/// The longest copy that begins at a line, if a call is shorter: its lines, and what stands for the last of them.
fn copy(function: &Function, live: &[Live], at: usize) -> Option<(Vec<usize>, Vec<Instruction>)> {
    let mut run = Run::default();
    let mut best = None;
    let mut here = at;
    loop {
        let instruction = function.lines.get(here)?.code();
        let Some(instruction) = instruction else {
            break;
        };
        let taken = run.take(here, instruction);
        if taken {
            if let Some(found) = finished(&run, function, live, here) {
                best = Some(found);
            }
        } else if run.lines.is_empty() || !run.lets_pass(instruction) {
            break;
        }
        match following(&function.lines, here) {
            Some(next) => here = next,
            None => break,
        }
    }
    best
}

fn finished(
    run: &Run,
    function: &Function,
    live: &[Live],
    last: usize,
) -> Option<(Vec<usize>, Vec<Instruction>)> {
    let (from, to) = run.areas()?;
    let behind = live.get(last).copied().unwrap_or(Live::MAX);
    let spoiled = registers(run.through | POINTERS) | flags(flag::ALL);
    if behind & spoiled != 0 {
        return None;
    }
    // A pointer must not be overwritten before the other has been made of it.
    let mut made = match (from.base == Some(TO), to.base == Some(FROM)) {
        (true, true) => return None,
        (true, false) => [from.into_register(FROM), to.into_register(TO)],
        (false, _) => [to.into_register(TO), from.into_register(FROM)],
    }
    .concat();
    let call = Instruction::new("call", &[Operand::Immediate(NAME.to_owned())]);
    for _ in 0..run.copied.len() / WORDS {
        made.push(call.clone());
    }
    let before: u32 = run
        .lines
        .iter()
        .filter_map(|line| function.lines.get(*line))
        .map(Line::size)
        .sum();
    let after: u32 = made.iter().map(Instruction::size).sum();
    (after < before).then(|| (run.lines.clone(), made))
}

/// The routine's text. `0x4DBC, x` is `mov @r13+, x(r12)`, which the assembler lacks.
pub fn routine() -> String {
    let mut text = format!(
        "\n\t.section\t.text.{NAME},\"ax\",@progbits\n\t.p2align\t1\n\t.type\t{NAME},@function\n{NAME}:\n"
    );
    for word in 0..WORDS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\t.short\t0x4DBC, {}", 2 * word);
    }
    let _ = writeln!(
        text,
        "\tadd\t#{}, r{TO}\n\tret\n\t.size\t{NAME}, .-{NAME}",
        2 * WORDS
    );
    text
}
