//! Branches that reach their label as a jump does: two bytes instead of four.

use std::collections::BTreeMap;

use super::instruction::{Instruction, Next, Operand};
use super::text::{Function, Line};

/// How far a jump goes from the instruction behind it, bytes (SLAU445, 4.5.1.3).
const REACH: std::ops::RangeInclusive<i64> = -1024..=1022;

/// Shortens the first branch that can be; call it until there is none.
pub fn shorten(function: &mut Function) -> bool {
    if function.is_padded() {
        return false;
    }
    let mut address = 0_i64;
    let mut addresses = Vec::with_capacity(function.lines.len());
    let mut labels = BTreeMap::new();
    for line in &function.lines {
        addresses.push(address);
        match line {
            Line::Label(label) => {
                labels.insert(label.clone(), address);
            }
            _ => address += i64::from(line.size()),
        }
    }
    let reaches = |at: usize, label: &str| {
        addresses
            .get(at)
            .zip(labels.get(label))
            .is_some_and(|(from, to)| REACH.contains(&(to - from - 2)))
    };
    for at in 0..function.lines.len() {
        let Some(code) = function.lines.get(at).and_then(Line::code) else {
            continue;
        };
        let label = match code.operands.as_slice() {
            [Operand::Immediate(label)] if code.is("br") => label.clone(),
            _ => continue,
        };
        if reaches(at, &label) {
            if let Some(line) = function.lines.get_mut(at) {
                *line = Line::Code(Instruction::new("jmp", &[Operand::Target(label)]));
            }
            return true;
        }
    }
    for at in 0..function.lines.len() {
        let Some((inverse, around)) = function
            .lines
            .get(at)
            .and_then(Line::code)
            .and_then(opposite)
        else {
            continue;
        };
        // A conditional jump around a jump.
        let mut rest = function.lines.iter().enumerate().skip(at + 1);
        let Some((jump_at, jump)) = rest.find(|(_, line)| !matches!(line, Line::Other(_))) else {
            continue;
        };
        let Some(Next::Jump(target)) = jump
            .code()
            .filter(|code| code.is("jmp"))
            .map(Instruction::next)
        else {
            continue;
        };
        let lands = rest
            .take_while(|(_, line)| line.size() == 0)
            .any(|(_, line)| *line == Line::Label(around.clone()));
        if lands && reaches(at, &target) {
            if let Some(line) = function.lines.get_mut(at) {
                *line = Line::Code(Instruction::new(inverse, &[Operand::Target(target)]));
            }
            function.lines.remove(jump_at);
            return true;
        }
    }
    false
}

/// The jump on the opposite condition, and where the given one goes.
fn opposite(instruction: &Instruction) -> Option<(&'static str, String)> {
    let inverse = match instruction.name.as_str() {
        "jeq" | "jz" => "jne",
        "jne" | "jnz" => "jeq",
        "jlo" | "jnc" => "jhs",
        "jhs" | "jc" => "jlo",
        "jge" => "jl",
        "jl" => "jge",
        _ => return None,
    };
    match instruction.next() {
        Next::Branch(label) => Some((inverse, label)),
        _ => None,
    }
}
