//! The factory: a meter with its jumper set, the calibration bench and `meterctl calibrate`, all in simulated time.

use std::cell::Cell;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow};
use c12::calibration::Constants;
use reader::calibrate::arithmetic::{clock, gains};
use reader::calibrate::plan::Plan;
use reader::calibrate::progress::Progress;
use reader::calibrate::reference::{Bench, Instrument};
use reader::calibrate::report::Report;
use reader::session::{Access, Session};
use virtual_meter::board::Board;
use virtual_meter::scene::{Options, Scene};
use virtual_meter::time::Time;

use crate::line::Line;
use crate::meter::Meter;

/// The password that opens the calibration.
pub const FACTORY_PASSWORD: [u8; 20] = [b'1'; 20];

/// What constants found at 220 V and 10 A leave of a board's errors: the larger of the voltage's and the line current's gain
/// in ppm, the line current's phase in degrees.
#[must_use]
pub fn constants_errors(board: &Board, found: &Constants) -> [f64; 2] {
    let reference = 1.0 + board.converter.reference_ppm * 1e-6;
    // The converter bends: x + b·(x − x³), b its largest deviation over that of x − x³. A sine of amplitude A sees b·(1 − ¾A²).
    let amplitudes = [220.0 / 600.0, 10.0 / 150.0].map(|share: f64| share * 2f64.sqrt());
    let gain = |channel: usize| {
        let sensor = board.sensors()[channel];
        let largest = 2.0 / 27f64.sqrt();
        let bend = sensor.inl_ppm * 1e-6 / largest * (1.0 - 0.75 * amplitudes[channel].powi(2));
        let product = gains(&found.channels[channel])[0] * sensor.gain * reference * (1.0 + bend);
        (product - 1.0).abs() * 1e6
    };
    // The neutral's crosstalk stays in its gain; it is not metered by.
    let lag_deg = (board.delay_s(1, 10.0) - board.delay_s(0, 220.0)) * 360.0 * 60.0;
    let phase = gains(&found.channels[1])[2].to_degrees() - lag_deg;
    [gain(0).max(gain(1)), phase.abs()]
}

/// What is left of the converter's crystal by the constants found, ppm.
#[must_use]
pub fn clock_error_ppm(board: &Board, found: &Constants) -> f64 {
    (clock(found) - 1.0) * 1e6 - board.converter.crystal_ppm
}

/// A meter at the bench.
pub struct Factory {
    /// The meter.
    pub meter: Meter,
    scene: Scene,
}

/// The virtual meter's bench without its TCP port.
struct SimulatedBench {
    bench: virtual_meter::bench::Bench,
    scene: Scene,
    clock: Rc<Cell<Time>>,
}

impl Instrument for SimulatedBench {
    fn send(&mut self, command: &str) -> Result<()> {
        self.bench.execute(command, &self.scene, self.clock.get());
        Ok(())
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        self.bench
            .execute(question, &self.scene, self.clock.get())
            .with_context(|| format!("no answer to {question}"))
    }
}

/// How the reader logs on.
#[must_use]
pub fn access(password: [u8; 20]) -> Access {
    Access {
        user_id: 1,
        user: "factory".to_owned(),
        password: Some(password),
        rate_code: None,
    }
}

impl Factory {
    /// A meter with this board (as `--board` takes it) and its jumper, running for two seconds.
    ///
    /// # Errors
    /// As [`Meter::new`].
    pub fn new(board: &str) -> Result<Self> {
        let options = Options {
            board: Some(board),
            ..Options::default()
        };
        Self::on(Scene::from_options(&options).map_err(|error| anyhow!("{error}"))?)
    }

    /// The same in a scene.
    ///
    /// # Errors
    /// As [`Meter::new`].
    pub fn on(scene: Scene) -> Result<Self> {
        let mut meter = Meter::on(&scene)?;
        meter.machine.chip.set_jumper(true);
        meter.run(2.0)?;
        Ok(Factory { meter, scene })
    }

    /// Logs on and lets `work` use the session.
    ///
    /// # Errors
    /// The log-on's failure, or whatever `work` says.
    pub fn session<T>(
        &mut self,
        password: [u8; 20],
        work: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let line = reader::line::Line::over(Line::new(&mut self.meter.machine));
        let mut session = Session::open(line, &access(password))?;
        let result = work(&mut session);
        session.close();
        result
    }

    /// Sets the bench's source by its SCPI commands.
    pub fn apply(&self, commands: &str) {
        let mut bench = virtual_meter::bench::Bench::default();
        bench.execute(commands, &self.scene, self.meter.now());
    }

    /// What `meterctl calibrate` does.
    ///
    /// # Errors
    /// The log-on's failure; a refusal is in the report.
    pub fn calibrate(&mut self, plan: &Plan, password: [u8; 20]) -> Result<Report> {
        let line = Line::new(&mut self.meter.machine);
        let simulated = SimulatedBench {
            bench: virtual_meter::bench::Bench::default(),
            scene: self.scene.clone(),
            clock: line.clock(),
        };
        let mut session = Session::open(reader::line::Line::over(line), &access(password))?;
        let mut bench = Bench::over(simulated)?;
        let mut nowhere = std::io::sink();
        let mut progress = Progress::new(&mut nowhere, false, reader::calibrate::loads(plan));
        let report = reader::calibrate::run(&mut session, plan, &mut bench, &mut progress);
        session.close();
        Ok(report)
    }
}
