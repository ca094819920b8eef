//! When the converter converts, and what DRDY does: start-up, settling, PHASE, SYNC, overrun (SBAS889A 8.3.7, 8.4, 8.5.1.9).
//!
//! All instants are ticks of CLKIN. The nominal end of result k (1, 2, …) after a start is
//! `start + lead + k · 2 · OSR`; a channel's own result ends PHASE modulator periods later, and DRDY follows the channel that
//! MODE.DRDY_SEL names.

use super::channel::Analogue;
use super::decimation::Response;
use super::faults::Fault;
use super::fifo::Sample;
use super::input::Window;
use super::registers::{CHANNELS, Rate};
use super::{ACQUIRE_TICKS, Ads131m03, RESET_PULSE_TICKS, noise_level_v};
use crate::time::Time;

/// CLKIN periods per modulator period.
const TICKS_PER_MODULATION: u64 = 2;
/// (256 + 44) modulator periods between a reset and the first window.
const RESET_LEAD_TICKS: u64 = 600;
/// 8 modulator periods after WAKEUP.
const WAKEUP_LEAD_TICKS: u64 = 16;
/// Shortest high time of DRDY before a sample that follows an unread one, and the width of its pulses.
const DRDY_TICKS: u64 = 4;
/// Results after a reset that come from the quick filter.
const QUICK_RESULTS: u64 = 2;
/// The fastest crystal for very low and low power, hertz.
const POWER_LIMITS_HZ: [f64; 2] = [2.08e6, 4.15e6];

/// What the modulators are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Reset held by the pin.
    Held,
    /// Until the tick given the part neither answers nor converts.
    Waking(u64),
    /// Converting.
    Converting,
    /// Asleep by command; the interface works.
    Standby,
}

/// The present run of conversions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    state: State,
    start: u64,
    lead: u64,
    /// Index of the next result.
    next_index: u64,
    after_reset: bool,
    /// Per channel: since which tick its input has been undisturbed.
    since: [u64; CHANNELS],
    rate: Rate,
    /// In pulse format, whether the last sample's pulse was left out.
    skipped_pulse: bool,
    /// Tick of the last conversion.
    last: u64,
}

impl Run {
    /// The run that begins when the part becomes ready at `ready_tick`.
    pub fn after_reset(ready_tick: u64) -> Self {
        Self {
            state: State::Waking(ready_tick),
            after_reset: true,
            ..Self::begin(
                ready_tick,
                RESET_LEAD_TICKS,
                Rate {
                    osr: 1024,
                    power: 2,
                },
            )
        }
    }

    fn begin(start: u64, lead: u64, rate: Rate) -> Self {
        Self {
            state: State::Converting,
            start,
            lead,
            next_index: 1,
            after_reset: false,
            since: [start; CHANNELS],
            rate,
            skipped_pulse: false,
            last: start,
        }
    }

    /// Whether SYNC/RESET has been low long enough to reset the part.
    pub fn is_held_by_pin(&self) -> bool {
        self.state == State::Held
    }

    /// Whether the interface answers.
    pub fn is_awake(&self) -> bool {
        matches!(self.state, State::Converting | State::Standby)
    }

    fn period(&self) -> u64 {
        TICKS_PER_MODULATION * u64::from(self.rate.osr)
    }

    fn nominal_end(&self) -> u64 {
        self.start + self.lead + self.next_index * self.period()
    }
}

/// What happens at an instant.
enum Event {
    ResetHeld,
    Awake,
    DrdyRises,
    Conversion,
    MapCheck,
}

impl Ads131m03 {
    /// Finds the earliest thing that can happen next and caches its instant.
    pub(super) fn plan_next(&mut self) {
        self.next = self
            .next_tick()
            .map_or(Time::MAX, |(tick, _)| self.crystal.time_of(tick));
    }

    fn next_tick(&self) -> Option<(u64, Event)> {
        let mut first: Option<(u64, Event)> = None;
        let mut offer = |tick: u64, event: Event| {
            if first.as_ref().is_none_or(|(earliest, _)| tick < *earliest) {
                first = Some((tick, event));
            }
        };
        if !self.sync_high && self.run.state != State::Held {
            offer(self.sync_fell + RESET_PULSE_TICKS, Event::ResetHeld);
        }
        match self.run.state {
            State::Waking(ready) => offer(ready, Event::Awake),
            State::Converting if self.registers.enabled() != 0 => {
                let conversion = self.conversion_tick();
                if !self.drdy_high {
                    offer(self.rise_tick(conversion), Event::DrdyRises);
                }
                offer(conversion, Event::Conversion);
            }
            _ => {}
        }
        if let Some(due) = self.map_check_due {
            offer(due, Event::MapCheck);
        }
        first
    }

    /// Tick at which the next sample is complete, DRDY_SEL and PHASE considered.
    fn conversion_tick(&self) -> u64 {
        let enabled = self.registers.enabled();
        let phases = (0..CHANNELS)
            .filter(|channel| enabled >> channel & 1 != 0)
            .map(|channel| self.registers.phase(channel));
        let chosen = if self.registers.drdy_select() >= 2 {
            phases.min()
        } else {
            phases.max()
        };
        let shift = i64::from(chosen.unwrap_or(0)) * TICKS_PER_MODULATION as i64;
        // A PHASE written between two samples may pull the next one before the last; it comes at once instead.
        self.run
            .nominal_end()
            .saturating_add_signed(shift)
            .max(self.run.last + DRDY_TICKS)
    }

    /// When a low DRDY goes high by itself: after its pulse, or shortly before the sample that would overrun it.
    fn rise_tick(&self, conversion: u64) -> u64 {
        if self.registers.drdy_pulses() {
            self.run.last + DRDY_TICKS
        } else {
            conversion - DRDY_TICKS
        }
    }

    /// Lets the event at `at` happen.
    pub(super) fn step(&mut self, at: Time) {
        let Some((tick, event)) = self.next_tick() else {
            return;
        };
        match event {
            Event::ResetHeld => {
                self.reset(tick);
                self.run.state = State::Held;
            }
            Event::Awake => {
                self.run.state = State::Converting;
                self.drdy_high = true;
            }
            Event::DrdyRises => self.drdy_high = true,
            Event::MapCheck => self.check_map(),
            Event::Conversion => self.convert(tick, at),
        }
    }

    fn convert(&mut self, tick: u64, at: Time) {
        if !self.faults.none() {
            for fault in self.faults.due(at) {
                match fault {
                    Fault::Reset => return self.reset(tick + ACQUIRE_TICKS),
                    Fault::DisturbedRegister { address, bits } => {
                        self.registers.disturb(address, bits)
                    }
                    _ => {}
                }
                self.settings_changed(tick, false);
            }
        }
        let nominal = self.run.nominal_end();
        let index = self.run.next_index;
        self.run.next_index += 1;
        self.run.last = tick;
        if !self.faults.none() && self.faults.strikes(at, Fault::Dead) {
            return;
        }
        let sample = self.measure(
            tick,
            at,
            nominal,
            self.run.after_reset && index <= QUICK_RESULTS,
        );
        let unread = !self.fifo.is_empty();
        if self.fifo.push(sample) {
            self.counts.overruns += 1;
        }
        let lost = !self.faults.none() && self.faults.strikes(at, Fault::LostReady);
        let skipped = self.registers.drdy_pulses() && unread && !self.run.skipped_pulse;
        self.run.skipped_pulse = skipped;
        if !lost && !skipped {
            self.drdy_high = false;
        }
    }

    fn measure(&mut self, tick: u64, at: Time, nominal: u64, quick: bool) -> Sample {
        let errors = self.input.imperfections(at);
        if errors.crystal_ppm != self.crystal.ppm() {
            self.crystal.pull(tick, errors.crystal_ppm);
        }
        let osr = self.run.rate.osr;
        let modulator_s = TICKS_PER_MODULATION as f64 * self.crystal.period_s();
        let response = if quick {
            Response::quick(modulator_s, osr)
        } else {
            Response::sinc3(modulator_s, osr)
        };
        let ends = std::array::from_fn(|channel| {
            let end = nominal.saturating_add_signed(
                i64::from(self.registers.phase(channel)) * TICKS_PER_MODULATION as i64,
            );
            // A channel that lags behind DRDY shows its previous result.
            self.crystal.time_of(if end > tick {
                end - self.run.period()
            } else {
                end
            })
        });
        let since = self.run.since.map(|tick| self.crystal.time_of(tick));
        let pins_v = self.input.pins_v(&Window {
            ends,
            since,
            response,
        });
        self.counts.samples += 1;
        let last = self.fifo.front().codes;
        let mut codes = [0; CHANNELS];
        for (channel, code) in codes.iter_mut().enumerate() {
            let noise_v = if errors.noise == 0.0 {
                0.0
            } else {
                self.noise.next_normal()
                    * errors.noise
                    * noise_level_v(osr, self.registers.gain(channel), quick)
            };
            if self.registers.enabled() >> channel & 1 == 0 {
                continue;
            }
            let analogue = Analogue {
                pins_v: pins_v[channel],
                offset_v: errors.offset_v[channel],
                gain: errors.gain[channel],
                bend: errors.bend[channel],
                noise_v,
            };
            *code = self.channels[channel].convert(channel, &self.registers, &analogue);
            if !self.faults.none() {
                *code = self
                    .faults
                    .stuck(at, channel, last[channel])
                    .unwrap_or(*code);
            }
        }
        if codes
            .iter()
            .any(|&code| code >= 0x7F_FFFF || code <= -0x80_0000)
        {
            self.counts.clipped += 1;
        }
        Sample {
            number: self.counts.samples,
            codes,
        }
    }

    /// Restarts the filters, unless the pulse fell on the grid of output periods anyway.
    pub(super) fn synchronise(&mut self, tick: u64) {
        let grid = self.run.start + self.run.lead;
        let on_grid = tick >= grid && (tick - grid).is_multiple_of(self.run.period());
        if self.run.state != State::Converting || on_grid {
            return;
        }
        self.registers.flags.resync = true;
        self.restart(tick, 0);
    }

    fn restart(&mut self, tick: u64, lead: u64) {
        self.run = Run::begin(tick, lead, self.registers.rate());
        self.fifo.clear();
        self.drdy_high = true;
    }

    /// STANDBY.
    pub(super) fn sleep(&mut self) {
        self.run.state = State::Standby;
        self.fifo.clear();
        self.drdy_high = true;
    }

    /// WAKEUP.
    pub(super) fn wake(&mut self, tick: u64) {
        if self.run.state == State::Standby {
            self.restart(tick, WAKEUP_LEAD_TICKS);
        }
    }

    /// Follows a change of registers: a new rate restarts everything, a new gain or input one channel's filter.
    pub(super) fn settings_changed(&mut self, tick: u64, channels_disturbed: bool) {
        let rate = self.registers.rate();
        if rate.power != self.run.rate.power
            && let Some(limit_hz) = POWER_LIMITS_HZ.get(usize::from(rate.power))
        {
            let limit_mhz = limit_hz / 1e6;
            self.refuse(format!("CLOCK.PWR = {} needs a crystal of at most {limit_mhz:.2} MHz, the board has 8.192 MHz", rate.power));
        }
        if rate != self.run.rate && self.run.state == State::Converting {
            self.restart(tick, 0);
        } else if channels_disturbed {
            self.run.since = [tick; CHANNELS];
        }
        self.run.rate = rate;
        if self.registers.global_chop_on() {
            self.refuse("CFG.GC_EN: global chop is not modelled".into());
        }
        if self.registers.current_detect_on() {
            self.refuse("CFG.CD_EN: current-detect mode is not modelled".into());
        }
        if self.registers.map_check_on() && self.map_check_due.is_none() {
            // One bit per CLKIN over 22 words.
            self.map_check_due = Some(tick + 22 * 16);
        }
    }

    fn check_map(&mut self) {
        self.map_check_due = None;
        let crc = self.registers.map_crc();
        if self.registers.map_check_on() && crc != self.known_map_crc {
            self.registers.flags.map = true;
        }
        self.known_map_crc = crc;
    }

    pub(super) fn refuse(&mut self, what: String) {
        self.refusals.push(format!("ADS131M03: {what}"));
    }
}
