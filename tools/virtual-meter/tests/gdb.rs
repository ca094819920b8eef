//! The debugger stub: packets as mspdebug and GDB send them, and mspdebug itself.

#[path = "support/elf_file.rs"]
mod elf_file;
#[path = "support/flat.rs"]
mod flat;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;

use elf_file::File;
use flat::FlatMemory;
use virtual_meter::cpu::{Cpu, PC};
use virtual_meter::gdb::{Debuggable, Ended, Halt, Server, StopAt};

/// A CPU and plain memory. A jump to itself counts as the end of the simulated time, if the time is limited.
struct Machine {
    cpu: Cpu,
    memory: FlatMemory,
    limited: bool,
}

impl Machine {
    fn new() -> Self {
        let mut machine = Self {
            cpu: Cpu::new(),
            memory: FlatMemory::filled(0xFF),
            limited: false,
        };
        machine.reset();
        machine
    }

    /// A machine with the words of a program at 0x8000.
    fn with_program(words: &[u16]) -> Self {
        let mut machine = Self::new();
        for (address, &word) in (0x8000..).step_by(2).zip(words) {
            machine.memory.set_word(address, word);
        }
        machine.memory.set_word(0xFFFE, 0x8000);
        machine.reset();
        machine
    }
}

impl Debuggable for Machine {
    fn registers(&self) -> [u16; 16] {
        self.cpu.registers
    }

    fn set_registers(&mut self, registers: [u16; 16]) {
        self.cpu.registers = registers;
    }

    fn read_memory(&mut self, address: u16, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.memory.0[usize::from(address)..][..bytes.len()]);
    }

    fn write_memory(&mut self, address: u16, bytes: &[u8]) {
        self.memory.0[usize::from(address)..][..bytes.len()].copy_from_slice(bytes);
    }

    fn erase(&mut self) {
        self.memory.0[0x8000..].fill(0xFF);
    }

    fn reset(&mut self) {
        self.cpu.reset(&mut self.memory);
    }

    fn step(&mut self) -> Halt {
        let pc = self.cpu.registers[PC];
        match self.cpu.step(&mut self.memory) {
            Err(fault) => Halt::Fault(fault.to_string()),
            Ok(_) if self.limited && self.cpu.registers[PC] == pc => Halt::Finished,
            Ok(_) => Halt::Paused,
        }
    }

    fn run(&mut self, stop_at: &StopAt) -> Halt {
        for _ in 0..1000 {
            if stop_at.contains(self.cpu.registers[PC]) {
                return Halt::Breakpoint;
            }
            match self.step() {
                Halt::Paused => {}
                halt => return halt,
            }
        }
        Halt::Paused
    }
}

/// `mov #0, r5; loop: inc r5; mov r5, &2000h; jmp loop`
const COUNTER: [u16; 5] = [0x4305, 0x5315, 0x4582, 0x2000, 0x3FFC];

/// A debugger that sends packets and reads the answers.
struct Client {
    stream: TcpStream,
}

impl Client {
    fn send(&mut self, packet: &str) {
        let sum: u8 = packet.bytes().fold(0, u8::wrapping_add);
        self.stream
            .write_all(format!("${packet}#{sum:02x}").as_bytes())
            .expect("the stub listens");
    }

    /// The content of the next packet, which is acknowledged.
    fn answer(&mut self) -> String {
        let mut read = || {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("the stub answers");
            char::from(byte[0])
        };
        while read() != '$' {}
        let mut content = String::new();
        loop {
            match read() {
                '#' => break,
                character => content.push(character),
            }
        }
        read();
        read();
        self.stream.write_all(b"+").expect("the stub listens");
        content
    }

    fn ask(&mut self, packet: &str) -> String {
        self.send(packet);
        self.answer()
    }
}

/// Lets `talk` debug `machine`; returns the machine, how the client left and what was logged.
fn session(
    mut machine: Machine,
    talk: impl FnOnce(&mut Client) + Send,
) -> (Machine, Ended, Vec<String>) {
    let server = Server::bind("127.0.0.1:0").expect("there is a free port");
    let address = server.address().expect("the port has an address");
    let mut log = Vec::new();
    let ended = thread::scope(|scope| {
        scope.spawn(move || {
            let stream = TcpStream::connect(address).expect("the server listens");
            talk(&mut Client { stream });
        });
        server
            .serve(&mut machine, &mut |line| log.push(line.to_string()))
            .expect("the client speaks the protocol")
    });
    (machine, ended, log)
}

#[test]
fn a_client_that_says_no_qsupported_gets_16_bits_a_register() {
    let (machine, ended, _) = session(Machine::with_program(&COUNTER), |client| {
        let registers = client.ask("g");
        assert_eq!(registers.len(), 64);
        assert_eq!(&registers[..4], "0080");
        let changed = format!("{}efbe{}", &registers[..20], &registers[24..]);
        // Whatever is written to R3, it stays 0.
        let with_r3 = format!("{}3131{}", &changed[..12], &changed[16..]);
        assert_eq!(client.ask(&format!("G{with_r3}")), "OK");
        assert_eq!(client.ask("g"), changed);
    });
    assert_eq!((machine.cpu.registers[5], ended), (0xBEEF, Ended::Detached));
}

#[test]
fn gdb_gets_32_bits_a_register() {
    session(Machine::with_program(&COUNTER), |client| {
        assert!(
            client
                .ask("qSupported:multiprocess+;swbreak+;hwbreak+")
                .contains("qXfer:features:read+")
        );
        let description = client.ask("qXfer:features:read:target.xml:0,ffb");
        assert!(
            description.contains("<architecture>msp430x</architecture>"),
            "{description}"
        );
        let registers = client.ask("g");
        assert_eq!(registers.len(), 128);
        assert_eq!(&registers[..8], "00800000");
        assert_eq!(
            client.ask(&format!("G{}", registers.replace("00800000", "02800000"))),
            "OK"
        );
        assert_eq!(&client.ask("g")[..8], "02800000");
    });
}

#[test]
fn memory_is_read_and_written_up_to_its_end() {
    let (machine, ..) = session(Machine::with_program(&COUNTER), |client| {
        assert_eq!(client.ask("M2000,4:01020304"), "OK");
        assert_eq!(client.ask("m2000,4"), "01020304");
        assert_eq!(client.ask("mfffe,2"), "0080");
        assert_eq!(client.ask("mfffe,4"), "0080");
        assert!(client.ask("Mfffe,4:01020304").starts_with('E'));
        assert!(client.ask("m10000,2").starts_with('E'));
        // Zeros would be compressed, which mspdebug cannot read.
        assert_eq!(client.ask("M3000,8:0000000000000000"), "OK");
        assert_eq!(client.ask("m3000,8"), "0000000000000000");
    });
    assert_eq!(machine.memory.word(0x2002), 0x0403);
}

#[test]
fn it_steps_runs_to_a_breakpoint_and_halts() {
    session(Machine::with_program(&COUNTER), |client| {
        assert_eq!(client.ask("s"), "S05");
        assert_eq!(&client.ask("g")[..4], "0280");
        assert_eq!(client.ask("Z1,8008,2"), "OK");
        assert_eq!(client.ask("c"), "S05");
        assert_eq!(
            &client.ask("g")[..24],
            "08800000000000000000".to_owned() + "0100"
        );
        assert_eq!(client.ask("c"), "S05");
        assert_eq!(client.ask("m2000,2"), "0200");
        // Two in a row, and back to the first.
        assert_eq!(client.ask("Z1,8002,2"), "OK");
        assert_eq!(client.ask("c"), "S05");
        assert_eq!(&client.ask("g")[..4], "0280");
        assert_eq!(client.ask("z1,8002,2"), "OK");
        assert_eq!(client.ask("c"), "S05");
        assert_eq!(&client.ask("g")[..4], "0880");
        assert_eq!(client.ask("z1,8008,2"), "OK");
        client.send("c");
        client.stream.write_all(&[3]).expect("the stub listens");
        assert_eq!(client.answer(), "S02");
    });
}

#[test]
fn reset_and_erase_answer_with_a_bare_ok() {
    let (machine, ..) = session(Machine::with_program(&COUNTER), |client| {
        assert_eq!(client.ask("s"), "S05");
        assert_eq!(client.ask("R00"), "OK");
        assert_eq!(&client.ask("g")[..4], "0080");
        assert_eq!(client.ask("qRcmd,6572617365"), "OK");
        assert_eq!(client.ask("m8000,4"), "ffffffff");
    });
    assert_eq!(machine.memory.word(0xFFFE), 0xFFFF);
}

#[test]
fn a_fault_halts_with_a_signal_and_one_line() {
    let (_, _, log) = session(Machine::with_program(&[0x4303, 0x1800]), |client| {
        assert_eq!(client.ask("c"), "S04");
        assert_eq!(&client.ask("g")[..4], "0280");
    });
    assert_eq!(log, ["MSP430X extension word 0x1800"]);
}

#[test]
fn the_end_of_the_simulated_time_and_kill_end_the_session() {
    let machine = Machine {
        limited: true,
        ..Machine::with_program(&[0x3FFF])
    };
    let (.., ended, _) = session(machine, |client| assert_eq!(client.ask("c"), "W00"));
    assert_eq!(ended, Ended::Finished);
    let (.., ended, _) = session(Machine::with_program(&COUNTER), |client| client.send("k"));
    assert_eq!(ended, Ended::Killed);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Server::bind("127.0.0.1:0").expect("there is a free port");
    let address = server
        .address()
        .expect("the port has an address")
        .to_string();
    let error = Server::bind(&address)
        .expect_err("the port is taken")
        .to_string();
    assert!(
        error.starts_with(&format!("debugger port {address}: ")) && !error.contains('\n'),
        "{error}"
    );
}

#[test]
#[ignore = "needs mspdebug; run by cargo xtask test"]
fn mspdebug_programs_verifies_and_runs() {
    let code = COUNTER.iter().flat_map(|word| word.to_le_bytes()).collect();
    let image = format!("{}/gdb-counter.elf", env!("CARGO_TARGET_TMPDIR"));
    let file = File {
        code,
        code_memory_bytes: 10,
        ..File::default()
    };
    std::fs::write(&image, file.bytes()).expect("the target folder is writable");

    let server = Server::bind("127.0.0.1:0").expect("there is a free port");
    let address = server
        .address()
        .expect("the port has an address")
        .to_string();
    let mut machine = Machine::new();
    let mspdebug = Command::new("mspdebug")
        .args(["-n", "-q", "-d", &address, "gdbc", "erase"])
        .args([format!("prog {image}"), format!("verify {image}")])
        .args([
            "setbreak 0x8008",
            "run",
            "run",
            "regs",
            "md 0x2000 2",
            "step",
            "set r5 0xbeef",
            "regs",
        ])
        .args(["mw 0x2100 aa 55", "md 0x2100 2", "reset", "regs"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("mspdebug is installed: apt-get install mspdebug");
    let ended = server
        .serve(&mut machine, &mut |line| panic!("{line}"))
        .expect("mspdebug speaks the protocol");
    let output = mspdebug.wait_with_output().expect("mspdebug was started");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);

    assert!(output.status.success(), "{text}");
    assert_eq!(ended, Ended::Detached);
    for expected in [
        "(R5: 00002)",
        "02000: 02 00",
        "(R5: 0beef)",
        "02100: aa 55",
        "(PC: 08000)",
    ] {
        assert!(
            text.replace("( ", "(")
                .replace("( ", "(")
                .contains(expected),
            "no {expected} in:\n{text}"
        );
    }
    assert_eq!(machine.memory.word(0x2100), 0x55AA);
}
