//! Flags that are kept in a register for later.
//!
//! Of a test the back-end copies the status register and makes a number of its zero bit. The same number comes sooner out of the
//! carry of a comparison with 1, and [`super::carry`] sees it there: an increment carries where it leaves zero.

use super::flow::{Live, flags};
use super::instruction::{Instruction, Next, Operand, SR, flag};
use super::text::{Function, Line};

/// Makes the first number that is 1 where something is zero of a comparison with 1: `tst X`, `mov sr, rK`, `rra rK`, `and #1, rK` are
/// `cmp #1, X`, `mov #1, rK`, `bic sr, rK`.
pub fn is_zero(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        if let Some((tested, compare, kept, shifted, cut)) = zero(function, live, at) {
            put(function, cut, Vec::new());
            put(function, shifted, Vec::new());
            put(function, at, vec![one_in(kept), borrow_from(kept)]);
            put(function, tested, vec![compare]);
            return true;
        }
    }
    false
}

/// The line of the test, what it becomes, the register that keeps the flags, and the lines of the shift and of what cuts the rest off.
fn zero(
    function: &Function,
    live: &[Live],
    at: usize,
) -> Option<(usize, Instruction, u16, usize, usize)> {
    let kept = keeps(code(function, at)?)?;
    let itself = Operand::Register(kept);
    let shifted = next_with(function, at, kept)?;
    let shift = code(function, shifted)?;
    if !shift.is("rra") || shift.byte || is_needed(live, at, flags(flag::ALL)) {
        return None;
    }
    let cut = next_with(function, shifted, kept)?;
    let [Operand::Immediate(bit), cut_from] = operands(code(function, cut)?, "and")? else {
        return None;
    };
    let asked =
        is_needed(live, shifted, flags(flag::ALL)) || is_needed(live, cut, flags(flag::ALL));
    if bit != "1" || *cut_from != itself || asked {
        return None;
    }
    let tested = previous(function, at, |instruction| {
        let effect = instruction.effect();
        effect.writes_flags != 0 || effect.reads_flags != 0
    })?;
    let test = code(function, tested)?;
    let [value] = test.operands.as_slice() else {
        return None;
    };
    if !test.is("tst") {
        return None;
    }
    let mut compare = Instruction::new("cmp", &[Operand::Immediate("1".to_owned()), value.clone()]);
    compare.byte = test.byte;
    Some((tested, compare, kept, shifted, cut))
}

fn code(function: &Function, at: usize) -> Option<&Instruction> {
    function.lines.get(at).and_then(Line::code)
}

/// The register that it copies the status register to.
fn keeps(instruction: &Instruction) -> Option<u16> {
    match operands(instruction, "mov")? {
        [Operand::Register(SR), Operand::Register(kept)] if *kept > 3 => Some(*kept),
        _ => None,
    }
}

fn operands<'a>(instruction: &'a Instruction, name: &str) -> Option<&'a [Operand]> {
    (instruction.is(name) && !instruction.byte && instruction.operands.len() == 2)
        .then_some(instruction.operands.as_slice())
}

fn one_in(register: u16) -> Instruction {
    Instruction::new(
        "mov",
        &[
            Operand::Immediate("1".to_owned()),
            Operand::Register(register),
        ],
    )
}

/// Takes the carry from a 1: neither this nor the `mov` before it changes flags.
fn borrow_from(register: u16) -> Instruction {
    Instruction::new("bic", &[Operand::Register(SR), Operand::Register(register)])
}

fn is_needed(live: &[Live], at: usize, what: Live) -> bool {
    live.get(at).copied().unwrap_or(Live::MAX) & what != 0
}

fn put(function: &mut Function, at: usize, instructions: Vec<Instruction>) {
    function
        .lines
        .splice(at..=at, instructions.into_iter().map(Line::Code));
}

fn touches(instruction: &Instruction, register: u16) -> bool {
    let effect = instruction.effect();
    (effect.reads | effect.writes) & (1 << register) != 0
}

/// The next line in the same block that reads or writes a register.
fn next_with(function: &Function, at: usize, register: u16) -> Option<usize> {
    let lines = function.lines.iter().enumerate().skip(at + 1);
    found(lines, |instruction| touches(instruction, register))
}

/// The line before this one in the same block of such an instruction.
fn previous(function: &Function, at: usize, is_it: impl Fn(&Instruction) -> bool) -> Option<usize> {
    found(function.lines.iter().enumerate().take(at).rev(), is_it)
}

fn found<'a>(
    lines: impl Iterator<Item = (usize, &'a Line)>,
    is_it: impl Fn(&Instruction) -> bool,
) -> Option<usize> {
    for (line, text) in lines {
        match text {
            Line::Other(_) => {}
            Line::Label(_) | Line::Word(_) => return None,
            Line::Code(code) | Line::Fixed(code) => {
                if code.next() != Next::On {
                    return None;
                }
                if is_it(code) {
                    return Some(line);
                }
            }
        }
    }
    None
}
