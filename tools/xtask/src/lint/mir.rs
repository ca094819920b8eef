//! LLVM's machine code listing: captured from the compiler's error stream, and taken apart.

use std::io::Write;

use anyhow::{Context, Result};

/// A function as instruction selection left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The linker's name.
    pub name: String,
    /// Its instructions in order.
    pub instructions: Vec<Instruction>,
}

/// One instruction of the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The basic block it is in.
    pub block: u32,
    /// Virtual registers it defines, such as `%7`, with their class, `gr8` or `gr16`.
    pub defines: Vec<(String, String)>,
    /// Operation and operands, without what it defines and without source locations.
    pub text: String,
    /// Where in the source: innermost place first, then where that was inlined.
    pub places: Vec<String>,
}

impl Instruction {
    /// The operation's name, such as `SUB16rp`.
    pub fn operation(&self) -> &str {
        let flags = ["nsw", "nuw", "exact", "disjoint", "nneg"];
        self.text
            .split_whitespace()
            .find(|word| !flags.contains(word))
            .unwrap_or("")
    }

    /// Whether it reads that virtual register.
    pub fn reads(&self, register: &str) -> bool {
        self.text.match_indices(register).any(|(at, _)| {
            let after = self.text.as_bytes().get(at + register.len());
            !after.is_some_and(u8::is_ascii_digit)
        })
    }
}

/// Picks the listing out of everything the compiler and cargo print, and keeps a copy without the debug noise.
pub struct Capture<W: Write> {
    /// Where the copy goes.
    copy: W,
    functions: Vec<Function>,
    open: Option<Function>,
    block: u32,
    trouble: Option<std::io::Error>,
}

impl<W: Write> Capture<W> {
    /// A capture that copies to `copy`.
    pub fn new(copy: W) -> Self {
        Self {
            copy,
            functions: Vec::new(),
            open: None,
            block: 0,
            trouble: None,
        }
    }

    /// Takes a line of the compiler's output; false when it belongs to the listing, true when it is for people.
    pub fn line(&mut self, line: &str) -> bool {
        if let Some(rest) = line.strip_prefix("# Machine code for function ") {
            let name = rest.split(':').next().unwrap_or(rest).to_owned();
            self.open = Some(Function {
                name,
                instructions: Vec::new(),
            });
        } else if line.starts_with("# *** IR Dump After") {
            return false;
        } else if line.starts_with("# End machine code for function") {
            self.functions.extend(self.open.take());
        } else if let Some(function) = &mut self.open {
            if !belongs(line) {
                // cargo reports on other crates meanwhile.
                return true;
            }
            if let Some(block) = block_header(line) {
                self.block = block;
            } else if line.trim_start().starts_with("DBG_") {
                return false;
            } else {
                function.instructions.extend(instruction(line, self.block));
            }
        } else {
            return !line.is_empty();
        }
        if self.trouble.is_none() {
            self.trouble = writeln!(self.copy, "{line}").err();
        }
        false
    }

    /// The functions found.
    ///
    /// # Errors
    /// When the copy could not be written, or the listing breaks off in a function.
    pub fn finish(mut self) -> Result<Vec<Function>> {
        self.copy
            .flush()
            .context("cannot write the compiler's listing")?;
        if let Some(trouble) = self.trouble {
            return Err(trouble).context("cannot write the compiler's listing");
        }
        if let Some(function) = self.open {
            anyhow::bail!("the compiler's listing breaks off in {}", function.name);
        }
        Ok(self.functions)
    }
}

/// Whether a line between the two ends of a function is the listing's; cargo's own lines are set in by three and more.
fn belongs(line: &str) -> bool {
    !line.starts_with("   ") && !line.starts_with("warning") && !line.starts_with("error")
}

/// The number of `bb.3 (%ir-block.12):`.
fn block_header(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("bb.")?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// Takes `  %3:gr16, %4:gr16 = nuw ADD16rr … , debug-location !7; src/main.rs:3:4` apart.
fn instruction(line: &str, block: u32) -> Option<Instruction> {
    let line = line
        .strip_prefix("  ")
        .filter(|rest| !rest.starts_with(' '))?;
    if line.starts_with("successors:") || line.starts_with("liveins:") || line.starts_with("fi#") {
        return None;
    }
    let (code, places) = match line.split_once(", debug-location ") {
        Some((code, rest)) => (
            code,
            rest.rsplit_once("; ").map_or("", |(_, places)| places),
        ),
        // An instruction without operands before its location: `RETI debug-location !9; …`.
        None => match line.split_once(" debug-location ") {
            Some((code, rest)) => (
                code,
                rest.rsplit_once("; ").map_or("", |(_, places)| places),
            ),
            None => (line, ""),
        },
    };
    let (defines, text) = match code.split_once(" = ") {
        Some((left, right)) if left.starts_with('%') => (definitions(left), right),
        _ => (Vec::new(), code),
    };
    let places = places
        .split(" @[ ")
        .map(|place| place.trim_end_matches([' ', ']']).to_owned());
    let places = places.filter(|place| !place.is_empty()).collect();
    Some(Instruction {
        block,
        defines,
        text: text.to_owned(),
        places,
    })
}

fn definitions(left: &str) -> Vec<(String, String)> {
    let one = |part: &str| {
        part.trim()
            .split_once(':')
            .map(|(register, class)| (register.to_owned(), class.to_owned()))
    };
    left.split(", ").filter_map(one).collect()
}

/// Parses a listing that is a text already.
#[cfg(test)]
pub fn parse(text: &str) -> Vec<Function> {
    let mut capture = Capture::new(std::io::sink());
    for line in text.lines() {
        capture.line(line);
    }
    capture.finish().expect("a whole listing")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
# *** IR Dump After Finalize ISel and expand pseudo-instructions (finalize-isel) ***:
# Machine code for function widen: IsSSA, TracksLiveness
Function Live Ins: $r12 in %1

bb.0 (%ir-block.0):
  successors: %bb.1(0x80000000); %bb.1(100.00%)
  liveins: $r12
  DBG_VALUE $r12, $noreg, !\"a\", !DIExpression()
  %1:gr16 = COPY $r12
   Compiling other v0.1.0

bb.12.entry:
; predecessors: %bb.0
  %2:gr8, %3:gr16 = nuw MOV8rp %1:gr16(tied-def 1), debug-location !7 :: (load (s8)); core/num.rs:3:4 @[ src/main.rs:9:1 ]
  RET implicit $r12, debug-location !8; src/main.rs:1:2

# End machine code for function widen.

";

    #[test]
    fn a_listing_is_taken_apart() {
        let functions = parse(LISTING);
        assert_eq!(functions.len(), 1);
        assert_eq!(functions[0].name, "widen");
        let [copy, load, back] = functions[0].instructions.as_slice() else {
            panic!("{functions:?}")
        };
        assert_eq!(
            (copy.block, copy.operation(), copy.places.len()),
            (0, "COPY", 0)
        );
        assert_eq!((load.block, load.operation()), (12, "MOV8rp"));
        assert_eq!(
            load.defines,
            [("%2".into(), "gr8".into()), ("%3".into(), "gr16".into())]
        );
        assert_eq!(load.places, ["core/num.rs:3:4", "src/main.rs:9:1"]);
        assert_eq!(
            (back.operation(), back.places.as_slice()),
            ("RET", ["src/main.rs:1:2".to_owned()].as_slice())
        );
        assert!(load.reads("%1") && !load.reads("%11"));
    }

    #[test]
    fn lines_for_people_pass_and_the_copy_has_no_debug_values() {
        let mut copy = Vec::new();
        let mut capture = Capture::new(&mut copy);
        let passed: Vec<_> = LISTING.lines().filter(|line| capture.line(line)).collect();
        capture.finish().unwrap();
        assert_eq!(passed, ["   Compiling other v0.1.0"]);
        assert!(!String::from_utf8(copy).unwrap().contains("DBG_VALUE"));
    }

    #[test]
    fn a_listing_that_breaks_off_is_an_error() {
        let mut capture = Capture::new(std::io::sink());
        capture.line("# Machine code for function half: IsSSA");
        assert!(capture.finish().unwrap_err().to_string().contains("half"));
    }
}
