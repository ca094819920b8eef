//! An MSP430 instruction as the compiler writes it: operands, size, and what it reads and writes.
//!
//! Instructions that the assembler makes of others (`clr`, `inc`, `pop`, `ret` …) are taken for those: `reference` is the CPU's
//! own set of SLAU445, chapter 4, with table 4-7 for the emulated ones.

use std::fmt;

use super::copies;

/// Number of the program counter.
pub const PC: u16 = 0;
/// Number of the stack pointer.
pub const SP: u16 = 1;
/// Number of the status register.
pub const SR: u16 = 2;

/// Where an instruction's value comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operand {
    /// `r12`
    Register(u16),
    /// `6(r12)`, `TABLE(r12)`
    Indexed(String, u16),
    /// `&X`
    Absolute(String),
    /// `#X`
    Immediate(String),
    /// `@r12`
    Indirect(u16),
    /// `@r12+`
    Increment(u16),
    /// `.LBB0_1`: where a jump goes.
    Target(String),
}

impl Operand {
    fn parse(text: &str, is_jump: bool) -> Option<Self> {
        if is_jump {
            return Some(Self::Target(text.to_owned()));
        }
        if let Some(value) = text.strip_prefix('#') {
            return Some(Self::Immediate(value.to_owned()));
        }
        if let Some(address) = text.strip_prefix('&') {
            return Some(Self::Absolute(address.to_owned()));
        }
        if let Some(pointer) = text.strip_prefix('@') {
            return match pointer.strip_suffix('+') {
                Some(pointer) => register(pointer).map(Self::Increment),
                None => register(pointer).map(Self::Indirect),
            };
        }
        if let Some((index, base)) = text
            .strip_suffix(')')
            .and_then(|inside| inside.rsplit_once('('))
        {
            return Some(Self::Indexed(index.to_owned(), register(base)?));
        }
        register(text).map(Self::Register)
    }

    /// The register that an address is made of.
    pub fn base(&self) -> Option<u16> {
        match self {
            Self::Indexed(_, base) | Self::Indirect(base) | Self::Increment(base) => Some(*base),
            _ => None,
        }
    }

    /// The distance from that register where it is a plain number.
    pub fn distance(&self) -> Option<i32> {
        match self {
            Self::Indexed(index, _) => index.parse().ok(),
            Self::Indirect(_) => Some(0),
            _ => None,
        }
    }

    /// Whether it lies in memory.
    pub fn is_memory(&self) -> bool {
        !matches!(
            self,
            Self::Register(_) | Self::Immediate(_) | Self::Target(_)
        )
    }

    /// Bytes of its extension word, of an instruction on bytes or words.
    fn extension_bytes(&self) -> u32 {
        match self {
            Self::Register(_) | Self::Indirect(_) | Self::Increment(_) | Self::Target(_) => 0,
            Self::Indexed(..) | Self::Absolute(_) => 2,
            Self::Immediate(value) => match value.parse::<i32>() {
                Ok(-1 | 0 | 1 | 2 | 4 | 8 | 0xFFFF) => 0,
                _ => 2,
            },
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(number) => write!(f, "r{number}"),
            Self::Indexed(index, base) => write!(f, "{index}(r{base})"),
            Self::Absolute(address) => write!(f, "&{address}"),
            Self::Immediate(value) => write!(f, "#{value}"),
            Self::Indirect(base) => write!(f, "@r{base}"),
            Self::Increment(base) => write!(f, "@r{base}+"),
            Self::Target(label) => f.write_str(label),
        }
    }
}

fn register(text: &str) -> Option<u16> {
    match text {
        "pc" => Some(PC),
        "sp" => Some(SP),
        "sr" => Some(SR),
        _ => text
            .strip_prefix('r')?
            .parse()
            .ok()
            .filter(|number| *number < 16),
    }
}

/// The condition flags, as bits of a mask.
pub mod flag {
    /// Carry.
    pub const C: u16 = 1;
    /// Zero.
    pub const Z: u16 = 2;
    /// Negative.
    pub const N: u16 = 4;
    /// Overflow.
    pub const V: u16 = 8;
    /// All of them.
    pub const ALL: u16 = C | Z | N | V;
}

/// What an instruction does with registers (bit n is register n) and flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effect {
    /// Registers whose value matters.
    pub reads: u16,
    /// Registers that have a new value behind it.
    pub writes: u16,
    /// Flags that matter.
    pub reads_flags: u16,
    /// Flags that are new behind it.
    pub writes_flags: u16,
}

/// Where it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// With the next instruction.
    On,
    /// At a label.
    Jump(String),
    /// At a label or with the next.
    Branch(String),
    /// Through this table.
    Table(String),
    /// Nowhere in this function: it returns, or continues in another.
    Leave,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Its name as written, without `.b`.
    pub name: String,
    /// Whether it works on bytes.
    pub byte: bool,
    /// None to two.
    pub operands: Vec<Operand>,
}

impl Instruction {
    /// Takes a line apart: a tab, a name, a tab, operands. None when it is no instruction that this knows.
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.strip_prefix('\t')?;
        let line = line.split(';').next().unwrap_or(line).trim_end();
        let (name, rest) = line.split_once('\t').unwrap_or((line, ""));
        let (name, byte) = match name.strip_suffix(".b") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if !is_known(name) {
            return None;
        }
        let operands = rest
            .split(", ")
            .filter(|text| !text.is_empty())
            .map(|text| Operand::parse(text, name.starts_with('j')))
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            name: name.to_owned(),
            byte,
            operands,
        })
    }

    /// An instruction on words.
    pub fn new(name: &str, operands: &[Operand]) -> Self {
        Self {
            name: name.to_owned(),
            byte: false,
            operands: operands.to_vec(),
        }
    }

    /// Whether it is this one, on words or bytes.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The operand that is only read, of those with two.
    pub fn source(&self) -> Option<&Operand> {
        match self.operands.as_slice() {
            [source, _] => Some(source),
            _ => None,
        }
    }

    /// The operand that is written, or compared with: the last.
    pub fn destination(&self) -> Option<&Operand> {
        self.operands.last()
    }

    /// Whether it only copies a value.
    pub fn is_move(&self) -> bool {
        self.is("mov") && self.operands.len() == 2
    }

    /// Bytes of code.
    pub fn size(&self) -> u32 {
        2 + self
            .operands
            .iter()
            .map(Operand::extension_bytes)
            .sum::<u32>()
    }

    /// Where the CPU goes on.
    pub fn next(&self) -> Next {
        let target = || match self.operands.first() {
            Some(Operand::Target(label)) => label.clone(),
            _ => String::new(),
        };
        match self.name.as_str() {
            "jmp" => Next::Jump(target()),
            name if name.starts_with('j') => Next::Branch(target()),
            "ret" | "reti" => Next::Leave,
            "br" => match self.operands.first() {
                Some(Operand::Immediate(label))
                    if label.starts_with(".LBB") || label.starts_with(".Ltmp") =>
                {
                    Next::Jump(label.clone())
                }
                Some(Operand::Indexed(table, _)) if table.starts_with(".LJTI") => {
                    Next::Table(table.clone())
                }
                _ => Next::Leave,
            },
            _ => Next::On,
        }
    }

    /// Whether it, or what it calls, may write memory that is not given by an operand of its own.
    pub fn is_call(&self) -> bool {
        self.is("call")
    }

    /// Whether it moves the stack pointer.
    pub fn moves_stack(&self) -> bool {
        matches!(self.name.as_str(), "push" | "pop" | "ret" | "reti")
            || self.effect().writes & (1 << SP) != 0
    }

    /// What it does with registers and flags.
    ///
    /// By the EABI (SLAA534, 3.2 and 6.3) a call reads arguments in r12 to r15, or r8 to r15 where it is a helper for wide numbers,
    /// and spoils r11 to r15; flags mean nothing across it. A return hands over results and what was preserved.
    pub fn effect(&self) -> Effect {
        let mut effect = Effect::default();
        match self.name.as_str() {
            "call" => {
                let arguments = match self.operands.first() {
                    Some(Operand::Immediate(name)) => arguments(name),
                    _ => 0xFF00,
                };
                effect.reads = arguments | 1 << SP;
                effect.writes = 0xF800;
                if self.operands == [Operand::Immediate(copies::NAME.to_owned())] {
                    effect.reads = copies::POINTERS | 1 << SP;
                    effect.writes = copies::POINTERS;
                }
                effect.writes_flags = flag::ALL;
                for operand in &self.operands {
                    effect.reads |= address_registers(operand) | register_bit(operand);
                }
                return effect;
            }
            "ret" => {
                effect.reads = !(1 << 11);
                return effect;
            }
            "reti" => {
                effect.reads = 0xFFFF;
                return effect;
            }
            "br" => {
                effect.reads = match self.next() {
                    Next::Leave => 0xFFFF,
                    _ => self.operands.iter().map(address_registers).sum(),
                };
                return effect;
            }
            "clrc" | "setc" => effect.writes_flags = flag::C,
            "clrz" | "setz" => effect.writes_flags = flag::Z,
            "clrn" | "setn" => effect.writes_flags = flag::N,
            "dint" | "eint" | "nop" => {}
            "jmp" => {}
            "jeq" | "jne" | "jz" | "jnz" => effect.reads_flags = flag::Z,
            "jlo" | "jhs" | "jc" | "jnc" => effect.reads_flags = flag::C,
            "jn" => effect.reads_flags = flag::N,
            "jge" | "jl" => effect.reads_flags = flag::N | flag::V,
            name => {
                effect.writes_flags = match name {
                    "mov" | "bis" | "bic" | "clr" | "push" | "pop" | "swpb" => 0,
                    _ => flag::ALL,
                };
                effect.reads_flags = match name {
                    "adc" | "addc" | "subc" | "sbc" | "rlc" | "rrc" | "dadd" | "dadc" => flag::C,
                    _ => 0,
                };
            }
        }
        if matches!(self.name.as_str(), "push" | "pop") {
            effect.reads |= 1 << SP;
            effect.writes |= 1 << SP;
        }
        if let [first, _] = self.operands.as_slice() {
            effect.reads |= register_bit(first) | address_registers(first);
            if let Operand::Increment(base) = first {
                effect.writes |= 1 << base;
            }
        }
        if let Some(last) = self.operands.last() {
            effect.reads |= address_registers(last);
            let bit = register_bit(last);
            let only_written = matches!(self.name.as_str(), "mov" | "clr" | "pop");
            if !only_written {
                effect.reads |= bit;
            }
            if !matches!(self.name.as_str(), "cmp" | "bit" | "tst" | "push") {
                effect.writes |= bit;
            }
        }
        if effect.writes & (1 << SR) != 0 {
            effect.writes_flags = flag::ALL;
        }
        if effect.reads & (1 << SR) != 0 {
            effect.reads_flags = flag::ALL;
        }
        effect
    }

    /// Whether it sets Z and N as a comparison of its result with zero would.
    pub fn tells_zero(&self) -> bool {
        matches!(
            self.name.as_str(),
            "add"
                | "addc"
                | "sub"
                | "subc"
                | "and"
                | "xor"
                | "inc"
                | "incd"
                | "dec"
                | "decd"
                | "inv"
                | "adc"
                | "sbc"
                | "rra"
                | "rrc"
                | "rla"
                | "rlc"
                | "sxt"
        )
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\t{}{}", self.name, if self.byte { ".b" } else { "" })?;
        for (k, operand) in self.operands.iter().enumerate() {
            write!(f, "{}{operand}", if k == 0 { "\t" } else { ", " })?;
        }
        Ok(())
    }
}

fn register_bit(operand: &Operand) -> u16 {
    match operand {
        Operand::Register(number) => 1 << number,
        _ => 0,
    }
}

fn address_registers(operand: &Operand) -> u16 {
    operand.base().map_or(0, |base| 1 << base)
}

/// Registers that a function may take arguments in, by its name.
fn arguments(name: &str) -> u16 {
    match name.strip_prefix("__mspabi_") {
        Some("mpyi" | "divi" | "divu" | "remi" | "remu") => 0x3000,
        Some("mpyl" | "divli" | "divul" | "remli" | "remul") => 0xF000,
        Some(_) => 0xFF00,
        None if ["memcpy", "memset"].contains(&name) => 0x7000,
        None => 0xF000,
    }
}

fn is_known(name: &str) -> bool {
    const NAMES: [&str; 55] = [
        "mov", "add", "addc", "subc", "sub", "cmp", "dadd", "bit", "bic", "bis", "xor", "and",
        "adc", "br", "clr", "clrc", "clrn", "clrz", "dadc", "dec", "decd", "dint", "eint", "inc",
        "incd", "inv", "nop", "pop", "ret", "rla", "rlc", "sbc", "setc", "setn", "setz", "tst",
        "rrc", "swpb", "rra", "sxt", "push", "call", "reti", "jmp", "jne", "jnz", "jeq", "jz",
        "jnc", "jlo", "jc", "jhs", "jn", "jge", "jl",
    ];
    NAMES.contains(&name)
}
