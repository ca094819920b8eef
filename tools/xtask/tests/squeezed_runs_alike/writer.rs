//! Writes random functions as the compiler does, out of pieces that the rules look for.

use std::fmt::Write as _;

use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{DATA, DATA_BYTES, FRAME};

/// Writes functions as the compiler does, out of pieces that the rules look for.
pub struct Writer {
    /// Decides about everything.
    pub random: Xoshiro256PlusPlus,
    /// What has been written.
    pub text: String,
    /// Number of the function that is written.
    pub function: u32,
    /// Number of the next label.
    pub labels: u32,
}

impl Writer {
    pub fn line(&mut self, line: &str) {
        self.text.push('\t');
        self.text.push_str(&line.replacen(' ', "\t", 1));
        self.text.push('\n');
    }

    pub fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.random.random_range(0..choices.len())]
    }

    /// Any register but the stack pointer and its kin.
    pub fn register(&mut self) -> u16 {
        self.random.random_range(4..16)
    }

    pub fn constant(&mut self) -> i32 {
        let any = self.random.random_range(-700..700);
        [0, 1, 2, 4, 8, -1, 255, 256, 1234, any][self.random.random_range(0..10)]
    }

    pub fn cell(&mut self) -> String {
        let address = DATA + 2 * self.random.random_range(0..DATA_BYTES / 2);
        format!("&{address}")
    }

    pub fn slot(&mut self) -> String {
        format!("{}(r1)", 2 * self.random.random_range(0..FRAME / 2))
    }

    pub fn source(&mut self) -> String {
        match self.random.random_range(0..8) {
            0 => format!("#{}", self.constant()),
            1 => self.cell(),
            2 => self.slot(),
            _ => format!("r{}", self.register()),
        }
    }

    pub fn function(&mut self) {
        let name = self.function;
        let first = self.random.random_range(4..11);
        let _ = write!(
            self.text,
            "\t.section\t.text.f{name},\"ax\",@progbits\n\t.globl\tf{name}\n\t.type\tf{name},@function\nf{name}:\n.Lfunc_begin{name}:\n"
        );
        for register in first..11 {
            self.line(&format!("push r{register}"));
        }
        self.line(&format!("sub #{FRAME}, r1"));
        // What a function has not been given it must not read.
        for register in first..12 {
            let constant = self.constant();
            self.line(&format!("mov #{constant}, r{register}"));
        }
        for slot in 0..FRAME / 2 {
            self.line(&format!("mov r12, {}(r1)", 2 * slot));
        }
        self.line("cmp r12, r13");
        let mut open: Vec<u32> = Vec::new();
        for round in 0..4 {
            let counter = DATA - 2 - 2 * (name * 4 + round) as u16;
            self.line(&format!("mov #2, &{counter}"));
        }
        for round in 0..4 {
            let counter = DATA - 2 - 2 * (name * 4 + round) as u16;
            let label = self.labels;
            self.labels += 1;
            let _ = writeln!(self.text, ".LBB{name}_{label}:");
            for _ in 0..10 {
                self.piece(first, Some(&mut open));
            }
            self.line(&format!("sub #1, &{counter}"));
            let near = self.labels;
            self.labels += 1;
            self.line(&format!("jeq .LBB{name}_{near}"));
            self.line(&format!("br #.LBB{name}_{label}"));
            let _ = writeln!(self.text, ".LBB{name}_{near}:");
        }
        for label in open {
            let _ = writeln!(self.text, ".LBB{name}_{label}:");
        }
        // What stands before the end without a label between.
        for _ in 0..4 {
            self.piece(first, None);
        }
        if self.random.random_bool(0.1) {
            self.far(first);
        }
        self.line(&format!("add #{FRAME}, r1"));
        for register in (first..11).rev() {
            self.line(&format!("pop r{register}"));
        }
        self.line("ret");
        let _ = write!(
            self.text,
            ".Lfunc_end{name}:\n\t.size\tf{name}, .Lfunc_end{name}-f{name}\n\n"
        );
        self.function += 1;
    }

    /// Some lines; with `open`, labels that are still to come, also jumps.
    pub fn piece(&mut self, first: u16, open: Option<&mut Vec<u32>>) {
        // Registers that the function may change: those that it has saved, and those that are nobody's.
        let changeable = |writer: &mut Self| loop {
            let register = writer.register();
            if register >= first {
                return register;
            }
        };
        let readable = changeable;
        let to = changeable(self);
        let from = readable(self);
        let kind = self.random.random_range(0..21);
        if let Some(open) = open {
            match kind {
                15 if self.random.random_bool(0.5) => {
                    self.passing(first);
                    return self.jump(open);
                }
                6 => return self.branch(first, from, open),
                7 => return self.land(open),
                12 => return self.long_branch(from, open),
                _ => {}
            }
        }
        match kind {
            0 => {
                let name = self.one_of(&[
                    "clr", "inc", "dec", "incd", "inv", "rra", "rrc", "swpb", "sxt",
                ]);
                self.line(&format!("{name} r{to}"));
            }
            1 => {
                let byte = self.one_of(&["", ".b"]);
                self.line(&format!("tst{byte} r{from}"));
            }
            2 => self.line(&format!("and #255, r{to}")),
            3 => self.line(&format!("mov.b r{from}, r{to}")),
            4 => {
                let (cell, step) = (self.cell(), self.constant());
                let byte = self.one_of(&["", ".b"]);
                let change = self.one_of(&["add", "bis", "bic", "xor", "and"]);
                self.line(&format!("mov{byte} {cell}, r{to}"));
                self.line(&format!("{change} #{step}, r{to}"));
                self.line(&format!("mov{byte} r{to}, {cell}"));
                if self.random.random_bool(0.7) {
                    self.line(&format!("mov #3, r{to}"));
                    self.line(&format!("cmp #{step}, r{from}"));
                }
            }
            5 => {
                // Through a pointer.
                let base = DATA + 2 * self.random.random_range(4..DATA_BYTES / 2 - 4);
                self.line(&format!("mov #{base}, r{to}"));
                for _ in 0..self.random.random_range(1..5) {
                    let distance = [0, 0, 2, 4, -2][self.random.random_range(0..5)];
                    let (other, byte) = (changeable(self), self.one_of(&["", ".b"]));
                    if other == to {
                        continue;
                    }
                    let step = if byte.is_empty() { 2 } else { 1 };
                    match self.random.random_range(0..6) {
                        0 => self.line(&format!("mov r{other}, {distance}(r{to})")),
                        1 if distance >= 0 => {
                            self.line(&format!("add{byte} {distance}(r{to}), r{other}"))
                        }
                        2 => {
                            self.line(&format!("mov{byte} 0(r{to}), r{other}"));
                            self.line(&format!("add #{step}, r{to}"));
                            // An odd address would be another one for words.
                            self.line(&format!("mov #{base}, r{to}"));
                            self.line(&format!("cmp r{other}, r{to}"));
                        }
                        _ => self.line(&format!("mov{byte} {distance}(r{to}), r{other}")),
                    }
                }
                if self.random.random_bool(0.7) {
                    self.line(&format!("mov r{from}, r{to}"));
                }
            }
            13 => self.wide(first),
            15 => self.passing(first),
            16 => self.copied(first),
            17 => self.shifted(first),
            18 => self.zeroed(first),
            14 => {
                let (kept, number) = (changeable(self), changeable(self));
                self.line(&format!("tst r{from}"));
                self.line(&format!("mov r2, r{kept}"));
                if self.random.random_bool(0.3) {
                    self.line(&format!("sub r{from}, r{to}"));
                }
                self.line(&format!("rra r{kept}"));
                self.line(&format!("mov #1, r{number}"));
                self.line(&format!("bic r{kept}, r{number}"));
                self.line(&format!("mov r{number}, r{kept}"));
                self.line(&format!("cmp r{number}, r{to}"));
            }
            8 if self.function > 0 && self.random.random_bool(0.08) => {
                let callee = self.random.random_range(0..self.function);
                self.line(&format!("call #f{callee}"));
                self.line("mov #77, r11");
                self.line("cmp r12, r13");
            }
            9 => {
                let slot = self.slot();
                self.line(&format!("mov r{from}, {slot}"));
                self.line(&format!("mov {slot}, r{to}"));
            }
            10 => {
                let (middle, source) = (changeable(self), self.source_of(first));
                self.line(&format!("mov {source}, r{middle}"));
                self.line(&format!("mov r{middle}, r{to}"));
            }
            11 => {
                let (cell, constant) = (self.cell(), self.constant());
                self.line(&format!("mov #{constant}, {cell}"));
            }
            _ => {
                let name = self.one_of(&[
                    "mov", "add", "addc", "sub", "subc", "and", "bis", "bic", "xor", "cmp", "bit",
                ]);
                let byte = self.one_of(&["", "", ".b"]);
                let source = self.source_of(first);
                self.line(&format!("{name}{byte} {source}, r{to}"));
            }
        }
    }

    pub fn branch(&mut self, first: u16, from: u16, open: &mut Vec<u32>) {
        let source = self.source_of(first);
        self.line(&format!("cmp {source}, r{from}"));
        self.jump(open);
    }

    pub fn jump(&mut self, open: &mut Vec<u32>) {
        let (name, label) = (self.function, self.labels);
        self.labels += 1;
        let jump = self.one_of(&["jeq", "jne", "jn", "jge", "jl", "jlo", "jhs"]);
        self.line(&format!("{jump} .LBB{name}_{label}"));
        open.push(label);
    }

    pub fn long_branch(&mut self, from: u16, open: &mut Vec<u32>) {
        let (name, near, far) = (self.function, self.labels, self.labels + 1);
        self.labels += 2;
        self.line(&format!("tst r{from}"));
        self.line(&format!("jne .LBB{name}_{near}"));
        self.line(&format!("br #.LBB{name}_{far}"));
        let _ = writeln!(self.text, ".LBB{name}_{near}:");
        open.push(far);
    }

    pub fn land(&mut self, open: &mut Vec<u32>) {
        if let Some(label) = open.pop() {
            let _ = writeln!(self.text, ".LBB{}_{label}:", self.function);
        }
    }

    /// A source that is not a register of the caller's.
    pub fn source_of(&mut self, first: u16) -> String {
        loop {
            let source = self.source();
            let foreign = source
                .strip_prefix('r')
                .and_then(|number| number.parse::<u16>().ok())
                .is_some_and(|number| number < first);
            if !foreign {
                return source;
            }
        }
    }
}
