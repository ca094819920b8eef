//! mspdebug's GDB client on the program with the real image: what a developer does with a board.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A `virtual-meter` that is ended with the test.
struct Meter(Child);

impl Drop for Meter {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The image that xtask has built.
fn image() -> String {
    std::env::var("METER430_ELF").expect("METER430_ELF names the image: cargo xtask test")
}

/// The meter with a debugger port at the returned address.
fn meter() -> (Meter, String) {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.expect("there is a free port").to_string();
    let child = Command::new(env!("CARGO_BIN_EXE_virtual-meter"))
        .args(["--gdb", &address, "--speed", "max", &image()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    (Meter(child), address)
}

/// What mspdebug prints for `commands`, and whether it was content.
fn mspdebug(address: &str, commands: &[&str]) -> (String, bool) {
    let output = Command::new("mspdebug")
        .args(["-n", "-q", "-d", address, "gdbc"])
        .args(commands)
        .stdin(Stdio::null())
        .output()
        .expect("mspdebug is installed: apt-get install mspdebug");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (text.into_owned(), output.status.success())
}

#[test]
#[ignore = "needs the image and mspdebug: cargo xtask test"]
fn mspdebug_erases_programs_verifies_breaks_and_runs() {
    let (_meter, address) = meter();
    let prog = format!("prog {}", image());
    let verify = format!("verify {}", image());
    // Three stops: in the main loop's life before it, and twice in the handler of every sample.
    let commands = [
        "erase",
        &prog,
        &verify,
        "setbreak main",
        "run",
        "delbreak",
        "setbreak TIMER1_B1",
        "run",
        "run",
        "regs",
        "step",
        "regs",
        "md 0xfffe 2",
        "set r5 0xbeef",
        "regs",
        "reset",
        "regs",
    ];
    let begun = Instant::now();
    let (text, content) = loop {
        let result = mspdebug(&address, &commands);
        // The port opens a moment after the program has started.
        if result.1 || begun.elapsed() > Duration::from_secs(60) || !result.0.contains("connect") {
            break result;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(content, "{text}");
    assert!(text.contains("main:"), "did not stop at main:\n{text}");
    assert!(
        text.matches("TIMER1_B1:").count() >= 2,
        "did not stop twice in the sample handler:\n{text}"
    );
    assert!(text.contains("R5: 0beef"), "did not set R5:\n{text}");
}

#[test]
#[ignore = "needs the image: cargo xtask test"]
fn a_debugger_port_that_is_taken_is_refused_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken
        .local_addr()
        .expect("the port has an address")
        .to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_virtual-meter"))
        .args(["--gdb", &address, &image()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let status = child.wait().expect("the program ends");
    let lines: Vec<_> = BufReader::new(child.stderr.take().expect("standard error is piped"))
        .lines()
        .collect();
    assert!(!status.success());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].as_ref().is_ok_and(|line| line.contains(&address)),
        "{lines:?}"
    );
}
