//! The calibration bench: an SCPI instrument over TCP that sets the source and measures the true values.
//!
//! One client at a time, one command a line, several with `;` between. What it sets takes effect at once, the phase of
//! the voltage running through; what it measures is exact and covers the simulated time since the source last changed,
//! at most the last second, or since `INITiate` for energies.
//!
//! | command | meaning |
//! |---|---|
//! | `*IDN?` `*RST` `*OPC?` `*CLS` `SYSTem:ERRor?` | as IEEE 488.2 and SCPI say; `*RST` is 220 V, 60 Hz, no current |
//! | `SYSTem:TIME?` | simulated seconds since power-up |
//! | `SOURce:VOLTage 220` `SOURce:CURRent 10` | rms of the sine |
//! | `SOURce:PHASe 60` | degrees by which the current lags |
//! | `SOURce:FREQuency 60` | hertz |
//! | `OUTPut ON` `OUTPut OFF` | the current; the voltage stays, the meter lives on it |
//! | `MEASure:VOLTage?` `:CURRent?` `:POWer?` `:REACtive?` `:APParent?` `:PFACtor?` `:FREQuency?` | true values |
//! | `INITiate` … `FETCh:ENERgy?` `FETCh:REACtive?` | Wh, varh since `INITiate` |
//!
//! Every `SOURce` setting is read back with `?`. Keywords may be written short (capitals) or long.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::mains::numbers::{self, Load, Mains};
use crate::scene::Scene;
use crate::time::{SECOND, Time, to_seconds};

/// Longest command line.
const LINE_LIMIT: usize = 1_000;
/// SCPI's answer when nothing is wrong.
const NO_ERROR: &str = "0,\"No error\"";

/// The knobs of the source.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Knobs {
    voltage_v: f64,
    current_a: f64,
    lag_deg: f64,
    frequency_hz: f64,
    output: bool,
}

const RESET: Knobs = Knobs {
    voltage_v: 220.0,
    current_a: 0.0,
    lag_deg: 0.0,
    frequency_hz: 60.0,
    output: true,
};

/// The instrument.
#[derive(Debug)]
pub struct Bench {
    knobs: Knobs,
    /// When the source last changed and when energies were last started.
    changed: Time,
    initiated: Time,
    error: String,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            knobs: RESET,
            changed: 0,
            initiated: 0,
            error: NO_ERROR.to_owned(),
        }
    }
}

/// Does `word` stand for the keyword, short or long, in any case?
fn is(word: &str, keyword: &str) -> bool {
    let short: String = keyword.chars().filter(char::is_ascii_uppercase).collect();
    word.eq_ignore_ascii_case(keyword) || word.eq_ignore_ascii_case(&short)
}

impl Bench {
    /// Executes one line at simulated time `now`; the answers to its questions, `;` between, or nothing.
    pub fn execute(&mut self, line: &str, scene: &Scene, now: Time) -> Option<String> {
        let commands = line
            .split(';')
            .map(str::trim)
            .filter(|command| !command.is_empty());
        let answers: Vec<String> = commands
            .filter_map(|command| self.command(command, scene, now))
            .collect();
        (!answers.is_empty()).then(|| answers.join(";"))
    }

    fn command(&mut self, command: &str, scene: &Scene, now: Time) -> Option<String> {
        let (header, argument) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        let (header, asks) = header
            .strip_suffix('?')
            .map_or((header, false), |header| (header, true));
        let words: Vec<&str> = header.trim_start_matches(':').split(':').collect();
        let argument = argument.trim();
        let result = match words[..] {
            ["*IDN"] if asks => Ok(Some(
                "meter430,virtual bench,0,".to_owned() + env!("CARGO_PKG_VERSION"),
            )),
            ["*OPC"] if asks => Ok(Some("1".to_owned())),
            ["*RST"] => self.set(RESET, scene, now),
            ["*CLS"] => {
                NO_ERROR.clone_into(&mut self.error);
                Ok(None)
            }
            [system, error] if asks && is(system, "SYSTem") && is(error, "ERRor") => Ok(Some(
                core::mem::replace(&mut self.error, NO_ERROR.to_owned()),
            )),
            [system, time] if asks && is(system, "SYSTem") && is(time, "TIME") => {
                Ok(Some(format!("{:.9}", to_seconds(now))))
            }
            [output] if is(output, "OUTPut") => self.output(asks, argument, scene, now),
            [source, knob] if is(source, "SOURce") => self.source(knob, asks, argument, scene, now),
            [measure, what] if asks && is(measure, "MEASure") => self.measure(what, scene, now),
            [initiate] if is(initiate, "INITiate") => {
                self.initiated = now;
                Ok(None)
            }
            [fetch, what] if asks && is(fetch, "FETCh") => self.fetch(what, scene, now),
            _ => Err(format!("-113,\"Undefined header;{command}\"")),
        };
        result.unwrap_or_else(|error| {
            self.error = error;
            // A question is always answered: SCPI's "not a number".
            asks.then(|| "9.91E37".to_owned())
        })
    }

    fn set(&mut self, knobs: Knobs, scene: &Scene, now: Time) -> Result<Option<String>, String> {
        let load = Load::Linear {
            current_a: if knobs.output { knobs.current_a } else { 0.0 },
            lag_rad: numbers::radians(knobs.lag_deg),
        };
        let mains = Mains {
            voltage_v: knobs.voltage_v,
            frequency_hz: knobs.frequency_hz,
        };
        scene
            .source()
            .switch_to(now, numbers::lines(&mains, &load), knobs.frequency_hz);
        self.knobs = knobs;
        self.changed = now;
        Ok(None)
    }

    fn output(
        &mut self,
        asks: bool,
        argument: &str,
        scene: &Scene,
        now: Time,
    ) -> Result<Option<String>, String> {
        if asks {
            return Ok(Some(u8::from(self.knobs.output).to_string()));
        }
        let output = match argument.to_ascii_uppercase().as_str() {
            "ON" | "1" => true,
            "OFF" | "0" => false,
            _ => return Err(format!("-224,\"Illegal parameter value;{argument}\"")),
        };
        self.set(
            Knobs {
                output,
                ..self.knobs
            },
            scene,
            now,
        )
    }

    fn source(
        &mut self,
        knob: &str,
        asks: bool,
        argument: &str,
        scene: &Scene,
        now: Time,
    ) -> Result<Option<String>, String> {
        let mut knobs = self.knobs;
        let (value, range) = match knob {
            knob if is(knob, "VOLTage") => (&mut knobs.voltage_v, 0.0..=1_000.0),
            knob if is(knob, "CURRent") => (&mut knobs.current_a, 0.0..=1_000.0),
            knob if is(knob, "PHASe") => (&mut knobs.lag_deg, -360.0..=360.0),
            knob if is(knob, "FREQuency") => (&mut knobs.frequency_hz, numbers::FREQUENCIES_HZ),
            _ => return Err(format!("-113,\"Undefined header;SOUR:{knob}\"")),
        };
        if asks {
            return Ok(Some(value.to_string()));
        }
        *value = match argument.parse::<f64>() {
            Ok(number) if range.contains(&number) => number,
            Ok(number) => {
                return Err(format!(
                    "-222,\"Data out of range;{number} is not in {}..{}\"",
                    range.start(),
                    range.end()
                ));
            }
            Err(_) => return Err(format!("-104,\"Data type error;{argument}\"")),
        };
        self.set(knobs, scene, now)
    }

    fn measure(&self, what: &str, scene: &Scene, now: Time) -> Result<Option<String>, String> {
        let from = self.changed.max(now.saturating_sub(SECOND));
        let truth = scene.truth().over(from, now);
        let value = match what {
            what if is(what, "VOLTage") => truth.vrms_v,
            what if is(what, "CURRent") => truth.irms_a,
            what if is(what, "POWer") => truth.p_w,
            what if is(what, "REACtive") => truth.q_var,
            what if is(what, "APParent") => truth.s_va,
            what if is(what, "PFACtor") => truth.pf,
            what if is(what, "FREQuency") => truth.f_hz,
            _ => return Err(format!("-113,\"Undefined header;MEAS:{what}\"")),
        };
        Ok(Some(format!("{value:.9E}")))
    }

    fn fetch(&self, what: &str, scene: &Scene, now: Time) -> Result<Option<String>, String> {
        let energy = scene.truth().over(self.initiated, now).energy;
        let value = match what {
            what if is(what, "ENERgy") => energy.import_wh - energy.export_wh,
            what if is(what, "REACtive") => {
                energy.q1_varh + energy.q2_varh - energy.q3_varh - energy.q4_varh
            }
            _ => return Err(format!("-113,\"Undefined header;FETC:{what}\"")),
        };
        Ok(Some(format!("{value:.9E}")))
    }
}

/// The instrument at a TCP port.
pub struct BenchServer {
    bench: Bench,
    listener: TcpListener,
    stream: Option<TcpStream>,
    pending: Vec<u8>,
}

impl BenchServer {
    /// Listens at `tcp:HOST:PORT`.
    ///
    /// # Errors
    /// When it is something else, or the address is taken: one line.
    pub fn open(specification: &str) -> Result<Self, String> {
        let error = |reason: String| format!("bench {specification}: {reason}");
        let address = specification
            .strip_prefix("tcp:")
            .ok_or_else(|| error("is not tcp:HOST:PORT".to_owned()))?;
        let listener = TcpListener::bind(address).map_err(|cause| match cause.kind() {
            ErrorKind::AddrInUse => {
                error("is taken by another program; choose another port number".to_owned())
            }
            _ => error(cause.to_string()),
        })?;
        listener
            .set_nonblocking(true)
            .map_err(|cause| error(cause.to_string()))?;
        Ok(Self {
            bench: Bench::default(),
            listener,
            stream: None,
            pending: Vec::new(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.listener
            .local_addr()
            .map(|address| address.to_string())
            .unwrap_or_default()
    }

    /// Executes what has come, without waiting.
    pub fn poll(&mut self, scene: &Scene, now: Time) {
        if self.stream.is_none()
            && let Ok((stream, _)) = self.listener.accept()
            && stream.set_nonblocking(true).is_ok()
        {
            self.pending.clear();
            self.stream = Some(stream);
        }
        let Some(stream) = &mut self.stream else {
            return;
        };
        let mut buffer = [0; 256];
        match stream.read(&mut buffer) {
            Ok(length) if length > 0 => self.pending.extend(&buffer[..length]),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return;
            }
            _ => {
                self.stream = None;
                return;
            }
        }
        while let Some(end) = self.pending.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            if let Some(answer) = self
                .bench
                .execute(&String::from_utf8_lossy(&line), scene, now)
                && stream.write_all((answer + "\n").as_bytes()).is_err()
            {
                self.stream = None;
                return;
            }
        }
        if self.pending.len() > LINE_LIMIT {
            self.stream = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Options;

    fn number(answer: Option<String>) -> f64 {
        answer.unwrap().parse().unwrap()
    }

    #[test]
    fn what_is_set_is_measured() {
        let scene = Scene::from_options(&Options {
            board: Some("ideal"),
            ..Options::default()
        })
        .unwrap();
        let mut bench = Bench::default();
        assert_eq!(
            bench.execute("*RST;:SOUR:VOLT 120;CURR 5", &scene, SECOND),
            None
        );
        assert!(
            bench
                .execute("SYST:ERR?", &scene, SECOND)
                .unwrap()
                .starts_with("-113"),
            "CURR alone is no header"
        );
        bench.execute("source:current 5; SOURce:PHASe 60", &scene, SECOND);
        bench.execute("INIT", &scene, SECOND);
        let later = 3 * SECOND;
        for (question, expected) in [
            ("MEAS:VOLT?", 120.0),
            ("MEAS:CURR?", 5.0),
            ("MEAS:POW?", 300.0),
            ("MEAS:REAC?", 600.0 * (0.75_f64).sqrt()),
            ("MEAS:PFAC?", 0.5),
            ("MEAS:FREQ?", 60.0),
            ("FETC:ENER?", 300.0 * 2.0 / 3_600.0),
            ("SOUR:VOLT?", 120.0),
            ("SYST:TIME?", 3.0),
        ] {
            let value = number(bench.execute(question, &scene, later));
            assert!(
                (value - expected).abs() < 1e-6 * expected,
                "{question} {value}"
            );
        }
        bench.execute("OUTP OFF", &scene, later);
        assert!(number(bench.execute("MEAS:CURR?", &scene, 4 * SECOND)).abs() < 1e-9);
        assert_eq!(
            bench.execute("*OPC?;OUTP?", &scene, later).as_deref(),
            Some("1;0")
        );
    }

    #[test]
    fn mistakes_are_kept_for_syst_err() {
        let scene = Scene::from_options(&Options::default()).unwrap();
        let mut bench = Bench::default();
        for (line, code) in [
            ("SOUR:VOLT much", "-104"),
            ("SOUR:VOLT 5000", "-222"),
            ("FOO:BAR", "-113"),
            ("OUTP maybe", "-224"),
        ] {
            assert_eq!(bench.execute(line, &scene, 0), None);
            assert!(
                bench
                    .execute("SYST:ERR?", &scene, 0)
                    .unwrap()
                    .starts_with(code)
            );
            assert_eq!(
                bench.execute("SYST:ERR?", &scene, 0).as_deref(),
                Some(NO_ERROR)
            );
        }
        assert_eq!(
            bench.execute("MEAS:NOTHING?", &scene, 0).as_deref(),
            Some("9.91E37")
        );
    }
}
