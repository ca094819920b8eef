//! A recording of many cycles as a continuous signal: band-limited, repeated end to end, with its true values.
//!
//! The whole recording is one period of a long periodic signal. Its spectrum is exact, so filters and delays are applied
//! there; samples are then taken back at twice the recorded rate, from which a 24-point windowed sinc finds any instant to
//! better than 10⁻⁷ of the amplitude. A streaming resampler would not do: the converter's instants follow its own crystal
//! and every channel has its own delay. The recording is cut to whole cycles so that its end meets its beginning in phase.

use std::f64::consts::{PI, TAU};
use std::path::Path;
use std::sync::Arc;

use num_complex::Complex64;
use realfft::RealFftPlanner;

use super::recording::Recording;
use super::segment::{LINES, Signal};
use super::series::Series;
use super::tally::Tally;
use crate::input_error::InputError;

/// Frequencies that can be the mains'.
const MAINS_HZ: std::ops::RangeInclusive<f64> = 40.0..=70.0;
/// A recording whose length is a whole number of cycles to this fraction of a cycle is kept as it is.
const WHOLE_CYCLES: f64 = 0.02;

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
        let series = std::array::from_fn(|line| Series::from_samples(&recording.lines[line]));
        return Ok(Prepared::Cycle {
            series,
            f_hz: 1.0 / duration_s,
        });
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

/// Many cycles, repeated.
#[derive(Clone, Debug)]
pub struct Recorded {
    rate_hz: f64,
    count: usize,
    cycles: usize,
    spectra: [Vec<Complex64>; LINES],
    plain: [Dense; LINES],
    /// True values of each cycle.
    tallies: Vec<Tally>,
    /// Sums of `tallies` up to each cycle, and of all.
    sums: Vec<Tally>,
}

impl Recorded {
    fn new(recording: &Recording, f_hz: f64) -> Self {
        let in_cycles = recording.duration_s() * f_hz;
        let whole = (in_cycles - in_cycles.round()).abs() < WHOLE_CYCLES;
        let cycles = (if whole {
            in_cycles.round()
        } else {
            in_cycles.floor()
        })
        .max(1.0);
        let count = if whole {
            recording.samples()
        } else {
            (cycles / f_hz * recording.rate_hz).round() as usize
        };
        let count = count.min(recording.samples());
        let spectra: [Vec<Complex64>; LINES] =
            std::array::from_fn(|line| spectrum(&recording.lines[line][..count]));
        let plain = std::array::from_fn(|line| Dense::from_spectrum(&spectra[line], count));
        let lines = std::array::from_fn(|line| &recording.lines[line][..count]);
        let tallies: Vec<Tally> = (0..cycles as usize)
            .map(|cycle| Tally::of_cycle(lines, recording.rate_hz, cycle, cycles as usize))
            .collect();
        let mut sums = vec![Tally::default()];
        for tally in &tallies {
            sums.push(sums[sums.len() - 1] + *tally);
        }
        Self {
            rate_hz: recording.rate_hz,
            count,
            cycles: cycles as usize,
            spectra,
            plain,
            tallies,
            sums,
        }
    }

    /// Length of one repetition, seconds.
    pub fn duration_s(&self) -> f64 {
        self.count as f64 / self.rate_hz
    }

    /// Mean frequency.
    pub fn f_hz(&self) -> f64 {
        self.cycles as f64 / self.duration_s()
    }

    /// Values of the three lines, seconds after its beginning.
    pub fn at(&self, elapsed_s: f64) -> [f64; LINES] {
        let place = self.place(elapsed_s);
        std::array::from_fn(|line| self.plain[line].at(place))
    }

    /// Place in the recording as a fraction 0 to 1.
    pub fn place(&self, elapsed_s: f64) -> f64 {
        (elapsed_s / self.duration_s()).rem_euclid(1.0)
    }

    /// A sum of lines, each times its share and after its own linear filter, given by its response at a frequency in hertz.
    pub fn mixed(
        &self,
        shares: impl Iterator<Item = (usize, f64)>,
        response: impl Fn(usize, f64) -> Complex64,
    ) -> Dense {
        let resolution_hz = 1.0 / self.duration_s();
        let mut sum = vec![Complex64::ZERO; self.spectra[0].len()];
        for (line, share) in shares {
            for (bin, (slot, value)) in sum.iter_mut().zip(&self.spectra[line]).enumerate() {
                *slot += value * response(line, bin as f64 * resolution_hz) * share;
            }
        }
        Dense::from_spectrum(&sum, self.count)
    }

    /// Rms of a line over the whole recording.
    pub fn rms(&self, line: usize) -> f64 {
        let all = &self.sums[self.cycles];
        ([all.vv, all.ii, all.nn][line] / all.seconds).sqrt()
    }

    /// True values between two instants after its beginning; part cycles count in proportion.
    pub fn tally(&self, from_s: f64, to_s: f64) -> Tally {
        self.tally_up_to(to_s) - self.tally_up_to(from_s)
    }

    fn tally_up_to(&self, elapsed_s: f64) -> Tally {
        let repetitions = (elapsed_s / self.duration_s()).floor();
        let cycle = self.place(elapsed_s) * self.cycles as f64;
        let whole = (cycle as usize).min(self.cycles - 1);
        self.sums[self.cycles].scaled(repetitions)
            + self.sums[whole]
            + self.tallies[whole].scaled(cycle - whole as f64)
    }
}

/// A periodic signal sampled at twice the rate it needs, and evaluated anywhere between.
#[derive(Clone, Debug)]
pub struct Dense(Vec<f64>);

/// Points of the interpolation; even.
const POINTS: usize = 24;
/// Shape of its Kaiser window: 12 gives 120 dB where the doubled rate leaves a transition as wide as the band.
const KAISER_BETA: f64 = 12.0;

impl Dense {
    fn from_spectrum(spectrum: &[Complex64], count: usize) -> Self {
        let doubled = 2 * count;
        let mut bins = vec![Complex64::ZERO; count + 1];
        bins[..spectrum.len()].copy_from_slice(spectrum);
        if count.is_multiple_of(2) {
            // The bin at half the old rate was its own mirror image and now has one.
            bins[count / 2] /= 2.0;
        }
        bins[0].im = 0.0;
        bins[count].im = 0.0;
        let inverse = RealFftPlanner::new().plan_fft_inverse(doubled);
        let mut samples = inverse.make_output_vec();
        inverse
            .process(&mut bins, &mut samples)
            .expect("the imaginary parts of the first and last bin are zero");
        samples
            .iter_mut()
            .for_each(|sample| *sample /= count as f64);
        Self(samples)
    }

    /// Value at a fraction 0 to 1 of the period.
    pub fn at(&self, place: f64) -> f64 {
        let position = place * self.0.len() as f64;
        let whole = position.floor();
        let fraction = position - whole;
        if fraction < 1e-9 {
            return self.0[whole as usize % self.0.len()];
        }
        // sin(π(x−k)) = ±sin(πx): one sine for all points.
        let sine = (PI * fraction).sin() / PI;
        let first = whole as i64 - (POINTS as i64 / 2 - 1);
        let mut sum = 0.0;
        for k in 0..POINTS as i64 {
            let distance = fraction + (POINTS as i64 / 2 - 1 - k) as f64;
            let sign = if (k + POINTS as i64 / 2 - 1) % 2 == 0 {
                1.0
            } else {
                -1.0
            };
            let sample = self.0[(first + k).rem_euclid(self.0.len() as i64) as usize];
            sum += sample * sign * sine / distance * window(distance / (POINTS / 2) as f64);
        }
        sum
    }
}

/// Exponential-of-semicircle form of the Kaiser window, which needs no Bessel function.
fn window(x: f64) -> f64 {
    let root = (1.0 - x * x).max(0.0).sqrt();
    (KAISER_BETA * (root - 1.0)).exp()
}

fn spectrum(samples: &[f64]) -> Vec<Complex64> {
    let forward = RealFftPlanner::new().plan_fft_forward(samples.len());
    let mut input = samples.to_vec();
    let mut bins = forward.make_output_vec();
    forward
        .process(&mut input, &mut bins)
        .expect("the planner made both buffers' lengths");
    bins
}

/// Fundamental of the voltage from the mean distance of its zero crossings, after a narrow look at the right band.
fn fundamental_hz(voltage: &[f64], rate_hz: f64) -> Option<f64> {
    let mut bins = spectrum(voltage);
    let resolution_hz = rate_hz / voltage.len() as f64;
    let in_band = |bin: usize| MAINS_HZ.contains(&(bin as f64 * resolution_hz));
    let power = |bins: &[Complex64], keep: &dyn Fn(usize) -> bool| -> f64 {
        bins.iter()
            .enumerate()
            .filter(|(bin, _)| keep(*bin))
            .map(|(_, value)| value.norm_sqr())
            .sum()
    };
    let (inside, all) = (power(&bins, &in_band), power(&bins, &|bin| bin > 0));
    if inside < 0.2 * all || inside == 0.0 {
        return None;
    }
    // Everything but 30–90 Hz goes, so that harmonics and noise do not move the crossings.
    for (bin, value) in bins.iter_mut().enumerate() {
        if !(30.0..=90.0).contains(&(bin as f64 * resolution_hz)) {
            *value = Complex64::ZERO;
        }
    }
    let inverse = RealFftPlanner::new().plan_fft_inverse(voltage.len());
    let mut smooth = inverse.make_output_vec();
    inverse.process(&mut bins, &mut smooth).ok()?;
    let crossings: Vec<f64> = (1..smooth.len())
        .filter(|&n| smooth[n - 1] < 0.0 && smooth[n] >= 0.0)
        .map(|n| n as f64 - smooth[n] / (smooth[n] - smooth[n - 1]))
        .collect();
    let peak = (0..bins.len()).max_by(|&a, &b| bins[a].norm_sqr().total_cmp(&bins[b].norm_sqr()));
    let (first, last) = (crossings.first()?, crossings.last()?);
    if crossings.len() < 2 {
        return peak.map(|bin| bin as f64 * resolution_hz);
    }
    let mut f_hz = (crossings.len() - 1) as f64 / (last - first) * rate_hz;
    // The recording's ends ring through the filter and shift crossings a little; two windowed halves do not feel them.
    const ENOUGH_CYCLES: usize = 8;
    if crossings.len() > ENOUGH_CYCLES {
        f_hz = refined(voltage, rate_hz, refined(voltage, rate_hz, f_hz));
    }
    MAINS_HZ.contains(&f_hz).then_some(f_hz)
}

/// A better frequency from how far the phase of the second half lies from where `f_hz` would carry that of the first.
fn refined(voltage: &[f64], rate_hz: f64, f_hz: f64) -> f64 {
    let half = voltage.len() / 2;
    let phasor = |from: usize| -> Complex64 {
        let samples = voltage[from..from + half].iter().enumerate();
        samples
            .map(|(n, value)| {
                let hann = 1.0 - (TAU * (n as f64 + 0.5) / half as f64).cos();
                Complex64::cis(-TAU * f_hz / rate_hz * (from + n) as f64) * value * hann
            })
            .sum()
    };
    let advance = (phasor(half) * phasor(0).conj()).arg();
    f_hz + advance / TAU * rate_hz / half as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(rate_hz: f64, seconds: f64, f_hz: f64) -> Recording {
        let count = (rate_hz * seconds).round() as usize;
        let line = |amplitude: f64, phase: f64| -> Vec<f64> {
            let angle = |n: usize| TAU * f_hz * n as f64 / rate_hz;
            (0..count)
                .map(|n| amplitude * ((angle(n) + phase).sin() + 0.1 * (5.0 * angle(n)).sin()))
                .collect()
        };
        let current = line(10.0, -1.0);
        Recording {
            rate_hz,
            lines: [line(170.0, 0.0), current.clone(), current],
            has_neutral: false,
        }
    }

    fn long(recording: &Recording) -> Recorded {
        match prepare(Path::new("r.csv"), recording).unwrap() {
            Prepared::Long(recorded) => *recorded,
            Prepared::Cycle { .. } => panic!("taken for one cycle"),
        }
    }

    #[test]
    fn one_cycle_is_known_by_its_length() {
        for f_hz in [50.0, 60.0] {
            let one = recording(30_000.0, 1.0 / f_hz, f_hz);
            let Prepared::Cycle {
                f_hz: found_hz,
                series,
            } = prepare(Path::new("r.csv"), &one).unwrap()
            else {
                panic!("taken for many cycles")
            };
            assert!((found_hz - f_hz).abs() < 1e-9);
            assert!((series[0].phasor(1).norm() * 2f64.sqrt() - 170.0).abs() < 1e-9);
        }
    }

    #[test]
    fn values_between_samples_are_right_and_the_end_meets_the_beginning() {
        let recorded = long(&recording(10_000.0, 0.5, 60.0));
        assert!((recorded.f_hz() - 60.0).abs() < 1e-9);
        for n in 0..400 {
            let seconds = f64::from(n) * 0.005_031_7;
            let angle = TAU * 60.0 * seconds;
            let expected = 170.0 * (angle.sin() + 0.1 * (5.0 * angle).sin());
            let found = recorded.at(seconds)[0];
            assert!(
                (found - expected).abs() < 170.0 * 1e-6,
                "{seconds} s: {found} {expected}"
            );
        }
    }

    #[test]
    fn a_part_cycle_at_the_end_is_cut() {
        let recorded = long(&recording(10_000.0, 0.508, 60.0));
        assert_eq!(recorded.cycles, 30);
        assert_eq!(recorded.count, 5_000);
        let off = long(&recording(8_000.0, 1.0, 59.7));
        assert!((off.f_hz() - 59.7).abs() < 0.003, "{}", off.f_hz());
    }

    #[test]
    fn true_values_follow_from_the_samples() {
        let recorded = long(&recording(10_000.0, 0.5, 60.0));
        let tally = recorded.tally(0.25, 7.75);
        assert!((tally.seconds - 7.5).abs() < 1e-9);
        let expected_w = 170.0 * 10.0 / 2.0 * (1f64.cos() + 0.01);
        assert!(
            (tally.vi / tally.seconds - expected_w).abs() < 1e-4 * expected_w,
            "{}",
            tally.vi / tally.seconds
        );
    }

    #[test]
    fn filters_act_in_the_spectrum() {
        let recorded = long(&recording(10_000.0, 0.5, 60.0));
        let delayed = recorded.mixed([(0, 2.0)].into_iter(), |_, f_hz| {
            Complex64::cis(-TAU * f_hz * 1e-3)
        });
        let value = delayed.at(recorded.place(0.1234));
        assert!((value - 2.0 * recorded.at(0.1224)[0]).abs() < 1e-3);
    }

    #[test]
    fn refuses_what_is_not_mains() {
        let error = prepare(Path::new("r.csv"), &recording(10_000.0, 0.5, 400.0))
            .unwrap_err()
            .to_string();
        assert!(error.contains("no rhythm between 40 and 70 Hz"), "{error}");
        let error = prepare(Path::new("r.csv"), &recording(10_000.0, 0.01, 60.0))
            .unwrap_err()
            .to_string();
        assert!(error.contains("less than one mains cycle"), "{error}");
    }
}
