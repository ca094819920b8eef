//! What no sound bench and no sound board does, and checks held against their limits.

use super::arithmetic::{self, Load, Pass};
use super::curve;
use super::plan::Plan;
use super::report::{self, Errors};
use anyhow::{Result, bail};
use c12::calibration::Constants;

/// Furthest that the reference may be from the meter's reading, of the reading: on a meter that was calibrated before,
/// and on one that was not.
const FURTHEST: f64 = 0.2;
const FURTHEST_FIRST: f64 = 0.5;

/// Furthest that a sound current transformer is at a point of its curve from what it is at the test load, of gain or in
/// radians.
const FURTHEST_OF_CURVE: f64 = 0.01;

/// Least power factor of the loads that gains and phase come from.
const LEAST_POWER_FACTOR: f64 = 0.99;

/// Refuses a bench that is wired or set wrong.
pub(super) fn refuse_wrong_bench(pass: &Pass, is_first: bool) -> Result<()> {
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
pub(super) fn refuse_wrong_board(new: &Constants, plan: &Plan) -> Result<()> {
    for (current_a, correction) in curve::listed(&new.curves[0]) {
        let curve::Correction { gain, phase_rad } = correction;
        if gain.abs() > FURTHEST_OF_CURVE || phase_rad.abs() > FURTHEST_OF_CURVE {
            bail!(
                "at {current_a} A the line's gain is {:+.2} % and its phase {:+.3}° from those at the test load, which no \
                 sound transformer does: is the reference right there?",
                gain * 100.0,
                phase_rad.to_degrees()
            );
        }
    }
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
        if name == report::CHANNEL_NAMES[0] {
            // That is the clock's, which has its own limit.
            continue;
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
pub(super) fn judge(plan: &Plan, found: &[Errors]) -> Result<()> {
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
                f_hz: Some(60.0),
            },
        }
    }

    fn pass() -> Pass {
        Pass {
            no_load: Shown::default(),
            main: load(10.0),
            low: load(0.1),
            is_neutral_driven: true,
            ..Pass::default()
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
        let mut constants = Constants::NOMINAL;
        constants.channels[0].power_gain += 500_000;
        assert!(refuse_wrong_board(&constants, &plan).is_ok(), "a clock");
        for (gain, phase, reason) in [
            (12_000, 0, "gain is +1.14 %"),
            (0, -12_000, "phase -0.656°"),
        ] {
            constants.curves[0][4] = c12::calibration::Point {
                current_ua: 400_000,
                gain,
                phase,
            };
            let complaint = refuse_wrong_board(&constants, &plan).unwrap_err();
            let complaint = complaint.to_string();
            assert!(
                complaint.contains("at 0.4 A") && complaint.contains(reason),
                "{complaint}"
            );
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
        let most = [0.0099, -0.0099, 0.05, 0.05, 0.03, 0.05].map(errors);
        assert!(judge(&plan, &most).is_ok());
        let reason = judge(&plan, &[errors(0.0), errors(-0.011), errors(0.0)]).unwrap_err();
        assert!(
            reason.to_string().contains("60° lagging: -0.0110 %"),
            "{reason}"
        );
        assert!(judge(&plan, &[errors(f64::NAN)]).is_err());
    }
}
