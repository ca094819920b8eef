//! Turns a window's raw sums into engineering units and into the energy that flowed.
//!
//! One consistent set per window: everything is computed from the same samples, so the power never exceeds the product of
//! voltage and current. Runs in the main loop, about once a second; powers are the window's energies over its length.

mod formulas;
mod later;
mod literals;
mod slot;
#[cfg(test)]
mod tests;

use crate::block::{LINE, NEUTRAL};
use crate::calibration::{Calibration, POINTS};
use crate::energy::Flow;
use crate::flags::Flags;
use crate::formula::{Desk, SLOTS};
use crate::harmonics::Harmonic;
use crate::kernel::Kernel;
use crate::starting::Starting;
use crate::wide::Reciprocal;
use crate::window::Window;
use formulas::{Formulas, POWERS, STANDARD};
use later::{PULSES, RESTORE, SHARES};
use literals::LITERALS;

/// Quantities of one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    slots: [i64; SLOTS],
    /// Remarks, those of the window and what was found since.
    pub flags: Flags,
}

/// Stands for a quantity that is not known: what table MT0 shows for it.
const UNKNOWN: i64 = i32::MIN as i64;

/// How many quantities [`Quantities::shown`] gives.
pub const SHOWN: usize = 8;

/// Largest distance of a channel's peak from its mean, in codes, that is none: a quarter of the converter's rms noise.
const STILL: u16 = 15;

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

    /// The same, in place: [`measure`](Self::measure) and [`present`](Self::present).
    pub fn compute<K: Kernel>(
        &mut self,
        kernel: &K,
        window: &Window,
        calibration: &Calibration,
        starting: &mut NoLoad,
        rate: u16,
    ) {
        self.measure(kernel, window, calibration, starting, rate);
        self.present(kernel);
    }

    /// The first half: what [`Energy::add`](crate::Energy::add) counts, and the frequency. When the supply is going there
    /// is time for no more.
    #[inline]
    pub fn measure<K: Kernel>(
        &mut self,
        kernel: &K,
        window: &Window,
        calibration: &Calibration,
        starting: &mut NoLoad,
        rate: u16,
    ) {
        self.measure_by(&STANDARD, kernel, window, calibration, starting, rate);
    }

    /// The second half: powers and voltage in their units, and the amplitudes that harmonics are measured against. Once for
    /// each time that it was measured.
    #[inline]
    pub fn present<K: Kernel>(&mut self, kernel: &K) {
        self.present_by(&STANDARD, kernel);
    }

    #[inline]
    fn present_by<K: Kernel>(&mut self, formulas: &Formulas<'_>, kernel: &K) {
        let mut desk = self.desk(kernel, &Calibration::NOMINAL);
        for power in 0..POWERS {
            kernel.work_off(&mut desk, formulas.units, power);
        }
        kernel.work_off(&mut desk, formulas.last, 0);
    }

    #[inline]
    fn measure_by<K: Kernel>(
        &mut self,
        formulas: &Formulas<'_>,
        kernel: &K,
        window: &Window,
        calibration: &Calibration,
        starting: &mut NoLoad,
        rate: u16,
    ) {
        let tally = &window.tally;
        let slots = &mut self.slots;
        slots[slot::MEANS..slot::FUNDAMENTAL].copy_from_slice(&window.sums.0);
        slots[slot::FUNDAMENTAL..slot::PIECES].copy_from_slice(&tally.fundamental.powers);
        slots[slot::PIECES] = tally.fundamental.pieces as i64;
        for (slot, number) in slots[slot::LENGTH..].iter_mut().zip(&tally.numbers) {
            *slot = *number as i64;
        }
        slots[slot::RATE] = rate as i64;
        let mut desk = self.desk(kernel, calibration);
        let mut flags = tally.flags;
        for (channel, peak) in tally.peaks().iter().enumerate() {
            kernel.work_off(&mut desk, formulas.temperature, channel);
            kernel.work_off(&mut desk, formulas.sums, channel);
            // A converter that works is never that quiet, nor is a constant anywhere but at nothing.
            let beyond_mean = peak.wrapping_sub(desk.slots[slot::U] as u32);
            // Word by word: half the code of comparing 32 bits.
            if (beyond_mean >> 16) as u16 | (beyond_mean as u16 & !STILL) == 0 && *peak != 0 {
                flags.insert(Flags::CHANNEL_STUCK);
            }
        }
        // The current that is metered comes last, and is the one that channels are counted from in what follows.
        let mut neutral = 0;
        if flags.intersects(Flags::NEUTRAL_METERED) {
            neutral = core::hint::black_box(1); // not the flag shifted bit by bit
        }
        kernel.work_off(&mut desk, formulas.current, NEUTRAL - neutral);
        kernel.work_off(&mut desk, formulas.current, LINE + neutral);
        for point in 0..POINTS - 1 {
            kernel.work_off(&mut desk, formulas.segment, point);
        }
        let mut pieces = formulas.whole_pieces;
        if flags.intersects(Flags::UNSYNCHRONISED) {
            pieces = formulas.broken_pieces;
        }
        kernel.work_off(&mut desk, pieces, 0);
        kernel.work_off(&mut desk, formulas.line_and_voltage, neutral);

        let slots = &mut self.slots;
        // No-load: what does not count is no energy; the powers stay what was measured.
        let upper = |place: usize| (slots[place] >> 48) as i16;
        let active = starting.active.counts_with(upper(slot::EXCESS));
        let reactive = starting.reactive.counts_with(upper(slot::EXCESS + 1));
        let balance = starting.balance.counts_with(upper(slot::BALANCE));
        if active == 0 {
            flags.insert(Flags::NO_LOAD);
            slots[slot::FLOW] = 0;
            // Without active power counted there is no apparent energy either: noise alone makes volts times milliamperes.
            if reactive == 0 {
                slots[slot::FLOW + 2] = 0;
            }
        }
        if reactive == 0 {
            slots[slot::FLOW + 1] = 0;
        }
        if balance == 0 {
            flags.insert(Flags::IMBALANCE);
        }
        if flags.intersects(Flags::UNSYNCHRONISED) {
            slots[slot::FREQUENCY_UHZ] = UNKNOWN;
        }
        self.flags = flags;
    }

    /// Takes the readings of a thermometer that goes straight: now, at 30 and at 105 °C. The gains follow it from the next
    /// window on; without, and when the latter is not well above the former, as blank descriptors would have it, it is what it was: 25 °C at first.
    #[inline]
    pub fn set_temperature<K: Kernel>(&mut self, kernel: &K, readings: [u16; 3]) {
        self.set_temperature_by(&STANDARD, kernel, readings);
    }

    #[inline]
    fn set_temperature_by<K: Kernel>(
        &mut self,
        formulas: &Formulas<'_>,
        kernel: &K,
        readings: [u16; 3],
    ) {
        let [now, cool, hot] = readings;
        let span = hot.wrapping_sub(cool);
        // Three degrees a step: no sensor is as coarse as that.
        if (span as i16) < 25 {
            return;
        }
        // The sign, which the first step looks at, stands in the uppermost word; what multiplies are the two lowest.
        let above = now.wrapping_sub(cool).wrapping_add(span);
        // LLVM must not see that both are the same: it would make a product of 64 bits of them, with 110 bytes of code.
        let sign = core::hint::black_box(above);
        self.slots[slot::T] = above as i64 | (sign as i64) << 48;
        self.slots[slot::U] = span as i64;
        let mut desk = self.desk(kernel, &Calibration::NOMINAL);
        kernel.work_off(&mut desk, formulas.thermometer, 0);
    }

    /// Temperature, m°C.
    pub fn temperature_mdegc(&self) -> i32 {
        self.slots[slot::FROM_25_C_MK] as i32 + 25_000
    }

    /// Whether it is the neutral that the next window is to be metered by: its current is the larger one of two that differ.
    /// Between [`measure`](Self::measure) and [`present`](Self::present).
    pub fn wants_neutral(&self) -> bool {
        self.flags.intersects(Flags::IMBALANCE) && self.slots[slot::DIFFERENCE] >= 0
    }

    /// Only what flowed (as [`Flow`]) in a window of `length` (Q16 samples), for tests.
    pub fn of_flow(flow: Flow, length: u32) -> Self {
        let mut quantities = Self::ZERO;
        quantities.slots[..3].copy_from_slice(&flow);
        quantities.slots[slot::LENGTH] = length as i64;
        quantities
    }

    /// The window's length, Q16 samples.
    pub(crate) fn length(&self) -> u32 {
        self.slots[slot::LENGTH] as u32
    }

    /// When the last pulse of a kind of energy (0 active, 1 reactive) falls, if its register now holds `rest` and a pulse is
    /// `pulse`, and how far apart they are, in 2⁻¹⁷ samples.
    pub(crate) fn time<K: Kernel>(
        &mut self,
        kernel: &K,
        kind: usize,
        rest: &u64,
        pulse: &i64,
    ) -> (i32, u32) {
        self.slots[slot::PULSE] = *pulse;
        self.slots[slot::REST] = *rest as i64;
        let mut desk = self.desk(kernel, &Calibration::NOMINAL);
        kernel.work_off(&mut desk, PULSES, kind);
        (
            self.slots[slot::LAST_EDGE] as i32,
            self.slots[slot::STEP] as u32,
        )
    }

    /// Voltage and line current of a harmonic over those of the fundamental, measured in the same second or the one before;
    /// in 1/32 768, droop of the converter's filter taken out.
    pub fn shares<K: Kernel>(&mut self, kernel: &K, harmonic: &Harmonic) -> [u16; 2] {
        let [_, _, amplitudes @ ..] = &harmonic.sums.powers;
        self.slots[slot::PARTS..slot::PARTS + 2].copy_from_slice(amplitudes);
        self.slots[slot::TURNS] = harmonic.turns as i64;
        let mut desk = self.desk(kernel, &Calibration::NOMINAL);
        kernel.work_off(&mut desk, RESTORE, 0);
        for signal in 0..2 {
            kernel.work_off(&mut desk, SHARES, signal);
        }
        [
            self.slots[slot::PARTS] as u16,
            self.slots[slot::PARTS + 1] as u16,
        ]
    }

    /// A desk for formulas; means are those over the window's length.
    #[inline(never)]
    fn desk<'a, K: Kernel>(&'a mut self, kernel: &K, calibration: &'a Calibration) -> Desk<'a> {
        let Reciprocal { mantissa, normal } = Reciprocal::new(kernel, self.length());
        Desk {
            slots: &mut self.slots,
            constants: &calibration.0,
            literals: &LITERALS,
            mantissa,
            normal,
        }
    }

    /// The energy behind it.
    pub fn flow(&self) -> &Flow {
        self.slots.first_chunk().unwrap_or(&[0; 3])
    }

    /// What table MT0 shows one behind the other: voltage, mV; line and neutral current, µA; active power, mW, and the
    /// reactive and the apparent one; power factor, ppm; frequency, µHz (`i32::MIN`: not known).
    pub fn shown(&self) -> &[i64] {
        &self.slots[slot::SHOWN..slot::SHOWN + SHOWN]
    }

    /// What it shows further down: active power of the fundamental, mW; largest magnitudes of the voltage, µV, and of the line
    /// current, µA; of the samples as they came, so at the edge of the band the converter's filter has taken something off.
    pub fn shown_late(&self) -> &[i64] {
        &self.slots[slot::FUNDAMENTAL_ACTIVE_MW..slot::PEAKS + 2]
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

    /// Frequency, µHz; 0 if the window was not cut at zero crossings.
    pub fn frequency_uhz(&self) -> u32 {
        self.slots[slot::FREQUENCY_UHZ].max(0) as u32
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
    /// Line and neutral are in balance, not counting while they are not: three windows in a row.
    pub balance: Starting,
}

impl NoLoad {
    /// Everything counts until it has been below its threshold for three windows.
    pub const COUNTING: Self = Self {
        active: Starting::COUNTING,
        reactive: Starting::COUNTING,
        balance: Starting::COUNTING,
    };
}
