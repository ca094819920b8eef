//! A session with a meter: log on, read tables whole or piecewise, log off.

use crate::line::Line;
use anyhow::{Result, anyhow, bail};
use c12::client::{Client, Error, Transport};
use c12::response::Response;
use std::time::Duration;

/// What we offer in Negotiate: any meter may choose less.
const PACKET_SIZE: u16 = 1024;
const PACKETS: u16 = 255;

/// How often a busy meter is asked again, and how long we wait in between.
const BUSY_RETRIES: usize = 5;
const BUSY_PAUSE: Duration = Duration::from_millis(500);

/// Who logs on, and how.
#[derive(Clone, Debug)]
pub struct Access {
    /// Goes into the meter's event log.
    pub user_id: u16,
    /// Up to 10 characters.
    pub user: String,
    /// Given to the Security service when present.
    pub password: Option<[u8; 20]>,
    /// Bit rate to offer, as the code of the Negotiate service.
    pub rate_code: Option<u8>,
}

/// A meter that we are logged on to.
pub struct Session<'a> {
    client: Client<Line<'a>, Vec<u8>>,
}

impl<'a> Session<'a> {
    /// Identifies, negotiates, logs on and gives the password.
    pub fn open(mut line: Line<'a>, access: &Access) -> Result<Self> {
        if access.user.len() > 10 {
            bail!("user name {:?} is longer than 10 characters", access.user);
        }
        let mut user = [b' '; 10];
        user[..access.user.len()].copy_from_slice(access.user.as_bytes());

        line.drain(10)?;
        let mut client = Client::new(line, vec![0; 65536]);
        client
            .identify()
            .map_err(|error| explain("Identification", error))?;
        let rates = access.rate_code.as_slice();
        match client.negotiate(PACKET_SIZE, PACKETS, rates) {
            // A meter may not have the service; the default sizes stay.
            Ok(_) | Err(Error::Refused(_)) => {}
            Err(error) => return Err(explain("Negotiate", error)),
        }
        client
            .logon(access.user_id, &user)
            .map_err(|error| explain("Logon", error))?;
        let mut session = Session { client };
        if let Some(password) = &access.password
            && let Err(error) = session.give(password)
        {
            session.close();
            return Err(explain("Security", error));
        }
        Ok(session)
    }

    /// Gives the password; a meter that has just refused one may want some seconds of peace first.
    fn give(&mut self, password: &[u8; 20]) -> Result<(), Error<anyhow::Error>> {
        for _ in 0..BUSY_RETRIES {
            match self.client.security(password) {
                Err(Error::Refused(Response::Bsy)) => std::thread::sleep(BUSY_PAUSE),
                other => return other,
            }
        }
        Err(Error::Refused(Response::Bsy))
    }

    /// Reads a whole table; in pieces when the meter says that one response cannot hold it.
    pub fn read(&mut self, table: u16) -> Result<Vec<u8>, Refusal> {
        for _ in 0..BUSY_RETRIES {
            match self.client.read(table) {
                Ok(bytes) => return Ok(bytes.to_vec()),
                Err(Error::Refused(Response::Onp)) => return self.read_pieces(table),
                Err(Error::Refused(Response::Bsy | Response::Dnr)) => {
                    std::thread::sleep(BUSY_PAUSE)
                }
                Err(error) => return Err(Refusal::from(table, error)),
            }
        }
        Err(Refusal::from(table, Error::Refused(Response::Bsy)))
    }

    /// Reads exactly `size` bytes of a table from `offset` on.
    pub fn read_range(&mut self, table: u16, offset: u32, size: usize) -> Result<Vec<u8>> {
        let most = usize::from(self.client.read_max());
        let mut bytes = Vec::new();
        while bytes.len() < size {
            let count = most.min(size - bytes.len()) as u16;
            let piece = self
                .client
                .read_part(table, offset + bytes.len() as u32, count);
            let piece = piece.map_err(|error| Refusal::from(table, error).reason)?;
            if piece.is_empty() {
                bail!(
                    "{} ends before byte {}",
                    crate::name::of(table),
                    offset as usize + size
                );
            }
            bytes.extend_from_slice(piece);
        }
        Ok(bytes)
    }

    /// Writes a whole table, or part of it from `offset` on.
    pub fn write(&mut self, table: u16, offset: Option<u32>, data: &[u8]) -> Result<()> {
        for _ in 0..BUSY_RETRIES {
            match self.client.write(table, offset, data) {
                Ok(()) => return Ok(()),
                Err(Error::Refused(Response::Bsy)) => std::thread::sleep(BUSY_PAUSE),
                Err(error) => {
                    return Err(explain(&format!("Write {}", crate::name::of(table)), error));
                }
            }
        }
        Err(explain(
            &format!("Write {}", crate::name::of(table)),
            Error::Refused(Response::Bsy),
        ))
    }

    /// Milliseconds on the line's clock; wraps.
    pub fn now_ms(&mut self) -> u32 {
        self.client.transport().now_ms()
    }

    /// Does nothing for so long, on the line's clock. A meter ends a session after six seconds of that.
    pub fn pause(&mut self, pause_ms: u32) -> Result<()> {
        let line = self.client.transport();
        let began_ms = line.now_ms();
        loop {
            let gone_ms = line.now_ms().wrapping_sub(began_ms);
            if gone_ms >= pause_ms {
                return Ok(());
            }
            // Nothing is expected; what comes anyway is noise.
            line.receive(pause_ms - gone_ms)?;
        }
    }

    /// Asks the meter to keep the session for so many seconds (1 to 255) without traffic, once.
    pub fn wait(&mut self, seconds: u16) -> Result<()> {
        self.client
            .wait(seconds)
            .map_err(|error| explain("Wait", error))
    }

    /// Reads a table by offset until the meter has no more.
    fn read_pieces(&mut self, table: u16) -> Result<Vec<u8>, Refusal> {
        let most = self.client.read_max();
        let mut bytes = Vec::new();
        loop {
            match self.client.read_part(table, bytes.len() as u32, most) {
                Ok(piece) => {
                    let last = piece.len() < usize::from(most);
                    bytes.extend_from_slice(piece);
                    if last {
                        return Ok(bytes);
                    }
                }
                // The end of the table was the end of the last piece.
                Err(Error::Refused(Response::Onp)) if !bytes.is_empty() => return Ok(bytes),
                Err(error) => return Err(Refusal::from(table, error)),
            }
        }
    }

    /// Logs off and ends the connection; a meter that no longer answers is left to its own time-out.
    pub fn close(&mut self) {
        if self.client.logoff().is_ok() {
            let _ = self.client.terminate();
        }
    }
}

/// Why a table could not be read.
#[derive(Debug)]
pub struct Refusal {
    /// The meter said no, but goes on talking: other tables may still be read.
    pub meter_goes_on: bool,
    /// For a person.
    pub reason: anyhow::Error,
}

impl Refusal {
    fn from(table: u16, error: Error<anyhow::Error>) -> Self {
        Refusal {
            meter_goes_on: matches!(error, Error::Refused(_)),
            reason: explain(&format!("Read {}", crate::name::of(table)), error),
        }
    }
}

impl From<Refusal> for anyhow::Error {
    fn from(refusal: Refusal) -> Self {
        refusal.reason
    }
}

/// One line: which service failed, and what to do about it.
fn explain(service: &str, error: Error<anyhow::Error>) -> anyhow::Error {
    match error {
        Error::Line(error) => error.context(service.to_owned()),
        Error::NoAcknowledgement => anyhow!(
            "{service}: the meter does not answer; check line, power, and that it is set to 9600 bit/s 8N1"
        ),
        Error::NoResponse => anyhow!(
            "{service}: the meter took the request but sent no usable response; check the line"
        ),
        Error::Refused(code) => anyhow!("{service}: meter answers {}", code.text()),
        Error::Malformed => anyhow!("{service}: the response breaks the standard's format"),
        Error::TooLarge => anyhow!("{service}: larger than what was agreed with the meter"),
    }
}
