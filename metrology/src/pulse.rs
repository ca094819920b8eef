//! When the pulses of a window fall, if its power was constant.
//!
//! A window's energy is played out while the next one is measured: the edges of n pulses lie θ/W of the window apart, and
//! the last so far before its end as what the register holds back stands for. The number of edges is what the register
//! counted, so output and register agree whatever the rounding of the times. Windows follow each other without a seam,
//! because each is played for as long as it lasted.
//!
//! Time is counted in samples, of 2⁻¹⁷ each (1 ns at 8 000 SPS), so that the drift of two crystals does not matter.

use crate::block::BLOCK;

/// One block, in the unit of time here.
pub const BLOCK_TIME: u32 = (BLOCK as u32) << 17;

/// [`Output::advance`] found no edge in the block.
pub const NO_EDGE: u16 = u16::MAX;

/// How long the first window's pulses wait, so that the following ones are there in time: 0.1 s.
const DELAY: u32 = 50 * BLOCK_TIME;

/// Pulses of one kind in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PulseTrain {
    /// Time to the next edge.
    next: u32,
    /// From edge to edge.
    step: u32,
    /// Edges left.
    left: u16,
}

impl PulseTrain {
    /// No pulses.
    pub const EMPTY: Self = Self {
        next: 0,
        step: 0,
        left: 0,
    };

    /// `pulses` edges, `step` apart; the last one at `last` of the window.
    pub(crate) fn ending(last: i32, step: u32, pulses: u16) -> Self {
        // Signed, because rounding may put the first edge a little before the window.
        let before_last = (step as i32).wrapping_mul(pulses as i32 - 1);
        let next = last.wrapping_sub(before_last);
        Self {
            next: next.max(0) as u32,
            step,
            left: pulses,
        }
    }

    /// Edges left.
    pub fn left(&self) -> u16 {
        self.left
    }
}

/// The pulses of one window: active, either direction; reactive, any quadrant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowPulses {
    /// Active and reactive.
    pub trains: [PulseTrain; 2],
    /// The window's length, in the unit of time here.
    pub length: u32,
}

impl WindowPulses {
    /// No pulses.
    pub const EMPTY: Self = Self {
        trains: [PulseTrain::EMPTY; 2],
        length: 0,
    };
}

/// One output: the pulses being played, and those of the window after it. Both count down.
#[derive(Clone, Debug)]
pub struct Output {
    playing: PulseTrain,
    waiting: PulseTrain,
}

impl Output {
    /// Nothing to play.
    pub const IDLE: Self = Self {
        playing: PulseTrain::EMPTY,
        waiting: PulseTrain::EMPTY,
    };

    /// A block goes by; returns the time from its beginning to the edge in it, in 1/1 024 of a sample, or [`NO_EDGE`]. There
    /// is never a second: an edge that comes too early for that waits for the next block. Does not multiply.
    pub fn advance(&mut self) -> u16 {
        if self.playing.left == 0 {
            self.playing = self.waiting;
            self.waiting.left = 0;
        }
        let mut edge = NO_EDGE;
        let train = &mut self.playing;
        if train.left != 0 {
            if is_within_a_block(train.next) {
                edge = (train.next >> 7) as u16;
                train.left -= 1;
                train.next += train.step;
            }
            train.pass();
        }
        self.waiting.pass();
        edge
    }

    /// Blocks from one edge to the next.
    pub fn blocks_apart(&self) -> u16 {
        (self.playing.step >> 16) as u16 >> 5
    }
}

/// Whether a time lies before the end of a block; a block's lower 16 bits are zero, so that the upper ones tell.
#[inline(always)]
fn is_within_a_block(time: u32) -> bool {
    const _: () = assert!(BLOCK_TIME & 0xFFFF == 0);
    ((time >> 16) as u16) < (BLOCK_TIME >> 16) as u16
}

/// A block goes by; what has come stays at 0.
#[inline(never)]
fn count_down(time: &mut u32) {
    *time = if is_within_a_block(*time) {
        0
    } else {
        *time - BLOCK_TIME
    };
}

impl PulseTrain {
    /// A block goes by.
    fn pass(&mut self) {
        count_down(&mut self.next);
    }
}

/// Plays the pulses of window after window.
#[derive(Clone, Debug)]
pub struct Player {
    /// Active and reactive.
    pub outputs: [Output; 2],
    /// Time to the end of the last window to be played.
    rest: u32,
}

impl Player {
    /// Nothing to play.
    pub const IDLE: Self = Self {
        outputs: [Output::IDLE; 2],
        rest: 0,
    };

    /// Takes the pulses of the window that has just been measured. Should some of the one before still wait, the outputs
    /// are behind by more than the delay allows: they are counted on top of these, and none is lost.
    pub fn enqueue(&mut self, pulses: &WindowPulses) {
        if self.rest == 0 {
            self.rest = DELAY;
        }
        for (output, train) in self.outputs.iter_mut().zip(&pulses.trains) {
            let late = output.waiting.left;
            output.waiting = *train;
            output.waiting.next += self.rest;
            output.waiting.left += late;
        }
        self.rest += pulses.length;
    }

    /// A block goes by, for the player as a whole; call it beside each output's [`Output::advance`].
    pub fn pass(&mut self) {
        count_down(&mut self.rest);
    }
}
