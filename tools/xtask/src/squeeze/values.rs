//! A value that a register holds already is taken from there: two bytes instead of four.

use std::collections::BTreeMap;

use super::flow::Live;
use super::instruction::{Instruction, Operand, SP};
use super::text::{Function, Line};

/// What is known of the registers inside one block.
#[derive(Default)]
struct Known {
    /// Number of the value in each register; the same number is the same value.
    registers: BTreeMap<u16, u32>,
    /// Words of the function's own stack, by their distance from the stack pointer.
    slots: BTreeMap<i32, u32>,
    /// Numbers of constants, by how they are written.
    constants: BTreeMap<String, u32>,
    next: u32,
}

impl Known {
    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn constant(&mut self, text: &str) -> u32 {
        if let Some(number) = self.constants.get(text) {
            return *number;
        }
        let number = self.fresh();
        self.constants.insert(text.to_owned(), number);
        number
    }

    /// A register that holds this value.
    fn holder(&self, number: u32) -> Option<u16> {
        self.registers
            .iter()
            .find(|(_, held)| **held == number)
            .map(|(register, _)| *register)
    }

    fn of_register(&mut self, register: u16) -> u32 {
        if let Some(number) = self.registers.get(&register) {
            return *number;
        }
        let number = self.fresh();
        self.registers.insert(register, number);
        number
    }

    fn forget_block(&mut self) {
        self.registers.clear();
        self.slots.clear();
    }
}

/// Replaces the first operand whose value a register holds.
pub fn reuse_values(function: &mut Function, _: &[Live]) -> bool {
    let stack_is_shared = function.lines.iter().any(takes_stack_address);
    let mut known = Known::default();
    for at in 0..function.lines.len() {
        let Some(line) = function.lines.get(at) else {
            break;
        };
        let Some(instruction) = line.instruction() else {
            if matches!(line, Line::Label(_) | Line::Word(_)) {
                known.forget_block();
            }
            continue;
        };
        if let Line::Code(_) = line
            && let Some(shorter) = shorter(instruction, &mut known)
        {
            if let Some(line) = function.lines.get_mut(at) {
                *line = Line::Code(shorter);
            }
            return true;
        }
        note(instruction, &mut known, stack_is_shared);
    }
    false
}

/// The stack's address is put where others can write through it.
fn takes_stack_address(line: &Line) -> bool {
    line.instruction().is_some_and(|instruction| {
        let pushed = instruction.is("push") && instruction.operands == [Operand::Register(SP)];
        pushed || instruction.source() == Some(&Operand::Register(SP))
    })
}

/// The number of an operand's value, where it can be told.
fn number(operand: &Operand, known: &mut Known) -> Option<u32> {
    match operand {
        Operand::Immediate(text) => Some(known.constant(text)),
        Operand::Register(register) if *register > 3 => Some(known.of_register(*register)),
        Operand::Indexed(_, SP) | Operand::Indirect(SP) => {
            let slot = operand.distance()?;
            if let Some(number) = known.slots.get(&slot) {
                return Some(*number);
            }
            let number = known.fresh();
            known.slots.insert(slot, number);
            Some(number)
        }
        _ => None,
    }
}

fn shorter(instruction: &Instruction, known: &mut Known) -> Option<Instruction> {
    let [source, _] = instruction.operands.as_slice() else {
        return None;
    };
    let costly = matches!(source, Operand::Immediate(_) | Operand::Indexed(_, SP));
    if !costly || instruction.byte && !matches!(source, Operand::Immediate(_)) {
        return None;
    }
    let value = number(source, known)?;
    let holder = known.holder(value)?;
    let mut shorter = instruction.clone();
    *shorter.operands.first_mut()? = Operand::Register(holder);
    (shorter.size() < instruction.size()).then_some(shorter)
}

fn note(instruction: &Instruction, known: &mut Known, stack_is_shared: bool) {
    let effect = instruction.effect();
    let copied = match instruction.operands.as_slice() {
        [source, _] if instruction.is_move() && !instruction.byte => number(source, known),
        [_] if instruction.is("clr") && !instruction.byte => Some(known.constant("0")),
        // A small constant fills a register the same way.
        [Operand::Immediate(text), Operand::Register(_)]
            if instruction.is_move()
                && text
                    .parse()
                    .is_ok_and(|value: i32| (0..256).contains(&value)) =>
        {
            Some(known.constant(text))
        }
        _ => None,
    };
    for register in 0..16 {
        if effect.writes & (1 << register) != 0 {
            known.registers.remove(&register);
        }
    }
    if effect.writes & (1 << SP) != 0 {
        known.slots.clear();
    }
    // A function may change the arguments that it was given on the stack.
    if instruction.is_call() {
        known.slots.clear();
    }
    let compares = matches!(
        instruction.name.as_str(),
        "cmp" | "bit" | "tst" | "push" | "call"
    );
    match instruction.destination() {
        Some(Operand::Register(register)) if !compares => {
            if let Some(value) = copied
                && *register > 3
            {
                known.registers.insert(*register, value);
            }
        }
        Some(to @ Operand::Indexed(_, SP)) if !compares => match to.distance() {
            Some(slot) => {
                // A byte or an odd distance spoils the word that it lies in.
                known.slots.retain(|other, _| (other - slot).abs() > 1);
                if let Some(value) = copied {
                    known.slots.insert(slot, value);
                }
            }
            None => known.slots.clear(),
        },
        Some(to) if !compares && to.is_memory() && stack_is_shared => known.slots.clear(),
        _ => {}
    }
}
