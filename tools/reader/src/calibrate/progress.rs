//! What a person sees while a calibration runs: a line for each load, live on a terminal.

use std::io::Write;

/// Where progress goes.
pub struct Progress<'w> {
    out: &'w mut dyn Write,
    is_live: bool,
    what: String,
    load: u32,
    loads: u32,
}

impl<'w> Progress<'w> {
    /// Progress of `loads` loads. `is_live`: `out` is a terminal, lines are rewritten as they grow.
    pub fn new(out: &'w mut dyn Write, is_live: bool, loads: u32) -> Self {
        Progress {
            out,
            is_live,
            what: String::new(),
            load: 0,
            loads,
        }
    }

    /// More loads follow than was thought.
    pub fn extend(&mut self, loads: u32) {
        self.loads += loads;
    }

    /// A load begins.
    pub fn begin(&mut self, what: &str) {
        self.load += 1;
        self.what = format!("{:2} of {} {what}", self.load, self.loads);
        self.write(&format!("{}: settling", self.what));
    }

    /// So many of its windows are there.
    pub fn at(&mut self, done: u32, of: u32) {
        self.write(&format!("{}: {done} of {of} windows", self.what));
    }

    /// The load is measured.
    pub fn end(&mut self) {
        self.say(&format!("{}: done", self.what.clone()));
    }

    /// A line that stays.
    pub fn say(&mut self, line: &str) {
        let clear = if self.is_live { "\r\x1b[K" } else { "" };
        // Nobody there to see it is no reason to stop.
        let _ = writeln!(self.out, "{clear}{line}");
        let _ = self.out.flush();
    }

    fn write(&mut self, line: &str) {
        if self.is_live {
            let _ = write!(self.out, "\r\x1b[K{line}");
            let _ = self.out.flush();
        }
    }
}
