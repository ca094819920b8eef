//! The debugger's connection: TCP, one client at a time, and the machine run between its packets.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use gdbstub::common::Signal;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, GdbStubError, SingleThreadStopReason};

use super::input::{Input, Next};
use super::target::Session;
use super::{Debuggable, Halt, StopAt};

/// A port where debuggers connect.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
}

/// How a client left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It closed the connection or detached; the machine is where it left it.
    Detached,
    /// It wants the machine to end.
    Killed,
    /// The simulated time was over while it ran the machine.
    Finished,
}

impl Server {
    /// Opens `address`, such as `127.0.0.1:2000`; port 0 is any free one.
    ///
    /// # Errors
    /// When the address is taken or is none of this machine's.
    pub fn bind(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).map_err(|cause| {
            io::Error::new(cause.kind(), format!("debugger port {address}: {cause}"))
        })?;
        Ok(Self { listener })
    }

    /// The address that is open.
    ///
    /// # Errors
    /// When the operating system does not know.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for a client and lets it debug `machine` until it leaves. `log` gets one line for each fault.
    ///
    /// # Errors
    /// When the connection breaks, or the client does not speak the protocol.
    pub fn serve<M: Debuggable>(
        &self,
        machine: &mut M,
        log: &mut dyn FnMut(fmt::Arguments<'_>),
    ) -> io::Result<Ended> {
        let (stream, _) = self.listener.accept()?;
        debug(stream, machine, log)
    }

    /// As [`Server::serve`], but returns none at once when no client is waiting.
    ///
    /// # Errors
    /// As [`Server::serve`].
    pub fn serve_if_waiting<M: Debuggable>(
        &self,
        machine: &mut M,
        log: &mut dyn FnMut(fmt::Arguments<'_>),
    ) -> io::Result<Option<Ended>> {
        self.listener.set_nonblocking(true)?;
        let waiting = self.listener.accept();
        self.listener.set_nonblocking(false)?;
        match waiting {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                debug(stream, machine, log).map(Some)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// One client from its first packet to its last.
fn debug<M: Debuggable>(
    stream: TcpStream,
    machine: &mut M,
    log: &mut dyn FnMut(fmt::Arguments<'_>),
) -> io::Result<Ended> {
    let mut input = Input::new(stream.try_clone()?);
    let mut session = Session {
        machine,
        stop_at: StopAt::default(),
        wide: false,
        single_step: false,
        fresh: false,
    };
    let mut stub = GdbStub::new(stream)
        .run_state_machine(&mut session)
        .map_err(protocol_error)?;
    loop {
        session.wide = input.is_gdb();
        stub = match stub {
            GdbStubStateMachine::Idle(idle) => {
                let Some(byte) = input.wait() else {
                    return Ok(Ended::Detached);
                };
                session.wide = input.is_gdb();
                match idle
                    .incoming_data(&mut session, byte)
                    .map_err(protocol_error)?
                {
                    // It was stopped already; to report that again would end the next run before it starts.
                    GdbStubStateMachine::CtrlCInterrupt(interrupt) => interrupt
                        .interrupt_handled(&mut session, None::<SingleThreadStopReason<u32>>)
                        .map_err(protocol_error)?,
                    next => next,
                }
            }
            GdbStubStateMachine::Running(running) => match input.poll() {
                Next::Closed => return Ok(Ended::Detached),
                Next::Byte(byte) => running
                    .incoming_data(&mut session, byte)
                    .map_err(protocol_error)?,
                Next::Nothing => {
                    let reason = match session.resume() {
                        Halt::Paused if session.single_step => SingleThreadStopReason::DoneStep,
                        Halt::Paused => {
                            stub = running.into();
                            continue;
                        }
                        Halt::Breakpoint => SingleThreadStopReason::DoneStep,
                        Halt::Fault(what) => {
                            log(format_args!("{what}"));
                            SingleThreadStopReason::Signal(Signal::SIGILL)
                        }
                        Halt::Finished => SingleThreadStopReason::Exited(0),
                    };
                    running
                        .report_stop(&mut session, reason)
                        .map_err(protocol_error)?
                }
            },
            GdbStubStateMachine::CtrlCInterrupt(interrupt) => interrupt
                .interrupt_handled(
                    &mut session,
                    Some(SingleThreadStopReason::Signal(Signal::SIGINT)),
                )
                .map_err(protocol_error)?,
            GdbStubStateMachine::Disconnected(disconnected) => {
                return Ok(match disconnected.get_reason() {
                    DisconnectReason::Kill => Ended::Killed,
                    DisconnectReason::TargetExited(_) => Ended::Finished,
                    _ => Ended::Detached,
                });
            }
        };
    }
}

fn protocol_error<T: fmt::Debug + fmt::Display, C: fmt::Debug + fmt::Display>(
    error: GdbStubError<T, C>,
) -> io::Error {
    io::Error::other(format!("debugger: {error}"))
}
