//! Shows what a long step is doing: a spinner on a terminal, plain lines elsewhere.
//!
//! Every external program of every task runs through [`run`], so the look, the timing and the way in which a failure shows
//! the program's own words are the same everywhere.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

/// How often a log without a terminal is told that a step is still alive.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// What a finished program printed.
#[derive(Debug, Default)]
pub struct Output {
    /// All lines of standard output and standard error in the order in which they came, without what `keep` refused.
    pub lines: Vec<String>,
    /// Wall-clock time of the step.
    pub took: Duration,
    /// Whether the program ended with status 0.
    pub success: bool,
}

impl Output {
    /// The captured lines as one text.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// One visible step: a spinner with the latest line beside it, or a start line, heartbeats and an end line.
pub struct Step {
    label: String,
    bar: Option<ProgressBar>,
    started: Instant,
    last_sign: Instant,
}

impl Step {
    /// Announces the step.
    pub fn start(label: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            let style =
                ProgressStyle::with_template("{spinner} {prefix} {elapsed:>4} {wide_msg:.dim}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(label.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            eprintln!("{label} ...");
        }
        let now = Instant::now();
        Self {
            label: label.to_owned(),
            bar,
            started: now,
            last_sign: now,
        }
    }

    /// Shows what the step is busy with.
    pub fn at(&mut self, what: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(what.trim().to_owned()),
            None if self.last_sign.elapsed() > HEARTBEAT => {
                self.last_sign = Instant::now();
                eprintln!("  {} s: {}", self.started.elapsed().as_secs(), what.trim());
            }
            None => {}
        }
    }

    /// Ends the step with one line and returns how long it took.
    pub fn finish(self, outcome: &str) -> Duration {
        let took = self.started.elapsed();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("{}: {outcome} ({:.1} s)", self.label, took.as_secs_f64());
        took
    }
}

/// Runs a program to its end, shows its progress and captures what it prints.
///
/// `keep` sees every line first and says whether it is kept and shown; lines it refuses are gone (it may have stored
/// them elsewhere).
///
/// # Errors
/// When the program cannot be started. A program that fails is not an error here, see [`Output::success`].
pub fn capture(
    label: &str,
    command: &mut Command,
    mut keep: impl FnMut(&str) -> bool,
) -> Result<Output> {
    let mut step = Step::start(label);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{label}: cannot start {}", command.get_program().display()))?;
    let (sender, lines) = mpsc::sync_channel::<String>(4096);
    let readers: Vec<_> = [
        child
            .stdout
            .take()
            .map(|pipe| read_lines(pipe, sender.clone())),
        child.stderr.take().map(|pipe| read_lines(pipe, sender)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut output = Output::default();
    loop {
        match lines.recv_timeout(HEARTBEAT) {
            Ok(line) => {
                if keep(&line) {
                    step.at(&line);
                    output.lines.push(line);
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                step.at(output.lines.last().map_or("working", |line| line))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    for reader in readers {
        // A reader ends with its pipe; it has nothing to report.
        let _ = reader.join();
    }
    output.success = child
        .wait()
        .with_context(|| format!("{label}: lost the program"))?
        .success();
    output.took = step.finish(if output.success { "done" } else { "FAILED" });
    Ok(output)
}

/// Like [`capture`], but a program that fails is an error, after everything it printed has been shown.
///
/// # Errors
/// When the program cannot be started or ends with another status than 0.
pub fn run(label: &str, command: &mut Command) -> Result<Output> {
    let output = capture(label, command, |_| true)?;
    if !output.success {
        eprintln!("{}", output.text());
        bail!(
            "{label}: {} failed; its output stands above",
            command.get_program().display()
        );
    }
    Ok(output)
}

fn read_lines(
    pipe: impl Read + Send + 'static,
    sender: mpsc::SyncSender<String>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(count) if count > 0) {
            let line = String::from_utf8_lossy(&bytes)
                .trim_end_matches(['\n', '\r'])
                .to_owned();
            bytes.clear();
            if sender.send(line).is_err() {
                return;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_captured_and_refused_lines_are_gone() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo secret; echo two >&2; exit 3"]);
        let output = capture("speaking", &mut command, |line| line != "secret").unwrap();
        assert!(!output.success);
        let mut lines = output.lines;
        lines.sort();
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run("missing", &mut Command::new("no-such-program-430")).unwrap_err();
        assert!(
            format!("{error:#}").contains("no-such-program-430"),
            "{error:#}"
        );
    }
}
