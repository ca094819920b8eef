//! The two-deep store between conversion and frame, and the quirk that comes with it (SBAS889A 8.5.1.9.1).
//!
//! A host that reads each sample never notices it. One that starts late or misses a sample finds both places full: its
//! next frame carries the *older* sample and the ready bits stay set, one sample of lag that lasts until it reads twice
//! in one period or strobes SYNC.

use super::registers::CHANNELS;

/// One conversion result of all channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Counts conversions since the part was made; tells samples apart.
    pub number: u64,
    /// Signed 24-bit codes.
    pub codes: [i32; CHANNELS],
}

/// At most two samples, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Fifo {
    older: Option<Sample>,
    newer: Option<Sample>,
    last_read: Sample,
}

impl Fifo {
    /// Takes a new sample; true if an unread one had to go for it.
    pub fn push(&mut self, sample: Sample) -> bool {
        match (self.older, self.newer) {
            (None, _) => self.older = Some(sample),
            (Some(_), None) => self.newer = Some(sample),
            (Some(_), Some(newer)) => {
                self.older = Some(newer);
                self.newer = Some(sample);
                return true;
            }
        }
        false
    }

    /// The sample that a frame starting now carries: the oldest unread, or a repetition of the last one read.
    pub fn front(&self) -> Sample {
        self.older.unwrap_or(self.last_read)
    }

    /// Marks `sample` as read, if it has not been pushed out meanwhile.
    pub fn read(&mut self, sample: Sample) {
        if self
            .older
            .is_some_and(|older| older.number == sample.number)
        {
            self.older = self.newer.take();
            self.last_read = sample;
        }
    }

    /// Whether there is nothing unread.
    pub fn is_empty(&self) -> bool {
        self.older.is_none()
    }

    /// Forgets everything unread.
    pub fn clear(&mut self) {
        self.older = None;
        self.newer = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(number: u64) -> Sample {
        Sample {
            number,
            codes: [number as i32; CHANNELS],
        }
    }

    #[test]
    fn a_late_reader_lags_until_it_reads_twice() {
        let mut fifo = Fifo::default();
        assert!(!fifo.push(sample(1)) && !fifo.push(sample(2)) && fifo.push(sample(3)));
        assert_eq!(fifo.front(), sample(2));
        fifo.read(sample(2));
        assert!(!fifo.is_empty());
        fifo.push(sample(4));
        assert_eq!(fifo.front(), sample(3), "one sample behind");
        fifo.read(fifo.front());
        fifo.read(fifo.front());
        assert!(fifo.is_empty());
        assert_eq!(fifo.front(), sample(4), "nothing new: the last one again");
    }

    #[test]
    fn a_sample_pushed_out_while_being_read_takes_none_with_it() {
        let mut fifo = Fifo::default();
        fifo.push(sample(1));
        let reading = fifo.front();
        fifo.push(sample(2));
        fifo.push(sample(3));
        fifo.read(reading);
        assert_eq!(fifo.front(), sample(2));
    }
}
