//! Runs procedures: writes ST7, reads ST8 until the meter is done.

use crate::session::Session;
use anyhow::{Context, Result, bail};
use c12::procedure::{self, Outcome, RESPONSE_HEAD, Selector, number};
use std::time::Duration;

/// How often ST8 is read while the procedure runs, and how long we wait in between; as a vendor's reader does it.
const POLLS: usize = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// Names of procedures on the command line: the standard's and our own.
const NAMES: [(&str, u16); 20] = [
    ("cold-start", number::COLD_START),
    ("warm-start", number::WARM_START),
    ("save-configuration", number::SAVE_CONFIGURATION),
    ("clear-data", number::CLEAR_DATA),
    ("reset-list-pointers", number::RESET_LIST_POINTERS),
    ("update-last-read", number::UPDATE_LAST_READ),
    ("change-mode", number::CHANGE_MODE),
    ("clear-status", number::CLEAR_STANDARD_STATUS),
    ("clear-mfg-status", number::CLEAR_MANUFACTURER_STATUS),
    ("remote-reset", number::REMOTE_RESET),
    ("set-date-time", number::SET_DATE_TIME),
    ("diagnostics", number::EXECUTE_DIAGNOSTICS),
    ("activate-all-pending", number::ACTIVATE_ALL_PENDING),
    ("activate-pending", number::ACTIVATE_PENDING),
    ("clear-all-pending", number::CLEAR_ALL_PENDING),
    ("clear-pending", number::CLEAR_PENDING),
    ("start-load-profile", number::START_LOAD_PROFILE),
    ("stop-load-profile", number::STOP_LOAD_PROFILE),
    ("service-switch", number::SERVICE_SWITCH),
    ("reset-voltage-events", number::RESET_VOLTAGE_EVENTS),
];

/// The number of `SP9`, `9`, `MP3` or a name.
pub fn parse(name: &str) -> Result<u16> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == lower) {
        return Ok(*number);
    }
    let (first, digits) = match lower.get(..2) {
        Some("mp") => (number::MANUFACTURER, &lower[2..]),
        Some("sp") => (0, &lower[2..]),
        _ => (0, &lower[..]),
    };
    let within = digits
        .parse::<u16>()
        .ok()
        .filter(|within| *within < number::MANUFACTURER);
    let within = within.with_context(|| {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        format!(
            "no procedure is called {name:?}; write SP0 to SP2047, MP0 to MP2047, or one of {}",
            names.join(", ")
        )
    })?;
    Ok(first + within)
}

/// The name of a procedure on the command line.
pub fn name(procedure: u16) -> Option<&'static str> {
    let known = NAMES.iter().find(|(_, number)| *number == procedure);
    known.map(|(name, _)| *name)
}

/// Runs a procedure to its end and returns its response data.
pub fn run(session: &mut Session, procedure: u16, parameters: &[u8]) -> Result<Vec<u8>> {
    // Any number that the last run of somebody else is unlikely to have had.
    let sequence = std::process::id() as u16 & 0xFF;
    let head = procedure::head(procedure, Selector::Immediately, sequence);
    session.write(7, None, &[&head, parameters].concat())?;
    for _ in 0..POLLS {
        let answer = session.read(8)?;
        let Some((answered, data)) = answer.split_first_chunk::<RESPONSE_HEAD>() else {
            bail!(
                "ST8 is {} bytes long; at least {RESPONSE_HEAD} belong to it",
                answer.len()
            );
        };
        // Some meters echo the selector, some do not.
        let echo = [answered[0], answered[1] & 0x0F, answered[2]];
        if echo != [head[0], head[1] & 0x0F, head[2]] {
            bail!(
                "ST8 answers another procedure ({}), not ours",
                crate::number::hex(answered)
            );
        }
        match Outcome::from_code(answered[3].into()) {
            Some(Outcome::Completed) => return Ok(data.to_vec()),
            Some(Outcome::Accepted) => std::thread::sleep(PAUSE),
            Some(outcome) => bail!("the meter did not run the procedure: {}", outcome.text()),
            None => bail!("ST8 has the unknown result code {}", answered[3]),
        }
    }
    bail!(
        "the procedure was accepted but not complete after {} s",
        POLLS as u64 * PAUSE.as_millis() as u64 / 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, number) in [
            ("remote-reset", 9),
            ("SP9", 9),
            ("9", 9),
            ("mp3", 2051),
            ("service-switch", 2048),
            ("Cold-Start", 0),
        ] {
            assert_eq!(parse(name).unwrap(), number);
        }
        for wrong in ["", "reset", "SP2048", "MP-1", "é"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
