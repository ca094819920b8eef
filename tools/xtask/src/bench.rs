//! `cargo xtask bench`: what the image costs, measured in the virtual meter.
//!
//! Load: 220 V, 60 Hz, 10 A at a power factor of 0.5, on the ideal board. The speed is that of the program as users run it,
//! built for release: simulated seconds for each second of processor time, so that other work on the machine does not count.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use experiments::meter::Meter;
use experiments::turn_around::{self, TurnAround};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::Serialize;
use serde_json::Value;
use virtual_meter::scene::Options;
use virtual_meter::time::{MILLISECOND, Time, to_seconds};

use crate::firmware::Judgement;
use crate::{check, progress, readme, workspace};

const MAINS: &str = "220,60";
const LOAD: &str = "10,0.5L";
const DURATION: &str = "30s";

/// How often every table is read for the turn-around, and what it may take.
const ROUNDS: u32 = 12;
const ACKNOWLEDGEMENT_LIMIT: Time = 2 * MILLISECOND;
const RESPONSE_LIMIT: Time = 50 * MILLISECOND;

/// All figures; the names are those of the design page.
#[derive(Debug, Serialize)]
struct Figures {
    /// Cycles of the sample interrupt: min, mean, max.
    sample_cycles: Value,
    /// All cycles that the CPU was awake, for each sample.
    awake_cycles_per_sample: f64,
    /// Share of the time that the CPU was awake.
    cpu_load: f64,
    /// Longest stretch with interrupts masked.
    longest_masked_cycles: u64,
    code_bytes: u32,
    rodata_bytes: u32,
    ram_static_bytes: u32,
    /// Worst case, derived from the image.
    stack_max_bytes: u32,
    /// The deepest that was seen.
    stack_seen_bytes: u64,
    /// From the end of a request to its acknowledgement, at the longest.
    uart_acknowledge_ms: f64,
    /// From the end of a request to the response, for the slowest table at the worst moment.
    uart_turnaround_ms: f64,
    /// Simulated seconds in a second of one core.
    realtime_factor: f64,
}

/// Measures, prints, and writes JSON when a file is given, and the README's figures when they are wanted.
///
/// # Errors
/// When the virtual meter does not build or stops, the meter does not answer, or the file cannot be written.
pub fn task(judgement: &Judgement, json: Option<&Path>, write_readme: bool) -> Result<()> {
    let (report, core_s) = run_program()?;
    let turn_around = turn_around()?;
    let figure = |pointer: &str| {
        report
            .pointer(pointer)
            .cloned()
            .with_context(|| format!("the report has no {pointer}"))
    };
    let number = |pointer: &str| figure(pointer).map(|value| value.as_f64().unwrap_or(f64::NAN));
    let figures = Figures {
        sample_cycles: figure("/cpu/sample_cycles")?,
        awake_cycles_per_sample: number("/cpu/awake_cycles_per_sample")?,
        cpu_load: number("/cpu/load")?,
        longest_masked_cycles: number("/cpu/longest_masked_cycles")? as u64,
        code_bytes: judgement.usage.code,
        rodata_bytes: judgement.usage.constants,
        ram_static_bytes: judgement.usage.ram_static,
        stack_max_bytes: judgement.usage.stack,
        stack_seen_bytes: number("/memory/stack_max_bytes")? as u64,
        uart_acknowledge_ms: 1e3 * to_seconds(turn_around.slowest_acknowledgement),
        uart_turnaround_ms: 1e3 * to_seconds(turn_around.slowest_response),
        realtime_factor: number("/simulated_s")? / core_s,
    };
    let rows = rows(&figures);
    println!("\n{MAINS} V Hz, {LOAD} A, {DURATION} simulated");
    for (what, found) in &rows {
        println!("{what:<24}{found}");
    }
    if write_readme {
        let rows = rows
            .iter()
            .map(|(what, found)| format!("| {what} | {found} |\n"));
        let table = format!(
            "| {MAINS} V Hz, {LOAD} A | |\n|---|---|\n{}",
            rows.collect::<String>()
        );
        readme::write("bench", &table)?;
    }
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The figures for a person: what, and how much.
fn rows(figures: &Figures) -> [(&'static str, String); 8] {
    let cycles = |name: &str| {
        let cycles = figures.sample_cycles.get(name).and_then(Value::as_f64);
        cycles.unwrap_or(f64::NAN)
    };
    [
        (
            "sample interrupt",
            format!(
                "min {:.0}, mean {:.1}, max {:.0} cycles",
                cycles("min"),
                cycles("mean"),
                cycles("max")
            ),
        ),
        (
            "all work per sample",
            format!(
                "{:.1} cycles, CPU awake {:.2} %",
                figures.awake_cycles_per_sample,
                100.0 * figures.cpu_load
            ),
        ),
        (
            "interrupts masked",
            format!("at most {} cycles", figures.longest_masked_cycles),
        ),
        (
            "code, constants",
            format!("{} + {} bytes", figures.code_bytes, figures.rodata_bytes),
        ),
        ("RAM static", format!("{} bytes", figures.ram_static_bytes)),
        (
            "stack",
            format!(
                "at most {} bytes, seen {}",
                figures.stack_max_bytes, figures.stack_seen_bytes
            ),
        ),
        (
            "UART",
            format!(
                "acknowledges within {:.2} ms, answers within {:.2} ms for every table",
                figures.uart_acknowledge_ms, figures.uart_turnaround_ms
            ),
        ),
        (
            "virtual meter",
            format!("{:.1} times real time on one core", figures.realtime_factor),
        ),
    ]
}

/// Runs of the program, of which the fastest counts.
const RUNS: usize = 3;

/// Runs the program as a user would; returns its report and the least processor time that it took, in seconds.
fn run_program() -> Result<(Value, f64)> {
    progress::run(
        "virtual meter, release build",
        &mut check::cargo(&["build", "--release", "--package", "virtual-meter"]),
    )?;
    let path = workspace::target().join("bench-report.json");
    let mut command = Command::new(workspace::target().join("release/virtual-meter"));
    command.args([
        "--mains",
        MAINS,
        "--load",
        LOAD,
        "--board",
        "ideal",
        "--speed",
        "max",
        "--duration",
        DURATION,
        "--report",
    ]);
    command.arg(&path).arg(workspace::image_elf());
    // The simulation is the same every time; what differs is what else the machine does, and the least of it counts.
    let mut core_s = f64::INFINITY;
    for _ in 0..RUNS {
        let before = children_s()?;
        progress::run("virtual meter", &mut command)?;
        core_s = core_s.min(children_s()? - before);
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let report =
        serde_json::from_str(&text).with_context(|| format!("{} is no report", path.display()))?;
    Ok((report, core_s))
}

/// Processor time of all programs that this one has started and that have ended, in seconds.
fn children_s() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot ask for processor times")?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 * 1e-6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Times of every table that the meter announces, each at twelve places of the second.
fn turn_around() -> Result<TurnAround> {
    let mut meter = Meter::new(&Options {
        mains: Some(MAINS),
        load: Some(LOAD),
        board: Some("ideal"),
        ..Options::default()
    })?;
    meter.run(4.0)?;
    let found = turn_around::of_every_table(&mut meter, ROUNDS)?;
    ensure!(
        found.soonest_acknowledgement >= turn_around::SOONEST,
        "a request was acknowledged already after {:.0} µs",
        1e6 * to_seconds(found.soonest_acknowledgement)
    );
    ensure!(
        found.slowest_acknowledgement <= ACKNOWLEDGEMENT_LIMIT,
        "a request was acknowledged only after {:.2} ms",
        1e3 * to_seconds(found.slowest_acknowledgement)
    );
    ensure!(
        found.slowest_response <= RESPONSE_LIMIT,
        "a table came only after {:.2} ms",
        1e3 * to_seconds(found.slowest_response)
    );
    Ok(found)
}
