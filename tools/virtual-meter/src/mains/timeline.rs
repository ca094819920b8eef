//! What the mains do over the whole simulation: segments in order, and the temperature around the meter.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::phase::Phase;
use super::segment::{LINES, Segment, Signal};
use super::series::Series;
use crate::time::{Time, to_seconds};

/// Temperature where nothing else is ordered, °C: the reference condition of IEC 62053.
pub const REFERENCE_C: f64 = 23.0;

/// Segments in order of time; the first also stands for all time before it.
#[derive(Clone, Debug)]
pub struct Timeline {
    segments: Vec<Arc<Segment>>,
    /// Seconds and °C, ascending; straight lines between, constant outside.
    temperature: Vec<(f64, f64)>,
    /// The segments from the given index on repeat with this period.
    repeat: Option<(usize, Time)>,
    /// When the load was switched off and on, and whether it was on from then on; ascending. It is on before.
    switched: Vec<(Time, bool)>,
}

impl Timeline {
    /// One segment for ever.
    pub fn new(first: Segment) -> Self {
        Self {
            segments: vec![Arc::new(first)],
            temperature: Vec::new(),
            repeat: None,
            switched: Vec::new(),
        }
    }

    /// Appends a segment; whatever was ordered at or after its start is dropped.
    pub fn append(&mut self, segment: Segment) {
        self.repeat = None;
        self.segments
            .retain(|earlier| earlier.start < segment.start);
        self.segments.push(Arc::new(segment));
    }

    /// The last segment.
    pub fn last(&self) -> Option<&Arc<Segment>> {
        self.segments.last()
    }

    /// Repeats everything ordered so far with the given period, in phase with the running cycle.
    pub fn repeat_every(&mut self, period: Time) {
        self.repeat = (period > 0).then_some((self.segments.len(), period));
    }

    /// Temperature points in seconds and °C, ascending in time.
    pub fn set_temperature(&mut self, points: Vec<(f64, f64)>) {
        self.temperature = points;
    }

    /// Temperature at `now`, °C.
    pub fn temperature_c(&self, now: Time) -> f64 {
        let seconds = to_seconds(now);
        let after = self
            .temperature
            .partition_point(|&(at_s, _)| at_s <= seconds);
        match (
            after.checked_sub(1).map(|before| self.temperature[before]),
            self.temperature.get(after),
        ) {
            (None, None) => REFERENCE_C,
            (Some((_, celsius)), None) => celsius,
            (None, Some(&(_, celsius))) => celsius,
            (Some((from_s, from_c)), Some(&(to_s, to_c))) => {
                from_c + (to_c - from_c) * (seconds - from_s) / (to_s - from_s)
            }
        }
    }

    /// Whether the temperature ever changes.
    pub fn has_constant_temperature(&self) -> bool {
        self.temperature.len() < 2
    }

    /// Switches the load on or off from `now` on, which must not lie before the last time: what the service switch does, whatever
    /// the segments order.
    pub fn connect_load(&mut self, now: Time, connected: bool) {
        self.switched.push((now, connected));
    }

    /// The segments that touch `from..=to`, each with its end ([`Time::MAX`] for the last), cut where the load was switched.
    pub fn between(&mut self, from: Time, to: Time) -> Vec<(Arc<Segment>, Time)> {
        let ordered = self.ordered(from, to);
        if self.switched.is_empty() {
            return ordered;
        }
        let cut = ordered
            .into_iter()
            .flat_map(|(segment, end)| self.cut(&segment, end));
        let mut found: Vec<_> = cut.collect();
        // As for whole segments: from the one that rules at `from` on.
        let first = found.partition_point(|(segment, _)| segment.start <= from);
        found.drain(..first.saturating_sub(1));
        let after = found.partition_point(|(segment, _)| segment.start <= to);
        found.truncate(after.max(1));
        found
    }

    /// A segment in pieces, between which the load was switched.
    fn cut(&self, segment: &Segment, end: Time) -> Vec<(Arc<Segment>, Time)> {
        let before = self
            .switched
            .partition_point(|&(at, _)| at <= segment.start);
        let mut connected = before.checked_sub(1).is_none_or(|k| self.switched[k].1);
        let mut start = segment.start;
        let mut pieces = Vec::new();
        for &(at, now_connected) in &self.switched[before..] {
            if at >= end {
                break;
            }
            pieces.push((Arc::new(segment.cut(start, connected)), at));
            (start, connected) = (at, now_connected);
        }
        pieces.push((Arc::new(segment.cut(start, connected)), end));
        pieces
    }

    /// The segments as they were ordered.
    fn ordered(&mut self, from: Time, to: Time) -> Vec<(Arc<Segment>, Time)> {
        self.unroll(to);
        let first = self.index_at(from);
        let mut found = Vec::new();
        for (index, segment) in self.segments.iter().enumerate().skip(first) {
            if segment.start > to && index > first {
                break;
            }
            let end = self
                .segments
                .get(index + 1)
                .map_or(Time::MAX, |next| next.start);
            found.push((Arc::clone(segment), end));
        }
        found
    }

    fn index_at(&self, now: Time) -> usize {
        self.segments
            .partition_point(|segment| segment.start <= now)
            .saturating_sub(1)
    }

    /// Makes repetitions real until one starts after `until`, so that the end of everything before is known.
    fn unroll(&mut self, until: Time) {
        let Some((count, period)) = self.repeat else {
            return;
        };
        while self.segments.last().is_some_and(|last| last.start <= until) {
            let (Some(last), Some(model)) = (
                self.segments.last(),
                self.segments.get(self.segments.len() - count),
            ) else {
                return;
            };
            let start = model.start + period;
            let f_hz = model.phase.f_hz(model.start);
            let slope = if model.phase.is_steady() {
                0.0
            } else {
                model.phase.f_hz(model.start + crate::time::SECOND) - f_hz
            };
            let phase: Phase = last.phase.followed_by(start, f_hz, slope, 0.0);
            self.segments.push(Arc::new(Segment {
                start,
                begun: start,
                phase,
                ..Segment::clone(model)
            }));
        }
    }
}

/// A timeline that several parts of the simulation look at while one may change it.
#[derive(Clone, Debug)]
pub struct Source(Arc<(Mutex<Timeline>, AtomicU64)>);

impl Source {
    /// Shares a timeline.
    pub fn new(timeline: Timeline) -> Self {
        Self(Arc::new((Mutex::new(timeline), AtomicU64::new(0))))
    }

    /// Looks at the timeline.
    pub fn look(&self) -> MutexGuard<'_, Timeline> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the timeline. The past is for the caller to leave alone.
    pub fn change(&self, edit: impl FnOnce(&mut Timeline)) {
        edit(&mut self.look());
        self.0.1.fetch_add(1, Ordering::Release);
    }

    /// Gives the mains other series and another frequency from `now` on, the phase running through: what somebody does who
    /// turns the knobs of a source while the meter runs. `now` must not lie before the last change.
    pub fn switch_to(&self, now: Time, lines: [Series; LINES], f_hz: f64) {
        self.change(|timeline| {
            let before = timeline.between(now, now).into_iter().next();
            let phase = before.map_or_else(
                || Phase::new(now, f_hz, 0.0),
                |(segment, _)| segment.phase.followed_by(now, f_hz, 0.0, 0.0),
            );
            timeline.append(Segment {
                start: now,
                begun: now,
                phase,
                signal: Signal::Periodic(Arc::new(lines)),
                growth_per_s: [0.0; LINES],
            });
        });
    }

    /// Switches the load on or off from `now` on, as the service switch does.
    pub fn connect_load(&self, now: Time, connected: bool) {
        self.change(|timeline| timeline.connect_load(now, connected));
    }

    /// Counts the changes.
    pub fn version(&self) -> u64 {
        self.0.1.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MILLISECOND, SECOND};

    fn segment(start: Time, volts: f64) -> Segment {
        let series = [
            Series::sine(volts, 0.0),
            Series::default(),
            Series::default(),
        ];
        Segment {
            start,
            begun: start,
            phase: Phase::new(start, 50.0, 0.0),
            signal: Signal::Periodic(Arc::new(series)),
            growth_per_s: [0.0; 3],
        }
    }

    #[test]
    fn finds_segments_and_their_ends() {
        let mut timeline = Timeline::new(segment(0, 1.0));
        timeline.append(segment(SECOND, 2.0));
        timeline.append(segment(2 * SECOND, 3.0));
        let starts = |timeline: &mut Timeline, from, to| -> Vec<(Time, Time)> {
            timeline
                .between(from, to)
                .iter()
                .map(|(segment, end)| (segment.start, *end))
                .collect()
        };
        assert_eq!(starts(&mut timeline, 0, 1), [(0, SECOND)]);
        assert_eq!(
            starts(&mut timeline, SECOND, SECOND),
            [(SECOND, 2 * SECOND)]
        );
        assert_eq!(
            starts(&mut timeline, SECOND - 1, 5 * SECOND),
            [(0, SECOND), (SECOND, 2 * SECOND), (2 * SECOND, Time::MAX)]
        );
        timeline.append(segment(SECOND, 9.0));
        assert_eq!(
            starts(&mut timeline, 5 * SECOND, 6 * SECOND),
            [(SECOND, Time::MAX)]
        );
    }

    #[test]
    fn a_switched_load_cuts_segments_and_takes_their_currents() {
        let loaded = |start| Segment {
            signal: Signal::Periodic(Arc::new([1.0, 2.0, 3.0].map(|rms| Series::sine(rms, 0.0)))),
            growth_per_s: [0.0, 0.5, 0.5],
            ..segment(start, 1.0)
        };
        let mut timeline = Timeline::new(loaded(0));
        timeline.append(loaded(4 * SECOND));
        timeline.connect_load(SECOND, false);
        timeline.connect_load(5 * SECOND, true);
        let found = timeline.between(0, 9 * SECOND);
        let starts: Vec<Time> = found.iter().map(|(segment, _)| segment.start).collect();
        assert_eq!(starts, [0, 1, 4, 5].map(|s| s * SECOND));
        let ends: Vec<Time> = found.iter().map(|(_, end)| *end).collect();
        assert_eq!(ends, [SECOND, 4 * SECOND, 5 * SECOND, Time::MAX]);
        // A quarter of a cycle behind a crossing; ramps go on from where they began.
        let crest = SECOND / 200;
        for ((segment, _), factor) in found.iter().zip([1.0, 0.0, 0.0, 1.5]) {
            let now = segment.start + crest;
            let expected = [1.0, 2.0 * factor, 3.0 * factor].map(|rms| rms * 2f64.sqrt());
            for (value, expected) in segment.at(now).into_iter().zip(expected) {
                assert!((value - expected).abs() < 0.02, "{value} {expected}");
            }
        }
        for (from, to, expected) in [
            (0, SECOND / 2, &[0][..]),
            (2 * SECOND, 2 * SECOND, &[1]),
            (SECOND, 4 * SECOND, &[1, 4]),
            (9 * SECOND, 10 * SECOND, &[5]),
        ] {
            let found = timeline.between(from, to);
            let starts: Vec<Time> = found.iter().map(|found| found.0.start / SECOND).collect();
            assert_eq!(starts, expected, "{from} to {to}");
        }
    }

    #[test]
    fn repetition_goes_on_in_phase() {
        let mut timeline = Timeline::new(segment(0, 1.0));
        timeline.append(Segment {
            phase: Phase::new(0, 50.0, 0.0),
            ..segment(30 * MILLISECOND, 0.0)
        });
        timeline.repeat_every(70 * MILLISECOND);
        let found = timeline.between(700 * MILLISECOND, 760 * MILLISECOND);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].0.start, found[0].1),
            (700 * MILLISECOND, 730 * MILLISECOND)
        );
        let at = 715 * MILLISECOND;
        assert!((found[0].0.phase.cycles(at) - Phase::new(0, 50.0, 0.0).cycles(at)).abs() < 1e-9);
    }

    #[test]
    fn temperature_runs_between_its_points() {
        let mut timeline = Timeline::new(segment(0, 1.0));
        assert_eq!(timeline.temperature_c(SECOND), REFERENCE_C);
        timeline.set_temperature(vec![(1.0, 20.0), (3.0, 40.0)]);
        assert_eq!(
            [0, 2, 9].map(|s| timeline.temperature_c(s * SECOND)),
            [20.0, 30.0, 40.0]
        );
    }
}
