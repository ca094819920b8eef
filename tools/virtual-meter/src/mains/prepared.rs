//! Decides what a recording is: exactly one cycle, or many.

use std::path::Path;
use std::sync::Arc;

use super::recorded::Recorded;
use super::recording::Recording;
use super::rhythm::{MAINS_HZ, fundamental_hz};
use super::segment::{LINES, Signal};
use super::series::Series;
use crate::input_error::InputError;

/// Share of the alternating voltage's power that the fundamental of a single cycle has at least.
const ONE_CYCLE_SHARE: f64 = 0.8;

/// A recording on its way to the converter: either one cycle or many.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// Exactly one cycle, as Fourier series, with the frequency that its length gives.
    Cycle {
        /// Volts, amperes, neutral amperes.
        series: [Series; LINES],
        /// Frequency in hertz.
        f_hz: f64,
    },
    /// More than one cycle.
    Long(Box<Recorded>),
}

/// Decides what a recording is.
///
/// # Errors
/// Shorter than one cycle of 70 Hz, or no rhythm between 40 and 70 Hz in its voltage.
pub fn prepare(path: &Path, recording: &Recording) -> Result<Prepared, InputError> {
    let duration_s = recording.duration_s();
    if duration_s < 0.999 / MAINS_HZ.end() {
        let what = format!(
            "lasts {:.2} ms, less than one mains cycle",
            duration_s * 1e3
        );
        return Err(InputError::file(
            path,
            what,
            "record at least one whole cycle",
        ));
    }
    if MAINS_HZ.contains(&(1.0 / duration_s)) {
        let series = recording
            .lines
            .each_ref()
            .map(|line| Series::from_samples(line));
        // A piece of one and a half cycles is as long as one slow cycle; its power tells them apart.
        if series[0].mean_square(1, 1) >= ONE_CYCLE_SHARE * series[0].mean_square(1, usize::MAX) {
            return Ok(Prepared::Cycle {
                series,
                f_hz: 1.0 / duration_s,
            });
        }
    }
    let Some(f_hz) = fundamental_hz(&recording.lines[0], recording.rate_hz) else {
        let what = "its voltage has no rhythm between 40 and 70 Hz";
        return Err(InputError::file(
            path,
            what,
            "check that voltage_v holds the mains voltage and time_s seconds",
        ));
    };
    Ok(Prepared::Long(Box::new(Recorded::new(recording, f_hz))))
}

/// A recording as a signal, with its frequency.
///
/// # Errors
/// Those of [`Recording::read`] and [`prepare`].
pub fn read_signal(path: &Path) -> Result<(Signal, f64), InputError> {
    let recording = Recording::read(path)?;
    Ok(match prepare(path, &recording)? {
        Prepared::Cycle { series, f_hz } => (Signal::Periodic(Arc::new(series)), f_hz),
        Prepared::Long(recorded) => {
            let f_hz = recorded.f_hz();
            (Signal::Recorded(Arc::new(*recorded)), f_hz)
        }
    })
}
