//! `cargo xtask test`: everything that continuous integration runs, in one go.
//!
//! A step that fails does not keep the others from running; what it printed is shown at once, and the last line counts tests and
//! steps together.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::progress::{self, Output};
use crate::setup::{self, Scope};
use crate::{firmware, workspace};

/// Tests read the image's place from this variable.
pub const IMAGE_VARIABLE: &str = "METER430_ELF";

/// Tests read the place of Termineter from this variable.
pub const TERMINETER_VARIABLE: &str = "METER430_TERMINETER";

/// What a step counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    passed: u32,
    failed: u32,
}

impl Count {
    /// A step without tests of its own counts as one.
    fn of_step(success: bool) -> Self {
        Self {
            passed: u32::from(success),
            failed: u32::from(!success),
        }
    }
}

/// One line of the summary.
struct Row {
    label: &'static str,
    count: Count,
    took: Duration,
}

/// Runs all steps, and returns whether all passed; the last line that it prints counts.
///
/// # Errors
/// When the machine cannot be set up.
pub fn task() -> Result<bool> {
    setup::ensure(Scope::Everything)?;
    let mut rows = Vec::new();
    let mut run = |label: &'static str, step: &mut dyn FnMut() -> Result<Count>| {
        let started = Instant::now();
        let count = step().unwrap_or_else(|error| {
            eprintln!("{label}: {error:#}");
            Count::of_step(false)
        });
        rows.push(Row {
            label,
            count,
            took: started.elapsed(),
        });
        count.failed == 0
    };
    run("format", &mut || {
        plain("format", &["fmt", "--all", "--check"])
    });
    run("clippy", &mut || {
        plain(
            "clippy",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ],
        )
    });
    run("host tests", &mut || {
        tests(
            "host tests",
            &mut cargo(&["test", "--workspace", "--no-fail-fast"]),
        )
    });
    let built = run("firmware", &mut || {
        firmware::task().map(|_| Count::of_step(true))
    });
    run("documentation", &mut documentation);
    if built {
        run("tests with image and tools", &mut || {
            tests("tests with image and tools", &mut tests_with_tools())
        });
    } else {
        eprintln!("tests with image and tools: not run, there is no image");
    }
    Ok(summary(&rows))
}

/// A command of the cargo that runs this task, in the work tree.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).args(arguments);
    command
}

fn plain(label: &str, arguments: &[&str]) -> Result<Count> {
    progress::run(label, &mut cargo(arguments)).map(|_| Count::of_step(true))
}

fn documentation() -> Result<Count> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    progress::run("documentation", &mut command).map(|_| Count::of_step(true))
}

/// The tests that plain `cargo test` leaves out, from the same build.
fn tests_with_tools() -> Command {
    let mut command = cargo(&[
        "test",
        "--workspace",
        "--no-fail-fast",
        "--lib",
        "--bins",
        "--tests",
    ]);
    command
        .args(["--", "--ignored"])
        .env(IMAGE_VARIABLE, workspace::image_elf());
    if let Some(program) = setup::termineter() {
        command.env(TERMINETER_VARIABLE, program);
    }
    command
}

fn tests(label: &str, command: &mut Command) -> Result<Count> {
    let output = progress::capture(label, command, |_| true)?;
    let count = count(&output);
    if count.failed > 0 {
        eprintln!("{}", output.text());
    }
    Ok(count)
}

/// Adds up `test result: ok. 27 passed; 0 failed; 5 ignored; …` of all test programs.
fn count(output: &Output) -> Count {
    let mut sum = Count::default();
    for line in output
        .lines
        .iter()
        .filter(|line| line.starts_with("test result: "))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u32>() else {
                continue;
            };
            match pair[1] {
                "passed;" => sum.passed += number,
                "failed;" => sum.failed += number,
                _ => {}
            }
        }
    }
    // A program that did not compile, or died, has no result line.
    if !output.success && sum.failed == 0 {
        sum.failed = 1;
    }
    sum
}

/// Prints the table and the last line.
fn summary(rows: &[Row]) -> bool {
    let mut all = Count::default();
    for Row { label, count, took } in rows {
        all.passed += count.passed;
        all.failed += count.failed;
        println!(
            "{label:<28}{:>6} passed{:>6} failed{:>8.1} s",
            count.passed,
            count.failed,
            took.as_secs_f64()
        );
    }
    println!("{} passed, {} failed", all.passed, all.failed);
    all.failed == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str, success: bool) -> Output {
        Output {
            lines: text.lines().map(str::to_owned).collect(),
            success,
            ..Output::default()
        }
    }

    #[test]
    fn results_of_all_programs_are_added() {
        let text = "test result: ok. 27 passed; 0 failed; 5 ignored; 0 measured; 0 filtered out; finished in 0.84s\nnoise\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s";
        assert_eq!(
            count(&output(text, false)),
            Count {
                passed: 28,
                failed: 2
            }
        );
    }

    #[test]
    fn a_program_that_does_not_compile_counts_as_failed() {
        assert_eq!(
            count(&output("error: could not compile", false)),
            Count {
                passed: 0,
                failed: 1
            }
        );
    }
}
