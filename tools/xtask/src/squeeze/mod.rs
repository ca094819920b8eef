//! Makes the compiler's assembly text smaller before it is assembled.
//!
//! LLVM's MSP430 back-end has no rules for the size of code beyond the common ones: it writes `0(r12)` where `@r12` does, compares
//! with zero what has just set the flags, and saves registers one by one in every function. 24 KB are all there is, so the text of
//! the linked program goes through rules of our own: [`peephole`] a few instructions at a time, [`copies`], [`frames`], [`sharing`] and
//! [`jumps`] over whole functions and the image. [`link`] stands in for the linker and does it. All checks of the image (lint, stack, budgets,
//! tests in the virtual meter and in mspdebug's simulator) see what came out.

pub mod calls;
pub mod carry;
pub mod copies;
pub mod flow;
pub mod frames;
pub mod instruction;
pub mod jumps;
pub mod kept;
pub mod link;
pub mod memory;
pub mod peephole;
pub mod sharing;
pub mod shifts;
pub mod text;
pub mod values;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use calls::Calls;
use jumps::Row;
use peephole::Tally;
use text::{Function, Line, Segment, Text};

/// Functions that run for every sample or byte, by their modules, and all handlers: they get shorter, but never a detour.
const FAST: [&str; 5] = [
    "meter430::hw::sampler::",
    "meter430::hw::frame::",
    "meter430::hw::interrupts::",
    "meter430::hw::kernel::",
    "meter430::hw::pulses::",
];

/// Functions that run for every block of samples: detours only where the time does not count, outside of loops, and in functions
/// that are long enough not to be called in one. (With detours also in those from 80 bytes on, 20 bytes less, the longest block
/// takes 91 300 cycles instead of 89 800.)
const BRISK: [&str; 8] = [
    "meter430::hw::interrupts::TIMER2_B0::",
    "metrology::fundamental::",
    "metrology::half_cycle::",
    "metrology::history::",
    "metrology::meter::",
    "metrology::oscillator::",
    "metrology::window::",
    "metrology::zero_cross::",
];

/// Such a function is long from this on, bytes.
const LONG_BYTES: u32 = 110;

/// How much a detour matters in a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Never one.
    Fast,
    /// Only what takes about as long as what it stands for.
    Brief,
    /// None in a loop.
    Brisk,
    /// Anywhere.
    Slow,
}

/// What the names of routines begin with that are the compiler's code in another place.
pub const ROUTINES: &str = "squeeze_";

/// Names of all rules, as the tally has them.
pub fn rules() -> impl Iterator<Item = &'static str> {
    let few = peephole::RULES.into_iter().map(|(name, _)| name);
    few.chain([COPY, PROLOGUE, SEQUENCE, JUMP])
}

const COPY: &str = "words copied by a routine";
const PROLOGUE: &str = "prologue shared";
const SEQUENCE: &str = "sequence shared";
const JUMP: &str = "jump instead of a branch";

/// A smaller text, and how it came about.
#[derive(Debug)]
pub struct Squeezed {
    /// For the assembler.
    pub text: String,
    /// By the function's symbol: the bytes that it must have once it is assembled.
    pub sizes: BTreeMap<String, u32>,
    /// Bytes won, by rule.
    pub tally: Tally,
}

/// Squeezes a text.
///
/// # Errors
/// When the text has something that is not understood; it is then better to say so than to leave it.
pub fn squeeze(text: &str) -> Result<Squeezed> {
    let mut text = Text::parse(text)?;
    let calls = Calls::of(&text)?;
    let tables = std::mem::take(&mut text.tables);
    let mut tally = Tally::new();
    let mut saved = BTreeSet::new();
    let mut copies = false;
    for function in text.functions_mut() {
        if pace(function) != Pace::Fast {
            copies |= peephole::apply(
                COPY,
                copies::call_routine,
                function,
                &tables,
                &calls,
                &mut tally,
            )?;
        }
        peephole::shorten(function, &tables, &calls, &mut tally)?;
    }
    let mut slow: Vec<&mut Function> = text
        .functions_mut()
        .filter(|function| matches!(pace(function), Pace::Brisk | Pace::Slow))
        .collect();
    for function in &mut slow {
        let before = function.size();
        if let Some(first) = frames::share_prologue(function) {
            saved.insert(first);
            *tally.entry(PROLOGUE).or_default() += before - function.size();
        }
    }
    // A function of the block that has become short since stays one.
    let (won, routines) = sharing::share(&mut slow, |function| pace(function) != Pace::Slow);
    tally.insert(SEQUENCE, won);
    tally.insert(JUMP, rows(&mut text).iter_mut().map(Row::shorten).sum());
    let copy = if copies {
        copies::routine()
    } else {
        String::new()
    };
    text.segments
        .push(Segment::Kept(frames::routines(&saved) + &copy + &routines));
    let sizes = text
        .functions()
        .filter(|function| !function.is_padded())
        .map(|function| (function.name.clone(), function.size()))
        .collect();
    Ok(Squeezed {
        text: text.print(),
        sizes,
        tally,
    })
}

/// The functions as they lie behind each other; where something is aligned, or not known, the next row begins.
fn rows(text: &mut Text) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut row = Row::default();
    let mut is_text = true;
    for segment in &mut text.segments {
        match segment {
            Segment::Kept(kept) => {
                // What lies in RAM has nothing of the text behind it.
                if !is_text || !jumps::is_only_between(kept) {
                    rows.push(std::mem::take(&mut row));
                }
                is_text = jumps::ends_in_text(kept).unwrap_or(is_text);
            }
            Segment::Function(function) if function.is_padded() => {
                rows.push(std::mem::take(&mut row));
            }
            Segment::Function(function) => {
                let may_detour = matches!(pace(function), Pace::Brisk | Pace::Slow);
                row.functions.push((function, may_detour));
            }
        }
    }
    rows.push(row);
    rows
}

fn pace(function: &Function) -> Pace {
    let name = format!("{:#}", rustc_demangle::demangle(&function.name));
    // `<module::Type>::method`, or `module::function`.
    let path = name.trim_start_matches('<');
    let is_of = |modules: &[&str]| modules.iter().any(|module| path.starts_with(module));
    let handles = function
        .lines
        .iter()
        .filter_map(Line::instruction)
        .any(|code| code.is("reti"));
    if is_of(&BRISK) {
        if function.size() < LONG_BYTES {
            Pace::Brief
        } else {
            Pace::Brisk
        }
    } else if handles || is_of(&FAST) {
        Pace::Fast
    } else {
        Pace::Slow
    }
}
