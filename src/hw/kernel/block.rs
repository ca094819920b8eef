//! The arithmetic of whole blocks: what runs for every sample.
//!
//! The two loops longer than the FRAM's cache run in RAM (section `.hot`, copied there at start-up): from FRAM
//! every fourth word would cost two wait states, a third of the loop's time.
//!
//! `.word 0x4CB2, address` is MOV @R12+, &address (0x4DB2 for R13, 0x4FB2 for R15), which the CPU has and LLVM's assembler lacks.

use super::join;
use core::arch::asm;
use metrology::block::{BLOCK, CENTRE, HISTORY, Lane};

/// 19 cycles a product and 60 around them.
#[inline(never)]
pub fn mac(sum: &mut i64, a: &[i32], b: &[i32]) {
    let count = a.len().min(b.len());
    if count == 0 {
        return;
    }
    // SAFETY: reads `count` elements of both slices and the sum, writes the sum; the multiplier is ours here.
    //
    // Each turn: two operand words into MACS32, two into OP2, which starts the product. The product takes
    // six cycles from there, the next operand is written seven later: not to be unrolled.
    unsafe {
        asm!(
            ".word 0x4CB2, RES0",
            ".word 0x4CB2, RES1",
            ".word 0x4CB2, RES2",
            ".word 0x4CB2, RES3",
            "2:",
            ".word 0x4DB2, MACS32L",
            ".word 0x4DB2, MACS32H",
            ".word 0x4FB2, OP2L",
            ".word 0x4FB2, OP2H",
            "dec {count}",
            "jne 2b",
            // Six cycles from the last operand to RES3: these reads, in ascending order, are late enough.
            "mov &RES0, -8(r12)",
            "mov &RES1, -6(r12)",
            "mov &RES2, -4(r12)",
            "mov &RES3, -2(r12)",
            count = inout(reg) count => _,
            inout("r12") sum => _,
            inout("r13") a.as_ptr() => _,
            inout("r15") b.as_ptr() => _,
            options(nostack),
        );
    }
}

/// 71 cycles a sample.
#[inline(never)]
#[unsafe(link_section = ".hot")]
pub fn droop(lane: &Lane, remainder: &mut i32, filtered: &mut [i32; CENTRE]) -> i32 {
    let sum_low: u16;
    let sum_high: u16;
    let mut carried = *remainder as u16;
    // SAFETY: reads lane[0..20], writes filtered[1..17]. With the five samples a b x c d at 0, 4, 8, 12, 16 of the
    // walking pointer: 30x − 8(b + c) + a + d = 8(4x − b − c) − 2x + a + d.
    unsafe {
        asm!(
            "clr {sl}",
            "clr {sh}",
            "mov #{BLOCK}, {n}",
            "2:",
            "mov 8({p}), {xl}",
            "mov 10({p}), {xh}",
            "add {xl}, {sl}",
            "addc {xh}, {sh}",
            "rla {xl}",
            "rlc {xh}",
            // y = 4x − b − c, times 8
            "mov {xl}, {yl}",
            "mov {xh}, {yh}",
            "rla {yl}",
            "rlc {yh}",
            "sub 4({p}), {yl}",
            "subc 6({p}), {yh}",
            "sub 12({p}), {yl}",
            "subc 14({p}), {yh}",
            "rla {yl}",
            "rlc {yh}",
            "rla {yl}",
            "rlc {yh}",
            "rla {yl}",
            "rlc {yh}",
            // − 2x + a + d + what the last sample left over
            "sub {xl}, {yl}",
            "subc {xh}, {yh}",
            "add @{p}+, {yl}",
            "addc @{p}+, {yh}",
            "add 12({p}), {yl}",
            "addc 14({p}), {yh}",
            "add {carried}, {yl}",
            "adc {yh}",
            "mov {yl}, {carried}",
            "and #3, {carried}",
            "rra {yh}",
            "rrc {yl}",
            "rra {yh}",
            "rrc {yl}",
            "mov {yl}, 0({q})",
            "mov {yh}, 2({q})",
            "add #4, {q}",
            "dec {n}",
            "jne 2b",
            p = inout(reg) lane.as_ptr() => _,
            q = inout(reg) filtered.as_mut_ptr().add(1) => _,
            carried = inout(reg) carried,
            sl = out(reg) sum_low,
            sh = out(reg) sum_high,
            xl = out(reg) _,
            xh = out(reg) _,
            yl = out(reg) _,
            yh = out(reg) _,
            n = out(reg) _,
            BLOCK = const BLOCK,
            options(nostack),
        );
    }
    *remainder = carried as i32;
    join(sum_low, sum_high)
}

/// 7 cycles a sample.
#[inline(never)]
pub fn sum(lane: &Lane) -> i32 {
    let low: u16;
    let high: u16;
    // SAFETY: reads lane[2..18].
    unsafe {
        asm!(
            "clr {low}",
            "clr {high}",
            "2:",
            "add @{p}+, {low}",
            "addc @{p}+, {high}",
            "dec {n}",
            "jne 2b",
            p = inout(reg) lane.as_ptr().add(2) => _,
            n = inout(reg) BLOCK => _,
            low = out(reg) low,
            high = out(reg) high,
            options(nostack, readonly),
        );
    }
    join(low, high)
}

/// 14 cycles a sample and 4 more for a negative one.
#[inline(never)]
#[unsafe(link_section = ".hot")]
pub fn peak(lane: &Lane) -> u32 {
    let low: u16;
    let high: u16;
    // SAFETY: reads lane[4..20].
    unsafe {
        asm!(
            "clr {low}",
            "clr {high}",
            "2:",
            "mov @{p}+, {l}",
            "mov @{p}+, {h}",
            "tst {h}",
            "jge 3f",
            "inv {l}",
            "inv {h}",
            "inc {l}",
            "adc {h}",
            "3:",
            "cmp {high}, {h}",
            "jlo 5f",
            "jne 4f",
            "cmp {low}, {l}",
            "jlo 5f",
            "4:",
            "mov {l}, {low}",
            "mov {h}, {high}",
            "5:",
            "dec {n}",
            "jne 2b",
            p = inout(reg) lane.as_ptr().add(HISTORY) => _,
            n = inout(reg) BLOCK => _,
            l = out(reg) _,
            h = out(reg) _,
            low = out(reg) low,
            high = out(reg) high,
            options(nostack, readonly),
        );
    }
    join(low, high) as u32
}
