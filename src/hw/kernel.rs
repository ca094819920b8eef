//! The arithmetic's inner loops in assembly: products on the 32-bit multiplier, sums with the carry flag.
//!
//! Bit for bit what `metrology::kernel` defines, checked in the virtual meter against the portable version. LLVM would
//! call a helper and rebuild carries by comparing for every product: 185 cycles instead of 19.
//!
//! The three loops longer than the FRAM's cache run in RAM (section `.hot`, copied there at start-up): from FRAM
//! every fourth word would cost two wait states, a third of the loop's time.
//!
//! `.word 0x4CB2, address` is MOV @R12+, &address (0x4DB2 for R13), which the CPU has and LLVM's assembler lacks.

use core::arch::asm;
use metrology::block::{BLOCK, CENTRE, HISTORY, Lane};
use metrology::kernel::{FOLDED, Kernel};

/// The chip's arithmetic. Only the block interrupt may use it: the running sum lives in the multiplier's result
/// registers across instructions, and nothing that can interrupt the block interrupt multiplies.
pub struct Assembly;

impl Kernel for Assembly {
    /// 45 cycles with the call. See `wide::mul_q30` for the rounding: the bit below the last one kept is added.
    #[inline(never)]
    fn mul_q30(&self, a: i32, b: i32) -> i32 {
        let [al, ah] = split(a);
        let [bl, bh] = split(b);
        let low: u16;
        let high: u16;
        // SAFETY: registers of the multiplier, which is ours here; each result is read at least as late as it is ready.
        unsafe {
            asm!(
                "mov {al}, &{MPYS32L}",
                "mov {ah}, &{MPYS32H}",
                "mov {bl}, &{OP2L}",
                "mov {bh}, &{OP2H}",
                "mov &{RES1}, {r}",
                "mov &{RES2}, {low}",
                "mov &{RES3}, {high}",
                "rla {r}",
                "rlc {low}",
                "rlc {high}",
                "rla {r}",
                "rlc {low}",
                "rlc {high}",
                "rla {r}",
                "adc {low}",
                "adc {high}",
                al = in(reg) al,
                ah = in(reg) ah,
                bl = in(reg) bl,
                bh = in(reg) bh,
                r = out(reg) _,
                low = lateout(reg) low,
                high = lateout(reg) high,
                MPYS32L = const 0x04D4,
                MPYS32H = const 0x04D6,
                OP2L = const 0x04E0,
                OP2H = const 0x04E2,
                RES1 = const 0x04E6,
                RES2 = const 0x04E8,
                RES3 = const 0x04EA,
                options(nostack),
            );
        }
        join(low, high)
    }

    /// 160 cycles and 9 for each bit of `shift` modulo 16.
    #[inline(never)]
    fn scale(&self, x: &mut i64, m: u32, shift: u16) {
        let [ml, mh] = split(m as i32);
        // SAFETY: reads and writes x; the multiplier is ours here.
        //
        // |x| · m in limbs: low half times m, plus high half times m two limbs up. The lowest limb is never needed.
        unsafe {
            asm!(
                "mov 6({x}), {t0}",
                "push {t0}",
                "tst {t0}",
                "jge 2f",
                "inv 0({x})",
                "inv 2({x})",
                "inv 4({x})",
                "inv 6({x})",
                "inc 0({x})",
                "adc 2({x})",
                "adc 4({x})",
                "adc 6({x})",
                "2:",
                "mov {ml}, &{MPY32L}",
                "mov {mh}, &{MPY32H}",
                "mov 4({x}), &{OP2L}",
                "mov 6({x}), &{OP2H}",
                "mov &{RES0}, {t2}",
                "mov &{RES1}, {t3}",
                "mov &{RES2}, {t4}",
                "mov &{RES3}, {t5}",
                "mov 0({x}), &{OP2L}",
                "mov 2({x}), &{OP2H}",
                "mov &{RES1}, {t1}",
                "add &{RES2}, {t2}",
                "addc &{RES3}, {t3}",
                "adc {t4}",
                "adc {t5}",
                "bit #16, {shift}",
                "jeq 3f",
                "mov {t2}, {t1}",
                "mov {t3}, {t2}",
                "mov {t4}, {t3}",
                "mov {t5}, {t4}",
                "clr {t5}",
                "3:",
                "and #15, {shift}",
                "jeq 5f",
                "4:",
                "clrc",
                "rrc {t5}",
                "rrc {t4}",
                "rrc {t3}",
                "rrc {t2}",
                "rrc {t1}",
                "dec {shift}",
                "jne 4b",
                "5:",
                "rla {t1}",
                "adc {t2}",
                "adc {t3}",
                "adc {t4}",
                "adc {t5}",
                "pop {t1}",
                "tst {t1}",
                "jge 6f",
                "inv {t2}",
                "inv {t3}",
                "inv {t4}",
                "inv {t5}",
                "inc {t2}",
                "adc {t3}",
                "adc {t4}",
                "adc {t5}",
                "6:",
                "mov {t2}, 0({x})",
                "mov {t3}, 2({x})",
                "mov {t4}, 4({x})",
                "mov {t5}, 6({x})",
                x = in(reg) x,
                ml = in(reg) ml,
                mh = inout(reg) mh => _,
                shift = inout(reg) shift => _,
                t0 = out(reg) _,
                t1 = out(reg) _,
                t2 = out(reg) _,
                t3 = out(reg) _,
                t4 = out(reg) _,
                t5 = out(reg) _,
                MPY32L = const 0x04D0,
                MPY32H = const 0x04D2,
                OP2L = const 0x04E0,
                OP2H = const 0x04E2,
                RES0 = const 0x04E4,
                RES1 = const 0x04E6,
                RES2 = const 0x04E8,
                RES3 = const 0x04EA,
            );
        }
    }

    /// About 600 cycles: shift and subtract, 17 a bit.
    #[inline(never)]
    fn divide(&self, n: u64, d: u32) -> u32 {
        let [l0, l1] = split(n as i32);
        let [h0, h1] = split((n >> 32) as i32);
        let [d0, d1] = split(d as i32);
        let low: u16;
        let high: u16;
        // SAFETY: registers only.
        unsafe {
            asm!(
                // The quotient fits 32 bits when the upper half of n is below d.
                "cmp {d1}, {h1}",
                "jlo 3f",
                "jne 2f",
                "cmp {d0}, {h0}",
                "jlo 3f",
                "2:",
                "mov #-1, {l0}",
                "mov #-1, {l1}",
                "jmp 7f",
                "3:",
                "mov #32, {count}",
                "4:",
                "rla {l0}",
                "rlc {l1}",
                "rlc {h0}",
                "rlc {h1}",
                "jc 5f",
                "cmp {d1}, {h1}",
                "jlo 6f",
                "jne 5f",
                "cmp {d0}, {h0}",
                "jlo 6f",
                "5:",
                "sub {d0}, {h0}",
                "subc {d1}, {h1}",
                "bis #1, {l0}",
                "6:",
                "dec {count}",
                "jne 4b",
                "7:",
                l0 = inout(reg) l0 => low,
                l1 = inout(reg) l1 => high,
                h0 = inout(reg) h0 => _,
                h1 = inout(reg) h1 => _,
                d0 = in(reg) d0,
                d1 = in(reg) d1,
                count = out(reg) _,
                options(nostack, nomem),
            );
        }
        join(low, high) as u32
    }

    /// 19 cycles a product and 60 around them.
    #[inline(never)]
    fn mac(&self, sum: &mut i64, a: &[i32], b: &[i32]) {
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
                "mov @{sum}, &{RES0}",
                "mov 2({sum}), &{RES1}",
                "mov 4({sum}), &{RES2}",
                "mov 6({sum}), &{RES3}",
                "2:",
                ".word 0x4CB2, {MACS32L}",
                ".word 0x4CB2, {MACS32H}",
                ".word 0x4DB2, {OP2L}",
                ".word 0x4DB2, {OP2H}",
                "dec {count}",
                "jne 2b",
                // Six cycles from the last operand to RES3: these reads, in ascending order, are late enough.
                "mov &{RES0}, 0({sum})",
                "mov &{RES1}, 2({sum})",
                "mov &{RES2}, 4({sum})",
                "mov &{RES3}, 6({sum})",
                sum = in(reg) sum,
                count = inout(reg) count => _,
                inout("r12") a.as_ptr() => _,
                inout("r13") b.as_ptr() => _,
                RES0 = const 0x04E4,
                RES1 = const 0x04E6,
                RES2 = const 0x04E8,
                RES3 = const 0x04EA,
                MACS32L = const 0x04DC,
                MACS32H = const 0x04DE,
                OP2L = const 0x04E0,
                OP2H = const 0x04E2,
                options(nostack),
            );
        }
    }

    /// 74 cycles a sample.
    #[inline(never)]
    #[unsafe(link_section = ".hot")]
    fn droop(&self, lane: &Lane, remainder: &mut i32, filtered: &mut [i32; CENTRE]) -> i32 {
        let sum_low: u16;
        let sum_high: u16;
        let mut carried = *remainder as u16;
        // SAFETY: reads lane[0..20], writes filtered[1..17]. With the five samples a b x c d at 0, 4, 8, 12, 16 of the
        // walking pointer: 30x − 8(b + c) + a + d = 8(4x − b − c) − 2x + a + d.
        unsafe {
            asm!(
                "clr {sl}",
                "clr {sh}",
                "push #{BLOCK}",
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
                "dec 0(r1)",
                "jne 2b",
                "incd r1",
                p = inout(reg) lane.as_ptr() => _,
                q = inout(reg) filtered.as_mut_ptr().add(1) => _,
                carried = inout(reg) carried,
                sl = out(reg) sum_low,
                sh = out(reg) sum_high,
                xl = out(reg) _,
                xh = out(reg) _,
                yl = out(reg) _,
                yh = out(reg) _,
                BLOCK = const BLOCK,
            );
        }
        *remainder = carried as i32;
        join(sum_low, sum_high)
    }

    /// 31 cycles a pair.
    #[inline(never)]
    #[unsafe(link_section = ".hot")]
    fn fold(&self, centre: &[i32; BLOCK], even: &mut [i32; FOLDED], odd: &mut [i32; FOLDED]) {
        // SAFETY: reads all of centre, from the middle outwards; writes all of even and odd.
        unsafe {
            asm!(
                "push #{FOLDED}",
                "2:",
                "sub #4, {early}",
                "mov @{late}+, {al}",
                "mov @{late}+, {ah}",
                "mov 0({early}), {bl}",
                "mov 2({early}), {bh}",
                "add {al}, {bl}",
                "addc {ah}, {bh}",
                "mov {bl}, 0({even})",
                "mov {bh}, 2({even})",
                "sub 0({early}), {al}",
                "subc 2({early}), {ah}",
                "mov {al}, 0({odd})",
                "mov {ah}, 2({odd})",
                "add #4, {even}",
                "add #4, {odd}",
                "dec 0(r1)",
                "jne 2b",
                "incd r1",
                early = inout(reg) centre.as_ptr().add(FOLDED) => _,
                late = inout(reg) centre.as_ptr().add(FOLDED) => _,
                even = inout(reg) even.as_mut_ptr() => _,
                odd = inout(reg) odd.as_mut_ptr() => _,
                al = out(reg) _,
                ah = out(reg) _,
                bl = out(reg) _,
                bh = out(reg) _,
                FOLDED = const FOLDED,
            );
        }
    }

    /// 7 cycles a sample.
    #[inline(never)]
    fn sum(&self, lane: &Lane) -> i32 {
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
    fn peak(&self, lane: &Lane) -> u32 {
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
}

/// The words of a number, the lower first, through memory: LLVM would shift.
#[inline(always)]
fn split(x: i32) -> [u16; 2] {
    // SAFETY: same size, any bits allowed.
    unsafe { core::mem::transmute(x) }
}

/// Two words as one signed number, through memory: LLVM would shift.
#[inline(always)]
fn join(low: u16, high: u16) -> i32 {
    // SAFETY: same size, any bits allowed; least significant word first on this CPU.
    unsafe { core::mem::transmute([low, high]) }
}
