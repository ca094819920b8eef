//! One stretch of time in which the mains follow one rule.

use std::sync::Arc;

use super::phase::Phase;
use super::recorded::Recorded;
use super::series::Series;
use crate::time::{Time, to_seconds};

/// The measured places: line voltage, line current, neutral current, in the converter's order of channels.
pub const LINES: usize = 3;

/// Where the shape comes from.
#[derive(Clone, Debug)]
pub enum Signal {
    /// The same cycle again and again.
    Periodic(Arc<[Series; LINES]>),
    /// A recording of many cycles, begun at the segment's start and repeated.
    Recorded(Arc<Recorded>),
}

/// Mains and load from `start` until the next segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// First instant.
    pub start: Time,
    /// When its growth or its recording began: at `start`, or before it where the service switch has cut a segment.
    pub begun: Time,
    /// Phase of the cycle and its frequency; a recording keeps its own time.
    pub phase: Phase,
    /// Shape.
    pub signal: Signal,
    /// Change of each line's amplitude per second, as a fraction of its value at `begun`.
    pub growth_per_s: [f64; LINES],
}

impl Segment {
    /// Volts, amperes and neutral amperes at an instant.
    pub fn at(&self, now: Time) -> [f64; LINES] {
        match &self.signal {
            Signal::Periodic(series) => {
                let turn = self.phase.turn(now);
                std::array::from_fn(|line| series[line].at(turn) * self.factor(line, now))
            }
            Signal::Recorded(recorded) => recorded.at(self.elapsed_s(now)),
        }
    }

    /// Amplitude of a line over its amplitude at `begun`.
    pub fn factor(&self, line: usize, now: Time) -> f64 {
        if self.growth_per_s[line] == 0.0 {
            1.0
        } else {
            1.0 + self.growth_per_s[line] * self.elapsed_s(now)
        }
    }

    /// Frequency at `now`, hertz.
    pub fn f_hz(&self, now: Time) -> f64 {
        match &self.signal {
            Signal::Periodic(_) => self.phase.f_hz(now),
            Signal::Recorded(recorded) => recorded.f_hz(),
        }
    }

    /// Whether every cycle of the segment is the same.
    pub fn is_steady(&self) -> bool {
        matches!(self.signal, Signal::Periodic(_))
            && self.phase.is_steady()
            && self.growth_per_s == [0.0; LINES]
    }

    /// Seconds since `begun`, negative before it.
    pub fn elapsed_s(&self, now: Time) -> f64 {
        if now >= self.begun {
            to_seconds(now - self.begun)
        } else {
            -to_seconds(self.begun - now)
        }
    }

    /// What of it rules from `start` on, its beginning or a later instant, with or without its currents.
    pub(super) fn cut(&self, start: Time, loaded: bool) -> Self {
        let signal = match &self.signal {
            signal if loaded => signal.clone(),
            Signal::Periodic(series) => {
                let [voltage, ..] = &**series;
                let none = Series::default();
                Signal::Periodic(Arc::new([voltage.clone(), none.clone(), none]))
            }
            Signal::Recorded(recorded) => Signal::Recorded(recorded.without_load()),
        };
        Self {
            start,
            signal,
            ..self.clone()
        }
    }
}
