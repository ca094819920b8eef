//! The arithmetic's inner operations in assembly.
//!
//! Bit for bit what `metrology::kernel` defines, checked in the virtual meter against the portable version. LLVM would
//! call a helper and rebuild carries by comparing for every product: 185 cycles instead of 19, and 110 bytes instead of
//! 18 for every 64-bit addition.

mod block;
mod formula;
mod multiplier;
mod phasor;
mod wide;

use metrology::block::{BLOCK, CENTRE, Lane};
use metrology::formula::{Desk, Step};
use metrology::kernel::{FOLDED, Kernel};
use metrology::oscillator::Phasor;

/// The chip's arithmetic. Wide operations for everybody; those on blocks for the block interrupt only: their running sum
/// lives in the multiplier's result registers across instructions, and nothing that can interrupt the block interrupt
/// multiplies.
pub struct Assembly;

impl Kernel for Assembly {
    #[inline(always)]
    fn mul_q30(&self, a: i32, b: i32) -> i32 {
        wide::mul_q30(a, b)
    }
    #[inline(always)]
    fn scale(&self, x: &mut i64, m: u32, shift: u16) {
        wide::scale(x, m, shift);
    }
    #[inline(always)]
    fn divide(&self, n: u64, d: u32) -> u32 {
        wide::divide(n, d)
    }
    #[inline(always)]
    fn square_root(&self, x: &u64) -> u32 {
        wide::square_root(x)
    }
    #[inline(always)]
    fn add(&self, x: &mut i64, y: &i64) {
        wide::add(x, y);
    }
    #[inline(always)]
    fn sub(&self, x: &mut i64, y: &i64) {
        wide::sub(x, y);
    }
    #[inline(always)]
    fn add_small(&self, x: &mut i64, y: i32) {
        wide::add_small(x, y);
    }
    #[inline(always)]
    fn shift_left(&self, x: &mut i64, bits: u16) {
        wide::shift_left(x, bits);
    }
    #[inline(always)]
    fn negate(&self, x: &mut i64) {
        wide::negate(x);
    }
    #[inline(always)]
    fn add_product(&self, x: &mut i64, a: i32, b: i32) {
        wide::add_product(x, a, b);
    }
    #[inline(always)]
    fn work_off(&self, desk: &mut Desk<'_>, formula: &[Step], channel: usize) {
        formula::work_off(desk, formula, channel);
    }
    #[inline(always)]
    fn rotate(&self, a: &mut [i32; 2], b: &[i32; 2]) {
        phasor::rotate(a, b);
    }
    #[inline(always)]
    fn mac(&self, sum: &mut i64, a: &[i32], b: &[i32]) {
        block::mac(sum, a, b);
    }
    #[inline(always)]
    fn droop(&self, lane: &Lane, remainder: &mut i32, filtered: &mut [i32; CENTRE]) -> i32 {
        block::droop(lane, remainder, filtered)
    }
    #[inline(always)]
    fn correlate(
        &self,
        samples: &[i32; BLOCK],
        table: &[[i32; FOLDED]; 2],
        phase: &[i32; 2],
        sum: &mut Phasor,
    ) {
        phasor::correlate(samples, table, phase, sum);
    }
    #[inline(always)]
    fn sum(&self, lane: &Lane) -> i32 {
        block::sum(lane)
    }
    #[inline(always)]
    fn peak(&self, lane: &Lane) -> u32 {
        block::peak(lane)
    }
}

/// The words of a number, the lower first, through memory: LLVM would shift.
#[inline(always)]
pub fn split(x: i32) -> [u16; 2] {
    // SAFETY: same size, any bits allowed.
    unsafe { core::mem::transmute(x) }
}

/// Two words as one signed number, through memory: LLVM would shift.
#[inline(always)]
pub fn join(low: u16, high: u16) -> i32 {
    // SAFETY: same size, any bits allowed; least significant word first on this CPU.
    unsafe { core::mem::transmute([low, high]) }
}
