//! Factory calibration: loads from a plan, true values from a reference, constants to the meter's MT1.
//!
//! | file | what |
//! |---|---|
//! | `plan` | the plan file: loads, times, limits |
//! | `reference` | who sets the loads and knows the truth: an SCPI bench, or a person |
//! | `measure` | one load, averaged over the meter's windows |
//! | `arithmetic` | from readings to constants |
//! | `curve` | what a current transformer does at other currents |
//! | `refusal` | what no sound bench or board does |
//! | `report`, `certificate` | what was found; the table, the JSON and the page |
//! | `progress` | what is shown meanwhile |
//!
//! The meter is in its factory mode meanwhile, in which it counts nothing: registers, demand and load profile stay as they were.
//! Everything is measured under the constants that the meter has, the new ones are computed, checked and judged on the
//! same readings, and only then written, at once. Whatever fails before that write leaves the meter as it was. After it
//! the checks are measured again; when they fail there is a second pass, and when that fails too the old constants go
//! back.

pub mod arithmetic;
pub mod certificate;
pub mod curve;
pub mod measure;
pub mod plan;
pub mod progress;
pub mod reference;
mod refusal;
pub mod report;

use crate::procedure;
use crate::session::Session;
use crate::tables::Tables;
use anyhow::{Context, Result, ensure};
use arithmetic::{Load, Pass};
use c12::calibration::{Constants, SIZE, TABLE, VERSION};
use c12::procedure::number;
use measure::measure;
use plan::Plan;
use progress::Progress;
use reference::Reference;
use refusal::{judge, refuse_wrong_bench, refuse_wrong_board};
use report::{Errors, Report};

/// ED_MODE: what flows is counted.
const METERING: u8 = 1 << 0;
/// ED_MODE: what flows makes pulses, but does not count.
const FACTORY: u8 = 1 << 3;

/// Loads of a calibration that needs one pass, for the progress.
pub fn loads(plan: &Plan) -> u32 {
    pass_loads(plan) + plan.check.len() as u32 * 2 - known(plan).iter().flatten().count() as u32
}

/// Loads from which constants are computed.
fn pass_loads(plan: &Plan) -> u32 {
    3 + plan.curve_points().len() as u32
}

/// For each check which of the pass's own loads it is: 0 main, 1 low, then those of the curve.
fn known(plan: &Plan) -> Vec<Option<usize>> {
    let own = [vec![plan.main(), plan.low()], plan.curve_points()].concat();
    let settings = plan.check.iter().map(|check| plan.at(check));
    settings
        .map(|setting| own.iter().position(|own| *own == setting))
        .collect()
}

/// Calibrates the meter of a session. What was found is in the report, a refusal with its reason too.
pub fn run(
    session: &mut Session,
    plan: &Plan,
    reference: &mut dyn Reference,
    progress: &mut Progress,
) -> Report {
    let mut report = Report::new(plan, reference.name());
    let result = calibrate(session, plan, reference, progress, &mut report);
    // The source goes off whatever happened, before the meter counts again; the first failure is the one to tell.
    let result = result.and(reference.release());
    let left = procedure::run(session, number::CHANGE_MODE, &[METERING]);
    let left = left.context(
        "the meter is still in its factory mode, in which it counts nothing; take its jumper off",
    );
    let result = result.and(left.map(|_| ()));
    report.refusal = result.err().map(|error| match report.passes {
        0 => format!("{error:#}; nothing was written"),
        _ => format!("{error:#}"),
    });
    report
}

fn calibrate(
    session: &mut Session,
    plan: &Plan,
    reference: &mut dyn Reference,
    progress: &mut Progress,
    report: &mut Report,
) -> Result<()> {
    let mut tables = Tables::new(session);
    let identity = tables.decoded(1)?;
    report.serial = identity["MFG_SERIAL_NUMBER"]
        .as_str()
        .unwrap_or_default()
        .trim()
        .to_owned();
    // A write of nothing: jumper and password are asked for before time is spent.
    session
        .write(TABLE, Some(0), &[])
        .context("the meter does not let itself be calibrated")?;
    // What flows from now on makes pulses but leaves nothing in the registers.
    procedure::run(session, number::CHANGE_MODE, &[FACTORY])
        .context("the meter does not enter its factory mode")?;
    let stored = stored(session)?;
    let is_first = stored.version != VERSION;
    let before = if is_first { Constants::NOMINAL } else { stored };
    report.is_first = is_first;
    report.before = before;

    let mut state = State {
        present: before,
        checked: None,
    };
    for pass in 1..=plan.passes {
        if pass > 1 {
            progress.say("the checks failed: a second pass");
            progress.extend(pass_loads(plan) + plan.check.len() as u32);
        }
        let outcome = one_pass(session, plan, reference, progress, report, &mut state);
        match outcome {
            Ok(None) => return Ok(()),
            Ok(Some(_)) if pass < plan.passes => {}
            Ok(Some(reason)) | Err(reason) if report.passes > 0 => {
                return give_up(session, reason, &stored);
            }
            Ok(Some(reason)) | Err(reason) => return Err(reason),
        }
    }
    Ok(())
}

/// What a pass leaves to the next one.
struct State {
    /// The constants in use.
    present: Constants,
    /// The checks, measured under them.
    checked: Option<Vec<Load>>,
}

/// Measures, computes, writes and checks; the failed check, if any.
fn one_pass(
    session: &mut Session,
    plan: &Plan,
    reference: &mut dyn Reference,
    progress: &mut Progress,
    report: &mut Report,
    state: &mut State,
) -> Result<Option<anyhow::Error>> {
    let measured = measure_pass(session, plan, reference, progress)?;
    let checks = match state.checked.take() {
        Some(checks) => checks,
        None => {
            let checks = measure_checks(session, plan, reference, progress, Some(&measured))?;
            report.checks_before = checks.iter().map(Errors::of).collect();
            checks
        }
    };
    refuse_wrong_bench(&measured, report.is_first && report.passes == 0)?;
    let mut new = arithmetic::constants(&measured, &state.present);
    if let Some(starting) = plan.starting {
        new.starting = [starting.active_w, starting.reactive_var].map(arithmetic::power_code2);
    }
    report.after = Some(new);
    report.clock = clock_remark(&measured, &state.present, plan);
    if let Some(remark) = &report.clock {
        progress.say(remark);
    }
    refuse_wrong_board(&new, plan)?;
    let expected = checks.iter().map(|load| Load {
        shown: arithmetic::under(&load.shown, &state.present, &new),
        ..*load
    });
    report.checks_expected = expected.map(|load| Errors::of(&load)).collect();
    judge(plan, &report.checks_expected).context("the check would fail with the new constants")?;

    session.write(TABLE, None, &new.to_bytes())?;
    report.passes += 1;
    let found = stored(session)?;
    let count = found.count;
    ensure!(
        found == Constants { count, ..new },
        "MT1 reads back otherwise than it was written"
    );
    progress.say("constants written and read back");
    let checks = measure_checks(session, plan, reference, progress, None)?;
    report.checks_after = checks.iter().map(Errors::of).collect();
    *state = State {
        present: new,
        checked: Some(checks),
    };
    Ok(judge(plan, &report.checks_after).err())
}

/// Why the clock constant was left alone, if it was.
fn clock_remark(pass: &Pass, present: &Constants, plan: &Plan) -> Option<String> {
    let why = match arithmetic::clock_found(pass, present) {
        Some(Ok(_)) => return None,
        Some(Err(clock)) => format!(
            "by the reference's frequency it would be {:+.0} ppm off, over the limit of {:.0} ppm: is that frequency right?",
            (clock - 1.0) * 1e6,
            arithmetic::FURTHEST_CLOCK * 1e6
        ),
        None if plan.reference.knows_frequency => "the reference has no frequency".to_owned(),
        None => "the plan does not trust the reference's frequency".to_owned(),
    };
    Some(format!("the converter's clock is left as it was: {why}"))
}

/// What MT1 holds.
fn stored(session: &mut Session) -> Result<Constants> {
    let bytes = session.read(TABLE)?;
    let bytes: [u8; SIZE] = bytes.try_into().map_err(|bytes: Vec<u8>| {
        anyhow::anyhow!(
            "MT1 has {} bytes and not {SIZE}: another meter",
            bytes.len()
        )
    })?;
    Ok(Constants::from_bytes(&bytes))
}

/// Puts back what the meter had and fails with the reason.
fn give_up(session: &mut Session, reason: anyhow::Error, stored: &Constants) -> Result<()> {
    let withdrawn = if stored.version == VERSION {
        session.write(TABLE, None, &stored.to_bytes())
    } else {
        // There were none: nominal constants of version 0 are none again.
        let none = Constants {
            version: 0,
            ..Constants::NOMINAL
        };
        session.write(TABLE, None, &none.to_bytes())
    };
    withdrawn.with_context(|| {
        format!("{reason:#}; and the old constants could not be put back: do not use this meter")
    })?;
    Err(reason.context("the old constants are back"))
}

fn measure_pass(
    session: &mut Session,
    plan: &Plan,
    reference: &mut dyn Reference,
    progress: &mut Progress,
) -> Result<Pass> {
    let mut at = |setting| measure(session, reference, &setting, plan.settle_s, progress);
    let mut pass = Pass {
        no_load: at(plan.no_load())?.shown,
        main: at(plan.main())?,
        low: at(plan.low())?,
        is_neutral_driven: plan.reference.drives_neutral,
        laws: plan.temperature.map(|temperature| temperature.laws()),
        ..Pass::default()
    };
    if !plan.reference.knows_frequency {
        pass.main.truth.f_hz = None;
    }
    for (load, setting) in pass.curve.iter_mut().zip(plan.curve_points()) {
        *load = Some(at(setting)?);
    }
    Ok(pass)
}

/// Measures every check; those that the pass has measured already are taken from there.
fn measure_checks(
    session: &mut Session,
    plan: &Plan,
    reference: &mut dyn Reference,
    progress: &mut Progress,
    pass: Option<&Pass>,
) -> Result<Vec<Load>> {
    let known = known(plan);
    let checks = plan.check.iter().zip(known);
    checks
        .map(|(check, known)| {
            let own = |pass: &Pass| match known? {
                0 => Some(pass.main),
                1 => Some(pass.low),
                point => pass.curve[point - 2],
            };
            match pass.and_then(own) {
                Some(load) => Ok(load),
                None => measure(session, reference, &plan.at(check), plan.settle_s, progress),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_that_a_pass_has_measured_are_not_measured_again() {
        let plan = Plan::parse(include_str!("../../plans/single-phase-220v.toml")).unwrap();
        assert_eq!(known(&plan), [Some(0), None, Some(1), None, Some(5), None]);
        assert_eq!(loads(&plan), 3 + 4 + 2 * 6 - 3);
    }

    #[test]
    fn a_clock_that_is_left_alone_is_said() {
        let mut plan = Plan::parse(include_str!("../../plans/single-phase-220v.toml")).unwrap();
        let mut pass = Pass::default();
        pass.main.shown.f_hz = 60.0;
        pass.main.truth.f_hz = Some(60.0);
        let remark = |pass: &Pass, plan: &Plan| clock_remark(pass, &Constants::NOMINAL, plan);
        assert_eq!(remark(&pass, &plan), None);
        pass.main.truth.f_hz = Some(60.06);
        let far = remark(&pass, &plan).unwrap();
        assert!(far.contains("+1000 ppm off"), "{far}");
        pass.main.truth.f_hz = None;
        let none = remark(&pass, &plan).unwrap();
        assert!(none.ends_with("the reference has no frequency"), "{none}");
        plan.reference.knows_frequency = false;
        let distrusted = remark(&pass, &plan).unwrap();
        assert!(distrusted.contains("does not trust"), "{distrusted}");
    }
}
