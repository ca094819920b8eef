//! One meter on the bench: the image in the virtual meter, its mains, and the true values.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use c12::client::Client;
use serde_json::{Map, Value};
use virtual_meter::chip::ChipOptions;
use virtual_meter::chip::wiring::Wiring;
use virtual_meter::elf::Image;
use virtual_meter::machine::{Machine, Uart};
use virtual_meter::mains::timeline::Source;
use virtual_meter::scene::{Options, Scene};
use virtual_meter::time::{MILLISECOND, SECOND, Time};
use virtual_meter::truth::{Coupling, Quantities, Truth};

use crate::line::Line;

/// The image under test: `METER430_ELF`, or `target/meter430.elf`.
#[must_use]
pub fn image_path() -> PathBuf {
    std::env::var_os("METER430_ELF").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/meter430.elf"),
        PathBuf::from,
    )
}

/// A meter, running.
pub struct Meter {
    /// The virtual meter itself.
    pub machine: Machine,
    truth: Truth,
    /// The scene's source, for the temperature.
    source: Source,
}

impl Meter {
    /// Powers the image up on mains and board given as on the command line of `virtual-meter`.
    ///
    /// # Errors
    /// An image or an option that cannot be used, in one line.
    pub fn new(options: &Options) -> Result<Self> {
        let scene = Scene::from_options(options).map_err(|error| anyhow!("{error}"))?;
        Self::on(&scene)
    }

    /// Powers the image up in a scene.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn on(scene: &Scene) -> Result<Self> {
        let path = image_path();
        let image =
            Image::load(&path).with_context(|| "build the image with `cargo xtask firmware`")?;
        let mut chip = ChipOptions::default();
        chip.clocks.crystal_ppm = scene.mcu_crystal_ppm(0);
        let mut wiring = Wiring::new(scene.converter());
        wiring.service_switch.connect(scene.source());
        let mut machine = Machine::new(chip, wiring, &image);
        machine.chip.set_celsius(scene.temperature_c(0));
        Ok(Self {
            machine,
            source: scene.source(),
            // The current sensors are transformers and the meter takes the mean off the voltage too.
            truth: scene.truth().coupled(Coupling::Ac),
        })
    }

    /// Sends a packet to the port and returns what comes within 300 ms.
    ///
    /// # Panics
    /// The image cannot be run on.
    pub fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.machine.take_received(Uart::Port);
        self.machine.send(Uart::Port, bytes);
        self.machine.run_for(300 * MILLISECOND).expect("runs");
        let received = self.machine.take_received(Uart::Port);
        received.iter().map(|byte| byte.value).collect()
    }

    /// Runs for `seconds` of simulated time; the chip's temperature follows the scene's every second.
    ///
    /// # Errors
    /// The first fault of the virtual meter.
    pub fn run(&mut self, seconds: f64) -> Result<()> {
        let end = self.now() + (seconds * SECOND as f64) as Time;
        while self.now() < end {
            let celsius = self.source.look().temperature_c(self.now());
            self.machine.chip.set_celsius(celsius);
            self.machine.run_for((end - self.now()).min(SECOND))?;
        }
        Ok(())
    }

    /// Simulated time since power-up.
    #[must_use]
    pub fn now(&self) -> Time {
        self.machine.chip.time()
    }

    /// True values since `from`.
    #[must_use]
    pub fn truth_since(&self, from: Time) -> Quantities {
        self.truth.over(from, self.now())
    }

    /// Logs on, reads a table whole, logs off.
    ///
    /// # Errors
    /// The line's or the meter's refusal.
    pub fn read(&mut self, table: u16) -> Result<Vec<u8>> {
        let mut client = Client::new(Line::new(&mut self.machine), [0u8; 2048]);
        let failed = |error| anyhow!("reading table {table}: {error:?}");
        client.identify().map_err(failed)?;
        client.negotiate(256, 4, &[]).map_err(failed)?;
        client.logon(1, b"experiment").map_err(failed)?;
        let bytes = client.read(table).map_err(failed)?.to_vec();
        client.logoff().map_err(failed)?;
        client.terminate().map_err(failed)?;
        Ok(bytes)
    }

    /// The measurement snapshot, as `meterctl snapshot --json` prints it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn snapshot(&mut self) -> Result<Map<String, Value>> {
        let bytes = self.read(c12::snapshot::TABLE)?;
        reader::snapshot::arrange(&bytes)
    }
}

/// A number of the snapshot by name.
///
/// # Errors
/// The name, when the snapshot has no such number.
pub fn number(snapshot: &Map<String, Value>, name: &str) -> Result<f64> {
    snapshot
        .get(name)
        .or_else(|| snapshot.get("energy")?.get(name))
        .and_then(Value::as_f64)
        .with_context(|| format!("the snapshot has no {name}"))
}
