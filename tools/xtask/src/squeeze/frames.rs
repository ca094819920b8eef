//! One prologue for all functions that save the same registers.
//!
//! The compiler pushes rK to r10 one by one, two bytes each; a call of a routine that does it takes four. That routine keeps its
//! return address in r11, which no argument comes in. (Epilogues are ends of functions like any other: `sharing`.)

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::instruction::{Instruction, Next, Operand};
use super::text::{Function, Line};

/// The last register that is saved.
const LAST: u16 = 10;
/// Fewer are pushed in place: the call takes as much.
const FEWEST: usize = 3;
/// What the routines' names begin with; the register follows that they save first.
pub const NAME: &str = "squeeze_save_r";

/// Calls the common prologue; returns the first register saved, or none if the function saves too few.
pub fn share_prologue(function: &mut Function) -> Option<u16> {
    let mut pushes = Vec::new();
    let mut first = None;
    for (at, line) in function.lines.iter().enumerate() {
        match line {
            Line::Other(_) => continue,
            Line::Code(code) if code.is("push") => match (first, code.operands.as_slice()) {
                (None, [Operand::Register(register)]) => first = Some(*register),
                (Some(first), [Operand::Register(register)])
                    if usize::from(*register) == usize::from(first) + pushes.len() => {}
                _ => break,
            },
            _ => break,
        }
        pushes.push(at);
    }
    let first = first?;
    let all = usize::from((LAST + 1).checked_sub(first)?) == pushes.len();
    // To a handler r11 is somebody else's.
    let handles = function
        .lines
        .iter()
        .filter_map(Line::instruction)
        .any(|code| code.is("reti"));
    if !all || pushes.len() < FEWEST || handles || uses_r11_first(function) {
        return None;
    }
    let call = Instruction::new("call", &[Operand::Immediate(format!("{NAME}{first}"))]);
    // Where the stack is in the middle of it means nothing any more; what it is behind it is said by the last.
    for (k, at) in pushes.iter().enumerate().rev() {
        if k + 1 == pushes.len() {
            if let Some(line) = function.lines.get_mut(*at) {
                *line = Line::Code(call.clone());
            }
        } else {
            function.lines.remove(*at);
            let frame = matches!(function.lines.get(*at), Some(Line::Other(text)) if text.contains(".cfi_def_cfa_offset"));
            if frame {
                function.lines.remove(*at);
            }
        }
    }
    Some(first)
}

/// Whether r11 is read before it is written on the way straight down.
fn uses_r11_first(function: &Function) -> bool {
    const R11: u16 = 1 << 11;
    for instruction in function.lines.iter().filter_map(Line::instruction) {
        let effect = instruction.effect();
        if effect.reads & R11 != 0 {
            return true;
        }
        if effect.writes & R11 != 0 || instruction.next() != Next::On {
            return false;
        }
    }
    false
}

/// The routines' text, for these first registers.
pub fn routines(wanted: &BTreeSet<u16>) -> String {
    let mut text = String::new();
    let Some(longest) = wanted.first() else {
        return text;
    };
    text.push_str("\n\t.section\t.text.squeeze_save,\"ax\",@progbits\n\t.p2align\t1\n");
    let entry = |text: &mut String, first: u16, rest: &str| {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\t.type\t{NAME}{first},@function\n{NAME}{first}:\n\tpop\tr11\n{rest}\t.size\t{NAME}{first}, .-{NAME}{first}\n"
        );
    };
    for first in wanted.iter().skip(1) {
        entry(
            &mut text,
            *first,
            &format!("\tjmp\t.Lsqueeze_push_r{first}\n"),
        );
    }
    let mut pushes = String::new();
    for register in *longest..=LAST {
        let _ = write!(pushes, ".Lsqueeze_push_r{register}:\n\tpush\tr{register}\n");
    }
    entry(&mut text, *longest, &format!("{pushes}\tbr\tr11\n"));
    text
}
