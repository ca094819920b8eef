//! The test stand: the image in the virtual meter, its source, and a reader at its port, all in simulated time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use anyhow::{Result, bail};
use c12::client::Transport;
use c12::snapshot::{self, flag, offset};
use reader::calibrate::reference::Instrument;
use reader::line::Line;
use reader::session::{Access, Session};
use virtual_meter::bench::Bench;
use virtual_meter::chip::ChipOptions;
use virtual_meter::chip::memory::INFO;
use virtual_meter::chip::uart_line::FarBaud;
use virtual_meter::elf::Image;
use virtual_meter::machine::Uart;
use virtual_meter::mains::series::Series;
use virtual_meter::meter::Meter;
use virtual_meter::scene::Scene;
use virtual_meter::time::{MILLISECOND, Time, to_seconds};
use virtual_meter::truth::{Coupling, Quantities};

/// Step in which the meter runs while the reader waits.
const STEP: Time = MILLISECOND / 2;
/// How often the meter is asked for a new window, and for how long at most.
const POLL_MS: u32 = 200;
const PATIENCE_MS: u32 = 5_000;
/// Password that opens the calibration until the meter has others: twenty ones.
const FACTORY_PASSWORD: [u8; 20] = [b'1'; 20];

/// A meter with its mains, shared by the source and the reader's line.
#[derive(Clone)]
pub struct Stand {
    meter: Rc<RefCell<Meter>>,
    bench: Rc<RefCell<Bench>>,
}

impl Stand {
    /// Powers `image` up in `scene`; `information` is what its information FRAM holds, the calibration.
    pub fn new(image: &Image, scene: Scene, information: Option<&[u8]>) -> Self {
        let mut meter = Meter::new(image, scene, ChipOptions::default());
        if let Some(bytes) = information {
            meter.machine.write_memory(INFO.0, bytes);
        }
        meter.machine.chip.wiring.port.set_baud(FarBaud::Follow);
        Self {
            meter: Rc::new(RefCell::new(meter)),
            bench: Rc::default(),
        }
    }

    /// What the information FRAM holds now.
    pub fn information(&self) -> Vec<u8> {
        let meter = self.meter.borrow();
        meter.machine.read_memory(INFO.0, INFO.1.into())
    }

    /// Sets the factory jumper.
    pub fn set_jumper(&self) {
        self.meter.borrow_mut().machine.chip.set_jumper(true);
    }

    /// Lets time pass without anybody at the port.
    ///
    /// # Errors
    /// The first fault of the virtual meter.
    pub fn run(&self, time: Time) -> Result<()> {
        Ok(self.meter.borrow_mut().run_for(time)?)
    }

    /// Gives the mains another shape from now on, the phase running through.
    pub fn switch_to(&self, lines: [Series; 3], f_hz: f64) {
        let meter = self.meter.borrow();
        meter.scene.source().switch_to(meter.time(), lines, f_hz);
    }

    /// What was true in the last `seconds`, without mean values, which no meter behind transformers sees.
    pub fn truth(&self, seconds: f64) -> Quantities {
        let meter = self.meter.borrow();
        let now = meter.time();
        let from = now - (seconds * virtual_meter::time::SECOND as f64) as Time;
        meter.scene.truth().coupled(Coupling::Ac).over(from, now)
    }

    /// A factory reader, logged on.
    ///
    /// # Errors
    /// The line's or the meter's refusal.
    pub fn log_on(&self) -> Result<Session<'static>> {
        let access = Access {
            user_id: 0,
            user: "accuracy".to_owned(),
            password: Some(FACTORY_PASSWORD),
            rate_code: None,
        };
        let carrier = Carrier {
            meter: Rc::clone(&self.meter),
            received: VecDeque::new(),
        };
        Session::open(Line::over(carrier), &access)
    }
}

/// The source and reference instrument beside the meter.
impl Instrument for Stand {
    fn send(&mut self, command: &str) -> Result<()> {
        let meter = self.meter.borrow();
        self.bench
            .borrow_mut()
            .execute(command, &meter.scene, meter.time());
        Ok(())
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        let meter = self.meter.borrow();
        let answer = self
            .bench
            .borrow_mut()
            .execute(question, &meter.scene, meter.time());
        match answer {
            Some(answer) => Ok(answer),
            None => bail!("the bench has no answer to {question}"),
        }
    }
}

/// The port's far end: waiting makes the meter run.
struct Carrier {
    meter: Rc<RefCell<Meter>>,
    received: VecDeque<u8>,
}

impl Transport for Carrier {
    type Error = anyhow::Error;

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.meter.borrow_mut().machine.send(Uart::Port, bytes);
        Ok(())
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>> {
        let mut meter = self.meter.borrow_mut();
        let end = meter.time() + Time::from(timeout_ms) * MILLISECOND;
        loop {
            if let Some(byte) = self.received.pop_front() {
                return Ok(Some(byte));
            }
            if meter.time() >= end {
                return Ok(None);
            }
            let step = STEP.min(end - meter.time());
            meter.run_for(step)?;
            let bytes = meter.machine.take_received(Uart::Port);
            self.received.extend(bytes.iter().map(|byte| byte.value));
        }
    }

    fn set_bit_rate(&mut self, _: u16) -> Result<()> {
        // The far end follows the meter.
        Ok(())
    }

    fn now_ms(&mut self) -> u32 {
        (to_seconds(self.meter.borrow().time()) * 1e3) as u32
    }
}

/// What the meter says of one window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Windows since power-up.
    pub sequence: u32,
    flags: u32,
    /// Volts rms.
    pub vrms_v: f64,
    /// Line amperes rms.
    pub irms_a: f64,
    /// Watts.
    pub p_w: f64,
    /// Reactive power of the fundamental, positive when the current lags.
    pub q_var: f64,
    /// V · I.
    pub s_va: f64,
    /// Active power of the fundamental.
    pub p1_w: f64,
    /// Frequency.
    pub f_hz: f64,
    /// Import less export since power-up.
    pub energy_wh: f64,
}

impl Window {
    fn of(bytes: &[u8]) -> Result<Self> {
        let Some(bytes) = bytes.first_chunk::<{ snapshot::SIZE }>() else {
            bail!("MT0 has {} bytes and not {}", bytes.len(), snapshot::SIZE);
        };
        let chunk = |at: usize| bytes[at..].first_chunk::<4>().copied().unwrap_or_default();
        let wide = |at: usize| bytes[at..].first_chunk::<8>().copied().unwrap_or_default();
        let quantity = |at: usize, one: f64| match i32::from_le_bytes(chunk(at)) {
            snapshot::NOT_AVAILABLE => f64::NAN,
            value => f64::from(value) / one,
        };
        let energy = |at: usize| u64::from_le_bytes(wide(at)) as f64 / 2f64.powi(32);
        Ok(Self {
            sequence: u32::from_le_bytes(chunk(offset::SEQUENCE)),
            flags: u32::from_le_bytes(chunk(offset::FLAGS)),
            vrms_v: quantity(offset::VRMS_MV, 1e3),
            irms_a: quantity(offset::IRMS_UA, 1e6),
            p_w: i64::from_le_bytes(wide(offset::P_UW)) as f64 / 1e6,
            q_var: i64::from_le_bytes(wide(offset::Q_UVAR)) as f64 / 1e6,
            s_va: quantity(offset::S_MVA, 1e3),
            p1_w: quantity(offset::P1_MW, 1e3),
            f_hz: quantity(offset::F_UHZ, 1e6),
            energy_wh: energy(offset::IMPORT) - energy(offset::EXPORT),
        })
    }

    /// Below the starting current: the registers stand still.
    pub fn is_below_start(&self) -> bool {
        self.flags & flag::NO_LOAD != 0
    }

    /// Reads the first window after number `last`.
    ///
    /// # Errors
    /// The line's or the meter's refusal; no new window for five seconds; a window that lost frames or was clipped.
    pub fn next(session: &mut Session, last: Option<u32>) -> Result<Self> {
        let began_ms = session.now_ms();
        loop {
            let window = Self::of(&session.read(snapshot::TABLE)?)?;
            if last != Some(window.sequence) {
                let unfit = flag::VOLTAGE_CLIPPED
                    | flag::LINE_CLIPPED
                    | flag::NEUTRAL_CLIPPED
                    | flag::FRAMES_LOST
                    | flag::CHANNEL_STUCK;
                if window.flags & unfit != 0 {
                    bail!("a window carries the remarks {:#x}", window.flags);
                }
                return Ok(window);
            }
            if session.now_ms().wrapping_sub(began_ms) > PATIENCE_MS {
                bail!("the meter has not finished a window for {PATIENCE_MS} ms");
            }
            session.pause(POLL_MS)?;
        }
    }
}
