//! From the terminals to the converter's pins: sensors with their errors, and the converter's filter in closed form.
//!
//! Within a segment each channel is a Fourier series whose coefficients already contain ratio, delay, crosstalk and the
//! filter's gain, so a conversion costs one sine-cosine pair and one multiply-add per harmonic (or, with many, a look into
//! a table made of them) and has no error that grows. Where a segment ends inside the filter's window, or conversion began inside it, the impulse response is
//! integrated over the pieces instead.

use std::f64::consts::TAU;
use std::sync::Arc;

use num_complex::Complex64;

use crate::board::Board;
use crate::converter::decimation::Response;
use crate::converter::{AnalogInput, Imperfections, Window};
use crate::mains::dense::Dense;
use crate::mains::segment::{LINES, Segment, Signal};
use crate::mains::timeline::Source;
use crate::time::{MILLISECOND, Time, from_seconds, to_seconds};

mod lanes;
mod table;

use lanes::Lanes;
use table::Table;

/// Harmonics below this many volts at the pins are dropped: a ten-thousandth of the smallest code step.
const NEGLIGIBLE_V: f64 = 1e-11;
/// From so many harmonics on a table is quicker.
const TABLE_FROM: usize = 20;
/// How far a ramp is followed with one pair of coefficient sets.
const RAMP_STRIDE: Time = 10 * MILLISECOND;
/// Relative change of the modulator clock up to which the filter's gain counts as the same.
const SAME_CLOCK: f64 = 2e-5;

/// The analogue side of one board on one source.
pub struct FrontEnd {
    source: Source,
    board: Arc<Board>,
    bank: Option<Bank>,
    constant_temperature: Option<(u64, Imperfections, [f64; LINES])>,
}

/// Coefficients for a stretch of time and a filter.
struct Bank {
    version: u64,
    segment: Arc<Segment>,
    response: Response,
    /// Window middles for which the coefficients are right.
    from: Time,
    until: Time,
    kind: Kind,
}

enum Kind {
    Periodic(Lanes),
    /// The same with so many harmonics that a table is quicker.
    Table(Table),
    /// Straight line between two instants.
    Ramp {
        begin: Time,
        before: Lanes,
        after: Lanes,
    },
    Recorded(Box<[Dense; LINES]>),
}

impl FrontEnd {
    /// A board connected to a source.
    pub fn new(source: Source, board: Arc<Board>) -> Self {
        Self {
            source,
            board,
            bank: None,
            constant_temperature: None,
        }
    }

    fn bank_for(
        &mut self,
        middles: &[Time; LINES],
        response: &Response,
        reach: Time,
    ) -> Option<&Bank> {
        let version = self.source.version();
        let (earliest, latest) = (
            middles[0].min(middles[1]).min(middles[2]),
            middles[0].max(middles[1]).max(middles[2]),
        );
        let fits = |bank: &Bank| {
            bank.version == version
                && earliest >= bank.from
                && latest < bank.until
                && same_filter(&bank.response, response)
        };
        if !self.bank.as_ref().is_some_and(fits) {
            let found = self.source.look().between(earliest, earliest);
            let (segment, end) = found.into_iter().next()?;
            // The first segment has been there for ever.
            let from = if segment.start == 0 {
                0
            } else {
                segment.start.saturating_add(reach)
            };
            let until = end.saturating_sub(reach);
            if earliest < from || latest >= until {
                return None;
            }
            self.bank = Some(self.build(version, segment, response, from, until, earliest));
        }
        self.bank.as_ref()
    }

    fn build(
        &self,
        version: u64,
        segment: Arc<Segment>,
        response: &Response,
        from: Time,
        until: Time,
        now: Time,
    ) -> Bank {
        let (mut from, mut until) = (from, until);
        let kind = match &segment.signal {
            Signal::Recorded(_) => {
                Kind::Recorded(Box::new(self.filter_recording(&segment, response)))
            }
            Signal::Periodic(_) if segment.is_steady() => {
                let lanes = self.lanes(&segment, response, now);
                if lanes.orders.len() > TABLE_FROM {
                    Kind::Table(Table::new(&lanes))
                } else {
                    Kind::Periodic(lanes)
                }
            }
            Signal::Periodic(_) => {
                // The window's middles of the three channels differ by less than a millisecond.
                let begin = now.saturating_sub(MILLISECOND);
                from = from.max(begin);
                until = until.min(begin + RAMP_STRIDE);
                let before = self.lanes(&segment, response, begin);
                let after = self.lanes(&segment, response, begin + RAMP_STRIDE);
                Kind::Ramp {
                    begin,
                    before,
                    after,
                }
            }
        };
        Bank {
            version,
            segment,
            response: *response,
            from,
            until,
            kind,
        }
    }

    /// Coefficients as they are at `now`.
    fn lanes(&self, segment: &Segment, response: &Response, now: Time) -> Lanes {
        let Signal::Periodic(series) = &segment.signal else {
            return Lanes::default();
        };
        let f_hz = segment.f_hz(now);
        let mixing = self.mixing();
        let delays = self.delays_s(segment, now);
        let count = series
            .iter()
            .map(|series| series.harmonics.len())
            .max()
            .unwrap_or(0);
        let mut lanes = Lanes {
            dc: [0.0; 4],
            orders: vec![([0.0; 4], [0.0; 4]); count],
        };
        for (line, series) in series.iter().enumerate() {
            let factor = segment.factor(line, now);
            for channel in 0..LINES {
                let share = factor * mixing[channel][line];
                lanes.dc[channel] += series.dc * share;
                for ((amplitude, (re, im)), order) in
                    series.harmonics.iter().zip(&mut lanes.orders).zip(1..)
                {
                    let at_hz = f64::from(order) * f_hz;
                    let turned = amplitude
                        * Complex64::cis(-TAU * at_hz * delays[line])
                        * response.gain(at_hz)
                        * share;
                    re[channel] += turned.re;
                    im[channel] += turned.im;
                }
            }
        }
        let matters = |(re, im): &([f64; 4], [f64; 4])| {
            re.iter().chain(im).any(|part| part.abs() > NEGLIGIBLE_V)
        };
        let kept = lanes
            .orders
            .iter()
            .rposition(matters)
            .map_or(0, |last| last + 1);
        lanes.orders.truncate(kept);
        lanes
    }

    fn filter_recording(&self, segment: &Segment, response: &Response) -> [Dense; LINES] {
        let Signal::Recorded(recorded) = &segment.signal else {
            unreachable!("only called for recordings")
        };
        let delays = self.delays_s(segment, segment.start);
        let mixing = self.mixing();
        std::array::from_fn(|channel| {
            // Crosstalk of a recording: the other lines' spectra, weighted and delayed, in the same transform.
            let others = (0..LINES).map(|line| (line, mixing[channel][line]));
            recorded.mixed(others.filter(|(_, share)| *share != 0.0), |line, f_hz| {
                Complex64::cis(-TAU * f_hz * delays[line]) * response.gain(f_hz)
            })
        })
    }

    /// Volts at each channel's pins per volt or ampere on each line.
    fn mixing(&self) -> [[f64; LINES]; LINES] {
        let crosstalk = self.board.crosstalk();
        std::array::from_fn(|channel| {
            std::array::from_fn(|line| {
                self.board.ratio(line) * if line == channel { 1.0 } else { crosstalk }
            })
        })
    }

    fn delays_s(&self, segment: &Segment, now: Time) -> [f64; LINES] {
        std::array::from_fn(|line| {
            let rms = match &segment.signal {
                Signal::Periodic(series) => series[line].rms() * segment.factor(line, now),
                Signal::Recorded(recorded) => recorded.rms(line),
            };
            self.board.delay_s(line, rms)
        })
    }

    /// The long way: the impulse response over every piece of the window.
    fn integrate(&self, window: &Window, middles: &[Time; LINES], reach: Time) -> [f64; LINES] {
        let (earliest, latest) = (
            middles[0].min(middles[1]).min(middles[2]),
            middles[0].max(middles[1]).max(middles[2]),
        );
        let segments = self
            .source
            .look()
            .between(earliest.saturating_sub(reach), latest.saturating_add(reach));
        let delays: Vec<[f64; LINES]> = segments
            .iter()
            .map(|(segment, _)| self.delays_s(segment, segment.start))
            .collect();
        let mixing = self.mixing();
        std::array::from_fn(|channel| {
            let middle = middles[channel];
            let since = window.since[channel];
            let from_s = if since == 0 {
                f64::NEG_INFINITY
            } else {
                to_seconds(since) - to_seconds(middle)
            };
            let mut jumps_s: Vec<f64> = Vec::new();
            for (index, (segment, _)) in segments.iter().enumerate().skip(1) {
                let start_s = (segment.start as f64 - middle as f64) / 1e12;
                jumps_s.extend(delays[index].iter().map(|delay| start_s + delay));
            }
            jumps_s.sort_by(f64::total_cmp);
            window.response.integrate(from_s, &jumps_s, |s| {
                let mut volts = 0.0;
                for line in (0..LINES).filter(|&line| mixing[channel][line] != 0.0) {
                    // Each line arrives late by its own delay; which segment rules is decided before the delay.
                    let seen = |index: usize| shift(middle, s - delays[index][line]);
                    let index = (1..segments.len())
                        .rev()
                        .find(|&index| seen(index) >= segments[index].0.start)
                        .unwrap_or(0);
                    volts += mixing[channel][line] * segments[index].0.at(seen(index))[line];
                }
                volts
            })
        })
    }

    fn at_temperature(&mut self, at: Time) -> (Imperfections, [f64; LINES]) {
        let version = self.source.version();
        if let Some((known, imperfections, drift)) = self.constant_temperature
            && known == version
        {
            return (imperfections, drift);
        }
        let (celsius, constant) = {
            let timeline = self.source.look();
            (
                timeline.temperature_c(at),
                timeline.has_constant_temperature(),
            )
        };
        let imperfections = self.board.imperfections(celsius);
        let drift = std::array::from_fn(|line| self.board.drift(line, celsius));
        self.constant_temperature = constant.then_some((version, imperfections, drift));
        (imperfections, drift)
    }
}

impl AnalogInput for FrontEnd {
    fn pins_v(&mut self, window: &Window) -> [f64; LINES] {
        let delay = from_seconds(window.response.group_delay_s());
        let middles = window.ends.map(|end| end.saturating_sub(delay));
        // No sensor delays by more than this; a quarter cycle is the board file's limit.
        let reach = from_seconds(window.response.half_width_s() + self.longest_delay_s());
        let (_, drift) = self.at_temperature(window.ends[0]);
        let undisturbed =
            (0..LINES).all(|line| window.since[line].saturating_add(reach) <= middles[line]);
        let values = match undisturbed
            .then(|| self.bank_for(&middles, &window.response, reach))
            .flatten()
        {
            Some(bank) => bank.at(&middles),
            None => self.integrate(window, &middles, reach),
        };
        std::array::from_fn(|line| values[line] * drift[line])
    }

    fn imperfections(&mut self, at: Time) -> Imperfections {
        self.at_temperature(at).0
    }
}

impl FrontEnd {
    fn longest_delay_s(&self) -> f64 {
        let sensors = self.board.sensors();
        let degrees = sensors.iter().map(|sensor| {
            let curve = sensor
                .phase_curve
                .iter()
                .map(|point| point.phase_deg.abs())
                .fold(0.0, f64::max);
            sensor.phase_deg.abs() + curve
        });
        degrees.fold(0.0, f64::max) / 360.0 / crate::board::PHASE_REFERENCE_HZ
    }
}

impl Bank {
    fn at(&self, middles: &[Time; LINES]) -> [f64; LINES] {
        let turns = || -> [Complex64; LINES] {
            let first = self.segment.phase.turn(middles[0]);
            let turn = |line: usize| {
                if middles[line] == middles[0] {
                    first
                } else {
                    self.segment.phase.turn(middles[line])
                }
            };
            [first, turn(1), turn(2)]
        };
        match &self.kind {
            Kind::Periodic(lanes) => lanes.at(&turns()),
            Kind::Table(table) => {
                let first = self.segment.phase.cycles(middles[0]);
                table.at(&middles.map(|middle| {
                    if middle == middles[0] {
                        first
                    } else {
                        self.segment.phase.cycles(middle)
                    }
                }))
            }
            Kind::Ramp {
                begin,
                before,
                after,
            } => {
                let turns = turns();
                let (before, after) = (before.at(&turns), after.at(&turns));
                std::array::from_fn(|line| {
                    let share = (middles[line] - begin) as f64 / RAMP_STRIDE as f64;
                    before[line] + (after[line] - before[line]) * share
                })
            }
            Kind::Recorded(dense) => {
                let Signal::Recorded(recorded) = &self.segment.signal else {
                    unreachable!("built from a recording")
                };
                let place = |line: usize| recorded.place(self.segment.elapsed_s(middles[line]));
                Dense::at_all(dense, &[place(0), place(1), place(2)])
            }
        }
    }
}

fn same_filter(known: &Response, wanted: &Response) -> bool {
    let clock = (known.modulator_period_s / wanted.modulator_period_s - 1.0).abs() < SAME_CLOCK;
    clock
        && Response {
            modulator_period_s: wanted.modulator_period_s,
            ..*known
        } == *wanted
}

fn shift(middle: Time, seconds: f64) -> Time {
    middle.saturating_add_signed((seconds * 1e12).round() as i64)
}
