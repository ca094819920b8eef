//! The lint against recorded machine code listings: what plain `cargo test` can check without a cross toolchain.
//!
//! `lint_on_target.rs` does the same with what the installed compiler makes of the functions today.

use xtask::lint::{Capture, Case, Finding, Function, examine_function};

const RECORDED: &str = include_str!("lint/recorded.mir");

fn parse(text: &str) -> Vec<Function> {
    let mut capture = Capture::new(std::io::sink());
    for line in text.lines() {
        capture.line(line);
    }
    capture.finish().unwrap()
}

fn findings(name: &str) -> Vec<Finding> {
    let functions = parse(RECORDED);
    let function = functions.iter().find(|function| function.name == name);
    examine_function(function.unwrap_or_else(|| panic!("{name} is not recorded")))
}

/// Each case that a function is reported for, once.
fn cases(name: &str) -> Vec<Case> {
    let mut cases: Vec<_> = findings(name)
        .into_iter()
        .map(|finding| finding.case)
        .collect();
    cases.dedup();
    cases
}

#[test]
fn wrong_functions_are_reported_as_their_case() {
    assert_eq!(cases("wrong_a_subtract_in_place"), [Case::A]);
    assert_eq!(cases("wrong_a_subtract_bytes"), [Case::A]);
    assert_eq!(cases("wrong_b_truncate_and_limit"), [Case::B]);
    assert_eq!(cases("wrong_b_byte_parameters"), [Case::B]);
    assert_eq!(cases("wrong_b_variable_shift"), [Case::B]);
    assert_eq!(cases("wrong_c_checked_multiply"), [Case::C]);
    assert_eq!(cases("wrong_d_low_byte_as_value"), [Case::D]);
}

#[test]
fn right_functions_are_not_reported() {
    let functions = parse(RECORDED);
    let right: Vec<_> = functions
        .iter()
        .filter(|function| function.name.starts_with("right_"))
        .collect();
    assert_eq!(right.len(), 9);
    for function in right {
        assert_eq!(examine_function(function), [], "{}", function.name);
    }
}

#[test]
fn a_finding_says_what_where_and_what_to_do() {
    let text = findings("wrong_d_low_byte_as_value")[0].to_string();
    assert!(
        text.starts_with("case D in wrong_d_low_byte_as_value: "),
        "{text}"
    );
    assert!(
        text.contains("branch on it") && text.contains("src/lib.rs:"),
        "{text}"
    );
}

/// A function of one block with these instructions.
fn cases_of(body: &[&str]) -> Vec<Case> {
    let lines = body
        .iter()
        .map(|line| format!("  {line}\n"))
        .collect::<String>();
    let text = format!(
        "# Machine code for function f: IsSSA\nbb.0 (%ir-block.0):\n{lines}# End machine code for function f.\n"
    );
    let functions = parse(&text);
    examine_function(&functions[0])
        .into_iter()
        .map(|finding| finding.case)
        .collect()
}

const WIDEN: &str = "%9:gr16 = SUBREG_TO_REG 0, killed %3:gr8, %subreg.subreg_8bit";

#[test]
fn case_b_follows_copies_and_selects_to_where_a_byte_comes_from() {
    let dirty: [&[&str]; 4] = [
        &["%3:gr8 = COPY $r12b", WIDEN],
        &["%2:gr8 = COPY $r12b", "%3:gr8 = COPY %2:gr8", WIDEN],
        &[
            "%1:gr8 = MOV8rm %7:gr16, 0",
            "%2:gr8 = COPY $r13b",
            "%3:gr8 = PHI %1:gr8, %bb.1, %2:gr8, %bb.2",
            WIDEN,
        ],
        &[
            "%1:gr16 = ADD16rr %7:gr16(tied-def 0), %8:gr16",
            "%2:gr8 = COPY %1.subreg_8bit:gr16",
            "%3:gr8 = COPY %2:gr8",
            WIDEN,
        ],
    ];
    for body in dirty {
        assert_eq!(cases_of(body), [Case::B], "{body:?}");
    }
    let clean: [&[&str]; 5] = [
        &["%3:gr8 = MOV8rm %7:gr16, 0", WIDEN],
        &[
            "%3:gr8 = ADD8rr %1:gr8(tied-def 0), %2:gr8, implicit-def dead $sr",
            WIDEN,
        ],
        &[
            "%1:gr16 = AND16ri %7:gr16(tied-def 0), 15, implicit-def dead $sr",
            "%2:gr8 = COPY %1.subreg_8bit:gr16",
            "%3:gr8 = COPY %2:gr8",
            WIDEN,
        ],
        &[
            "%1:gr16 = MOVZX16rm8 %7:gr16, 0",
            "%2:gr8 = COPY %1.subreg_8bit:gr16",
            "%3:gr8 = COPY killed %2:gr8",
            WIDEN,
        ],
        &[
            "%3:gr8 = PHI %3:gr8, %bb.0, %4:gr8, %bb.1",
            "%4:gr8 = MOV8rc 1",
            WIDEN,
        ],
    ];
    for body in clean {
        assert_eq!(cases_of(body), [], "{body:?}");
    }
}

#[test]
fn case_b_knows_that_flags_made_of_bits_are_clean() {
    let flags = |last: &'static str| {
        [
            "%1:gr16 = MOV16rc 1",
            "%4:gr16 = BIC16rr %1:gr16(tied-def 0), %9:gr16, implicit-def dead $sr",
            "%5:gr16 = AND16rc %9:gr16(tied-def 0), 1, implicit-def dead $sr",
            last,
            "%2:gr8 = COPY %6.subreg_8bit:gr16",
            "%3:gr8 = COPY %2:gr8",
            "%10:gr16 = SUBREG_TO_REG 0, %3:gr8, %subreg.subreg_8bit",
        ]
    };
    let clean = "%6:gr16 = XOR16rr %4:gr16(tied-def 0), killed %5:gr16, implicit-def dead $sr";
    assert_eq!(cases_of(&flags(clean)), []);
    let dirty = "%6:gr16 = XOR16rr %4:gr16(tied-def 0), killed %9:gr16, implicit-def dead $sr";
    assert_eq!(cases_of(&flags(dirty)), [Case::B]);
}

#[test]
fn case_d_is_the_carry_of_a_comparison_with_zero_only() {
    let use_carry = "%4:gr16 = AND16rc %2:gr16(tied-def 0), 1, implicit-def dead $sr";
    let use_zero = "%4:gr16 = RRA16r %2:gr16(tied-def 0), implicit-def dead $sr";
    let copy = "%2:gr16 = COPY $sr";
    let test_zero = "CMP8rc %1:gr8, 0, implicit-def $sr";
    let test_five = "CMP8ri %1:gr8, 5, implicit-def $sr";
    assert_eq!(cases_of(&[test_zero, copy, use_carry]), [Case::D]);
    assert_eq!(cases_of(&[test_zero, copy, use_zero]), []);
    assert_eq!(cases_of(&[test_five, copy, use_carry]), []);
    assert_eq!(
        cases_of(&[copy, use_carry]),
        [Case::D],
        "flags from nowhere"
    );
}
