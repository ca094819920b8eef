//! The real image in the virtual meter, as programs: started on a pty, stopped when dropped.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running virtual meter.
pub struct VirtualMeter {
    /// What goes behind `--port`.
    pub port: String,
    child: Child,
    folder: PathBuf,
}

impl Drop for VirtualMeter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Starts the image named by `METER430_ELF`, in real time, with these options; ready when its pty is there.
pub fn start(options: &[&str]) -> VirtualMeter {
    let image = std::env::var_os("METER430_ELF")
        .expect("METER430_ELF names the image; `cargo xtask test` sets it");
    // Programs of one build stand in one folder.
    let program = Path::new(env!("CARGO_BIN_EXE_meterctl")).with_file_name("virtual-meter");
    let folder = std::env::temp_dir().join(format!("meter430-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let port = folder.join("port");
    let child = Command::new(&program)
        .args(options)
        .arg("--port")
        .arg(format!("pty:{}", port.display()))
        .arg(image)
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let meter = VirtualMeter {
        port: port.display().to_string(),
        child,
        folder,
    };
    let started = Instant::now();
    while !port.exists() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the virtual meter opened no pty within 20 s"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    // The image starts its clock and its converter before it answers.
    std::thread::sleep(Duration::from_secs(2));
    meter
}
