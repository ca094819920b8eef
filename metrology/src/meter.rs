//! The block task's half of the meter: every block is added to the running window, and finished windows come out.

use crate::block::{BLOCK, Block, CENTRE, CHANNELS, LINE, NEUTRAL, VOLTAGE};
use crate::flags::Flags;
use crate::fundamental::Demodulator;
use crate::history::History;
use crate::kernel::Kernel;
use crate::wide::{SHORTEST, half, is_less};
use crate::window::{Cut, PIECES, PieceEnd, Side, Sums, Tally, Window, block_of};
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
    /// 0.2 s in Q16 samples: the length of a piece.
    piece_length: u32,
    /// 6/5 of it: no piece is longer, so that five fit the sums.
    longest_piece: u32,
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
    demodulator: Demodulator,
    /// Whether the current that the fundamental is measured with is the neutral's: [`Flags::NEUTRAL_METERED`] or none.
    metered: Flags,
    /// What the last block brought; valid where `crossed` and `ended` say so. Not options: those are not all zero when
    /// empty.
    crossing: Crossing,
    end: PieceEnd,
    crossed: bool,
    ended: bool,
    /// Time from the last cut to the next block's centre sample −1, Q16 samples.
    since_cut: u32,
    piece_cycles: u16,
    /// The running piece began at a true zero crossing.
    piece_anchored: bool,
    /// The running window began at a true zero crossing.
    window_anchored: bool,
    /// The running window is to end with the next block.
    hurried: bool,
}

impl Meter {
    /// All zero: what a static begins with; call [`start`](Self::start) before use.
    pub const ZERO: Self = Self {
        piece_length: 0,
        longest_piece: 0,
        history: History::EMPTY,
        tracker: Tracker::ZERO,
        filtered: [0; CENTRE],
        last_filtered: [0; 2],
        remainders: [0; 2],
        sums: Sums::ZERO,
        tally: Tally::ZERO,
        demodulator: Demodulator::STOPPED,
        metered: Flags::NONE,
        crossing: Crossing::ZERO,
        end: PieceEnd::ZERO,
        crossed: false,
        ended: false,
        since_cut: 0,
        piece_cycles: 0,
        piece_anchored: false,
        window_anchored: false,
        hurried: false,
    };

    /// A meter that has seen no sample.
    pub fn new(config: &Config) -> Self {
        let mut meter = Self::ZERO;
        meter.start(config);
        meter
    }

    /// Sets what is not zero before the first sample.
    pub fn start(&mut self, config: &Config) {
        self.piece_length = ((config.rate / 5) as u32) << 16;
        self.longest_piece = ((config.rate / 25 * 6) as u32) << 16;
        self.tracker.start(config.rate);
    }

    /// Accounts for one block; returns whether a window ended in it (about once a second) and is in `finished`, which holds
    /// the window before until then, or nothing measured; with the current chosen that the next one is to be metered by
    /// ([`Window::meter_by_neutral`]).
    ///
    /// Without a place for it a window does not end: it goes on until a piece ends with one, so that nothing is lost.
    /// The sums have room for seven seconds. Bounded time. The block's history slots are overwritten and its lost samples
    /// replaced by estimates.
    pub fn push_block<K: Kernel>(
        &mut self,
        kernel: &K,
        block: &mut Block,
        finished: Option<&mut Window>,
    ) -> bool {
        let half_sine = self.demodulator.half_sine();
        let lost = self.history.thread(kernel, block, half_sine);
        if lost != 0 {
            self.tally.lost += lost;
            self.tally.flags.insert(Flags::SAMPLES_LOST);
        }
        self.watch_range(kernel, block);
        let centre = block.centre(VOLTAGE);
        self.crossed = self.tracker.follow(kernel, centre, &mut self.crossing) != 0;
        self.ended = false;
        self.look_for_end(kernel, finished.is_some());
        let mut finished = finished.filter(|_| self.ended && self.end.ends_window);
        self.multiply(
            kernel,
            block,
            finished.as_mut().map(|window| &mut window.sums),
        );
        let mut current = LINE;
        if self.metered != Flags::NONE {
            current = NEUTRAL;
        }
        let signals = [block.centre(VOLTAGE), block.centre(current)];
        let end = self.ended.then_some(&self.end);
        let fundamental = &mut self.tally.fundamental;
        self.demodulator
            .push_block(kernel, signals, end, 1, fundamental);
        self.since_cut = self.since_cut.wrapping_add((BLOCK as u32) << 16);
        let Some(finished) = finished else {
            return false;
        };
        self.finish_window(kernel, finished);
        true
    }

    /// Ends the running window with the next block that no crossing is in, whole cycles or not: the supply is going, and
    /// what has flowed so far must be counted while there is time.
    ///
    /// Parts of a cycle, or the end of the mains, would make the fundamental of the last piece wrong by up to half: the window's
    /// other pieces stand for it, or where there are none yet, those of the window before.
    pub fn hurry(&mut self) {
        self.hurried = true;
        self.demodulator.stop();
    }

    /// The zero crossing found in the last block, or the predicted instant of one that was missing.
    pub fn crossing(&self) -> Option<&Crossing> {
        self.crossed.then_some(&self.crossing)
    }

    /// The end of a piece in the last block.
    pub fn end(&self) -> Option<&PieceEnd> {
        self.ended.then_some(&self.end)
    }

    /// Peaks and clipping of the newest samples.
    fn watch_range<K: Kernel>(&mut self, kernel: &K, block: &Block) {
        let mut flag = Flags::VOLTAGE_CLIPPED;
        let mut flags = self.tally.flags;
        for (lane, peak) in block.lanes.iter().zip(self.tally.peaks_mut()) {
            let largest = kernel.peak(lane);
            if is_less(*peak, largest) {
                *peak = largest;
                // The largest code is one less than the least's magnitude.
                if (largest + 1) & (1 << 23) != 0 {
                    flags.insert(flag);
                }
            }
            flag = Flags(flag.0 << 1);
        }
        self.tally.flags = flags;
    }

    /// Decides whether the piece ends in this block, and prepares the next one if so.
    fn look_for_end<K: Kernel>(&mut self, kernel: &K, may_finish: bool) {
        let period = self.tracker.period();
        let mut length = self.since_cut;
        if self.crossed {
            let crossing = &self.crossing;
            if crossing.missed {
                self.tally.flags.insert(Flags::CROSSING_MISSED);
            }
            if !crossing.rising {
                return;
            }
            self.piece_cycles += 1;
            length += crossing.time();
            let half_cycle = half(period as i32) as u32;
            if !crossing.acquired && is_less(length, self.piece_length - half_cycle) {
                return;
            }
            if !crossing.missed && self.piece_anchored {
                self.tracker
                    .refine(kernel.divide(length as u64, self.piece_cycles as u32));
            }
        } else {
            // No crossing, but time. In a hurry, but not before there is a place: pieces that end in every block leave the main
            // loop no time to make one.
            if !(self.hurried && may_finish) {
                if is_less(length, self.piece_length) {
                    return;
                }
                if period != 0 && is_less(length, self.longest_piece) {
                    return;
                }
            }
            self.crossing = Crossing::NONE;
        }
        self.end_piece(kernel, length, may_finish);
    }

    /// Closes the book-keeping of the piece that ends at the crossing, and starts the next.
    #[inline(never)]
    fn end_piece<K: Kernel>(&mut self, kernel: &K, length: u32, may_finish: bool) {
        self.ended = true;
        let at = &self.crossing;
        let anchored = !at.missed;
        let tally = &mut self.tally;
        tally.count_piece(length, self.piece_cycles);
        self.piece_cycles = 0;
        self.piece_anchored = anchored;
        // The next block's centre sample −1 is 16 samples on; push_block adds them.
        self.since_cut = 0u32.wrapping_sub(at.time());
        self.end.cut = Cut::at(kernel, at);
        self.end.ends_window = false;
        if may_finish {
            self.look_for_end_of_window(anchored);
        }
        self.end.length = length;
        let period = self.tracker.period();
        self.end.turns = 0;
        if period != 0 {
            self.end.turns = kernel.divide(1 << 48, period);
        }
    }

    /// Decides whether the window ends with the piece, at a true crossing if `anchored`.
    fn look_for_end_of_window(&mut self, anchored: bool) {
        let tally = &mut self.tally;
        if tally.pieces < PIECES && !self.hurried {
            // A window that began anywhere is cut short at the first true crossing, so that the next one is a good one; but not
            // before it has a piece of the fundamental, or its reactive energy would be lost.
            let synchronises = anchored
                && !self.window_anchored
                && self.demodulator.is_running()
                && tally.length() >= SHORTEST;
            if !synchronises {
                return;
            }
            tally.flags.insert(Flags::SHORT);
        }
        if !(anchored && self.window_anchored) {
            tally.flags.insert(Flags::UNSYNCHRONISED);
        }
        self.window_anchored = anchored;
        self.end.ends_window = true;
    }

    /// Adds the block's products and codes to the window's sums; if the window ends in it, splits them between `closed`
    /// and the sums of the next.
    fn multiply<K: Kernel>(&mut self, kernel: &K, block: &Block, closed: Option<&mut Sums>) {
        let mut split = Split {
            running: &mut self.sums,
            closing: closed.map(|closed| (&self.end.cut, closed)),
        };
        if let Some((_, closed)) = &mut split.closing {
            **closed = *split.running;
        }
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
        split.add(kernel, Sums::SQUARES, filtered, v, codes);
        split.add(kernel, Sums::POWERS + 1, filtered, n, 0);

        filtered[0] = self.last_filtered[1];
        let codes = kernel.droop(line, &mut self.remainders[1], filtered);
        self.last_filtered[1] = filtered[BLOCK];
        split.add(kernel, Sums::SQUARES + LINE, filtered, i, codes);
        split.add(kernel, Sums::POWERS, filtered, v, 0);

        split.add(kernel, Sums::SQUARES + NEUTRAL, n, n, kernel.sum(neutral));

        // The old window has what the cut gave it, the new one gets all the rest.
        if let Some((_, closed)) = &split.closing {
            for (running, closed) in split.running.0.iter_mut().zip(&closed.0) {
                kernel.sub(running, closed);
            }
        }
    }

    /// Completes the finished window and starts the next one.
    #[inline(never)]
    fn finish_window<K: Kernel>(&mut self, kernel: &K, finished: &mut Window) {
        if self.hurried && self.tally.fundamental.pieces == 0 {
            self.tally.fundamental = finished.tally.fundamental;
        }
        self.hurried = false;
        let metered = finished.metered();
        finished.tally = self.tally;
        // The neutral passes no droop filter, whose factor is 4.
        kernel.shift_left(&mut finished.sums.0[Sums::SQUARES + NEUTRAL], 2);
        self.tally = Tally::ZERO;
        self.tally.flags = metered;
        if metered != self.metered {
            self.metered = metered;
            self.demodulator.stop();
        }
        if !finished.tally.flags.intersects(Flags::NO_MEAN) {
            let mut mean = finished.sums.0[Sums::CODES + VOLTAGE];
            let reciprocal = kernel.divide(1 << 48, finished.tally.length());
            kernel.scale(&mut mean, reciprocal, 0);
            self.tracker.set_level(mean as i32);
        }
    }
}

/// Where a block's sums go: all to the running window, and what lies before the cut, if there is one, to the one that closes.
struct Split<'a> {
    running: &'a mut Sums,
    closing: Option<(&'a Cut, &'a mut Sums)>,
}

impl Split<'_> {
    /// Adds Σ `left`·`right` to the sum at `place`; if that is a sum of squares, adds also the sum of the codes in `right`,
    /// which is `codes`, to the one of the same channel.
    #[inline(never)]
    fn add<K: Kernel>(
        &mut self,
        kernel: &K,
        place: usize,
        left: &[i32; CENTRE],
        right: &[i32; CENTRE],
        codes: i32,
    ) {
        let place_of_codes = place - Sums::SQUARES;
        let has_codes = place_of_codes < CHANNELS;
        if let Some((cut, closed)) = &mut self.closing {
            let mut share = [0; CENTRE];
            cut.fill(kernel, right, Side::Old, &mut share);
            kernel.mac(&mut closed.0[place % Sums::COUNT], left, &share);
            if has_codes {
                for part in &share {
                    kernel.add_small(&mut closed.0[place_of_codes], *part);
                }
            }
        }
        let running = &mut self.running.0;
        kernel.mac(
            &mut running[place % Sums::COUNT],
            block_of(left),
            block_of(right),
        );
        if has_codes {
            kernel.add_small(&mut running[place_of_codes], codes);
        }
    }
}
