//! The clock system: crystal, FLL, fault flags and dividers.
//!
//! The FLL is modelled as what it is: a counter that moves the DCO by one tap each period of the reference until the
//! tap nearest to the target is reached, where its modulator makes the mean exact. A jump over half the range takes
//! 8 ms. Tap 256 gives a range's nominal frequency, the ends 0.55 and 1.45 times that (assumed; TI gives no curve).
//! REFO runs 1 % fast on purpose: its tolerance is 3.5 %, and firmware that keeps time by it should look wrong.

use super::backplane::{Backplane, Lane};
use super::clocks::{Clocks, HERTZ, Microhertz};
use super::events::{NEVER, Slot};
use crate::time::{MILLISECOND, SECOND, Time};

/// REFO, 1 % fast.
const REFO: Microhertz = 33_095_680_000;
/// VLO, as its data sheet says.
const VLO: Microhertz = 10_000 * HERTZ;
/// What a perfect crystal gives.
const CRYSTAL: Microhertz = 32_768 * HERTZ;
const RANGES_MHZ: [u64; 8] = [1, 2, 4, 8, 12, 16, 20, 24];
const TAP_MAX: u64 = 511;

/// Clock properties of this copy of the board.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockParts {
    /// Error of the 32 768 Hz crystal in parts per million.
    pub crystal_ppm: f64,
    /// Time from selecting the crystal's pins to a steady oscillation.
    pub crystal_start: Time,
}

impl Default for ClockParts {
    fn default() -> Self {
        Self {
            crystal_ppm: 0.0,
            crystal_start: 1_000 * MILLISECOND,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crystal {
    Off,
    Starting { ready: Time },
    Running,
}

/// The CS registers and what they control.
#[derive(Debug)]
pub struct Cs {
    /// CSCTL1 to CSCTL6 and CSCTL8 as written; 0 and 7 are formed when read.
    registers: [u16; 9],
    parts: ClockParts,
    crystal: Crystal,
    tap: u64,
    locked: bool,
    /// SCG0 is clear.
    fll_on: bool,
    next_step: Time,
    /// DCOFFG and XT1OFFG.
    faults: u16,
    unlock_history: u16,
}

const RESET_REGISTERS: [u16; 9] = [0, 0x0033, 0x101F, 0, 0x0100, 0x1000, 0x00C1, 0x0040, 0x0007];

impl Cs {
    /// The clock system at power-up and the clocks that it starts.
    pub fn new(parts: ClockParts) -> (Self, Clocks) {
        let cs = Self {
            registers: RESET_REGISTERS,
            parts,
            crystal: Crystal::Off,
            tap: 0,
            locked: true,
            fll_on: true,
            next_step: 0,
            faults: 0,
            unlock_history: 1,
        };
        let mut cs = cs;
        cs.tap = cs.nearest_tap();
        let clocks = Clocks::new(cs.mclk(), REFO, VLO);
        (cs, clocks)
    }

    fn crystal_frequency(&self) -> Microhertz {
        (CRYSTAL as f64 * (1.0 + self.parts.crystal_ppm * 1e-6)).round() as Microhertz
    }

    fn low_frequency(&self, use_crystal: bool) -> Microhertz {
        if use_crystal && self.crystal == Crystal::Running {
            self.crystal_frequency()
        } else {
            REFO
        }
    }

    fn reference(&self) -> Microhertz {
        self.low_frequency(self.registers[3] >> 4 & 3 == 0)
    }

    fn divider_shift(&self) -> u32 {
        u32::from(self.registers[2] >> 12 & 7).min(5)
    }

    /// What the FLL makes of the DCO once it is locked.
    fn target(&self) -> Microhertz {
        (self.reference() * u64::from((self.registers[2] & 0x3FF) + 1)) << self.divider_shift()
    }

    fn tap_frequency(&self, tap: u64) -> Microhertz {
        let nominal = RANGES_MHZ[usize::from(self.registers[1] >> 1 & 7)] * 1_000_000 * HERTZ;
        // 0.55 + 0.9 · tap / 512
        nominal / 10_240 * (5_632 + 18 * tap)
    }

    fn nearest_tap(&self) -> u64 {
        let target = self.target();
        (0..=TAP_MAX)
            .min_by_key(|&tap| self.tap_frequency(tap).abs_diff(target))
            .unwrap_or(0)
    }

    fn dco(&self) -> Microhertz {
        (if self.locked {
            self.target()
        } else {
            self.tap_frequency(self.tap)
        }) >> self.divider_shift()
    }

    fn mclk(&self) -> Microhertz {
        let source = match self.registers[4] & 7 {
            0 => self.dco(),
            2 => self.low_frequency(true),
            3 => VLO,
            _ => REFO,
        };
        source >> (self.registers[5] & 7)
    }

    fn aclk(&self) -> Microhertz {
        match self.registers[4] >> 8 & 3 {
            0 => self.low_frequency(true),
            1 => REFO,
            _ => VLO,
        }
    }

    /// Does anything ask for the crystal?
    fn crystal_wanted(&self) -> bool {
        self.registers[3] >> 4 & 3 == 0
            || self.registers[4] >> 8 & 3 == 0
            || self.registers[4] & 7 == 2
    }

    /// Carries the registers over to the clocks and sets the next event. Call after every change of state.
    fn apply(&mut self, backplane: &mut Backplane) {
        let mclk = self.mclk();
        let shift = u32::from(self.registers[5] >> 4 & 3);
        let now = backplane.now;
        if mclk != backplane.clocks.mclk_frequency()
            || mclk >> shift != backplane.clocks.smclk_frequency()
        {
            backplane.clocks.change_mclk(now, mclk, shift);
        }
        backplane.clocks.change_aclk(now, self.aclk());
        backplane.clocks.change_xt1(now, self.low_frequency(true));
        self.reschedule(backplane);
    }

    /// Sets the next event anew, after MCLK has changed.
    pub fn reschedule(&mut self, backplane: &mut Backplane) {
        let mut at = NEVER;
        if let Crystal::Starting { ready } = self.crystal {
            at = backplane.clocks.first_cycle_from(ready);
        }
        if self.fll_on && !self.locked {
            at = at.min(backplane.clocks.first_cycle_from(self.next_step));
        }
        backplane.events.schedule(Slot::Clock, at);
    }

    fn start_locking(&mut self, now: Time) {
        self.locked = false;
        self.next_step = now + SECOND * HERTZ / self.reference();
    }

    /// The crystal has started, or the FLL takes a step.
    pub fn event(&mut self, backplane: &mut Backplane) {
        let now = backplane.clocks.time_of(backplane.now);
        if let Crystal::Starting { ready } = self.crystal
            && now >= ready
        {
            self.crystal = Crystal::Running;
        }
        if self.fll_on && !self.locked && now >= self.next_step {
            let goal = self.nearest_tap();
            self.unlock_history |= if self.tap < goal { 1 } else { 2 };
            self.tap = if self.tap < goal {
                self.tap + 1
            } else {
                self.tap.saturating_sub(u64::from(self.tap > goal))
            };
            let reachable = goal > 0 && goal < TAP_MAX;
            if !reachable && self.tap == goal {
                self.faults |= 1;
            }
            if self.tap == goal && reachable {
                self.locked = true;
            }
            // A DCO at the end of its range stays there; looking again every 10 ms is enough.
            let wait = if self.tap == goal {
                10 * MILLISECOND
            } else {
                SECOND * HERTZ / self.reference()
            };
            self.next_step = now + wait;
        }
        self.apply(backplane);
    }

    /// P2.6 and P2.7 are, or are no longer, the crystal's pins; returns whether that is news.
    pub fn select_crystal_pins(&mut self, selected: bool, backplane: &mut Backplane) -> bool {
        let now = backplane.clocks.time_of(backplane.now);
        match (selected, self.crystal) {
            (true, Crystal::Off) => {
                self.crystal = Crystal::Starting {
                    ready: now + self.parts.crystal_start,
                };
            }
            (false, Crystal::Starting { .. } | Crystal::Running) => self.crystal = Crystal::Off,
            _ => return false,
        }
        self.apply(backplane);
        true
    }

    /// The crystal's error changes (temperature).
    pub fn set_crystal_ppm(&mut self, ppm: f64, backplane: &mut Backplane) {
        self.parts.crystal_ppm = ppm;
        self.apply(backplane);
    }

    /// SCG0 clear: the FLL is on.
    pub fn set_fll_on(&mut self, on: bool, backplane: &mut Backplane) {
        if on != self.fll_on {
            self.fll_on = on;
            let now = backplane.clocks.time_of(backplane.now);
            if on && !self.locked {
                self.start_locking(now);
            }
            self.reschedule(backplane);
        }
    }

    /// Is one of the fault flags set, so that OFIFG cannot stay clear?
    pub fn is_faulty(&mut self) -> bool {
        if self.crystal_wanted() && self.crystal != Crystal::Running {
            self.faults |= 2;
        }
        self.faults != 0
    }

    /// Reads CSCTL`offset / 2`.
    pub fn read(&mut self, offset: u16) -> Option<u16> {
        match offset / 2 {
            0 => Some(self.tap as u16),
            7 => {
                self.is_faulty();
                let goal = self.nearest_tap();
                let unlock = match (self.locked, self.tap.cmp(&goal)) {
                    (true, _) => 0,
                    (false, core::cmp::Ordering::Equal) => 3,
                    (false, core::cmp::Ordering::Less) => 1,
                    (false, core::cmp::Ordering::Greater) => 2,
                };
                Some(
                    self.registers[7] & 0x2040
                        | self.faults
                        | 1 << 2
                        | unlock << 8
                        | self.unlock_history << 10,
                )
            }
            index @ 1..=8 => Some(self.registers[usize::from(index)]),
            _ => None,
        }
    }

    /// Writes CSCTL`offset / 2`.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        backplane: &mut Backplane,
    ) -> Option<()> {
        let now = backplane.clocks.time_of(backplane.now);
        let index = usize::from(offset / 2);
        let old = if index == 0 {
            self.tap as u16
        } else {
            *self.registers.get(index)?
        };
        let new = lane.merge(old, value);
        match index {
            0 => {
                self.tap = u64::from(new & 0x1FF);
                self.start_locking(now);
            }
            1 | 2 => {
                // The frequency follows the range at once, from the tap where the DCO stands.
                self.registers[index] = new;
                if new != old {
                    self.start_locking(now);
                }
            }
            7 => {
                self.faults &= new & 3;
                self.unlock_history &= new >> 10 & 3;
                self.registers[7] = new & 0x2040;
                if new & 0x1000 != 0 {
                    backplane.not_modelled("CSCTL7.FLLULPUC", "watch FLLUNLOCK instead");
                }
            }
            _ => self.registers[index] = new,
        }
        if self.registers[3] & 7 != 0 || self.registers[6] & 0x0030 != 0 {
            backplane.not_modelled(
                "a high-frequency or external XT1 (FLLREFDIV, XTS, XT1BYPASS)",
                "the board has a 32 768 Hz crystal",
            );
        }
        if self.registers[5] & 0x0100 != 0 {
            backplane.not_modelled("CSCTL5.SMCLKOFF", "the SPI and the UARTs need SMCLK");
        }
        self.apply(backplane);
        Some(())
    }

    /// The supply was off: the crystal stands still.
    pub fn lose_power(&mut self) {
        self.crystal = Crystal::Off;
    }

    /// A reset restores the registers; the crystal goes on.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        self.registers = RESET_REGISTERS;
        self.fll_on = true;
        self.locked = true;
        self.tap = self.nearest_tap();
        self.faults = 0;
        self.unlock_history = 1;
        self.apply(backplane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> (Cs, Backplane) {
        let (cs, clocks) = Cs::new(ClockParts::default());
        (cs, Backplane::new(clocks))
    }

    fn run(cs: &mut Cs, backplane: &mut Backplane, until: Time) {
        let due = |backplane: &mut Backplane| {
            let next = backplane.events.earliest();
            next != NEVER && backplane.clocks.time_of(next) <= until
        };
        while due(backplane) {
            let (slot, at) = backplane.events.pop_due(u64::MAX - 1).unwrap();
            assert_eq!(slot, Slot::Clock);
            backplane.now = at;
            cs.event(backplane);
        }
        backplane.now = backplane.clocks.first_cycle_from(until);
    }

    #[test]
    fn out_of_reset_mclk_is_32_times_refo() {
        let (_, backplane) = start();
        assert_eq!(backplane.clocks.mclk_frequency(), 32 * REFO);
    }

    #[test]
    fn the_crystal_takes_a_second_and_its_flag_cannot_be_cleared_before() {
        let (mut cs, mut backplane) = start();
        cs.select_crystal_pins(true, &mut backplane);
        run(&mut cs, &mut backplane, 900 * MILLISECOND);
        cs.write(0x0E, 0, Lane::Word, &mut backplane);
        assert!(cs.is_faulty());
        run(&mut cs, &mut backplane, 1_001 * MILLISECOND);
        assert_eq!(cs.read(0x0E).unwrap() & 2, 2, "sticky");
        cs.write(0x0E, 0, Lane::Word, &mut backplane);
        assert!(!cs.is_faulty());
        assert_eq!(backplane.clocks.mclk_frequency(), 1_048_576 * HERTZ);
    }

    #[test]
    fn the_fll_climbs_to_732_times_the_crystal_and_says_when() {
        let (mut cs, mut backplane) = start();
        cs.select_crystal_pins(true, &mut backplane);
        run(&mut cs, &mut backplane, SECOND + MILLISECOND);
        cs.set_fll_on(false, &mut backplane);
        cs.write(0, 0, Lane::Word, &mut backplane);
        cs.write(2, 0x00BE, Lane::Word, &mut backplane);
        cs.write(4, 731, Lane::Word, &mut backplane);
        let before = backplane.clocks.mclk_frequency();
        run(&mut cs, &mut backplane, SECOND + 5 * MILLISECOND);
        assert_eq!(
            backplane.clocks.mclk_frequency(),
            before,
            "SCG0 holds the DCO"
        );
        cs.set_fll_on(true, &mut backplane);
        assert_eq!(cs.read(0x0E).unwrap() >> 8 & 3, 1);
        run(&mut cs, &mut backplane, SECOND + 20 * MILLISECOND);
        assert_eq!(cs.read(0x0E).unwrap() >> 8 & 3, 0);
        assert_eq!(backplane.clocks.mclk_frequency(), 23_986_176 * HERTZ);
    }

    #[test]
    fn a_target_outside_the_range_faults() {
        let (mut cs, mut backplane) = start();
        cs.write(4, 731, Lane::Word, &mut backplane);
        run(&mut cs, &mut backplane, 50 * MILLISECOND);
        assert_eq!(cs.read(0x0E).unwrap() & 1, 1);
        assert_ne!(cs.read(0x0E).unwrap() >> 8 & 3, 0);
    }
}
