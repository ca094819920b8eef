//! Each rule where it applies, and where it must not.

use super::squeeze;

/// A function of these lines that anybody may call, squeezed: its instructions, separated by `; `.
fn squeezed(lines: &str) -> String {
    squeezed_beside(lines, "\t.short\tf\n")
}

/// The same beside other text.
fn squeezed_beside(lines: &str, others: &str) -> String {
    let body: String = lines
        .split("; ")
        .map(|line| match line.strip_suffix(':') {
            Some(_) => format!("{line}\n"),
            None => format!("\t{}\n", line.replacen(' ', "\t", 1)),
        })
        .collect();
    let text = format!("f:\n.Lfunc_begin0:\n{body}.Lfunc_end0:\n{others}");
    let squeezed = squeeze(&text).unwrap().text;
    let (_, function) = squeezed.split_once(".Lfunc_begin0:\n").unwrap();
    let (function, _) = function.split_once(".Lfunc_end0").unwrap();
    let lines: Vec<String> = function
        .lines()
        .map(|line| line.trim_start().replacen('\t', " ", 1))
        .collect();
    lines.join("; ")
}

#[track_caller]
fn becomes(before: &str, after: &str) {
    assert_eq!(squeezed(before), after);
}

#[track_caller]
fn stays(lines: &str) {
    becomes(lines, lines);
}

#[test]
fn an_address_without_distance_needs_no_word() {
    becomes("mov 0(r12), r13; ret", "mov @r12, r13; ret");
    // There is no such destination, what is changed is one too, and the assembler knows no such push.
    stays("push 0(r12); pop r12; ret");
    stays("mov r13, 0(r12); ret");
    stays("rra 0(r12); ret");
}

#[test]
fn a_result_is_not_compared_with_zero_again() {
    becomes(
        "add #-1, r12; tst r12; jeq .LBB0_1; inc r13; .LBB0_1:; ret",
        "add #-1, r12; jeq .LBB0_1; inc r13; .LBB0_1:; ret",
    );
    // A move between changes nothing.
    becomes(
        "sub r14, r12; mov r12, r15; cmp #0, r12; jne .LBB0_1; inc r13; .LBB0_1:; ret",
        "sub r14, r12; mov r12, r15; jne .LBB0_1; inc r13; .LBB0_1:; ret",
    );
    // The overflow of an addition is not that of a comparison.
    stays("add r13, r12; tst r12; jge .LBB0_1; inc r13; .LBB0_1:; ret");
    // The byte alone may be zero.
    stays("add.b r13, r12; tst r12; jeq .LBB0_1; inc r13; .LBB0_1:; ret");
    stays("add r13, r12; tst.b r12; jeq .LBB0_1; inc r13; .LBB0_1:; ret");
    // Somebody else's flags.
    stays("add r13, r12; inc r14; tst r12; jeq .LBB0_1; inc r13; .LBB0_1:; ret");
    stays("mov r13, r12; tst r12; jeq .LBB0_1; inc r13; .LBB0_1:; ret");
}

#[test]
fn a_value_goes_where_it_is_wanted() {
    becomes(
        "mov @r12, r14; mov r14, r13; clr r14; ret",
        "mov @r12, r13; clr r14; ret",
    );
    // Both are wanted.
    stays("mov @r12, r14; mov r14, r13; ret");
}

#[test]
fn a_pointer_counts_on() {
    becomes(
        "mov 0(r12), r13; mov 2(r12), r14; clr r12; ret",
        "mov @r12+, r13; mov @r12, r14; clr r12; ret",
    );
    becomes("mov.b @r12, r13; inc r12; ret", "mov.b @r12+, r13; ret");
    // The assembler takes no memory behind it.
    stays("mov @r12, 4(r13); mov 2(r12), r14; clr r12; ret");
    // It is wanted as it was, here or at the other end of a jump.
    stays("mov @r12, r13; mov 2(r12), r14; ret");
    stays("mov @r12, r13; tst r13; jeq .LBB0_1; mov 2(r12), r14; clr r12; ret; .LBB0_1:; ret");
    stays("mov @r12, r13; add #1, r12; ret");
}

#[test]
fn a_value_at_hand_is_taken() {
    becomes(
        "mov #1234, r12; mov #1234, r13; ret",
        "mov #1234, r12; mov r12, r13; ret",
    );
    becomes(
        "mov r12, 4(r1); mov 4(r1), r13; ret",
        "mov r12, 4(r1); mov r12, r13; ret",
    );
    // Changed since, by itself, by a callee, or through a pointer to the stack.
    stays("mov #1234, r12; inc r12; mov #1234, r13; ret");
    stays("mov r10, 4(r1); call #g; mov 4(r1), r13; ret");
    stays("mov r1, r14; mov r12, 4(r1); mov r13, 2(r14); mov 4(r1), r13; ret");
    stays("mov r12, 4(r1); mov.b r13, 5(r1); mov 4(r1), r13; ret");
    // The generated constants cost nothing.
    stays("mov #4, r12; mov #4, r13; ret");
}

#[test]
fn sums_use_the_carry() {
    // Upper half in place, from a third place, and made where the carry was.
    becomes(
        "add r14, r12; cmp r14, r12; mov #1, r15; bic r2, r15; add @r10, r13; add r15, r13; clr r15; ret",
        "add r14, r12; addc @r10, r13; clr r15; ret",
    );
    becomes(
        "mov r14, r12; add @r9, r12; cmp r14, r12; mov #1, r15; bic r2, r15; add r15, r13; clr r15; ret",
        "mov r14, r12; add @r9, r12; addc #0, r13; clr r15; ret",
    );
    becomes(
        "add r14, r12; cmp r14, r12; mov #1, r15; bic r2, r15; add &512, r15; ret",
        "add r14, r12; mov &512, r15; addc #0, r15; ret",
    );
    // Compared with something else; what was added has changed; the 1 is wanted afterwards; a flag is asked for.
    stays("add r14, r12; cmp r13, r12; mov #1, r15; bic r2, r15; add r15, r13; clr r15; ret");
    stays(
        "add r14, r12; mov r10, r14; cmp r14, r12; mov #1, r15; bic r2, r15; add r15, r13; clr r15; ret",
    );
    stays("add r14, r12; cmp r14, r12; mov #1, r15; bic r2, r15; add r15, r13; ret");
    stays(
        "add r14, r12; cmp r14, r12; mov #1, r15; bic r2, r15; add r15, r13; jlo .LBB0_1; inc r13; .LBB0_1:; clr r15; ret",
    );
}

#[test]
fn differences_use_the_borrow() {
    becomes(
        "cmp r14, r12; mov #1, r10; bic r2, r10; sub r15, r13; sub r10, r13; sub r14, r12; clr r10; ret",
        "sub r14, r12; subc r15, r13; clr r10; ret",
    );
    // The old value is wanted in between.
    becomes(
        "cmp r14, r12; mov #1, r10; bic r2, r10; sub r10, r13; mov r12, r15; sub r14, r12; clr r10; ret",
        "cmp r14, r12; subc #0, r13; mov r12, r15; sub r14, r12; clr r10; ret",
    );
    stays(
        "cmp r14, r12; mov #1, r10; bic r2, r10; inc r15; sub r10, r13; sub r14, r12; jeq .LBB0_1; inc r13; .LBB0_1:; ret",
    );
}

#[test]
fn not_zero_is_the_carry_of_a_comparison() {
    becomes(
        "tst r12; mov r2, r13; clr r14; rra r13; mov #1, r15; bic r13, r15; clr r13; ret",
        "clr r14; cmp #1, r12; mov #0, r15; addc #0, r15; clr r13; ret",
    );
    // What was tested has changed; the kept status is wanted; another flag.
    stays("tst r12; mov r2, r13; clr r12; rra r13; mov #1, r15; bic r13, r15; clr r13; ret");
    stays("tst r12; mov r2, r13; clr r14; rra r13; mov #1, r15; bic r13, r15; ret");
    stays("cmp r14, r12; mov r2, r13; clr r14; rra r13; mov #1, r15; bic r13, r15; clr r13; ret");
}

#[test]
fn a_handler_saves_for_itself() {
    let lines = "push r8; push r9; push r10; tst &512; jeq .LBB0_1; inc &514; .LBB0_1:; pop r10; pop r9; pop r8; reti";
    stays(lines);
    // Pushes in another order are no prologue.
    stays("push r13; push r12; call #g; pop r12; pop r13; ret");
}

#[test]
fn what_no_caller_reads_is_no_result() {
    let lines = "mov @r12, r13; mov 2(r12), r14; mov r13, &512; mov r14, &514; ret";
    let caller = |uses: &str| {
        format!("g:\n.Lfunc_begin1:\n\tcall\t#f\n{uses}\tret\n.Lfunc_end1:\n\t.short\tg\n")
    };
    let overwritten = "\tmov\t&516, r12\n\tmov\t&518, r13\n\tmov\t&516, r14\n\tmov\t&518, r15\n";
    assert_eq!(
        squeezed_beside(lines, &caller(overwritten)),
        "mov @r12+, r13; mov @r12, r14; mov r13, &512; mov r14, &514; ret"
    );
    assert_eq!(
        squeezed_beside(lines, &caller("")),
        "mov @r12, r13; mov 2(r12), r14; mov r13, &512; mov r14, &514; ret"
    );
    // A pointer to it makes it anybody's, and so does its being global.
    let global = caller(overwritten) + "\t.globl\tf\n";
    assert!(squeezed_beside(lines, &global).starts_with("mov @r12, r13; mov 2(r12), r14"));
    let pointed = caller(overwritten) + "\t.short\tf\n";
    assert!(squeezed_beside(lines, &pointed).starts_with("mov @r12, r13; mov 2(r12), r14"));
}

#[test]
fn what_a_callee_does_not_read_is_no_argument() {
    let callee = "g:\n.Lfunc_begin1:\n\tmov\tr12, &512\n\tret\n.Lfunc_end1:\n\t.short\tf\n";
    assert_eq!(
        squeezed_beside(
            "mov @r12, r14; mov r14, r12; call #g; clr r12; clr r13; clr r14; clr r15; ret",
            callee
        ),
        "mov @r12, r12; call #g; clr r12; clr r13; clr r14; clr r15; ret"
    );
    assert_eq!(
        squeezed_beside(
            "mov @r12, r14; mov r14, r12; call #elsewhere; clr r12; clr r13; clr r14; clr r15; ret",
            callee
        ),
        "mov @r12, r14; mov r14, r12; call #elsewhere; clr r12; clr r13; clr r14; clr r15; ret"
    );
}

#[test]
fn what_somebody_wrote_by_hand_stays() {
    stays(";APP; mov 0(r12), r13; add #1, r13; tst r13; ;NO_APP; ret");
    // What it calls may take and leave anything.
    stays("mov #1234, r8; ;APP; call #g; ;NO_APP; mov #1234, r13; ret");
    stays("mov @r10, r13; ;APP; call #g; ;NO_APP; incd r10; ret");
}

#[test]
fn an_unknown_instruction_is_an_error() {
    let error = squeeze("f:\n.Lfunc_begin0:\n\trlam\t#2, r12\n.Lfunc_end0:\n").unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "f: unknown instruction `rlam\t#2, r12`"
    );
}

#[test]
fn prologues_and_ends_are_shared() {
    let function = |name: &str| {
        format!(
            "{name}:\n.Lfunc_begin_{name}:\n\tpush\tr7\n\tpush\tr8\n\tpush\tr9\n\tpush\tr10\n\tcall\t#{name}_work\n\tpop\tr10\n\tpop\tr9\n\tpop\tr8\n\tpop\tr7\n\tret\n.Lfunc_end_{name}:\n"
        )
    };
    let squeezed = squeeze(&(function("f") + &function("g"))).unwrap();
    assert_eq!(squeezed.tally["prologue shared"], 8);
    // Ten bytes of pops and a return are a branch of four.
    assert_eq!(squeezed.tally["sequence shared"], 6);
    for line in [
        "call\t#squeeze_save_r7",
        "br\t#.Lsqueeze_end_0",
        "\tpop\tr11",
        "\tbr\tr11",
    ] {
        assert!(squeezed.text.contains(line), "{line}:\n{}", squeezed.text);
    }
}

#[test]
fn what_is_used_once_is_used_in_memory() {
    becomes(
        "mov &X, r14; tst r14; jeq .LBB0_1; inc r13; .LBB0_1:; clr r14; ret",
        "tst &X; jeq .LBB0_1; inc r13; .LBB0_1:; clr r14; ret",
    );
    becomes(
        "mov 4(r12), r14; mov r13, r15; mov r14, &X; clr r14; ret",
        "mov r13, r15; mov 4(r12), &X; clr r14; ret",
    );
    // A byte in a register is a positive word.
    becomes(
        "mov.b &X, r14; cmp #200, r14; jlo .LBB0_1; inc r13; .LBB0_1:; clr r14; ret",
        "cmp.b #200, &X; jlo .LBB0_1; inc r13; .LBB0_1:; clr r14; ret",
    );
    stays("mov.b &X, r14; cmp #200, r14; jge .LBB0_1; inc r13; .LBB0_1:; clr r14; ret");
    stays("mov.b &X, r14; cmp #300, r14; jlo .LBB0_1; inc r13; .LBB0_1:; clr r14; ret");
    // It is needed again; something else is written, or read, before; the address changes.
    stays("mov &X, r14; tst r14; jeq .LBB0_1; inc r13; .LBB0_1:; ret");
    stays("mov &X, r14; mov r13, 0(r12); add r14, r13; clr r14; ret");
    stays("mov &X, r14; cmp r13, &Y; mov r14, r13; mov r12, r14; ret");
    stays("mov 4(r12), r14; incd r12; add r14, 2(r13); clr r14; ret");
    // The flags are others by then.
    stays("mov r2, r14; inc r15; bic r14, r13; clr r14; ret");
    // The assembler has no such instruction.
    stays("mov @r12+, r14; add r14, 2(r13); clr r14; ret");
}

#[test]
fn memory_is_changed_in_place() {
    becomes(
        "mov &X, r14; add #-1, r14; mov r14, &X; clr r14; ret",
        "add #-1, &X; clr r14; ret",
    );
    becomes(
        "mov #1, r14; add 2(r12), r14; mov r14, 2(r12); clr r14; ret",
        "add #1, 2(r12); clr r14; ret",
    );
    // What is subtracted is something else than what it is subtracted from.
    stays("mov #1, r14; sub 2(r12), r14; mov r14, 2(r12); clr r14; ret");
    // The result is needed; it goes elsewhere; something else is read before it is written.
    stays("mov &X, r14; add #-1, r14; mov r14, &X; ret");
    stays("mov &X, r14; xor r13, r14; mov r14, 2(r12); clr r14; ret");
    stays("mov &X, r14; xor r13, r14; cmp r13, &Y; mov r14, &X; clr r14; ret");
}

#[test]
fn four_words_are_copied_by_the_routine() {
    becomes(
        "mov 2(r14), r12; mov 0(r14), r13; mov 6(r14), 14(r15); mov r13, 8(r15); mov r12, 10(r15); mov 4(r14), 12(r15); clr r12; clr r13; ret",
        "mov r15, r12; add #8, r12; mov r14, r13; call #squeeze_copy; clr r12; clr r13; ret",
    );
    let words = |count: i32, from: &str, to: &str| -> String {
        (0..count)
            .rev()
            .map(|k| format!("mov &{from}+{}, &{to}+{}; ", 2 * k, 2 * k + 2))
            .collect()
    };
    becomes(
        &(words(8, "X", "Y") + "clr r12; clr r13; ret"),
        "mov #Y+2, r12; mov #X, r13; call #squeeze_copy; call #squeeze_copy; clr r12; clr r13; ret",
    );
    // Too few words; areas that overlap; registers of peripherals; pointers, words or flags that are needed.
    stays(&(words(3, "X", "Y") + "clr r12; clr r13; ret"));
    stays(&(words(4, "X", "X") + "clr r12; clr r13; ret"));
    stays("mov &512, &X; mov &514, &X+2; mov &516, &X+4; mov &518, &X+6; clr r12; clr r13; ret");
    stays(&(words(4, "X", "Y") + "ret"));
    stays(&(words(4, "X", "Y") + "jeq .LBB0_1; inc r14; .LBB0_1:; clr r12; clr r13; ret"));
    // One goes elsewhere.
    stays("mov &X, &Y; mov &X+2, &Y+4; mov &X+4, &Y+2; mov &X+6, &Y+6; clr r12; clr r13; ret");
}

#[test]
fn a_long_shift_goes_around_the_end() {
    let many = |step: &str, count: usize| vec![step; count].join("; ");
    becomes(
        &format!("mov.b r12, r12; swpb r12; {}; ret", many("add r12, r12", 7)),
        "rra r12; clr r12; rrc r12; ret",
    );
    becomes(
        &format!(
            "mov.b r12, r12; swpb r12; clrc; rrc r13; {}; ret",
            many("add r12, r12", 7)
        ),
        "clrc; rrc r13; rra r12; clr r12; rrc r12; ret",
    );
    becomes(
        &format!(
            "swpb r12; mov.b r12, r12; clrc; rrc r12; {}; ret",
            many("rra r12", 6)
        ),
        "add r12, r12; clr r12; addc r12, r12; ret",
    );
    becomes(
        &format!(
            "swpb r12; mov.b r12, r12; clrc; rrc r12; {}; ret",
            many("rra r12", 5)
        ),
        "add r12, r12; addc r12, r12; addc r12, r12; and #3, r12; ret",
    );
    becomes(
        &format!("swpb r12; sxt r12; {}; ret", many("rra r12", 7)),
        "add r12, r12; subc r12, r12; inv r12; ret",
    );
    // Something else is shifted in; what was shifted out is asked for; it is no shift by so many.
    stays(&format!(
        "swpb r12; mov.b r12, r12; rrc r12; {}; ret",
        many("rra r12", 6)
    ));
    stays(&format!(
        "swpb r12; sxt r12; {}; rrc r13; ret",
        many("rra r12", 7)
    ));
    stays(&format!("swpb r12; sxt r12; {}; ret", many("rra r12", 6)));
}

#[test]
fn a_jump_does_what_a_branch_does() {
    // Near.
    becomes(
        "jeq .LBB0_1; br #.LBB0_2; .LBB0_1:; inc r12; .LBB0_2:; ret",
        "jne .LBB0_2; .LBB0_1:; inc r12; .LBB0_2:; ret",
    );
    becomes(
        "inc r12; br #.LBB0_2; .LBB0_1:; inc r13; .LBB0_2:; ret",
        "inc r12; jmp .LBB0_2; .LBB0_1:; inc r13; .LBB0_2:; ret",
    );
    // There is no opposite.
    becomes(
        "jn .LBB0_1; br #.LBB0_2; .LBB0_1:; inc r12; .LBB0_2:; ret",
        "jn .LBB0_1; jmp .LBB0_2; .LBB0_1:; inc r12; .LBB0_2:; ret",
    );
    // By another branch.
    let stretch: String = (0..180)
        .map(|k| format!("xor #{}, &X; ", k + 1000))
        .collect();
    let short = format!(
        "jeq .LBB0_1; br #.LBB0_9; .LBB0_1:; inc r12; jne .LBB0_2; br #.LBB0_9; .LBB0_2:; {stretch}.LBB0_9:; ret"
    );
    let after = squeezed(&short);
    assert!(
        after.starts_with("jne .LBB_squeeze_3_f; .LBB0_1:; inc r12; jne .LBB0_2; .LBB_squeeze_3_f:; br #.LBB0_9; .LBB0_2:; xor"),
        "{after}"
    );
    // Nothing is near.
    let lonely = format!("jeq .LBB0_1; br #.LBB0_9; .LBB0_1:; {stretch}.LBB0_9:; ret");
    assert!(squeezed(&lonely).starts_with("jeq .LBB0_1; br #.LBB0_9; .LBB0_1:; xor"));
}

#[test]
fn a_jump_goes_from_one_function_to_another() {
    let other = "\t.size\tf, .-f\n\t.section\t.text.g,\"ax\",@progbits\ng:\n.Lfunc_begin1:\n\tret\n.Lfunc_end1:\n\t.short\tf\n";
    let tail = |others: &str| squeezed_beside("inc r12; br #g", others);
    assert_eq!(tail(other), "inc r12; jmp g");
    // It lies elsewhere, or something of unknown length in between.
    assert_eq!(tail(&other.replace(".text.g", ".hot")), "inc r12; br #g");
    let hot = "\t.section\t.hot,\"ax\",@progbits\nh:\n.Lfunc_begin2:\n\tbr\t#g\n.Lfunc_end2:\n";
    let behind_hot = squeeze(&format!("{hot}{other}")).unwrap().text;
    assert!(behind_hot.contains("\tbr\t#g\n"), "{behind_hot}");
    assert_eq!(
        tail(&other.replace("g:\n.L", "h:\n\tnop\ng:\n.L")),
        "inc r12; br #g"
    );
}

#[test]
fn what_was_zero_is_told_by_the_carry() {
    becomes(
        "tst r14; mov r2, r12; mov r13, &X; rra r12; and #1, r12; ret",
        "cmp #1, r14; mov #1, r12; bic r2, r12; mov r13, &X; ret",
    );
    // An increment carries where it leaves zero.
    becomes(
        "mov #1, r12; add &X, r12; mov r12, &X; tst r12; mov r2, r13; rra r13; and #1, r13; add r13, &Y; clr r12; clr r13; ret",
        "add #1, &X; addc #0, &Y; clr r12; clr r13; ret",
    );
    // Another bit; the flags are needed.
    stays("tst r14; mov r2, r12; rra r12; rra r12; and #1, r12; ret");
    stays("tst r14; mov r2, r12; jl .LBB0_1; rra r12; and #1, r12; .LBB0_1:; ret");
}

#[test]
fn kept_flags_are_those_of_their_place() {
    // What comes between has flags of its own; the carry that is added is one of these.
    stays("cmp r13, r14; mov r2, r12; cmp r10, r15; addc &X, r12; mov r12, &X; clr r12; ret");
}

#[test]
fn a_function_of_the_block_keeps_its_loops() {
    // Long enough for detours, but no longer once its prologue is shared.
    let stores: String = (0..10)
        .map(|k| format!("\tmov\t#{}, &X\n", k + 1000))
        .collect();
    let saved = |name: &str| -> String { (4..11).map(|k| format!("\t{name}\tr{k}\n")).collect() };
    let shared = "\tadd\t#1234, &A\n\txor\t#2345, &B\n\tbis\t#3456, &C\n";
    let text = format!(
        "metrology::window::f:\n.Lfunc_begin0:\n{}.LBB0_1:\n{shared}\tdec\tr12\n\tjne\t.LBB0_1\n{stores}{}\tret\n.Lfunc_end0:\n\
         g:\n.Lfunc_begin1:\n{shared}\tinc\tr13\n{shared}\tret\n.Lfunc_end1:\n",
        saved("push"),
        saved("pop"),
    );
    let squeezed = squeeze(&text).unwrap();
    assert!(squeezed.sizes["metrology::window::f"] < super::LONG_BYTES);
    let (_, function) = squeezed.text.split_once(".LBB0_1:\n").unwrap();
    assert!(function.starts_with(shared), "{}", squeezed.text);
    // The other function's are one, nevertheless.
    assert!(squeezed.text.contains("\tcall\t#squeeze_0\n"));
}
