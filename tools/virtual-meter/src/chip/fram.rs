//! FRAM accesses: wait states with the cache before them, and the write protection of program and information FRAM.
//!
//! TI documents a read cache of 64-bit lines but not its geometry on this part. The model takes that of the FR5xx
//! family: two sets of two lines, least recently used out, one fill per miss. A write goes through to the array and
//! always waits; a line that holds the word is updated. `AllHit` and `AllMiss` bound the truth from both sides.

use super::backplane::{Backplane, Lane, ResetCause};

/// How FRAM wait states are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FramTiming {
    /// The cache of two sets of two 8-byte lines.
    #[default]
    Cached,
    /// No access waits: the lower bound.
    AllHit,
    /// Every access waits: the upper bound.
    AllMiss,
}

/// A line number that no address has.
const NO_LINE: u16 = u16::MAX;

/// The cache's tags and the controller's registers.
#[derive(Debug)]
pub struct Fram {
    timing: FramTiming,
    /// Most recently used line of each set.
    recent: [u16; 2],
    /// The other line of each set.
    older: [u16; 2],
    wait_states: u32,
    /// FRCTL0 is unlocked by a byte write of A5h.
    unlocked: bool,
    general_control: u16,
    /// Reads that the cache served, and all reads: only misses are counted, the rest follows from the bus.
    misses: u64,
}

impl Fram {
    /// A controller after reset.
    pub fn new(timing: FramTiming) -> Self {
        Self {
            timing,
            recent: [NO_LINE; 2],
            older: [NO_LINE; 2],
            wait_states: 0,
            unlocked: false,
            general_control: 0x0004,
            misses: 0,
        }
    }

    /// Whether a read of `address` is certain not to wait: its line is the most recent of its set.
    #[inline(always)]
    pub fn has_ready(&self, address: u16) -> bool {
        let line = address >> 3;
        self.recent[usize::from(line & 1)] == line
    }

    /// The wait states of a read of `address`.
    #[inline(never)]
    pub fn read_wait(&mut self, address: u16) -> u32 {
        if self.has_ready(address) {
            return 0;
        }
        let line = address >> 3;
        if self.timing == FramTiming::AllMiss {
            self.misses += 1;
            return self.wait_states;
        }
        let set = usize::from(line & 1);
        let hit = self.older[set] == line;
        self.older[set] = self.recent[set];
        self.recent[set] = line;
        if hit || self.timing == FramTiming::AllHit {
            0
        } else {
            self.misses += 1;
            self.wait_states
        }
    }

    /// The wait states of a write.
    #[inline(always)]
    pub fn write_wait(&self) -> u32 {
        if self.timing == FramTiming::AllHit {
            0
        } else {
            self.wait_states
        }
    }

    /// Reads that missed the cache.
    pub fn misses(&self) -> u64 {
        self.misses
    }

    /// NWAITS.
    pub fn wait_states(&self) -> u32 {
        self.wait_states
    }

    /// The cache holds nothing any more (reset, or somebody changed the memory behind its back).
    pub fn flush(&mut self) {
        self.recent = [NO_LINE; 2];
        self.older = [NO_LINE; 2];
    }

    /// Back to the state after a reset.
    pub fn reset(&mut self) {
        let misses = self.misses;
        *self = Self {
            misses,
            ..Self::new(self.timing)
        };
    }

    /// Reads FRCTL0 (offset 0), GCCTL0 (4) or GCCTL1 (6); `None` where there is no register.
    pub fn read(&self, offset: u16) -> Option<u16> {
        match offset {
            0 => Some(0x9600 | (self.wait_states << 4) as u16),
            4 => Some(self.general_control & !0x0002),
            6 => Some(0),
            _ => None,
        }
    }

    /// Writes one of the registers; `None` where there is none.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        match (offset, lane) {
            (0, Lane::Word) if value >> 8 != 0xA5 => {
                backplane.request_reset(ResetCause::FrctlPassword)
            }
            (0, Lane::Word) => self.set_wait_states(value, backplane),
            (0, Lane::High) => self.unlocked = value >> 8 == 0xA5,
            _ if !self.unlocked && lane != Lane::Word && offset == 0 => {
                backplane.request_reset(ResetCause::FrctlPassword);
            }
            (0, Lane::Low) => self.set_wait_states(value, backplane),
            (4, _) => self.general_control = lane.merge(self.general_control, value) & 0x00E6,
            // Flags that nothing sets here: this FRAM has no bit errors.
            (6, _) => {}
            _ => return None,
        }
        Some(())
    }

    fn set_wait_states(&mut self, value: u16, backplane: &mut Backplane) {
        self.wait_states = u32::from(value >> 4 & 7);
        self.check_speed(backplane);
    }

    /// Raises a fault when MCLK is too fast for the wait states: 8 MHz each, with a margin for an unlocked FLL.
    pub fn check_speed(&self, backplane: &mut Backplane) {
        const PER_STEP_UHZ: u64 = 8_000_000_000_000;
        let mclk = backplane.clocks.mclk_frequency();
        if mclk > PER_STEP_UHZ * (u64::from(self.wait_states) + 1) / 100 * 102
            && self.wait_states < 2
        {
            backplane.misuse(format!(
                "MCLK is {:.3} MHz with {} FRAM wait states: set NWAITS before raising the clock, and clear it after lowering it",
                mclk as f64 / 1e12,
                self.wait_states
            ));
        }
    }
}

/// SYSCFG0: what a write to FRAM does.
#[derive(Clone, Copy, Debug)]
pub struct WriteProtection(u16);

impl Default for WriteProtection {
    fn default() -> Self {
        Self(0x0003)
    }
}

impl WriteProtection {
    /// SYSCFG0 as it reads.
    pub fn read(self) -> u16 {
        0x9600 | self.0
    }

    /// A write of SYSCFG0: without the password in the same word it has no effect.
    pub fn write(&mut self, value: u16, lane: Lane) {
        if lane == Lane::Word && value >> 8 == 0xA5 {
            self.0 = value & 0x00FF;
        }
    }

    /// May the firmware write `address` (main or information FRAM)?
    #[inline]
    pub fn allows(self, address: u16) -> bool {
        if address >= super::memory::FRAM_START {
            let open = u32::from(self.0 >> 2 & 0x3F) * 1024;
            self.0 & 1 == 0 || u32::from(address - super::memory::FRAM_START) < open
        } else {
            self.0 & 2 == 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_two_waits(timing: FramTiming) -> Fram {
        Fram {
            wait_states: 2,
            ..Fram::new(timing)
        }
    }

    #[test]
    fn straight_code_waits_once_a_line() {
        let mut fram = with_two_waits(FramTiming::Cached);
        let waits: u32 = (0x8000_u16..0x8020)
            .step_by(2)
            .map(|address| fram.read_wait(address))
            .sum();
        assert_eq!(waits, 4 * 2);
        assert_eq!(fram.misses(), 4);
    }

    #[test]
    fn two_lines_a_set_stay_and_the_third_evicts_the_oldest() {
        let mut fram = with_two_waits(FramTiming::Cached);
        for address in [0x8000, 0x8010, 0x8000, 0x8010] {
            fram.read_wait(address);
        }
        assert_eq!(fram.misses(), 2);
        assert_eq!(fram.read_wait(0x8020), 2);
        assert_eq!(fram.read_wait(0x8010), 0);
        assert_eq!(fram.read_wait(0x8000), 2);
    }

    #[test]
    fn bounds() {
        let mut hit = with_two_waits(FramTiming::AllHit);
        let mut miss = with_two_waits(FramTiming::AllMiss);
        for address in [0x8000, 0x8002, 0x9000] {
            assert_eq!(hit.read_wait(address), 0);
            assert_eq!(miss.read_wait(address), 2);
        }
        assert_eq!((hit.write_wait(), miss.write_wait()), (0, 2));
    }

    #[test]
    fn protection_opens_whole_kilobytes_from_the_start() {
        let mut protection = WriteProtection::default();
        assert!(!protection.allows(0x8000) && !protection.allows(0x1800));
        protection.write(0x0000, Lane::Word);
        assert!(!protection.allows(0x8000), "no password, no effect");
        protection.write(0xA500 | 2 << 2 | 3, Lane::Word);
        assert!(
            protection.allows(0x87FF) && !protection.allows(0x8800) && !protection.allows(0x1800)
        );
        protection.write(0xA501, Lane::Word);
        assert!(protection.allows(0x19FE) && !protection.allows(0x8000));
        assert_eq!(protection.read(), 0x9601);
    }
}
