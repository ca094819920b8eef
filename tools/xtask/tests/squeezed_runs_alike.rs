//! Squeezed code does what it did: random functions, as they are and squeezed, run in the virtual meter's CPU on the same registers
//! and memory.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use virtual_meter::cpu::{Bus, Cpu};
use xtask::image::Image;
use xtask::squeeze::{link, squeeze};
use xtask::toolchain::CrossToolchain;

/// Memory that the functions use: words and bytes from here on.
const DATA: u16 = 0x2000;
/// Bytes of it.
const DATA_BYTES: u16 = 64;
/// Where their stack begins.
const STACK: u16 = 0x2800;
/// Where a call returns to that the test made.
const END: u16 = 0xFF00;
/// Functions of one program.
const FUNCTIONS: u32 = 24;
/// Programs.
const PROGRAMS: u64 = 40;
/// Bytes of a function's own on the stack.
const FRAME: u16 = 8;

/// 64 KB without anything else.
struct Flat(Vec<u8>);

impl Bus for Flat {
    fn fetch(&mut self, address: u16) -> u16 {
        self.read_word(address)
    }
    fn read_word(&mut self, address: u16) -> u16 {
        u16::from_le_bytes([
            self.read_byte(address),
            self.read_byte(address.wrapping_add(1)),
        ])
    }
    fn read_byte(&mut self, address: u16) -> u8 {
        self.0[usize::from(address)]
    }
    fn write_word(&mut self, address: u16, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.write_byte(address, low);
        self.write_byte(address.wrapping_add(1), high);
    }
    fn write_byte(&mut self, address: u16, value: u8) {
        self.0[usize::from(address)] = value;
    }
}

/// Writes functions as the compiler does, out of pieces that the rules look for.
struct Writer {
    random: Xoshiro256PlusPlus,
    text: String,
    function: u32,
    labels: u32,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push('\t');
        self.text.push_str(&line.replacen(' ', "\t", 1));
        self.text.push('\n');
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.random.random_range(0..choices.len())]
    }

    /// Any register but the stack pointer and its kin.
    fn register(&mut self) -> u16 {
        self.random.random_range(4..16)
    }

    fn constant(&mut self) -> i32 {
        let any = self.random.random_range(-700..700);
        [0, 1, 2, 4, 8, -1, 255, 256, 1234, any][self.random.random_range(0..10)]
    }

    fn cell(&mut self) -> String {
        let address = DATA + 2 * self.random.random_range(0..DATA_BYTES / 2);
        format!("&{address}")
    }

    fn slot(&mut self) -> String {
        format!("{}(r1)", 2 * self.random.random_range(0..FRAME / 2))
    }

    fn source(&mut self) -> String {
        match self.random.random_range(0..8) {
            0 => format!("#{}", self.constant()),
            1 => self.cell(),
            2 => self.slot(),
            _ => format!("r{}", self.register()),
        }
    }

    fn function(&mut self) {
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
    fn piece(&mut self, first: u16, open: Option<&mut Vec<u32>>) {
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
        let kind = self.random.random_range(0..20);
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

    /// A shift by many places as the compiler makes it, something else between its steps.
    fn shifted(&mut self, first: u16) {
        let mut pick = |not: u16| loop {
            let register = self.random.random_range(first.max(4)..16);
            if register != not {
                return register;
            }
        };
        let to = pick(0);
        let (other, third) = (pick(to), pick(to));
        let more = self.random.random_range(4..9);
        let steps: Vec<&str> = match self.random.random_range(0..3) {
            0 => ["mov.b", "swpb"]
                .into_iter()
                .chain(std::iter::repeat_n("add", more))
                .collect(),
            1 => ["swpb", "mov.b", "rrc"]
                .into_iter()
                .chain(std::iter::repeat_n("rra", more - 1))
                .collect(),
            _ => ["swpb", "sxt"]
                .into_iter()
                .chain(std::iter::repeat_n("rra", more))
                .collect(),
        };
        for step in steps {
            match step {
                "mov.b" | "add" => self.line(&format!("{step} r{to}, r{to}")),
                "rrc" => {
                    if self.random.random_bool(0.95) {
                        self.line("clrc");
                    }
                    if self.random.random_bool(0.3) {
                        self.line(&format!("mov r{other}, r{third}"));
                    }
                    self.line(&format!("rrc r{to}"));
                }
                _ => self.line(&format!("{step} r{to}")),
            }
            match self.random.random_range(0..60) {
                0 => self.line(&format!("rrc r{other}")),
                1 => {
                    self.line("clrc");
                    self.line(&format!("rrc r{third}"));
                }
                2 => self.line(&format!("mov r{to}, r{other}")),
                3 => self.line(&format!("inc r{other}")),
                4 => self.line(&format!("mov r2, r{third}")),
                _ => {}
            }
        }
        self.line(&format!("cmp r{other}, r{to}"));
    }

    /// Words that are copied in any order, some through registers; now and then not quite as the routine would.
    fn copied(&mut self, first: u16) {
        let mut free: Vec<u16> = (first.max(4)..16).collect();
        let mut pick = |writer: &mut Self| {
            let which = writer.random.random_range(0..free.len());
            free.swap_remove(which)
        };
        let (source, target) = (pick(self), pick(self));
        let words = [4, 4, 4, 8, 3, 5][self.random.random_range(0..6)];
        let from = self
            .random
            .random_range(0..=i32::from(DATA_BYTES / 2) - words);
        let to = loop {
            let to = self
                .random
                .random_range(0..=i32::from(DATA_BYTES / 2) - words);
            // One word more, so that they lie apart when a pointer moves.
            if (to - from).abs() > words || self.random.random_bool(0.01) && to == from {
                break to;
            }
        };
        // What an address of either area is written as, by the number of the word.
        let origin = |writer: &mut Self, register: u16, area: i32| {
            let distance = writer.random.random_range(-1..2) * writer.random.random_range(0..4);
            match writer.random.random_range(0..4) {
                0 => ("&AREA+".to_owned(), area, String::new()),
                1 => {
                    writer.line(&format!("mov #{}, r{register}", 2 * distance));
                    (
                        "AREA+".to_owned(),
                        area - distance,
                        format!("(r{register})"),
                    )
                }
                2 if area == from && words == 4 => (String::new(), 0, "(r1)".to_owned()),
                _ => {
                    let base = i32::from(DATA) + 2 * (area - distance);
                    writer.line(&format!("mov #{base}, r{register}"));
                    (String::new(), distance, format!("(r{register})"))
                }
            }
        };
        let ends = [origin(self, source, from), origin(self, target, to)];
        // A distance below a symbol is not what the compiler writes.
        if ends
            .iter()
            .any(|(symbol, distance, _)| !symbol.is_empty() && *distance < 0)
        {
            return;
        }
        let written = |end: usize, word: i32| {
            let (before, distance, behind) = &ends[end];
            format!("{before}{}{behind}", 2 * (distance + word))
        };
        let mut order: Vec<i32> = (0..words).collect();
        for k in 0..order.len() {
            let other = self.random.random_range(k..order.len());
            order.swap(k, other);
        }
        let mut held: Vec<(u16, i32)> = Vec::new();
        let mut spare: Vec<u16> = (0..self.random.random_range(0..4))
            .map(|_| pick(self))
            .collect();
        let odd = self.random.random_bool(0.1);
        for word in order {
            let goes_to = if odd && word == 1 { 0 } else { word };
            match spare.pop() {
                Some(register) => {
                    self.line(&format!("mov {}, r{register}", written(0, word)));
                    held.push((register, goes_to));
                }
                None => self.line(&format!(
                    "mov {}, {}",
                    written(0, word),
                    written(1, goes_to)
                )),
            }
            match self.random.random_range(0..40) {
                0 => self.line(&format!("incd r{source}")),
                1 if ![source, target].contains(&12) => self.line("mov #7, r12"),
                2 if ![source, target].contains(&11) => self.line("mov r15, r11"),
                3 => self.line(&format!("mov #AREA+128, r{target}")),
                4 => {
                    let cell = self.cell();
                    self.line(&format!("mov r{source}, {cell}"));
                }
                _ => {}
            }
        }
        for (register, word) in &held {
            self.line(&format!("mov r{register}, {}", written(1, *word)));
        }
        for register in held.iter().map(|(register, _)| *register).chain([12, 13]) {
            if self.random.random_bool(0.95) {
                let constant = self.constant();
                self.line(&format!("mov #{constant}, r{register}"));
            }
        }
        self.line("cmp r12, r13");
    }

    /// A value that passes through a register on its way to what uses it, mostly for that alone.
    fn passing(&mut self, first: u16) {
        let mut pick = |not: &[u16]| loop {
            let register = self.random.random_range(first.max(4)..16);
            if !not.contains(&register) || self.random.random_bool(0.02) {
                return register;
            }
        };
        let through = pick(&[]);
        let (other, free) = (pick(&[through]), pick(&[through]));
        let byte = self.one_of(&["", ".b"]);
        let user_byte = if self.random.random_bool(0.7) {
            byte
        } else {
            ""
        };
        let constant = self.constant();
        let place = match self.random.random_range(0..4) {
            0 => self.slot(),
            _ => self.cell(),
        };
        let from = match self.random.random_range(0..4) {
            0 => self.source_of(first),
            1 => {
                let base = DATA + 2 * self.random.random_range(4..DATA_BYTES / 2 - 4);
                self.line(&format!("mov #{base}, r{other}"));
                let counted = ["@r", "0(r", "2(r"][self.random.random_range(0..3)];
                match counted {
                    "@r" => format!("@r{other}+"),
                    _ => format!("{counted}{other})"),
                }
            }
            _ => place.clone(),
        };
        self.line(&format!("mov{byte} {from}, r{through}"));
        let between = |writer: &mut Self| match writer.random.random_range(0..12) {
            0 => writer.line(&format!("inc r{other}")),
            1 => writer.line(&format!("mov r{free}, {place}")),
            2 => writer.line(&format!("mov r{other}, r{free}")),
            3 => writer.line(&format!("mov #4, r{free}")),
            4 => writer.line(&format!("xor r{through}, r{free}")),
            _ => {}
        };
        between(self);
        let changed = self.random.random_bool(0.4);
        if changed {
            let name = self.one_of(&["add", "addc", "sub", "subc", "and", "bis", "bic", "xor"]);
            match self.random.random_range(0..4) {
                0 => {
                    let name = self.one_of(&["inc", "dec", "inv", "incd"]);
                    self.line(&format!("{name}{user_byte} r{through}"));
                }
                1 => self.line(&format!("{name}{user_byte} #{constant}, r{through}")),
                2 => self.line(&format!("{name}{user_byte} {place}, r{through}")),
                _ => self.line(&format!("{name}{user_byte} r{other}, r{through}")),
            }
            between(self);
            self.line(&format!("mov{byte} r{through}, {place}"));
        } else {
            let name = self.one_of(&["mov", "add", "subc", "cmp", "bit", "bic", "xor"]);
            match self.random.random_range(0..6) {
                0 => self.line(&format!("tst{user_byte} r{through}")),
                1 => {
                    let name = self.one_of(&["cmp", "bit"]);
                    self.line(&format!("{name}{user_byte} #{constant}, r{through}"));
                }
                2 => self.line(&format!("cmp{user_byte} r{other}, r{through}")),
                3 => self.line(&format!("{name}{user_byte} r{through}, r{other}")),
                _ => self.line(&format!("{name}{user_byte} r{through}, {place}")),
            }
        }
        if self.random.random_bool(0.8) {
            self.line(&format!("mov #3, r{through}"));
        }
    }

    /// A sum or a difference of 32 bits as the compiler makes it, its parts now and then not where the carry can be used.
    fn wide(&mut self, first: u16) {
        let mut pick = |not: &[u16]| loop {
            let register = self.random.random_range(first.max(4)..16);
            if !not.contains(&register) || self.random.random_bool(0.02) {
                return register;
            }
        };
        let low = pick(&[]);
        let addend = pick(&[low]);
        let carry = pick(&[low, addend]);
        let high = pick(&[low, addend, carry]);
        let other = pick(&[low, addend, carry, high]);
        let is_sum = self.random.random_bool(0.5);
        let compared = if is_sum && self.random.random_bool(0.3) {
            self.line(&format!("mov r{other}, r{low}"));
            other
        } else {
            addend
        };
        if is_sum {
            self.line(&format!("add r{addend}, r{low}"));
        }
        if self.random.random_bool(0.1) {
            self.line(&format!("mov r{other}, r{addend}"));
        }
        self.line(&format!("cmp r{compared}, r{low}"));
        self.line(&format!("mov #1, r{carry}"));
        self.line(&format!("bic r2, r{carry}"));
        if self.random.random_bool(0.1) {
            self.line(&format!("inc r{other}"));
        }
        let name = if is_sum { "add" } else { "sub" };
        match self.random.random_range(0..4) {
            0 => self.line(&format!("{name} r{carry}, r{high}")),
            1 => {
                self.line(&format!("{name} r{other}, r{high}"));
                self.line(&format!("{name} r{carry}, r{high}"));
            }
            2 => {
                self.line(&format!("{name} r{other}, r{carry}"));
                self.line(&format!("{name} r{carry}, r{high}"));
            }
            _ => self.line(&format!("{name} r{other}, r{carry}")),
        }
        if !is_sum {
            self.line(&format!("sub r{addend}, r{low}"));
        }
        if self.random.random_bool(0.8) {
            self.line(&format!("mov r{high}, r{carry}"));
        }
        self.line(&format!("cmp r{low}, r{high}"));
    }

    fn branch(&mut self, first: u16, from: u16, open: &mut Vec<u32>) {
        let source = self.source_of(first);
        self.line(&format!("cmp {source}, r{from}"));
        self.jump(open);
    }

    fn jump(&mut self, open: &mut Vec<u32>) {
        let (name, label) = (self.function, self.labels);
        self.labels += 1;
        let jump = self.one_of(&["jeq", "jne", "jn", "jge", "jl", "jlo", "jhs"]);
        self.line(&format!("{jump} .LBB{name}_{label}"));
        open.push(label);
    }

    fn long_branch(&mut self, from: u16, open: &mut Vec<u32>) {
        let (name, near, far) = (self.function, self.labels, self.labels + 1);
        self.labels += 2;
        self.line(&format!("tst r{from}"));
        self.line(&format!("jne .LBB{name}_{near}"));
        self.line(&format!("br #.LBB{name}_{far}"));
        let _ = writeln!(self.text, ".LBB{name}_{near}:");
        open.push(far);
    }

    /// Branches to two places further on, some of them more than a jump away.
    fn far(&mut self, first: u16) {
        let name = self.function;
        let targets = [self.labels, self.labels + 1];
        self.labels += 2;
        for _ in 0..self.random.random_range(4..12) {
            let near = self.labels;
            self.labels += 1;
            let target = targets[self.random.random_range(0..2)];
            let (from, source) = (self.random.random_range(first..16), self.source_of(first));
            let jump = self.one_of(&["jeq", "jne", "jn", "jge", "jl", "jlo", "jhs"]);
            self.line(&format!("cmp {source}, r{from}"));
            self.line(&format!("{jump} .LBB{name}_{near}"));
            if self.random.random_bool(0.3) {
                self.line(&format!("xor r{from}, &{DATA}"));
            }
            self.line(&format!("br #.LBB{name}_{target}"));
            let _ = writeln!(self.text, ".LBB{name}_{near}:");
            for _ in 0..[0, 2, 5, 30][self.random.random_range(0..4)] {
                self.piece(first, None);
            }
        }
        for target in targets {
            let _ = writeln!(self.text, ".LBB{name}_{target}:");
            self.piece(first, None);
        }
    }

    fn land(&mut self, open: &mut Vec<u32>) {
        if let Some(label) = open.pop() {
            let _ = writeln!(self.text, ".LBB{}_{label}:", self.function);
        }
    }

    /// A source that is not a register of the caller's.
    fn source_of(&mut self, first: u16) -> String {
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

/// Assembles and links a text.
fn assembled(tools: &CrossToolchain, text: &str, folder: &Path, name: &str) -> Image {
    let path = |extension: &str| folder.join(format!("{name}.{extension}"));
    std::fs::write(path("s"), text).unwrap();
    link::assemble_file(&mut tools.rustc(), &path("s"), &path("o")).unwrap();
    let output = Command::new(tools.linker())
        .args(["--image-base=0", "-Ttext=0x8000", "--entry=f0", "-o"])
        .args([path("elf"), path("o")])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Image::read(&path("elf")).unwrap()
}

/// Registers and memory after a call of a function.
fn after(image: &Image, function: &str, seed: u64) -> (Vec<u16>, Vec<u8>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut memory = Flat(vec![0; 0x10000]);
    for segment in &image.segments {
        let at = usize::from(segment.address);
        memory.0[at..at + segment.bytes.len()].copy_from_slice(&segment.bytes);
    }
    for byte in &mut memory.0[usize::from(DATA)..usize::from(DATA + DATA_BYTES)] {
        *byte = random.random();
    }
    let mut cpu = Cpu::new();
    for register in &mut cpu.registers[4..] {
        *register = if random.random_bool(0.3) {
            0
        } else {
            random.random()
        };
    }
    let entry = image
        .symbols
        .iter()
        .find(|symbol| symbol.name == function)
        .unwrap();
    cpu.registers[0] = entry.address;
    cpu.registers[1] = STACK;
    memory.write_word(STACK, END);
    let mut steps = 0;
    while cpu.registers[0] != END {
        cpu.step(&mut memory).unwrap();
        steps += 1;
        assert!(steps < 20_000_000, "{function} does not end");
    }
    let mut registers = cpu.registers.to_vec();
    // The program counter, the flags and r11 are nobody's.
    for free in [0, 2, 11] {
        registers[free] = 0;
    }
    let data = memory.0[usize::from(DATA)..usize::from(DATA + DATA_BYTES)].to_vec();
    (registers, data)
}

#[test]
#[ignore = "needs the cross toolchain: `cargo xtask setup`"]
fn random_functions_run_alike() {
    let tools = CrossToolchain::find().unwrap();
    let folder = std::env::temp_dir().join(format!("squeeze-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut won = std::collections::BTreeMap::new();
    for program in 0..PROGRAMS {
        let mut writer = Writer {
            random: Xoshiro256PlusPlus::seed_from_u64(program),
            text: format!("\t.set\tAREA, {DATA}\n"),
            function: 0,
            labels: 0,
        };
        for _ in 0..FUNCTIONS {
            writer.function();
        }
        // Every other one is only called by others, so that what these use of it is all that it has to do.
        for public in (0..FUNCTIONS).step_by(2) {
            let _ = writeln!(writer.text, "\t.short\tf{public}");
        }
        let squeezed = squeeze(&writer.text).unwrap();
        let before = assembled(&tools, &writer.text, &folder, "before");
        let after_it = assembled(&tools, &squeezed.text, &folder, "after");
        for (rule, bytes) in squeezed.tally {
            *won.entry(rule).or_insert(0) += bytes;
        }
        for (function, size) in &squeezed.sizes {
            let symbol = after_it
                .symbols
                .iter()
                .find(|symbol| symbol.name == *function)
                .unwrap();
            assert_eq!(
                u32::from(symbol.size),
                *size,
                "program {program}: {function}"
            );
        }
        for public in (0..FUNCTIONS).step_by(2) {
            let function = format!("f{public}");
            for seed in 0..8 {
                assert_eq!(
                    after(&before, &function, seed),
                    after(&after_it, &function, seed),
                    "program {program}, {function}, seed {seed}; the texts lie in {}",
                    folder.display()
                );
            }
        }
    }
    // Each rule has been tried.
    for rule in xtask::squeeze::rules() {
        assert!(
            won.get(rule).is_some_and(|bytes| *bytes > 0),
            "{rule}: never applied; {won:?}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
