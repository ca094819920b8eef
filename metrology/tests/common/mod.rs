//! The tests' own source of samples: sines with harmonics, through an ideal sinc³ converter, in double precision.
//!
//! Nothing of the crate under test is used here but its input and output types.

#![allow(dead_code, reason = "every test file uses its own part of this module")]

use std::f64::consts::TAU;

use metrology::quantities::NoLoad;
use metrology::{Block, Calibration, Config, Meter, Portable, Quantities, Window};

/// Codes at full scale.
pub const FULL_SCALE: f64 = 8_388_608.0;
/// Volts at full scale.
pub const VOLTS: f64 = 600.0;
/// Amperes at full scale.
pub const AMPERES: f64 = 150.0;

/// One spectral line: order, rms amplitude in volts or amperes, phase in radians (sine convention).
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub order: f64,
    pub rms: f64,
    pub phase: f64,
}

/// Shorthand for a line.
pub fn line(order: f64, rms: f64, phase: f64) -> Line {
    Line { order, rms, phase }
}

/// A steady signal: lines at multiples of the mains frequency and a DC part.
#[derive(Clone, Debug, Default)]
pub struct Signal {
    pub lines: Vec<Line>,
    pub dc: f64,
}

impl Signal {
    pub fn sine(rms: f64, phase: f64) -> Self {
        Self {
            lines: vec![line(1.0, rms, phase)],
            dc: 0.0,
        }
    }

    pub fn of(lines: &[Line]) -> Self {
        Self {
            lines: lines.to_vec(),
            dc: 0.0,
        }
    }

    pub fn with_dc(mut self, dc: f64) -> Self {
        self.dc = dc;
        self
    }

    /// Value at `t` seconds for mains of `hertz`, every line weighed by `response(frequency)`.
    pub fn value(&self, hertz: f64, t: f64, response: impl Fn(f64) -> f64) -> f64 {
        self.lines.iter().fold(self.dc, |sum, l| {
            let f = l.order * hertz;
            sum + response(f) * l.rms * 2f64.sqrt() * (TAU * (f * t).fract() + l.phase).sin()
        })
    }

    /// True rms without the DC part.
    pub fn rms(&self) -> f64 {
        self.lines.iter().map(|l| l.rms * l.rms).sum::<f64>().sqrt()
    }

    pub fn fundamental(&self) -> Line {
        self.lines
            .iter()
            .copied()
            .find(|l| l.order == 1.0)
            .unwrap_or(line(1.0, 0.0, 0.0))
    }
}

/// True active power of two signals.
pub fn active(v: &Signal, i: &Signal) -> f64 {
    let mut sum = 0.0;
    for a in &v.lines {
        for b in i.lines.iter().filter(|b| b.order == a.order) {
            sum += a.rms * b.rms * (a.phase - b.phase).cos();
        }
    }
    sum
}

/// True reactive power of the fundamental, positive when the current lags.
pub fn reactive(v: &Signal, i: &Signal) -> f64 {
    let (v, i) = (v.fundamental(), i.fundamental());
    v.rms * i.rms * (v.phase - i.phase).sin()
}

/// Response of the converter's sinc³ filter.
pub fn sinc3(f: f64, rate: f64) -> f64 {
    let x = std::f64::consts::PI * f / rate;
    if x == 0.0 { 1.0 } else { (x.sin() / x).powi(3) }
}

/// A measured supply.
#[derive(Clone, Debug)]
pub struct Source {
    pub hertz: f64,
    pub rate: u16,
    pub voltage: Signal,
    pub line: Signal,
    pub neutral: Signal,
    /// Seconds by which sampling starts late.
    pub start: f64,
}

impl Source {
    pub fn new(hertz: f64, voltage: Signal, line: Signal) -> Self {
        Self {
            hertz,
            rate: 8000,
            voltage,
            neutral: line.clone(),
            line,
            start: 0.000_123_4,
        }
    }

    /// True values at the converter's rate, after the sinc³ filter, in codes before rounding.
    pub fn codes(&self, sample: u64) -> [f64; 3] {
        let rate = self.rate as f64;
        let t = self.start + sample as f64 / rate;
        let filter = |f: f64| sinc3(f, rate);
        [
            self.voltage.value(self.hertz, t, filter) * FULL_SCALE / VOLTS,
            self.line.value(self.hertz, t, filter) * FULL_SCALE / AMPERES,
            self.neutral.value(self.hertz, t, filter) * FULL_SCALE / AMPERES,
        ]
    }
}

/// Rounds to a 24-bit code, clipping at the ends.
pub fn quantise(code: f64) -> i32 {
    code.round().clamp(-FULL_SCALE, FULL_SCALE - 1.0) as i32
}

/// A meter fed sample by sample.
#[derive(Clone)]
pub struct Bench {
    pub meter: Meter,
    block: Block,
    filled: usize,
    /// The place for windows, which holds the last one.
    pub place: Window,
    pub samples: u64,
    pub rate: u16,
    /// For every window that `run` returned: mean of (rounded v·rounded i − v·i) over its samples, in watts. That much
    /// of the power error is the converter's rounding, not the arithmetic's.
    pub rounding: Vec<f64>,
}

impl Bench {
    pub fn new(rate: u16) -> Self {
        Self {
            meter: Meter::new(&Config { rate }),
            block: Block::EMPTY,
            filled: 0,
            place: Window::default(),
            samples: 0,
            rate,
            rounding: Vec::new(),
        }
    }

    /// Feeds one sample (`None`: frame lost).
    pub fn push(&mut self, codes: Option<[i32; 3]>) -> Option<Window> {
        match codes {
            Some(codes) => self.block.set(self.filled, codes),
            None => self.block.set_lost(self.filled),
        }
        self.filled += 1;
        self.samples += 1;
        if self.filled < 16 {
            return None;
        }
        self.filled = 0;
        let window = self
            .meter
            .push_block(&Portable, &mut self.block, Some(&mut self.place))
            .then_some(self.place);
        self.block.lost = 0;
        window
    }

    /// Feeds `seconds` of a source and returns the windows.
    pub fn run(&mut self, source: &Source, seconds: f64) -> Vec<Window> {
        let end = self.samples + (seconds * self.rate as f64) as u64;
        let mut windows = Vec::new();
        let (mut excess, mut count) = (0.0, 0.0);
        while self.samples < end {
            let exact = source.codes(self.samples);
            let codes = exact.map(quantise);
            excess += codes[0] as f64 * codes[1] as f64 - exact[0] * exact[1];
            count += 1.0;
            if let Some(window) = self.push(Some(codes)) {
                windows.push(window);
                self.rounding
                    .push(excess / count * (VOLTS * AMPERES / FULL_SCALE / FULL_SCALE));
                (excess, count) = (0.0, 0.0);
            }
        }
        windows
    }
}

/// Quantities of the full windows of `seconds` of a source, those of the first (settling) windows left out.
pub fn measure(source: &Source, calibration: &Calibration, seconds: f64) -> Vec<Quantities> {
    measure_and_rounding(source, calibration, seconds)
        .into_iter()
        .map(|(q, _)| q)
        .collect()
}

/// The same, each with the effect of the converter's rounding on its power in watts.
pub fn measure_and_rounding(
    source: &Source,
    calibration: &Calibration,
    seconds: f64,
) -> Vec<(Quantities, f64)> {
    let mut bench = Bench::new(source.rate);
    let windows = bench.run(source, seconds + 2.2);
    let quantities = windows.iter().map(|w| {
        Quantities::from_window(
            &Portable,
            w,
            calibration,
            &mut NoLoad::default(),
            source.rate,
        )
    });
    quantities.zip(bench.rounding).skip(2).collect()
}

/// Mean, rms about zero and peak of a set of errors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    pub mean: f64,
    pub rms: f64,
    pub peak: f64,
    count: f64,
}

impl Errors {
    pub fn add(&mut self, error: f64) {
        self.count += 1.0;
        self.mean += (error - self.mean) / self.count;
        self.rms = (self.rms.powi(2) + (error * error - self.rms.powi(2)) / self.count).sqrt();
        self.peak = self.peak.max(error.abs());
    }
}

/// Pseudo-random noise of a given rms, about normal.
pub fn noise(seed: &mut u64, rms: f64) -> f64 {
    let mut sum = 0.0;
    for _ in 0..12 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        sum += (*seed >> 40) as f64 / (1u64 << 24) as f64 - 0.5;
    }
    sum * rms
}

/// A number in Q30.
pub fn to_q30(x: f64) -> i32 {
    fixed::types::I2F30::from_num(x).to_bits()
}

/// What a number in Q30 stands for.
pub fn q30(bits: i32) -> f64 {
    fixed::types::I2F30::from_bits(bits).to_num()
}

/// Quantities of a window of a meter as designed.
pub fn quantities(window: &Window) -> Quantities {
    Quantities::from_window(
        &Portable,
        window,
        &Calibration::NOMINAL,
        &mut NoLoad::default(),
        8000,
    )
}

/// Feeds a function of the sample number for `seconds`, returns the windows.
pub fn feed(seconds: u64, signal: impl Fn(u64) -> [i32; 3]) -> Vec<Window> {
    let mut bench = Bench::new(8000);
    (0..seconds * 8000)
        .filter_map(|n| bench.push(Some(signal(n))))
        .collect()
}

/// A sine of so many volts at 60 Hz, exactly 8 000 samples a second.
pub fn sixty_hertz(n: u64, volts: f64) -> f64 {
    volts * 2f64.sqrt() * (std::f64::consts::TAU * 60.0 * n as f64 / 8000.0 + 0.5).sin()
}
