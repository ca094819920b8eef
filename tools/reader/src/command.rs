//! The commands of `meterctl`.

use crate::line::{Line, rate_code};
use crate::session::{Access, Session};
use crate::tables::Tables;
use crate::{name, number, show, snapshot};
use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

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
    // Names are checked before anything is sent.
    let wanted = match &cli.command {
        Command::Read { tables, .. } => tables
            .iter()
            .map(|table| name::parse(table))
            .collect::<Result<Vec<_>>>()
            .map_err(Usage)?,
        _ => Vec::new(),
    };
    let mut session = Session::open(Line::open(&cli.port)?, &access)?;
    let result = match &cli.command {
        Command::Read { json, raw, .. } => read(&mut session, &wanted, *json, *raw, out),
        Command::Snapshot { json } => present(&mut session, *json, out),
        Command::Watch { count } => watch(&mut session, *count, out),
    };
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
        if digits.len() != 40 || !digits.is_ascii() {
            bail!("--password hex: wants 40 hexadecimal digits");
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = &digits[2 * index..2 * index + 2];
            *byte = u8::from_str_radix(pair, 16)
                .with_context(|| format!("--password: {pair:?} is not hexadecimal"))?;
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

fn present(session: &mut Session, as_json: bool, out: &mut impl Write) -> Result<()> {
    let fields = snapshot::read(session)?;
    if as_json {
        writeln!(out, "{}", serde_json::to_string_pretty(&fields)?)?;
    } else {
        write!(out, "{}", show::snapshot(&fields))?;
    }
    Ok(())
}

fn watch(session: &mut Session, count: Option<u32>, out: &mut impl Write) -> Result<()> {
    let on_screen = std::io::stdout().is_terminal();
    let mut left = count;
    while left != Some(0) {
        let started = Instant::now();
        let fields = snapshot::read(session)?;
        if on_screen {
            // Home and clear what follows: no flicker, and nothing stays of a longer line.
            write!(out, "\x1b[H\x1b[J{}", show::snapshot(&fields))?;
        } else {
            writeln!(out, "{}", serde_json::to_string(&fields)?)?;
        }
        out.flush()?;
        left = left.map(|left| left - 1);
        if left != Some(0) {
            std::thread::sleep(Duration::from_secs(1).saturating_sub(started.elapsed()));
        }
    }
    Ok(())
}
