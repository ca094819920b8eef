//! The compiler's assembly text as functions of instructions, and back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::instruction::{Instruction, Next};

/// A line of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An instruction of the compiler's own.
    Code(Instruction),
    /// An instruction that somebody wrote in an `asm!`: it stays as it is.
    Fixed(Instruction),
    /// What may do anything: a word of code that somebody wrote as a number, a call in an `asm!`.
    Word(String),
    /// Where jumps go.
    Label(String),
    /// Directives, comments, labels of the debug information.
    Other(String),
}

impl Line {
    /// The instruction, whoever wrote it.
    pub fn instruction(&self) -> Option<&Instruction> {
        match self {
            Self::Code(instruction) | Self::Fixed(instruction) => Some(instruction),
            _ => None,
        }
    }

    /// Bytes of code.
    pub fn size(&self) -> u32 {
        match self {
            Self::Word(text) => Instruction::parse(text).map_or(2, |code| code.size()),
            _ => self.instruction().map_or(0, Instruction::size),
        }
    }

    /// The instruction, if it may be changed.
    pub fn code(&self) -> Option<&Instruction> {
        match self {
            Self::Code(instruction) => Some(instruction),
            _ => None,
        }
    }
}

/// A function that the compiler made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its symbol.
    pub name: String,
    /// From the line after its first label up to its end label.
    pub lines: Vec<Line>,
}

impl Function {
    /// Does the first replacement that is found: lines by their numbers, and what stands for the last of them.
    pub fn replace_first(
        &mut self,
        find: impl Fn(&Self, usize) -> Option<(Vec<usize>, Vec<Instruction>)>,
    ) -> bool {
        let mut found = (0..self.lines.len()).filter_map(|at| find(self, at));
        let Some((lines, instructions)) = found.find(|(lines, _)| !lines.is_empty()) else {
            return false;
        };
        let last = lines[lines.len() - 1];
        let instructions = instructions.into_iter().map(Line::Code);
        self.lines.splice(last..=last, instructions);
        for line in lines[..lines.len() - 1].iter().rev() {
            self.lines.remove(*line);
        }
        true
    }

    /// Bytes of code, but for padding.
    pub fn size(&self) -> u32 {
        self.lines.iter().map(Line::size).sum()
    }

    /// Whether something in it is aligned, so that distances depend on where it is put.
    pub fn is_padded(&self) -> bool {
        self.lines
            .iter()
            .any(|line| matches!(line, Line::Other(text) if text.contains(".p2align")))
    }
}

/// A part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// What stays as it is: data, debug information, functions written in assembly.
    Kept(String),
    /// A function.
    Function(Function),
}

/// A whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// In their order.
    pub segments: Vec<Segment>,
    /// Where jump tables lead to, by their label.
    pub tables: BTreeMap<String, Vec<String>>,
}

impl Text {
    /// Takes a text apart.
    ///
    /// # Errors
    /// At an instruction that is not known: nothing can be said of a function that has one.
    pub fn parse(text: &str) -> Result<Self> {
        let mut segments = Vec::new();
        let mut kept = String::new();
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut table: Option<String> = None;
        let mut symbol = "";
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            kept.push_str(line);
            kept.push('\n');
            if let Some(label) = line.strip_suffix(':') {
                if label.starts_with(".LJTI") {
                    table = Some(label.to_owned());
                } else if !label.starts_with('.') {
                    symbol = label;
                }
                if label.starts_with(".Lfunc_begin") {
                    segments.push(Segment::Kept(std::mem::take(&mut kept)));
                    segments.push(Segment::Function(Function {
                        name: symbol.to_owned(),
                        lines: function(symbol, &mut lines, &mut kept)?,
                    }));
                }
            } else if let (Some(label), Some(target)) = (&table, line.strip_prefix("\t.short\t")) {
                tables
                    .entry(label.clone())
                    .or_default()
                    .push(target.to_owned());
            } else {
                table = None;
            }
        }
        if segments.is_empty() {
            bail!(
                "no function is marked by .Lfunc_begin: profile.firmware needs debug information"
            );
        }
        segments.push(Segment::Kept(kept));
        Ok(Self { segments, tables })
    }

    /// The functions.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Function(function) => Some(function),
            Segment::Kept(_) => None,
        })
    }

    /// The functions, to be changed.
    pub fn functions_mut(&mut self) -> impl Iterator<Item = &mut Function> {
        self.segments
            .iter_mut()
            .filter_map(|segment| match segment {
                Segment::Function(function) => Some(function),
                Segment::Kept(_) => None,
            })
    }

    /// The text for the assembler.
    pub fn print(&self) -> String {
        let mut text = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Kept(kept) => text.push_str(kept),
                Segment::Function(function) => {
                    for line in &function.lines {
                        // Writing to a string cannot fail.
                        let _ = match line {
                            Line::Code(instruction) | Line::Fixed(instruction) => {
                                writeln!(text, "{instruction}")
                            }
                            Line::Label(label) => writeln!(text, "{label}:"),
                            Line::Word(other) | Line::Other(other) => writeln!(text, "{other}"),
                        };
                    }
                }
            }
        }
        text
    }
}

/// Reads a function up to its end label, which begins what is kept next.
fn function<'a>(
    name: &str,
    lines: &mut impl Iterator<Item = &'a str>,
    kept: &mut String,
) -> Result<Vec<Line>> {
    let mut found = Vec::new();
    let mut written_by_hand = false;
    for line in lines {
        match line.trim() {
            ";APP" => written_by_hand = true,
            ";NO_APP" => written_by_hand = false,
            _ => {}
        }
        if line.starts_with(".Lfunc_end") {
            kept.push_str(line);
            kept.push('\n');
            label_targets(&mut found);
            return Ok(found);
        }
        found.push(match line.strip_suffix(':') {
            Some(label) if label.starts_with(".LBB") => Line::Label(label.to_owned()),
            Some(_) => Line::Other(line.to_owned()),
            None if is_code(line) => match Instruction::parse(line) {
                Some(call) if written_by_hand && call.is_call() => Line::Word(line.to_owned()),
                Some(instruction) if written_by_hand => Line::Fixed(instruction),
                Some(instruction) => Line::Code(instruction),
                None => bail!("{name}: unknown instruction `{}`", line.trim()),
            },
            None if line.starts_with("\t.short") => Line::Word(line.to_owned()),
            None if [".byte", ".word", ".long"]
                .contains(&line.split_whitespace().next().unwrap_or("")) =>
            {
                bail!("{name}: data that is not understood: `{}`", line.trim())
            }
            None => Line::Other(line.to_owned()),
        });
    }
    bail!("{name}: the assembly text ends inside of it");
}

/// The compiler also jumps to labels of the debug information, where it splits a long branch.
fn label_targets(lines: &mut [Line]) {
    let targets: BTreeSet<String> = lines
        .iter()
        .filter_map(|line| match line.instruction()?.next() {
            Next::Jump(label) | Next::Branch(label) => Some(label),
            _ => None,
        })
        .collect();
    for line in lines {
        if let Line::Other(text) = line
            && let Some(label) = text.strip_suffix(':')
            && targets.contains(label)
        {
            *line = Line::Label(label.to_owned());
        }
    }
}

fn is_code(line: &str) -> bool {
    line.strip_prefix('\t')
        .is_some_and(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
}
