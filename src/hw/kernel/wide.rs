//! Wide arithmetic: 32-bit products on the multiplier, 64-bit sums with the carry flag, in place.
//!
//! The main loop and the block interrupt both come here, so whatever uses the multiplier masks interrupts meanwhile: at
//! most 70 cycles.

use super::{join, split};
use core::arch::asm;

/// Masks interrupts; DINT needs one more instruction before it has effect (SLAU445 1.3.4.1).
macro_rules! mask {
    () => {
        "mov r2, {status}\n dint\n nop"
    };
}

/// Restores the interrupt enable bit; the flags of the instructions before are gone.
macro_rules! unmask {
    () => {
        "nop\n mov {status}, r2\n nop"
    };
}

/// 53 cycles with the call. See `wide::mul_q30` for the rounding: the bit below the last one kept is added.
#[inline(never)]
pub extern "C" fn mul_q30(a: i32, b: i32) -> i32 {
    let [al, ah] = split(a);
    let [bl, bh] = split(b);
    let low: u16;
    let high: u16;
    // SAFETY: registers of the multiplier, masked; each result is read at least as late as it is ready.
    unsafe {
        asm!(
            mask!(),
            "mov {al}, &MPYS32L",
            "mov {ah}, &MPYS32H",
            "mov {bl}, &OP2L",
            "mov {bh}, &OP2H",
            "mov &RES1, {r}",
            "mov &RES2, {low}",
            "mov &RES3, {high}",
            unmask!(),
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
            status = out(reg) _,
            low = lateout(reg) low,
            high = lateout(reg) high,
            options(nostack),
        );
    }
    join(low, high)
}

/// 150 cycles and 9 for each bit of `shift`, at most 31, modulo 16; 80 more for a negative number.
#[inline(never)]
pub extern "C" fn scale(x: &mut i64, m: u32, shift: u16) {
    let [ml, mh] = split(m as i32);
    // SAFETY: reads and writes x; the multiplier is masked; `negate` changes no register.
    //
    // |x| · m in limbs: low half times m, plus high half times m two limbs up. The lowest limb is never needed.
    unsafe {
        asm!(
            "mov 6(r12), {status}",
            "push {status}",
            "tst {status}",
            "jge 2f",
            "call #{negate}",
            "2:",
            mask!(),
            "mov {ml}, &MPY32L",
            "mov {mh}, &MPY32H",
            "mov 4(r12), &OP2L",
            "mov 6(r12), &OP2H",
            "mov &RES0, {t2}",
            "mov &RES1, {t3}",
            "mov &RES2, {t4}",
            "mov &RES3, {t5}",
            "mov @r12, &OP2L",
            "mov 2(r12), &OP2H",
            "mov &RES1, {t1}",
            "add &RES2, {t2}",
            "addc &RES3, {t3}",
            "adc {t4}",
            "adc {t5}",
            unmask!(),
            "bit #16, {shift}",
            "jeq 3f",
            "mov {t2}, {t1}",
            "mov {t3}, {t2}",
            "mov {t4}, {t3}",
            "mov {t5}, {t4}",
            "clr {t5}",
            "3:",
            "and #15, {shift}",
            "jmp 5f",
            "4:",
            "clrc",
            "rrc {t5}",
            "rrc {t4}",
            "rrc {t3}",
            "rrc {t2}",
            "rrc {t1}",
            "5:",
            "dec {shift}",
            "jge 4b",
            "rla {t1}",
            "adc {t2}",
            "adc {t3}",
            "adc {t4}",
            "adc {t5}",
            "mov {t2}, 0(r12)",
            "mov {t3}, 2(r12)",
            "mov {t4}, 4(r12)",
            "mov {t5}, 6(r12)",
            "pop {t1}",
            "tst {t1}",
            "jge 6f",
            "call #{negate}",
            "6:",
            negate = sym negate,
            in("r12") x,
            ml = in(reg) ml,
            mh = in(reg) mh,
            shift = inout(reg) shift => _,
            status = out(reg) _,
            t1 = out(reg) _,
            t2 = out(reg) _,
            t3 = out(reg) _,
            t4 = out(reg) _,
            t5 = out(reg) _,
        );
    }
}

/// About 600 cycles: shift and subtract, 17 a bit.
#[inline(never)]
pub extern "C" fn divide(n: u64, d: u32) -> u32 {
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

/// About 900 cycles: the school's method, 27 a bit, the upper half of x first.
#[inline(never)]
pub extern "C" fn square_root(x: &u64) -> u32 {
    let low: u16;
    let high: u16;
    // SAFETY: reads x.
    //
    // rest·4 + the next two bits, 34 of them, is compared with root·4 + 1; root·4 is what is kept.
    unsafe {
        asm!(
            "clr {t0}",
            "clr {t1}",
            "clr {t2}",
            "clr {r0}",
            "clr {r1}",
            "clr {r2}",
            "mov 4({x}), {x0}",
            "mov 6({x}), {x1}",
            "mov #32, {count}",
            "2:",
            "rla {x0}",
            "rlc {x1}",
            "rlc {r0}",
            "rlc {r1}",
            "rlc {r2}",
            "rla {x0}",
            "rlc {x1}",
            "rlc {r0}",
            "rlc {r1}",
            "rlc {r2}",
            "clrc",
            "subc {t0}, {r0}",
            "subc {t1}, {r1}",
            "subc {t2}, {r2}",
            "jc 3f",
            "setc",
            "addc {t0}, {r0}",
            "addc {t1}, {r1}",
            "addc {t2}, {r2}",
            "jmp 4f",
            "3:",
            "bis #2, {t0}",
            "4:",
            "rla {t0}",
            "rlc {t1}",
            "rlc {t2}",
            "dec {count}",
            "jeq 5f",
            "cmp #16, {count}",
            "jne 2b",
            "mov @{x}, {x0}",
            "mov 2({x}), {x1}",
            "jmp 2b",
            "5:",
            "rra {t2}",
            "rrc {t1}",
            "rrc {t0}",
            "rra {t2}",
            "rrc {t1}",
            "rrc {t0}",
            x = in(reg) x,
            x0 = out(reg) _,
            x1 = out(reg) _,
            r0 = out(reg) _,
            r1 = out(reg) _,
            r2 = out(reg) _,
            t0 = out(reg) low,
            t1 = out(reg) high,
            t2 = out(reg) _,
            count = out(reg) _,
            options(nostack, readonly),
        );
    }
    join(low, high) as u32
}

/// 31 cycles with the call.
#[inline(never)]
pub extern "C" fn add(x: &mut i64, y: &i64) {
    // SAFETY: reads y, changes x.
    unsafe {
        asm!(
            "add @{y}+, 0({x})",
            "addc @{y}+, 2({x})",
            "addc @{y}+, 4({x})",
            "addc @{y}+, 6({x})",
            x = in(reg) x,
            y = inout(reg) y => _,
            options(nostack),
        );
    }
}

/// 33 cycles with the call.
#[inline(never)]
pub extern "C" fn sub(x: &mut i64, y: &i64) {
    // SAFETY: reads y, changes x.
    unsafe {
        asm!(
            "sub 0({y}), 0({x})",
            "subc 2({y}), 2({x})",
            "subc 4({y}), 4({x})",
            "subc 6({y}), 6({x})",
            x = in(reg) x,
            y = in(reg) y,
            options(nostack),
        );
    }
}

/// 32 cycles with the call.
#[inline(never)]
pub extern "C" fn add_small(x: &mut i64, y: i32) {
    let [low, high] = split(y);
    // SAFETY: changes x. The sign's word: −1 with the carry that the doubled upper half leaves, else 0.
    unsafe {
        asm!(
            "mov {high}, {sign}",
            "rla {sign}",
            "subc {sign}, {sign}",
            "inv {sign}",
            "add {low}, 0({x})",
            "addc {high}, 2({x})",
            "addc {sign}, 4({x})",
            "addc {sign}, 6({x})",
            x = in(reg) x,
            low = in(reg) low,
            high = in(reg) high,
            sign = out(reg) _,
            options(nostack),
        );
    }
}

/// 15 cycles and 24 for each bit: a window's formulas shift by 1 500 bits, 1.5 ms.
#[inline(never)]
pub extern "C" fn shift_left(x: &mut i64, bits: u16) {
    // SAFETY: changes x. Each word is added to itself, the pointer being behind it by then.
    unsafe {
        asm!(
            "jmp 3f",
            "2:",
            "add @{x}+, -2({x})",
            "addc @{x}+, -2({x})",
            "addc @{x}+, -2({x})",
            "addc @{x}+, -2({x})",
            "sub #8, {x}",
            "3:",
            "dec {bits}",
            "jge 2b",
            x = inout(reg) x => _,
            bits = inout(reg) bits => _,
            options(nostack),
        );
    }
}

/// 42 cycles with the call; changes no register.
#[unsafe(naked)]
#[unsafe(export_name = "meter430_negate")]
pub extern "C" fn negate(x: &mut i64) {
    core::arch::naked_asm!(
        "inv 0(r12)",
        "inv 2(r12)",
        "inv 4(r12)",
        "inv 6(r12)",
        "inc 0(r12)",
        "adc 2(r12)",
        "adc 4(r12)",
        "adc 6(r12)",
        "ret",
    )
}

/// 60 cycles with the call.
#[inline(never)]
pub extern "C" fn add_product(x: &mut i64, a: i32, b: i32) {
    let [al, ah] = split(a);
    let [bl, bh] = split(b);
    // SAFETY: changes x; the multiplier is masked.
    unsafe {
        asm!(
            mask!(),
            "mov {al}, &MPYS32L",
            "mov {ah}, &MPYS32H",
            "mov {bl}, &OP2L",
            "mov {bh}, &OP2H",
            "add &RES0, 0({x})",
            "addc &RES1, 2({x})",
            "addc &RES2, 4({x})",
            "addc &RES3, 6({x})",
            unmask!(),
            x = in(reg) x,
            al = in(reg) al,
            ah = in(reg) ah,
            bl = in(reg) bl,
            bh = in(reg) bh,
            status = out(reg) _,
            options(nostack),
        );
    }
}
