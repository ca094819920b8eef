//! From a window's quantities and the energy registers to the snapshot that readers see.

use crate::profile;
use crate::snapshot::{POWER_QUALITY, Snapshot};
use crate::store::Kept;
use c12::power_quality;
use c12::snapshot::{flag, offset};
use metrology::energy::Register;
use metrology::harmonics::{Harmonic, ORDERS, distortion};
use metrology::pulse::WindowPulses;
use metrology::quantities::{NoLoad, SHOWN};
use metrology::{Calibration, Energy, Flags, Kernel, Quantities, Window, energy};

/// Converter samples a second.
pub const SAMPLE_RATE_HZ: u16 = 8000;
/// Pulses per kilowatt-hour, kilovar-hour and kilovolt-ampere-hour.
pub const METER_CONSTANT: u16 = 6400;

/// ED_MODE: metering.
pub const METERING: u16 = 1 << 0;
/// ED_MODE: the factory calibrates; what flows is shown and makes pulses, but does not count.
pub const FACTORY: u16 = 1 << 3;

/// Energy of one pulse in the registers' unit.
static PULSE_THRESHOLD: i64 = energy::threshold(METER_CONSTANT, SAMPLE_RATE_HZ) as i64;

/// Watt-hours of one pulse in units of 2⁻³² Wh: 1000 / 6400 · 2³², exactly.
const PULSE_2E32_WH: u32 = (1000 * (1u64 << 32) / METER_CONSTANT as u64) as u32;
const _: () = assert!(PULSE_2E32_WH as u64 * METER_CONSTANT as u64 == 1000 << 32);

/// A register's remainder is in code² · sample, of which 40 · rate · 2⁴⁶ / 1000 make a watt-hour (600 V and 150 A at
/// code 2²³). In units of 2⁻³² Wh that is remainder · 25 / (rate · 2¹⁴); as a factor for a shift of 32 + 20.
const REMAINDER_UNIT: u32 = ((25u64 << (32 + 20 - 14)) / SAMPLE_RATE_HZ as u64) as u32;

const _: () = assert!(offset::F_UHZ == offset::VRMS_MV + 4 * (SHOWN - 1));
const _: () = assert!(offset::I_PEAK_UA == offset::P1_MW + 4 * 2);

/// The measuring state of the main loop: registers, constants, and the newest quantities as a snapshot.
pub struct Readings {
    calibration: Calibration,
    /// `flag::UNCALIBRATED`, or nothing.
    standing_flags: u32,
    /// Registers, and what else is stored.
    pub kept: Kept,
    /// ED_MODE, [`METERING`] or [`FACTORY`]; and as it was at the end of the last window.
    pub mode: u16,
    mode_before: u16,
    /// What makes pulses in the factory mode.
    uncounted: Energy,
    no_load: NoLoad,
    /// Of the last window; harmonics are measured against its fundamental.
    quantities: Quantities,
    sequence: u32,
    /// The newest measurement.
    pub snapshot: Snapshot,
}

impl Readings {
    /// All zero: what a static begins with; call [`start`](Self::start) before use.
    pub const ZERO: Self = Self {
        calibration: Calibration::ZERO,
        standing_flags: 0,
        kept: Kept::ZERO,
        mode: 0,
        mode_before: 0,
        uncounted: Energy::ZERO,
        no_load: NoLoad::COUNTING,
        quantities: Quantities::ZERO,
        sequence: 0,
        snapshot: Snapshot::ZERO,
    };

    /// Registers at zero, nominal constants.
    #[must_use]
    pub fn new() -> Self {
        let mut readings = Self::ZERO;
        readings.start();
        readings
    }

    /// Sets what is not zero at power-up.
    pub fn start(&mut self) {
        self.calibration = Calibration::NOMINAL;
        self.standing_flags = flag::UNCALIBRATED;
        self.mode = METERING;
        self.snapshot.clear();
    }

    /// Where to put the constants of this very board, to be used from the next window on.
    pub fn calibrate(&mut self) -> &mut Calibration {
        self.standing_flags = 0;
        &mut self.calibration
    }

    /// Shows a harmonic, unless a reader is in the middle of the snapshot.
    pub fn enter<K: Kernel>(&mut self, kernel: &K, harmonic: &Harmonic, held: bool) {
        if held {
            return;
        }
        let mut at = POWER_QUALITY + 2 * (harmonic.order - ORDERS.0) as usize;
        for share in self.quantities.shares(kernel, harmonic) {
            self.snapshot.put_half(at, share);
            at += power_quality::offset::CURRENT;
        }
    }

    /// Accounts for one window, and shows it: [`count`](Self::count) and [`show`](Self::show).
    pub fn account<K: Kernel>(
        &mut self,
        kernel: &K,
        window: &Window,
        uptime_s: u32,
        held: bool,
    ) -> WindowPulses {
        let pulses = self.count(kernel, window);
        self.show(kernel, uptime_s, held);
        pulses
    }

    /// Takes the readings of a thermometer now and at 30 and 105 °C, which correct gains from the next window on.
    #[inline(always)]
    pub fn set_temperature<K: Kernel>(&mut self, kernel: &K, readings: [u16; 3]) {
        self.quantities.set_temperature(kernel, readings);
    }

    /// Adds a window's energy; returns the pulses to be put out. What comes next is to store it, and then to show it: when the
    /// supply is going there is no time for anything else.
    pub fn count<K: Kernel>(&mut self, kernel: &K, window: &Window) -> WindowPulses {
        let quantities = &mut self.quantities;
        quantities.measure(
            kernel,
            window,
            &self.calibration,
            &mut self.no_load,
            SAMPLE_RATE_HZ,
        );
        let mut energy = &mut self.kept.energy;
        // A window counts when the meter was metering from its beginning to its end.
        if self.mode | self.mode_before > METERING {
            energy = &mut self.uncounted;
            self.kept.profile.status |= profile::PARTIAL;
        }
        self.mode_before = self.mode;
        energy.add(kernel, quantities, &PULSE_THRESHOLD)
    }

    /// Whether the window after the running one is to be metered by the neutral current; between counting and showing.
    pub fn wants_neutral(&self) -> bool {
        self.quantities.wants_neutral()
    }

    /// Whether line and neutral current differed in the window counted last.
    pub fn is_imbalanced(&self) -> bool {
        self.quantities.flags.intersects(Flags::IMBALANCE)
    }

    /// Unless a reader is in the middle of the snapshot (`held`), publishes everything of the window counted last as one
    /// consistent instant.
    pub fn show<K: Kernel>(&mut self, kernel: &K, uptime_s: u32, held: bool) {
        let quantities = &mut self.quantities;
        quantities.present(kernel);
        self.sequence = self.sequence.wrapping_add(1);
        if held {
            return;
        }

        let s = &mut self.snapshot;
        s.put_word(offset::SEQUENCE, self.sequence);
        s.put_word(offset::UPTIME_S, uptime_s);
        s.put_word(
            offset::FLAGS,
            self.standing_flags | quantities.flags.0 as u32,
        );
        show_values(s, quantities.shown(), offset::VRMS_MV);
        show_values(s, quantities.shown_late(), offset::P1_MW);
        s.put_quantity(offset::TEMPERATURE_MDEGC, quantities.temperature_mdegc());
        // What is not counted is not shown, but for the fine values, by which a factory calibrates.
        if quantities.flags.intersects(Flags::NO_LOAD) {
            s.put_quantity(offset::P_MW, 0);
        }
        if !self.no_load.reactive.counts() {
            s.put_quantity(offset::Q_MVAR, 0);
        }
        show_distortion(
            kernel,
            s,
            power_quality::offset::VOLTAGE,
            offset::THD_V_MPCT,
        );
        show_distortion(
            kernel,
            s,
            power_quality::offset::CURRENT,
            offset::THD_I_MPCT,
        );
        s.put_wide(offset::P_UW, &quantities.active_uw());
        s.put_wide(offset::Q_UVAR, &quantities.reactive_uvar());
        self.show_energies(kernel);
    }

    /// Shows the energies as they are.
    #[inline(never)]
    pub fn show_energies<K: Kernel>(&mut self, kernel: &K) {
        let mut at = offset::IMPORT;
        for register in &self.kept.energy.0 {
            self.snapshot
                .put_wide(at, &energy_2e32_wh(kernel, register));
            at += 8;
        }
    }
}

impl Default for Readings {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows quantities one behind the other from `at` on.
#[inline(never)]
fn show_values(snapshot: &mut Snapshot, values: &[i64], mut at: usize) {
    for value in values {
        snapshot.put_word(at, *value as u32);
        at += 4;
    }
}

/// Shows the distortion by the harmonics of MT3 from `shares` on.
#[inline(never)]
fn show_distortion<K: Kernel>(kernel: &K, snapshot: &mut Snapshot, shares: usize, offset: usize) {
    let shares = snapshot.halves(POWER_QUALITY + shares, power_quality::ORDERS);
    // 1/32 768 in 0.001 %.
    let thd_mpct = (distortion(kernel, shares) as u32 * 12_500) >> 12;
    snapshot.put_word(offset, thd_mpct);
}

/// A register in units of 2⁻³² Wh.
fn energy_2e32_wh<K: Kernel>(kernel: &K, register: &Register) -> i64 {
    let mut energy = register.remainder as i64;
    kernel.scale(&mut energy, REMAINDER_UNIT, 20);
    kernel.add_product(&mut energy, register.pulses as i32, PULSE_2E32_WH as i32);
    energy
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrology::Portable;

    #[test]
    fn a_pulse_is_its_watt_hours() {
        let threshold = energy::threshold(METER_CONSTANT, SAMPLE_RATE_HZ);
        let mut register = Register {
            pulses: 6400,
            remainder: 0,
        };
        assert_eq!(energy_2e32_wh(&Portable, &register), 1000 << 32);
        // Just below the next pulse the remainder is worth nearly a pulse: no step, no gap.
        register.remainder = threshold - 1;
        let missing =
            (1000 << 32) + i64::from(PULSE_2E32_WH) - energy_2e32_wh(&Portable, &register);
        assert!((0..=1).contains(&missing), "{missing}");
    }

    #[test]
    fn a_reader_in_the_middle_sees_one_instant() {
        let mut readings = Readings::new();
        let before = readings.snapshot.clone();
        readings.account(&Portable, &Window::default(), 1, true);
        assert_eq!(readings.snapshot, before);
        readings.account(&Portable, &Window::default(), 2, false);
        assert_eq!(readings.snapshot.word(offset::SEQUENCE), 2);
        assert_eq!(readings.snapshot.word(offset::UPTIME_S), 2);
    }
}
