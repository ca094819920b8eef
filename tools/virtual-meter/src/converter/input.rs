//! What the converter asks of the analogue world in front of it.

use super::decimation::Response;
use super::registers::CHANNELS;
use crate::time::Time;

/// One conversion: which stretch of the input each channel's filter has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Instant of each channel's last modulator sample; PHASE makes them differ.
    pub ends: [Time; CHANNELS],
    /// Instant since when each channel has been converting undisturbed; what came before counts as nothing.
    pub since: [Time; CHANNELS],
    /// The filter.
    pub response: Response,
}

/// How this copy of the converter differs from the data sheet's ideal one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Imperfections {
    /// Input-referred offset, volts.
    pub offset_v: [f64; CHANNELS],
    /// Gain over the ideal gain, reference included: 1 is exact.
    pub gain: [f64; CHANNELS],
    /// Largest deviation from a straight line, as a fraction of full scale, signed.
    pub bend: [f64; CHANNELS],
    /// Noise as a multiple of the data sheet's typical value: 0 is none, 1 typical.
    pub noise: f64,
    /// Deviation of the converter's crystal, parts per million.
    pub crystal_ppm: f64,
}

impl Imperfections {
    /// No error at all.
    pub const NONE: Self = Self {
        offset_v: [0.0; CHANNELS],
        gain: [1.0; CHANNELS],
        bend: [0.0; CHANNELS],
        noise: 0.0,
        crystal_ppm: 0.0,
    };
}

/// The source behind the converter's pins.
pub trait AnalogInput: Send {
    /// Differential volts at each channel's pins, as the filter of `window` averages them.
    fn pins_v(&mut self, window: &Window) -> [f64; CHANNELS];

    /// The converter's errors at `at`; they move with temperature.
    fn imperfections(&mut self, at: Time) -> Imperfections;
}
