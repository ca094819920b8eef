//! A UART as a TCP server: one program at a time, raw bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use super::Endpoint;
use crate::chip::uart_line::FarBaud;

/// A listening socket and the program that is connected to it.
pub struct Tcp {
    listener: TcpListener,
    stream: Option<TcpStream>,
}

impl Tcp {
    /// Listens at `address` (`HOST:PORT`; port 0 takes a free one).
    pub fn listen(address: &str) -> Result<Self, String> {
        let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                "is taken by another program; choose another port number".to_owned()
            }
            _ => error.to_string(),
        })?;
        listener
            .set_nonblocking(true)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            listener,
            stream: None,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.listener
            .local_addr()
            .map(|address| address.to_string())
            .unwrap_or_default()
    }

    /// Takes the next program once the one before has gone.
    fn accept(&mut self) {
        if self.stream.is_none()
            && let Ok((stream, _)) = self.listener.accept()
            && stream.set_nonblocking(true).is_ok()
        {
            // Small frames that want an answer: never wait for more to send.
            let _ = stream.set_nodelay(true);
            self.stream = Some(stream);
        }
    }
}

impl Endpoint for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.accept();
        let Some(stream) = &mut self.stream else {
            return 0;
        };
        match stream.read(buffer) {
            Ok(length) if length > 0 => length,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                0
            }
            _ => {
                self.stream = None;
                0
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.accept();
        let Some(stream) = &mut self.stream else {
            return;
        };
        match stream.write(bytes) {
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.stream = None,
        }
    }

    fn baud(&mut self) -> FarBaud {
        FarBaud::Follow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_said_so() {
        let first = Tcp::listen("127.0.0.1:0").unwrap();
        let error = Tcp::listen(&first.address()).err().unwrap();
        assert!(error.contains("taken"), "{error}");
    }

    #[test]
    fn bytes_go_both_ways_and_a_second_program_waits() {
        let mut tcp = Tcp::listen("127.0.0.1:0").unwrap();
        for text in [b"one", b"two"] {
            let mut program = TcpStream::connect(tcp.address()).unwrap();
            program.write_all(text).unwrap();
            let mut buffer = [0; 16];
            let mut length = 0;
            while length < 3 {
                length += tcp.read(&mut buffer[length..]);
            }
            assert_eq!(&buffer[..3], text);
            tcp.write(b"ok");
            program.read_exact(&mut buffer[..2]).unwrap();
            drop(program);
            while tcp.stream.is_some() {
                tcp.read(&mut buffer);
            }
        }
    }
}
