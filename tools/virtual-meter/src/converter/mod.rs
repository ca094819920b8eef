//! The ADS131M03: three simultaneous 24-bit delta-sigma channels behind an SPI port, on its own crystal.
//!
//! Model of TI's SBAS889A as the pins show it. [`Ads131m03`] holds the pins and hands on to its parts: `interface` speaks
//! frames and commands, `conversion` makes samples at the right instants and moves DRDY, `registers` keeps the settings,
//! `channel` turns volts into codes, `decimation` is the filter. The signal comes from an [`AnalogInput`].
//!
//! Not modelled, and refused loudly: global chop and current-detect mode, power modes slower than the crystal. Not
//! modelled, silently: DRDY high-impedance output, the whole-sample shift of DRDY at extreme PHASE settings.

use crate::time::Time;

mod channel;
mod clock;
mod conversion;
pub mod crc;
pub mod decimation;
mod faults;
mod fifo;
mod input;
mod interface;
mod noise;
pub mod registers;

pub use channel::VREF_V;
pub use clock::CLKIN_HZ;
pub use faults::{Fault, TimedFault};
pub use input::{AnalogInput, Imperfections, Window};
pub use noise::level_v as noise_level_v;

use channel::Channel;
use clock::Crystal;
use conversion::Run;
use faults::Faults;
use fifo::Fifo;
use interface::{Frame, Response};
use noise::Noise;
use registers::{CHANNELS, Registers};

/// CLKIN periods that SYNC/RESET must stay low to reset the part; shorter pulses synchronise.
const RESET_PULSE_TICKS: u64 = 2048;
/// Power-on reset, 250 µs at the nominal crystal.
const POWER_ON_TICKS: u64 = 2048;
/// tREGACQ, 5 µs at the nominal crystal: from the end of a reset until the interface answers.
const ACQUIRE_TICKS: u64 = 41;

/// What the model counted, for reports and tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Samples converted.
    pub samples: u64,
    /// Samples pushed out of the store before anybody read them.
    pub overruns: u64,
    /// Frames begun.
    pub frames: u64,
    /// Frames whose input check failed.
    pub bad_frames: u64,
    /// Resets by pin, command or fault, power-on not counted.
    pub resets: u64,
    /// Samples in which at least one channel was at a limit of its range.
    pub clipped: u64,
}

/// The converter. Every call carries the present instant, which never goes back.
pub struct Ads131m03 {
    input: Box<dyn AnalogInput>,
    crystal: Crystal,
    registers: Registers,
    channels: [Channel; CHANNELS],
    noise: Noise,
    fifo: Fifo,
    run: Run,
    frame: Frame,
    response: Response,
    faults: Faults,
    counts: Counts,
    refusals: Vec<String>,
    /// Codes of every whole frame, while somebody wants them.
    kept: Option<Vec<[i32; CHANNELS]>>,
    chip_select_high: bool,
    sync_high: bool,
    /// Tick at which SYNC/RESET went low.
    sync_fell: u64,
    drdy_high: bool,
    /// Tick at which the map check will notice a change.
    map_check_due: Option<u64>,
    known_map_crc: u16,
    /// Cached instant of the next event; everything before it needs no work.
    next: Time,
}

impl Ads131m03 {
    /// A converter that gets its supply at time 0, chip select and SYNC/RESET high. The seed rules its noise and the spread
    /// of occasional faults.
    pub fn new(mut input: Box<dyn AnalogInput>, seed: u64) -> Self {
        let crystal = Crystal::new(input.imperfections(0).crystal_ppm);
        let registers = Registers::default();
        let mut converter = Self {
            input,
            crystal,
            known_map_crc: registers.map_crc(),
            registers,
            channels: Default::default(),
            noise: Noise::new(seed),
            fifo: Fifo::default(),
            run: Run::after_reset(POWER_ON_TICKS),
            frame: Frame::default(),
            response: Response::ResetDone,
            faults: Faults::new(Vec::new(), seed),
            counts: Counts::default(),
            refusals: Vec::new(),
            kept: None,
            chip_select_high: true,
            sync_high: true,
            sync_fell: 0,
            drdy_high: false,
            map_check_due: None,
            next: 0,
        };
        converter.plan_next();
        converter
    }

    /// Orders faults, in place of those ordered before.
    pub fn set_faults(&mut self, plan: Vec<TimedFault>, seed: u64) {
        self.faults = Faults::new(plan, seed);
        self.plan_next();
    }

    /// Drives chip select. Its rising edge ends a frame.
    pub fn set_chip_select(&mut self, now: Time, high: bool) {
        self.advance(now);
        if high && !self.chip_select_high {
            self.end_frame();
        }
        self.chip_select_high = high;
    }

    /// Drives SYNC/RESET. Its rising edge synchronises or, 2048 clocks after the falling one, ends a reset.
    pub fn set_sync_reset(&mut self, now: Time, high: bool) {
        self.advance(now);
        let tick = self.crystal.tick_at(now);
        if self.sync_high && !high {
            self.sync_fell = tick;
        } else if !self.sync_high && high {
            if self.run.is_held_by_pin() {
                self.run = Run::after_reset(tick + ACQUIRE_TICKS);
            } else {
                self.synchronise(tick);
            }
        }
        self.sync_high = high;
        self.plan_next();
    }

    /// Exchanges eight bits, most significant first; `now` is the end of the byte. Without chip select, or while the part is
    /// in reset, DOUT floats: all ones.
    pub fn exchange(&mut self, now: Time, mosi: u8) -> u8 {
        self.advance(now);
        if self.chip_select_high || !self.run.is_awake() {
            return 0xFF;
        }
        self.shift(now, mosi)
    }

    /// Lets everything happen that is due up to `now`.
    pub fn advance(&mut self, now: Time) {
        while self.next <= now {
            let at = self.next;
            self.step(at);
            self.plan_next();
        }
    }

    /// Level of the DRDY pin, true = high.
    pub fn drdy(&self) -> bool {
        self.drdy_high
    }

    /// The next instant at which DRDY may change by itself, `None` if it will not (reset held, standby).
    pub fn next_event(&self) -> Option<Time> {
        (self.next != Time::MAX).then_some(self.next)
    }

    /// What has been counted since power-on.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Keeps the codes of every whole frame from now on, for [`Self::take_codes`].
    pub fn keep_codes(&mut self) {
        self.kept = Some(Vec::new());
    }

    /// The codes read since [`Self::keep_codes`] or the last call, in the order of the frames; empty without it.
    pub fn take_codes(&mut self) -> Vec<[i32; CHANNELS]> {
        self.kept.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Things the program asked for that this model does not do, in plain words, since the last call. The virtual meter
    /// treats any as an error.
    pub fn take_refusals(&mut self) -> Vec<String> {
        std::mem::take(&mut self.refusals)
    }

    /// The sample rate the settings give, in samples per second of true time.
    pub fn sample_rate_hz(&self) -> f64 {
        0.5 / (self.crystal.period_s() * f64::from(self.registers.rate().osr))
    }

    /// Loses every setting, as RESET and the pin do; the part answers again at `ready_tick`.
    fn reset(&mut self, ready_tick: u64) {
        self.counts.resets += 1;
        self.registers = Registers::default();
        self.known_map_crc = self.registers.map_crc();
        self.map_check_due = None;
        self.channels = Default::default();
        self.fifo.clear();
        self.frame = Frame::default();
        self.response = Response::ResetDone;
        self.drdy_high = false;
        self.run = Run::after_reset(ready_tick);
    }
}

#[cfg(test)]
mod tests;
