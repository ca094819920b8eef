//! Fundamental voltage, current, active and reactive power, by quadrature demodulation in pieces of whole cycles.
//!
//! The oscillator runs at the frequency measured in the piece before. Its phase cancels, because voltage and current are
//! demodulated together; its frequency may be off by as much as the mains changed in 0.2 s. Powers are added over the
//! pieces, not amplitudes.

use crate::block::BLOCK;
use crate::kernel::{FOLDED, Kernel};
use crate::oscillator::{Oscillator, Phasor};
use crate::wide::SHORTEST;
use crate::window::FundamentalSums;

/// Demodulator of one frequency, for voltage and current.
#[derive(Clone, Debug)]
pub struct Demodulator {
    oscillator: Oscillator,
    sums: [Phasor; 2],
    /// Scratch: a block of one signal, folded.
    folded: [[i32; FOLDED]; 2],
    running: bool,
}

impl Demodulator {
    /// A demodulator that does nothing until it is started.
    pub const STOPPED: Self = Self {
        oscillator: Oscillator::STOPPED,
        sums: [Phasor::ZERO; 2],
        folded: [[0; FOLDED]; 2],
        running: false,
    };

    /// Adds a block of one signal: 0 voltage, 1 current.
    #[inline(never)]
    pub fn add<K: Kernel>(&mut self, kernel: &K, signal: usize, samples: &[i32; BLOCK]) {
        if !self.running {
            return;
        }
        let [even, odd] = &mut self.folded;
        kernel.fold(samples, even, odd);
        kernel.correlate(even, odd, &self.oscillator, &mut self.sums[signal & 1]);
    }

    /// Goes on to the next block.
    #[inline]
    pub fn advance<K: Kernel>(&mut self, kernel: &K) {
        if self.running {
            self.oscillator.advance(kernel);
        }
    }

    /// Starts a piece at `turns`/2³² of a turn per sample; 0 stops.
    pub fn start<K: Kernel>(&mut self, kernel: &K, turns: u32) {
        self.sums = [Phasor::ZERO; 2];
        self.running = turns != 0;
        if self.running {
            self.oscillator.start(kernel, turns);
        }
    }

    /// 4·sin²(ω/2) of the running frequency, Q30: how a sine bends from sample to sample.
    #[inline(never)]
    pub(crate) fn bend<K: Kernel>(&self, kernel: &K) -> i32 {
        let half_sine = self.oscillator.sin[0];
        kernel.mul_q30(half_sine, half_sine) << 2
    }

    /// Ends a piece of `length` (Q16 samples) and adds its powers to `sums`; false if the demodulator did not run or the
    /// piece is too short (below [`SHORTEST`]) to mean anything.
    #[inline(never)]
    pub fn finish<K: Kernel>(
        &mut self,
        kernel: &K,
        length: u32,
        sums: &mut FundamentalSums,
    ) -> bool {
        if !self.running || length < SHORTEST {
            return false;
        }
        // Amplitude = 2·sum/2²⁵/samples codes; in 1/100 code: sum·(25·2⁵⁰/length)/2⁵⁶. That unit lets the squares of five
        // pieces of a full-scale square wave fit.
        let reciprocal = kernel.divide(25 << 50, length);
        let mut amplitudes = [[0; 2]; 2];
        for (sum, amplitude) in self.sums.iter_mut().zip(&mut amplitudes) {
            for (sum, amplitude) in [&mut sum.cos, &mut sum.sin].into_iter().zip(amplitude) {
                kernel.scale(sum, reciprocal, 24);
                *amplitude = *sum as i32;
            }
        }
        let [voltage, current] = &amplitudes;
        kernel.mac(&mut sums.active, voltage, current);
        kernel.mac(
            &mut sums.reactive,
            &[voltage[0], -voltage[1]],
            &[current[1], current[0]],
        );
        kernel.mac(&mut sums.voltage, voltage, voltage);
        kernel.mac(&mut sums.current, current, current);
        true
    }
}
