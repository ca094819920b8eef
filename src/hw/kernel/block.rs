//! The arithmetic of whole blocks: what runs for every sample.
//!
//! The three loops longer than the FRAM's cache run in RAM (section `.hot`, copied there at start-up): from FRAM
//! every fourth word would cost two wait states, a third of the loop's time.
//!
//! `.word 0x4CB2, address` is MOV @R12+, &address (0x4DB2 for R13), which the CPU has and LLVM's assembler lacks.

use super::join;
use core::arch::asm;
use metrology::block::{BLOCK, CENTRE, HISTORY, Lane};
use metrology::kernel::FOLDED;
use metrology::oscillator::Phasor;

/// The multiplier's sum to zero.
macro_rules! clear {
    () => {
        "clr &RES0\n clr &RES1\n clr &RES2\n clr &RES3"
    };
}

/// The folded sample in {t} and {u} times the next of the table; the next operand is written more than the seven cycles
/// later that the product takes.
macro_rules! folded {
    () => {
        "mov {t}, &MACS32L\n mov {u}, &MACS32H\n .word 0x4CB2, OP2L\n .word 0x4CB2, OP2H\n dec {n}"
    };
}

/// The multiplier's sum by 2²⁷ into two words.
macro_rules! cut_27 {
    ($low:literal, $high:literal) => {
        concat!(
            "mov &RES1, {n}\n mov &RES2, ", $low, "\n mov &RES3, ", $high, "\n",
            cut_27!(bit $low, $high), cut_27!(bit $low, $high), cut_27!(bit $low, $high),
            cut_27!(bit $low, $high), cut_27!(bit $low, $high),
        )
    };
    (bit $low:literal, $high:literal) => {
        concat!("rla {n}\n rlc ", $low, "\n rlc ", $high, "\n")
    };
}

/// Adds p (in {p0}, {p1}) times one part of the phase and q (in {t}, {u}) times the other to the sum at an offset.
macro_rules! turned {
    ($sum:literal, $pl:literal, $ph:literal, $ql:literal, $qh:literal) => {
        concat!(
            "mov ",
            $sum,
            "({sum}), &RES0\n mov 2+",
            $sum,
            "({sum}), &RES1\n",
            "mov 4+",
            $sum,
            "({sum}), &RES2\n mov 6+",
            $sum,
            "({sum}), &RES3\n",
            "mov {p0}, &MACS32L\n mov {p1}, &MACS32H\n",
            "mov ",
            $pl,
            "({phase}), &OP2L\n mov ",
            $ph,
            "({phase}), &OP2H\n",
            // Seven cycles until the product is done.
            "nop\n nop\n nop\n",
            "mov {t}, &MACS32L\n mov {u}, &MACS32H\n",
            "mov ",
            $ql,
            "({phase}), &OP2L\n mov ",
            $qh,
            "({phase}), &OP2H\n",
            "nop\n nop\n nop\n",
            "mov &RES0, ",
            $sum,
            "({sum})\n mov &RES1, 2+",
            $sum,
            "({sum})\n",
            "mov &RES2, 4+",
            $sum,
            "({sum})\n mov &RES3, 6+",
            $sum,
            "({sum})",
        )
    };
}

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
            "mov @{sum}, &RES0",
            "mov 2({sum}), &RES1",
            "mov 4({sum}), &RES2",
            "mov 6({sum}), &RES3",
            "2:",
            ".word 0x4CB2, MACS32L",
            ".word 0x4CB2, MACS32H",
            ".word 0x4DB2, OP2L",
            ".word 0x4DB2, OP2H",
            "dec {count}",
            "jne 2b",
            // Six cycles from the last operand to RES3: these reads, in ascending order, are late enough.
            "mov &RES0, 0({sum})",
            "mov &RES1, 2({sum})",
            "mov &RES2, 4({sum})",
            "mov &RES3, 6({sum})",
            sum = in(reg) sum,
            count = inout(reg) count => _,
            inout("r12") a.as_ptr() => _,
            inout("r13") b.as_ptr() => _,
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

/// The multiplier's sum by 2³⁰, rounded to nearest, into two words.
macro_rules! rounded_30 {
    ($low:literal, $high:literal) => {
        concat!(
            "mov &RES1, {r}\n mov &RES2, ",
            $low,
            "\n mov &RES3, ",
            $high,
            "\n",
            "rla {r}\n rlc ",
            $low,
            "\n rlc ",
            $high,
            "\n rla {r}\n rlc ",
            $low,
            "\n rlc ",
            $high,
            "\n",
            "rla {r}\n adc ",
            $low,
            "\n adc ",
            $high
        )
    };
}

/// One product of parts at offsets of {a} and {b} into the multiplier, or added to its sum.
macro_rules! part {
    ($op:literal, $al:literal, $ah:literal, $bl:literal, $bh:literal) => {
        concat!(
            "mov ",
            $al,
            "({a}), &",
            $op,
            "L\n mov ",
            $ah,
            "({a}), &",
            $op,
            "H\n",
            "mov ",
            $bl,
            "({b}), &OP2L\n mov ",
            $bh,
            "({b}), &OP2H"
        )
    };
}

/// 145 cycles.
#[inline(never)]
pub fn rotate(a: &mut [i32; 2], b: &[i32; 2]) {
    // SAFETY: changes a, reads b; the multiplier is ours here. Seven cycles pass between a product's last operand and the
    // next one's first.
    unsafe {
        asm!(
            // imaginary · cos + real · sin
            part!("MPYS32", "4", "6", "0", "2"),
            "nop\n nop\n nop",
            part!("MACS32", "0", "2", "4", "6"),
            "nop\n nop\n nop",
            rounded_30!("{low}", "{high}"),
            // real · cos − imaginary · sin
            part!("MPYS32", "0", "2", "0", "2"),
            "mov 4({a}), {t}",
            "mov 6({a}), {r}",
            "inv {t}",
            "inv {r}",
            "inc {t}",
            "adc {r}",
            "mov {t}, &MACS32L",
            "mov {r}, &MACS32H",
            "mov 4({b}), &OP2L",
            "mov 6({b}), &OP2H",
            "mov {low}, 4({a})",
            "mov {high}, 6({a})",
            rounded_30!("{low}", "{high}"),
            "mov {low}, 0({a})",
            "mov {high}, 2({a})",
            a = in(reg) a,
            b = in(reg) b,
            r = out(reg) _,
            t = out(reg) _,
            low = out(reg) _,
            high = out(reg) _,
            options(nostack),
        );
    }
}

/// 33 cycles for each of sixteen products, 200 for turning. Both loops are 32 bytes, all that the FRAM's cache holds, and
/// aligned to its lines: they run without wait states.
#[inline(never)]
pub fn correlate(
    samples: &[i32; BLOCK],
    table: &[[i32; FOLDED]; 2],
    phase: &[i32; 2],
    sum: &mut Phasor,
) {
    // SAFETY: reads all of samples, from the middle outwards, of table and of phase; changes sum, whose fields are in order;
    // the multiplier is ours here. {r} is the third of the words that are cut to one 32-bit number, {n} before that.
    unsafe {
        asm!(
            clear!(),
            "mov #{FOLDED}, {n}",
            ".p2align 3",
            "2:",
            "mov @{late}+, {t}",
            "mov @{late}+, {u}",
            "sub #4, {early}",
            "add @{early}, {t}",
            "addc 2({early}), {u}",
            folded!(),
            "jne 2b",
            cut_27!("{p0}", "{p1}"),
            // Back to the middle, for the differences with the sines.
            "sub #32, {late}",
            "add #32, {early}",
            clear!(),
            "mov #{FOLDED}, {n}",
            ".p2align 3",
            "3:",
            "mov @{late}+, {t}",
            "mov @{late}+, {u}",
            "sub #4, {early}",
            "sub @{early}, {t}",
            "subc 2({early}), {u}",
            folded!(),
            "jne 3b",
            cut_27!("{t}", "{u}"),
            // sum.sin += p · sin + q · cos
            turned!("8", "4", "6", "0", "2"),
            // sum.cos += p · cos − q · sin
            "inv {t}",
            "inv {u}",
            "inc {t}",
            "adc {u}",
            turned!("0", "0", "2", "4", "6"),
            late = inout(reg) samples.as_ptr().add(FOLDED) => _,
            early = inout(reg) samples.as_ptr().add(FOLDED) => _,
            inout("r12") table.as_ptr() => _,
            phase = in(reg) phase,
            sum = in(reg) sum,
            n = out(reg) _,
            t = out(reg) _,
            u = out(reg) _,
            p0 = out(reg) _,
            p1 = out(reg) _,
            FOLDED = const FOLDED,
            options(nostack),
        );
    }
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
