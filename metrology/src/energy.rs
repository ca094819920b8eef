//! Energy registers that count pulses, so that register and pulse output cannot disagree.
//!
//! Everything is kept in raw units, code² · sample at nominal full scale. Each register holds back what does not fill a
//! pulse yet; that remainder is never rounded.

use crate::kernel::Kernel;
use crate::pulse::{PulseTrain, WindowPulses};
use crate::quantities::Quantities;

/// What flowed in one window, in code² · sample at nominal full scale, gains and corrections included: active energy
/// (import positive), reactive energy of the fundamental (positive when the current lags), apparent energy (not negative).
pub type Flow = [i64; 3];

/// One energy register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// Whole pulses.
    pub pulses: u32,
    /// What does not make a pulse yet, in code² · sample.
    pub remainder: u64,
}

impl Register {
    /// An empty register.
    pub const ZERO: Self = Self {
        pulses: 0,
        remainder: 0,
    };

    /// Adds the magnitude of `amount` (below 2⁶²) and returns the pulses that this completes; `threshold` is the energy
    /// of one pulse.
    pub fn add<K: Kernel>(&mut self, kernel: &K, amount: &i64, threshold: &i64) -> u16 {
        let mut remainder = self.remainder as i64;
        if *amount < 0 {
            kernel.sub(&mut remainder, amount);
        } else {
            kernel.add(&mut remainder, amount);
        }
        // At full scale and 6 400 imp/kWh a window completes about 160 pulses; a loop is cheaper than a division.
        let mut pulses = 0u16;
        loop {
            kernel.sub(&mut remainder, threshold);
            if remainder < 0 || pulses == u16::MAX {
                break;
            }
            pulses += 1;
        }
        kernel.add(&mut remainder, threshold);
        self.remainder = remainder as u64;
        self.pulses = self.pulses.wrapping_add(pulses as u32);
        pulses
    }
}

impl Register {
    /// Adds what flowed of a kind of energy (0 active, 1 reactive) and plans the pulses that this completes.
    #[inline(never)]
    fn count<K: Kernel>(
        &mut self,
        kernel: &K,
        quantities: &mut Quantities,
        kind: usize,
        threshold: &i64,
    ) -> PulseTrain {
        let flow = quantities.flow();
        let pulses = self.add(kernel, &flow[kind % flow.len()], threshold);
        if pulses == 0 {
            return PulseTrain::EMPTY;
        }
        let (last, step) = quantities.time(kernel, kind, &self.remainder, threshold);
        PulseTrain::ending(last, step, pulses)
    }
}

/// The registers of a meter: active energy imported (P ≥ 0) and exported; reactive energy by quadrant, I (P ≥ 0, Q ≥ 0),
/// II (P < 0, Q ≥ 0), III (P < 0, Q < 0), IV (P ≥ 0, Q < 0); apparent energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Energy(pub [Register; 7]);

impl Energy {
    /// Place of the active energy imported.
    pub const IMPORT: usize = 0;
    /// Place of the active energy exported.
    pub const EXPORT: usize = 1;
    /// Place of the first quadrant's reactive energy.
    pub const QUADRANTS: usize = 2;
    /// Place of the apparent energy.
    pub const APPARENT: usize = 6;

    /// Empty registers.
    pub const ZERO: Self = Self([Register::ZERO; 7]);

    /// Adds what flowed in a window; `threshold` from [`threshold`]. Returns the active and the reactive pulses that this
    /// completes.
    pub fn add<K: Kernel>(
        &mut self,
        kernel: &K,
        quantities: &mut Quantities,
        threshold: &i64,
    ) -> WindowPulses {
        let [import, export, first, second, third, fourth, all] = &mut self.0;
        let [active, reactive, apparent] = quantities.flow();
        all.add(kernel, apparent, threshold);
        let mut counted = import;
        let mut lagging = first;
        let mut leading = fourth;
        if *active < 0 {
            counted = export;
            lagging = second;
            leading = third;
        }
        if *reactive < 0 {
            lagging = leading;
        }
        let mut pulses = WindowPulses {
            length: quantities.length() << 1,
            ..WindowPulses::EMPTY
        };
        let [active, reactive] = &mut pulses.trains;
        *active = counted.count(kernel, quantities, 0, threshold);
        *reactive = lagging.count(kernel, quantities, 1, threshold);
        pulses
    }
}

/// Energy of one pulse in code² · sample, for `constant` pulses per kWh (1 … 65 535; 0 counts as 1) at `rate` samples
/// per second.
///
/// 3.6·10⁶ J / constant · rate · 2⁴⁶ / (600 V · 150 A) = 40 · rate · 2⁴⁶ / constant, rounded down. For constants: the
/// division is too wide for the target.
pub const fn threshold(constant: u16, rate: u16) -> u64 {
    let constant = if constant == 0 { 1 } else { constant as u128 };
    (((40 * rate as u128) << 46) / constant) as u64
}
