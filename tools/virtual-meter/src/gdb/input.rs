//! The bytes of a debugger, with what gdbstub does not understand put into its words.

use std::collections::VecDeque;
use std::io::Read;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvError, TryRecvError, channel};
use std::thread;

use rustix::net::sockopt::set_tcp_quickack;

/// The reset of mspdebug, which expects an answer; in GDB's protocol the packet has none, so gdbstub ignores it.
const RESET: &[u8] = b"$R00#b2";
/// The same as a monitor command: qRcmd with "reset" in hexadecimal.
const MONITOR_RESET: &[u8] = b"$qRcmd,7265736574#37";
/// What GDB opens with, and mspdebug never sends.
const GREETING: &[u8] = b"$qSupported";

/// What there is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Byte(u8),
    Nothing,
    Closed,
}

/// Reads in a thread of its own, so that a running machine need not wait for the client; ends with the connection.
pub(super) struct Input {
    receiver: Receiver<Vec<u8>>,
    packets: Packets,
}

impl Input {
    pub(super) fn new(mut stream: TcpStream) -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                // mspdebug acknowledges with a byte of its own and then waits for the network's word that it has come, which
                // would take 40 ms for every packet. The setting does not last, and without it all is well but slow.
                let _ = set_tcp_quickack(&stream, true);
                let Ok(length @ 1..) = stream.read(&mut buffer) else {
                    break;
                };
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            receiver,
            packets: Packets::default(),
        }
    }

    /// The next byte if it has come already.
    pub(super) fn poll(&mut self) -> Next {
        loop {
            if let Some(byte) = self.packets.ready.pop_front() {
                return Next::Byte(byte);
            }
            match self.receiver.try_recv() {
                Ok(bytes) => self.packets.add(&bytes),
                Err(TryRecvError::Empty) => return Next::Nothing,
                Err(TryRecvError::Disconnected) => return Next::Closed,
            }
        }
    }

    /// The next byte, waited for; none when the connection is closed.
    pub(super) fn wait(&mut self) -> Option<u8> {
        loop {
            if let Some(byte) = self.packets.ready.pop_front() {
                return Some(byte);
            }
            match self.receiver.recv() {
                Ok(bytes) => self.packets.add(&bytes),
                Err(RecvError) => return None,
            }
        }
    }

    /// Whether the client is GDB, as far as it has spoken.
    pub(super) fn is_gdb(&self) -> bool {
        self.packets.greeted
    }
}

/// Cuts the bytes into packets and looks at each.
#[derive(Default)]
struct Packets {
    ready: VecDeque<u8>,
    /// A packet that has begun and not ended.
    partial: Vec<u8>,
    greeted: bool,
}

impl Packets {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.partial.is_empty() && byte != b'$' {
                // An acknowledgement, or 0x03 to halt.
                self.ready.push_back(byte);
                continue;
            }
            self.partial.push(byte);
            // A packet ends with its checksum, two digits after the only #.
            if self.partial.len() > 3 && self.partial[self.partial.len() - 3] == b'#' {
                self.greeted |= self.partial.starts_with(GREETING);
                let packet = if self.partial == RESET {
                    MONITOR_RESET
                } else {
                    &self.partial
                };
                self.ready.extend(packet);
                self.partial.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(packets: &mut Packets, bytes: &[u8]) -> String {
        packets.add(bytes);
        packets.ready.drain(..).map(char::from).collect()
    }

    #[test]
    fn packets_pass_when_they_are_whole() {
        let mut packets = Packets::default();
        assert_eq!(read(&mut packets, b"+\x03$m0"), "+\x03");
        assert_eq!(read(&mut packets, b"ff0,10#"), "");
        assert_eq!(read(&mut packets, b"4"), "");
        assert_eq!(read(&mut packets, b"d$g#67+$"), "$m0ff0,10#4d$g#67+");
        assert!(!packets.greeted);
    }

    #[test]
    fn mspdebugs_reset_becomes_a_monitor_command() {
        let mut packets = Packets::default();
        assert_eq!(read(&mut packets, b"+$R00#b2"), "+$qRcmd,7265736574#37");
    }

    #[test]
    fn gdb_is_known_by_its_greeting() {
        let mut packets = Packets::default();
        assert_eq!(
            read(&mut packets, b"$qSupported:swbreak+#5e"),
            "$qSupported:swbreak+#5e"
        );
        assert!(packets.greeted);
    }
}
