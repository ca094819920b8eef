//! The block task's half of the meter: every block is added to the running window, and finished windows come out.

use crate::block::{BLOCK, Block, CENTRE, CHANNELS, Channel};
use crate::flags::Flags;
use crate::fundamental::Demodulator;
use crate::history::History;
use crate::kernel::{FOLDED, Kernel};
use crate::wide::{Reciprocal, divide};
use crate::window::{Cut, FundamentalSums, PIECES, PRODUCTS, Product, Sums, Window};
use crate::zero_cross::{Crossing, Tracker};

/// What must be known before the first sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Converter's samples per second: 8000 or 4000.
    pub rate: u16,
}

/// Lengths of a piece, Q16 samples.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    /// 0.2 s.
    wanted: u32,
    /// 0.24 s: never longer, so that the sums of five pieces stay within 64 bits.
    limit: u32,
}

/// Running sums and everything that links one block to the next. All state, no configuration beyond the rate.
#[derive(Clone, Debug)]
pub struct Meter {
    lengths: Lengths,
    history: History,
    tracker: Tracker,
    /// Last filtered sample of voltage and line current.
    filtered: [i32; 2],
    /// What the droop filter carries on, voltage and line current.
    remainders: [i32; 2],
    sums: Sums,
    /// The finished window's sums, while it is being cut.
    closed: Sums,
    demodulator: Demodulator,
    fundamental: FundamentalSums,
    /// Time from the last cut to the next block's centre sample −1, Q16 samples.
    since_cut: u32,
    /// Length of the window's finished pieces, Q16 samples.
    length: u32,
    cycles: u16,
    piece_cycles: u16,
    pieces: u16,
    /// The running piece began at a true zero crossing.
    piece_anchored: bool,
    /// The running window began at a true zero crossing.
    window_anchored: bool,
    peaks: [u32; CHANNELS],
    lost: u16,
    flags: Flags,
    /// ω² in Q24, for estimating lost samples.
    bend: i32,
}

/// A cut that ends a piece.
struct PieceEnd {
    cut: Cut,
    ends_window: bool,
    /// Its length, Q16 samples.
    length: u32,
    /// Frequency for the next piece's oscillator, turns per sample · 2³²; 0 if unknown.
    turns: u32,
}

impl Meter {
    /// A meter that has seen no sample.
    pub fn new(config: &Config) -> Self {
        let rate = config.rate as u32;
        Self {
            lengths: Lengths {
                wanted: (rate << 16) / 5,
                limit: (rate * 6 / 25) << 16,
            },
            history: History::EMPTY,
            tracker: Tracker::new(config.rate),
            filtered: [0; 2],
            remainders: [0; 2],
            sums: Sums::ZERO,
            closed: Sums::ZERO,
            demodulator: Demodulator::STOPPED,
            fundamental: FundamentalSums::default(),
            since_cut: 0,
            length: 0,
            cycles: 0,
            piece_cycles: 0,
            pieces: 0,
            piece_anchored: false,
            window_anchored: false,
            peaks: [0; CHANNELS],
            lost: 0,
            flags: Flags::NONE,
            bend: 0,
        }
    }

    /// Accounts for one block; returns the window that ended in it, if one did (about once a second).
    ///
    /// Bounded time. The block's history slots are overwritten and its lost samples replaced by estimates.
    pub fn push_block<K: Kernel>(&mut self, kernel: &K, block: &mut Block) -> Option<Window> {
        let lost = self.history.thread(block, self.bend);
        if lost != 0 {
            self.lost += lost;
            self.flags.insert(Flags::SAMPLES_LOST);
        }
        self.watch_range(kernel, block);
        let crossing = self.tracker.follow(block.centre(Channel::Voltage));
        let end = self.piece_end(crossing);
        self.multiply(kernel, block, end.as_ref());
        self.demodulate(kernel, block, end.as_ref());
        let window = match &end {
            Some(end) if end.ends_window => Some(self.finish_window()),
            _ => None,
        };
        self.since_cut = self.since_cut.wrapping_add((BLOCK as u32) << 16);
        window
    }

    /// Peaks and clipping of the newest samples.
    fn watch_range<K: Kernel>(&mut self, kernel: &K, block: &Block) {
        let clipped = [
            Flags::VOLTAGE_CLIPPED,
            Flags::LINE_CLIPPED,
            Flags::NEUTRAL_CLIPPED,
        ];
        for ((lane, peak), flag) in block.lanes.iter().zip(&mut self.peaks).zip(clipped) {
            let largest = kernel.peak(lane);
            if largest > *peak {
                *peak = largest;
            }
            if largest >= 0x7F_FFFF {
                self.flags.insert(flag);
            }
        }
    }

    /// Decides whether the piece ends in this block, and prepares the next one if so.
    fn piece_end(&mut self, crossing: Option<Crossing>) -> Option<PieceEnd> {
        let crossing = match crossing {
            Some(crossing) => crossing,
            None => return self.piece_timeout(),
        };
        if crossing.missed {
            self.flags.insert(Flags::CROSSING_MISSED);
        }
        if !crossing.rising {
            return self.piece_timeout();
        }
        self.piece_cycles += 1;
        let length = self.since_cut + crossing.time();
        let half_cycle = self.tracker.period().unwrap_or(0) >> 1;
        if !crossing.acquired && length < self.lengths.wanted - half_cycle {
            return None;
        }
        let anchored = !crossing.missed;
        let mut turns = 0;
        if anchored && self.piece_anchored {
            turns = divide((self.piece_cycles as u64) << 48, length);
            self.tracker
                .refine(length / self.piece_cycles.max(1) as u32);
        } else if let Some(period) = self.tracker.period() {
            turns = divide(1 << 48, period);
        }
        Some(self.end_piece(&crossing, length, anchored, crossing.acquired, turns))
    }

    /// Ends a piece by time when no crossing did.
    fn piece_timeout(&mut self) -> Option<PieceEnd> {
        let limit = match self.tracker.period() {
            Some(_) => self.lengths.limit,
            None => self.lengths.wanted,
        };
        if self.since_cut < limit {
            return None;
        }
        let now = Crossing {
            index: 0,
            fraction: 0,
            rising: true,
            missed: true,
            half_cycle: 0,
            acquired: false,
        };
        Some(self.end_piece(&now, self.since_cut, false, false, 0))
    }

    /// Closes the piece's book-keeping and starts the next.
    fn end_piece(
        &mut self,
        at: &Crossing,
        length: u32,
        anchored: bool,
        acquired: bool,
        turns: u32,
    ) -> PieceEnd {
        self.length += length;
        self.cycles += self.piece_cycles;
        self.pieces += 1;
        self.piece_cycles = 0;
        self.piece_anchored = anchored;
        // The next block's centre sample −1 is 16 samples on; push_block adds them.
        self.since_cut = 0u32.wrapping_sub(at.time());
        let ends_window = acquired || self.pieces >= PIECES;
        if ends_window {
            if !(anchored && self.window_anchored) {
                self.flags.insert(Flags::UNSYNCHRONISED);
            }
            if self.pieces < PIECES {
                self.flags.insert(Flags::SHORT);
            }
            self.window_anchored = anchored;
        }
        PieceEnd {
            cut: Cut::at(at),
            ends_window,
            length,
            turns,
        }
    }

    /// Adds the block's products and codes to the window's sums, split if the window ends.
    fn multiply<K: Kernel>(&mut self, kernel: &K, block: &Block, end: Option<&PieceEnd>) {
        let cut = end.filter(|end| end.ends_window).map(|end| &end.cut);
        let voltage = Operand::new(block, Channel::Voltage, cut);
        let mut filtered = [self.filtered[0]; CENTRE];
        let sum = kernel.droop(&block.lanes[0], &mut self.remainders[0], &mut filtered);
        self.filtered[0] = filtered[BLOCK];
        self.add_codes(Channel::Voltage, sum, &voltage);
        self.add_product(kernel, Product::VoltageVoltage, &filtered, &voltage);
        {
            let neutral = Operand::new(block, Channel::Neutral, cut);
            self.add_codes(Channel::Neutral, kernel.sum(&block.lanes[2]), &neutral);
            self.add_product(kernel, Product::VoltageNeutral, &filtered, &neutral);
            self.add_product(kernel, Product::NeutralNeutral, neutral.centre, &neutral);
        }
        filtered[0] = self.filtered[1];
        let sum = kernel.droop(&block.lanes[1], &mut self.remainders[1], &mut filtered);
        self.filtered[1] = filtered[BLOCK];
        self.add_product(kernel, Product::VoltageLine, &filtered, &voltage);
        let line = Operand::new(block, Channel::Line, cut);
        self.add_codes(Channel::Line, sum, &line);
        self.add_product(kernel, Product::LineLine, &filtered, &line);
    }

    /// Adds Σ `left`·`right` of the block; what belongs to the ending window is moved to `closed` with it.
    fn add_product<K: Kernel>(
        &mut self,
        kernel: &K,
        which: Product,
        left: &[i32; CENTRE],
        right: &Operand,
    ) {
        let which = (which as usize) % PRODUCTS;
        let sum = &mut self.sums.products[which];
        let Some(share) = &right.old_share else {
            kernel.mac(sum, &left[1..], &right.centre[1..]);
            return;
        };
        let mut all = 0;
        kernel.mac(&mut all, &left[1..], &right.centre[1..]);
        let mut old = 0;
        kernel.mac(&mut old, left, share);
        self.closed.products[which] = sum.wrapping_add(old);
        *sum = all.wrapping_sub(old);
    }

    /// Adds the block's codes, likewise.
    fn add_codes(&mut self, channel: Channel, all: i32, operand: &Operand) {
        let which = (channel as usize) % CHANNELS;
        let sum = &mut self.sums.codes[which];
        let Some(share) = &operand.old_share else {
            *sum += all as i64;
            return;
        };
        let old: i32 = share.iter().sum();
        self.closed.codes[which] = *sum + old as i64;
        *sum = (all - old) as i64;
    }

    /// Feeds the demodulator; at the end of a piece, takes the result and starts it anew.
    fn demodulate<K: Kernel>(&mut self, kernel: &K, block: &Block, end: Option<&PieceEnd>) {
        let mut even = [0; FOLDED];
        let mut odd = [0; FOLDED];
        let channels = [Channel::Voltage, Channel::Line];
        let Some(end) = end else {
            for (signal, channel) in channels.into_iter().enumerate() {
                kernel.fold(block_of(block.centre(channel)), &mut even, &mut odd);
                self.demodulator.add(kernel, signal, &even, &odd);
            }
            self.demodulator.advance();
            return;
        };
        for (signal, channel) in channels.into_iter().enumerate() {
            let share = end.cut.old_share_within(block.centre(channel));
            kernel.fold(&share, &mut even, &mut odd);
            self.demodulator.add(kernel, signal, &even, &odd);
        }
        if let Some(amplitudes) = self.demodulator.amplitudes(end.length) {
            self.fundamental.add(&amplitudes);
        }
        self.demodulator.start(end.turns);
        if end.turns != 0 {
            self.bend = self.demodulator.bend();
        }
        for (signal, channel) in channels.into_iter().enumerate() {
            let centre = block.centre(channel);
            let mut share = end.cut.old_share_within(centre);
            for (share, code) in share.iter_mut().zip(block_of(centre)) {
                *share = code - *share;
            }
            kernel.fold(&share, &mut even, &mut odd);
            self.demodulator.add(kernel, signal, &even, &odd);
        }
        self.demodulator.advance();
    }

    /// Hands out the finished window and starts the next one.
    fn finish_window(&mut self) -> Window {
        let window = Window {
            sums: self.closed,
            length: self.length,
            cycles: self.cycles,
            lost: self.lost,
            peaks: self.peaks,
            fundamental: self.fundamental,
            flags: self.flags,
        };
        if !self.flags.contains(Flags::UNSYNCHRONISED) {
            let mean = Reciprocal::new(self.length).mean(self.closed.codes[0], 0);
            self.tracker.level = mean.clamp(-(1 << 23), 1 << 23) as i32;
        }
        self.length = 0;
        self.cycles = 0;
        self.pieces = 0;
        self.lost = 0;
        self.peaks = [0; CHANNELS];
        self.fundamental = FundamentalSums::default();
        self.flags = Flags::NONE;
        window
    }
}

/// One factor of a product: the block's samples and, where a window ends, the old window's share of each.
struct Operand<'a> {
    centre: &'a [i32; CENTRE],
    old_share: Option<[i32; CENTRE]>,
}

impl<'a> Operand<'a> {
    fn new(block: &'a Block, channel: Channel, cut: Option<&Cut>) -> Self {
        let centre = block.centre(channel);
        Self {
            centre,
            old_share: cut.map(|cut| cut.old_share(centre)),
        }
    }
}

/// The samples that the block accounts for, without the one before.
fn block_of(centre: &[i32; CENTRE]) -> &[i32; BLOCK] {
    match centre.last_chunk() {
        Some(block) => block,
        None => &[0; BLOCK],
    }
}
