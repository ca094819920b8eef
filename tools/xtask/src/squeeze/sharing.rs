//! Sequences of instructions that stand in several places are kept once.
//!
//! Ends of functions (a sequence up to a `ret`) stay where they stand first, and the others continue there. Any other sequence that
//! leaves the stack alone becomes a routine that is called; its last call, if it ends with one, becomes its way back.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::instruction::{Instruction, Next, Operand, SP};
use super::text::{Function, Line};

/// The longest sequence that is looked for.
const LONGEST: usize = 32;
/// Bytes of `call #X` or `br #X`.
const DETOUR_BYTES: u32 = 4;
/// Bytes of `ret`.
const RETURN_BYTES: u32 = 2;

/// How a sequence is kept once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It leaves the function: the others branch to the first.
    End,
    /// A routine that returns.
    Routine,
    /// A routine whose last call returns for it.
    LastCall,
}

/// A place in a function: its number and the line.
type Place = (usize, usize);

struct Candidate {
    won: u32,
    kind: Kind,
    /// Where it begins, in the list of all tokens.
    starts: Vec<usize>,
    length: usize,
}

/// Shares what can be shared between these functions, and returns the bytes won and the text of the routines. Loops of functions that
/// are `brisk` stay as they are.
pub fn share(functions: &mut [&mut Function], brisk: impl Fn(&Function) -> bool) -> (u32, String) {
    let mut routines = String::new();
    let mut won = 0;
    let brisk: Vec<bool> = functions.iter().map(|function| brisk(function)).collect();
    for number in 0.. {
        let tokens = Tokens::of(functions, &brisk);
        let Some(best) = tokens.best() else {
            break;
        };
        won += best.won;
        replace(functions, &tokens, &best, number, &mut routines);
    }
    (won, routines)
}

/// All instructions of all functions as numbers; what must not be part of a sequence has a number of its own each time.
struct Tokens {
    numbers: Vec<u32>,
    sizes: Vec<u32>,
    places: Vec<Option<Place>>,
    /// By number: may it be in a routine, is it a call, does it leave.
    traits: Vec<Traits>,
}

#[derive(Debug, Clone, Copy)]
struct Traits {
    in_routine: bool,
    is_call: bool,
    leaves: bool,
}

const BARRIER: Traits = Traits {
    in_routine: false,
    is_call: false,
    leaves: false,
};

impl Tokens {
    fn of(functions: &[&mut Function], brisk: &[bool]) -> Self {
        let mut tokens = Self {
            numbers: Vec::new(),
            sizes: Vec::new(),
            places: Vec::new(),
            traits: Vec::new(),
        };
        let mut known: HashMap<Instruction, u32> = HashMap::new();
        for ((which, function), brisk) in functions.iter().enumerate().zip(brisk) {
            let loops = if *brisk { loops(function) } else { Vec::new() };
            let kept = |at: usize| loops.iter().any(|lines| lines.contains(&at));
            for (at, line) in function.lines.iter().enumerate() {
                match line {
                    Line::Other(_) => {}
                    Line::Code(instruction) if may_be_shared(instruction) && !kept(at) => {
                        let number = *known.entry(instruction.clone()).or_insert_with(|| {
                            tokens.traits.push(traits(instruction));
                            tokens.traits.len() as u32 - 1
                        });
                        tokens.push(number, instruction.size(), Some((which, at)));
                    }
                    _ => tokens.barrier(),
                }
            }
            tokens.barrier();
        }
        tokens
    }

    fn push(&mut self, number: u32, size: u32, place: Option<Place>) {
        self.numbers.push(number);
        self.sizes.push(size);
        self.places.push(place);
    }

    fn barrier(&mut self) {
        self.traits.push(BARRIER);
        self.push(self.traits.len() as u32 - 1, 0, None);
    }

    fn traits(&self, at: usize) -> Traits {
        self.numbers
            .get(at)
            .and_then(|number| self.traits.get(*number as usize))
            .copied()
            .unwrap_or(BARRIER)
    }

    /// The sequence that wins most.
    fn best(&self) -> Option<Candidate> {
        let mut best: Option<Candidate> = None;
        for length in 1..=LONGEST {
            let mut seen: HashMap<&[u32], Vec<usize>> = HashMap::new();
            let mut bad_until = 0;
            for (start, window) in self.numbers.windows(length).enumerate() {
                let last = start + length - 1;
                if self.places.get(last).is_none_or(Option::is_none) {
                    bad_until = last + 1;
                }
                if start < bad_until {
                    continue;
                }
                seen.entry(window).or_default().push(start);
            }
            let mut repeated = false;
            let mut all: Vec<_> = seen
                .into_values()
                .filter(|starts| starts.len() > 1)
                .collect();
            // The same text gives the same image.
            all.sort_unstable();
            for starts in all {
                repeated = true;
                let starts = apart(&starts, length);
                if let Some(candidate) = self.candidate(starts, length)
                    && best.as_ref().is_none_or(|best| candidate.won > best.won)
                {
                    best = Some(candidate);
                }
            }
            if !repeated {
                break;
            }
        }
        best
    }

    fn candidate(&self, starts: Vec<usize>, length: usize) -> Option<Candidate> {
        let start = *starts.first()?;
        let size: u32 = self.sizes.get(start..start + length)?.iter().sum();
        let count = starts.len() as u32;
        let last = self.traits(start + length - 1);
        let plain = |at: usize| {
            let traits = self.traits(at);
            traits.in_routine && !traits.is_call
        };
        let body_is_plain = (start..start + length - 1).all(plain);
        let (kind, kept) = if last.leaves {
            (Kind::End, size + DETOUR_BYTES * (count - 1))
        } else if !body_is_plain || !last.in_routine {
            return None;
        } else if last.is_call {
            (Kind::LastCall, size + DETOUR_BYTES * count)
        } else {
            (Kind::Routine, size + RETURN_BYTES + DETOUR_BYTES * count)
        };
        let won = (size * count).checked_sub(kept).filter(|won| *won > 0)?;
        (count > 1).then_some(Candidate {
            won,
            kind,
            starts,
            length,
        })
    }
}

/// Starts that are at least `length` apart.
fn apart(starts: &[usize], length: usize) -> Vec<usize> {
    let mut free = 0;
    starts
        .iter()
        .copied()
        .filter(|start| {
            let is_free = *start >= free;
            if is_free {
                free = start + length;
            }
            is_free
        })
        .collect()
}

/// Lines between a jump back and where it goes.
fn loops(function: &Function) -> Vec<std::ops::Range<usize>> {
    let mut labels = HashMap::new();
    let mut loops = Vec::new();
    for (at, line) in function.lines.iter().enumerate() {
        if let Line::Label(label) = line {
            labels.insert(label.clone(), at);
        }
        if let Some(Next::Jump(label) | Next::Branch(label)) =
            line.instruction().map(Instruction::next)
            && let Some(back) = labels.get(&label)
        {
            loops.push(*back..at);
        }
    }
    loops
}

/// Whether it may be in any sequence: where it stands means nothing to it.
fn may_be_shared(instruction: &Instruction) -> bool {
    match instruction.next() {
        Next::On => !instruction.operands.iter().any(|operand| {
            // Relative to the program counter.
            operand.base() == Some(0)
        }),
        Next::Leave => !instruction.is("reti"),
        _ => false,
    }
}

fn traits(instruction: &Instruction) -> Traits {
    let whole_stack = instruction.operands.contains(&Operand::Register(SP))
        || instruction.operands.contains(&Operand::Increment(SP));
    let fixed_slots = instruction
        .operands
        .iter()
        .all(|operand| operand.base() != Some(SP) || operand.distance().is_some());
    // `@r1` becomes `2(r1)`, which is longer.
    let top = instruction.operands.contains(&Operand::Indirect(SP));
    Traits {
        in_routine: !instruction.moves_stack()
            && !whole_stack
            && fixed_slots
            && !top
            && instruction.next() == Next::On,
        is_call: instruction.is_call(),
        leaves: instruction.next() == Next::Leave,
    }
}

fn replace(
    functions: &mut [&mut Function],
    tokens: &Tokens,
    best: &Candidate,
    number: u32,
    routines: &mut String,
) {
    let (name, detour) = match best.kind {
        Kind::End => (format!(".Lsqueeze_end_{number}"), "br"),
        _ => (format!("squeeze_{number}"), "call"),
    };
    // From the last to the first, so that the places before stay right.
    for (k, start) in best.starts.iter().enumerate().rev() {
        let lines: Vec<Place> = (*start..start + best.length)
            .filter_map(|at| tokens.places.get(at).copied().flatten())
            .collect();
        let Some(((which, first), rest)) = lines.split_first() else {
            continue;
        };
        let Some(function) = functions.get_mut(*which) else {
            continue;
        };
        if k == 0 && best.kind == Kind::End {
            function.lines.insert(*first, Line::Label(name.clone()));
            continue;
        }
        if k == 0 {
            let body = lines
                .iter()
                .filter_map(|(_, at)| function.lines.get(*at).and_then(Line::code))
                .cloned()
                .collect();
            write_routine(&name, body, best.kind, routines);
        }
        for (_, at) in rest.iter().rev() {
            function.lines.remove(*at);
        }
        if let Some(line) = function.lines.get_mut(*first) {
            *line = Line::Code(Instruction::new(
                detour,
                &[Operand::Immediate(name.clone())],
            ));
        }
    }
}

fn write_routine(name: &str, mut body: Vec<Instruction>, kind: Kind, routines: &mut String) {
    for instruction in &mut body {
        for operand in &mut instruction.operands {
            // Its return address lies on top of what the function sees.
            if operand.base() == Some(SP)
                && let Some(distance) = operand.distance()
            {
                *operand = Operand::Indexed((distance + 2).to_string(), SP);
            }
        }
    }
    if kind == Kind::LastCall {
        if let Some(last) = body.last_mut() {
            last.name = "br".to_owned();
        }
    } else {
        body.push(Instruction::new("ret", &[]));
    }
    // Writing to a string cannot fail.
    let _ = write!(
        routines,
        "\n\t.section\t.text.{name},\"ax\",@progbits\n\t.p2align\t1\n\t.type\t{name},@function\n{name}:\n"
    );
    for instruction in &body {
        let _ = writeln!(routines, "{instruction}");
    }
    let _ = writeln!(routines, "\t.size\t{name}, .-{name}");
}
