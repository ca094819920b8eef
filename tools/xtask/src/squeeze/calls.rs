//! Which registers functions take their arguments in and leave results in, found over the whole image.
//!
//! The EABI says where they may be, r12 to r15; most functions use fewer, and what nobody reads need not be kept.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::flow::{live_before, live_behind};
use super::instruction::{Instruction, Operand};
use super::text::{Function, Line, Segment, Text};

/// r12 to r15.
pub const EABI: u16 = 0xF000;

/// By a function's symbol, registers as bits; what is not listed may use all of [`EABI`].
#[derive(Debug, Default)]
pub struct Calls {
    /// Registers that it reads before it writes them.
    arguments: BTreeMap<String, u16>,
    /// Registers that somebody reads after it has returned.
    results: BTreeMap<String, u16>,
}

impl Calls {
    /// Looks at all functions of a text. What is called from elsewhere, or through a pointer, stays as the EABI has it.
    ///
    /// # Errors
    /// When a function's jumps cannot be followed.
    pub fn of(text: &Text) -> Result<Self> {
        let mut calls = Self::default();
        let elsewhere = named_elsewhere(text);
        // Each round knows more of what the one before has found to be unread; more than a few find nothing.
        for _ in 0..3 {
            let mut next = Self::default();
            let mut results: BTreeMap<String, u16> = BTreeMap::new();
            for function in text.functions() {
                let behind = live_behind(function, &text.tables, &calls)?;
                if !elsewhere.contains(&function.name) {
                    let before = live_before(function, &text.tables, &calls)? as u16 & EABI;
                    next.arguments.insert(function.name.clone(), before);
                    results.entry(function.name.clone()).or_default();
                }
                for (line, behind) in function.lines.iter().zip(behind) {
                    if let Some(callee) = line.instruction().and_then(callee) {
                        *results.entry(callee.to_owned()).or_default() |= behind as u16 & EABI;
                    }
                }
            }
            results
                .retain(|name, _| !elsewhere.contains(name) && next.arguments.contains_key(name));
            next.results = results;
            calls = next;
        }
        Ok(calls)
    }

    /// Registers that a call reads arguments from.
    pub fn arguments(&self, instruction: &Instruction) -> Option<u16> {
        self.arguments.get(callee(instruction)?).copied()
    }

    /// Registers that a function leaves results in.
    pub fn results(&self, function: &Function) -> u16 {
        self.results.get(&function.name).copied().unwrap_or(EABI)
    }
}

/// The function that an instruction calls by its name.
fn callee(instruction: &Instruction) -> Option<&str> {
    match instruction.operands.as_slice() {
        [Operand::Immediate(name)] if instruction.is_call() => Some(name),
        _ => None,
    }
}

/// Symbols that are used otherwise than by a call that the compiler made.
fn named_elsewhere(text: &Text) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut name_all = |line: &str| {
        let parts = line.split(|letter: char| !letter.is_alphanumeric() && !"_.$".contains(letter));
        named.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
    };
    for segment in &text.segments {
        match segment {
            Segment::Kept(kept) => {
                for line in kept.lines() {
                    let defines = [".type", ".size", ".asciz", ".section", ".p2align"];
                    let directive = line.trim_start();
                    let is_label = line.ends_with(':');
                    if !is_label && !defines.iter().any(|name| directive.starts_with(name)) {
                        name_all(line);
                    }
                }
            }
            Segment::Function(function) => {
                for line in &function.lines {
                    match line {
                        Line::Code(code) if callee(code).is_some() => {}
                        Line::Code(code) | Line::Fixed(code) => name_all(&code.to_string()),
                        Line::Word(text) => name_all(text),
                        Line::Label(_) | Line::Other(_) => {}
                    }
                }
            }
        }
    }
    named
}
