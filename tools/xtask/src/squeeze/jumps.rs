//! Branches that a jump can do.
//!
//! A jump takes two bytes and reaches a kilobyte either way; `br #L` takes four and reaches everything. Where the target is too far,
//! the back-end jumps around a `br`. When the code in between has become shorter the target may be near enough; if not, another
//! `br` to the same target may be, and the jump goes there. Where the `br` was jumped around that takes as long as before.

use super::flow::Live;
use super::instruction::{Instruction, Next, Operand};
use super::text::{Function, Line};

/// Bytes from a jump to its target at most. (The CPU's own limits are −1022 and 1024.)
const REACH: i32 = 1020;

/// Makes the first branch a jump that can be one: its target is near, or another branch to it.
pub fn jump_instead(function: &mut Function, _: &[Live]) -> bool {
    // Where something is aligned, distances are not known.
    if function.is_padded() {
        return false;
    }
    for (at, line) in function.lines.iter().enumerate() {
        let Some(target) = line.code().and_then(far) else {
            continue;
        };
        if let Some(to) = nearest(function, at, target) {
            let target = target.to_owned();
            replace(function, at, target, to);
            return true;
        }
    }
    false
}

/// Where a branch's target can be reached by a jump.
enum Near {
    /// At its own label.
    Label,
    /// At another branch.
    Branch(usize),
}

/// The target of a branch to a fixed address.
fn far(instruction: &Instruction) -> Option<&str> {
    match instruction.operands.as_slice() {
        [Operand::Immediate(target)] if instruction.is("br") => Some(target),
        _ => None,
    }
}

fn nearest(function: &Function, at: usize, target: &str) -> Option<Near> {
    let mut place = 0;
    let places: Vec<i32> = function
        .lines
        .iter()
        .map(|line| {
            place += line.size() as i32;
            place - line.size() as i32
        })
        .collect();
    let here = *places.get(at)?;
    let near = || {
        let lines = function.lines.iter().zip(&places).enumerate();
        lines.filter(move |(_, (_, place))| (*place - here).abs() <= REACH)
    };
    if near().any(|(_, (line, _))| matches!(line, Line::Label(label) if label == target)) {
        return Some(Near::Label);
    }
    // Best one that others jump to already, else one that is not jumped around: it stays where it is.
    near()
        .filter(|(other, (line, _))| *other != at && line.code().and_then(far) == Some(target))
        .map(|(other, _)| other)
        .max_by_key(|other| {
            let is_target = matches!(before(&function.lines, *other), Some((_, Line::Label(_))));
            (is_target, around(function, *other).is_none(), *other)
        })
        .map(Near::Branch)
}

/// The line before, but for directives.
fn before(lines: &[Line], at: usize) -> Option<(usize, &Line)> {
    let lines = lines.get(..at)?.iter().enumerate();
    lines
        .rev()
        .find(|(_, line)| !matches!(line, Line::Other(_)))
}

/// The line of the jump around the branch at a line, and its opposite.
fn around(function: &Function, at: usize) -> Option<(usize, &'static str)> {
    let (jump_at, jump) = before(&function.lines, at)?;
    let jump = jump.code()?;
    let Next::Branch(over) = jump.next() else {
        return None;
    };
    let opposite = match jump.name.as_str() {
        "jeq" | "jz" => "jne",
        "jne" | "jnz" => "jeq",
        "jlo" | "jnc" => "jhs",
        "jhs" | "jc" => "jlo",
        "jge" => "jl",
        "jl" => "jge",
        _ => return None,
    };
    let is_over = function
        .lines
        .iter()
        .skip(at + 1)
        .take_while(|line| line.size() == 0)
        .any(|line| *line == Line::Label(over.clone()));
    is_over.then_some((jump_at, opposite))
}

fn replace(function: &mut Function, at: usize, target: String, near: Near) {
    let around = around(function, at);
    let mut new_label = None;
    let label = match near {
        Near::Label => target,
        Near::Branch(other) => match before(&function.lines, other) {
            Some((_, Line::Label(label))) => label.clone(),
            _ => {
                let label = label_for(function, &target);
                new_label = Some((other, label.clone()));
                label
            }
        },
    };
    let name = around.map_or("jmp", |(_, opposite)| opposite);
    if let Some(line) = function.lines.get_mut(at) {
        *line = Line::Code(Instruction::new(name, &[Operand::Target(label)]));
    }
    // What is taken away or put in from the back to the front, so that the lines before keep their numbers.
    let mut jump_around = around.map(|(line, _)| line);
    if let Some((other, label)) = new_label {
        if let Some(line) = jump_around.filter(|line| *line > other) {
            function.lines.remove(line);
            jump_around = None;
        }
        function.lines.insert(other, Line::Label(label));
    }
    if let Some(line) = jump_around {
        function.lines.remove(line);
    }
}

/// A label that the text does not have yet: one of the function's own, for a target.
fn label_for(function: &Function, target: &str) -> String {
    let is_known = |label: &str| {
        function
            .lines
            .iter()
            .any(|line| matches!(line, Line::Label(known) if known == label))
    };
    (0..)
        .map(|number| {
            format!(
                ".LBB_squeeze_{}_{number}_{}",
                function.name,
                target.trim_start_matches('.')
            )
        })
        .find(|label| !is_known(label))
        .unwrap_or_default()
}
