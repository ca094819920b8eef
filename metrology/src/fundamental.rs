//! Fundamental voltage, current, active and reactive power, by quadrature demodulation in pieces of whole cycles.
//!
//! The oscillator runs at the frequency measured in the piece before. Its phase cancels, because voltage and current are
//! demodulated together; its frequency may be off by as much as the mains changed in 0.2 s. Powers are added over the
//! pieces, not amplitudes.

use crate::block::{BLOCK, CENTRE};
use crate::kernel::Kernel;
use crate::oscillator::{Oscillator, Phasor};
use crate::wide::SHORTEST;
use crate::window::{Cut, FundamentalSums, PieceEnd, Side, block_of};

/// Demodulator of one frequency, for voltage and current.
#[derive(Clone, Debug)]
pub struct Demodulator {
    oscillator: Oscillator,
    sums: [Phasor; 2],
    running: bool,
}

impl Demodulator {
    /// A demodulator that does nothing until it is started.
    pub const STOPPED: Self = Self {
        oscillator: Oscillator::STOPPED,
        sums: [[0; 2]; 2],
        running: false,
    };

    /// Accounts for one block of voltage and current; where a piece ends, adds its powers to `sums` and starts the next
    /// piece at `order` times the mains frequency.
    #[inline(never)]
    pub fn push_block<K: Kernel>(
        &mut self,
        kernel: &K,
        signals: [&[i32; CENTRE]; 2],
        end: Option<&PieceEnd>,
        order: u16,
        sums: &mut FundamentalSums,
    ) {
        if let Some(end) = end {
            self.add_share(kernel, &signals, &end.cut, Side::Old);
            self.finish(kernel, end.length, sums);
            self.start(kernel, end.turns.wrapping_mul(order as u32));
            self.add_share(kernel, &signals, &end.cut, Side::New);
        } else {
            for (signal, centre) in signals.iter().enumerate() {
                self.add(kernel, signal, block_of(centre));
            }
        }
        self.advance(kernel);
    }

    /// Adds what belongs to one side of the cut.
    #[inline(never)]
    fn add_share<K: Kernel>(
        &mut self,
        kernel: &K,
        signals: &[&[i32; CENTRE]; 2],
        cut: &Cut,
        side: Side,
    ) {
        let mut share = [0; CENTRE];
        for (signal, centre) in signals.iter().enumerate() {
            cut.fill(kernel, centre, side, &mut share);
            self.add(kernel, signal, block_of(&share));
            let before = share[0];
            if before == 0 {
                continue;
            }
            // Of the sample before the block: the last of a block that is empty but for it.
            share = [0; CENTRE];
            share[BLOCK] = before;
            self.oscillator.retreat(kernel);
            self.add(kernel, signal, block_of(&share));
            self.oscillator.advance(kernel);
        }
    }

    /// Adds a block of one signal: 0 voltage, 1 current.
    #[inline(never)]
    fn add<K: Kernel>(&mut self, kernel: &K, signal: usize, samples: &[i32; BLOCK]) {
        if self.running {
            self.oscillator
                .correlate(kernel, samples, &mut self.sums[signal & 1]);
        }
    }

    /// Goes on to the next block.
    #[inline]
    fn advance<K: Kernel>(&mut self, kernel: &K) {
        if self.running {
            self.oscillator.advance(kernel);
        }
    }

    /// Starts a piece at `turns`/2³² of a turn per sample; 0 stops.
    fn start<K: Kernel>(&mut self, kernel: &K, turns: u32) {
        self.sums = [[0; 2]; 2];
        self.running = false;
        if turns != 0 {
            self.running = true;
            self.oscillator.start(kernel, turns);
        }
    }

    /// Whether the running piece will have a result.
    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    /// Gives the running piece up.
    pub(crate) fn stop(&mut self) {
        self.running = false;
    }

    /// sin(ω/2) of the running frequency, Q30.
    pub(crate) fn half_sine(&self) -> i32 {
        self.oscillator.half_sine()
    }

    /// Ends a piece of `length` (Q16 samples) and adds its powers to `sums`, unless the demodulator did not run or
    /// the piece is too short (below `SHORTEST`) to mean anything.
    fn finish<K: Kernel>(&mut self, kernel: &K, length: u32, sums: &mut FundamentalSums) {
        if !self.running || length < SHORTEST {
            return;
        }
        // Amplitude = 2·sum/2²⁵/samples codes; in 1/100 code: sum·(25·2⁵⁰/length)/2⁵⁶. That unit lets the squares of five
        // pieces of a full-scale square wave fit.
        let reciprocal = kernel.divide(25 << 50, length);
        let mut amplitudes = [[0; 2]; 2];
        let parts = amplitudes.as_flattened_mut();
        for (part, sum) in parts.iter_mut().zip(self.sums.as_flattened_mut()) {
            kernel.scale(sum, reciprocal, 24);
            *part = *sum as i32;
        }
        let [voltage, current] = &amplitudes;
        let [active, reactive, voltages, currents] = &mut sums.powers;
        kernel.mac(active, voltage, current);
        kernel.mac(voltages, voltage, voltage);
        kernel.mac(currents, current, current);
        // Cosine by sine less sine by cosine.
        let ([cos, sin], [current_cos, current_sin]) = (voltage, current);
        kernel.add_product(reactive, *cos, *current_sin);
        kernel.negate(reactive);
        kernel.add_product(reactive, *sin, *current_cos);
        kernel.negate(reactive);
        sums.pieces += 1;
    }
}
