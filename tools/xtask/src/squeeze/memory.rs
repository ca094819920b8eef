//! Values in memory that pass through a register only once are used where they lie.
//!
//! The back-end loads, works in a register and stores, also where one instruction reads and writes memory itself. Every access keeps
//! its width, and none passes another one: between the instructions that are joined nothing touches memory.

use super::flow::{Live, flags, registers};
use super::instruction::{Instruction, Next, Operand, PC, SR, flag};
use super::peephole::following;
use super::text::{Function, Line};

/// How many instructions may lie between a value and its use.
const REACH: usize = 6;

/// Uses the first value in memory, or constant, that a register holds for one instruction only: `mov A, rX` and `op rX, B` are
/// `op A, B`; `mov A, rX` and `cmp B, rX` are `cmp B, A`.
pub fn use_in_memory(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        if let Some((place, joined)) = used_once(function, live, at) {
            if let Some(line) = function.lines.get_mut(place) {
                *line = Line::Code(joined);
            }
            function.lines.remove(at);
            return true;
        }
    }
    false
}

/// Changes the first word or byte where it lies that is loaded, changed and stored: `mov A, rX`, `op B, rX`, `mov rX, A` are `op B, A`.
pub fn change_in_place(function: &mut Function, live: &[Live]) -> bool {
    for at in 0..function.lines.len() {
        if let Some((changed, stored, instruction)) = changed(function, live, at) {
            if let Some(line) = function.lines.get_mut(changed) {
                *line = Line::Code(instruction);
            }
            function.lines.remove(stored);
            function.lines.remove(at);
            return true;
        }
    }
    false
}

fn code(function: &Function, at: usize) -> Option<&Instruction> {
    function.lines.get(at).and_then(Line::code)
}

/// What a register of its own is loaded with: the register, and where from.
fn loaded(instruction: &Instruction) -> Option<(u16, &Operand)> {
    match instruction.operands.as_slice() {
        // Flags are other ones at the next instruction, as the program counter is.
        [Operand::Register(PC | SR), _] => None,
        [from, Operand::Register(to)] if instruction.is_move() && *to > 3 => Some((*to, from)),
        _ => None,
    }
}

/// An operand that can be written as the second one.
fn is_place(operand: &Operand) -> bool {
    matches!(operand, Operand::Indexed(..) | Operand::Absolute(_))
}

/// The next instruction behind a place that names a register, if what was read before can as well be read there: what lies between
/// goes on, touches no memory where `operand` lies in it, and changes no register of it.
fn next_with(function: &Function, at: usize, register: u16, operand: &Operand) -> Option<usize> {
    let of_operand = match operand {
        Operand::Register(number) => 1 << number,
        _ => operand.base().map_or(0, |base| 1 << base),
    };
    // A register that is counted on must not be read too early either.
    let counted = match operand {
        Operand::Increment(base) => 1 << base,
        _ => 0,
    };
    let mut here = at;
    for _ in 0..=REACH {
        here = following(&function.lines, here)?;
        let instruction = code(function, here)?;
        let effect = instruction.effect();
        if (effect.reads | effect.writes) & (1 << register) != 0 {
            return Some(here);
        }
        let touches = instruction.operands.iter().any(Operand::is_memory)
            || instruction.moves_stack()
            || instruction.is_call();
        if instruction.next() != Next::On
            || (effect.writes | counted & effect.reads) & of_operand != 0
            || operand.is_memory() && touches
        {
            return None;
        }
    }
    None
}

fn needed(live: &[Live], at: usize, what: Live) -> bool {
    live.get(at).copied().unwrap_or(Live::MAX) & what != 0
}

fn used_once(function: &Function, live: &[Live], at: usize) -> Option<(usize, Instruction)> {
    let load = code(function, at)?;
    let (through, from) = loaded(load)?;
    if matches!(from, Operand::Register(_)) {
        return None;
    }
    let place = next_with(function, at, through, from)?;
    let user = code(function, place)?;
    if needed(live, place, registers(1 << through)) {
        return None;
    }
    let held = Operand::Register(through);
    let mut joined = user.clone();
    match user.operands.as_slice() {
        [source, to] if *source == held && *to != held && to.base() != Some(through) => {
            // The assembler takes no memory behind `@rN+`, and a place is read before it is written.
            let counted = matches!(from, Operand::Increment(_)) && is_memory_or(to, from.base());
            let special = [Operand::Register(0), Operand::Register(SR)].contains(to);
            if counted || special || load.byte != user.byte || !has_two_operands(user) {
                return None;
            }
            *joined.operands.first_mut()? = from.clone();
        }
        [.., to] if *to == held && is_place(from) => {
            joined.byte = load.byte;
            let with = match user.operands.as_slice() {
                [with, _] => Some(with),
                _ => None,
            };
            let compares = match user.name.as_str() {
                "tst" => true,
                "cmp" | "bit" => with.is_some_and(|with| {
                    *with != held && matches!(with, Operand::Register(_) | Operand::Immediate(_))
                }),
                _ => false,
            };
            if !compares {
                return None;
            }
            if load.byte && !user.byte {
                // The byte in the register is a positive word: only whether it is equal, and whether it is lower, is the same.
                let small = with.is_none_or(|with| matches!(with, Operand::Immediate(text) if text.parse().is_ok_and(|value: i32| (0..256).contains(&value))));
                if !small || needed(live, place, flags(flag::N | flag::V)) {
                    return None;
                }
            } else if load.byte != user.byte {
                return None;
            }
            *joined.operands.last_mut()? = from.clone();
        }
        _ => return None,
    }
    (joined.size() < load.size() + user.size()).then_some((place, joined))
}

fn is_memory_or(operand: &Operand, register: Option<u16>) -> bool {
    operand.is_memory() || matches!(operand, Operand::Register(number) if Some(*number) == register)
}

fn has_two_operands(instruction: &Instruction) -> bool {
    matches!(
        instruction.name.as_str(),
        "mov" | "add" | "addc" | "sub" | "subc" | "cmp" | "bit" | "bic" | "bis" | "xor" | "and"
    )
}

/// The lines of the change and of the store, and what the change becomes, of a value that is loaded at this line.
fn changed(function: &Function, live: &[Live], at: usize) -> Option<(usize, usize, Instruction)> {
    let load = code(function, at)?;
    let (through, from) = loaded(load)?;
    let held = Operand::Register(through);
    // Memory is read by the load or by the change, and must not be read by anything else up to the store.
    let change_at = next_with(function, at, through, from)?;
    let change = code(function, change_at)?;
    if change.destination() != Some(&held) || change.is_move() || change.is("swpb") {
        return None;
    }
    let (place, with) = match (change.name.as_str(), change.operands.as_slice()) {
        ("inc" | "incd" | "dec" | "decd" | "inv", [_]) => (from, None),
        ("add" | "addc" | "sub" | "subc" | "and" | "bis" | "bic" | "xor", [with, _])
            if is_place(from) && !with.is_memory() && *with != held =>
        {
            (from, Some(with))
        }
        // What is added to, and what is added, may change places.
        ("add" | "addc" | "and" | "bis" | "xor", [place, _])
            if matches!(from, Operand::Register(_) | Operand::Immediate(_)) =>
        {
            (place, Some(from))
        }
        _ => return None,
    };
    if !is_place(place) || place.base() == Some(through) || load.byte != change.byte {
        return None;
    }
    let stored_at = next_with(function, change_at, through, place)?;
    let store = code(function, stored_at)?;
    let stores = store.is_move()
        && store.byte == load.byte
        && store.operands == [held.clone(), place.clone()];
    if !stores || needed(live, stored_at, registers(1 << through)) {
        return None;
    }
    let mut joined = change.clone();
    joined.operands = with.into_iter().chain([place]).cloned().collect();
    Some((change_at, stored_at, joined))
}
