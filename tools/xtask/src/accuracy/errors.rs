//! Readings of a point against the truth, and errors of many points as mean, rms and peak.

use serde::Serialize;
use virtual_meter::truth::Quantities;

use super::grid::{Part, Point};
use super::stand::Window;

/// What one point came to; names end in units.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Where it belongs.
    pub part: Part,
    /// The waveform's name.
    pub wave: &'static str,
    /// Fundamental volts that were set.
    pub voltage_v: f64,
    /// Fundamental amperes that were set.
    pub current_a: f64,
    /// Degrees by which the current lags.
    pub lag_deg: f64,
    /// Hertz that were set.
    pub f_hz: f64,
    /// Windows averaged over.
    pub windows: u32,
    /// True active power.
    pub true_p_w: f64,
    /// Mean of the windows' powers, error of the true power.
    pub p_error_pct: f64,
    /// The registers over the same windows, error of the true energy; nothing below the starting current.
    pub energy_error_pct: Option<f64>,
    /// Twice the standard deviation of a mean over 10 s, of the true power.
    pub p_scatter_10s_pct: f64,
    /// Standard deviation of the power of single windows, of the true power.
    pub p_repeat_ppm: f64,
    /// Fundamental active power, error of the fundamental's apparent power.
    pub p1_error_ppm_of_s: f64,
    /// Reactive power of the fundamental, likewise.
    pub q1_error_ppm_of_s: f64,
    /// Apparent power, of the reading.
    pub s_error_ppm: f64,
    /// Volts rms, of the reading.
    pub vrms_error_ppm: f64,
    /// Amperes rms, of the reading.
    pub irms_error_ppm: f64,
    /// Mean frequency, millihertz.
    pub f_error_mhz: f64,
    /// Standard deviation of the frequency of single windows, millihertz.
    pub f_scatter_mhz: f64,
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count();
    values.sum::<f64>() / count.max(1) as f64
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let middle = mean(values.clone());
    let count = values.clone().count();
    let squares = values.map(|value| (value - middle).powi(2)).sum::<f64>();
    (squares / count.saturating_sub(1).max(1) as f64).sqrt()
}

impl Found {
    /// From the window before the first and the windows themselves.
    pub fn new(point: &Point, before: &Window, windows: &[Window], truth: &Quantities) -> Self {
        let of = |pick: fn(&Window) -> f64| mean(windows.iter().map(pick));
        let ppm = |shown: f64, truth: f64| (shown / truth - 1.0) * 1e6;
        let p_w = windows.iter().map(|window| window.p_w);
        let s1_va = truth.v1_v * truth.i1_a;
        let deviation_w = deviation(p_w.clone());
        let counted = windows.iter().all(|window| !window.is_below_start());
        let last = windows.last().unwrap_or(before);
        let span_h =
            f64::from(last.sequence.wrapping_sub(before.sequence)) * point.window_s() / 3600.0;
        Self {
            part: point.part,
            wave: match point.part {
                Part::Waveform | Part::Dynamic => point.wave.name(),
                _ => "sine",
            },
            voltage_v: point.voltage_v,
            current_a: point.current_a,
            lag_deg: point.lag_deg,
            f_hz: point.f_hz,
            windows: windows.len() as u32,
            true_p_w: truth.p_w,
            p_error_pct: ppm(mean(p_w), truth.p_w) / 1e4,
            energy_error_pct: counted
                .then(|| ppm(last.energy_wh - before.energy_wh, truth.p_w * span_h) / 1e4),
            p_scatter_10s_pct: 200.0 * deviation_w / 10f64.sqrt() / truth.p_w.abs(),
            p_repeat_ppm: 1e6 * deviation_w / truth.p_w.abs(),
            p1_error_ppm_of_s: (of(|window| window.p1_w) - truth.p1_w) / s1_va * 1e6,
            q1_error_ppm_of_s: (of(|window| window.q_var) - truth.q_var) / s1_va * 1e6,
            s_error_ppm: ppm(of(|window| window.s_va), truth.s_va),
            vrms_error_ppm: ppm(of(|window| window.vrms_v), truth.vrms_v),
            irms_error_ppm: ppm(of(|window| window.irms_a), truth.irms_a),
            f_error_mhz: (of(|window| window.f_hz) - truth.f_hz) * 1e3,
            f_scatter_mhz: deviation(windows.iter().map(|window| window.f_hz)) * 1e3,
        }
    }
}

/// Mean, rms and peak of errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Root of the mean square.
    pub rms: f64,
    /// The one of largest magnitude, with its sign.
    pub peak: f64,
    /// How many.
    pub points: usize,
}

impl Spread {
    /// Of these errors; zeros when there are none.
    pub fn of(errors: impl Iterator<Item = f64> + Clone) -> Self {
        let points = errors.clone().count();
        let larger = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
        Self {
            mean: mean(errors.clone()),
            rms: mean(errors.clone().map(|error| error * error)).sqrt(),
            peak: errors.fold(0.0, larger),
            points,
        }
    }
}

/// One quantity over one range of the grid.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Which points.
    pub range: &'static str,
    /// Which field of the points; its unit is that of the errors.
    pub field: &'static str,
    /// The same for a person.
    #[serde(skip)]
    pub quantity: &'static str,
    /// The errors.
    #[serde(flatten)]
    pub spread: Spread,
}

/// A quantity's field, its name with the unit, and how a point says it.
type Quantity = (&'static str, &'static str, fn(&Found) -> Option<f64>);

const QUANTITIES: [Quantity; 8] = [
    ("p_error_pct", "active power, %", |found| {
        Some(found.p_error_pct)
    }),
    ("energy_error_pct", "active energy, %", |found| {
        found.energy_error_pct
    }),
    ("p1_error_ppm_of_s", "P1, ppm of S1", |found| {
        Some(found.p1_error_ppm_of_s)
    }),
    ("q1_error_ppm_of_s", "Q1, ppm of S1", |found| {
        Some(found.q1_error_ppm_of_s)
    }),
    ("s_error_ppm", "S, ppm", |found| Some(found.s_error_ppm)),
    ("vrms_error_ppm", "Vrms, ppm", |found| {
        Some(found.vrms_error_ppm)
    }),
    ("irms_error_ppm", "Irms, ppm", |found| {
        Some(found.irms_error_ppm)
    }),
    ("f_error_mhz", "f, mHz", |found| Some(found.f_error_mhz)),
];

/// Ranges of the statistics, and which points they take.
type Range = (&'static str, fn(&Found) -> bool);

const RANGES: [Range; 7] = [
    ("0.1 to 100 A, PF 1, 0.5L, 0.8C, 0.25L", |found| {
        found.part == Part::Current && found.current_a >= super::grid::MAIN_RANGE_FROM_A
    }),
    ("5 to 50 mA, the same", |found| {
        found.part == Part::Current && found.current_a < super::grid::MAIN_RANGE_FROM_A
    }),
    ("45 to 66 Hz, 10 A, PF 1 and 0.5L", |found| {
        found.part == Part::Frequency
    }),
    ("12 to 330 V, 10 A", |found| found.part == Part::Voltage),
    ("seven waveforms, 10 A", |found| {
        found.part == Part::Waveform
    }),
    ("export and quadrants, 0.5 to 100 A", |found| {
        found.part == Part::Quadrant
    }),
    ("steps and bursts, PF 1 and 0.5L", |found| {
        found.part == Part::Dynamic
    }),
];

/// Mean, rms and peak of every quantity over every range.
pub fn statistics(found: &[Found]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (range, takes) in RANGES {
        for (field, quantity, of) in QUANTITIES {
            // Of a load that changes within a window only what flowed is the same, however it is cut.
            let flows = matches!(field, "p_error_pct" | "energy_error_pct");
            let takes = |one: &&Found| takes(one) && (flows || one.part != Part::Dynamic);
            let errors = found.iter().filter(takes).filter_map(of);
            if errors.clone().next().is_none() {
                continue;
            }
            rows.push(Row {
                range,
                field,
                quantity,
                spread: Spread::of(errors),
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtual_meter::board::Board;
    use virtual_meter::scene::Scene;
    use virtual_meter::time::SECOND;

    #[test]
    fn a_spread_has_mean_rms_and_the_peak_with_its_sign() {
        let spread = Spread::of([1.0, -3.0, 2.0].into_iter());
        assert_eq!((spread.mean, spread.peak, spread.points), (0.0, -3.0, 3));
        assert!((spread.rms - (14f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Spread::of(std::iter::empty()).points, 0);
    }

    #[test]
    fn of_a_changing_load_only_what_flowed_counts() {
        let window = Window::default();
        let point = super::super::grid::series().concat();
        let point = point.iter().find(|point| point.part == Part::Dynamic);
        let point = point.expect("a changing load");
        let scene = Scene::new(point.timeline(), Board::ideal(), Vec::new());
        let truth = scene.truth().over(0, SECOND);
        let found = Found::new(point, &window, &[window], &truth);
        assert_eq!(found.wave, "steps of 0 to 80 A");
        let rows = statistics(&[found]);
        let fields: Vec<_> = rows.iter().map(|row| row.field).collect();
        assert_eq!(fields, ["p_error_pct", "energy_error_pct"]);
    }

    #[test]
    fn a_deviation_is_that_of_a_sample() {
        assert_eq!(deviation([1.0, 3.0].into_iter()), 2f64.sqrt());
        assert_eq!(deviation([1.0].into_iter()), 0.0);
    }
}
