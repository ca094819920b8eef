//! Which registers and flags still matter behind each instruction of a function.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::calls::{Calls, EABI};
use super::instruction::Next;
use super::text::{Function, Line};

/// Registers (bits 0 to 15) and flags (from bit 16) as one set.
pub type Live = u32;

/// The set of these registers.
pub fn registers(mask: u16) -> Live {
    Live::from(mask)
}

/// The set of these flags.
pub fn flags(mask: u16) -> Live {
    Live::from(mask) << 16
}

/// By line of the function, what matters behind it; for lines without an instruction, what matters there.
///
/// # Errors
/// When a jump goes where no label is.
pub fn live_behind(
    function: &Function,
    tables: &BTreeMap<String, Vec<String>>,
    calls: &Calls,
) -> Result<Vec<Live>> {
    live(function, tables, calls).map(|(_, behind)| behind)
}

/// What matters at the function's beginning.
///
/// # Errors
/// As [`live_behind`].
pub fn live_before(
    function: &Function,
    tables: &BTreeMap<String, Vec<String>>,
    calls: &Calls,
) -> Result<Live> {
    live(function, tables, calls).map(|(before, _)| before)
}

fn live(
    function: &Function,
    tables: &BTreeMap<String, Vec<String>>,
    calls: &Calls,
) -> Result<(Live, Vec<Live>)> {
    let lines = &function.lines;
    let places: BTreeMap<&str, usize> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| match line {
            Line::Label(label) => Some((label.as_str(), at)),
            _ => None,
        })
        .collect();
    let place = |label: &str| {
        places
            .get(label)
            .copied()
            .with_context(|| format!("{}: no label {label}", function.name))
    };
    let mut before = vec![0; lines.len() + 1];
    let mut behind = vec![0; lines.len()];
    loop {
        let mut changed = false;
        for (at, line) in lines.iter().enumerate().rev() {
            let Some(instruction) = line.instruction() else {
                if matches!(line, Line::Word(_)) {
                    behind[at] = Live::MAX;
                    before[at] = Live::MAX;
                    continue;
                }
                behind[at] = before[at + 1];
                changed |= before[at] != before[at + 1];
                before[at] = before[at + 1];
                continue;
            };
            let mut after = 0;
            match instruction.next() {
                Next::On => after = before[at + 1],
                Next::Jump(label) => after = before[place(&label)?],
                Next::Branch(label) => after = before[at + 1] | before[place(&label)?],
                Next::Table(table) => {
                    let Some(targets) = tables.get(&table) else {
                        bail!("{}: no jump table {table}", function.name);
                    };
                    for target in targets {
                        after |= before[place(target)?];
                    }
                }
                Next::Leave => {}
            }
            let mut effect = instruction.effect();
            if let (Line::Code(_), Some(arguments)) = (line, calls.arguments(instruction)) {
                effect.reads &= !EABI | arguments;
            }
            if instruction.is("ret") {
                effect.reads &= !EABI | calls.results(function);
            }
            let mut matters = after;
            matters &= !(registers(effect.writes) | flags(effect.writes_flags));
            matters |= registers(effect.reads) | flags(effect.reads_flags);
            behind[at] = after;
            changed |= before[at] != matters;
            before[at] = matters;
        }
        if !changed {
            return Ok((before[0], behind));
        }
    }
}
