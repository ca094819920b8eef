//! The commands of `meterctl`.

use crate::calibrate::{self, certificate, plan::Plan, progress::Progress, reference};
use crate::line::{Line, rate_code};
use crate::profile::Profile;
use crate::session::{Access, Session};
use crate::show::Scale;
use crate::tables::Tables;
use crate::{clock, name, number, procedure, show, snapshot, watch};
use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Reads ANSI C12.19 meters over C12.18.
#[derive(Parser, Debug)]
#[command(version)]
pub struct Cli {
    /// The meter: a serial device, a pty, or tcp:HOST:PORT.
    #[arg(
        long,
        global = true,
        value_name = "PATH|tcp:HOST:PORT",
        default_value = ""
    )]
    port: String,
    #[command(flatten)]
    access: AccessArgs,
    #[command(subcommand)]
    command: Command,
}

/// Who we say we are.
#[derive(Args, Debug)]
struct AccessArgs {
    /// User name for the log-on, at most 10 characters.
    #[arg(long, global = true, default_value = "meterctl")]
    user: String,
    /// User number for the meter's event log.
    #[arg(long, global = true, default_value_t = 0)]
    user_id: u16,
    /// Password: text (padded with zero bytes to 20) or hex: and 40 digits.
    #[arg(long, global = true)]
    password: Option<String>,
    /// Bit rate to ask for after connecting at 9600.
    #[arg(long, global = true, value_name = "BPS")]
    bit_rate: Option<u32>,
}

/// What to do.
#[derive(Subcommand, Debug)]
enum Command {
    /// Reads tables and decodes every field by name.
    Read {
        /// ST0 ST23 MT0 …; every table that the meter announces when none is named.
        tables: Vec<String>,
        /// One JSON object, tables by name.
        #[arg(long)]
        json: bool,
        /// Bytes in hexadecimal instead of fields.
        #[arg(long)]
        raw: bool,
    },
    /// Writes a table, or part of it.
    Write {
        /// ST5, MT1 …
        table: String,
        /// First byte to write; the whole table when absent.
        #[arg(long)]
        offset: Option<u32>,
        #[command(flatten)]
        content: Content,
    },
    /// The event log, oldest entry first.
    Log {
        /// The history log instead.
        #[arg(long)]
        history: bool,
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// The load profile (set 1) as CSV, oldest interval first.
    Profile {
        /// CSV; the only form so far, and the default.
        #[arg(long)]
        csv: bool,
    },
    /// Sets the meter's clock (standard procedure 10) and prints its time before and after.
    SetClock {
        /// 2026-11-20T10:46:59; this computer's time when absent.
        #[arg(long)]
        time: Option<String>,
        /// UTC instead of local time.
        #[arg(long)]
        utc: bool,
    },
    /// Runs a procedure and prints its response data in hexadecimal.
    Procedure {
        /// SP9, MP3, or a name such as remote-reset.
        procedure: String,
        /// Its parameters in hexadecimal.
        #[arg(long, default_value = "")]
        hex: String,
    },
    /// Factory calibration: needs the jumper, the factory password and a reference.
    Calibrate {
        /// Loads, limits and reference, TOML.
        #[arg(long)]
        plan: PathBuf,
        /// tcp:HOST:PORT or a serial device that speaks SCPI, or typed; in place of the plan's.
        #[arg(long)]
        bench: Option<String>,
        /// The certificate goes to STEM.json and STEM.html; calibration-SERIAL when absent.
        #[arg(long, value_name = "STEM")]
        certificate: Option<PathBuf>,
    },
    /// The present values and the energies in engineering units.
    Snapshot {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The same, live, once a second, until interrupted.
    Watch {
        /// Stop after so many readings.
        #[arg(long)]
        count: Option<u32>,
    },
}

/// What to write.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Content {
    /// Bytes in hexadecimal.
    #[arg(long)]
    hex: Option<String>,
    /// Characters; a whole table is filled up with spaces.
    #[arg(long)]
    text: Option<String>,
}

/// A command line whose words were understood, before anything is sent.
enum Job {
    Read {
        tables: Vec<u16>,
        json: bool,
        raw: bool,
    },
    Write {
        table: u16,
        offset: Option<u32>,
        data: Vec<u8>,
        fill: bool,
    },
    Log {
        table: u16,
        json: bool,
    },
    Profile,
    SetClock(clock::Setting),
    Procedure {
        procedure: u16,
        parameters: Vec<u8>,
    },
    Calibrate {
        plan: Box<Plan>,
        certificate: Option<PathBuf>,
    },
    Snapshot {
        json: bool,
    },
    Watch {
        count: Option<u32>,
    },
}

impl Job {
    fn parse(command: &Command) -> Result<Self> {
        Ok(match command {
            Command::Read { tables, json, raw } => {
                let tables = tables
                    .iter()
                    .map(|table| name::parse(table))
                    .collect::<Result<_>>()?;
                Job::Read {
                    tables,
                    json: *json,
                    raw: *raw,
                }
            }
            Command::Write {
                table,
                offset,
                content,
            } => {
                let data = match (&content.hex, &content.text) {
                    (Some(digits), _) => number::unhex(digits).context("--hex")?,
                    (_, text) => text.clone().unwrap_or_default().into_bytes(),
                };
                let fill = content.text.is_some() && offset.is_none();
                Job::Write {
                    table: name::parse(table)?,
                    offset: *offset,
                    data,
                    fill,
                }
            }
            Command::Log { history, json } => Job::Log {
                table: if *history { 74 } else { 76 },
                json: *json,
            },
            Command::Profile { csv: _ } => Job::Profile,
            Command::SetClock { time, utc } => {
                Job::SetClock(clock::Setting::parse(time.as_deref(), *utc)?)
            }
            Command::Procedure { procedure, hex } => Job::Procedure {
                procedure: procedure::parse(procedure)?,
                parameters: number::unhex(hex).context("--hex")?,
            },
            Command::Calibrate {
                plan,
                bench,
                certificate,
            } => {
                let mut plan = Plan::read(plan)?;
                plan.reference.bench = bench.clone().unwrap_or(plan.reference.bench);
                Job::Calibrate {
                    plan: Box::new(plan),
                    certificate: certificate.clone(),
                }
            }
            Command::Snapshot { json } => Job::Snapshot { json: *json },
            Command::Watch { count } => Job::Watch { count: *count },
        })
    }

    fn run(&self, session: &mut Session, out: &mut impl Write) -> Result<()> {
        match self {
            Job::Read { tables, json, raw } => read(session, tables, *json, *raw, out),
            Job::Write {
                table,
                offset,
                data,
                fill,
            } => write(session, *table, *offset, data, *fill),
            Job::Log { table, json } => log(session, *table, *json, out),
            Job::SetClock(setting) => {
                let (before, after) = clock::set(session, setting)?;
                writeln!(out, "before {before}\nafter  {after}")?;
                Ok(())
            }
            Job::Profile => Profile::read(&mut Tables::new(session))?.write_csv(out),
            Job::Procedure {
                procedure,
                parameters,
            } => {
                let data = procedure::run(session, *procedure, parameters)?;
                if !data.is_empty() {
                    writeln!(out, "{}", number::hex(&data))?;
                }
                Ok(())
            }
            Job::Calibrate { plan, certificate } => {
                calibrate(session, plan, certificate.as_deref(), out)
            }
            Job::Snapshot { json } => present(session, *json, out),
            Job::Watch { count } => {
                watch::run(session, *count, std::io::stdout().is_terminal(), out)
            }
        }
    }
}

/// A wrong command line that the parser could not know about: exit status 2.
#[derive(Debug)]
pub struct Usage(anyhow::Error);

impl std::fmt::Display for Usage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:#}", self.0)
    }
}

impl std::error::Error for Usage {}

/// Carries out a command line, printing to `out`.
pub fn run(cli: &Cli, out: &mut impl Write) -> Result<()> {
    let access = access(&cli.access).map_err(Usage)?;
    if cli.port.is_empty() {
        return Err(Usage(anyhow::anyhow!(
            "--port is missing: give a device path or tcp:HOST:PORT"
        ))
        .into());
    }
    let job = Job::parse(&cli.command).map_err(Usage)?;
    let mut session = Session::open(Line::open(&cli.port)?, &access)?;
    let result = job.run(&mut session, out);
    session.close();
    result
}

fn access(args: &AccessArgs) -> Result<Access> {
    if args.user.len() > 10 {
        bail!("--user {:?} is longer than 10 characters", args.user);
    }
    let password = args.password.as_deref().map(password).transpose()?;
    let rate_code = args
        .bit_rate
        .map(rate_code)
        .transpose()
        .context("--bit-rate")?;
    Ok(Access {
        user_id: args.user_id,
        user: args.user.clone(),
        password,
        rate_code,
    })
}

/// The 20 bytes of a password.
fn password(text: &str) -> Result<[u8; 20]> {
    let mut bytes = [0; 20];
    if let Some(digits) = text.strip_prefix("hex:") {
        let given = number::unhex(digits).context("--password")?;
        match <[u8; 20]>::try_from(given) {
            Ok(given) => bytes = given,
            Err(given) => bail!("--password has {} bytes; hex: wants 40 digits", given.len()),
        }
    } else if text.len() <= bytes.len() {
        bytes[..text.len()].copy_from_slice(text.as_bytes());
    } else {
        bail!("--password is longer than 20 characters");
    }
    Ok(bytes)
}

fn read(
    session: &mut Session,
    wanted: &[u16],
    as_json: bool,
    raw: bool,
    out: &mut impl Write,
) -> Result<()> {
    let mut tables = Tables::new(session);
    let all = wanted.is_empty();
    let wanted = if all {
        tables.announced()?
    } else {
        wanted.to_vec()
    };
    let mut object = Map::new();
    for table in wanted {
        let title = name::of(table);
        let (size, value) = match tables.bytes(table) {
            Ok(bytes) if raw => (bytes.len(), Ok(json!(number::hex(&bytes)))),
            Ok(bytes) => (bytes.len(), tables.decoded(table).map(Value::Object)),
            Err(refusal) => (0, Err(refusal)),
        };
        let value = match value {
            Ok(value) => value,
            // Of all tables some may be closed to us or only writable: say so and go on.
            Err(refusal) if all && refusal.meter_goes_on => {
                json!({ "error": format!("{:#}", refusal.reason) })
            }
            Err(refusal) => return Err(refusal.into()),
        };
        if as_json {
            object.insert(title, value);
            continue;
        }
        match &value {
            Value::Object(fields) => {
                let long = c12::layout::find(table).map_or("", |layout| layout.name);
                writeln!(out, "{title} {long} ({size} bytes)")?;
                writeln!(out, "{}", show::record(fields, 2))?;
            }
            other => writeln!(out, "{title} {}", other.as_str().unwrap_or_default())?,
        }
    }
    if as_json {
        writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?;
    }
    Ok(())
}

fn write(
    session: &mut Session,
    table: u16,
    offset: Option<u32>,
    data: &[u8],
    fill: bool,
) -> Result<()> {
    let mut data = data.to_vec();
    if fill {
        let size = session.read(table)?.len();
        if data.len() > size {
            bail!(
                "{} has {size} bytes, the text {}",
                name::of(table),
                data.len()
            );
        }
        data.resize(size, b' ');
    }
    session.write(table, offset, &data)
}

fn log(session: &mut Session, table: u16, as_json: bool, out: &mut impl Write) -> Result<()> {
    let entries = crate::log::entries(&Tables::new(session).decoded(table)?);
    if as_json {
        writeln!(out, "{}", serde_json::to_string_pretty(&entries)?)?;
        return Ok(());
    }
    for entry in &entries {
        writeln!(out, "{}", crate::log::line(entry))?;
    }
    Ok(())
}

fn calibrate(
    session: &mut Session,
    plan: &Plan,
    stem: Option<&Path>,
    out: &mut impl Write,
) -> Result<()> {
    let mut errors = std::io::stderr();
    let is_live = errors.is_terminal();
    let mut progress = Progress::new(&mut errors, is_live, calibrate::loads(plan));
    let report = if plan.reference.bench == "typed" {
        let mut person = reference::Typed::new(std::io::stdin().lock(), std::io::stderr());
        calibrate::run(session, plan, &mut person, &mut progress)
    } else {
        let mut bench = reference::Bench::open(&plan.reference.bench)?;
        calibrate::run(session, plan, &mut bench, &mut progress)
    };
    write!(out, "{}", report.text())?;
    let by_serial = PathBuf::from(format!("calibration-{}", report.serial));
    let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %:z");
    let files = certificate::write(&report, stem.unwrap_or(&by_serial), &time.to_string())?;
    writeln!(
        out,
        "certificate: {} and {}",
        files[0].display(),
        files[1].display()
    )?;
    match report.refusal {
        None => Ok(()),
        Some(reason) => bail!("calibrate: {reason}"),
    }
}

fn present(session: &mut Session, as_json: bool, out: &mut impl Write) -> Result<()> {
    let fields = snapshot::read(session)?;
    if as_json {
        writeln!(out, "{}", serde_json::to_string_pretty(&fields)?)?;
    } else {
        write!(out, "{}", show::snapshot(&fields, Scale::Base))?;
    }
    Ok(())
}
