//! Branches that a jump can do.
//!
//! A jump takes two bytes and reaches a kilobyte either way; `br #L` takes four and reaches everything. Where the target is too far,
//! the back-end jumps around a `br`. When the code in between has become shorter the target may be near enough; if not, another
//! `br` to the same target may be, and the jump goes there. Where the `br` was jumped around that takes as long as before.
//!
//! Functions lie in the image in the order of the text, as the linker leaves it, so that a jump can also go from one to another.
//! (Were it otherwise the linker would refuse the jump.)

use super::instruction::{Instruction, Next, Operand};
use super::text::{Function, Line};

/// Bytes from a jump to its target at most. (The CPU's own limits are −1022 and 1024.)
const REACH: i32 = 1020;

/// Functions that lie one behind the other.
#[derive(Default)]
pub struct Row<'a> {
    /// The functions, and whether one may take a detour.
    pub functions: Vec<(&'a mut Function, bool)>,
}

/// A function's number in its row, and a line of it.
type Place = (usize, usize);

/// A line and where it lies.
struct Placed<'a> {
    place: Place,
    line: &'a Line,
    address: i32,
}

/// Where a branch's target can be reached by a jump.
enum Near {
    /// At its own label.
    Label,
    /// At another branch.
    Branch(Place),
}

impl Row<'_> {
    /// Makes jumps of all branches that can be; returns the bytes won.
    pub fn shorten(&mut self) -> u32 {
        let size = |row: &Self| -> u32 {
            row.functions
                .iter()
                .map(|(function, _)| function.size())
                .sum()
        };
        let before = size(self);
        while self.shorten_one() {}
        before - size(self)
    }

    fn shorten_one(&mut self) -> bool {
        let lines = self.lines();
        let found = lines.iter().find_map(|at| {
            let target = at.line.code().and_then(far)?;
            Some((
                at.place,
                target.to_owned(),
                self.nearest(&lines, at, target)?,
            ))
        });
        if let Some((at, target, near)) = found {
            self.replace(at, target, near);
            return true;
        }
        false
    }

    fn lines(&self) -> Vec<Placed<'_>> {
        let mut address = 0;
        let mut lines = Vec::new();
        for (number, (function, _)) in self.functions.iter().enumerate() {
            for (at, line) in function.lines.iter().enumerate() {
                lines.push(Placed {
                    place: (number, at),
                    line,
                    address,
                });
                address += line.size() as i32;
            }
        }
        lines
    }

    fn nearest(&self, lines: &[Placed<'_>], at: &Placed<'_>, target: &str) -> Option<Near> {
        let near = || {
            lines
                .iter()
                .filter(|other| (other.address - at.address).abs() <= REACH)
        };
        let begins = |other: &Placed<'_>| {
            let (number, line) = other.place;
            let named = self
                .functions
                .get(number)
                .is_some_and(|(function, _)| function.name == target);
            line == 0 && named
        };
        if near().any(|other| {
            matches!(other.line, Line::Label(label) if label == target) || begins(other)
        }) {
            return Some(Near::Label);
        }
        let (number, _) = at.place;
        if !self.functions.get(number)?.1 {
            return None;
        }
        // Best one that others jump to already, else one that is not jumped around: it stays where it is.
        near()
            .filter(|other| {
                other.place != at.place && other.line.code().and_then(far) == Some(target)
            })
            .map(|other| other.place)
            .max_by_key(|place| {
                let (number, line) = *place;
                let function = self.functions.get(number).map(|(function, _)| &**function);
                let is_target = function.is_some_and(|function| {
                    matches!(before(&function.lines, line), Some((_, Line::Label(_))))
                });
                let is_alone = function.is_some_and(|function| around(function, line).is_none());
                (is_target, is_alone, *place)
            })
            .map(Near::Branch)
    }

    fn replace(&mut self, (number, at): Place, target: String, near: Near) {
        let (label, mut at) = match near {
            Near::Label => (target, at),
            Near::Branch((other, line)) => {
                let label = self.label_at((other, line));
                let moved = self.functions.get(other).is_some_and(|(function, _)| {
                    matches!(function.lines.get(line), Some(Line::Label(new)) if *new == label)
                });
                (
                    label,
                    if moved && other == number && line < at {
                        at + 1
                    } else {
                        at
                    },
                )
            }
        };
        let Some((function, _)) = self.functions.get_mut(number) else {
            return;
        };
        let mut name = "jmp";
        if let Some((line, opposite)) = around(function, at) {
            function.lines.remove(line);
            at -= 1;
            name = opposite;
        }
        if let Some(line) = function.lines.get_mut(at) {
            *line = Line::Code(Instruction::new(name, &[Operand::Target(label)]));
        }
    }

    /// The label of a line; a new one in front of it, if it has none.
    fn label_at(&mut self, (number, line): Place) -> String {
        let Some((function, _)) = self.functions.get_mut(number) else {
            return String::new();
        };
        if let Some((_, Line::Label(label))) = before(&function.lines, line) {
            return label.clone();
        }
        let count = function
            .lines
            .iter()
            .filter(|line| matches!(line, Line::Label(_)))
            .count();
        // With each there is one more, so that none is there twice.
        let label = format!(".LBB_squeeze_{count}_{}", function.name);
        function.lines.insert(line, Line::Label(label.clone()));
        label
    }
}

/// The target of a branch to a fixed address.
fn far(instruction: &Instruction) -> Option<&str> {
    match instruction.operands.as_slice() {
        [Operand::Immediate(target)] if instruction.is("br") => Some(target),
        _ => None,
    }
}

/// The line before, but for directives.
fn before(lines: &[Line], at: usize) -> Option<(usize, &Line)> {
    let lines = lines.get(..at)?.iter().enumerate();
    lines
        .rev()
        .find(|(_, line)| !matches!(line, Line::Other(_)))
}

/// The line of the jump around the branch at a line, and its opposite.
fn around(function: &Function, at: usize) -> Option<(usize, &'static str)> {
    let (jump_at, jump) = before(&function.lines, at)?;
    let jump = jump.code()?;
    let Next::Branch(over) = jump.next() else {
        return None;
    };
    let opposite = match jump.name.as_str() {
        "jeq" | "jz" => "jne",
        "jne" | "jnz" => "jeq",
        "jlo" | "jnc" => "jhs",
        "jhs" | "jc" => "jlo",
        "jge" => "jl",
        "jl" => "jge",
        _ => return None,
    };
    let is_over = function
        .lines
        .iter()
        .skip(at + 1)
        .take_while(|line| line.size() == 0)
        .any(|line| *line == Line::Label(over.clone()));
    is_over.then_some((jump_at, opposite))
}

/// Whether the next function lies directly behind the one before what is kept between them: that ends in a section of code of its
/// own, and holds no code itself.
pub fn is_only_between(kept: &str) -> bool {
    let code = sections(kept)
        .filter(|name| name.starts_with(".text"))
        .count();
    let has_code = kept.lines().any(|line| Instruction::parse(line).is_some());
    code == 1 && ends_in_text(kept) == Some(true) && !has_code && !kept.contains("\t.text\n")
}

/// Whether what follows lies in a section of code of its own; none where no section is named.
pub fn ends_in_text(kept: &str) -> Option<bool> {
    sections(kept).last().map(|name| name.starts_with(".text."))
}

fn sections(kept: &str) -> impl Iterator<Item = &str> {
    kept.lines()
        .filter_map(|line| line.strip_prefix("\t.section\t"))
}
