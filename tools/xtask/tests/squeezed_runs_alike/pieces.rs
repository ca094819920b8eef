//! Pieces of random functions that one rule each looks for, now and then not quite as it wants them.

use std::fmt::Write as _;

use rand::Rng;

use super::writer::Writer;
use super::{DATA, DATA_BYTES};

impl Writer {
    /// A number of the zero flag, of anything or of a counter that has been incremented.
    pub fn zeroed(&mut self, first: u16) {
        let mut pick = |not: u16| loop {
            let register = self.random.random_range(first.max(4)..16);
            if register != not {
                return register;
            }
        };
        let (tested, other) = (pick(0), pick(0));
        let kept = pick(other);
        let (low, high) = (self.cell(), self.cell());
        match self.random.random_range(0..4) {
            0 => {
                self.line(&format!("mov #1, r{tested}"));
                self.line(&format!("add {low}, r{tested}"));
                self.line(&format!("mov r{tested}, {low}"));
                self.line(&format!("tst r{tested}"));
            }
            1 => {
                self.line(&format!("inc r{tested}"));
                self.line(&format!("tst r{tested}"));
            }
            2 => self.line(&format!("tst {low}")),
            _ => {
                let byte = self.one_of(&["", ".b"]);
                self.line(&format!("tst{byte} r{tested}"));
            }
        }
        self.line(&format!("mov r2, r{kept}"));
        match self.random.random_range(0..10) {
            0 => self.line(&format!("addc #0, r{other}")),
            1 => self.line(&format!("xor r{kept}, r{other}")),
            2 => self.line(&format!("mov {high}, r{other}")),
            _ => {}
        }
        self.line(&format!("rra r{kept}"));
        if self.random.random_bool(0.05) {
            self.line(&format!("rrc r{other}"));
        }
        self.line(&format!("and #1, r{kept}"));
        match self.random.random_range(0..3) {
            0 => self.line(&format!("add r{kept}, {high}")),
            1 => self.line(&format!("add r{kept}, r{other}")),
            _ => self.line(&format!("mov r{kept}, r{other}")),
        }
        if self.random.random_bool(0.7) {
            self.line(&format!("mov #3, r{kept}"));
            self.line(&format!("mov #3, r{tested}"));
        }
        self.line(&format!("cmp r{other}, r{tested}"));
    }

    /// A shift by many places as the compiler makes it, something else between its steps.
    pub fn shifted(&mut self, first: u16) {
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
    pub fn copied(&mut self, first: u16) {
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
    pub fn passing(&mut self, first: u16) {
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
        let from = match self.random.random_range(0..5) {
            0 => self.source_of(first),
            4 => ["r2".to_owned(), format!("r{free}")][self.random.random_range(0..2)].clone(),
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
            5 => writer.line(&format!("cmp r{other}, r{free}")),
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
    pub fn wide(&mut self, first: u16) {
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

    /// Branches to two places further on, some of them more than a jump away.
    pub fn far(&mut self, first: u16) {
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
}
