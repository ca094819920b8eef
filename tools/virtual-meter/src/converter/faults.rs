//! Faults of the converter and its wiring that a scenario can order.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::time::Time;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One bit of a frame from the converter arrives inverted.
    CorruptResponse,
    /// One bit of a command word to the converter arrives inverted.
    CorruptCommand,
    /// DRDY does not fall for a sample.
    LostReady,
    /// The channel's code no longer changes.
    StuckChannel {
        /// Channel number.
        channel: usize,
        /// The code it shows, or `None` for the last good one.
        code: Option<i32>,
    },
    /// The converter loses its settings, as after a dip of its supply.
    Reset,
    /// Bits of a register flip.
    DisturbedRegister {
        /// Register address.
        address: u8,
        /// Bits that invert.
        bits: u16,
    },
    /// The converter stops: no conversion, no DRDY, DOUT low.
    Dead,
}

/// A fault and when it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedFault {
    /// What happens.
    pub fault: Fault,
    /// First instant.
    pub from: Time,
    /// First instant without it again. [`Fault::Reset`] and [`Fault::DisturbedRegister`] strike once, at `from`.
    pub until: Time,
    /// Strikes on average once in so many frames or samples; 1 is every one.
    pub one_in: u32,
}

/// The ordered faults, with the generator that spreads the occasional ones.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    plan: Vec<TimedFault>,
    /// Which of the plan's single strikes are done.
    struck: Vec<bool>,
    random: Xoshiro256PlusPlus,
}

impl Faults {
    pub fn new(plan: Vec<TimedFault>, seed: u64) -> Self {
        Self {
            struck: vec![false; plan.len()],
            plan,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
        }
    }

    /// Whether `wanted` strikes now.
    pub fn strikes(&mut self, now: Time, wanted: Fault) -> bool {
        let Self { plan, random, .. } = self;
        plan.iter()
            .filter(|timed| timed.fault == wanted && (timed.from..timed.until).contains(&now))
            .any(|timed| timed.one_in <= 1 || random.random_range(0..timed.one_in) == 0)
    }

    /// The code a stuck channel shows, if it is stuck now.
    pub fn stuck(&self, now: Time, channel: usize, last: i32) -> Option<i32> {
        self.plan.iter().find_map(|timed| match timed.fault {
            Fault::StuckChannel {
                channel: stuck,
                code,
            } if stuck == channel && (timed.from..timed.until).contains(&now) => {
                Some(code.unwrap_or(last))
            }
            _ => None,
        })
    }

    /// The single strikes that fell due up to `now`.
    pub fn due(&mut self, now: Time) -> Vec<Fault> {
        let Self { plan, struck, .. } = self;
        let single = |timed: &TimedFault| {
            matches!(timed.fault, Fault::Reset | Fault::DisturbedRegister { .. })
        };
        let mut due = Vec::new();
        for (timed, done) in plan.iter().zip(struck) {
            if single(timed) && timed.from <= now && !*done {
                *done = true;
                due.push(timed.fault);
            }
        }
        due
    }

    /// Nothing is planned at all: the usual case, worth a short way.
    pub fn none(&self) -> bool {
        self.plan.is_empty()
    }

    /// A bit position below `bits`.
    pub fn bit(&mut self, bits: usize) -> usize {
        self.random.random_range(0..bits.max(1))
    }
}
