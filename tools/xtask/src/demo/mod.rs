//! `cargo xtask demo`: the image in the virtual meter, in a household, read like any meter.
//!
//! Mains and appliances, converter, chip and serial line are simulated; the image is the one that would be flashed, and it is
//! asked over its communications port by the library that `meterctl` is made of. Beside its readings stands what the mains really
//! did, in double precision, without mean values: the meter removes them like every meter behind a current transformer.

mod compare;
mod household;

use anyhow::{Result, bail};
use reader::decode::Record;
use reader::line::Line;
use reader::session::{Access, Session};
use reader::tables::Tables;
use reader::{name, show, snapshot};
use serde_json::{Map, Value};
use virtual_meter::chip::ChipOptions;
use virtual_meter::meter::{Meter, load_image};
use virtual_meter::scene::{Options, Scene};
use virtual_meter::time::{SECOND, Time};
use virtual_meter::truth::{Coupling, Quantities};

use self::compare::{LIMIT_PCT, Reading, energies, main_quantities, other_quantities};
use self::household::{Household, STEP_S};
use crate::progress::Step;
use crate::workspace;

/// The reading begins so long before an appliance is switched off: time for the log-on and one table at 9600 bit/s.
const READ_BEFORE_END: Time = 2 * SECOND;

/// True values are taken from this long before a reading: the meter's last complete window lies in it.
const TRUTH_SPAN: Time = 3 * SECOND;

/// Runs the image in a household and prints what it measures beside what was true.
///
/// # Errors
/// When the virtual meter stops, the meter does not answer, or volts, amperes or watts are further off than promised.
pub fn task() -> Result<()> {
    let household = Household::find();
    println!("\nThe household: {}", household.source);
    let scenario = household.write()?;
    let options = Options {
        scenario: Some(&scenario),
        board: Some("ideal"),
        ..Options::default()
    };
    let scene = Scene::from_options(&options)?;
    let image = load_image(&workspace::image_elf())?;
    let mut meter = Meter::new(&image, scene, ChipOptions::default());
    let readings = live_through(&household, &mut meter)?;
    println!(
        "{}\n{}",
        main_quantities(&readings),
        other_quantities(&readings)
    );
    if let [first, .., last] = readings.as_slice() {
        let truth = truth_between(&meter, first.read_at, last.read_at);
        println!("{}", energies(first, last, &truth));
    }
    print_tables(&mut meter)?;
    let report = meter.report();
    println!(
        "{:.1} s simulated in {:.1} s; CPU awake {:.1} % of the time; {} bytes of stack never used; {} resets",
        report.simulated_s,
        report.wall_s,
        100.0 * report.cpu.load,
        report.memory.stack_free_bytes,
        report.resets
    );
    let worst = readings
        .iter()
        .map(Reading::worst_error_pct)
        .fold(0.0, f64::max);
    if worst > LIMIT_PCT {
        bail!("a reading is {worst:.3} % off, more than the promised {LIMIT_PCT} %");
    }
    println!(
        "all volts, amperes and watts within {worst:.3} % of the true values (below 0.5 A: of those at 0.5 A)"
    );
    Ok(())
}

/// Lets each appliance run and reads the meter before it is switched off.
fn live_through(household: &Household, meter: &mut Meter) -> Result<Vec<Reading>> {
    let mut step = Step::start("virtual meter");
    let mut readings = Vec::new();
    for (number, appliance) in (1..).zip(&household.appliances) {
        step.at(appliance);
        let end = Time::from(number * STEP_S) * SECOND;
        meter.run_until(end - READ_BEFORE_END)?;
        let read_at = meter.time();
        let snapshot = read_snapshot(meter)?;
        let truth = truth_between(meter, read_at - TRUTH_SPAN, read_at);
        readings.push(Reading {
            appliance,
            meter: snapshot,
            truth,
            read_at,
        });
    }
    step.finish("done");
    Ok(readings)
}

fn truth_between(meter: &Meter, from: Time, to: Time) -> Quantities {
    meter.scene.truth().coupled(Coupling::Ac).over(from, to)
}

fn read_snapshot(meter: &mut Meter) -> Result<Record> {
    let mut session = open(meter)?;
    let snapshot = snapshot::read(&mut session)?;
    session.close();
    Ok(snapshot)
}

/// Logs on at the simulated port.
fn open(meter: &mut Meter) -> Result<Session<'_>> {
    let access = Access {
        user_id: 0,
        user: "demo".to_owned(),
        password: None,
        rate_code: None,
    };
    let line = experiments::line::Line::new(&mut meter.machine);
    Session::open(Line::over(line), &access)
}

/// Reads every table that the meter announces; prints identification and registers, and how much there was.
fn print_tables(meter: &mut Meter) -> Result<()> {
    let mut session = open(meter)?;
    let mut tables = Tables::new(&mut session);
    let announced = tables.announced()?;
    let mut bytes = 0;
    let mut read = Vec::new();
    for table in announced {
        match tables.bytes(table) {
            Ok(contents) => {
                bytes += contents.len();
                read.push(name::of(table));
            }
            Err(refusal) if refusal.meter_goes_on => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    println!(
        "C12.19 tables over the simulated UART, {bytes} bytes: {}",
        read.join(" ")
    );
    let identification = tables.decoded(1).map_err(anyhow::Error::from)?;
    println!("{}", show::record(&identification, 2));
    if let Some(registers) = tables
        .decoded(23)
        .map_err(anyhow::Error::from)?
        .get("registers")
    {
        let only: Map<String, Value> = [("registers".to_owned(), registers.clone())]
            .into_iter()
            .collect();
        println!("ST23\n{}", show::record(&only, 2));
    }
    session.close();
    Ok(())
}
