//! Turns a window's raw sums into engineering units and into the energy that flowed.
//!
//! One consistent set per window: everything is computed from the same samples, so the power never exceeds the product of
//! voltage and current. Runs in the main loop, about once a second; powers are the window's energies over its length.

mod formulas;

use crate::block::CHANNELS;
use crate::calibration::Calibration;
use crate::energy::Flow;
use crate::flags::Flags;
use crate::formula::{Desk, SLOTS};
use crate::kernel::Kernel;
use crate::starting::Starting;
use crate::wide::Reciprocal;
use crate::window::Window;
use formulas::{CURRENT, LAST, LINE_AND_VOLTAGE, LITERALS, POWERS, SUMS, UNITS, slot};

/// Quantities of one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    slots: [i64; SLOTS],
    /// Remarks, those of the window and what was found since.
    pub flags: Flags,
}

/// How many quantities [`Quantities::shown`] gives.
pub const SHOWN: usize = 8;

/// Distance of a channel's peak from its mean, in codes, that is none: a quarter of the converter's rms noise.
const STILL: u32 = 16;

impl Quantities {
    /// Nothing measured.
    pub const ZERO: Self = Self {
        slots: [0; SLOTS],
        flags: Flags::NONE,
    };

    /// Computes the quantities of `window`, sampled at `rate` per second. `starting` remembers from window to window
    /// whether there is load.
    pub fn from_window<K: Kernel>(
        kernel: &K,
        window: &Window,
        calibration: &Calibration,
        starting: &mut NoLoad,
        rate: u16,
    ) -> Self {
        let mut quantities = Self::ZERO;
        quantities.compute(kernel, window, calibration, starting, rate);
        quantities
    }

    /// The same, in place.
    pub fn compute<K: Kernel>(
        &mut self,
        kernel: &K,
        window: &Window,
        calibration: &Calibration,
        starting: &mut NoLoad,
        rate: u16,
    ) {
        let tally = &window.tally;
        let slots = &mut self.slots;
        for (slot, sum) in slots.iter_mut().zip(&window.sums.0) {
            *slot = *sum;
        }
        slots[slot::FUNDAMENTAL] = tally.fundamental.active;
        slots[slot::FUNDAMENTAL + 1] = tally.fundamental.reactive;
        slots[slot::LENGTH] = tally.length as i64;
        slots[slot::CYCLES] = tally.cycles as i64;
        slots[slot::PIECES] = tally.fundamental.pieces as i64;
        slots[slot::RATE] = rate as i64;
        slots[slot::PEAKS] = tally.peaks[0] as i64;
        slots[slot::PEAKS + 1] = tally.peaks[1] as i64;
        let Reciprocal { mantissa, normal } = Reciprocal::new(kernel, tally.length);
        let mut desk = Desk {
            slots,
            constants: &calibration.0,
            literals: &LITERALS,
            mantissa,
            normal,
        };
        let mut flags = tally.flags;
        for (channel, peak) in tally.peaks.iter().enumerate() {
            kernel.work_off(&mut desk, SUMS, channel);
            // A converter that works is never that quiet, nor is a constant anywhere but at nothing.
            let mean = desk.slots[(slot::MEANS + channel) % SLOTS] as i32;
            let beyond_mean = peak.wrapping_sub(mean.unsigned_abs() >> 8);
            if *peak != 0 && beyond_mean < STILL {
                flags.insert(Flags::CHANNEL_STUCK);
            }
        }
        for channel in (1..CHANNELS).rev() {
            kernel.work_off(&mut desk, CURRENT, channel);
        }
        kernel.work_off(&mut desk, LINE_AND_VOLTAGE, 0);
        for power in 0..POWERS {
            kernel.work_off(&mut desk, UNITS, power);
        }
        kernel.work_off(&mut desk, LAST, 0);

        // No-load: what does not count is no energy; the powers stay what was measured.
        let slots = &mut self.slots;
        let kinds = [&mut starting.active, &mut starting.reactive];
        for (kind, starting) in kinds.into_iter().enumerate() {
            if !starting.counts_with(slots[slot::EXCESS + kind] >= 0) {
                slots[slot::FLOW + kind] = 0;
            }
        }
        if !starting.active.counts() {
            flags.insert(Flags::NO_LOAD);
            // Without active power counted there is no apparent energy either: noise alone makes volts times milliamperes.
            if !starting.reactive.counts() {
                slots[slot::FLOW + 2] = 0;
            }
        }
        if flags.intersects(Flags::UNSYNCHRONISED) {
            slots[slot::FREQUENCY_UHZ] = 0;
        }
        self.flags = flags;
    }

    /// The energy behind it.
    pub fn flow(&self) -> &Flow {
        self.slots.first_chunk().unwrap_or(&[0; 3])
    }

    /// What table MT0 shows one behind the other: voltage, mV; line and neutral current, µA; active power, mW, and the
    /// reactive and the apparent one; power factor, ppm; frequency, µHz (0: unknown).
    pub fn shown(&self) -> &[i64] {
        &self.slots[slot::SHOWN..slot::SHOWN + SHOWN]
    }

    /// Voltage, rms, harmonics included, µV.
    pub fn voltage_uv(&self) -> u32 {
        self.slots[slot::VOLTAGE_UV] as u32
    }

    /// Line current, rms, µA.
    pub fn line_ua(&self) -> u32 {
        self.slots[slot::LINE_UA] as u32
    }

    /// Neutral current, rms, µA.
    pub fn neutral_ua(&self) -> u32 {
        self.slots[slot::NEUTRAL_UA] as u32
    }

    /// Largest magnitudes of the voltage, µV, and of the line current, µA; of the samples as they came, so at the edge of the
    /// band the converter's filter has taken something off.
    pub fn peaks(&self) -> [u32; 2] {
        let [voltage_uv, line_ua] = [self.slots[slot::PEAKS], self.slots[slot::PEAKS + 1]];
        [voltage_uv as u32, line_ua as u32]
    }

    /// Frequency, µHz; 0 if the window was not cut at zero crossings.
    pub fn frequency_uhz(&self) -> u32 {
        self.slots[slot::FREQUENCY_UHZ] as u32
    }

    /// Active over apparent power, in millionths; the sign is the active power's. 0 without apparent power.
    pub fn power_factor_ppm(&self) -> i32 {
        self.slots[slot::POWER_FACTOR_PPM] as i32
    }

    /// Active power, µW, import positive.
    pub fn active_uw(&self) -> i64 {
        self.slots[slot::ACTIVE]
    }

    /// Reactive power of the fundamental, µvar, positive when the current lags.
    pub fn reactive_uvar(&self) -> i64 {
        self.slots[slot::REACTIVE]
    }

    /// Apparent power, voltage times current, µVA; never below the active power's magnitude.
    pub fn apparent_uva(&self) -> u64 {
        self.slots[slot::APPARENT] as u64
    }

    /// Active power of the fundamental, µW.
    pub fn fundamental_active_uw(&self) -> i64 {
        self.slots[slot::FUNDAMENTAL_ACTIVE]
    }

    /// The same in mW.
    pub fn fundamental_active_mw(&self) -> i32 {
        self.slots[slot::FUNDAMENTAL_ACTIVE_MW] as i32
    }

    /// Active power computed with the neutral current, µW.
    pub fn neutral_active_uw(&self) -> i64 {
        self.slots[slot::ENERGIES + crate::block::NEUTRAL]
    }
}

/// No-load detection of both kinds of energy, from window to window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoLoad {
    /// Active energy.
    pub active: Starting,
    /// Reactive energy.
    pub reactive: Starting,
}

impl NoLoad {
    /// Everything counts until it has been below its threshold for three windows.
    pub const COUNTING: Self = Self {
        active: Starting::COUNTING,
        reactive: Starting::COUNTING,
    };
}
