//! From a window's quantities and the energy registers to the snapshot that readers see.

use crate::snapshot::Snapshot;
use c12::snapshot::{flag, offset};
use metrology::energy::Register;
use metrology::{Calibration, Energy, Flags, Quantities, Window, energy};

/// Converter samples a second.
pub const SAMPLE_RATE_HZ: u16 = 8000;
/// Pulses per kilowatt-hour, kilovar-hour and kilovolt-ampere-hour.
pub const METER_CONSTANT: u16 = 6400;

/// Watt-hours of one pulse in units of 2⁻³² Wh: 1000 / 6400 · 2³², exactly.
const PULSE_2E32_WH: u32 = (1000 * (1u64 << 32) / METER_CONSTANT as u64) as u32;
const _: () = assert!(PULSE_2E32_WH as u64 * METER_CONSTANT as u64 == 1000 << 32);

/// A register's remainder is in code² · sample, of which 40 · rate · 2⁴⁶ / 1000 make a watt-hour (600 V and 150 A at
/// code 2²³). In units of 2⁻³² Wh that is remainder / (rate · 2¹⁴ / 25), here remainder / (2²⁰ · 5).
const REMAINDER_SHIFT: u32 = 20;
const REMAINDER_DIVISOR: u32 = 5;
const _: () =
    assert!((SAMPLE_RATE_HZ as u64) << 14 == (25 * REMAINDER_DIVISOR as u64) << REMAINDER_SHIFT);

/// The measuring state of the main loop: registers, constants, and the newest quantities as a snapshot.
pub struct Readings {
    calibration: Calibration,
    energy: Energy,
    pulse_threshold: u64,
    sequence: u32,
    /// The newest measurement.
    pub snapshot: Snapshot,
}

impl Readings {
    /// Registers at zero, nominal constants.
    #[must_use]
    pub fn new() -> Self {
        Self {
            calibration: Calibration::NOMINAL,
            energy: Energy::ZERO,
            pulse_threshold: energy::threshold(METER_CONSTANT, SAMPLE_RATE_HZ),
            sequence: 0,
            snapshot: Snapshot::new(),
        }
    }

    /// Accounts for one window: adds its energy and, unless a reader is in the middle of the snapshot (`held`), publishes
    /// everything as one consistent instant.
    pub fn account(&mut self, window: &Window, uptime_s: u32, held: bool) {
        let quantities = Quantities::from_window(window, &self.calibration, SAMPLE_RATE_HZ);
        self.energy.add(&quantities.flow, self.pulse_threshold);
        self.sequence = self.sequence.wrapping_add(1);
        if held {
            return;
        }

        let s = &mut self.snapshot;
        s.put_word(offset::SEQUENCE, self.sequence);
        s.put_word(offset::UPTIME_S, uptime_s);
        s.put_word(offset::FLAGS, snapshot_flags(quantities.flags));
        s.put_quantity(offset::VRMS_MV, milli(quantities.voltage_uv as i64));
        s.put_word(offset::IRMS_UA, quantities.line_ua);
        s.put_word(offset::NEUTRAL_UA, quantities.neutral_ua);
        s.put_quantity(offset::P_MW, milli(quantities.active_uw));
        s.put_quantity(offset::Q_MVAR, milli(quantities.reactive_uvar));
        s.put_wide(offset::P_UW, &quantities.active_uw);
        s.put_wide(offset::Q_UVAR, &quantities.reactive_uvar);
        s.put_quantity(offset::P1_MW, milli(quantities.fundamental_active_uw));
        s.put_quantity(offset::DPF_PPM, quantities.displacement_ppm);
        s.put_word(offset::V_PEAK_UV, quantities.peak_voltage_uv);
        s.put_word(offset::I_PEAK_UA, quantities.peak_line_ua);
        s.put_quantity(offset::S_MVA, milli(quantities.apparent_uva as i64));
        s.put_quantity(offset::PF_PPM, quantities.power_factor_ppm);
        let frequency_uhz = match quantities.frequency_uhz {
            0 => c12::snapshot::NOT_AVAILABLE,
            uhz => uhz as i32,
        };
        s.put_quantity(offset::F_UHZ, frequency_uhz);
        let energy = &self.energy;
        let [q1, q2, q3, q4] = &energy.quadrants;
        let registers = [
            &energy.import,
            &energy.export,
            q1,
            q2,
            q3,
            q4,
            &energy.apparent,
        ];
        let mut at = offset::IMPORT;
        for register in registers {
            s.put_energy(at, energy_2e32_wh(register));
            at += 8;
        }
    }
}

impl Default for Readings {
    fn default() -> Self {
        Self::new()
    }
}

/// Millionths to thousandths, rounded; the full scale of 45 kW is 4.5·10⁷ of them.
#[inline(never)]
fn milli(micro: i64) -> i32 {
    let half = if micro < 0 { -500 } else { 500 };
    ((micro + half) / 1000) as i32
}

/// A register in units of 2⁻³² Wh.
fn energy_2e32_wh(register: &Register) -> u64 {
    let rest = (register.remainder >> REMAINDER_SHIFT) as u32 / REMAINDER_DIVISOR;
    register.pulses as u64 * PULSE_2E32_WH as u64 + rest as u64
}

/// The window's remarks as MT0 shows them. Nominal constants are in use until calibration exists.
fn snapshot_flags(flags: Flags) -> u32 {
    let mut shown = flag::UNCALIBRATED;
    for (remark, bit) in [
        (Flags::SHORT, flag::SETTLING),
        (Flags::UNSYNCHRONISED, flag::NO_ZERO_CROSSINGS),
        (Flags::VOLTAGE_CLIPPED, flag::VOLTAGE_CLIPPED),
        (Flags::LINE_CLIPPED, flag::CURRENT_CLIPPED),
        (Flags::NEUTRAL_CLIPPED, flag::CURRENT_CLIPPED),
        (Flags::SAMPLES_LOST, flag::FRAMES_LOST),
    ] {
        if flags.contains(remark) {
            shown |= bit;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_is_its_watt_hours() {
        let threshold = energy::threshold(METER_CONSTANT, SAMPLE_RATE_HZ);
        let mut register = Register {
            pulses: 6400,
            remainder: 0,
        };
        assert_eq!(energy_2e32_wh(&register), 1000 << 32);
        // Just below the next pulse the remainder is worth nearly a pulse: no step, no gap.
        register.remainder = threshold - 1;
        let missing = (1000u64 << 32) + u64::from(PULSE_2E32_WH) - energy_2e32_wh(&register);
        assert!(missing <= 1, "{missing}");
    }

    #[test]
    fn a_reader_in_the_middle_sees_one_instant() {
        let mut readings = Readings::new();
        let before = readings.snapshot.clone();
        readings.account(&Window::default(), 1, true);
        assert_eq!(readings.snapshot.bytes(), before.bytes());
        readings.account(&Window::default(), 2, false);
        assert_eq!(readings.snapshot.word(offset::SEQUENCE), 2);
        assert_eq!(readings.snapshot.word(offset::UPTIME_S), 2);
    }

    #[test]
    fn thousandths_round_to_nearest() {
        assert_eq!(milli(1_499), 1);
        assert_eq!(milli(1_500), 2);
        assert_eq!(milli(-1_500), -2);
    }
}
