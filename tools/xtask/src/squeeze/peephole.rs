//! Rules that make a function smaller a few instructions at a time. None changes what the function does, nor how often and in
//! which width it reads and writes memory, but that a register that is read, changed and written back may be changed in place.

use std::collections::BTreeMap;

use anyhow::Result;

use super::calls::Calls;
use super::carry::{not_zero, subtract_at_once, use_carry};
use super::flow::{Live, flags, live_behind, registers};
use super::instruction::{Instruction, Next, Operand, PC, SP, SR, flag};
use super::kept::is_zero;
use super::memory::{change_in_place, use_in_memory};
use super::shifts::around_the_end;
use super::text::{Function, Line};
use super::values::reuse_values;

/// Where jump tables lead to.
pub type Tables = BTreeMap<String, Vec<String>>;

/// Bytes won by each rule.
pub type Tally = BTreeMap<&'static str, u32>;

/// A rule: changes the first place that it finds and says whether it found one.
pub type Rule = fn(&mut Function, &[Live]) -> bool;

/// The rules, by the names that the tally has.
pub const RULES: [(&str, Rule); 13] = [
    ("address without distance", indirect),
    ("comparison with zero", zero_test),
    ("move through a register", retarget),
    ("pointer that counts on", increment),
    ("carry", use_carry),
    ("not zero", not_zero),
    ("difference at once", subtract_at_once),
    ("kept zero", is_zero),
    ("long shift", around_the_end),
    ("value at hand", reuse_values),
    ("changed in place", change_in_place),
    ("used in memory", use_in_memory),
    ("unused", unused),
];

/// Applies all rules until none finds anything.
///
/// # Errors
/// When the function's jumps cannot be followed.
pub fn shorten(
    function: &mut Function,
    tables: &Tables,
    calls: &Calls,
    tally: &mut Tally,
) -> Result<()> {
    loop {
        let mut found = false;
        for (name, rule) in RULES {
            found |= apply(name, rule, function, tables, calls, tally)?;
        }
        if !found {
            return Ok(());
        }
    }
}

/// Applies a rule until it finds nothing more, and says whether it found something.
///
/// # Errors
/// When the function's jumps cannot be followed.
pub fn apply(
    name: &'static str,
    rule: Rule,
    function: &mut Function,
    tables: &Tables,
    calls: &Calls,
    tally: &mut Tally,
) -> Result<bool> {
    let mut found = false;
    loop {
        let before = function.size();
        let live = live_behind(function, tables, calls)?;
        if !rule(function, &live) {
            return Ok(found);
        }
        found = true;
        *tally.entry(name).or_default() += before - function.size();
    }
}

/// The next line with an instruction in the same block.
pub fn following(lines: &[Line], at: usize) -> Option<usize> {
    for (next, line) in lines.iter().enumerate().skip(at + 1) {
        match line {
            Line::Code(_) | Line::Fixed(_) => return Some(next),
            Line::Label(_) | Line::Word(_) => return None,
            Line::Other(_) => {}
        }
    }
    None
}

/// The line with the instruction before it in the same block.
fn preceding(lines: &[Line], at: usize) -> Option<usize> {
    for next in (0..at).rev() {
        match lines.get(next)? {
            Line::Code(_) | Line::Fixed(_) => return Some(next),
            Line::Label(_) | Line::Word(_) => return None,
            Line::Other(_) => {}
        }
    }
    None
}

/// An instruction that may be changed.
fn code(function: &Function, at: usize) -> Option<&Instruction> {
    function.lines.get(at).and_then(Line::code)
}

/// `0(rN)` as a source is `@rN`.
fn indirect(function: &mut Function, _: &[Live]) -> bool {
    for line in &mut function.lines {
        let Line::Code(instruction) = line else {
            continue;
        };
        if let [source, _] = instruction.operands.as_mut_slice()
            && let Operand::Indexed(index, base) = source
            && index == "0"
            && *base != PC
            && *base != SR
        {
            *source = Operand::Indirect(*base);
            return true;
        }
    }
    false
}

/// A comparison with zero behind the instruction whose result it compares, when nobody asks for carry or overflow.
fn zero_test(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        let Some((register, byte)) = code(function, at).and_then(compared_with_zero) else {
            continue;
        };
        let asked = live.get(at).copied().unwrap_or(Live::MAX) & flags(flag::ALL);
        if asked & !flags(flag::Z | flag::N) != 0 {
            continue;
        }
        let mut before = at;
        while let Some(earlier) = preceding(&function.lines, before) {
            before = earlier;
            let Some(instruction) = function.lines.get(earlier).and_then(Line::instruction) else {
                break;
            };
            let effect = instruction.effect();
            if effect.writes & (1 << register) != 0 {
                if instruction.tells_zero()
                    && instruction.byte == byte
                    && instruction.destination() == Some(&Operand::Register(register))
                {
                    function.lines.remove(at);
                    return true;
                }
                break;
            }
            if effect.writes_flags != 0 {
                break;
            }
        }
    }
    false
}

fn compared_with_zero(instruction: &Instruction) -> Option<(u16, bool)> {
    match (instruction.name.as_str(), instruction.operands.as_slice()) {
        ("tst", [Operand::Register(register)]) => Some((*register, instruction.byte)),
        ("cmp", [Operand::Immediate(zero), Operand::Register(register)]) if zero == "0" => {
            Some((*register, instruction.byte))
        }
        _ => None,
    }
}

/// `mov X, rA` and `mov rA, rB` are `mov X, rB` when nobody needs rA behind them.
fn retarget(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        let Some(first) = code(function, at).filter(|first| first.is_move() || first.is("clr"))
        else {
            continue;
        };
        let Some(Operand::Register(through)) = first.destination().cloned() else {
            continue;
        };
        let Some(next) = following(&function.lines, at) else {
            continue;
        };
        let Some(second) = code(function, next).filter(|second| second.is_move()) else {
            continue;
        };
        let [Operand::Register(from), Operand::Register(to)] = second.operands.as_slice() else {
            continue;
        };
        let needed = live.get(next).copied().unwrap_or(Live::MAX) & registers(1 << through) != 0;
        let counted = matches!(first.source(), Some(Operand::Increment(base)) if base == to);
        if *from != through || second.byte || needed || counted || *to < 4 || through < 4 {
            continue;
        }
        let to = Operand::Register(*to);
        if let Some(Line::Code(first)) = function.lines.get_mut(at)
            && let Some(last) = first.operands.last_mut()
        {
            *last = to;
        }
        function.lines.remove(next);
        return true;
    }
    false
}

/// `@rN` counts on to what is read next, when rN is only needed for a few more places near it.
fn increment(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        let Some((pointer, step)) = code(function, at).and_then(reads_by_pointer) else {
            continue;
        };
        if let Some(changes) = counted_on(function, live, at, pointer, step) {
            for (place, changed) in changes {
                if let Some(line) = function.lines.get_mut(place) {
                    *line = Line::Code(changed);
                }
            }
            return true;
        }
        if let Some(addition) = stepped(function, live, at, pointer, step) {
            count_on(function, at, pointer);
            function.lines.remove(addition);
            return true;
        }
    }
    false
}

fn count_on(function: &mut Function, at: usize, pointer: u16) {
    if let Some(Line::Code(instruction)) = function.lines.get_mut(at)
        && let Some(source) = instruction.operands.first_mut()
    {
        *source = Operand::Increment(pointer);
    }
}

/// The pointer of an instruction that reads by `@rN` and uses rN for nothing else, and the bytes that it reads.
fn reads_by_pointer(instruction: &Instruction) -> Option<(u16, i32)> {
    let [Operand::Indirect(pointer), to] = instruction.operands.as_slice() else {
        return None;
    };
    // The assembler takes no memory behind it.
    let used = to.is_memory() || *to == Operand::Register(*pointer);
    (*pointer > SR && !used).then_some((*pointer, if instruction.byte { 1 } else { 2 }))
}

/// The instructions as they are once the one at `at` counts its pointer on, if they are shorter then.
fn counted_on(
    function: &Function,
    live: &[Live],
    at: usize,
    pointer: u16,
    step: i32,
) -> Option<Vec<(usize, Instruction)>> {
    let bit = registers(1 << pointer);
    let mut first = code(function, at)?.clone();
    *first.operands.first_mut()? = Operand::Increment(pointer);
    let mut changes = vec![(at, first)];
    let mut won = 0;
    let mut here = at;
    while live.get(here)? & bit != 0 {
        here = following(&function.lines, here)?;
        let instruction = function.lines.get(here)?.instruction()?;
        let effect = instruction.effect();
        if instruction.next() != Next::On && live.get(here)? & bit != 0 {
            return None;
        }
        if (effect.reads | effect.writes) & (1 << pointer) == 0 {
            continue;
        }
        let mut changed = code(function, here)?.clone();
        // These read it without naming it, or by its address.
        if matches!(
            changed.name.as_str(),
            "call" | "br" | "push" | "pop" | "ret" | "reti"
        ) {
            return None;
        }
        let two = changed.operands.len() == 2;
        for (k, operand) in changed.operands.iter_mut().enumerate() {
            if *operand == Operand::Register(pointer) {
                // Its last value may be overwritten, but not used.
                let overwritten = instruction.is_move() && k == 1;
                if !overwritten {
                    return None;
                }
            }
            if operand.base() == Some(pointer) {
                let distance = operand.distance()? - step;
                *operand = if distance == 0 && k == 0 && two {
                    Operand::Indirect(pointer)
                } else {
                    Operand::Indexed(distance.to_string(), pointer)
                };
            }
        }
        won += i64::from(instruction.size()) - i64::from(changed.size());
        changes.push((here, changed));
        if effect.writes & (1 << pointer) != 0 {
            break;
        }
    }
    (won > 0).then_some(changes)
}

/// The addition that moves the pointer by what has just been read, if nothing else comes between.
fn stepped(
    function: &Function,
    live: &[Live],
    at: usize,
    pointer: u16,
    step: i32,
) -> Option<usize> {
    let mut here = at;
    loop {
        here = following(&function.lines, here)?;
        let instruction = function.lines.get(here)?.instruction()?;
        let effect = instruction.effect();
        if instruction.next() != Next::On {
            return None;
        }
        if (effect.reads | effect.writes) & (1 << pointer) == 0 {
            continue;
        }
        let added = match (instruction.name.as_str(), instruction.operands.as_slice()) {
            ("inc", [Operand::Register(_)]) => 1,
            ("incd", [Operand::Register(_)]) => 2,
            ("add", [Operand::Immediate(value), Operand::Register(_)]) => value.parse().ok()?,
            _ => return None,
        };
        let unasked = live.get(here)? & flags(flag::ALL) == 0;
        let free = code(function, here).is_some() && !instruction.byte;
        let to = instruction.destination() == Some(&Operand::Register(pointer));
        return (added == step && unasked && free && to).then_some(here);
    }
}

/// A value that nobody needs.
fn unused(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        let Some(instruction) = code(function, at) else {
            continue;
        };
        let computes = matches!(
            instruction.name.as_str(),
            "mov"
                | "clr"
                | "clrc"
                | "add"
                | "addc"
                | "sub"
                | "subc"
                | "and"
                | "bis"
                | "bic"
                | "xor"
                | "inc"
                | "incd"
                | "dec"
                | "decd"
                | "inv"
                | "rra"
                | "rrc"
                | "swpb"
                | "sxt"
                | "tst"
                | "cmp"
                | "bit"
        );
        let touches_memory = instruction.operands.iter().any(Operand::is_memory);
        let effect = instruction.effect();
        let special = effect.writes & (1 << PC | 1 << SP | 1 << SR) != 0;
        let kept = registers(effect.writes) | flags(effect.writes_flags);
        let same = instruction.is_move()
            && !instruction.byte
            && instruction.operands.first() == instruction.operands.last();
        let needed = live.get(at).copied().unwrap_or(Live::MAX) & kept != 0;
        if computes && !touches_memory && !special && (same || !needed) {
            function.lines.remove(at);
            return true;
        }
    }
    false
}
