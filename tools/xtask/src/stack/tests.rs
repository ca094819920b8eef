//! The stack bound on small programs, written as instruction words.

use super::*;
use crate::image::{Section, Segment, Symbol};

const RET: u16 = 0x4130;
const RETI: u16 = 0x1300;
const EINT: u16 = 0xD232;
const NOP: u16 = 0x4303;
const PUSH_R10: u16 = 0x120A;
const POP_R10: u16 = 0x413A;
const CALL_R12: u16 = 0x128C;
/// `jmp $`
const HALT: u16 = 0x3FFF;

/// A program under construction: functions one after the other, and vectors.
struct Program {
    image: Image,
    end: u16,
}

impl Program {
    fn new() -> Self {
        let image = Image {
            segments: vec![Segment {
                address: 0xA000,
                bytes: Vec::new(),
            }],
            ..Image::default()
        };
        Self { image, end: 0xA000 }
    }

    fn function(&mut self, name: &str, words: &[u16]) -> u16 {
        let address = self.end;
        let size = 2 * words.len() as u16;
        self.image.segments[0]
            .bytes
            .extend(words.iter().flat_map(|word| word.to_le_bytes()));
        self.image.symbols.push(Symbol {
            name: name.into(),
            address,
            size,
            function: true,
            file: None,
        });
        self.end += size;
        address
    }

    fn vector(&mut self, vector: u16, entry: u16) {
        self.image.segments.push(Segment {
            address: vector,
            bytes: entry.to_le_bytes().into(),
        });
    }

    fn worst(self, reset: u16, declared: &str) -> Result<WorstCase> {
        let mut program = self;
        let size = u32::from(program.end - 0xA000);
        program.image.sections.push(Section {
            name: ".text".into(),
            address: 0xA000,
            size,
            executable: true,
            loaded: true,
        });
        program.vector(0xFFFE, reset);
        WorstCase::of(&program.image, &Declared::parse(declared).unwrap())
    }
}

/// `call #target`
fn call(target: u16) -> [u16; 2] {
    [0x12B0, target]
}

/// What is wrong with a program.
fn complaint(program: Program, reset: u16) -> String {
    format!("{:#}", program.worst(reset, "").unwrap_err())
}

#[test]
fn pushes_frames_and_return_addresses_add_up() {
    let mut program = Program::new();
    let leaf = program.function("leaf", &[0x8031, 16, 0x5031, 16, RET]);
    let [c0, c1] = call(leaf);
    let middle = program.function(
        "middle",
        &[PUSH_R10, PUSH_R10, c0, c1, POP_R10, POP_R10, RET],
    );
    let [c0, c1] = call(middle);
    let main = program.function("main", &[0x4031, 0x3000, c0, c1, HALT]);
    let worst = program.worst(main, "").unwrap();
    assert_eq!(worst.bytes(), 2 + 4 + 2 + 16);
    assert_eq!(worst.thread.chain, ["main 2", "middle 6", "leaf 16"]);
}

#[test]
fn the_deeper_branch_counts() {
    let mut program = Program::new();
    // jeq over the push; both ends meet with the same depth
    let main = program.function("main", &[0x2402, PUSH_R10, POP_R10, HALT]);
    assert_eq!(program.worst(main, "").unwrap().bytes(), 2);
}

#[test]
fn jumps_into_other_functions_are_followed() {
    let mut program = Program::new();
    let body = program.function("body", &[PUSH_R10, POP_R10, RET]);
    let front = program.function("front", &[0x4030, body]);
    let [c0, c1] = call(front);
    let main = program.function("main", &[c0, c1, HALT]);
    assert_eq!(program.worst(main, "").unwrap().bytes(), 4);
}

#[test]
fn jump_tables_lead_into_their_function() {
    let mut program = Program::new();
    let start = program.end;
    // br table(r12); case 0: halt; case 1: push, halt. The table follows, then something that is no target.
    let main = program.function("main", &[0x4C10, start + 10, HALT, PUSH_R10, HALT]);
    program.function("table", &[start + 4, start + 6, 0x0001]);
    program.image.symbols.pop();
    assert_eq!(program.worst(main, "").unwrap().bytes(), 2);
}

#[test]
fn nothing_is_followed_behind_a_call_that_does_not_return() {
    let mut program = Program::new();
    let halt = program.function("halt", &[HALT]);
    let [c0, c1] = call(halt);
    // What stands behind would pop more than was pushed.
    let main = program.function("main", &[c0, c1, POP_R10, HALT]);
    assert_eq!(program.worst(main, "").unwrap().bytes(), 2);
}

#[test]
fn recursion_is_named() {
    let mut program = Program::new();
    let [c0, c1] = call(program.end);
    let again = program.function("again", &[PUSH_R10, c0, c1, POP_R10, RET]);
    let [c0, c1] = call(again);
    let main = program.function("main", &[c0, c1, HALT]);
    assert!(complaint(program, main).contains("recursion: again > again"));
}

#[test]
fn unbalanced_code_is_refused() {
    let mut program = Program::new();
    // push in a loop
    let main = program.function("main", &[PUSH_R10, 0x3FFE]);
    assert!(complaint(program, main).contains("is reached with"));
    let mut program = Program::new();
    let main = program.function("main", &[POP_R10, HALT]);
    assert!(complaint(program, main).contains("pops more"));
    let mut program = Program::new();
    let main = program.function("main", &[0x8C01, HALT]);
    assert!(complaint(program, main).contains("cannot be followed"));
}

#[test]
fn computed_calls_need_a_declaration() {
    let build = || {
        let mut program = Program::new();
        program.function("small", &[RET]);
        program.function("large", &[PUSH_R10, POP_R10, RET]);
        let main = program.function("main", &[CALL_R12, HALT]);
        (program, main)
    };
    let (program, main) = build();
    assert!(complaint(program, main).contains("main calls through a pointer"));
    let declared =
        "[[indirect]]\ncaller = \"main\"\ntargets = [\"small\", \"large\"]\nreason = \"the table\"";
    let (program, main) = build();
    assert_eq!(program.worst(main, declared).unwrap().bytes(), 4);
    let (program, main) = build();
    let gone = declared.replace("small", "gone");
    assert!(
        format!("{:#}", program.worst(main, &gone).unwrap_err())
            .contains("gone, called by main, is not in the image")
    );
    let (program, main) = build();
    let more = format!("{declared}\n[[nesting]]\nfunction = \"small\"\nreason = \"none\"");
    assert!(
        format!("{:#}", program.worst(main, &more).unwrap_err())
            .contains("small needs its declaration no more")
    );
}

#[test]
fn a_function_may_save_registers_for_its_caller() {
    let build = || {
        let mut program = Program::new();
        // push r9; mov 2(sp), r4; mov r10, 2(sp); br r4 - and the counterpart: pop r9; pop r10; ret
        let save = program.function("save", &[0x1209, 0x4114, 2, 0x4A81, 2, 0x4400]);
        let restore = program.function("restore", &[0x4139, POP_R10, RET]);
        let [c0, c1] = call(save);
        let helper = program.function("helper", &[c0, c1, 0x4030, restore]);
        let [c0, c1] = call(helper);
        let main = program.function("main", &[c0, c1, HALT]);
        (program, main)
    };
    let (program, main) = build();
    assert!(complaint(program, main).contains("save jumps to a computed address"));
    let (program, main) = build();
    let declared = "[[saving]]\nfunction = \"save\"\nreason = \"shared prologue\"";
    assert_eq!(program.worst(main, declared).unwrap().bytes(), 2 + 4);
}

/// Two plain handlers of 6 and 8 bytes, a nesting one of 6, a thread that needs none.
fn interrupted() -> (Program, u16) {
    let mut program = Program::new();
    let small = program.function("SMALL", &[PUSH_R10, POP_R10, RETI]);
    let large = program.function("LARGE", &[PUSH_R10, PUSH_R10, POP_R10, POP_R10, RETI]);
    let block = program.function("BLOCK", &[PUSH_R10, EINT, NOP, POP_R10, RETI]);
    let main = program.function("main", &[HALT]);
    for (vector, entry) in [
        (0xFFA4, small),
        (0xFFA6, large),
        (0xFFA8, block),
        (0xFFAA, 0xFFFF),
    ] {
        program.vector(vector, entry);
    }
    (program, main)
}

#[test]
fn handlers_add_once_each_when_they_nest_and_the_deepest_otherwise() {
    let (program, main) = interrupted();
    let worst = program
        .worst(
            main,
            "[[nesting]]\nfunction = \"BLOCK\"\nreason = \"raised once a block\"",
        )
        .unwrap();
    assert_eq!(worst.bytes(), 6 + 8);
    assert_eq!(worst.nesting.len(), 1);
    assert_eq!(worst.plain.as_ref().unwrap().name, "LARGE");
    assert!(
        worst.explain().contains("BLOCK, may be interrupted"),
        "{}",
        worst.explain()
    );
}

#[test]
fn nesting_needs_a_declaration() {
    let (program, main) = interrupted();
    assert!(complaint(program, main).contains("handler BLOCK enables interrupts"));
    let (program, main) = interrupted();
    let restoring = "[[restoring]]\nfunction = \"BLOCK\"\nreason = \"only in a critical section\"";
    assert_eq!(program.worst(main, restoring).unwrap().bytes(), 8);
}

/// `mov r12, &MPY`
const MULTIPLY: [u16; 2] = [0x4C82, 0x04C0];

#[test]
fn only_nesting_handlers_and_masked_code_multiply() {
    let [m0, m1] = MULTIPLY;
    let declared = "[[nesting]]\nfunction = \"BLOCK\"\nreason = \"raised once a block\"";
    let mut program = Program::new();
    let helper = program.function("helper", &[0xC232, NOP, m0, m1, RET]);
    let [c0, c1] = call(helper);
    let block = program.function("BLOCK", &[EINT, NOP, m0, m1, RETI]);
    program.vector(0xFFA4, block);
    let main = program.function("main", &[c0, c1, HALT]);
    program.worst(main, declared).unwrap();

    let mut program = Program::new();
    let helper = program.function("helper", &[0xC232, NOP, m0, m1, RET]);
    let [c0, c1] = call(helper);
    let sample = program.function("SAMPLE", &[c0, c1, RETI]);
    program.vector(0xFFA4, sample);
    let main = program.function("main", &[m0, m1, HALT]);
    let complaint = complaint(program, main);
    assert!(
        complaint.contains("handler SAMPLE uses the multiplier"),
        "{complaint}"
    );
    assert!(
        complaint.contains("main uses the multiplier outside handlers"),
        "{complaint}"
    );
}
