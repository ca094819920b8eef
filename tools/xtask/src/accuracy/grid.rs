//! The grid: what is set on the source, point by point, and which points share a meter.

use std::sync::Arc;

use virtual_meter::mains::phase::Phase;
use virtual_meter::mains::segment::{Segment, Signal};
use virtual_meter::mains::series::Series;
use virtual_meter::mains::shapes::Shape;
use virtual_meter::mains::timeline::Timeline;
use virtual_meter::time::{SECOND, Time};

/// Currents of the curves, amperes rms: from 1/20 000 to the whole of the meter's 100 A.
pub const CURRENTS_A: [f64; 16] = [
    0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0,
];
/// Power factors of the curves: what stands on the curve, and degrees by which the current lags.
pub const POWER_FACTORS: [(&str, f64); 4] = [
    ("1", 0.0),
    ("0.5L", 60.0),
    ("0.8C", -36.869_897_645_844_02),
    ("0.25L", 75.522_487_814_070_08),
];
/// Lowest current of the range in which noise hardly counts: 1000:1 below 100 A.
pub const MAIN_RANGE_FROM_A: f64 = 0.1;

/// Windows averaged over, and those at currents below the main range.
const WINDOWS: u32 = 10;
const WINDOWS_LOW: u32 = 30;

const FREQUENCIES_HZ: [f64; 10] = [45.0, 50.0, 55.0, 57.0, 59.5, 60.0, 60.02, 61.3, 63.0, 66.0];
/// Currents at which the quadrants are looked at, and degrees of lag: II and III at 0.5, pure export, IV at 0.5.
const QUADRANT_CURRENTS_A: [f64; 3] = [0.5, 10.0, 100.0];
const QUADRANTS_DEG: [f64; 4] = [120.0, 180.0, -120.0, -60.0];

/// 10 % of 120 V to 150 % of 220 V.
const VOLTAGES_V: [f64; 8] = [12.0, 60.0, 90.0, 120.0, 180.0, 220.0, 264.0, 330.0];

/// Which part of the report a point belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Error against current.
    Current,
    /// Error against frequency.
    Frequency,
    /// Error against voltage.
    Voltage,
    /// The standards' waveforms.
    Waveform,
    /// Export, and the other quadrants.
    Quadrant,
    /// Loads that change within a window: what the registers make of them.
    Dynamic,
}

/// Shape of voltage and current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wave {
    /// Sines.
    Sine,
    /// 10 % fifth harmonic in the voltage, 40 % in the current, in phase at the rising crossing.
    Fifth,
    /// OIML R46's quadriform waveform.
    Quadriform,
    /// OIML R46's peaked waveform.
    Peaked,
    /// Current from 90° to 180° of each half cycle only.
    Fired,
    /// Two cycles on, two off.
    Burst,
    /// One polarity only.
    Rectified,
    /// From current to current, nothing too, amid a cycle.
    Steps,
    /// Seven cycles on, twenty-three off.
    Pulses,
}

impl Wave {
    /// The seven, with the names of the report.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Sine, "sine, PF 0.5L"),
        (Self::Fifth, "fifth harmonic"),
        (Self::Quadriform, "quadriform"),
        (Self::Peaked, "peaked"),
        (Self::Fired, "90° phase fired"),
        (Self::Burst, "burst, 2 on 2 off"),
        (Self::Rectified, "half-wave rectified"),
    ];

    /// Those of changing loads.
    pub const CHANGING: [(Self, &'static str); 2] = [
        (Self::Steps, "steps of 0 to 80 A"),
        (Self::Pulses, "7 cycles on, 23 off"),
    ];

    /// Name in the report.
    pub fn name(self) -> &'static str {
        let names = [&Self::ALL[..], &Self::CHANGING].concat();
        let found = names.iter().find(|(wave, _)| *wave == self);
        found.map_or("sine", |(_, name)| *name)
    }

    /// Whether the current changes by itself: a timeline of its own, and so a meter.
    pub fn is_changing(self) -> bool {
        matches!(self, Self::Burst | Self::Steps | Self::Pulses)
    }
}

/// Of [`Wave::Steps`]: cycles from which on, and the current as a multiple of the point's. Ten periods are thirty windows.
///
/// The truth counts the mean power of each load and not how the power pulsates around it, of which an edge amid a cycle
/// cuts a part off. With all edges at the same place of a cycle these parts cancel over a period.
const STEPS: [(f64, f64); 5] = [
    (27.22, 0.0),
    (48.22, 8.0),
    (60.22, 0.1),
    (120.22, 3.0),
    (150.22, 1.0),
];
const STEPS_PERIOD_CYCLES: f64 = 180.0;

/// Orders 3, 5, 7, 11 and 13 of quadriform and peaked waveforms, of the fundamental: current, voltage.
const ORDERS: [(usize, f64, f64); 5] = [
    (3, 0.30, 0.038),
    (5, 0.18, 0.024),
    (7, 0.14, 0.017),
    (11, 0.09, 0.010),
    (13, 0.05, 0.008),
];
/// Signs of these orders: quadriform current and voltage, peaked current and voltage (180° is a minus).
const SIGNS: [[f64; 5]; 4] = [
    [1.0, 1.0, 1.0, 1.0, 1.0],
    [-1.0, -1.0, -1.0, -1.0, -1.0],
    [-1.0, 1.0, -1.0, -1.0, 1.0],
    [1.0, -1.0, 1.0, 1.0, -1.0],
];

/// What is set on the source.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Where it belongs.
    pub part: Part,
    /// Shape.
    pub wave: Wave,
    /// Volts rms (of the fundamental where there are harmonics).
    pub voltage_v: f64,
    /// Amperes rms (likewise).
    pub current_a: f64,
    /// Degrees by which the current's fundamental lags.
    pub lag_deg: f64,
    /// Hertz.
    pub f_hz: f64,
    /// Windows to average over.
    pub windows: u32,
}

impl Point {
    const BASE: Self = Self {
        part: Part::Current,
        wave: Wave::Sine,
        voltage_v: 220.0,
        current_a: 10.0,
        lag_deg: 0.0,
        f_hz: 60.0,
        windows: WINDOWS,
    };

    /// Length of the meter's windows: five pieces of whole cycles, each of about 0.2 s.
    pub fn window_s(&self) -> f64 {
        5.0 * (0.2 * self.f_hz).round() / self.f_hz
    }

    /// Voltage, line and neutral current; of a burst, while it is on, of steps, the first.
    pub fn lines(&self) -> [Series; 3] {
        let mut voltage = Series::sine(self.voltage_v, 0.0);
        let mut current = Series::sine(self.current_a, -self.lag_deg.to_radians());
        let angle = |factor: f64| {
            if factor < 0.0 {
                std::f64::consts::PI
            } else {
                0.0
            }
        };
        match self.wave {
            Wave::Sine | Wave::Burst | Wave::Steps | Wave::Pulses => {}
            Wave::Fifth => {
                voltage.add(5, 0.1 * self.voltage_v, 0.0);
                current.add(5, 0.4 * self.current_a, 0.0);
            }
            Wave::Quadriform | Wave::Peaked => {
                let signs = if self.wave == Wave::Quadriform { 0 } else { 2 };
                for (index, (order, in_current, in_voltage)) in ORDERS.into_iter().enumerate() {
                    let [i, v] = [signs, signs + 1].map(|row| angle(SIGNS[row][index]));
                    current.add(order, in_current * self.current_a, i);
                    voltage.add(order, in_voltage * self.voltage_v, v);
                }
            }
            Wave::Fired => current = self.shaped(Shape::PhaseFired { angle_deg: 90.0 }),
            Wave::Rectified => current = self.shaped(Shape::HalfWave),
        }
        [voltage, current.clone(), current]
    }

    fn shaped(&self, shape: Shape) -> Series {
        let series = shape.series();
        let rms = series.rms();
        series.scaled(self.current_a / rms)
    }

    /// The mains from power-up on.
    pub fn timeline(&self) -> Timeline {
        let segment = |start: Time, lines: [Series; 3]| Segment {
            start,
            begun: start,
            phase: Phase::new(0, self.f_hz, 0.0),
            signal: Signal::Periodic(Arc::new(lines)),
            growth_per_s: [0.0; 3],
        };
        let on = self.lines();
        let mut timeline = Timeline::new(segment(0, on.clone()));
        let cycles = |count: f64| count / self.f_hz;
        let (steps, period_s) = match self.wave {
            Wave::Burst => (vec![(cycles(2.0), 0.0)], cycles(4.0)),
            Wave::Pulses => (vec![(cycles(7.0), 0.0)], cycles(30.0)),
            Wave::Steps => {
                let steps = STEPS.map(|(after, part)| (cycles(after), part));
                (steps.to_vec(), cycles(STEPS_PERIOD_CYCLES))
            }
            _ => return timeline,
        };
        let time = |seconds: f64| (seconds * SECOND as f64).round() as Time;
        for (at_s, part) in steps {
            let [voltage, current, neutral] = on.clone();
            let lines = [voltage, current.scaled(part), neutral.scaled(part)];
            timeline.append(segment(time(at_s), lines));
        }
        timeline.repeat_every(time(period_s));
        timeline
    }
}

/// All points, in groups that one meter measures one after the other.
pub fn series() -> Vec<Vec<Point>> {
    let mut series = Vec::new();
    // The long ones first, so that no thread is left with one at the end.
    for (_, lag_deg) in POWER_FACTORS {
        let points = CURRENTS_A.map(|current_a| Point {
            current_a,
            lag_deg,
            windows: if current_a < MAIN_RANGE_FROM_A {
                WINDOWS_LOW
            } else {
                WINDOWS
            },
            ..Point::BASE
        });
        series.extend(points.chunks(8).map(<[Point]>::to_vec));
    }
    for lag_deg in [0.0, 60.0] {
        series.push(
            FREQUENCIES_HZ
                .map(|f_hz| Point {
                    part: Part::Frequency,
                    f_hz,
                    lag_deg,
                    ..Point::BASE
                })
                .to_vec(),
        );
    }
    series.push(
        VOLTAGES_V
            .map(|voltage_v| Point {
                part: Part::Voltage,
                voltage_v,
                ..Point::BASE
            })
            .to_vec(),
    );
    for current_a in QUADRANT_CURRENTS_A {
        series.push(
            QUADRANTS_DEG
                .map(|lag_deg| Point {
                    part: Part::Quadrant,
                    current_a,
                    lag_deg,
                    ..Point::BASE
                })
                .to_vec(),
        );
    }
    for (wave, _) in Wave::CHANGING {
        for lag_deg in [0.0, 60.0] {
            series.push(vec![Point {
                part: Part::Dynamic,
                wave,
                lag_deg,
                windows: WINDOWS_LOW,
                ..Point::BASE
            }]);
        }
    }
    let (bursts, others): (Vec<Point>, Vec<Point>) = Wave::ALL
        .map(|(wave, _)| Point {
            part: Part::Waveform,
            wave,
            lag_deg: if wave == Wave::Sine { 60.0 } else { 0.0 },
            ..Point::BASE
        })
        .into_iter()
        .partition(|point| point.wave == Wave::Burst);
    series.push(others);
    // A burst is a timeline of its own.
    series.push(bursts);
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_harmonic_test_has_its_power() {
        let point = Point {
            wave: Wave::Fifth,
            ..Point::BASE
        };
        let [voltage, current, _] = point.lines();
        assert!((voltage.product(&current).dc / 2200.0 - 1.04).abs() < 1e-12);
    }

    #[test]
    fn rectified_currents_have_the_rms_that_was_asked_for() {
        for wave in [Wave::Fired, Wave::Rectified] {
            let [_, current, _] = Point {
                wave,
                ..Point::BASE
            }
            .lines();
            assert!((current.rms() / 10.0 - 1.0).abs() < 1e-9, "{wave:?}");
        }
    }

    #[test]
    fn changing_loads_repeat_in_whole_windows() {
        for (wave, _) in Wave::CHANGING {
            let point = Point {
                wave,
                windows: WINDOWS_LOW,
                ..Point::BASE
            };
            assert!(wave.is_changing());
            let span_s = f64::from(point.windows) * point.window_s();
            let period_s = if wave == Wave::Steps { 3.0 } else { 0.5 };
            let periods = span_s / period_s;
            assert!((periods - periods.round()).abs() < 1e-9, "{wave:?}");
            let mut timeline = point.timeline();
            let mut current_a = |at_s: f64| {
                let at = (at_s * SECOND as f64) as Time;
                let found = timeline.between(at, at);
                let Signal::Periodic(lines) = &found[0].0.signal else {
                    panic!("a recording");
                };
                lines[1].rms()
            };
            for period in [0.0, period_s, 7.0 * period_s] {
                let [first, second] = [0.01, 0.46].map(|at_s| current_a(period + at_s));
                assert!((first - 10.0).abs() < 1e-9 && second < 1e-9, "{wave:?}");
            }
        }
    }

    #[test]
    fn windows_are_whole_cycles() {
        let at = |f_hz| {
            Point {
                f_hz,
                ..Point::BASE
            }
            .window_s()
        };
        assert_eq!(at(60.0), 1.0);
        assert!((at(66.0) - 65.0 / 66.0).abs() < 1e-12);
    }
}
