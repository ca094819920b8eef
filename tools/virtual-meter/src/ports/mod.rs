//! Serial ports of the virtual meter as the host's programs see them: pseudo terminals and TCP connections.
//!
//! A port moves bytes between the host and the far end of a UART. It takes only as many as the simulated line has room
//! for, so a program that writes fast is slowed down as by a real line. On a pseudo terminal the baud rate is the one
//! that the program sets; TCP has none and follows the chip.

mod pty;
mod tcp;

use std::fmt;

use pty::Pty;
use tcp::Tcp;

use crate::chip::uart_line::FarBaud;
use crate::machine::{Machine, Uart};
use crate::time::MILLISECOND;

/// Why a port cannot be had: one line with its name.
#[derive(Debug, thiserror::Error)]
#[error("port {name}: {reason}")]
pub struct PortError {
    name: String,
    reason: String,
}

impl PortError {
    fn new(name: &str, reason: impl fmt::Display) -> Self {
        Self {
            name: name.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Bytes to and from one program of the host; nothing here waits.
trait Endpoint {
    /// Reads what has come; an empty answer means nothing.
    fn read(&mut self, buffer: &mut [u8]) -> usize;
    /// Writes what fits; the rest is lost, as on a line that nobody listens to.
    fn write(&mut self, bytes: &[u8]);
    /// The baud rate that the program has set.
    fn baud(&mut self) -> FarBaud;
}

/// One `--port` or `--console`.
pub struct Port {
    uart: Uart,
    endpoint: Box<dyn Endpoint>,
    address: String,
}

impl Port {
    /// Opens `pty:PATH` or `tcp:HOST:PORT` for a UART; `baud` is what a pseudo terminal is set to until a program
    /// changes it.
    ///
    /// # Errors
    /// When the specification is neither, or the path or the address is taken.
    pub fn open(specification: &str, uart: Uart, baud: u32) -> Result<Self, PortError> {
        let error = |reason: String| PortError::new(specification, reason);
        let (endpoint, address): (Box<dyn Endpoint>, String) = match specification.split_once(':') {
            Some(("pty", path)) if !path.is_empty() => (
                Box::new(Pty::open(path.as_ref(), baud).map_err(error)?),
                path.to_owned(),
            ),
            Some(("tcp", address)) => {
                let tcp = Tcp::listen(address).map_err(error)?;
                let address = tcp.address();
                (Box::new(tcp), address)
            }
            _ => return Err(error("is neither pty:PATH nor tcp:HOST:PORT".to_owned())),
        };
        Ok(Self {
            uart,
            endpoint,
            address,
        })
    }

    /// Where a program connects: the path, or the address with the port number that was given.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Moves bytes from the host to the line, as many as it takes without waiting long.
    pub fn pump_in(&mut self, machine: &mut Machine) {
        let now = machine.chip.time();
        let line = machine.chip.line(self.uart);
        line.set_baud(self.endpoint.baud());
        // A line that is busy for longer than this gets nothing new: the host's buffers are the queue.
        if line.idle_from() > now + 5 * MILLISECOND {
            return;
        }
        let mut buffer = [0; 64];
        let length = self.endpoint.read(&mut buffer);
        if length > 0 {
            machine.send(self.uart, &buffer[..length]);
        }
    }

    /// Hands bytes of this port's UART to the host.
    pub fn pump_out(&mut self, uart: Uart, bytes: &[u8]) {
        if uart == self.uart && !bytes.is_empty() {
            self.endpoint.write(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_port_is_one_clear_line() {
        for (specification, expected) in [
            ("serial", "neither"),
            ("tcp:nowhere", "invalid"),
            ("pty:/nonexistent/meter", "No such file"),
        ] {
            let Err(error) = Port::open(specification, Uart::Port, 9_600) else {
                panic!("{specification} opened")
            };
            let text = error.to_string();
            assert!(
                text.contains(expected) && text.lines().count() == 1,
                "{text}"
            );
        }
    }
}
