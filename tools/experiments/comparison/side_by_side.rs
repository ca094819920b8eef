//! The same samples through `metrology` and through the crate `metrology_insight`: errors of both, as JSON.
//!
//! `cargo xtask accuracy` runs this. Samples are those of the converter, 8000 a second behind its sinc³ filter, rounded to
//! 24 bits. Both are given what a calibration gives: ours the noise's mean square, the other one gains that take away
//! what the filter does at 60 Hz. The other one is handed a cycle at a time, as it wants it, cut at whole samples of the
//! nominal frequency; its readings are averaged over a second, which is what our window lasts.

use std::f64::consts::{PI, SQRT_2, TAU};

use metrology::block::{BLOCK, LINE};
use metrology::calibration::NOISE;
use metrology::quantities::NoLoad;
use metrology::{Block, Calibration, Config, Meter, Portable, Quantities, Window};
use metrology_insight::{MetrologyInsight, MetrologyInsightConfig};
use rand::SeedableRng;
use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::json;

const RATE: u16 = 8000;
const FULL_SCALE: f64 = 8_388_608.0;
const FULL_SCALE_V: f64 = 600.0;
const FULL_SCALE_A: f64 = 150.0;
/// Windows that are compared, after some in which both settle.
const WINDOWS: usize = 10;
const SETTLE_S: usize = 6;
/// The converter's noise at a gain of 1, 1.29 mA and 5.1 mV, codes rms.
const NOISE_CODES: f64 = 72.0;

/// One case: harmonics as order and size of the fundamental, in phase at the rising crossing.
struct Case {
    name: &'static str,
    f_hz: f64,
    voltage: &'static [(f64, f64)],
    current: &'static [(f64, f64)],
    current_a: f64,
    lag_deg: f64,
    noise: bool,
}

const SINE: &[(f64, f64)] = &[(1.0, 1.0)];
const BASE: Case = Case {
    name: "",
    f_hz: 60.0,
    voltage: SINE,
    current: SINE,
    current_a: 10.0,
    lag_deg: 0.0,
    noise: false,
};
const CASES: [Case; 6] = [
    Case {
        name: "60.00 Hz, 10 A, PF 1",
        ..BASE
    },
    Case {
        name: "60.00 Hz, 10 A, PF 0.5L",
        lag_deg: 60.0,
        ..BASE
    },
    Case {
        name: "59.50 Hz, 10 A, PF 1",
        f_hz: 59.5,
        ..BASE
    },
    Case {
        name: "59.50 Hz, 10 A, PF 0.5L",
        f_hz: 59.5,
        lag_deg: 60.0,
        ..BASE
    },
    Case {
        name: "fifth harmonic, 10 A",
        voltage: &[(1.0, 1.0), (5.0, 0.1)],
        current: &[(1.0, 1.0), (5.0, 0.4)],
        ..BASE
    },
    Case {
        name: "5 mA with noise, PF 1",
        current_a: 0.005,
        noise: true,
        ..BASE
    },
];
const VOLTAGE_V: f64 = 220.0;

/// Readings or true values of one second.
#[derive(Clone, Copy, Default)]
struct Values {
    vrms_v: f64,
    irms_a: f64,
    p_w: f64,
    q_var: f64,
    s_va: f64,
    f_hz: f64,
}

/// Response of the converter's filter.
fn sinc3(f_hz: f64) -> f64 {
    let x = PI * f_hz / f64::from(RATE);
    (x.sin() / x).powi(3)
}

impl Case {
    fn truth(&self) -> Values {
        let rms = |lines: &[(f64, f64)]| {
            lines
                .iter()
                .map(|(_, size)| size * size)
                .sum::<f64>()
                .sqrt()
        };
        let vrms_v = VOLTAGE_V * rms(self.voltage);
        let irms_a = self.current_a * rms(self.current);
        let lag = self.lag_deg.to_radians();
        let fundamental_va = VOLTAGE_V * self.current_a;
        let products = self.voltage.iter().flat_map(|(order, size)| {
            let same = self.current.iter().filter(move |(other, _)| other == order);
            same.map(move |(order, other)| size * other * (order * lag).cos())
        });
        Values {
            vrms_v,
            irms_a,
            p_w: fundamental_va * products.sum::<f64>(),
            q_var: fundamental_va * lag.sin(),
            s_va: vrms_v * irms_a,
            f_hz: self.f_hz,
        }
    }

    /// Codes of voltage and current, in the order of time.
    fn codes(&self) -> impl Iterator<Item = [i32; 2]> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(430);
        let deviation = if self.noise { NOISE_CODES } else { 0.0 };
        let noise = Normal::new(0.0, deviation).expect("a deviation that is a number");
        (0_u64..).map(move |sample| {
            // Not at a crossing, so that nothing coincides.
            let turns = self.f_hz * (sample as f64 / f64::from(RATE) + 0.000_123_4);
            let value = |lines: &[(f64, f64)], lag_deg: f64| {
                let line = |(order, size): &(f64, f64)| {
                    let angle = order * (TAU * turns.fract() - lag_deg.to_radians());
                    size * SQRT_2 * angle.sin() * sinc3(order * self.f_hz)
                };
                lines.iter().map(line).sum::<f64>()
            };
            let volts = VOLTAGE_V * value(self.voltage, 0.0) / FULL_SCALE_V;
            let amperes = self.current_a * value(self.current, self.lag_deg) / FULL_SCALE_A;
            [volts, amperes]
                .map(|part| (part * FULL_SCALE + noise.sample(&mut random)).round() as i32)
        })
    }
}

/// Nominal constants, but for the mean square of the line current's noise, code².
fn calibration(noise_square: f64) -> Calibration {
    let mut calibration = Calibration::default();
    *calibration.of(LINE, NOISE) = (noise_square * 256.0) as i32;
    calibration
}

/// Our first `count` windows of a case.
fn windows(case: &Case, calibration: &Calibration, count: usize) -> Vec<Quantities> {
    let mut meter = Meter::new(&Config { rate: RATE });
    let mut starting = NoLoad::default();
    let mut block = Block::EMPTY;
    let mut found = Vec::new();
    for (sample, [voltage, line]) in case.codes().enumerate() {
        let slot = sample % BLOCK;
        // The neutral carries the line's current.
        block.set(slot, [voltage, line, line]);
        if slot + 1 < BLOCK {
            continue;
        }
        let mut window = Window::default();
        if meter.push_block(&Portable, &mut block, Some(&mut window)) {
            let quantities =
                Quantities::from_window(&Portable, &window, calibration, &mut starting, RATE);
            found.push(quantities);
        }
        if found.len() == count {
            break;
        }
    }
    found
}

/// The readings of our windows.
fn ours(case: &Case) -> Vec<Values> {
    let noise_square = if case.noise { behind_the_filter() } else { 0.0 };
    let found = windows(case, &calibration(noise_square), SETTLE_S + WINDOWS);
    let values = |found: &Quantities| Values {
        vrms_v: f64::from(found.voltage_uv()) / 1e6,
        irms_a: f64::from(found.line_ua()) / 1e6,
        p_w: found.active_uw() as f64 / 1e6,
        q_var: found.reactive_uvar() as f64 / 1e6,
        s_va: found.apparent_uva() as f64 / 1e6,
        f_hz: f64::from(found.frequency_uhz()) / 1e6,
    };
    found.iter().skip(SETTLE_S).map(values).collect()
}

/// Mean square of the noise behind the meter's droop filter, code²: found as a calibration finds it, without load.
fn behind_the_filter() -> f64 {
    let nothing = Case {
        current_a: 0.0,
        noise: true,
        ..BASE
    };
    let found = windows(&nothing, &calibration(0.0), SETTLE_S + 3 * WINDOWS);
    let square =
        |found: &Quantities| (f64::from(found.line_ua()) / 1e6 / FULL_SCALE_A * FULL_SCALE).powi(2);
    let squares = found.iter().skip(SETTLE_S).map(square);
    squares.sum::<f64>() / (3 * WINDOWS) as f64
}

/// The other crate's readings, each the mean of a second.
fn theirs(case: &Case) -> Vec<Values> {
    // One cycle at a time, with its filters set to one cycle: as its own accuracy test does.
    let nominal_hz = 60.0;
    let mut config = MetrologyInsightConfig {
        avg_sec: nominal_hz / f32::from(RATE),
        adc_samples_seconds: f32::from(RATE),
        adc_samples_per_cycle: f64::from(RATE) / f64::from(nominal_hz),
        nominal_freq: nominal_hz,
        min_amplitude_voltage: 1.0,
        min_amplitude_current: 0.0001,
        ..MetrologyInsightConfig::default()
    };
    config.pll.freq_min = 0.95 * nominal_hz;
    config.pll.freq_max = 1.05 * nominal_hz;
    let mut insight = MetrologyInsight::new(config);
    insight.socket.phases[0].voltage.calc_freq = true;
    let gain = 1.0 / sinc3(f64::from(nominal_hz));
    let units = [FULL_SCALE_V, FULL_SCALE_A].map(|unit| unit * gain / FULL_SCALE);
    let mut codes = case.codes();
    let mut readings = Vec::new();
    let mut taken = 0;
    let mut sum = Values::default();
    for cycle in 1..=(SETTLE_S + WINDOWS) * 60 {
        let end = (cycle as f64 * f64::from(RATE) / f64::from(nominal_hz)).round() as usize;
        let phase = &mut insight.socket.phases[0];
        for [voltage, current] in codes.by_ref().take(end - taken) {
            phase
                .voltage
                .push_real_sample((f64::from(voltage) * units[0]) as f32);
            phase
                .current
                .push_real_sample((f64::from(current) * units[1]) as f32);
        }
        taken = end;
        insight.process_and_update_metrics(1);
        let phase = &mut insight.socket.phases[0];
        phase.voltage.clear_samples();
        phase.current.clear_samples();
        let part = |value: f32| f64::from(value) / 60.0;
        sum.vrms_v += part(phase.voltage.rms);
        sum.irms_a += part(phase.current.rms);
        sum.p_w += part(phase.power_metrics.real_power);
        sum.q_var += part(phase.power_metrics.reactive_power);
        sum.s_va += part(phase.power_metrics.apparent_power);
        sum.f_hz += part(phase.voltage.pll_state.freq_10s);
        if cycle % 60 == 0 {
            readings.push(std::mem::take(&mut sum));
        }
    }
    readings.split_off(SETTLE_S)
}

/// Mean errors over the windows, and how much the power of single ones scatters.
fn errors(readings: &[Values], truth: &Values) -> serde_json::Value {
    let count = readings.len() as f64;
    let mean = |of: fn(&Values) -> f64| readings.iter().map(of).sum::<f64>() / count;
    let ppm = |of: fn(&Values) -> f64| (mean(of) / of(truth) - 1.0) * 1e6;
    let middle = mean(|values| values.p_w);
    let square = |values: &Values| (values.p_w - middle).powi(2);
    let deviation_w = (readings.iter().map(square).sum::<f64>() / (count - 1.0)).sqrt();
    json!({
        "p_error_ppm": ppm(|values| values.p_w),
        "p_repeat_ppm": deviation_w / truth.p_w * 1e6,
        "q_error_ppm_of_s": (mean(|values| values.q_var) - truth.q_var) / truth.s_va * 1e6,
        "s_error_ppm": ppm(|values| values.s_va),
        "vrms_error_ppm": ppm(|values| values.vrms_v),
        "irms_error_ppm": ppm(|values| values.irms_a),
        "f_error_mhz": (mean(|values| values.f_hz) - truth.f_hz) * 1e3,
    })
}

fn main() {
    let cases: Vec<_> = CASES
        .iter()
        .map(|case| {
            let truth = case.truth();
            json!({
                "case": case.name,
                "meter430": errors(&ours(case), &truth),
                "metrology_insight": errors(&theirs(case), &truth),
            })
        })
        .collect();
    println!("{:#}", serde_json::Value::Array(cases));
}
