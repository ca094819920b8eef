//! A meter on its mains: the machine, the scene around it, and what is measured on both.
//!
//! What tests and the program start from. [`Meter::new`] powers an image up on a scene; [`Meter::run_for`] lets time
//! pass and keeps the crystal's error in step with the temperature; [`Meter::report`] sets the true values beside what
//! the firmware needed. The machine is public: UARTs, memory, pins and power are its methods.

use std::path::Path;
use std::time::Instant;

use crate::chip::ChipOptions;
use crate::chip::fault::Fault;
use crate::chip::wiring::Wiring;
use crate::elf::{Image, ImageError};
use crate::machine::{Machine, Stop};
use crate::report::{ConverterReport, CpuReport, MemoryReport, Pulses, Report};
use crate::scene::Scene;
use crate::time::{SECOND, Time, to_seconds};
use crate::truth::Coupling;

/// How often the crystal's error follows the temperature.
const TEMPERATURE_STEP: Time = SECOND;

/// Why a meter cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// The file is no image for the chip.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image would lock the chip's debug port for good.
    #[error(
        "{0}: the words at 0xFF80 and 0xFF82 would lock the chip's JTAG port; leave them 0xFFFF"
    )]
    Locked(String),
}

/// A meter on its mains.
pub struct Meter {
    /// CPU, chip and board.
    pub machine: Machine,
    /// Mains, load, board errors and truth.
    pub scene: Scene,
    started: Instant,
    /// Where the measurement began: simulated time, host time, samples of the converter.
    since: (Time, Instant, u64),
    next_temperature: Time,
    /// When a scenario's customer next presses or releases the button; [`Time::MAX`] when never.
    next_press: Time,
    fault: Option<Fault>,
}

/// Reads an image and checks that it could be flashed.
///
/// # Errors
/// When it is no image for the chip, or would lock it.
pub fn load_image(path: &Path) -> Result<Image, MeterError> {
    let image = Image::load(path)?;
    let byte_at = |address: u16| {
        let inside = |segment: &&crate::elf::Segment| {
            usize::from(address.wrapping_sub(segment.address)) < segment.bytes.len()
        };
        let segment = image.segments.iter().find(inside)?;
        segment
            .bytes
            .get(usize::from(address - segment.address))
            .copied()
    };
    let signature =
        [0xFF80, 0xFF81, 0xFF82, 0xFF83].map(|address| byte_at(address).unwrap_or(0xFF));
    if signature != [0xFF; 4] && signature != [0; 4] {
        return Err(MeterError::Locked(path.display().to_string()));
    }
    Ok(image)
}

impl Meter {
    /// Powers a meter with `image` up on `scene`. The chip's crystal is that of the scene's board.
    pub fn new(image: &Image, scene: Scene, mut options: ChipOptions) -> Self {
        options.clocks.crystal_ppm = scene.mcu_crystal_ppm(0);
        let mut wiring = Wiring::new(scene.converter());
        wiring.service_switch.connect(scene.source());
        let mut machine = Machine::new(options, wiring, image);
        machine.chip.set_celsius(scene.temperature_c(0));
        let now = Instant::now();
        Self {
            machine,
            scene,
            started: now,
            since: (0, now, 0),
            next_temperature: TEMPERATURE_STEP,
            next_press: 0,
            fault: None,
        }
    }

    /// Simulated time since power-up.
    pub fn time(&self) -> Time {
        self.machine.chip.time()
    }

    /// Runs for `duration`.
    ///
    /// # Errors
    /// The first fault, which the report then names.
    pub fn run_for(&mut self, duration: Time) -> Result<(), Fault> {
        self.run_until(self.time() + duration)
    }

    /// Runs until `time`.
    ///
    /// # Errors
    /// As [`Self::run_for`].
    pub fn run_until(&mut self, time: Time) -> Result<(), Fault> {
        self.run_pieces(time, |machine, piece| {
            machine.run_until(piece).map(|()| Stop::Limit)
        })
        .map(|_| ())
    }

    /// Runs until `time` or until `stop_at` says so for the next instruction's address.
    ///
    /// # Errors
    /// As [`Self::run_for`].
    pub fn run(&mut self, time: Time, stop_at: impl Fn(u16) -> bool) -> Result<Stop, Fault> {
        self.run_pieces(time, |machine, piece| machine.run(piece, &stop_at))
    }

    /// Runs until `time` in pieces between which the crystal follows the temperature and the button the scenario.
    fn run_pieces(
        &mut self,
        time: Time,
        mut run: impl FnMut(&mut Machine, Time) -> Result<Stop, Fault>,
    ) -> Result<Stop, Fault> {
        while self.time() < time {
            if self.time() >= self.next_temperature {
                let now = self.time();
                let chip = &mut self.machine.chip;
                chip.set_crystal_ppm(self.scene.mcu_crystal_ppm(now));
                chip.set_celsius(self.scene.temperature_c(now));
                self.next_temperature = self.time() + TEMPERATURE_STEP;
            }
            if self.time() >= self.next_press {
                self.follow_customer();
            }
            let piece = time.min(self.next_temperature).min(self.next_press);
            match run(&mut self.machine, piece) {
                Ok(Stop::Limit) => {}
                Ok(stop) => return Ok(stop),
                Err(fault) => {
                    self.fault = Some(fault.clone());
                    return Err(fault);
                }
            }
        }
        Ok(Stop::Limit)
    }

    /// The button is as the scenario has it now.
    fn follow_customer(&mut self) {
        let now = self.time();
        let presses = self.scene.presses();
        let changes = presses.iter().flat_map(|press| [press.start, press.end]);
        self.next_press = changes.filter(|at| *at > now).min().unwrap_or(Time::MAX);
        if !presses.is_empty() {
            let pressed = presses.iter().any(|press| press.contains(&now));
            self.machine.chip.set_button(pressed);
        }
    }

    /// Measures from now on: instruments, true values, samples.
    pub fn restart_measuring(&mut self) {
        self.machine.restart_instruments();
        self.since = (
            self.time(),
            Instant::now(),
            self.machine.chip.wiring.converter.counts().samples,
        );
    }

    /// Everything about the time since power-up, or since [`Self::restart_measuring`].
    pub fn report(&self) -> Report {
        let (from, wall, samples) = self.since;
        let simulated_s = to_seconds(self.time() - from);
        let wall_s = wall.elapsed().as_secs_f64();
        let [wh, varh] = &self.machine.chip.wiring.pulses;
        Report {
            simulated_s,
            // As a meter sees the mains: the sensors are a divider behind which the mean is taken off, and transformers.
            truth: self
                .scene
                .truth()
                .coupled(Coupling::Ac)
                .over(from, self.time().max(from + 1)),
            pulses: Pulses {
                wh: wh.rising,
                varh: varh.rising,
            },
            cpu: CpuReport::of(
                &self.machine,
                self.machine.chip.wiring.converter.counts().samples - samples,
            ),
            memory: MemoryReport::of(&self.machine),
            switch_closed: self.machine.chip.wiring.service_switch.is_closed(),
            switch_operations: self.machine.chip.wiring.service_switch.operations(),
            converter: ConverterReport::of(&self.machine),
            resets: self.machine.instruments.resets,
            faults: self.fault.iter().map(Fault::to_string).collect(),
            wall_s,
            realtime_factor: if wall_s > 0.0 {
                simulated_s / wall_s
            } else {
                0.0
            },
        }
    }

    /// Seconds of the host since the meter was built.
    pub fn age_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}
