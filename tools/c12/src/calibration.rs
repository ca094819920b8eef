//! MT1, the calibration constants: what makes a copy of the board read true.
//!
//! Little-endian, no padding; `code` is the converter's step, full scale 2²³:
//!
//! | Offset | Field | Type | Unit |
//! |---|---|---|---|
//! | 0 | `version` | u16 | [`VERSION`]; 0 = never calibrated, everything else then means nothing |
//! | 2 | `count` | u16 | times written, kept by the meter: what a writer puts here does not matter |
//! | 4 | `voltage` | 20 bytes | a channel, below |
//! | 24 | `line` | 20 bytes | a channel |
//! | 44 | `neutral` | 20 bytes | a channel |
//! | 64 | `line_curve` | 5 × 8 bytes | points, below, by ascending current |
//! | 104 | `neutral_curve` | 5 × 8 bytes | points |
//! | 144 | `temperature` | 3 × 4 bytes | laws of voltage, line, neutral, below |
//! | 156 | `starting_active` | u32 | code² (1.28 nW); power below which nothing is counted |
//! | 160 | `starting_reactive` | u32 | likewise |
//!
//! | Offset in a channel | Field | Type | Unit |
//! |---|---|---|---|
//! | 0 | `gain` | i32 | 2⁻³⁰; true over nominal |
//! | 4 | `noise` | u32 | code²/256; mean square of the noise |
//! | 8 | `power_gain` | i32 | 2⁻³⁰; true power over that from the gains; of the voltage: the converter's true sample rate over the nominal one |
//! | 12 | `phase` | i32 | 2⁻³⁰ rad; by which the measured current lags the true one too much at 60 Hz; a delay, in proportion to frequency |
//! | 16 | `power_offset` | i32 | code²; power read without load at 220 V of nominal gain |
//!
//! A point is a current (u32, µA) and what to add there to gain and phase (i16 each, 2⁻²⁰ and 2⁻²⁰ rad). A law is the
//! gain's linear (i16, 2⁻²⁴/K) and quadratic (i16, 2⁻³⁰/K²) change from 25 °C. The firmware applies
//! the line's curve: straight in the fourth root of the current between points, constant beyond the ends, nothing when
//! all is zero, and the laws by the temperature of its chip. It keeps the neutral's curve but does not apply it.
//!
//! The meter takes a write only with the factory jumper and the factory password, whole or in part (even offset and
//! length); it checks what the
//! whole table would then be against [`CHANNEL_LIMITS`], and either stores that or keeps what it had. A write of no
//! bytes changes nothing and tells whether writing is allowed. A whole table of version 0 makes the meter uncalibrated.

use crate::field::{Field, Kind};

/// Voltage at which `power_offset` is stated; it grows with the square.
pub const OFFSET_VOLTAGE_V: f64 = 220.0;

/// Frequency at which phases are stated; they are delays.
pub const PHASE_HZ: f64 = 60.0;

/// Table number on the wire.
pub const TABLE: u16 = 2049;

/// Bytes of the table.
pub const SIZE: usize = 164;

/// Version of this layout.
pub const VERSION: u16 = 1;

/// Channels: voltage, line current, neutral current.
pub const CHANNELS: usize = 3;

/// Bytes of a channel.
pub const CHANNEL_SIZE: usize = 20;

/// Points of a curve.
pub const POINTS: usize = 5;

/// Byte offsets of the fields.
pub mod offset {
    /// `version`.
    pub const VERSION: usize = 0;
    /// `count`.
    pub const COUNT: usize = 2;
    /// The first of the channels.
    pub const CHANNELS: usize = 4;
    /// `line_curve`, then `neutral_curve`.
    pub const CURVES: usize = 64;
    /// `temperature`.
    pub const TEMPERATURE: usize = 144;
    /// `starting_active`.
    pub const STARTING_ACTIVE: usize = 156;
    /// `starting_reactive`.
    pub const STARTING_REACTIVE: usize = 160;
}

/// What a meter takes, as the upper 16 bits of each of a channel's five words: lowest value, and how far above it.
///
/// Gains 0.8 … 1.2, phase ±0.05 rad, noise up to 2¹⁸ code² (512 codes rms, eight times that of a good converter), power
/// offset up to ±2²⁷ code² (0.17 W). What lies outside is a broken board or a broken bench. Only upper halves are looked
/// at, so the ends are exact to 2⁻¹⁴.
pub const CHANNEL_LIMITS: [(u16, u16); 5] = [
    (GAIN_LOWEST, GAIN_SPAN),
    (0, 1 << 10),
    (GAIN_LOWEST, GAIN_SPAN),
    ((-PHASE_MOST) as u16, 2 * PHASE_MOST as u16 - 1),
    ((-OFFSET_MOST) as u16, 2 * OFFSET_MOST as u16 - 1),
];
/// 0.8 in 2⁻¹⁴.
const GAIN_LOWEST: u16 = 13_107;
/// 1.2 − 0.8 in 2⁻¹⁴.
const GAIN_SPAN: u16 = 6_553;
/// 0.05 in 2⁻¹⁴.
const PHASE_MOST: i16 = 819;
/// 2²⁷ in 2¹⁶.
const OFFSET_MOST: i16 = 1 << 11;

/// Whether the upper half of a word is within its [`CHANNEL_LIMITS`].
pub const fn is_within(high: u16, limits: &(u16, u16)) -> bool {
    high.wrapping_sub(limits.0) <= limits.1
}

/// Constants of one channel, in the units of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Channel {
    /// 2⁻³⁰.
    pub gain: i32,
    /// code²/256.
    pub noise: u32,
    /// 2⁻³⁰; of the voltage the clock.
    pub power_gain: i32,
    /// 2⁻³⁰ rad at [`PHASE_HZ`].
    pub phase: i32,
    /// code².
    pub power_offset: i32,
}

impl Channel {
    /// Of a channel as designed.
    pub const NOMINAL: Self = Channel {
        gain: 1 << 30,
        noise: 0,
        power_gain: 1 << 30,
        phase: 0,
        power_offset: 0,
    };

    /// A channel of its bytes.
    pub fn from_bytes(bytes: &[u8; CHANNEL_SIZE]) -> Self {
        let word = |at: usize| i32::from_le_bytes(core::array::from_fn(|k| bytes[at + k]));
        Channel {
            gain: word(0),
            noise: word(4) as u32,
            power_gain: word(8),
            phase: word(12),
            power_offset: word(16),
        }
    }

    /// The words of a channel in their order.
    pub const fn to_words(self) -> [i32; 5] {
        [
            self.gain,
            self.noise as i32,
            self.power_gain,
            self.phase,
            self.power_offset,
        ]
    }

    /// Whether a meter takes it.
    pub fn is_plausible(self) -> bool {
        let words = self.to_words();
        let mut pairs = words.iter().zip(&CHANNEL_LIMITS);
        pairs.all(|(word, limits)| is_within((*word as u32 >> 16) as u16, limits))
    }
}

/// A point of a current channel's curve.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Point {
    /// µA.
    pub current_ua: u32,
    /// 2⁻²⁰.
    pub gain: i16,
    /// 2⁻²⁰ rad at [`PHASE_HZ`].
    pub phase: i16,
}

/// How a channel's gain changes with temperature, from 25 °C.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Law {
    /// 2⁻²⁴ per kelvin.
    pub linear: i16,
    /// 2⁻³⁰ per kelvin².
    pub quadratic: i16,
}

/// The whole table as values; for the side that calibrates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Constants {
    /// [`VERSION`], or 0.
    pub version: u16,
    /// Times written.
    pub count: u16,
    /// Voltage, line, neutral.
    pub channels: [Channel; CHANNELS],
    /// Line, neutral.
    pub curves: [[Point; POINTS]; 2],
    /// Voltage, line, neutral.
    pub temperature: [Law; CHANNELS],
    /// Active, reactive.
    pub starting: [u32; 2],
}

/// Starting thresholds of a meter as designed, 0.15 W and var in code².
const STARTING: u32 = 117_285_000;

impl Constants {
    /// Of a meter as designed, never written.
    pub const NOMINAL: Self = Constants {
        version: VERSION,
        count: 0,
        channels: [Channel::NOMINAL; CHANNELS],
        curves: [[Point {
            current_ua: 0,
            gain: 0,
            phase: 0,
        }; POINTS]; 2],
        temperature: [Law {
            linear: 0,
            quadratic: 0,
        }; CHANNELS],
        starting: [STARTING; 2],
    };

    /// Values of the table's bytes.
    pub fn from_bytes(bytes: &[u8; SIZE]) -> Self {
        let word = |at: usize| i32::from_le_bytes(core::array::from_fn(|k| bytes[at + k]));
        let half = |at: usize| i16::from_le_bytes(core::array::from_fn(|k| bytes[at + k]));
        Constants {
            version: half(offset::VERSION) as u16,
            count: half(offset::COUNT) as u16,
            channels: core::array::from_fn(|channel| {
                let at = offset::CHANNELS + channel * CHANNEL_SIZE;
                Channel::from_bytes(&core::array::from_fn(|k| bytes[at + k]))
            }),
            curves: core::array::from_fn(|curve| {
                core::array::from_fn(|point| {
                    let at = offset::CURVES + (curve * POINTS + point) * 8;
                    Point {
                        current_ua: word(at) as u32,
                        gain: half(at + 4),
                        phase: half(at + 6),
                    }
                })
            }),
            temperature: core::array::from_fn(|channel| {
                let at = offset::TEMPERATURE + channel * 4;
                Law {
                    linear: half(at),
                    quadratic: half(at + 2),
                }
            }),
            starting: core::array::from_fn(|kind| word(offset::STARTING_ACTIVE + kind * 4) as u32),
        }
    }

    /// The table's bytes.
    pub fn to_bytes(&self) -> [u8; SIZE] {
        let mut out = Bytes {
            bytes: [0; SIZE],
            at: 0,
        };
        out.put(&self.version.to_le_bytes());
        out.put(&self.count.to_le_bytes());
        for word in self.channels.iter().flat_map(|channel| channel.to_words()) {
            out.put(&word.to_le_bytes());
        }
        for point in self.curves.iter().flatten() {
            out.put(&point.current_ua.to_le_bytes());
            out.put(&point.gain.to_le_bytes());
            out.put(&point.phase.to_le_bytes());
        }
        for law in &self.temperature {
            out.put(&law.linear.to_le_bytes());
            out.put(&law.quadratic.to_le_bytes());
        }
        for power in &self.starting {
            out.put(&power.to_le_bytes());
        }
        out.bytes
    }
}

/// A table being written from its start.
struct Bytes {
    bytes: [u8; SIZE],
    at: usize,
}

impl Bytes {
    fn put(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }
}

const CHANNEL: [Field; 5] = [
    Field::new("gain", Kind::Fixed(4, 30)),
    Field::new("noise_code2", Kind::Fixed(4, 8)),
    Field::new("power_gain", Kind::Fixed(4, 30)),
    Field::new("phase_rad", Kind::Fixed(4, 30)),
    Field::new("power_offset_code2", Kind::Signed(4)),
];

const POINT: [Field; 3] = [
    Field::new("current_a", Kind::Micro),
    Field::new("gain", Kind::Fixed(2, 20)),
    Field::new("phase_rad", Kind::Fixed(2, 20)),
];

const LAW: [Field; 2] = [
    Field::new("linear_per_k", Kind::Fixed(2, 24)),
    Field::new("quadratic_per_k2", Kind::Fixed(2, 30)),
];

/// The fields as a reader shows them.
pub const FIELDS: [Field; 10] = [
    Field::new("version", Kind::Unsigned(2)),
    Field::new("count", Kind::Unsigned(2)),
    Field::new("voltage", Kind::Group(&CHANNEL)),
    Field::new("line", Kind::Group(&CHANNEL)),
    Field::new("neutral", Kind::Group(&CHANNEL)),
    Field::new("line_curve", Kind::Group(&POINT)).exactly(POINTS),
    Field::new("neutral_curve", Kind::Group(&POINT)).exactly(POINTS),
    Field::new("temperature", Kind::Group(&LAW)).exactly(CHANNELS),
    Field::new("starting_active", Kind::Unsigned(4)),
    Field::new("starting_reactive", Kind::Unsigned(4)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_field_has_its_place() {
        let point = |k: i16| Point {
            current_ua: 0x1000 + k as u32,
            gain: k,
            phase: -k,
        };
        let constants = Constants {
            version: 1,
            count: 0x0203,
            channels: core::array::from_fn(|k| Channel {
                gain: 0x4000_0000 + k as i32,
                noise: 0x0001_0000 + k as u32,
                power_gain: 0x4000_0100 + k as i32,
                phase: -1 - k as i32,
                power_offset: 0x0765_4321,
            }),
            curves: [
                core::array::from_fn(|k| point(k as i16 + 1)),
                core::array::from_fn(|k| point(k as i16 + 11)),
            ],
            temperature: core::array::from_fn(|k| Law {
                linear: 0x100 + k as i16,
                quadratic: -0x100 - k as i16,
            }),
            starting: [0xAABB_CCDD, 0x1122_3344],
        };
        let bytes = constants.to_bytes();
        let word = |at: usize| u32::from_le_bytes(core::array::from_fn(|k| bytes[at + k]));
        assert_eq!(word(0), 0x0203_0001);
        assert_eq!(word(offset::CHANNELS), 0x4000_0000);
        assert_eq!(word(28), 0x0001_0001, "noise of the line channel");
        assert_eq!(word(52), 0x4000_0102, "power gain of the neutral channel");
        assert_eq!(word(56) as i32, -3, "its phase");
        assert_eq!(word(60), 0x0765_4321, "its power offset");
        assert_eq!(word(offset::CURVES), 0x1001);
        assert_eq!(word(104), 0x100B, "current of the neutral's first point");
        assert_eq!(word(108), 0xFFF5_000B, "its gain and phase");
        assert_eq!(word(152), 0xFEFE_0102, "law of the neutral");
        assert_eq!(word(offset::STARTING_ACTIVE), 0xAABB_CCDD);
        assert_eq!(word(offset::STARTING_REACTIVE), 0x1122_3344);
        assert_eq!(offset::STARTING_REACTIVE + 4, SIZE);
    }

    #[test]
    fn limits_of_a_channel() {
        let nominal = Channel::NOMINAL;
        let q30 = |x: f64| (x * f64::from(1 << 30)) as i32;
        let with = |change: fn(&mut Channel, i32), value: i32| {
            let mut channel = nominal;
            change(&mut channel, value);
            channel.is_plausible()
        };
        assert!(nominal.is_plausible());
        let gain: fn(&mut Channel, i32) = |c, x| c.gain = x;
        let power_gain: fn(&mut Channel, i32) = |c, x| c.power_gain = x;
        for gain in [gain, power_gain] {
            assert!(with(gain, q30(0.801)) && with(gain, q30(1.199)));
            assert!(!with(gain, q30(0.799)) && !with(gain, q30(1.201)));
            assert!(!with(gain, 0) && !with(gain, -1) && !with(gain, i32::MIN));
        }
        let phase: fn(&mut Channel, i32) = |c, x| c.phase = x;
        assert!(with(phase, q30(0.0499)) && with(phase, q30(-0.0499)));
        assert!(!with(phase, q30(0.0501)) && !with(phase, q30(-0.0501)));
        let noise: fn(&mut Channel, i32) = |c, x| c.noise = x as u32;
        assert!(with(noise, 4489 * 256) && with(noise, 1 << 26));
        assert!(!with(noise, 1 << 27) && !with(noise, -1));
        let offset: fn(&mut Channel, i32) = |c, x| c.power_offset = x;
        assert!(with(offset, 1 << 26) && with(offset, -(1 << 26)));
        assert!(!with(offset, 1 << 27) && !with(offset, i32::MIN));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), SIZE)) {
            let bytes: [u8; SIZE] = bytes.try_into().unwrap();
            prop_assert_eq!(Constants::from_bytes(&bytes).to_bytes(), bytes);
        }
    }
}
