//! Factory calibration: loads from a plan, true values from a reference, constants to the meter's MT1.
//!
//! | file | what |
//! |---|---|
//! | `plan` | the plan file: loads, times, limits |
//! | `reference` | who sets the loads and knows the truth: an SCPI bench, or a person |
//! | `measure` | one load, averaged over the meter's windows |
//! | `arithmetic` | from readings to constants |
//! | `report`, `certificate` | what was found; the table, the JSON and the page |
//! | `progress` | what is shown meanwhile |
//!
//! Everything is measured under the constants that the meter has, the new ones are computed, checked and judged on the
//! same readings, and only then written, at once. Whatever fails before that write leaves the meter as it was. After it
//! the checks are measured again; when they fail there is a second pass, and when that fails too the old constants go
//! back.

pub mod arithmetic;
pub mod certificate;
pub mod measure;
pub mod plan;
pub mod progress;
pub mod reference;
pub mod report;

use crate::session::Session;
use crate::tables::Tables;
use anyhow::{Context, Result, bail, ensure};
use arithmetic::{Load, Pass};
use c12::calibration::{Constants, SIZE, TABLE, VERSION};
use measure::measure;
use plan::Plan;
use progress::Progress;
use reference::Reference;
use report::{Errors, Report};

/// Furthest that the reference may be from the meter's reading, of the reading: on a meter that was calibrated before,
/// and on one that was not.
const FURTHEST: f64 = 0.2;
const FURTHEST_FIRST: f64 = 0.5;

/// Least power factor of the loads that gains and phase come from.
const LEAST_POWER_FACTOR: f64 = 0.99;

/// Loads of a calibration that needs one pass, for the progress.
pub fn loads(plan: &Plan) -> u32 {
    3 + plan.check.len() as u32 * 2 - known(plan).iter().flatten().count() as u32
}

/// For each check which of the pass's own loads it is: 0 main, 1 low.
fn known(plan: &Plan) -> Vec<Option<usize>> {
    let own = [plan.main(), plan.low()];
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
    // The source goes off whatever happened; the first failure is the one to tell.
    let result = result.and(reference.release());
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
            progress.extend(3 + plan.check.len() as u32);
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
    Ok(Pass {
        no_load: at(plan.no_load())?.shown,
        main: at(plan.main())?,
        low: at(plan.low())?,
        is_neutral_driven: plan.reference.drives_neutral,
    })
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
        .map(|(check, known)| match (pass, known) {
            (Some(pass), Some(own)) => Ok(if own == 0 { pass.main } else { pass.low }),
            _ => measure(session, reference, &plan.at(check), plan.settle_s, progress),
        })
        .collect()
}

/// Refuses a bench that is wired or set wrong.
fn refuse_wrong_bench(pass: &Pass, is_first: bool) -> Result<()> {
    let furthest = if is_first { FURTHEST_FIRST } else { FURTHEST };
    for (load, which) in [(&pass.main, "test load"), (&pass.low, "low load")] {
        let Load { shown, truth } = load;
        let mut pairs = vec![
            ("volts", shown.voltage_v, truth.voltage_v),
            ("watts", shown.p_w, truth.p_w),
        ];
        // At the low load the noise, not taken off yet, adds to the current.
        if which == "test load" {
            pairs.push(("amperes", shown.line_a(), truth.current_a));
            if pass.is_neutral_driven {
                pairs.push(("amperes (neutral)", shown.neutral_a(), truth.current_a));
            }
        }
        for (unit, reading, reference) in pairs {
            let ratio = reference / reading;
            if !((1.0 - furthest)..=(1.0 + furthest)).contains(&ratio) {
                bail!(
                    "{which}: the reference says {reference:.6} and the meter {reading:.6} {unit}, more than {} % apart: \
                     check wiring and source",
                    furthest * 100.0
                );
            }
        }
        let power_factor = truth.power_factor();
        if power_factor < LEAST_POWER_FACTOR {
            bail!(
                "{which}: power factor {power_factor:.4}; gains and phase need {LEAST_POWER_FACTOR} at least"
            );
        }
    }
    Ok(())
}

/// Refuses constants that no sound board has.
fn refuse_wrong_board(new: &Constants, plan: &Plan) -> Result<()> {
    for (channel, name) in new.channels.iter().zip(report::CHANNEL_NAMES) {
        let [gain, power_gain, phase_rad] = arithmetic::gains(channel);
        if !channel.is_plausible() {
            bail!(
                "the {name} channel would need gain {gain:.4}, phase {:.3}°, power gain {power_gain:.5}, noise {:.2} mA, \
                 offset {:.1} mW, which no sound board does: repair it",
                phase_rad.to_degrees(),
                arithmetic::noise_a(channel) * 1e3,
                arithmetic::power_offset_w(channel) * 1e3
            );
        }
        let noise_ma = arithmetic::noise_a(channel) * 1e3;
        if noise_ma > plan.limits.noise_ma {
            bail!(
                "the {name} channel has {noise_ma:.2} mA of noise, over the limit of {} mA: repair the board",
                plan.limits.noise_ma
            );
        }
        let excess_ppm = (power_gain - 1.0) * 1e6;
        if excess_ppm.abs() > plan.limits.power_gain_ppm {
            bail!(
                "the power is {excess_ppm:+.1} ppm off the product of voltage and current, over the limit of {} ppm: \
                 is the reference's own power right?",
                plan.limits.power_gain_ppm
            );
        }
    }
    Ok(())
}

/// Holds the errors of all checks against their limits.
fn judge(plan: &Plan, found: &[Errors]) -> Result<()> {
    for (check, errors) in plan.check.iter().zip(found) {
        // Not a number is no small error.
        if errors.power_pct.is_nan() || errors.power_pct.abs() > check.limit_pct {
            bail!(
                "{}: {:+.4} % of active power, over the limit of {} %",
                plan.at(check).in_words(),
                errors.power_pct,
                check.limit_pct
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arithmetic::{Shown, Truth};
    use c12::calibration::Channel;

    fn load(current_a: f64) -> Load {
        Load {
            shown: Shown {
                voltage_v: 220.0,
                line_square_a2: current_a * current_a,
                neutral_square_a2: current_a * current_a,
                p_w: 220.0 * current_a,
                f_hz: 60.0,
                ..Shown::default()
            },
            truth: Truth {
                voltage_v: 220.0,
                current_a,
                p_w: 220.0 * current_a,
                q_var: 0.0,
                f_hz: 60.0,
            },
        }
    }

    fn pass() -> Pass {
        Pass {
            no_load: Shown::default(),
            main: load(10.0),
            low: load(0.1),
            is_neutral_driven: true,
        }
    }

    fn complaint(change: impl Fn(&mut Pass), is_first: bool) -> Option<String> {
        let mut pass = pass();
        change(&mut pass);
        refuse_wrong_bench(&pass, is_first)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn a_bench_that_is_wired_or_set_wrong_is_refused() {
        assert_eq!(complaint(|_| (), false), None);
        let far = |pass: &mut Pass| pass.main.truth.voltage_v *= 1.3;
        assert!(complaint(far, false).unwrap().contains("volts"));
        // 30 % are possible on a meter that was never calibrated; the power does not follow, and that is not wrong yet.
        let far = |pass: &mut Pass| {
            pass.main.truth.voltage_v *= 1.3;
            pass.main.truth.p_w *= 1.3;
        };
        assert_eq!(complaint(far, true), None);
        let reversed = |pass: &mut Pass| pass.main.shown.p_w = -2200.0;
        assert!(complaint(reversed, true).unwrap().contains("watts"));
        let open = |pass: &mut Pass| pass.main.shown.neutral_square_a2 = 0.0;
        assert!(complaint(open, true).unwrap().contains("neutral"));
        let lag = |pass: &mut Pass| pass.low.truth.p_w *= 0.98;
        assert!(
            complaint(lag, true)
                .unwrap()
                .contains("low load: power factor 0.98")
        );
        let silent = |pass: &mut Pass| pass.main.shown.voltage_v = f64::NAN;
        assert!(complaint(silent, true).is_some());
    }

    #[test]
    fn constants_of_broken_boards_are_refused() {
        let plan = Plan::parse(include_str!("../../plans/single-phase-220v.toml")).unwrap();
        let complaint = |change: fn(&mut Channel)| {
            let mut constants = Constants::NOMINAL;
            change(&mut constants.channels[1]);
            refuse_wrong_board(&constants, &plan)
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(complaint(|_| ()), None);
        for (change, reason) in [
            (
                (|line| line.gain = (1 << 30) / 100 * 130) as fn(&mut Channel),
                "would need gain 1.3",
            ),
            (|line| line.phase = 1 << 26, "phase 3.58"),
            (|line| line.noise = 1 << 24, "of noise"),
            (|line| line.power_gain += 1 << 17, "+122.1 ppm"),
        ] {
            let complaint = complaint(change).expect(reason);
            assert!(complaint.contains(reason), "{complaint}");
        }
    }

    #[test]
    fn checks_are_judged_by_their_limits_and_nothing_is_no_pass() {
        let plan = Plan::parse(include_str!("../../plans/single-phase-220v.toml")).unwrap();
        let errors = |power_pct: f64| Errors {
            voltage_pct: 0.0,
            current_pct: 0.0,
            power_pct,
            reference_w: 2200.0,
        };
        assert!(judge(&plan, &[errors(0.0099), errors(-0.0099), errors(0.05)]).is_ok());
        let reason = judge(&plan, &[errors(0.0), errors(-0.011), errors(0.0)]).unwrap_err();
        assert!(
            reason.to_string().contains("60° lagging: -0.0110 %"),
            "{reason}"
        );
        assert!(judge(&plan, &[errors(f64::NAN)]).is_err());
    }

    #[test]
    fn loads_that_a_pass_has_measured_are_not_measured_again() {
        let plan = Plan::parse(include_str!("../../plans/single-phase-220v.toml")).unwrap();
        assert_eq!(known(&plan), [Some(0), None, Some(1)]);
        assert_eq!(loads(&plan), 7);
    }
}
