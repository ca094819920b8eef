//! Drives `mspdebug sim` with a file of commands and collects the registers that it prints.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running mspdebug.
pub struct Simulator {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    last_lines: Vec<String>,
}

/// A folder of its own for each `name`, which may already exist.
pub fn scratch_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

impl Simulator {
    /// Starts mspdebug on `commands`, which are written to `folder` first.
    pub fn run(commands: &str, folder: &Path) -> Self {
        let file = folder.join("commands.txt");
        std::fs::write(&file, commands).expect("the target folder is writable");
        let mut process = Command::new("mspdebug")
            .args(["-n", "-q", "sim"])
            .arg(format!("read {}", file.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("mspdebug is installed: apt-get install mspdebug");
        let output = BufReader::new(process.stdout.take().expect("the output is piped"));
        Self {
            process,
            output,
            last_lines: Vec::new(),
        }
    }

    /// The registers that mspdebug prints next, after a `step`, `set` or `regs`; none when it has ended.
    pub fn registers(&mut self) -> Option<[u16; 16]> {
        // Four lines of four columns; a column is four registers, the first one PC, SP, SR, R3.
        let mut registers = [0; 16];
        let mut row = 0;
        let mut line = String::new();
        while row < 4 {
            line.clear();
            if self
                .output
                .read_line(&mut line)
                .expect("mspdebug prints text")
                == 0
            {
                return None;
            }
            if line.starts_with("    (") {
                for (column, field) in line.split('(').skip(1).enumerate() {
                    let value = field
                        .split([':', ')'])
                        .nth(1)
                        .expect("a register has a value")
                        .trim();
                    registers[4 * column + row] =
                        u16::from_str_radix(value, 16).expect("registers are hexadecimal");
                }
                row += 1;
            } else if !line.starts_with("    0") {
                self.last_lines.truncate(9);
                self.last_lines.insert(0, line.trim_end().to_owned());
            }
        }
        Some(registers)
    }

    /// Waits for the end; panics with what mspdebug said if it failed.
    pub fn finish(mut self) {
        while self.registers().is_some() {}
        let result = self.process.wait().expect("mspdebug was started");
        self.last_lines.reverse();
        assert!(
            result.success(),
            "mspdebug failed: {}",
            self.last_lines.join("\n")
        );
    }
}
