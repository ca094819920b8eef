//! Sums over time from which every true value follows; they add up over stretches of any kind.

use std::f64::consts::{SQRT_2, TAU};
use std::ops::{Add, Sub};

use num_complex::Complex64;

use super::segment::LINES;
use super::series::Series;

/// Highest order counted as harmonic distortion, as in the recordings' index.
pub const LAST_HARMONIC: usize = 50;

macro_rules! tally {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {
        /// Time integrals, in the unit named times seconds.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct Tally {
            $($(#[$doc])* pub $field: f64,)*
        }

        impl Add for Tally {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self { $($field: self.$field + other.$field,)* }
            }
        }

        impl Sub for Tally {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self { $($field: self.$field - other.$field,)* }
            }
        }

        impl Tally {
            /// All sums times a factor: the same stretch, shorter or longer.
            pub fn scaled(&self, factor: f64) -> Self {
                Self { $($field: self.$field * factor,)* }
            }
        }
    };
}

tally! {
    /// Time itself.
    seconds,
    /// Cycles of the mains.
    cycles,
    /// Volts.
    v,
    /// Amperes.
    i,
    /// Neutral amperes.
    n,
    /// Volts squared.
    vv,
    /// Amperes squared.
    ii,
    /// Neutral amperes squared.
    nn,
    /// Watts.
    vi,
    /// Volts squared of the fundamental.
    vv1,
    /// Amperes squared of the fundamental.
    ii1,
    /// Volts squared of orders 2 to 50.
    vvh,
    /// Amperes squared of orders 2 to 50.
    iih,
    /// Watts of the fundamental.
    p1,
    /// Reactive volt-amperes of the fundamental, positive when current lags.
    q1,
    /// Volt-amperes, cycle by cycle.
    s,
    /// Watts while their mean over the cycle is positive.
    import,
    /// Watts while it is negative, counted positive.
    export,
    /// Vars by quadrant, counted positive: import and lagging.
    quadrant_1,
    /// Export and lagging.
    quadrant_2,
    /// Export and leading.
    quadrant_3,
    /// Import and leading.
    quadrant_4,
}

impl Tally {
    /// Fills in everything that follows from the cycle's mean values: apparent power, directions, quadrants.
    fn with_directions(mut self) -> Self {
        self.s = (self.vv * self.ii).sqrt();
        (self.import, self.export) = (self.vi.max(0.0), (-self.vi).max(0.0));
        let slot = match (self.vi >= 0.0, self.q1 >= 0.0) {
            (true, true) => &mut self.quadrant_1,
            (false, true) => &mut self.quadrant_2,
            (false, false) => &mut self.quadrant_3,
            (true, false) => &mut self.quadrant_4,
        };
        *slot = self.q1.abs();
        self
    }

    /// The same stretch with no current at all.
    pub fn without_load(&self) -> Self {
        Self {
            seconds: self.seconds,
            cycles: self.cycles,
            v: self.v,
            vv: self.vv,
            vv1: self.vv1,
            vvh: self.vvh,
            ..Self::default()
        }
    }

    /// The same stretch without the mean values of voltage and currents.
    pub fn without_dc(&self) -> Self {
        if self.seconds <= 0.0 {
            return *self;
        }
        let Self {
            seconds, v, i, n, ..
        } = *self;
        let vi = self.vi - v * i / seconds;
        let ratio = if self.vi == 0.0 { 1.0 } else { vi / self.vi };
        Self {
            v: 0.0,
            i: 0.0,
            n: 0.0,
            vv: self.vv - v * v / seconds,
            ii: self.ii - i * i / seconds,
            nn: self.nn - n * n / seconds,
            vi,
            s: ((self.vv - v * v / seconds) * (self.ii - i * i / seconds))
                .max(0.0)
                .sqrt(),
            import: self.import * ratio,
            export: self.export * ratio,
            ..*self
        }
    }

    /// Mean values of a periodic signal, as sums over one second.
    pub fn of_series([v, i, n]: &[Series; LINES], f_hz: f64) -> Self {
        let squares = |series: &Series| series.rms().powi(2);
        let power = v.phasor(1) * i.phasor(1).conj();
        let vi = v.dc * i.dc
            + v.harmonics
                .iter()
                .zip(&i.harmonics)
                .map(|(v, i)| (v * i.conj()).re / 2.0)
                .sum::<f64>();
        Self {
            seconds: 1.0,
            cycles: f_hz,
            v: v.dc,
            i: i.dc,
            n: n.dc,
            vv: squares(v),
            ii: squares(i),
            nn: squares(n),
            vi,
            vv1: v.mean_square(1, 1),
            ii1: i.mean_square(1, 1),
            vvh: v.mean_square(2, LAST_HARMONIC),
            iih: i.mean_square(2, LAST_HARMONIC),
            p1: power.re,
            q1: power.im,
            ..Self::default()
        }
        .with_directions()
    }

    /// One of `cycles` equal parts of a recording.
    pub fn of_cycle(lines: [&[f64]; LINES], rate_hz: f64, cycle: usize, cycles: usize) -> Self {
        let count = lines[0].len();
        let width = count as f64 / cycles as f64;
        let (from, to) = (cycle as f64 * width, (cycle + 1) as f64 * width);
        let mut sum = Self {
            cycles: 1.0,
            ..Self::default()
        };
        let mut phasors = [Complex64::ZERO; 2];
        // A sample stands for the time from half a period before it to half a period after it.
        for index in (from - 0.5).floor() as i64..=(to + 0.5).ceil() as i64 {
            let overlap = (index as f64 + 0.5).min(to) - (index as f64 - 0.5).max(from);
            if overlap <= 0.0 {
                continue;
            }
            let weight = overlap / rate_hz;
            let [v, i, n] = lines.map(|line| line[index.rem_euclid(count as i64) as usize]);
            sum.seconds += weight;
            sum.v += v * weight;
            sum.i += i * weight;
            sum.n += n * weight;
            sum.vv += v * v * weight;
            sum.ii += i * i * weight;
            sum.nn += n * n * weight;
            sum.vi += v * i * weight;
            let turn = Complex64::cis(-TAU * (index as f64 - from) / width) * weight * SQRT_2;
            phasors[0] += v * turn;
            phasors[1] += i * turn;
        }
        let [v1, i1] = phasors.map(|phasor| phasor / sum.seconds);
        let power = v1 * i1.conj();
        let (vv1, ii1) = (v1.norm_sqr() * sum.seconds, i1.norm_sqr() * sum.seconds);
        Self {
            vv1,
            ii1,
            vvh: (sum.vv - vv1 - sum.v * sum.v / sum.seconds).max(0.0),
            iih: (sum.ii - ii1 - sum.i * sum.i / sum.seconds).max(0.0),
            p1: power.re * sum.seconds,
            q1: power.im * sum.seconds,
            ..sum
        }
        .with_directions()
    }
}
