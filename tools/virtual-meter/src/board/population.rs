//! Boards drawn at random from a population: what a calibration line meets.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Board, Converter, Mcu, Sensor};

/// How far random boards spread. Uniform between ± the figure where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Gain of each channel, percent.
    pub gain_pct: f64,
    /// Phase of each channel, degrees at 60 Hz.
    pub phase_deg: f64,
    /// Offset of each channel, microvolts.
    pub offset_uv: f64,
    /// Noise between 1/x and x times the typical value.
    pub noise_factor: f64,
    /// Crosstalk from −120 dB to this.
    pub crosstalk_db: f64,
    /// Deviation from a straight line, ppm of full scale.
    pub inl_ppm: f64,
    /// Both crystals, ppm.
    pub crystal_ppm: f64,
}

impl Spread {
    /// The population on which calibration is judged: gain ±2 %, phase ±0.5°, offset, noise and crosstalk as boards have them.
    pub const FACTORY: Self = Self {
        gain_pct: 2.0,
        phase_deg: 0.5,
        offset_uv: 350.0,
        noise_factor: 1.5,
        crosstalk_db: -105.0,
        inl_ppm: 8.0,
        crystal_ppm: 30.0,
    };
}

impl Board {
    /// A board drawn from a population; the same seed gives the same board.
    pub fn random(seed: u64, spread: &Spread) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut draw = |limit: f64| {
            if limit > 0.0 {
                random.random_range(-limit..=limit)
            } else {
                0.0
            }
        };
        let mut sensor = || Sensor {
            gain: 1.0 + draw(spread.gain_pct) / 100.0,
            phase_deg: draw(spread.phase_deg),
            offset_uv: draw(spread.offset_uv),
            offset_drift_uv_per_c: draw(0.3),
            gain_drift_ppm_per_c: draw(25.0),
            inl_ppm: draw(spread.inl_ppm),
            phase_curve: Vec::new(),
        };
        let (voltage, line, neutral) = (sensor(), sensor(), sensor());
        let converter = Converter {
            noise: spread.noise_factor.powf(draw(1.0)),
            reference_ppm: draw(1000.0),
            reference_drift_ppm_per_c: draw(15.0),
            crosstalk_db: Some(-120.0 + (spread.crosstalk_db + 120.0) * (0.5 + draw(0.5))),
            crystal_ppm: draw(spread.crystal_ppm),
            crystal_drift_ppm_per_c: draw(0.3),
        };
        let mcu = Mcu {
            crystal_ppm: draw(spread.crystal_ppm),
            crystal_parabola_ppm_per_c2: -0.034,
        };
        Self {
            name: format!("random {seed}"),
            seed,
            voltage,
            line,
            neutral,
            converter,
            mcu,
        }
    }
}
