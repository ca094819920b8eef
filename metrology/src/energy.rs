//! Energy registers that count pulses, so that register and pulse output cannot disagree.
//!
//! Everything is kept in raw units, code² · sample at nominal full scale. Each register holds back what does not fill a
//! pulse yet; that remainder is never rounded.

use crate::wide::divide;

/// What flowed in one window, in code² · sample at nominal full scale, gains and corrections included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Active energy, import positive.
    pub active: i64,
    /// Reactive energy of the fundamental, positive when the current lags.
    pub reactive: i64,
    /// Apparent energy.
    pub apparent: u64,
}

/// One energy register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// Whole pulses.
    pub pulses: u32,
    /// What does not make a pulse yet, in code² · sample.
    pub remainder: u64,
}

impl Register {
    /// Adds `amount` and returns the pulses that this completes; `threshold` is the energy of one pulse.
    #[inline(never)]
    pub fn add(&mut self, amount: u64, threshold: u64) -> u16 {
        let mut total = self.remainder.saturating_add(amount);
        let mut pulses = 0u16;
        // At full scale and 6 400 imp/kWh a window completes about 160 pulses; a loop is cheaper than 64-bit division.
        while total >= threshold && pulses < u16::MAX {
            total -= threshold;
            pulses += 1;
        }
        self.remainder = total;
        self.pulses = self.pulses.wrapping_add(pulses as u32);
        pulses
    }
}

/// Pulses that a window completed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulses {
    /// Active, either direction.
    pub active: u16,
    /// Reactive, any quadrant.
    pub reactive: u16,
}

/// The registers of a meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Energy {
    /// Active energy imported (P > 0).
    pub import: Register,
    /// Active energy exported (P < 0).
    pub export: Register,
    /// Reactive energy by quadrant: I (P ≥ 0, Q ≥ 0), II (P < 0, Q ≥ 0), III (P < 0, Q < 0), IV (P ≥ 0, Q < 0).
    pub quadrants: [Register; 4],
    /// Apparent energy.
    pub apparent: Register,
}

impl Energy {
    /// Adds what flowed in a window; `threshold` from [`threshold`].
    pub fn add(&mut self, flow: &Flow, threshold: u64) -> Pulses {
        let exporting = flow.active < 0;
        let active = if exporting {
            &mut self.export
        } else {
            &mut self.import
        };
        let active = active.add(flow.active.unsigned_abs(), threshold);
        let quadrant = match (flow.reactive < 0, exporting) {
            (false, false) => 0,
            (false, true) => 1,
            (true, true) => 2,
            (true, false) => 3,
        };
        let reactive = self.quadrants[quadrant].add(flow.reactive.unsigned_abs(), threshold);
        self.apparent.add(flow.apparent, threshold);
        Pulses { active, reactive }
    }
}

/// Energy of one pulse in code² · sample, for `constant` pulses per kWh (1 … 65 535; 0 counts as 1) at `rate` samples
/// per second.
///
/// 3.6·10⁶ J / constant · rate · 2⁴⁶ / (600 V · 150 A) = 40 · rate · 2⁴⁶ / constant.
pub fn threshold(constant: u16, rate: u16) -> u64 {
    let constant = if constant == 0 { 1 } else { constant as u32 };
    let numerator = 40 * rate as u32;
    let whole = numerator.checked_div(constant).unwrap_or(0);
    let rest = numerator - whole * constant;
    let fraction = divide((rest as u64) << 32, constant);
    ((whole as u64) << 46).saturating_add((fraction as u64) << 14)
}
