//! `cargo xtask TASK`: the project's tasks on the command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{bench, check, demo, firmware, setup};

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
    },
    /// Everything that CI runs: format, lints, host tests, image, documentation, tests of the image and with mspdebug and Termineter.
    Test,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Bench { json } => bench_task(json.as_deref()),
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

fn bench_task(json: Option<&std::path::Path>) -> anyhow::Result<()> {
    setup::ensure(setup::Scope::Firmware)?;
    let judgement = firmware::task()?;
    bench::task(&judgement, json)
}
