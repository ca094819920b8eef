//! When the pulses of a window fall, if its power was constant.
//!
//! A window's energy is played out while the next one is measured: edge *j* belongs at (j·θ − r)/W of the window, where r is
//! what the register held back before. The number of edges is what the register counted, so output and register agree
//! whatever the rounding of the times.

use crate::kernel::Kernel;

/// Fraction bits of the times kept.
const FRACTION: u32 = 8;

/// The pulses of one window, to be taken one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PulseTrain {
    /// Time of the next edge from the window's beginning, in 1/256 tick.
    next: u32,
    /// Time between edges, in 1/256 tick.
    step: u32,
    /// Edges left.
    left: u16,
    /// Length of the window in 1/256 tick: no edge is later.
    end: u32,
}

impl PulseTrain {
    /// Plans the `pulses` that adding `amount` to a register with `remainder` completed, over `ticks` (up to 2²⁴ − 1) of a
    /// timer; `threshold` is the energy of one pulse. Times are good to about 10⁻⁸ of the window and 1/256 tick a pulse.
    pub fn plan<K: Kernel>(
        kernel: &K,
        remainder: u64,
        amount: u64,
        threshold: u64,
        pulses: u16,
        ticks: u32,
    ) -> Self {
        if pulses == 0 {
            return Self::default();
        }
        // Equal shifts until all fit 32 bits; a pulse was completed, so the amount is not much smaller than what was missing.
        let mut parts = [
            threshold as i64,
            threshold.wrapping_sub(remainder) as i64,
            amount as i64,
        ];
        while parts.iter().any(|&part| part >> 32 != 0) {
            for part in &mut parts {
                kernel.scale(part, 1 << 31, 0);
            }
        }
        let [threshold, missing, amount] = parts.map(|part| part as u32);
        let end = ticks << FRACTION;
        let time = |energy: u32| kernel.divide(energy as u64 * end as u64, amount);
        Self {
            next: time(missing).min(end),
            step: time(threshold),
            left: pulses,
            end,
        }
    }
}

impl Iterator for PulseTrain {
    type Item = u32;

    /// Ticks from the window's beginning to the next edge.
    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let tick = (self.next + (1 << (FRACTION - 1))) >> FRACTION;
        self.next = self.next.saturating_add(self.step).min(self.end);
        Some(tick)
    }
}
