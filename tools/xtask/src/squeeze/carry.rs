//! Sums and differences of 32 bits by the carry.
//!
//! The back-end does not know the carry. It compares the sum's lower half with what was added, makes a number of the result
//! (`mov #1, rT`, `bic sr, rT`: 1 where the comparison borrows) and adds that to the upper half. `add` has left that very carry.

use super::flow::{Live, flags, registers};
use super::instruction::{Instruction, Next, Operand, SR, flag};
use super::text::{Function, Line};

/// How many instructions the parts of one sum may lie apart.
const REACH: usize = 12;

/// The lines of the instructions of one block around a place.
struct Block<'a> {
    lines: &'a [Line],
    /// Line of each.
    at: Vec<usize>,
}

impl<'a> Block<'a> {
    fn around(lines: &'a [Line], middle: usize) -> Self {
        let is_end = |line: &Line| matches!(line, Line::Label(_) | Line::Word(_));
        let from = lines[..middle]
            .iter()
            .rposition(is_end)
            .map_or(0, |label| label + 1);
        let mut at = Vec::new();
        for (place, line) in lines.iter().enumerate().skip(from) {
            if is_end(line) {
                break;
            }
            if let Some(instruction) = line.instruction() {
                let goes_on = instruction.next() == Next::On;
                if goes_on {
                    at.push(place);
                } else if place > middle {
                    break;
                } else {
                    // What lies before a jump has its flags from elsewhere.
                    at.clear();
                }
            }
        }
        Self { lines, at }
    }

    fn get(&self, number: usize) -> Option<&'a Instruction> {
        self.lines.get(*self.at.get(number)?)?.code()
    }

    /// An instruction, whoever wrote it.
    fn instruction(&self, number: usize) -> Option<&'a Instruction> {
        self.lines.get(*self.at.get(number)?)?.instruction()
    }

    fn touches(&self, number: usize, register: u16) -> bool {
        self.instruction(number).is_none_or(|instruction| {
            let effect = instruction.effect();
            (effect.reads | effect.writes) & (1 << register) != 0
        })
    }

    fn writes(&self, number: usize, register: u16) -> bool {
        self.instruction(number)
            .is_none_or(|instruction| instruction.effect().writes & (1 << register) != 0)
    }

    fn sets_flags(&self, number: usize) -> bool {
        self.instruction(number)
            .is_none_or(|instruction| instruction.effect().writes_flags != 0)
    }

    fn asks_flags(&self, number: usize) -> bool {
        self.instruction(number)
            .is_none_or(|instruction| instruction.effect().reads_flags != 0)
    }
}

/// What becomes of some lines.
#[derive(Default)]
struct Change {
    replaced: Vec<(usize, Vec<Instruction>)>,
    removed: Vec<usize>,
}

impl Change {
    fn apply(mut self, function: &mut Function) {
        self.replaced
            .extend(self.removed.into_iter().map(|at| (at, Vec::new())));
        self.replaced.sort_by_key(|(at, _)| *at);
        for (at, instructions) in self.replaced.into_iter().rev() {
            function
                .lines
                .splice(at..=at, instructions.into_iter().map(Line::Code));
        }
    }
}

/// Uses the carry for the first sum or difference that can have it.
pub fn use_carry(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        let Some(code) = function.lines.get(at).and_then(Line::code) else {
            continue;
        };
        let carry = match code.operands.as_slice() {
            [Operand::Register(SR), Operand::Register(carry)] if is_word(code, "bic") => *carry,
            _ => continue,
        };
        let block = Block::around(&function.lines, at);
        if let Some(change) = with_carry(&block, at, carry, live) {
            change.apply(function);
            return true;
        }
    }
    false
}

fn is_word(instruction: &Instruction, name: &str) -> bool {
    instruction.is(name) && !instruction.byte
}

fn operands<'a>(instruction: &'a Instruction, name: &str) -> Option<(&'a Operand, &'a Operand)> {
    match instruction.operands.as_slice() {
        [source, to] if is_word(instruction, name) => Some((source, to)),
        _ => None,
    }
}

fn with_carry(block: &Block<'_>, at: usize, carry: u16, live: &[Live]) -> Option<Change> {
    let made = block.at.iter().position(|line| *line == at)?;
    let free = |number: usize, what: Live| {
        let behind = block.at.get(number).and_then(|line| live.get(*line));
        behind.is_some_and(|behind| behind & what == 0)
    };
    let unasked = |number| free(number, flags(flag::ALL));
    if !unasked(made) {
        return None;
    }
    let first = made.saturating_sub(REACH);
    // The 1 that the borrow is cut from, and the comparison; nothing else looks at its flags.
    let one = (first..made)
        .rev()
        .find(|number| block.touches(*number, carry))?;
    let (value, to) = operands(block.get(one)?, "mov")?;
    let is_one = matches!(value, Operand::Immediate(text) if text == "1");
    if !is_one || *to != Operand::Register(carry) {
        return None;
    }
    let compared = (first..made)
        .rev()
        .find(|number| block.sets_flags(*number))?;
    if (compared + 1..made).any(|number| block.asks_flags(number)) {
        return None;
    }
    let comparison = block.get(compared)?;
    // A difference of the lower halves leaves the same borrow.
    let (with, sum) = operands(comparison, "cmp").or_else(|| operands(comparison, "sub"))?;
    // The consumer: the upper half, to which the carry is added, or from which the borrow is taken.
    let next = (made + 1..block.at.len()).find(|number| block.sets_flags(*number))?;
    if (made + 1..next).any(|number| block.touches(number, carry) || block.asks_flags(number)) {
        return None;
    }
    let mut change = Change::default();
    change
        .removed
        .extend([one, made].map(|number| block.at[number]));
    let upper =
        upper_half(block, next, carry).filter(|upper| free(upper.last, registers(1 << carry)));
    let is_sum = match &upper {
        Some(upper) => upper.is_sum,
        None => true,
    };
    if is_sum {
        if !comparison.is("cmp") {
            return None;
        }
        // The sum's own carry is behind its addition, and stays until the upper half's turn.
        let added = (first..compared)
            .rev()
            .find(|number| block.sets_flags(*number))?;
        let (addend, to) = operands(block.get(added)?, "add")?;
        if to != sum || !is_part(block, added, compared, addend, with, sum) {
            return None;
        }
        change.removed.push(block.at[compared]);
    }
    if let Some(upper) = upper {
        if !unasked(upper.last) {
            return None;
        }
        if upper.second != upper.last {
            change.removed.push(block.at[upper.last]);
        }
        let name = if upper.is_sum { "addc" } else { "subc" };
        let taken = Instruction::new(name, &[upper.operand, upper.half]);
        change.replaced.push((block.at[upper.second], vec![taken]));
    } else {
        // The upper half is made in the carry's own register.
        if !unasked(next) {
            return None;
        }
        let (other, half) = operands(block.get(next)?, "add")?;
        if *half != Operand::Register(carry) || other == half || other.base() == Some(carry) {
            return None;
        }
        let zero = Operand::Immediate("0".to_owned());
        let made = [
            Instruction::new("mov", &[other.clone(), half.clone()]),
            Instruction::new("addc", &[zero, half.clone()]),
        ];
        change.replaced.push((block.at[next], made.into()));
    }
    Some(change)
}

/// Where the upper half takes the carry.
struct Upper {
    is_sum: bool,
    /// What is added to it beside the carry; `#0` for nothing.
    operand: Operand,
    half: Operand,
    /// The instruction that becomes the one with the carry, and the last of those that it stands for.
    second: usize,
    last: usize,
}

fn upper_half(block: &Block<'_>, next: usize, carry: u16) -> Option<Upper> {
    let carried = Operand::Register(carry);
    let instruction = block.get(next)?;
    let is_sum = is_word(instruction, "add");
    let name = if is_sum { "add" } else { "sub" };
    let (source, to) = operands(instruction, name)?;
    if *source == carried && *to != carried {
        // Only the carry.
        return Some(Upper {
            is_sum,
            operand: Operand::Immediate("0".to_owned()),
            half: to.clone(),
            second: next,
            last: next,
        });
    }
    if source.base() == Some(carry) || to.base() == Some(carry) || *source == carried {
        return None;
    }
    // `op W, H` and `op rT, H`, or for sums `add W, rT` and `add rT, H`.
    let last = (next + 1..block.at.len()).find(|number| block.sets_flags(*number))?;
    let (again, half) = operands(block.get(last)?, name)?;
    if *again != carried || *half == carried || *to != *half && !(is_sum && *to == carried) {
        return None;
    }
    let Operand::Register(half_register) = half else {
        return None;
    };
    let disturbed = (next + 1..last).any(|number| {
        block.touches(number, carry)
            || block.touches(number, *half_register)
            || block.asks_flags(number)
    });
    // The upper half is changed at the first of the two: what that reads must not be the half itself.
    if disturbed || *to == carried && (*source == *half || source.base() == Some(*half_register)) {
        return None;
    }
    Some(Upper {
        is_sum,
        operand: source.clone(),
        half: half.clone(),
        second: next,
        last,
    })
}

/// Whether what the sum is compared with is one of its two parts: then it is below it exactly when the addition carried.
fn is_part(
    block: &Block<'_>,
    added: usize,
    compared: usize,
    addend: &Operand,
    with: &Operand,
    sum: &Operand,
) -> bool {
    let Operand::Register(sum_register) = sum else {
        return false;
    };
    let is_steady = matches!(with, Operand::Register(_) | Operand::Immediate(_));
    let writes = |number: usize| {
        matches!(with, Operand::Register(with) if block.writes(number, *with))
            || block.writes(number, *sum_register)
    };
    if !is_steady || with == sum || (added + 1..compared).any(writes) {
        return false;
    }
    if addend == with {
        return true;
    }
    // Or what the sum was copied from, untouched since.
    (added.saturating_sub(REACH)..added)
        .rev()
        .find(|number| writes(*number))
        .and_then(|number| operands(block.get(number)?, "mov"))
        .is_some_and(|(from, to)| from == with && to == sum)
}

/// `cmp B, A` whose difference is taken a little later is `sub B, A` at once.
pub fn subtract_at_once(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        let Some((with, Operand::Register(from))) = function
            .lines
            .get(at)
            .and_then(Line::code)
            .and_then(|code| operands(code, "cmp"))
        else {
            continue;
        };
        let (with, from) = (with.clone(), *from);
        let block = Block::around(&function.lines, at);
        let Some(compared) = block.at.iter().position(|line| *line == at) else {
            continue;
        };
        let wanted = [with.clone(), Operand::Register(from)];
        let Some(later) = (compared + 1..block.at.len().min(compared + REACH))
            .find(|number| block.touches(*number, from))
        else {
            continue;
        };
        let same = block
            .get(later)
            .is_some_and(|code| is_word(code, "sub") && code.operands == wanted);
        let steady = match &with {
            Operand::Register(register) => {
                *register != from
                    && (compared + 1..later).all(|number| !block.writes(number, *register))
            }
            Operand::Immediate(_) => true,
            _ => false,
        };
        let Some(line) = block.at.get(later).copied() else {
            continue;
        };
        let unasked = live.get(line).copied().unwrap_or(Live::MAX) & flags(flag::ALL) == 0;
        if same && steady && unasked {
            let subtraction = Instruction::new("sub", &wanted);
            function.lines.remove(line);
            if let Some(line) = function.lines.get_mut(at) {
                *line = Line::Code(subtraction);
            }
            return true;
        }
    }
    false
}

/// A number that is 1 where a register is not zero, made of the kept zero flag, is the carry of a comparison with 1.
pub fn not_zero(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        let Some((Operand::Register(kept), Operand::Register(number))) = function
            .lines
            .get(at)
            .and_then(Line::code)
            .and_then(|code| operands(code, "bic"))
        else {
            continue;
        };
        let block = Block::around(&function.lines, at);
        if let Some(change) = carry_of_not_zero(&block, at, *kept, *number, live) {
            change.apply(function);
            return true;
        }
    }
    false
}

fn carry_of_not_zero(
    block: &Block<'_>,
    at: usize,
    kept: u16,
    number: u16,
    live: &[Live],
) -> Option<Change> {
    let made = block.at.iter().position(|line| *line == at)?;
    let free = registers(1 << kept) | flags(flag::ALL);
    if kept == SR || kept == number || live.get(at)? & free != 0 {
        return None;
    }
    let before =
        |end: usize, register: u16| (0..end).rev().find(|place| block.touches(*place, register));
    // `mov sr, rS`, `rra rS`, `mov #1, rT`, `bic rS, rT`: the zero flag is the status register's bit 1.
    let one = before(made, number)?;
    let (value, to) = operands(block.get(one)?, "mov")?;
    let is_one = matches!(value, Operand::Immediate(text) if text == "1");
    if !is_one || *to != Operand::Register(number) {
        return None;
    }
    let shifted = before(made, kept)?;
    let shift = block.get(shifted)?;
    if !is_word(shift, "rra") {
        return None;
    }
    let keeping = before(shifted, kept)?;
    let (status, _) = operands(block.get(keeping)?, "mov")?;
    if *status != Operand::Register(SR) {
        return None;
    }
    // What the flag tells of.
    let tested = (0..keeping).rev().find(|place| block.sets_flags(*place))?;
    let test = block.get(tested)?;
    let Some(Operand::Register(register)) = test.destination() else {
        return None;
    };
    let tells = !test.byte && (test.is("tst") || test.tells_zero());
    let changed = (tested + 1..made).any(|place| block.writes(place, *register));
    // The shift leaves flags too; the comparison takes its place behind them all.
    let asked = (shifted + 1..made).any(|place| block.asks_flags(place));
    if !tells || changed || asked || *register == number || *register == kept {
        return None;
    }
    let zero = Operand::Immediate("0".to_owned());
    let compare = [
        Operand::Immediate("1".to_owned()),
        Operand::Register(*register),
    ];
    let mut change = Change::default();
    change
        .removed
        .extend([one, shifted, keeping].map(|place| block.at[place]));
    change.replaced.push((
        at,
        vec![
            Instruction::new("cmp", &compare),
            Instruction::new("mov", &[zero.clone(), Operand::Register(number)]),
            Instruction::new("addc", &[zero, Operand::Register(number)]),
        ],
    ));
    Some(change)
}
