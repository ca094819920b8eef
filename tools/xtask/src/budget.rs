//! What the image takes of the chip's memory, against what it may take.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::image::{Image, Section};
use crate::stack::WorstCase;

/// The budget's place in the work tree.
pub const FILE: &str = "tools/xtask/budget.toml";

const RAM: RangeInclusive<u16> = 0x2000..=0x2FFF;
const INFORMATION: RangeInclusive<u16> = 0x1800..=0x19FF;

/// Upper bounds in bytes; the file explains each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Code, constants, vectors, initial values of statics.
    pub code_and_constants: u32,
    /// Stored data in main FRAM.
    pub stored: u32,
    /// Information FRAM.
    pub information: u32,
    /// Statics and worst-case stack.
    pub ram: u32,
}

impl Budget {
    /// Reads the budget.
    ///
    /// # Errors
    /// When the file is not there or lacks a figure.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not a budget", path.display()))
    }
}

/// Bytes that an image takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Instructions.
    pub code: u32,
    /// Constants, vectors and the initial values of statics.
    pub constants: u32,
    /// Stored data in main FRAM, which no programmer touches.
    pub stored: u32,
    /// Information FRAM.
    pub information: u32,
    /// Statics in RAM.
    pub ram_static: u32,
    /// Worst-case stack.
    pub stack: u32,
}

/// One line of the table: what, used, allowed.
type Row = (&'static str, u32, Option<u32>);

impl Usage {
    /// Adds up the sections.
    pub fn of(image: &Image, stack: &WorstCase) -> Self {
        let mut usage = Self {
            stack: stack.bytes(),
            ..Self::default()
        };
        for section in &image.sections {
            *usage.account(section) += section.size;
            if RAM.contains(&section.address) && section.loaded {
                // What start-up copies to RAM counts twice: there, and in FRAM where it comes from.
                if section.executable {
                    usage.code += section.size;
                } else {
                    usage.constants += section.size;
                }
            }
        }
        usage
    }

    fn account(&mut self, section: &Section) -> &mut u32 {
        match section {
            _ if RAM.contains(&section.address) => &mut self.ram_static,
            _ if INFORMATION.contains(&section.address) => &mut self.information,
            Section { loaded: false, .. } => &mut self.stored,
            Section {
                executable: true, ..
            } => &mut self.code,
            _ => &mut self.constants,
        }
    }

    fn rows(&self, budget: &Budget) -> [Row; 8] {
        [
            ("code", self.code, None),
            ("constants", self.constants, None),
            (
                "code and constants",
                self.code + self.constants,
                Some(budget.code_and_constants),
            ),
            ("stored data (FRAM)", self.stored, Some(budget.stored)),
            (
                "information FRAM",
                self.information,
                Some(budget.information),
            ),
            ("RAM, static", self.ram_static, None),
            ("RAM, worst-case stack", self.stack, None),
            ("RAM", self.ram_static + self.stack, Some(budget.ram)),
        ]
    }

    /// The table for people.
    pub fn table(&self, budget: &Budget) -> String {
        let mut text = format!("{:<24}{:>8}{:>8}{:>8}\n", "bytes", "used", "budget", "free");
        for (what, used, allowed) in self.rows(budget) {
            let _ = match allowed {
                Some(allowed) => writeln!(
                    text,
                    "{what:<24}{used:>8}{allowed:>8}{:>8}",
                    i64::from(allowed) - i64::from(used)
                ),
                None => writeln!(text, "{what:<24}{used:>8}"),
            };
        }
        text
    }

    /// One line per bound that is exceeded.
    pub fn overruns(&self, budget: &Budget) -> Vec<String> {
        let over = |(what, used, allowed): Row| {
            let allowed = allowed.filter(|allowed| used > *allowed)?;
            Some(format!(
                "{what}: {used} bytes are {} more than the {allowed} of {FILE}",
                used - allowed
            ))
        };
        self.rows(budget).into_iter().filter_map(over).collect()
    }
}

/// The functions that take most, for whoever has to save.
pub fn largest_functions(image: &Image, count: usize) -> String {
    let mut functions: Vec<_> = image
        .symbols
        .iter()
        .filter(|symbol| symbol.function)
        .collect();
    functions.sort_by_key(|symbol| (std::cmp::Reverse(symbol.size), symbol.address));
    let shown = functions
        .iter()
        .take(count)
        .map(|symbol| format!("{} {}", symbol.readable(), symbol.size));
    format!(
        "largest functions: {}",
        shown.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        let section = |name: &str, address, size, executable, loaded| Section {
            name: name.into(),
            address,
            size,
            executable,
            loaded,
        };
        let sections = vec![
            section(".info", 0x1800, 64, false, false),
            section(".bss", 0x2000, 300, false, false),
            section(".data", 0x212C, 20, false, true),
            section(".hot", 0x2140, 8, true, true),
            section(".store", 0x8000, 1000, false, false),
            section(".text", 0xA000, 5000, true, true),
            section(".rodata", 0xB400, 700, false, true),
            section(".vector_table", 0xFFA4, 92, false, true),
        ];
        Image {
            sections,
            ..Image::default()
        }
    }

    fn usage() -> Usage {
        let thread = crate::stack::Depth {
            bytes: 100,
            chain: vec!["main 100".into()],
        };
        Usage::of(
            &image(),
            &WorstCase {
                thread,
                nesting: Vec::new(),
                plain: None,
            },
        )
    }

    const BUDGET: Budget = Budget {
        code_and_constants: 5820,
        stored: 1000,
        information: 64,
        ram: 428,
    };

    #[test]
    fn every_section_is_counted_where_it_belongs() {
        let expected = Usage {
            code: 5008,
            constants: 812,
            stored: 1000,
            information: 64,
            ram_static: 328,
            stack: 100,
        };
        assert_eq!(usage(), expected);
    }

    #[test]
    fn the_budget_may_be_used_up_but_not_exceeded() {
        assert_eq!(usage().overruns(&BUDGET), [""; 0]);
        let tight = Budget {
            ram: 427,
            stored: 999,
            ..BUDGET
        };
        let overruns = usage().overruns(&tight);
        assert_eq!(overruns.len(), 2);
        assert!(
            overruns[1].starts_with("RAM: 428 bytes are 1 more than the 427 of "),
            "{overruns:?}"
        );
    }

    #[test]
    fn the_table_shows_used_budget_and_free() {
        let table = usage().table(&Budget {
            ram: 4096,
            ..BUDGET
        });
        assert!(
            table
                .lines()
                .any(|line| line.split_whitespace().eq(["RAM", "428", "4096", "3668"])),
            "{table}"
        );
    }
}
