//! The reference: who sets the loads and says what they truly are.
//!
//! A [`Bench`] speaks SCPI over TCP or a serial line: `SOURce:VOLTage`, `:CURRent`, `:PHASe` (degrees of lag) and
//! `:FREQuency`, `OUTPut`, and `MEASure:VOLTage?`, `:CURRent?`, `:POWer?`, `:REACtive?`, `:FREQuency?`; it may answer the
//! last with SCPI's 9.91E37 for "not a number", it has then no frequency. [`Typed`] asks a person to do the same.

use super::arithmetic::Truth;
use super::plan::Setting;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an instrument may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// A reference.
pub trait Reference {
    /// What it is, for the certificate.
    fn name(&self) -> &str;

    /// Somebody has to be waited for: the meter is asked to be patient.
    fn is_slow(&self) -> bool;

    /// Brings the source to a load.
    ///
    /// # Errors
    /// The instrument's refusal or the line's, in one line.
    fn apply(&mut self, setting: &Setting) -> Result<()>;

    /// Looks at the true values while the meter measures; `None` when that is done once, at the end.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    fn sample(&mut self) -> Result<Option<Truth>>;

    /// The true values of the load just measured, for a reference that is not sampled.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    fn finish(&mut self, setting: &Setting) -> Result<Option<Truth>>;

    /// Takes the current away.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    fn release(&mut self) -> Result<()>;
}

/// A line to an instrument.
pub trait Instrument {
    /// Sends a command.
    ///
    /// # Errors
    /// The line's failure.
    fn send(&mut self, command: &str) -> Result<()>;

    /// Sends a question and waits for the line that answers it.
    ///
    /// # Errors
    /// The line's failure, or no answer in five seconds.
    fn ask(&mut self, question: &str) -> Result<String>;
}

/// A byte stream, line by line.
struct Stream<S: Read>(BufReader<S>);

impl<S: Read + Write> Instrument for Stream<S> {
    fn send(&mut self, command: &str) -> Result<()> {
        let stream = self.0.get_mut();
        stream.write_all(format!("{command}\n").as_bytes())?;
        Ok(stream.flush()?)
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        self.send(question)?;
        let mut answer = String::new();
        self.0
            .read_line(&mut answer)
            .with_context(|| format!("the bench does not answer {question}"))?;
        if answer.is_empty() {
            bail!("the bench closed the line instead of answering {question}");
        }
        Ok(answer.trim().to_owned())
    }
}

/// An instrument that speaks SCPI.
pub struct Bench<'a> {
    instrument: Box<dyn Instrument + 'a>,
    name: String,
}

impl<'a> Bench<'a> {
    /// Connects to `tcp:HOST:PORT` or a serial device (9600 8N1).
    ///
    /// # Errors
    /// Nobody there, or no SCPI instrument.
    pub fn open(address: &str) -> Result<Self> {
        match address.strip_prefix("tcp:") {
            Some(host) => {
                let stream = TcpStream::connect(host)
                    .with_context(|| format!("cannot connect to the bench at {address}"))?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(ANSWER_WAIT))?;
                Self::over(Stream(BufReader::new(stream)))
            }
            None => {
                let port = serialport::new(address, 9600)
                    .timeout(ANSWER_WAIT)
                    .open()
                    .with_context(|| format!("cannot open the bench at {address}"))?;
                Self::over(Stream(BufReader::new(port)))
            }
        }
    }

    /// A bench behind another line.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn over(mut instrument: impl Instrument + 'a) -> Result<Self> {
        let name = instrument.ask("*IDN?")?;
        instrument.send("*CLS")?;
        Ok(Bench {
            instrument: Box::new(instrument),
            name,
        })
    }

    fn set(&mut self, command: &str) -> Result<()> {
        self.instrument.send(command)?;
        let error = self.instrument.ask("SYSTem:ERRor?")?;
        let code = error.split(',').next().unwrap_or_default().trim();
        if !matches!(code.parse::<i32>(), Ok(0)) {
            bail!("the bench refuses {command}: {error}");
        }
        Ok(())
    }

    fn number(&mut self, question: &str) -> Result<f64> {
        let answer = self.instrument.ask(question)?;
        match numeric(&answer) {
            Some(number) => Ok(number),
            None => bail!("the bench answers {question} with {answer:?}, which is no number"),
        }
    }

    /// Some references have no frequency. What they then complain of is forgotten.
    fn frequency_hz(&mut self) -> Result<Option<f64>> {
        let found = numeric(&self.instrument.ask("MEASure:FREQuency?")?);
        if found.is_none() {
            self.instrument.send("*CLS")?;
        }
        Ok(found)
    }
}

/// An answer as a number; 9.91E37 is SCPI's "not a number".
fn numeric(answer: &str) -> Option<f64> {
    let number = answer.parse::<f64>().ok()?;
    (number.abs() < 1e30).then_some(number)
}

impl Reference for Bench<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_slow(&self) -> bool {
        false
    }

    fn apply(&mut self, setting: &Setting) -> Result<()> {
        self.set(&format!("SOURce:VOLTage {}", setting.voltage_v))?;
        self.set(&format!("SOURce:FREQuency {}", setting.frequency_hz))?;
        self.set(&format!("SOURce:PHASe {}", setting.lag_deg))?;
        self.set(&format!("SOURce:CURRent {}", setting.current_a))?;
        self.set(if setting.current_a == 0.0 {
            "OUTPut OFF"
        } else {
            "OUTPut ON"
        })?;
        self.instrument.ask("*OPC?").map(|_| ())
    }

    fn sample(&mut self) -> Result<Option<Truth>> {
        Ok(Some(Truth {
            voltage_v: self.number("MEASure:VOLTage?")?,
            current_a: self.number("MEASure:CURRent?")?,
            p_w: self.number("MEASure:POWer?")?,
            q_var: self.number("MEASure:REACtive?")?,
            f_hz: self.frequency_hz()?,
        }))
    }

    fn finish(&mut self, _setting: &Setting) -> Result<Option<Truth>> {
        Ok(None)
    }

    fn release(&mut self) -> Result<()> {
        self.set("OUTPut OFF")
    }
}

/// A person with a source and a reference meter.
pub struct Typed<R, W> {
    answers: R,
    questions: W,
    /// The reference shows a frequency, for all that is known.
    has_frequency: bool,
}

impl<R: BufRead, W: Write> Typed<R, W> {
    /// Questions go to `questions`, answers come from `answers`, a line each.
    pub fn new(answers: R, questions: W) -> Self {
        Typed {
            answers,
            questions,
            has_frequency: true,
        }
    }

    fn line(&mut self, question: &str) -> Result<String> {
        write!(self.questions, "{question} ")?;
        self.questions.flush()?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            bail!("no more answers; the calibration is given up");
        }
        Ok(answer.trim().to_owned())
    }

    fn number(&mut self, question: &str) -> Result<f64> {
        loop {
            if let Some(number) = self.number_or_none(question)? {
                return Ok(number);
            }
            writeln!(self.questions, "a number is needed")?;
        }
    }

    fn number_or_none(&mut self, question: &str) -> Result<Option<f64>> {
        loop {
            let answer = self.line(question)?;
            if answer.is_empty() {
                return Ok(None);
            }
            match answer.replace(',', ".").parse::<f64>() {
                Ok(number) if number.is_finite() => return Ok(Some(number)),
                _ => writeln!(self.questions, "{answer:?} is no number")?,
            }
        }
    }
}

impl<R: BufRead, W: Write> Reference for Typed<R, W> {
    fn name(&self) -> &str {
        "typed by a person"
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn apply(&mut self, setting: &Setting) -> Result<()> {
        let question = format!(
            "set the source to {}; Enter when it is steady:",
            setting.in_words()
        );
        self.line(&question).map(|_| ())
    }

    fn sample(&mut self) -> Result<Option<Truth>> {
        Ok(None)
    }

    fn finish(&mut self, setting: &Setting) -> Result<Option<Truth>> {
        let voltage_v = self.number("reference volts:")?;
        if setting.current_a == 0.0 {
            return Ok(Some(Truth {
                voltage_v,
                ..Truth::default()
            }));
        }
        let current_a = self.number("reference amperes:")?;
        let p_w = self.number("reference watts:")?;
        // At PF 1 the meter is told that the phase is 0; elsewhere the apparent power says the rest.
        let q_var = if setting.lag_deg == 0.0 {
            0.0
        } else {
            let square = (voltage_v * current_a).powi(2) - p_w * p_w;
            square.max(0.0).sqrt().copysign(setting.lag_deg)
        };
        let mut f_hz = None;
        if self.has_frequency && setting.lag_deg == 0.0 {
            f_hz = self.number_or_none("reference hertz, Enter if it shows none:")?;
            self.has_frequency = f_hz.is_some();
        }
        Ok(Some(Truth {
            voltage_v,
            current_a,
            p_w,
            q_var,
            f_hz,
        }))
    }

    fn release(&mut self) -> Result<()> {
        writeln!(self.questions, "the source may be switched off")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: Setting = Setting {
        voltage_v: 220.0,
        current_a: 10.0,
        lag_deg: 60.0,
        frequency_hz: 60.0,
        average_s: 10,
    };

    /// An instrument that knows these answers and notes what it was told.
    struct Script<'s> {
        answers: &'s [(&'s str, &'s str)],
        told: &'s mut Vec<String>,
    }

    impl Instrument for Script<'_> {
        fn send(&mut self, command: &str) -> Result<()> {
            self.told.push(command.to_owned());
            Ok(())
        }

        fn ask(&mut self, question: &str) -> Result<String> {
            let found = self.answers.iter().find(|(asked, _)| *asked == question);
            Ok(found.expect(question).1.to_owned())
        }
    }

    #[test]
    fn a_bench_is_set_and_read() {
        let mut told = Vec::new();
        let script = Script {
            answers: &[
                ("*IDN?", "some,bench"),
                ("SYSTem:ERRor?", "+0,\"No error\""),
                ("*OPC?", "1"),
                ("MEASure:VOLTage?", "2.2001E+02"),
                ("MEASure:CURRent?", "10"),
                ("MEASure:POWer?", "1100"),
                ("MEASure:REACtive?", "1905.3"),
                ("MEASure:FREQuency?", "59.9993"),
            ],
            told: &mut told,
        };
        let mut bench = Bench::over(script).unwrap();
        assert_eq!(bench.name(), "some,bench");
        bench.apply(&MAIN).unwrap();
        let truth = bench.sample().unwrap().unwrap();
        assert_eq!((truth.voltage_v, truth.q_var), (220.01, 1905.3));
        assert_eq!(truth.f_hz, Some(59.9993));
        assert!((truth.power_factor() - 0.5).abs() < 1e-4);
        drop(bench);
        assert_eq!(
            told,
            [
                "*CLS",
                "SOURce:VOLTage 220",
                "SOURce:FREQuency 60",
                "SOURce:PHASe 60",
                "SOURce:CURRent 10",
                "OUTPut ON"
            ]
        );
    }

    #[test]
    fn what_a_bench_refuses_or_does_not_know_is_said() {
        let mut told = Vec::new();
        let script = Script {
            answers: &[
                ("*IDN?", "some,bench"),
                ("SYSTem:ERRor?", "-222,\"Data out of range\""),
                ("MEASure:VOLTage?", "9.91E37"),
            ],
            told: &mut told,
        };
        let mut bench = Bench::over(script).unwrap();
        let error = bench.apply(&MAIN).unwrap_err().to_string();
        assert!(
            error.contains("SOURce:VOLTage 220") && error.contains("-222"),
            "{error}"
        );
        let error = bench.sample().unwrap_err().to_string();
        assert!(error.contains("MEASure:VOLTage?"), "{error}");
    }

    #[test]
    fn a_bench_without_a_frequency_is_one() {
        let mut told = Vec::new();
        let script = Script {
            answers: &[
                ("*IDN?", "some,bench"),
                ("MEASure:VOLTage?", "220"),
                ("MEASure:CURRent?", "10"),
                ("MEASure:POWer?", "2200"),
                ("MEASure:REACtive?", "0"),
                ("MEASure:FREQuency?", "9.91E37"),
            ],
            told: &mut told,
        };
        let mut bench = Bench::over(script).unwrap();
        assert_eq!(bench.sample().unwrap().unwrap().f_hz, None);
        drop(bench);
        assert_eq!(told, ["*CLS"; 2], "its complaint is not the next one's");
    }

    #[test]
    fn a_person_is_asked_for_the_frequency_until_there_is_none() {
        let main = Setting {
            lag_deg: 0.0,
            ..MAIN
        };
        let mut questions = Vec::new();
        let answers = &b"220\n10\n2200\n60.001\n220\n10\n2200\n\n220\n10\n2200\n"[..];
        let mut typed = Typed::new(answers, &mut questions);
        let mut frequency = || typed.finish(&main).unwrap().unwrap().f_hz;
        assert_eq!(frequency(), Some(60.001));
        assert_eq!(frequency(), None);
        assert_eq!(frequency(), None, "not asked again");
        let questions = String::from_utf8(questions).unwrap();
        assert_eq!(questions.matches("hertz").count(), 2, "{questions}");
    }

    #[test]
    fn a_person_is_asked() {
        let mut questions = Vec::new();
        let mut typed = Typed::new(&b"\n220.01\nten\n10\n1100\n"[..], &mut questions);
        typed.apply(&MAIN).unwrap();
        let truth = typed.finish(&MAIN).unwrap().unwrap();
        assert_eq!(
            (truth.voltage_v, truth.current_a, truth.p_w),
            (220.01, 10.0, 1100.0)
        );
        assert!((truth.q_var - (2200.1f64.powi(2) - 1100.0f64.powi(2)).sqrt()).abs() < 1e-9);
        assert!(typed.finish(&MAIN).is_err(), "nothing more to read");
        let questions = String::from_utf8(questions).unwrap();
        assert!(questions.contains("60° lagging") && questions.contains("\"ten\" is no number"));
    }
}
