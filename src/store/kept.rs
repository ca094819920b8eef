//! What the meter keeps over a supply failure beside its calibration: the energies, how often it started, the clock.
//!
//! | word of the content | what |
//! |---|---|
//! | 6 k … 6 k + 5 | energy register k of [`Energy`]: remainder (4 words), pulses (2 words) |
//! | 42 | power-ups |
//! | 43 | copies of a record that were found damaged |
//! | 44 | number of the next event |
//! | 45 … 48 | clock: the seven bytes of ST52, and the service switch's state |
//! | 49 | import at the beginning of the demand's sub-interval, as [`Interval::count`] tells it |
//! | 50 … 54 | demand: number of resets (a byte), date and time of the maximum (5), the maximum in W (4) |
//! | 55, 56 | wrong passwords in a row; seconds until the next one is looked at |
//! | 57 … 68 | what the tables say about log, self-reads and load profile: the words of each [`List`] |
//! | 69 … 75 | load profile: the words of [`Profile`] |
//! | 76 | STATUS of ST55: tier and season |
//! | 77, 78 | the same of the two sub-intervals before this one |
//! | 79 | what ST13 says |
//!
//! Words of a number go from the least significant to the most significant one. All of them are taken: another
//! field needs the place of one of these.

use crate::demand::{self, Demand, Interval};
use crate::list::{self, List};
use crate::profile::{self, Profile};
use c12::clock::{self, Clock};
use metrology::Energy;

/// 16-bit words of what is kept.
pub const WORDS: usize = INTERVAL as usize + 1;

/// The word of the power-ups.
pub const POWER_UPS: u16 = 42;
/// The word of the next event's number.
pub const EVENTS: u16 = 44;
/// The first word of the clock.
pub const CLOCK: u16 = 45;

/// The first word of what ST23 shows of the demand.
pub const DEMAND: u16 = 50;

/// The first word of the lists.
pub const LISTS: u16 = 57;

/// The first word of the load profile's state.
pub const PROFILE: u16 = LISTS + (list::COUNT * list::WORDS) as u16;

/// The word of tier and season.
pub const CALENDAR: u16 = PROFILE + profile::WORDS as u16;

/// The word of what ST13 says.
pub const INTERVAL: u16 = CALENDAR + demand::MOST as u16;

/// Those of the energy registers.
const REGISTERS: usize = 42;

const _: () = assert!(DEMAND as usize == REGISTERS + 3 + clock::SIZE.div_ceil(2) + 1);

/// What is kept, in the order in which it is stored: on the meter's chip it is stored as it lies in memory.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The energy registers.
    pub energy: Energy,
    /// Times that the meter started, wrapping at 65 536.
    pub power_ups: u16,
    /// Copies of a record that a start found damaged, since the meter was made; wrapping.
    pub copies_lost: u16,
    /// Number of the next event, wrapping.
    pub events: u16,
    /// What it is o'clock; after a supply failure, what it was.
    pub clock: Clock,
    /// The [service switch](crate::service::switch): 0 closed, 1 open, 2 armed.
    pub switch: u8,
    /// Maximum demand.
    pub demand: Demand,
    /// Wrong passwords in a row.
    pub failures: u16,
    /// Seconds until the next password is looked at; they do not pass without supply.
    pub wait_s: u16,
    /// Log, self-reads and blocks of the load profile, as [`list`] places them.
    pub lists: [List; list::COUNT],
    /// Load profile.
    pub profile: Profile,
    /// STATUS of ST55: bits 0 to 2 the tier, 12 to 15 the season.
    pub calendar: u16,
    /// What the import was when the sub-intervals of the demand before the one under way began, the last one first.
    pub earlier: [u16; demand::MOST - 1],
    /// What ST13 says.
    pub interval: Interval,
}

impl Kept {
    /// Of a new meter.
    pub const ZERO: Self = Self {
        energy: Energy::ZERO,
        power_ups: 0,
        copies_lost: 0,
        events: 0,
        clock: Clock::ZERO,
        switch: 0,
        demand: Demand::ZERO,
        failures: 0,
        wait_s: 0,
        lists: [const { List::ZERO }; list::COUNT],
        profile: Profile::ZERO,
        calendar: 0,
        earlier: [0; demand::MOST - 1],
        interval: Interval::ZERO,
    };

    /// In words, as the store holds it.
    #[must_use]
    pub fn to_words(&self) -> [u16; WORDS] {
        let mut words = [0; WORDS];
        let (registers, rest) = words.split_at_mut(REGISTERS);
        for (register, words) in self.energy.0.iter().zip(registers.chunks_exact_mut(6)) {
            let all = u128::from(register.remainder) | u128::from(register.pulses) << 64;
            for (k, word) in words.iter_mut().enumerate() {
                *word = (all >> (16 * k)) as u16;
            }
        }
        let [a, b, c, d, e, f, g] = *self.clock.bytes();
        let clock = [[a, b], [c, d], [e, f], [g, self.switch]].map(u16::from_le_bytes);
        let Demand {
            start,
            resets,
            time: [y, m, d, h, n],
            max_w,
            zero,
        } = self.demand;
        let shown = [[resets, y], [m, d], [h, n]].map(u16::from_le_bytes);
        let all = [self.power_ups, self.copies_lost, self.events];
        let begun = [start];
        let all = all.iter().chain(&clock).chain(&begun).chain(&shown);
        let later = [max_w, zero, self.failures, self.wait_s];
        let [log, self_reads, blocks] = &self.lists;
        let lists = [log.to_words(), self_reads.to_words(), blocks.to_words()];
        let profile = self.profile.to_words();
        let later = later.iter().chain(lists.as_flattened()).chain(&profile);
        let interval = [u16::from_le_bytes([
            self.interval.sub_min,
            self.interval.times,
        ])];
        let later = later.chain([&self.calendar]);
        let later = later.chain(&self.earlier).chain(&interval);
        for (to, from) in rest.iter_mut().zip(all.chain(later)) {
            *to = *from;
        }
        words
    }

    /// Of the words that the store holds.
    #[must_use]
    pub fn from_words(words: [u16; WORDS]) -> Self {
        let mut kept = Self::ZERO;
        for (register, words) in kept.energy.0.iter_mut().zip(words.chunks_exact(6)) {
            let join = |words: &[u16]| {
                let join = |all, word: &u16| all << 16 | u64::from(*word);
                words.iter().rev().fold(0, join)
            };
            register.remainder = join(&words[..4]);
            register.pulses = join(&words[4..]) as u32;
        }
        let [power_ups, copies_lost, events, time @ ..] = &words[REGISTERS..] else {
            return kept;
        };
        kept.power_ups = *power_ups;
        kept.copies_lost = *copies_lost;
        kept.events = *events;
        let mut bytes = time.iter().flat_map(|word| word.to_le_bytes());
        let mut byte = || bytes.next().unwrap_or(0);
        kept.clock = Clock::from_bytes(core::array::from_fn(|_| byte()));
        kept.switch = byte();
        kept.demand.start = u16::from_le_bytes([byte(), byte()]);
        kept.demand.resets = byte();
        kept.demand.time = core::array::from_fn(|_| byte());
        kept.demand.max_w = u16::from_le_bytes([byte(), byte()]);
        kept.demand.zero = u16::from_le_bytes([byte(), byte()]);
        kept.failures = u16::from_le_bytes([byte(), byte()]);
        kept.wait_s = u16::from_le_bytes([byte(), byte()]);
        let mut word = || u16::from_le_bytes([byte(), byte()]);
        for list in &mut kept.lists {
            *list = List::from_words(core::array::from_fn(|_| word()));
        }
        kept.profile = Profile::from_words(core::array::from_fn(|_| word()));
        kept.calendar = word();
        kept.earlier = core::array::from_fn(|_| word());
        let [sub_min, times] = word().to_le_bytes();
        kept.interval = Interval { sub_min, times };
        kept
    }
}
