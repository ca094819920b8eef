//! Fundamental voltage, current, active and reactive power, by quadrature demodulation in pieces of whole cycles.
//!
//! The oscillator runs at the frequency measured in the piece before. Its phase cancels, because voltage and current are
//! demodulated together; its frequency may be off by as much as the mains changed in 0.2 s. Powers are added over the
//! pieces, not amplitudes.

use crate::kernel::{FOLDED, Kernel};
use crate::oscillator::{Oscillator, Phasor};
use crate::wide::{divide, scale};
use crate::window::FundamentalSums;

/// Demodulator of one frequency, for voltage and current.
#[derive(Clone, Debug)]
pub struct Demodulator {
    oscillator: Oscillator,
    sums: [Phasor; 2],
    running: bool,
}

/// Cosine and sine amplitudes of voltage and current over a piece, in 1/128 code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amplitudes {
    /// Voltage: cosine, sine.
    pub voltage: [i32; 2],
    /// Current: cosine, sine.
    pub current: [i32; 2],
}

impl Demodulator {
    /// A demodulator that does nothing until it is started.
    pub const STOPPED: Self = Self {
        oscillator: Oscillator::STOPPED,
        sums: [Phasor::ZERO; 2],
        running: false,
    };

    /// Adds a block of one signal (0 voltage, 1 current), folded by the caller.
    #[inline]
    pub fn add<K: Kernel>(
        &mut self,
        kernel: &K,
        signal: usize,
        even: &[i32; FOLDED],
        odd: &[i32; FOLDED],
    ) {
        if self.running {
            kernel.correlate(even, odd, &self.oscillator, &mut self.sums[signal & 1]);
        }
    }

    /// Goes on to the next block.
    #[inline]
    pub fn advance(&mut self) {
        if self.running {
            self.oscillator.advance();
        }
    }

    /// Starts a piece at `turns`/2³² of a turn per sample; 0 stops.
    pub fn start(&mut self, turns: u32) {
        self.sums = [Phasor::ZERO; 2];
        self.running = turns != 0;
        if self.running {
            self.oscillator.start(turns);
        }
    }

    /// 4·sin²(ω/2) of the running frequency, Q24: how a sine bends from sample to sample.
    pub(crate) fn bend(&self) -> i32 {
        let half_sine = (self.oscillator.sin[0] >> 8) as i64;
        ((half_sine * half_sine) >> 18) as i32
    }

    /// Amplitudes over a piece of `length` (Q16 samples), `None` if the demodulator did not run or the piece is too
    /// short (under 32 ms at 8 000 SPS) to mean anything.
    pub fn amplitudes(&self, length: u32) -> Option<Amplitudes> {
        if !self.running || length < 1 << 24 {
            return None;
        }
        // Amplitude = 2·sum/2²⁵/samples codes, in 1/128 code: sum/(2·length).
        let reciprocal = divide(1 << 55, length);
        let part = |sum: i64| {
            scale(sum, reciprocal, 24).clamp(i32::MIN as i64 + 1, i32::MAX as i64) as i32
        };
        let both = |sum: &Phasor| [part(sum.cos), part(sum.sin)];
        Some(Amplitudes {
            voltage: both(&self.sums[0]),
            current: both(&self.sums[1]),
        })
    }
}

impl FundamentalSums {
    /// Adds one piece.
    pub(crate) fn add(&mut self, piece: &Amplitudes) {
        let [vc, vs] = piece.voltage;
        let [ic, is] = piece.current;
        let product = |a: i32, b: i32| (a as i64 * b as i64) >> 2;
        self.active += product(vc, ic) + product(vs, is);
        self.reactive += product(vc, is) - product(vs, ic);
        self.voltage += product(vc, vc) + product(vs, vs);
        self.current += product(ic, ic) + product(is, is);
        self.pieces += 1;
    }
}
