//! A recording of many cycles as a continuous signal: band-limited, repeated end to end, with its true values.
//!
//! The whole recording is one period of a long periodic signal. Its spectrum is exact, so filters and delays are applied
//! there; samples are then taken back at twice the recorded rate, from which a 25-point windowed sinc finds any instant to
//! better than 10⁻⁷ of the amplitude. A streaming resampler would not do: the converter's instants follow its own crystal
//! and every channel has its own delay. The recording is cut to whole cycles so that its end meets its beginning in phase.

use std::sync::{Arc, OnceLock};

use num_complex::Complex64;

use super::dense::{Dense, spectrum};
use super::recording::Recording;
use super::segment::LINES;
use super::tally::Tally;

/// A recording whose length is a whole number of cycles to this fraction of a cycle is kept as it is.
const WHOLE_CYCLES: f64 = 0.02;

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
    /// The same without its currents, once somebody has asked for it.
    unloaded: OnceLock<Arc<Self>>,
}

impl Recorded {
    /// Takes a recording whose mains frequency is `f_hz`.
    pub fn new(recording: &Recording, f_hz: f64) -> Self {
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
        Self {
            rate_hz: recording.rate_hz,
            count,
            cycles: cycles as usize,
            spectra,
            plain,
            sums: sums_of(&tallies),
            tallies,
            unloaded: OnceLock::new(),
        }
    }

    /// The same voltage without any current, as behind an open service switch.
    pub fn without_load(&self) -> Arc<Self> {
        let unloaded = self.unloaded.get_or_init(|| {
            let tallies: Vec<Tally> = self.tallies.iter().map(Tally::without_load).collect();
            let mut spectra = self.spectra.clone();
            let [_, currents @ ..] = &mut spectra;
            currents
                .iter_mut()
                .for_each(|spectrum| spectrum.fill(Complex64::ZERO));
            let plain =
                std::array::from_fn(|line| Dense::from_spectrum(&spectra[line], self.count));
            Arc::new(Self {
                spectra,
                plain,
                sums: sums_of(&tallies),
                tallies,
                unloaded: OnceLock::new(),
                ..*self
            })
        });
        Arc::clone(unloaded)
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

/// Sums up to each, and of all.
fn sums_of(tallies: &[Tally]) -> Vec<Tally> {
    let mut sums = vec![Tally::default()];
    for tally in tallies {
        sums.push(sums[sums.len() - 1] + *tally);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mains::prepared::{Prepared, prepare};
    use std::f64::consts::TAU;
    use std::path::Path;

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
    fn without_its_load_only_the_voltage_remains() {
        let recorded = long(&recording(10_000.0, 0.5, 60.0));
        let unloaded = recorded.without_load();
        for seconds in [0.1, 0.2345] {
            let [voltage, ..] = recorded.at(seconds);
            assert_eq!(unloaded.at(seconds), [voltage, 0.0, 0.0]);
        }
        let (with, without) = (recorded.tally(0.1, 1.9), unloaded.tally(0.1, 1.9));
        assert_eq!(
            (without.vv, without.seconds, without.cycles),
            (with.vv, with.seconds, with.cycles)
        );
        assert_eq!(
            (without.ii, without.vi, without.s, without.nn),
            (0.0, 0.0, 0.0, 0.0)
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
    fn a_cycle_and_a_half_is_not_taken_for_one_slow_cycle() {
        // 24 ms would be one cycle of 41.7 Hz.
        let recorded = long(&recording(20_000.0, 0.024, 60.0));
        assert_eq!(recorded.cycles, 1);
        assert!((recorded.f_hz() - 60.0).abs() < 3.0, "{}", recorded.f_hz());
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
