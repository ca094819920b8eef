//! `cargo xtask TASK`: the project's tasks on the command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{accuracy, bench, check, demo, firmware, setup, squeeze};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set-up, firmware image and checks of meter430"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what is missing for building and testing, after saying what that is.
    Setup,
    /// Builds target/meter430.elf and .hex; lint, image checks, memory and stack against the budget.
    Firmware,
    /// The main job: builds the image, runs it on a household's waveforms, reads it back, prints readings beside true values.
    Demo,
    /// Measures the image: cycles per sample, CPU load, sizes, stack, UART turn-around, speed of the virtual meter.
    Bench {
        /// Writes the figures as JSON too.
        #[arg(long, value_name = "FILE")]
        json: Option<std::path::PathBuf>,
        /// Writes the README's figures anew.
        #[arg(long)]
        write_readme: bool,
    },
    /// Runs the accuracy grid on the image, after calibration: table, picture, figures.
    Accuracy {
        /// Writes the figures as JSON too.
        #[arg(long, value_name = "FILE")]
        json: Option<std::path::PathBuf>,
        /// Writes the README's figures anew.
        #[arg(long)]
        write_readme: bool,
    },
    /// Everything that CI runs: format, lints, host tests, image, documentation, tests of the image and with mspdebug and Termineter.
    Test,
}

fn main() -> ExitCode {
    if std::env::var_os(squeeze::link::ENVIRONMENT).is_some() {
        return squeeze::link::main();
    }
    let result = match Arguments::parse().task {
        Task::Bench { json, write_readme } => bench_task(json.as_deref(), write_readme),
        Task::Accuracy { json, write_readme } => accuracy_task(json.as_deref(), write_readme),
        Task::Demo => demo_task(),
        Task::Test => match check::task() {
            Ok(true) => Ok(()),
            // Its last line has said it.
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Task::Setup => setup::task(),
        Task::Firmware => setup::ensure(setup::Scope::Firmware)
            .and_then(|()| firmware::task())
            .map(drop),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn demo_task() -> anyhow::Result<()> {
    setup::ensure(setup::Scope::Firmware)?;
    firmware::task()?;
    demo::task()
}

fn accuracy_task(json: Option<&std::path::Path>, write_readme: bool) -> anyhow::Result<()> {
    setup::ensure(setup::Scope::Firmware)?;
    firmware::task()?;
    accuracy::task(json, write_readme)
}

fn bench_task(json: Option<&std::path::Path>, write_readme: bool) -> anyhow::Result<()> {
    setup::ensure(setup::Scope::Firmware)?;
    let judgement = firmware::task()?;
    bench::task(&judgement, json, write_readme)
}
