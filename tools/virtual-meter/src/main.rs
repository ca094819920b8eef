//! The virtual meter's command line: options in, a meter that runs, a report out.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use virtual_meter::bench::BenchServer;
use virtual_meter::chip::fram::FramTiming;
use virtual_meter::chip::{ChipOptions, Strictness};
use virtual_meter::gdb::{Ended, Server};
use virtual_meter::machine::Uart;
use virtual_meter::meter::{Meter, load_image};
use virtual_meter::nvm::NvmFile;
use virtual_meter::ports::Port;
use virtual_meter::runner::{Pace, Runner};
use virtual_meter::scene::{Options as SceneOptions, Scene};
use virtual_meter::time::{Time, from_seconds, to_seconds};

/// How often FRAM is written to its file during a run, so that a killed run loses little.
const NVM_INTERVAL: Duration = Duration::from_secs(5);
/// How often a waiting debugger is looked for.
const GDB_INTERVAL: Duration = Duration::from_millis(20);

/// Runs a real firmware image, instruction by instruction, on simulated mains.
#[derive(Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    /// ELF file of the firmware; `cargo xtask firmware` makes target/meter430.elf
    image: PathBuf,
    /// Volts rms and hertz [default: 220,60]
    #[arg(long, value_name = "V,HZ", allow_hyphen_values = true)]
    mains: Option<String>,
    /// Amperes rms and power factor: 10  10,0.5L  10,0.8C  or an appliance [default: 10]
    #[arg(long, value_name = "A[,PF]", allow_hyphen_values = true)]
    load: Option<String>,
    /// A recording instead of mains and load, repeated as long as needed
    #[arg(long, value_name = "FILE.csv")]
    waveform: Option<PathBuf>,
    /// Mains, load, temperature and faults that change with time
    #[arg(long, value_name = "FILE.toml")]
    scenario: Option<PathBuf>,
    /// This copy's component errors; "ideal" has none [default: typical]
    #[arg(long, value_name = "FILE.toml|ideal")]
    board: Option<String>,
    /// The communications port: pty:PATH or tcp:HOST:PORT; may be given more than once
    #[arg(long, value_name = "PORT")]
    port: Vec<String>,
    /// The service console, likewise
    #[arg(long, value_name = "PORT")]
    console: Vec<String>,
    /// The calibration bench, an SCPI instrument that sets the source and measures true values: tcp:HOST:PORT
    #[arg(long, value_name = "PORT")]
    bench: Option<String>,
    /// The factory jumper is set
    #[arg(long)]
    jumper: bool,
    /// The meter's cover is open
    #[arg(long)]
    open_cover: bool,
    /// Stub for mspdebug gdbc and gdb: HOST:PORT
    #[arg(long, value_name = "HOST:PORT")]
    gdb: Option<String>,
    /// Pace of simulated time [default: real when a port is attached, else max]
    #[arg(long, value_enum)]
    speed: Option<Speed>,
    /// Simulated time, then stop: 10s, 500ms, 2min, 1h
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    duration: Option<Time>,
    /// Keeps FRAM between runs, as a meter that is switched off and on again
    #[arg(long, value_name = "FILE")]
    nvm: Option<PathBuf>,
    /// Writes true values, pulses, cycles, load and stack at the end
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// How FRAM wait states are counted
    #[arg(long, value_enum, default_value = "cached")]
    fram: Fram,
    /// Goes on after reads of RAM that was never written and writes to protected FRAM
    #[arg(long)]
    lenient: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Speed {
    Real,
    Max,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fram {
    /// Two sets of two 8-byte lines
    Cached,
    /// No access waits: the lower bound
    AllHit,
    /// Every access waits: the upper bound
    AllMiss,
}

fn parse_duration(text: &str) -> Result<Time, String> {
    let split = text
        .find(|character: char| character.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "ms" => 1e-3,
        "s" | "" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("unit {unit:?} is none of ms, s, min, h")),
    };
    match number.parse::<f64>() {
        Ok(value) if value > 0.0 && value * scale < 1e7 => Ok(from_seconds(value * scale)),
        _ => Err("write a number and a unit, such as 10s".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("virtual-meter: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let image = load_image(&arguments.image).map_err(text)?;
    let scene = Scene::from_options(&SceneOptions {
        mains: arguments.mains.as_deref(),
        load: arguments.load.as_deref(),
        waveform: arguments.waveform.as_deref(),
        scenario: arguments.scenario.as_deref(),
        board: arguments.board.as_deref(),
    })
    .map_err(text)?;
    let mut meter = Meter::new(&image, scene, chip_options(arguments));
    let nvm = match &arguments.nvm {
        Some(path) => Some(NvmFile::restore(path, &image, &mut meter.machine).map_err(text)?),
        None => None,
    };
    meter.machine.chip.set_jumper(arguments.jumper);
    meter.machine.chip.set_cover_open(arguments.open_cover);
    let ports = open_ports(arguments)?;
    let gdb = match &arguments.gdb {
        Some(address) => Some(Server::bind(address).map_err(text)?),
        None => None,
    };
    let bench = arguments
        .bench
        .as_deref()
        .map(BenchServer::open)
        .transpose()?;
    let attached = !ports.is_empty() || gdb.is_some() || bench.is_some();
    let pace = match arguments.speed {
        Some(Speed::Real) => Pace::Real,
        Some(Speed::Max) => Pace::Max,
        None if attached => Pace::Real,
        None => Pace::Max,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let for_signal = Arc::clone(&stop);
    ctrlc::set_handler(move || for_signal.store(true, Ordering::Relaxed)).map_err(text)?;
    let mut runner = Runner::new(meter, ports, pace, arguments.duration, stop);
    if let Some(bench) = bench {
        eprintln!("virtual-meter: bench at {}", bench.address());
        runner.attach_bench(bench);
    }
    let result = go(&mut runner, gdb.as_ref(), nvm.as_ref(), arguments);
    if let Some(nvm) = nvm {
        nvm.save(&runner.meter.machine).map_err(text)?;
    }
    if let Some(path) = &arguments.report {
        let json = serde_json::to_string_pretty(&runner.meter.report()).map_err(text)?;
        std::fs::write(path, json + "\n")
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    result
}

fn chip_options(arguments: &Arguments) -> ChipOptions {
    ChipOptions {
        fram_timing: match arguments.fram {
            Fram::Cached => FramTiming::Cached,
            Fram::AllHit => FramTiming::AllHit,
            Fram::AllMiss => FramTiming::AllMiss,
        },
        strictness: Strictness {
            never_written: !arguments.lenient,
            protected_write: !arguments.lenient,
        },
        ..ChipOptions::default()
    }
}

fn open_ports(arguments: &Arguments) -> Result<Vec<Port>, String> {
    let mut ports = Vec::new();
    let kinds = [
        ("port", &arguments.port, Uart::Port, 9_600),
        ("console", &arguments.console, Uart::Console, 115_200),
    ];
    for (kind, specifications, uart, baud) in kinds {
        for specification in specifications {
            let port = Port::open(specification, uart, baud).map_err(text)?;
            eprintln!("virtual-meter: {kind} at {}", port.address());
            ports.push(port);
        }
    }
    Ok(ports)
}

/// Runs until the end, letting debuggers in, saving FRAM and showing progress.
fn go(
    runner: &mut Runner,
    gdb: Option<&Server>,
    nvm: Option<&NvmFile>,
    arguments: &Arguments,
) -> Result<(), String> {
    let bar = progress_bar(arguments);
    let mut saved = Instant::now();
    let mut looked: Option<Instant> = None;
    while !runner.is_finished() {
        if let Some(server) = gdb
            && looked.is_none_or(|looked| looked.elapsed() > GDB_INTERVAL)
        {
            let log = &mut |line: std::fmt::Arguments<'_>| eprintln!("virtual-meter: {line}");
            match server.serve_if_waiting(runner, log) {
                Ok(Some(Ended::Killed | Ended::Finished)) => break,
                Ok(_) => {}
                Err(error) => eprintln!("virtual-meter: {error}"),
            }
            looked = Some(Instant::now());
        }
        runner.advance().map_err(text)?;
        bar.set_position((to_seconds(runner.meter.time()) * 1e3) as u64);
        if let Some(nvm) = nvm
            && saved.elapsed() > NVM_INTERVAL
        {
            nvm.save(&runner.meter.machine).map_err(text)?;
            saved = Instant::now();
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn progress_bar(arguments: &Arguments) -> ProgressBar {
    let Some(duration) = arguments.duration else {
        return ProgressBar::hidden();
    };
    let target = ProgressDrawTarget::stderr_with_hz(5);
    let bar = ProgressBar::with_draw_target(Some((to_seconds(duration) * 1e3) as u64), target);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {percent:>3} % of simulated time, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
