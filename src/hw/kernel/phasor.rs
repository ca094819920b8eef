//! Turning phasors and correlating blocks with them, in assembly.
//!
//! Both come down to x·cos + y·sin, and then the same of (y, −x): one routine leaves the first in the multiplier and the pair ready
//! for the second. For the block interrupt only: nothing that can interrupt it multiplies, so the multiplier keeps its sums.
//!
//! `.word 0x4DB2, address` is MOV @R13+, &address, which the CPU has and LLVM's assembler lacks.

use core::arch::global_asm;
use metrology::block::BLOCK;
use metrology::kernel::FOLDED;
use metrology::oscillator::Phasor;

unsafe extern "C" {
    fn meter430_rotate(a: *mut [i32; 2], b: *const [i32; 2]);
    fn meter430_correlate(
        samples: *const i32,
        table: *const [[i32; FOLDED]; 2],
        phase: *const [i32; 2],
        sum: *mut Phasor,
    );
}

/// 210 cycles.
#[inline(always)]
pub fn rotate(a: &mut [i32; 2], b: &[i32; 2]) {
    // SAFETY: changes a, reads b; the multiplier is ours here.
    unsafe { meter430_rotate(a, b) };
}

/// 33 cycles for each of sixteen products, 310 around them.
#[inline(always)]
pub fn correlate(
    samples: &[i32; BLOCK],
    table: &[[i32; FOLDED]; 2],
    phase: &[i32; 2],
    sum: &mut Phasor,
) {
    // SAFETY: reads all of samples, from the middle outwards, of table and of phase; changes sum, whose fields are in order;
    // the multiplier is ours here.
    unsafe { meter430_correlate(samples.as_ptr().add(FOLDED), table, phase, sum) };
}

/// The folded sample in R8 and R9 times the next of the table; the next operand is written more than the seven cycles later that
/// the product takes.
macro_rules! folded {
    () => {
        "mov r8, &MACS32L\n mov r9, &MACS32H\n .word 0x4DB2, OP2L\n .word 0x4DB2, OP2H\n dec r10"
    };
}

/// The multiplier's sum, R10 its third word, R8 and R9 the upper ones, by two.
macro_rules! double {
    () => {
        "rla r10\n rlc r8\n rlc r9"
    };
}

global_asm!(
    ".section .text.meter430_phasor,\"ax\",@progbits",
    // R12 middle of the samples, R13 table, R14 phase, R15 sum. Both loops are 32 bytes, all that the FRAM's cache holds, and
    // aligned to its lines: they run without wait states.
    ".globl meter430_correlate",
    ".type meter430_correlate,@function",
    ".p2align 3",
    "meter430_correlate:",
    "push r10",
    "push r9",
    "push r8",
    "push r7",
    "push r6",
    "mov r12, r11",
    "call #meter430_clear",
    ".p2align 3",
    "2:",
    "mov @r12+, r8",
    "mov @r12+, r9",
    "sub #4, r11",
    "add @r11, r8",
    "addc 2(r11), r9",
    folded!(),
    "jne 2b",
    "call #meter430_cut_27",
    "mov r8, r6",
    "mov r9, r7",
    // Back to the middle, for the differences with the sines.
    "sub #{HALF}, r12",
    "add #{HALF}, r11",
    ".p2align 3",
    "3:",
    "mov @r12+, r8",
    "mov @r12+, r9",
    "sub #4, r11",
    "sub @r11, r8",
    "subc 2(r11), r9",
    folded!(),
    "jne 3b",
    "call #meter430_cut_27",
    // With p the sum of the cosines and q that of the sines: sum.sin += q · cos + p · sin, sum.cos += p · cos − q · sin.
    "add #8, r15",
    "call #meter430_add_turned",
    "sub #8, r15",
    "call #meter430_add_turned",
    "4:",
    "pop r6",
    "pop r7",
    "pop r8",
    "pop r9",
    "pop r10",
    "ret",
    ".size meter430_correlate, . - meter430_correlate",
    // R12 a, R13 b: imaginary · cos + real · sin, then real · cos − imaginary · sin.
    ".globl meter430_rotate",
    ".type meter430_rotate,@function",
    "meter430_rotate:",
    "push r10",
    "push r9",
    "push r8",
    "push r7",
    "push r6",
    "mov r13, r14",
    "mov @r12+, r6",
    "mov @r12+, r7",
    "mov @r12, r8",
    "mov 2(r12), r9",
    "call #meter430_turn_rounded",
    "sub #4, r12",
    "call #meter430_turn_rounded",
    "jmp 4b",
    ".size meter430_rotate, . - meter430_rotate",
    // x in R8:9 times the first number at R14, plus y in R6:7 times the second, into the multiplier; then (x, y) = (y, −x).
    // R10 and R11 are lost.
    ".type meter430_turn,@function",
    "meter430_turn:",
    "mov r8, &MPYS32L",
    "mov r9, &MPYS32H",
    "mov @r14, &OP2L",
    "mov 2(r14), &OP2H",
    // Seven cycles until the product is done.
    "inv r8",
    "inv r9",
    "inc r8",
    "adc r9",
    "mov r8, r10",
    "mov r9, r11",
    "mov r6, r8",
    "mov r7, r9",
    "mov r8, &MACS32L",
    "mov r9, &MACS32H",
    "mov 4(r14), &OP2L",
    "mov 6(r14), &OP2H",
    "mov r10, r6",
    "mov r11, r7",
    "ret",
    ".size meter430_turn, . - meter430_turn",
    // The same by 2³⁰, rounded to nearest, to where R12 points. R13 is lost too.
    ".type meter430_turn_rounded,@function",
    "meter430_turn_rounded:",
    "call #meter430_turn",
    "mov &RES1, r13",
    "mov &RES2, r10",
    "mov &RES3, r11",
    "rla r13",
    "rlc r10",
    "rlc r11",
    "rla r13",
    "rlc r10",
    "rlc r11",
    "rla r13",
    "adc r10",
    "adc r11",
    "mov r10, 0(r12)",
    "mov r11, 2(r12)",
    "ret",
    ".size meter430_turn_rounded, . - meter430_turn_rounded",
    // The same added to the 64-bit number at R15.
    ".type meter430_add_turned,@function",
    "meter430_add_turned:",
    "call #meter430_turn",
    "add &RES0, 0(r15)",
    "addc &RES1, 2(r15)",
    "addc &RES2, 4(r15)",
    "addc &RES3, 6(r15)",
    "ret",
    ".size meter430_add_turned, . - meter430_add_turned",
    // The multiplier's sum by 2²⁷ into R8:9; then as below.
    ".type meter430_cut_27,@function",
    "meter430_cut_27:",
    "mov &RES1, r10",
    "mov &RES2, r8",
    "mov &RES3, r9",
    double!(),
    double!(),
    double!(),
    double!(),
    double!(),
    // The sum to zero, and R10 to the number of products that make one.
    ".type meter430_clear,@function",
    "meter430_clear:",
    "clr &RES0",
    "clr &RES1",
    "clr &RES2",
    "clr &RES3",
    "mov #{FOLDED}, r10",
    "ret",
    ".size meter430_cut_27, . - meter430_cut_27",
    ".size meter430_clear, . - meter430_clear",
    FOLDED = const FOLDED,
    HALF = const 4 * FOLDED,
);
