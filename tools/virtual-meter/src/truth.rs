//! What the mains really did, in double precision, at the meter's terminals: the figures readings are held against.
//!
//! Nothing here passes through sensors, filters or samples. Definitions follow IEEE 1459: rms and active power include
//! harmonics and any DC, reactive power is that of the fundamental, positive when the current lags, apparent power is
//! V · I. A meter whose current transformer or arithmetic does not pass DC measures [`Coupling::Ac`] instead.

use std::f64::consts::TAU;

use serde::Serialize;

use crate::mains::segment::{Segment, Signal};
use crate::mains::series::Series;
use crate::mains::tally::Tally;
use crate::mains::timeline::Source;
use crate::time::{MILLISECOND, Time, to_seconds};

/// Longest stretch of a ramp that counts as constant; its middle stands for it, so the error is of second order.
const RAMP_STRIDE: Time = 5 * MILLISECOND;
const SECONDS_PER_HOUR: f64 = 3600.0;

/// Whether mean values count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coupling {
    /// Everything counts.
    Dc,
    /// Mean values of voltage and current are left out of rms, powers and energies.
    Ac,
}

/// True values over a stretch of time, named as the meter's snapshot names them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantities {
    /// Volts rms.
    pub vrms_v: f64,
    /// Line amperes rms.
    pub irms_a: f64,
    /// Neutral amperes rms.
    pub neutral_a: f64,
    /// Watts, positive is import.
    pub p_w: f64,
    /// Reactive volt-amperes of the fundamental, positive when the current lags.
    pub q_var: f64,
    /// V · I.
    pub s_va: f64,
    /// P / S with the sign of P; 1 without load.
    pub pf: f64,
    /// Mean frequency.
    pub f_hz: f64,
    /// Orders 2 to 50 of the voltage over its fundamental, percent.
    pub thd_v_pct: f64,
    /// Orders 2 to 50 of the current over its fundamental, percent.
    pub thd_i_pct: f64,
    /// Temperature around the meter at the end.
    pub temperature_c: f64,
    /// Active power of the fundamental.
    pub p1_w: f64,
    /// Rms of the voltage's fundamental.
    pub v1_v: f64,
    /// Rms of the current's fundamental.
    pub i1_a: f64,
    /// Mean of the voltage.
    pub dc_v: f64,
    /// Mean of the line current.
    pub dc_a: f64,
    /// Energies.
    pub energy: Energy,
    /// The same as an instrument sees it that does not pass DC.
    pub without_dc: WithoutDc,
}

/// What remains when the mean values of voltage and current are left out; frequency, reactive power and distortion are the
/// same either way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WithoutDc {
    /// Volts rms.
    pub vrms_v: f64,
    /// Line amperes rms.
    pub irms_a: f64,
    /// Neutral amperes rms.
    pub neutral_a: f64,
    /// Watts.
    pub p_w: f64,
    /// V · I.
    pub s_va: f64,
    /// P / S.
    pub pf: f64,
    /// Active energy towards the load.
    pub import_wh: f64,
    /// Active energy back into the mains.
    pub export_wh: f64,
    /// Apparent energy.
    pub apparent_vah: f64,
}

/// Energies over the same stretch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Energy {
    /// Active, towards the load.
    pub import_wh: f64,
    /// Active, back into the mains.
    pub export_wh: f64,
    /// Reactive while importing, lagging.
    pub q1_varh: f64,
    /// Reactive while exporting, lagging.
    pub q2_varh: f64,
    /// Reactive while exporting, leading.
    pub q3_varh: f64,
    /// Reactive while importing, leading.
    pub q4_varh: f64,
    /// Apparent.
    pub apparent_vah: f64,
}

/// Looks back at a source.
#[derive(Clone, Debug)]
pub struct Truth {
    source: Source,
    coupling: Coupling,
}

impl Truth {
    /// The truth about a source, DC included.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            coupling: Coupling::Dc,
        }
    }

    /// The same source as an instrument with another coupling sees it.
    pub fn coupled(&self, coupling: Coupling) -> Self {
        Self {
            source: self.source.clone(),
            coupling,
        }
    }

    /// True values between two instants, of any length: rms, powers and the like are means over whole cycles weighted with
    /// the time each segment lasts, so that a cut inside a cycle does not show; active energy is exact to the instant. An
    /// empty stretch gives zeros.
    pub fn over(&self, from: Time, to: Time) -> Quantities {
        let temperature_c = self.source.look().temperature_c(to);
        Quantities::from_tally(&self.tally(from, to), temperature_c)
    }

    /// Sums between two instants.
    pub fn tally(&self, from: Time, to: Time) -> Tally {
        if to <= from {
            return Tally::default();
        }
        let segments = self.source.look().between(from, to);
        let pieces = segments.iter().map(|(segment, end)| {
            let begin = if segment.start == 0 {
                from
            } else {
                from.max(segment.start)
            };
            let end = to.min(*end);
            if end > begin {
                self.piece(segment, begin, end)
            } else {
                Tally::default()
            }
        });
        pieces.fold(Tally::default(), |sum, piece| sum + piece)
    }

    fn piece(&self, segment: &Segment, from: Time, to: Time) -> Tally {
        match &segment.signal {
            Signal::Recorded(recorded) => {
                let tally = recorded.tally(segment.elapsed_s(from), segment.elapsed_s(to));
                if self.coupling == Coupling::Ac {
                    tally.without_dc()
                } else {
                    tally
                }
            }
            Signal::Periodic(series) if segment.is_steady() => {
                self.steady(series, segment, from, to)
            }
            Signal::Periodic(series) => {
                let mut sum = Tally::default();
                let mut begin = from;
                while begin < to {
                    let end = to.min(begin + RAMP_STRIDE);
                    let middle = begin + (end - begin) / 2;
                    let scaled = std::array::from_fn(|line| {
                        let series = if self.coupling == Coupling::Ac {
                            series[line].without_dc()
                        } else {
                            series[line].clone()
                        };
                        series.scaled(segment.factor(line, middle))
                    });
                    sum = sum
                        + Tally::of_series(&scaled, segment.f_hz(middle))
                            .scaled(to_seconds(end - begin));
                    begin = end;
                }
                sum
            }
        }
    }

    /// Mean values are those of the whole cycle, wherever the stretch is cut; active energy is exact to the instant, with
    /// what the part cycles at both ends add.
    fn steady(&self, series: &[Series; 3], segment: &Segment, from: Time, to: Time) -> Tally {
        let series = if self.coupling == Coupling::Ac {
            series.each_ref().map(Series::without_dc)
        } else {
            series.clone()
        };
        let f_hz = segment.f_hz(from);
        let means = Tally::of_series(&series, f_hz);
        let mut sum = means.scaled(to_seconds(to - from));
        let (begin, end) = (segment.phase.turn(from), segment.phase.turn(to));
        let swing = series[0].product(&series[1]).swing(begin, end) / (TAU * f_hz);
        if means.import > 0.0 {
            sum.import += swing;
        } else if means.export > 0.0 {
            sum.export -= swing;
        }
        sum
    }
}

impl Quantities {
    /// From sums over time.
    pub fn from_tally(tally: &Tally, temperature_c: f64) -> Self {
        let seconds = tally.seconds;
        let mean = |sum: f64| if seconds > 0.0 { sum / seconds } else { 0.0 };
        let root = |sum: f64| mean(sum).max(0.0).sqrt();
        let ratio_pct = |part: f64, whole: f64| {
            if whole > 0.0 {
                100.0 * (part / whole).max(0.0).sqrt()
            } else {
                0.0
            }
        };
        let (vrms_v, irms_a, p_w) = (root(tally.vv), root(tally.ii), mean(tally.vi));
        let s_va = vrms_v * irms_a;
        Self {
            vrms_v,
            irms_a,
            neutral_a: root(tally.nn),
            p_w,
            q_var: mean(tally.q1),
            s_va,
            pf: if s_va > 0.0 { p_w / s_va } else { 1.0 },
            f_hz: mean(tally.cycles),
            thd_v_pct: ratio_pct(tally.vvh, tally.vv1),
            thd_i_pct: ratio_pct(tally.iih, tally.ii1),
            temperature_c,
            p1_w: mean(tally.p1),
            v1_v: root(tally.vv1),
            i1_a: root(tally.ii1),
            dc_v: mean(tally.v),
            dc_a: mean(tally.i),
            energy: Energy {
                import_wh: tally.import / SECONDS_PER_HOUR,
                export_wh: tally.export / SECONDS_PER_HOUR,
                q1_varh: tally.quadrant_1 / SECONDS_PER_HOUR,
                q2_varh: tally.quadrant_2 / SECONDS_PER_HOUR,
                q3_varh: tally.quadrant_3 / SECONDS_PER_HOUR,
                q4_varh: tally.quadrant_4 / SECONDS_PER_HOUR,
                apparent_vah: tally.s / SECONDS_PER_HOUR,
            },
            without_dc: WithoutDc::from_tally(&tally.without_dc()),
        }
    }
}

impl WithoutDc {
    fn from_tally(tally: &Tally) -> Self {
        let mean = |sum: f64| {
            if tally.seconds > 0.0 {
                (sum / tally.seconds).max(0.0)
            } else {
                0.0
            }
        };
        let (vrms_v, irms_a) = (mean(tally.vv).sqrt(), mean(tally.ii).sqrt());
        let (p_w, s_va) = (mean(tally.vi) - mean(-tally.vi), vrms_v * irms_a);
        Self {
            vrms_v,
            irms_a,
            neutral_a: mean(tally.nn).sqrt(),
            p_w,
            s_va,
            pf: if s_va > 0.0 { p_w / s_va } else { 1.0 },
            import_wh: tally.import / SECONDS_PER_HOUR,
            export_wh: tally.export / SECONDS_PER_HOUR,
            apparent_vah: tally.s / SECONDS_PER_HOUR,
        }
    }
}
