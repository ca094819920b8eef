//! The byte line to a meter: a serial device, a pty, TCP, or whatever else carries bytes.

use anyhow::{Context, Result, bail};
use c12::client::Transport;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Bit rates of the Negotiate codes, in bit/s.
const RATES_BPS: [u32; 13] = [
    0, 300, 600, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 57600, 38400, 115_200,
];

/// An open line; one over a borrowed carrier lives as long as the loan.
pub struct Line<'a> {
    port: Port<'a>,
    received: VecDeque<u8>,
    opened: Instant,
}

enum Port<'a> {
    Serial(Box<dyn serialport::SerialPort>),
    Tcp(TcpStream),
    Other(Box<dyn Transport<Error = anyhow::Error> + 'a>),
}

impl<'a> Line<'a> {
    /// Opens `tcp:HOST:PORT` or a device path, at 9600 8N1.
    pub fn open(address: &str) -> Result<Self> {
        let port = match address.strip_prefix("tcp:") {
            Some(host) => {
                let stream = TcpStream::connect(host).with_context(|| {
                    format!("cannot connect to {host}: is the meter's port listening there?")
                })?;
                // Acknowledgements are single bytes; they must not wait for company.
                stream.set_nodelay(true)?;
                Port::Tcp(stream)
            }
            None => {
                let port = serialport::new(address, 9600)
                    .timeout(Duration::from_millis(10))
                    .open()
                    .with_context(|| {
                        format!(
                            "cannot open {address}: is it a serial device or pty, and is it free?"
                        )
                    })?;
                Port::Serial(port)
            }
        };
        Ok(Self::on(port))
    }

    /// A line over another carrier of bytes, such as a simulated UART with its own time.
    pub fn over(carrier: impl Transport<Error = anyhow::Error> + 'a) -> Self {
        Self::on(Port::Other(Box::new(carrier)))
    }

    fn on(port: Port<'a>) -> Self {
        Line {
            port,
            received: VecDeque::new(),
            opened: Instant::now(),
        }
    }

    /// Throws away what came unasked, until nothing comes for `quiet_ms`.
    pub fn drain(&mut self, quiet_ms: u32) -> Result<()> {
        while self.receive(quiet_ms)?.is_some() {}
        Ok(())
    }
}

/// The code of a bit rate in bit/s.
pub fn rate_code(bps: u32) -> Result<u8> {
    match RATES_BPS.iter().position(|rate| *rate == bps && bps != 0) {
        Some(code) => Ok(code as u8),
        None => bail!("no such bit rate: {bps}; take one of {:?}", &RATES_BPS[1..]),
    }
}

impl Transport for Line<'_> {
    type Error = anyhow::Error;

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.port {
            Port::Serial(port) => port.write_all(bytes),
            Port::Tcp(stream) => stream.write_all(bytes),
            Port::Other(carrier) => return carrier.send(bytes),
        }
        .context("cannot send to the meter")
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>> {
        if let Some(byte) = self.received.pop_front() {
            return Ok(Some(byte));
        }
        // Zero would mean "for ever" to a socket.
        let timeout = Duration::from_millis(timeout_ms.max(1).into());
        let mut bytes = [0; 256];
        let read = match &mut self.port {
            Port::Serial(port) => {
                port.set_timeout(timeout)?;
                port.read(&mut bytes)
            }
            Port::Tcp(stream) => {
                stream.set_read_timeout(Some(timeout))?;
                stream.read(&mut bytes)
            }
            Port::Other(carrier) => return carrier.receive(timeout_ms),
        };
        match read {
            Ok(0) => bail!("the meter closed the line"),
            Ok(count) => {
                self.received.extend(&bytes[1..count]);
                Ok(Some(bytes[0]))
            }
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                Ok(None)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.receive(timeout_ms),
            Err(error) => Err(error).context("cannot receive from the meter"),
        }
    }

    fn set_bit_rate(&mut self, code: u16) -> Result<()> {
        let rate = RATES_BPS
            .get(usize::from(code))
            .copied()
            .filter(|rate| *rate != 0);
        let rate =
            rate.with_context(|| format!("the meter chose the unknown bit-rate code {code}"))?;
        if let Port::Other(carrier) = &mut self.port {
            return carrier.set_bit_rate(code);
        }
        if let Port::Serial(port) = &mut self.port {
            port.flush()?;
            // The acknowledgement that starts the change must have left the wire, and the meter needs a moment too.
            std::thread::sleep(Duration::from_millis(20));
            port.set_baud_rate(rate)
                .with_context(|| format!("this port cannot do {rate} bit/s"))?;
        }
        Ok(())
    }

    fn now_ms(&mut self) -> u32 {
        if let Port::Other(carrier) = &mut self.port {
            return carrier.now_ms();
        }
        self.opened.elapsed().as_millis() as u32
    }
}
