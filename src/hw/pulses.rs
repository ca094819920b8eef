//! Wh and varh pulses on P6.0 and P6.1, placed by timer TB3.
//!
//! Once a block the sample interrupt, which knows when the block's last sample was taken, sets the compare register for
//! the edge that falls into the block. TB3 runs beside TB1, which captures the samples, from the same clock; the
//! difference between the two is measured once. What an edge is late by is therefore always the same.

use super::shared::InterruptCell;
use metrology::pulse::{NO_EDGE, Output, Player, WindowPulses};
use msp430fr2355::{Peripherals, Tb3};

/// TB3CTL: SMCLK, continuous, cleared.
const CONTINUOUS: u16 = (2 << 8) | (2 << 4) | (1 << 2);
/// TB3CCTLn: the output is set, or reset, when the timer reaches the compare register.
const SET: u16 = 1 << 5;
const RESET: u16 = 5 << 5;
/// Cycles from the capture of a block's last sample to the place of its beginning on the output: one sample, longer than
/// the way to the compare register takes.
const LAG_CYCLES: u16 = 2998;
/// Longest pulse, in blocks: 30 ms.
const LONGEST_BLOCKS: u16 = 15;

struct Pulses {
    player: Player,
    /// TB3 less TB1.
    offset: u16,
    /// Blocks until each output falls.
    high: [u16; 2],
}

static PULSES: InterruptCell<Pulses> = InterruptCell::new(Pulses {
    player: Player::IDLE,
    offset: 0,
    high: [0; 2],
});

/// Starts the timer, which from then on runs whatever the converter does: the port uses it too.
pub fn start(p: &Peripherals) {
    // SAFETY: the timer control register takes this value (SLAU445 table 14-5).
    unsafe { p.tb3.tb3ctl().write(|w| w.bits(CONTINUOUS)) };
}

/// Measures where the timer stands beside TB1, which has just been started.
pub fn align(p: &Peripherals) {
    PULSES.lock(|s| {
        // The same SMCLK clocks both, so the counts are stable and apart by a constant.
        let samples = p.tb1.tb1r().read().bits();
        s.offset = p.tb3.tb3r().read().bits().wrapping_sub(samples);
    });
}

/// Takes the pulses of a window.
pub fn enqueue(pulses: &WindowPulses) {
    PULSES.lock(|s| s.player.enqueue(pulses));
}

/// A block is complete whose last sample was captured at `captured` of TB1.
///
/// # Safety
/// Called from the sample interrupt only. Does not multiply.
#[inline(always)]
pub unsafe fn on_block(captured: u16) {
    // SAFETY: interrupts are disabled; the compare channels are ours.
    let (s, timer) = unsafe { (PULSES.get_in_interrupt(), &*Tb3::ptr()) };
    let begin = captured.wrapping_add(s.offset).wrapping_add(LAG_CYCLES);
    s.player.pass();
    let mut control = timer.tb3cctl1().as_ptr();
    // Not by index or `zip`: both would multiply.
    let mut high = s.high.as_mut_ptr();
    for output in &mut s.player.outputs {
        // SAFETY: registers of this timer, and there are as many counts as outputs.
        unsafe {
            play(output, &mut *high, begin, control);
            high = high.add(1);
            control = control.add(1);
        }
    }
}

/// Words from a channel's control register to its compare register.
const CONTROL_TO_COMPARE: usize = 8;

/// Sets one output's compare channel, if it has to change in the block that starts at `begin`.
///
/// # Safety
/// `control` is the channel's control register.
#[inline(always)]
unsafe fn play(output: &mut Output, high: &mut u16, begin: u16, control: *mut u16) {
    let time = output.advance();
    let mut mode = SET;
    let mut place = begin;
    if time != NO_EDGE {
        *high = (output.blocks_apart() >> 1).clamp(2, LONGEST_BLOCKS);
        place = place.wrapping_add(cycles(time));
    } else {
        if *high == 0 {
            return;
        }
        *high -= 1;
        if *high != 0 {
            return;
        }
        mode = RESET;
    }
    // SAFETY: registers of this channel; the mode changes in one bit only, which cannot glitch (SLAU445 14.2.5.1).
    unsafe {
        control
            .wrapping_add(CONTROL_TO_COMPARE)
            .write_volatile(place);
        control.write_volatile(mode);
    }
}

/// SMCLK cycles of a time within a block, in 1/1 024 of a sample, without multiplying: 2 998 a sample.
fn cycles(time: u16) -> u16 {
    // 2 998 / 1 024 = 2 + 1 − 1/16 − 1/128 − 1/512. Three times anything would become a call of the multiplier's helper.
    let twice = core::hint::black_box(time << 1);
    twice + (time - (time >> 4) - (time >> 7) - (time >> 9))
}
