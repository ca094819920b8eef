//! MT0, the measurement snapshot: what was measured in one window, one consistent instant.
//!
//! Little-endian, no padding. Quantities are signed 32-bit, energies unsigned 64-bit:
//!
//! | Offset | Field | Type | Unit |
//! |---|---|---|---|
//! | 0 | `sequence` | u32 | windows since power-up; 0 = none complete yet |
//! | 4 | `uptime_s` | u32 | s |
//! | 8 | `flags` | u32 | bits of [`flag`] |
//! | 12 | `vrms_mv` | i32 | mV |
//! | 16 | `irms_ua` | i32 | µA |
//! | 20 | `neutral_ua` | i32 | µA |
//! | 24 | `p_mw` | i32 | mW, import positive |
//! | 28 | `q_mvar` | i32 | mvar, lagging positive |
//! | 32 | `s_mva` | i32 | mVA |
//! | 36 | `pf_ppm` | i32 | 10⁻⁶, sign of P |
//! | 40 | `f_uhz` | i32 | µHz |
//! | 44 | `thd_v_mpct` | i32 | 0.001 % |
//! | 48 | `thd_i_mpct` | i32 | 0.001 % |
//! | 52 | `temperature_mdegc` | i32 | 0.001 °C |
//! | 56 | `import` | u64 | 2⁻³² Wh |
//! | 64 | `export` | u64 | 2⁻³² Wh |
//! | 72 | `q1` … `q4` | u64 ×4 | 2⁻³² varh per quadrant |
//! | 104 | `apparent` | u64 | 2⁻³² VAh |
//! | 112 | `p_uw` | i64 | µW, as `p_mw`: for calibration at small loads |
//! | 120 | `q_uvar` | i64 | µvar, as `q_mvar` |
//! | 128 | `p1_mw` | i32 | mW, fundamental active power |
//! | 132 | `v_peak_uv` | i32 | µV, largest magnitude in the window |
//! | 136 | `i_peak_ua` | i32 | µA, likewise, line current |
//!
//! [`NOT_AVAILABLE`] stands for a quantity, [`ENERGY_NOT_AVAILABLE`] for an energy, that this firmware does not
//! measure or could not (no zero crossings, first window). Units are such that ST28 shows the same 32-bit words with
//! the C12.19 multipliers 10⁻³ and 10⁻⁶. The upper half of an energy is the count of whole watt-hours that ST23 shows,
//! the lower half the rest, so the target never divides; 2⁻³² Wh is 0.84 µJ.
//! New fields are only ever appended: readers decode as many bytes as they are given.

use crate::field::{Field, Kind};

/// Table number on the wire.
pub const TABLE: u16 = 2048;

/// Bytes of the table.
pub const SIZE: usize = 140;

/// A quantity that is not measured.
pub const NOT_AVAILABLE: i32 = i32::MIN;

/// An energy that is not measured.
pub const ENERGY_NOT_AVAILABLE: u64 = u64::MAX;

/// Bits of `flags`.
pub mod flag {
    /// A shorter window than usual: after power-up or a converter restart; readings may not have settled.
    pub const SETTLING: u32 = 1 << 0;
    /// No zero crossings: frequency and everything by the cycle is not available.
    pub const NO_ZERO_CROSSINGS: u32 = 1 << 1;
    /// The voltage channel reached full scale.
    pub const VOLTAGE_CLIPPED: u32 = 1 << 2;
    /// The line current's channel reached full scale.
    pub const LINE_CLIPPED: u32 = 1 << 3;
    /// The neutral current's channel reached full scale.
    pub const NEUTRAL_CLIPPED: u32 = 1 << 4;
    /// Converter frames were lost or damaged in this window.
    pub const FRAMES_LOST: u32 = 1 << 5;
    /// A zero crossing was missing where it was expected: voltage lost or distorted.
    pub const CROSSING_MISSED: u32 = 1 << 6;
    /// The energy was measured with the neutral current, the larger one.
    pub const NEUTRAL_METERED: u32 = 1 << 7;
    /// A channel gave a constant value: an open or dead input.
    pub const CHANNEL_STUCK: u32 = 1 << 8;
    /// Below the starting power: the registers of active energy stand still.
    pub const NO_LOAD: u32 = 1 << 9;
    /// Never calibrated: nominal constants.
    pub const UNCALIBRATED: u32 = 1 << 10;
    /// Line and neutral current differ by more than an eighth: a bypass, or a return through earth.
    pub const IMBALANCE: u32 = 1 << 11;
}

/// Names of the bits of `flags`, from bit 0 on.
pub const FLAG_NAMES: [&str; 12] = [
    "settling",
    "no_zero_crossings",
    "voltage_clipped",
    "line_clipped",
    "neutral_clipped",
    "frames_lost",
    "crossing_missed",
    "neutral_metered",
    "channel_stuck",
    "no_load",
    "uncalibrated",
    "imbalance",
];

/// Byte offsets of the fields in the table, for a meter that keeps its snapshot as the table's bytes.
pub mod offset {
    /// `sequence`.
    pub const SEQUENCE: usize = 0;
    /// `uptime_s`.
    pub const UPTIME_S: usize = 4;
    /// `flags`.
    pub const FLAGS: usize = 8;
    /// `vrms_mv`.
    pub const VRMS_MV: usize = 12;
    /// `irms_ua`.
    pub const IRMS_UA: usize = 16;
    /// `neutral_ua`.
    pub const NEUTRAL_UA: usize = 20;
    /// `p_mw`.
    pub const P_MW: usize = 24;
    /// `q_mvar`.
    pub const Q_MVAR: usize = 28;
    /// `s_mva`.
    pub const S_MVA: usize = 32;
    /// `pf_ppm`.
    pub const PF_PPM: usize = 36;
    /// `f_uhz`.
    pub const F_UHZ: usize = 40;
    /// `thd_v_mpct`.
    pub const THD_V_MPCT: usize = 44;
    /// `thd_i_mpct`.
    pub const THD_I_MPCT: usize = 48;
    /// `temperature_mdegc`.
    pub const TEMPERATURE_MDEGC: usize = 52;
    /// `import`; the whole watt-hours are 4 bytes further on, as in every energy.
    pub const IMPORT: usize = 56;
    /// `export`.
    pub const EXPORT: usize = 64;
    /// `q1`.
    pub const Q1: usize = 72;
    /// `q2`.
    pub const Q2: usize = 80;
    /// `q3`.
    pub const Q3: usize = 88;
    /// `q4`.
    pub const Q4: usize = 96;
    /// `apparent`.
    pub const APPARENT: usize = 104;
    /// `p_uw`.
    pub const P_UW: usize = 112;
    /// `q_uvar`.
    pub const Q_UVAR: usize = 120;
    /// `p1_mw`.
    pub const P1_MW: usize = 128;
    /// `v_peak_uv`.
    pub const V_PEAK_UV: usize = 132;
    /// `i_peak_ua`.
    pub const I_PEAK_UA: usize = 136;
}

/// The fields as a reader shows them: name with unit, and how to scale.
pub const FIELDS: [Field; 26] = [
    Field::new("sequence", Kind::Unsigned(4)),
    Field::new("uptime_s", Kind::Unsigned(4)),
    Field::new("flags", Kind::Flags(4, &FLAG_NAMES)),
    Field::new("vrms_v", Kind::Milli),
    Field::new("irms_a", Kind::Micro),
    Field::new("neutral_a", Kind::Micro),
    Field::new("p_w", Kind::Milli),
    Field::new("q_var", Kind::Milli),
    Field::new("s_va", Kind::Milli),
    Field::new("pf", Kind::Micro),
    Field::new("f_hz", Kind::Micro),
    Field::new("thd_v_pct", Kind::Milli),
    Field::new("thd_i_pct", Kind::Milli),
    Field::new("temperature_c", Kind::Milli),
    Field::new("import_wh", Kind::Energy),
    Field::new("export_wh", Kind::Energy),
    Field::new("q1_varh", Kind::Energy),
    Field::new("q2_varh", Kind::Energy),
    Field::new("q3_varh", Kind::Energy),
    Field::new("q4_varh", Kind::Energy),
    Field::new("apparent_vah", Kind::Energy),
    Field::new("p_fine_w", Kind::MicroWide),
    Field::new("q_fine_var", Kind::MicroWide),
    Field::new("p1_w", Kind::Milli),
    Field::new("v_peak_v", Kind::Micro),
    Field::new("i_peak_a", Kind::Micro),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the field kinds that MT0 uses.
    fn size(kind: Kind) -> usize {
        match kind {
            Kind::Unsigned(size) | Kind::Flags(size, _) => size,
            Kind::Milli | Kind::Micro => 4,
            Kind::Energy | Kind::MicroWide => 8,
            other => panic!("MT0 has no {other:?}"),
        }
    }

    #[test]
    fn offsets_and_size_agree_with_the_fields() {
        let at = |name| {
            let before = FIELDS.iter().take_while(|field| field.name != name);
            before.map(|field| size(field.kind)).sum::<usize>()
        };
        let expected = [
            ("sequence", offset::SEQUENCE),
            ("uptime_s", offset::UPTIME_S),
            ("flags", offset::FLAGS),
            ("vrms_v", offset::VRMS_MV),
            ("irms_a", offset::IRMS_UA),
            ("neutral_a", offset::NEUTRAL_UA),
            ("p_w", offset::P_MW),
            ("q_var", offset::Q_MVAR),
            ("s_va", offset::S_MVA),
            ("pf", offset::PF_PPM),
            ("f_hz", offset::F_UHZ),
            ("thd_v_pct", offset::THD_V_MPCT),
            ("thd_i_pct", offset::THD_I_MPCT),
            ("temperature_c", offset::TEMPERATURE_MDEGC),
            ("import_wh", offset::IMPORT),
            ("export_wh", offset::EXPORT),
            ("q1_varh", offset::Q1),
            ("q2_varh", offset::Q2),
            ("q3_varh", offset::Q3),
            ("q4_varh", offset::Q4),
            ("apparent_vah", offset::APPARENT),
            ("p_fine_w", offset::P_UW),
            ("q_fine_var", offset::Q_UVAR),
            ("p1_w", offset::P1_MW),
            ("v_peak_v", offset::V_PEAK_UV),
            ("i_peak_a", offset::I_PEAK_UA),
        ];
        assert_eq!(expected.len(), FIELDS.len());
        for (name, offset) in expected {
            assert_eq!(at(name), offset, "{name}");
        }
        assert_eq!(at("no such field"), SIZE);
    }
}
