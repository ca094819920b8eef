//! Everything on the analogue side, put together from the command line's options.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::board::Board;
use crate::converter::{Ads131m03, TimedFault};
use crate::front_end::FrontEnd;
use crate::input_error::InputError;
use crate::mains::numbers::{self, Load, Mains};
use crate::mains::phase::Phase;
use crate::mains::prepared::read_signal;
use crate::mains::segment::{Segment, Signal};
use crate::mains::timeline::{Source, Timeline};
use crate::scenario::Scenario;
use crate::time::Time;
use crate::truth::Truth;

/// The options of the virtual meter that concern mains and board, as typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// `--mains 220,60`
    pub mains: Option<&'a str>,
    /// `--load 10,0.5L`
    pub load: Option<&'a str>,
    /// `--waveform FILE.csv`
    pub waveform: Option<&'a Path>,
    /// `--scenario FILE.toml`
    pub scenario: Option<&'a Path>,
    /// `--board FILE.toml`, `--board ideal`
    pub board: Option<&'a str>,
}

/// Mains, load, board, faults, and what the customer does.
#[derive(Clone, Debug)]
pub struct Scene {
    source: Source,
    board: Arc<Board>,
    faults: Vec<TimedFault>,
    presses: Vec<Range<Time>>,
}

impl Scene {
    /// Builds the scene; every option has a default: 220 V 60 Hz, 10 A, a typical board.
    ///
    /// # Errors
    /// The first thing wrong in options or files, in one line.
    pub fn from_options(options: &Options) -> Result<Self, InputError> {
        let board = Board::from_option(options.board)?;
        let mains = options
            .mains
            .map_or_else(|| Ok(Mains::default()), Mains::parse)?;
        let load = options
            .load
            .map_or_else(|| Ok(Load::default()), Load::parse)?;
        if let Some(path) = options.waveform {
            let others = [
                options.mains.map(|_| "--mains"),
                options.load.map(|_| "--load"),
                options.scenario.map(|_| "--scenario"),
            ];
            if let Some(other) = others.into_iter().flatten().next() {
                let what = format!("stands in place of mains and load, and {other} is given too");
                return Err(InputError::option(
                    format!("--waveform {}", path.display()),
                    what,
                    "leave one of them out",
                ));
            }
            let (signal, f_hz) = read_signal(path)?;
            return Ok(Self::new(
                Timeline::new(forever(signal, f_hz)),
                board,
                Vec::new(),
            ));
        }
        if let Some(path) = options.scenario {
            let scenario = Scenario::read(path, &mains, &load)?;
            let mut scene = Self::new(scenario.timeline, board, scenario.faults);
            scene.presses = scenario.presses;
            return Ok(scene);
        }
        let signal = Signal::Periodic(Arc::new(numbers::lines(&mains, &load)));
        Ok(Self::new(
            Timeline::new(forever(signal, mains.frequency_hz)),
            board,
            Vec::new(),
        ))
    }

    /// A scene from its parts.
    pub fn new(timeline: Timeline, board: Board, faults: Vec<TimedFault>) -> Self {
        Self {
            source: Source::new(timeline),
            board: Arc::new(board),
            faults,
            presses: Vec::new(),
        }
    }

    /// The converter on this board and these mains, powered from time 0.
    pub fn converter(&self) -> Ads131m03 {
        let front_end = FrontEnd::new(self.source.clone(), Arc::clone(&self.board));
        let mut converter = Ads131m03::new(Box::new(front_end), self.board.seed);
        converter.set_faults(self.faults.clone(), self.board.seed);
        converter
    }

    /// The true values.
    pub fn truth(&self) -> Truth {
        Truth::new(self.source.clone())
    }

    /// The source itself, for whoever changes it while the meter runs.
    pub fn source(&self) -> Source {
        self.source.clone()
    }

    /// When the customer holds the service switch's button down.
    pub fn presses(&self) -> &[Range<Time>] {
        &self.presses
    }

    /// The board.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Deviation of the microcontroller's 32 768 Hz crystal at `now`, ppm.
    pub fn mcu_crystal_ppm(&self, now: Time) -> f64 {
        self.board.mcu_crystal_ppm(self.temperature_c(now))
    }

    /// Temperature at `now`, °C.
    pub fn temperature_c(&self, now: Time) -> f64 {
        self.source.look().temperature_c(now)
    }
}

/// One signal for the whole simulation, from its rising zero crossing.
fn forever(signal: Signal, f_hz: f64) -> Segment {
    Segment {
        start: 0,
        begun: 0,
        phase: Phase::new(0, f_hz, 0.0),
        signal,
        growth_per_s: [0.0; 3],
    }
}

#[cfg(test)]
mod tests;
