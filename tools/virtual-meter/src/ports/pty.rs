//! A UART as a pseudo terminal, under a path that the user chooses.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::Endpoint;
use crate::chip::uart_line::FarBaud;

/// The master side; the path is a symbolic link to the other one and goes when this does.
pub struct Pty {
    master: OwnedFd,
    link: PathBuf,
    /// A program has the other side open.
    in_use: bool,
    baud: u32,
}

impl Pty {
    /// Opens a pseudo terminal in raw mode and links `link` to it. A link that leads nowhere is replaced.
    pub fn open(link: &Path, baud: u32) -> Result<Self, String> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map_err(text)?;
        rustix::pty::grantpt(&master).map_err(text)?;
        rustix::pty::unlockpt(&master).map_err(text)?;
        let name = rustix::pty::ptsname(&master, Vec::new()).map_err(text)?;
        let name = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        // Opened once, to be made raw: the settings last as long as the master.
        let other =
            rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).map_err(text)?;
        let mut settings = tcgetattr(&other).map_err(text)?;
        settings.make_raw();
        settings.set_speed(baud).map_err(text)?;
        tcsetattr(&other, OptionalActions::Now, &settings).map_err(text)?;
        drop(other);
        rustix::io::ioctl_fionbio(&master, true).map_err(text)?;
        make_link(name, link)?;
        Ok(Self {
            master,
            link: link.to_owned(),
            in_use: false,
            baud,
        })
    }

    /// Looks whether a program has the other side open; what it did not read is lost when it goes.
    fn look(&mut self) {
        let mut ask = [PollFd::new(&self.master, PollFlags::IN)];
        let hung_up = poll(
            &mut ask,
            Some(&rustix::event::Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        )
        .is_ok()
            && ask[0].revents().contains(PollFlags::HUP)
            && !ask[0].revents().contains(PollFlags::IN);
        self.in_use = !hung_up;
    }
}

fn text(error: rustix::io::Errno) -> String {
    std::io::Error::from(error).to_string()
}

fn make_link(target: &Path, link: &Path) -> Result<(), String> {
    if link
        .symlink_metadata()
        .is_ok_and(|found| found.is_symlink())
        && !link.exists()
    {
        fs::remove_file(link).map_err(|error| error.to_string())?;
    }
    std::os::unix::fs::symlink(target, link).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            "the path exists: another virtual meter uses it, or it is left over; choose another or remove it".to_owned()
        }
        _ => error.to_string(),
    })
}

impl Endpoint for Pty {
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.look();
        if self.in_use {
            rustix::io::read(&self.master, buffer).unwrap_or(0)
        } else {
            0
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.look();
        if self.in_use {
            // What does not fit is lost, as on a line.
            let _ = rustix::io::write(&self.master, bytes);
        }
    }

    fn baud(&mut self) -> FarBaud {
        let speed = tcgetattr(&self.master).map(|settings: Termios| settings.output_speed());
        if let Ok(speed @ 1..) = speed {
            self.baud = speed;
        }
        FarBaud::Fixed(self.baud)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("virtual-meter-{name}-{}", std::process::id()))
    }

    #[test]
    fn bytes_go_both_ways_and_settings_last() {
        let link = path("both-ways");
        let mut pty = Pty::open(&link, 9_600).unwrap();
        pty.write(b"nobody listens");
        assert_eq!(pty.baud(), FarBaud::Fixed(9_600));
        for round in 0..2 {
            let mut program = fs::File::options()
                .read(true)
                .write(true)
                .open(&link)
                .unwrap();
            program.write_all(&[0x03, 0x0D, 0x0A, round]).unwrap();
            let mut buffer = [0; 16];
            assert_eq!(pty.read(&mut buffer), 4);
            assert_eq!(buffer[..4], [0x03, 0x0D, 0x0A, round], "raw");
            pty.write(&[0x0D, 0xEE]);
            program.read_exact(&mut buffer[..2]).unwrap();
            assert_eq!(buffer[..2], [0x0D, 0xEE]);
            let mut settings = tcgetattr(&program).unwrap();
            settings.set_speed(115_200).unwrap();
            tcsetattr(&program, OptionalActions::Now, &settings).unwrap();
            assert_eq!(pty.baud(), FarBaud::Fixed(115_200));
        }
        drop(pty);
        assert!(
            link.symlink_metadata().is_err(),
            "the link goes with the port"
        );
    }

    #[test]
    fn a_taken_path_is_said_so_and_a_dead_link_is_replaced() {
        let link = path("taken");
        let first = Pty::open(&link, 9_600).unwrap();
        assert!(Pty::open(&link, 9_600).err().unwrap().contains("exists"));
        drop(first);
        std::os::unix::fs::symlink("/nonexistent", &link).unwrap();
        drop(Pty::open(&link, 9_600).unwrap());
    }
}
