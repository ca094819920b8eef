//! A meter in this process, on a pty or on TCP, for the reader to read.
#![allow(dead_code)] // Every test file uses its own part.

pub mod meter;
pub mod virtual_meter;

use c12::frame::{Frame, ticks};
use c12::link::{Link, Turn};
use c12::responder::Responder;
use meter::Meter;
use nix::pty::{OpenptyResult, openpty};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A running meter; stops when dropped.
pub struct Running {
    /// What goes behind `--port`.
    pub port: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Keeps the pty alive between readers.
    _slave: Option<std::os::fd::OwnedFd>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the meter's thread");
        }
    }
}

/// Starts the meter on a new pty.
pub fn on_pty() -> Running {
    let OpenptyResult { master, slave } = openpty(None, None).expect("a pty");
    // Raw from the start: nothing may be echoed before the reader has opened it.
    let mut mode = tcgetattr(slave.as_fd()).expect("terminal mode");
    cfmakeraw(&mut mode);
    tcsetattr(slave.as_fd(), SetArg::TCSANOW, &mode).expect("raw mode");
    let port = nix::unistd::ttyname(slave.as_fd())
        .expect("its name")
        .display()
        .to_string();
    nix::fcntl::fcntl(
        master.as_fd(),
        nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK),
    )
    .expect("non-blocking");
    start(port, Some(slave), move |stop| {
        serve(&mut File::from(master), &mut Meter::new(), stop)
    })
}

/// Starts the meter on a free TCP port of this machine.
pub fn on_tcp() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("non-blocking");
    let port = format!("tcp:{}", listener.local_addr().expect("its address"));
    start(port, None, move |stop| {
        let mut meter = Meter::new();
        while !stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => serve_stream(stream, &mut meter, stop),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    })
}

fn serve_stream(mut stream: TcpStream, meter: &mut Meter, stop: &AtomicBool) {
    stream.set_nodelay(true).expect("no delay");
    stream.set_nonblocking(true).expect("non-blocking");
    serve(&mut stream, meter, stop);
}

fn start(
    port: String,
    slave: Option<std::os::fd::OwnedFd>,
    run: impl FnOnce(&AtomicBool) + Send + 'static,
) -> Running {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let thread = std::thread::spawn(move || run(&flag));
    Running {
        port,
        stop,
        thread: Some(thread),
        _slave: slave,
    }
}

/// The firmware's main loop and interrupts in one, until the other end is gone.
fn serve(port: &mut (impl Read + Write), meter: &mut Meter, stop: &AtomicBool) {
    let started = Instant::now();
    let mut frame = Frame::new();
    let mut link = Link::new(&mut frame);
    let mut responder = Responder::new();
    let mut bytes = [0; 64];
    while !stop.load(Ordering::Relaxed) {
        let now = || ticks(started.elapsed().as_millis() as u32);
        match port.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => {
                for byte in &bytes[..count] {
                    link.receive(u16::from(*byte), now());
                    work(&mut link, &mut responder, meter, now(), port);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                work(&mut link, &mut responder, meter, now(), port);
                std::thread::sleep(Duration::from_micros(200));
            }
            Err(_) => return,
        }
    }
}

fn work(
    link: &mut Link,
    responder: &mut Responder,
    meter: &mut Meter,
    now: u16,
    port: &mut impl Write,
) {
    loop {
        let mut out = Vec::new();
        while let Some(byte) = link.transmit(now) {
            out.push(byte as u8);
        }
        if port.write_all(&out).is_err() {
            return;
        }
        match link.turn(now) {
            Turn::Idle => return,
            Turn::Transmit => {}
            Turn::Lost => responder.lost(meter),
            Turn::Serve(cause, frame) => {
                responder.serve(cause, frame, meter);
                link.send(frame);
            }
        }
    }
}
