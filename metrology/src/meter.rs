//! The block task's half of the meter: every block is added to the running window, and finished windows come out.

use crate::block::{BLOCK, Block, CENTRE, LINE, NEUTRAL, VOLTAGE};
use crate::flags::Flags;
use crate::fundamental::Demodulator;
use crate::history::History;
use crate::kernel::Kernel;
use crate::wide::{SHORTEST, add, add_small, sub};
use crate::window::{Cut, PIECES, PieceEnd, Sums, Tally, Window, block_of};
use crate::zero_cross::{Crossing, Tracker};

/// What must be known before the first sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Converter's samples per second: 8000 or 4000.
    pub rate: u16,
}

/// Running sums and everything that links one block to the next. All state, no configuration beyond the rate.
#[derive(Clone, Debug)]
pub struct Meter {
    /// 0.2 s in Q16 samples: the length of a piece. None is longer than 6/5 of it, so that five fit the sums.
    piece_length: u32,
    history: History,
    tracker: Tracker,
    /// Scratch: one channel's samples of a block behind the droop filter, the block before's last one first.
    filtered: [i32; CENTRE],
    /// Last filtered sample of voltage and line current.
    last_filtered: [i32; 2],
    /// What the droop filter carries on, voltage and line current.
    remainders: [i32; 2],
    sums: Sums,
    tally: Tally,
    finished: Window,
    demodulator: Demodulator,
    /// The current that the fundamental is measured with is the neutral's.
    neutral: bool,
    /// The next window's choice.
    next_neutral: bool,
    crossing: Option<Crossing>,
    end: Option<PieceEnd>,
    /// Time from the last cut to the next block's centre sample −1, Q16 samples.
    since_cut: u32,
    piece_cycles: u16,
    /// The running piece began at a true zero crossing.
    piece_anchored: bool,
    /// The running window began at a true zero crossing.
    window_anchored: bool,
}

impl Meter {
    /// A meter that has seen no sample.
    pub fn new(config: &Config) -> Self {
        Self {
            piece_length: ((config.rate / 5) as u32) << 16,
            history: History::EMPTY,
            tracker: Tracker::new(config.rate),
            filtered: [0; CENTRE],
            last_filtered: [0; 2],
            remainders: [0; 2],
            sums: Sums::ZERO,
            tally: Tally::default(),
            finished: Window::default(),
            demodulator: Demodulator::STOPPED,
            neutral: false,
            next_neutral: false,
            crossing: None,
            end: None,
            since_cut: 0,
            piece_cycles: 0,
            piece_anchored: false,
            window_anchored: false,
        }
    }

    /// Accounts for one block; returns the window that ended in it, if one did (about once a second).
    ///
    /// The window stays valid until the next one ends. Bounded time. The block's history slots are overwritten and its
    /// lost samples replaced by estimates.
    pub fn push_block<K: Kernel>(&mut self, kernel: &K, block: &mut Block) -> Option<&Window> {
        let lost = self.history.thread(block, self.demodulator.bend(kernel));
        if lost != 0 {
            self.tally.lost += lost;
            self.tally.flags.insert(Flags::SAMPLES_LOST);
        }
        self.watch_range(kernel, block);
        self.crossing = self.tracker.follow(block.centre(VOLTAGE));
        self.end = self.piece_end(kernel);
        self.multiply(kernel, block);
        let current = if self.neutral { NEUTRAL } else { LINE };
        let signals = [block.centre(VOLTAGE), block.centre(current)];
        let fundamental = &mut self.tally.fundamental;
        let [_, scratch @ ..] = &mut self.filtered;
        self.demodulator
            .push_block(kernel, signals, self.end.as_ref(), 1, fundamental, scratch);
        self.since_cut = self.since_cut.wrapping_add((BLOCK as u32) << 16);
        match &self.end {
            Some(end) if end.ends_window => Some(self.finish_window(kernel)),
            _ => None,
        }
    }

    /// Chooses the current that the fundamental is measured with, from the next window on: the neutral's, or the line's.
    /// All other sums are always kept for both; [`Window::of_neutral`] exchanges them.
    pub fn meter_neutral(&mut self, neutral: bool) {
        self.next_neutral = neutral;
    }

    /// The zero crossing found in the last block, or the predicted instant of one that was missing.
    pub fn crossing(&self) -> Option<&Crossing> {
        self.crossing.as_ref()
    }

    /// The end of a piece in the last block.
    pub fn end(&self) -> Option<&PieceEnd> {
        self.end.as_ref()
    }

    /// Peaks and clipping of the newest samples.
    fn watch_range<K: Kernel>(&mut self, kernel: &K, block: &Block) {
        let mut flag = Flags::VOLTAGE_CLIPPED;
        for (lane, peak) in block.lanes.iter().zip(&mut self.tally.peaks) {
            let largest = kernel.peak(lane);
            if largest > *peak {
                *peak = largest;
                if largest >= 0x7F_FFFF {
                    self.tally.flags.insert(flag);
                }
            }
            flag = Flags(flag.0 << 1);
        }
    }

    /// Decides whether the piece ends in this block, and prepares the next one if so.
    fn piece_end<K: Kernel>(&mut self, kernel: &K) -> Option<PieceEnd> {
        let period = self.tracker.period();
        let Some(crossing) = self.crossing else {
            return self.piece_timeout(kernel, period);
        };
        if crossing.missed {
            self.tally.flags.insert(Flags::CROSSING_MISSED);
        }
        if !crossing.rising {
            return None;
        }
        self.piece_cycles += 1;
        let length = self.since_cut + crossing.time();
        if !crossing.acquired && length < self.piece_length - (period >> 1) {
            return None;
        }
        let anchored = !crossing.missed;
        if anchored && self.piece_anchored {
            self.tracker
                .refine(length.checked_div(self.piece_cycles as u32).unwrap_or(0));
        }
        Some(self.end_piece(kernel, &crossing, length, anchored))
    }

    /// Ends a piece by time when no crossing did.
    fn piece_timeout<K: Kernel>(&mut self, kernel: &K, period: u32) -> Option<PieceEnd> {
        // Most blocks end here, before the division.
        if self.since_cut < self.piece_length {
            return None;
        }
        let mut limit = self.piece_length;
        if period != 0 {
            limit += self.piece_length / 5;
        }
        if self.since_cut < limit {
            return None;
        }
        Some(self.end_piece(kernel, &Crossing::NONE, self.since_cut, false))
    }

    /// Closes the piece's book-keeping and starts the next.
    #[inline(never)]
    fn end_piece<K: Kernel>(
        &mut self,
        kernel: &K,
        at: &Crossing,
        length: u32,
        anchored: bool,
    ) -> PieceEnd {
        let tally = &mut self.tally;
        tally.length += length;
        tally.cycles += self.piece_cycles;
        tally.pieces += 1;
        self.piece_cycles = 0;
        self.piece_anchored = anchored;
        // The next block's centre sample −1 is 16 samples on; push_block adds them.
        self.since_cut = 0u32.wrapping_sub(at.time());
        // A window that began anywhere is cut short at the first true crossing, so that the next one is a good one.
        let synchronises = anchored && !self.window_anchored && tally.length >= SHORTEST;
        let ends_window = tally.pieces >= PIECES || synchronises;
        if ends_window {
            if !(anchored && self.window_anchored) {
                tally.flags.insert(Flags::UNSYNCHRONISED);
            }
            if tally.pieces < PIECES {
                tally.flags.insert(Flags::SHORT);
            }
            self.window_anchored = anchored;
        }
        let period = self.tracker.period();
        PieceEnd {
            cut: Cut::at(at),
            ends_window,
            length,
            turns: if period == 0 {
                0
            } else {
                kernel.divide(1 << 48, period)
            },
        }
    }

    /// Adds the block's products and codes to the window's sums, split if the window ends.
    fn multiply<K: Kernel>(&mut self, kernel: &K, block: &Block) {
        let end = self.end.as_ref();
        let split = Split(end.filter(|end| end.ends_window).map(|end| &end.cut));
        let (sums, closed) = (&mut self.sums, &mut self.finished.sums);
        let [voltage, line, neutral] = &block.lanes;
        let (v, i, n) = (
            block.centre(VOLTAGE),
            block.centre(LINE),
            block.centre(NEUTRAL),
        );
        let filtered = &mut self.filtered;

        filtered[0] = self.last_filtered[0];
        let codes = kernel.droop(voltage, &mut self.remainders[0], filtered);
        self.last_filtered[0] = filtered[BLOCK];
        split.add_codes(&mut sums.codes[0], &mut closed.codes[0], codes, v);
        split.add_products(
            kernel,
            &mut sums.squares[0],
            &mut closed.squares[0],
            filtered,
            v,
        );
        split.add_products(
            kernel,
            &mut sums.powers[1],
            &mut closed.powers[1],
            filtered,
            n,
        );

        filtered[0] = self.last_filtered[1];
        let codes = kernel.droop(line, &mut self.remainders[1], filtered);
        self.last_filtered[1] = filtered[BLOCK];
        split.add_codes(&mut sums.codes[1], &mut closed.codes[1], codes, i);
        split.add_products(
            kernel,
            &mut sums.squares[1],
            &mut closed.squares[1],
            filtered,
            i,
        );
        split.add_products(
            kernel,
            &mut sums.powers[0],
            &mut closed.powers[0],
            filtered,
            v,
        );

        split.add_codes(
            &mut sums.codes[2],
            &mut closed.codes[2],
            kernel.sum(neutral),
            n,
        );
        split.add_products(kernel, &mut sums.squares[2], &mut closed.squares[2], n, n);
    }

    /// Hands out the finished window and starts the next one.
    fn finish_window<K: Kernel>(&mut self, kernel: &K) -> &Window {
        self.finished.tally = self.tally;
        self.tally = Tally::default();
        if self.next_neutral != self.neutral {
            self.neutral = self.next_neutral;
            self.demodulator.stop();
        }
        if self.neutral {
            self.tally.flags.insert(Flags::NEUTRAL_METERED);
        }
        if !self.finished.tally.flags.intersects(Flags::NO_MEAN) {
            let mut mean = self.finished.sums.codes[VOLTAGE];
            let reciprocal = kernel.divide(1 << 48, self.finished.tally.length);
            kernel.scale(&mut mean, reciprocal, 0);
            self.tracker.set_level(mean as i32);
        }
        &self.finished
    }
}

/// Adds to the sums of a window that ends at the cut, if there is one.
struct Split<'a>(Option<&'a Cut>);

impl Split<'_> {
    /// Adds Σ `left`·`right` to `running`; if the window ends, its part goes to `closed` with what was there.
    #[inline(never)]
    fn add_products<K: Kernel>(
        &self,
        kernel: &K,
        running: &mut i64,
        closed: &mut i64,
        left: &[i32; CENTRE],
        right: &[i32; CENTRE],
    ) {
        let mut old = 0;
        if let Some(cut) = self.0 {
            *closed = *running;
            *running = 0;
            cut.weigh(right, |share| kernel.mac(&mut old, left, share));
        }
        kernel.mac(running, block_of(left), block_of(right));
        if self.0.is_some() {
            add(closed, &old);
            sub(running, &old);
        }
    }

    /// Adds the sum of the codes in `centre`, likewise.
    #[inline(never)]
    fn add_codes(&self, running: &mut i64, closed: &mut i64, codes: i32, centre: &[i32; CENTRE]) {
        let mut rest = codes;
        if let Some(cut) = self.0 {
            let mut old = 0;
            cut.weigh(centre, |share| old = share.iter().sum());
            add_small(running, old);
            *closed = *running;
            *running = 0;
            rest -= old;
        }
        add_small(running, rest);
    }
}
