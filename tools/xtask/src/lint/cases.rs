//! The four cases, found in one function's listing.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use super::mir::{Function, Instruction};

/// Which known mistake a place looks like; the letters are explained at the top of [the lint](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum Case {
    /// Subtraction with its operands exchanged.
    A,
    /// A widened byte with garbage above bit 7.
    B,
    /// A checked multiply that overwrites its caller's frame.
    C,
    /// A comparison with 0 whose value is always true.
    D,
}

impl Case {
    /// What to do about it.
    fn remedy(self) -> &'static str {
        match self {
            Self::A => {
                "subtracts a byte or word read through a moving pointer: subtract in i32, or index"
            }
            Self::B => {
                "widens a byte that may carry garbage: keep the value in u16, mask with `& 0xFF`, narrow at the store"
            }
            Self::C => {
                "calls a multiply helper that is not the firmware's: define it, or do without checked i32 multiply"
            }
            Self::D => {
                "takes a comparison of the low byte with 0 as a value: branch on it, or compare the whole word"
            }
        }
    }
}

/// A suspicious place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The function's readable name.
    pub function: String,
    /// What it looks like.
    pub case: Case,
    /// The instruction, or for case C the helper's name.
    pub detail: String,
    /// Where in the source, innermost first.
    pub places: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "case {:?} in {}: {} [{}]",
            self.case,
            self.function,
            self.case.remedy(),
            self.detail
        )?;
        // The library's own places say little; the first one outside it, and where that was inlined, say where to look.
        let own = self
            .places
            .iter()
            .filter(|place| !place.contains("/rustlib/"));
        let shown: Vec<&str> = own.map(String::as_str).collect();
        let shown = if shown.is_empty() {
            self.places.iter().map(String::as_str).collect()
        } else {
            shown
        };
        if !shown.is_empty() {
            write!(out, " at {}", shown.join(" < "))?;
        }
        Ok(())
    }
}

/// All suspicious places of a function.
pub fn examine(function: &Function) -> Vec<Finding> {
    let body = Body::new(function);
    let mut findings = Vec::new();
    for (at, instruction) in function.instructions.iter().enumerate() {
        let case = if matches!(instruction.operation(), "SUB8rp" | "SUB16rp") {
            Some((Case::A, instruction.text.clone()))
        } else if body.widens_garbage(instruction) {
            Some((Case::B, instruction.text.clone()))
        } else if let Some(helper) = checked_multiply(instruction) {
            Some((Case::C, helper.to_owned()))
        } else if body.takes_carry_of_test(at) {
            Some((Case::D, instruction.text.clone()))
        } else {
            None
        };
        if let Some((case, detail)) = case {
            let places = body.nearest_places(at);
            findings.push(Finding {
                function: super::shown(&function.name),
                case,
                detail,
                places,
            });
        }
    }
    findings
}

/// The helper of a 32- or 64-bit checked multiply, if that is what is called.
fn checked_multiply(instruction: &Instruction) -> Option<&'static str> {
    ["__mulosi4", "__mulodi4"].into_iter().find(|helper| {
        let called = instruction
            .text
            .strip_prefix("CALLi &")
            .or_else(|| instruction.text.strip_prefix("CALLi @"));
        called.is_some_and(|rest| rest.split([',', ' ']).next() == Some(helper))
    })
}

/// A function with its definitions at hand.
struct Body<'a> {
    instructions: &'a [Instruction],
    defined_at: HashMap<&'a str, usize>,
}

impl<'a> Body<'a> {
    fn new(function: &'a Function) -> Self {
        let instructions = function.instructions.as_slice();
        let all = instructions.iter().enumerate();
        let defined_at = all
            .flat_map(|(at, i)| {
                i.defines
                    .iter()
                    .map(move |(register, _)| (register.as_str(), at))
            })
            .collect();
        Self {
            instructions,
            defined_at,
        }
    }

    fn definition(&self, register: &str) -> Option<&'a Instruction> {
        self.defined_at
            .get(register)
            .map(|at| &self.instructions[*at])
    }

    /// Instruction selection leaves some instructions without a place; one close by in the same block will do.
    fn nearest_places(&self, at: usize) -> Vec<String> {
        let block = self.instructions[at].block;
        let after = self.instructions[at..].iter();
        let before = self.instructions[..at].iter().rev();
        let found = after
            .chain(before)
            .find(|i| i.block == block && !i.places.is_empty());
        found.map_or_else(Vec::new, |instruction| instruction.places.clone())
    }

    /// Case B: a byte register declared to be a zero-extended word although its upper half is not known to be 0.
    fn widens_garbage(&self, instruction: &Instruction) -> bool {
        let Some(byte) = subreg_to_reg(instruction) else {
            return false;
        };
        if self.clean_byte(byte, &mut Vec::new()) {
            return false;
        }
        // A truncation in the same block was widened by a mask: what is left here is an extension whose upper half does not matter.
        let truncated_here = self.definition(byte).is_some_and(|source| {
            source.operation() == "COPY"
                && source.text.contains(".subreg_8bit")
                && source.block == instruction.block
        });
        !truncated_here
    }

    /// Whether the register of a byte value surely has zeros above bit 7. Byte instructions and byte loads clear them.
    fn clean_byte(&self, register: &'a str, visited: &mut Vec<&'a str>) -> bool {
        if visited.contains(&register) {
            return true;
        }
        visited.push(register);
        let Some(source) = self.definition(register) else {
            return false;
        };
        match source.operation() {
            "COPY" => match operand(&source.text) {
                Some(from) if from.starts_with('$') => false,
                Some(from) => match from.strip_suffix(".subreg_8bit") {
                    Some(word) => self.clean_word(word, visited),
                    None => self.clean_byte(from, visited),
                },
                None => false,
            },
            "PHI" => registers(&source.text).all(|from| self.clean_byte(from, visited)),
            // What assembler leaves in a byte register is anyone's guess.
            "INLINEASM" => false,
            _ => true,
        }
    }

    /// Whether the upper half of a word register is surely 0.
    fn clean_word(&self, register: &'a str, visited: &mut Vec<&'a str>) -> bool {
        if visited.contains(&register) {
            return true;
        }
        visited.push(register);
        let Some(source) = self.definition(register) else {
            return false;
        };
        match source.operation() {
            "SUBREG_TO_REG" => {
                subreg_to_reg(source).is_some_and(|byte| self.clean_byte(byte, visited))
            }
            "COPY" => operand(&source.text).is_some_and(|from| {
                from.starts_with('%') && !from.contains('.') && self.clean_word(from, visited)
            }),
            // All operands, even where one of an AND would do: so a register once found dirty ends the search.
            "PHI" | "AND16rr" | "BIS16rr" | "XOR16rr" => {
                registers(&source.text).all(|from| self.clean_word(from, visited))
            }
            // The bits cleared do not matter, only what they are cleared in.
            "BIC16rr" => registers(&source.text)
                .next()
                .is_some_and(|from| self.clean_word(from, visited)),
            "AND16ri" | "AND16rc" | "MOV16ri" | "MOV16rc" => {
                immediate(&source.text).is_some_and(|value| (0..256).contains(&value))
            }
            operation => operation == "ZEXT16r" || operation.starts_with("MOVZX16"),
        }
    }

    /// Case D: SR is copied after a comparison with 0, where C is always 1, and used for its carry, not shifted to Z.
    fn takes_carry_of_test(&self, at: usize) -> bool {
        let copy = &self.instructions[at];
        let Some((register, _)) = copy.defines.first() else {
            return false;
        };
        if !copy.text.starts_with("COPY $sr") {
            return false;
        }
        let before = self.instructions[..at]
            .iter()
            .rev()
            .take_while(|i| i.block == copy.block);
        let sets_flags = |i: &&Instruction| {
            i.text.contains("implicit-def $sr") || i.text.contains("implicit-def dead $sr")
        };
        let Some(test) = before.into_iter().find(sets_flags) else {
            // Flags from another block: nobody has seen that; better look at it.
            return true;
        };
        let compares_zero =
            test.operation().starts_with("CMP") && test.text.contains(", 0, implicit-def");
        compares_zero
            && self
                .instructions
                .iter()
                .any(|i| i.reads(register) && i.operation() != "RRA16r")
    }
}

/// The byte register that `SUBREG_TO_REG 0, killed %5:gr8, %subreg.subreg_8bit` widens.
fn subreg_to_reg(instruction: &Instruction) -> Option<&str> {
    if instruction.operation() != "SUBREG_TO_REG"
        || !instruction.defines.iter().any(|(_, class)| class == "gr16")
    {
        return None;
    }
    registers(&instruction.text).next()
}

/// The single operand of a COPY: `%4`, `%4.subreg_8bit` or `$r12b`.
fn operand(text: &str) -> Option<&str> {
    let rest = text.split_once("COPY ")?.1;
    let rest = rest.strip_prefix("killed ").unwrap_or(rest);
    rest.split([':', ',', ' ']).next()
}

/// Virtual registers that an instruction reads, without blocks (`%bb.1`), stack slots and the like.
fn registers(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',']).filter_map(|word| {
        let name = word.split([':', '.', '(']).next().unwrap_or(word);
        let digits = name.strip_prefix('%')?;
        (!digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())).then_some(name)
    })
}

/// The last literal operand.
fn immediate(text: &str) -> Option<i32> {
    let operands = text.split(", implicit-def").next()?;
    operands.rsplit([' ', ',']).next()?.parse().ok()
}
