//! Text that people and instruments give the reader: taken or refused with a sentence.

use super::input::Input;
use anyhow::Result;
use reader::calibrate::plan::{Plan, Setting};
use reader::calibrate::reference::{Bench, Instrument, Reference, Typed};
use reader::{clock, name, number, procedure};

/// Plays one input: the first byte says what the text is.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let what = input.byte().unwrap_or(0) % 5;
    let text = String::from_utf8_lossy(input.0);
    match what {
        0 => plan(&text),
        1 => names(&text),
        2 => times(&text),
        3 => bench(&text),
        _ => typed(input.0),
    }
}

/// A calibration plan.
fn plan(text: &str) {
    match Plan::parse(text) {
        Ok(plan) => {
            for setting in [plan.no_load(), plan.main(), plan.low()] {
                assert!(setting.voltage_v.is_finite() && setting.current_a.is_finite());
            }
            let _ = plan.curve_points();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Names of tables and procedures; a table's own name is one.
fn names(text: &str) {
    if let Ok(table) = name::parse(text) {
        assert_eq!(name::parse(&name::of(table)).ok(), Some(table));
    }
    let _ = procedure::parse(text);
    let _ = number::unhex(text);
}

/// A time on the command line, and one from a meter.
fn times(text: &str) {
    let _ = clock::Setting::parse(Some(text), true);
    let _ = number::seconds(text);
}

const LOAD: Setting = Setting {
    voltage_v: 220.0,
    current_a: 10.0,
    lag_deg: 60.0,
    frequency_hz: 60.0,
    average_s: 1,
};

/// An instrument that answers with one line after the other.
struct Lines<'t>(std::str::Lines<'t>);

impl Instrument for Lines<'_> {
    fn send(&mut self, _command: &str) -> Result<()> {
        Ok(())
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        match self.0.next() {
            Some(line) => Ok(line.trim().to_owned()),
            None => anyhow::bail!("no answer to {question}"),
        }
    }
}

/// An instrument's answers.
fn bench(text: &str) {
    let Ok(mut bench) = Bench::over(Lines(text.lines())) else {
        return;
    };
    while bench.apply(&LOAD).is_ok() {
        match bench.sample() {
            Ok(Some(truth)) => assert!(truth.voltage_v.is_finite() && truth.p_w.is_finite()),
            _ => return,
        }
    }
}

/// A person's answers.
fn typed(bytes: &[u8]) {
    let mut typed = Typed::new(bytes, std::io::sink());
    while typed.apply(&LOAD).is_ok() {
        match typed.finish(&LOAD) {
            Ok(Some(truth)) => assert!(truth.voltage_v.is_finite() && truth.p_w.is_finite()),
            _ => return,
        }
    }
}
