//! Shifts by nearly a word's length, through the carry.
//!
//! The back-end swaps the bytes and shifts on, one bit an instruction. What is left of the word are one or two bits, and those come
//! faster around the other end.

use super::flow::{Live, flags};
use super::instruction::{Instruction, Next, Operand, flag};
use super::peephole::following;
use super::text::{Function, Line};

/// A shift as the back-end writes it: what follows on the swap of the bytes, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shift {
    /// To the left by so many.
    Left(usize),
    /// To the right by so many, zeros from the left.
    Right(usize),
    /// To the right by 15, the sign from the left.
    Sign,
}

/// Makes the first long shift a short one.
pub fn around_the_end(function: &mut Function, live: &[Live]) -> bool {
    function.replace_first(|function, at| shift(function, live, at))
}

/// The lines of the shift that begins at a line, and what stands for the last of them.
fn shift(function: &Function, live: &[Live], at: usize) -> Option<(Vec<usize>, Vec<Instruction>)> {
    let first = function.lines.get(at)?.code()?;
    let register = match first.operands.last()? {
        Operand::Register(register) if *register > 3 => *register,
        _ => return None,
    };
    let lines = steps(function, at, register);
    let names: Vec<String> = lines
        .iter()
        .map_while(|line| step(function.lines.get(*line)?.code()?, register))
        .collect();
    let (shift, length) = recognise(&names)?;
    let lines = lines.get(..length)?.to_vec();
    for (line, name) in lines.iter().zip(&names) {
        // Somebody else looks at what has been shifted out.
        let asked = live.get(*line).copied().unwrap_or(Live::MAX) & flags(flag::ALL) != 0;
        if asked && !["swap", "byte"].contains(&name.as_str()) {
            return None;
        }
        if name == "rrc" && !has_clear_carry(function, *line) {
            return None;
        }
    }
    let made = instructions(shift, register);
    let before: u32 = lines
        .iter()
        .filter_map(|line| function.lines.get(*line))
        .map(Line::size)
        .sum();
    let after: u32 = made.iter().map(Instruction::size).sum();
    (after < before).then_some((lines, made))
}

/// Lines in the same block that read or write a register, from this one on.
fn steps(function: &Function, at: usize, register: u16) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut here = Some(at);
    while let Some(line) = here {
        let Some(code) = function.lines.get(line).and_then(Line::instruction) else {
            break;
        };
        let effect = code.effect();
        if (effect.reads | effect.writes) & (1 << register) != 0 {
            lines.push(line);
        }
        if code.next() != Next::On {
            break;
        }
        here = following(&function.lines, line);
    }
    lines
}

/// What an instruction does to a register by itself.
fn step(instruction: &Instruction, register: u16) -> Option<String> {
    let itself = Operand::Register(register);
    let name = match (instruction.name.as_str(), instruction.operands.as_slice()) {
        ("mov", [from, to]) if instruction.byte && *from == itself && *to == itself => "byte",
        _ if instruction.byte => return None,
        ("swpb", [to]) if *to == itself => "swap",
        ("add", [from, to]) if *from == itself && *to == itself => "rla",
        (name @ ("rla" | "rra" | "rrc" | "sxt"), [to]) if *to == itself => name,
        _ => return None,
    };
    Some(name.to_owned())
}

/// The shift that these steps begin with, and how many of them it is.
fn recognise(names: &[String]) -> Option<(Shift, usize)> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let count = |from: usize, name: &str| {
        let rest = names.get(from..).unwrap_or_default();
        rest.iter().take_while(|step| **step == name).count()
    };
    match names.as_slice() {
        ["byte", "swap", "rla", ..] => match count(2, "rla") {
            more @ (6 | 7) => Some((Shift::Left(8 + more), 2 + more)),
            _ => None,
        },
        ["swap", "byte", "rrc", "rra", ..] => match 1 + count(3, "rra") {
            more @ 5..=7 => Some((Shift::Right(8 + more), 2 + more)),
            _ => None,
        },
        ["swap", "sxt", "rra", ..] if count(2, "rra") == 7 => Some((Shift::Sign, 9)),
        _ => None,
    }
}

/// Whether the carry is what a `clrc` has made it.
fn has_clear_carry(function: &Function, at: usize) -> bool {
    for line in function.lines.iter().take(at).rev() {
        match line {
            Line::Label(_) | Line::Word(_) => return false,
            Line::Other(_) => {}
            Line::Code(code) | Line::Fixed(code) => {
                if code.is("clrc") {
                    return true;
                }
                if code.next() != Next::On || code.effect().writes_flags & flag::C != 0 {
                    return false;
                }
            }
        }
    }
    false
}

fn instructions(shift: Shift, register: u16) -> Vec<Instruction> {
    let to = Operand::Register(register);
    let one = |name: &str| Instruction::new(name, std::slice::from_ref(&to));
    let with = |name: &str, value: i32| {
        Instruction::new(name, &[Operand::Immediate(value.to_string()), to.clone()])
    };
    let itself = |name: &str| Instruction::new(name, &[to.clone(), to.clone()]);
    match shift {
        // The last bit into the carry, and from there to the top.
        Shift::Left(15) => vec![one("rra"), one("clr"), one("rrc")],
        Shift::Left(_) => {
            vec![
                one("rrc"),
                one("rrc"),
                one("rrc"),
                with("and", 0xC000 - 0x1_0000),
            ]
        }
        // The first bit into the carry, and from there to the end.
        Shift::Right(15) => vec![itself("add"), one("clr"), itself("addc")],
        Shift::Right(by) => {
            let mut made = vec![itself("add")];
            made.extend((by..16).map(|_| itself("addc")));
            made.push(with("and", (1 << (16 - by)) - 1));
            made
        }
        // −1 less what has been borrowed.
        Shift::Sign => vec![itself("add"), itself("subc"), one("inv")],
    }
}
