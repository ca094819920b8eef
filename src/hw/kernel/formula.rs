//! The calculator for formulas in assembly: a third of what the compiler makes of its definition.
//!
//! Steps are `metrology::formula`'s: operation in the upper five bits, then where the operand counts from, then how many
//! bytes on; or a number in place of the latter.

use super::wide;
use core::arch::global_asm;
use core::mem::offset_of;
use metrology::calibration::{CURVE, LAWS};
use metrology::formula::{Desk, Step};

unsafe extern "C" {
    /// Works off the steps from `from` up to `to`.
    fn meter430_formula(desk: *mut Desk<'_>, from: *const Step, to: *const Step, channel: u16);
}

/// Works off a formula; bit for bit what [`Desk::work_off`] defines. About 60 cycles a step beside its operation.
#[inline(always)]
pub fn work_off(desk: &mut Desk<'_>, formula: &[Step], channel: usize) {
    let steps = formula.as_ptr_range();
    // SAFETY: exclusive access to the desk; places were checked when the formula was built, with the channel added they
    // stay inside the arrays because there is no more than one record per channel.
    unsafe { meter430_formula(desk, steps.start, steps.end, channel as u16) };
}

global_asm!(
    ".section .text.meter430_formula,\"ax\",@progbits",
    ".globl meter430_formula",
    ".type meter430_formula,@function",
    "meter430_formula:",
    "push r7",
    "push r8",
    "push r9",
    "push r10",
    "mov r12, r7",  // desk
    "mov r13, r10", // next step
    "mov r14, r9",  // end
    // The accumulator, and below it the bases of the places by their number.
    "sub #8, r1",
    "mov r1, r8",
    "rla r15",
    "rla r15",
    "mov r15, r11",
    "rla r11", // 8 bytes a slot, and a point of the curve
    "mov {constants}(r7), r13",
    "mov r13, r14",
    "add #{laws}, r14",
    "add r15, r14",
    "push r14",
    "mov r13, r14",
    "add #{curve}, r14",
    "add r11, r14",
    "push r14",
    // `.word 0x1217, offset` is PUSH offset(R7); LLVM's assembler takes registers only.
    ".word 0x1217, {literals}",
    "mov r15, r14",
    "rla r14",
    "rla r14",
    "add r15, r14", // 20 bytes a record
    "add r13, r14",
    "push r14",
    "push r13",
    "add {slots}(r7), r11",
    "push r11",
    ".word 0x1217, {slots}",
    "2:",
    "cmp r9, r10",
    "jhs 30f",
    "mov r8, r12",
    "mov @r10+, r11",
    "mov.b r11, r13",
    "swpb r11",
    "mov r11, r14",
    "and #7, r14",
    "rla r14",
    "add r1, r14",
    "add @r14, r13",
    "rra r11",
    "rra r11",
    "and #0x3E, r11",
    // From here on R12 points to the accumulator and R13 to the operand.
    "mov 40f(r11), r0",
    "3:", // store
    "mov r13, r12",
    "mov r8, r13",
    "4:", // load
    "mov 0(r13), 0(r12)",
    "mov 2(r13), 2(r12)",
    "mov 4(r13), 4(r12)",
    "mov 6(r13), 6(r12)",
    "jmp 2b",
    "5:", // add
    "call #{add}",
    "jmp 2b",
    "6:", // subtract
    "call #{subtract}",
    "jmp 2b",
    "7:", // load narrow
    "call #meter430_clear64",
    "8:", // add narrow
    "mov 2(r13), r14",
    "mov @r13, r13",
    "call #{add_small}",
    "jmp 2b",
    "9:", // part
    "tst 2(r13)",
    "jge 10f",
    "call #{negate}", // which changes no register
    "mov 2(r13), r14",
    "mov @r13, r13",
    "inv r13",
    "inv r14",
    "inc r13",
    "adc r14",
    "jmp 11f",
    "10:", // scale
    "mov 2(r13), r14",
    "mov @r13, r13",
    "11:",
    "clr r15",
    "12:",
    "call #{scale}",
    "jmp 2b",
    "13:", // mean
    "mov.b -2(r10), r14",
    "mov #15, r15",
    "sub r14, r15",
    "sub {normal}(r7), r15",
    "mov {mantissa}(r7), r13",
    "mov {mantissa}+2(r7), r14",
    "jmp 12b",
    "14:", // Q30
    "mov 2(r13), r15",
    "mov @r13, r14",
    "mov 2(r12), r13",
    "mov @r12, r12",
    "call #{mul_q30}",
    "mov r13, r14",
    "rla r14",
    "subc r14, r14",
    "inv r14",
    "15:", // a 32-bit result with its sign in R14
    "mov r12, 0(r8)",
    "mov r13, 2(r8)",
    "mov r14, 4(r8)",
    "mov r14, 6(r8)",
    "jmp 2b",
    "16:", // root
    "call #{root}",
    "17:",
    "clr r14",
    "jmp 15b",
    "18:", // divide
    ".word 0x121D, 2", // PUSH 2(R13)
    ".word 0x122D",    // PUSH @R13
    "mov 6(r12), r15",
    "mov 4(r12), r14",
    "mov 2(r12), r13",
    "mov @r12, r12",
    "call #{divide}",
    "pop r14",
    "pop r15",
    "bis r14, r15",
    "tst r15", // BIS leaves the flags alone
    "jne 17b",
    "clr r12",
    "clr r13",
    "jmp 17b",
    "19:", // product
    ".word 0x121D, 2", // PUSH 2(R13)
    "mov @r13, r15",
    "mov @r12, r13",
    "mov 2(r12), r14",
    "call #meter430_clear64",
    "call #{add_product}",
    "incd r1",
    "jmp 2b",
    "20:", // shift left
    "mov.b -2(r10), r13",
    "call #{shift_left}",
    "jmp 2b",
    "21:", // like
    "tst 6(r13)",
    "jmp 23f",
    "22:", // magnitude
    "tst 6(r12)",
    "23:",
    "jge 2b",
    "call #{negate}",
    "jmp 2b",
    "24:", // at most zero
    "tst 6(r12)",
    "jl 2b",
    "jmp 26f",
    "25:", // at least zero
    "tst 6(r12)",
    "jge 2b",
    "26:",
    "call #meter430_clear64",
    "jmp 2b",
    "30:",
    "add #22, r1",
    "pop r10",
    "pop r9",
    "pop r8",
    "pop r7",
    "ret",
    ".size meter430_formula, . - meter430_formula",
    // The number at R12 to zero.
    ".type meter430_clear64,@function",
    "meter430_clear64:",
    "clr 0(r12)",
    "clr 2(r12)",
    "clr 4(r12)",
    "clr 6(r12)",
    "ret",
    ".size meter430_clear64, . - meter430_clear64",
    // By the operations' numbers.
    ".section .rodata.meter430_formula,\"a\",@progbits",
    ".p2align 1",
    "40:",
    ".word 4b, 7b, 5b, 8b, 6b, 3b, 14b, 10b, 9b, 19b, 18b, 21b, 13b, 20b, 16b, 22b, 25b, 24b",
    slots = const offset_of!(Desk, slots),
    constants = const offset_of!(Desk, constants),
    literals = const offset_of!(Desk, literals),
    curve = const 4 * CURVE,
    laws = const 4 * LAWS,
    mantissa = const offset_of!(Desk, mantissa),
    normal = const offset_of!(Desk, normal),
    add = sym wide::add,
    subtract = sym wide::sub,
    add_small = sym wide::add_small,
    negate = sym wide::negate,
    scale = sym wide::scale,
    mul_q30 = sym wide::mul_q30,
    root = sym wide::square_root,
    divide = sym wide::divide,
    add_product = sym wide::add_product,
    shift_left = sym wide::shift_left,
);
