//! Scenario files: what they build and how their mistakes are answered.

use super::*;
use crate::converter::Fault;
use crate::mains::appliance::Appliance;
use crate::mains::timeline::Source;
use crate::time::{SECOND, Time};
use crate::truth::{Quantities, Truth};

fn build(text: &str) -> Result<Scenario, String> {
    let path = Path::new("s.toml");
    let file: File =
        toml::from_str(text).map_err(|error| InputError::toml(path, text, &error).to_string())?;
    Scenario::build(path, &file, &Mains::default(), &Load::default())
        .map_err(|error| error.to_string())
}

fn truth(text: &str, from_s: f64, to_s: f64) -> Quantities {
    Truth::new(Source::new(build(text).unwrap().timeline))
        .over(from_seconds(from_s), from_seconds(to_s))
}

fn close(value: f64, expected: f64) {
    assert!(
        (value - expected).abs() <= 1e-6 * expected.abs().max(1.0),
        "{value} is not {expected}"
    );
}

#[test]
fn steps_keep_what_they_do_not_name() {
    let text = "
        [[step]]
        at_s = 0.0
        voltage_v = 120.0
        current_a = 5.0
        power_factor = \"0.5L\"
        [[step]]
        at_s = 1.0
        current_a = 2.0
        [[step]]
        at_s = 2.0
        voltage_v = 0.0
        [[step]]
        at_s = 2.5
        voltage_v = 130.0";
    close(truth(text, 0.0, 1.0).p_w, 300.0);
    close(truth(text, 1.0, 2.0).p_w, 120.0);
    close(truth(text, 2.0, 2.5).vrms_v, 0.0);
    let last = truth(text, 3.0, 4.0);
    close(last.q_var, 260.0 * 0.75f64.sqrt());
    close(last.f_hz, 60.0);
}

#[test]
fn ramps_run_and_end_where_the_next_step_begins() {
    let text = "
        [[step]]
        at_s = 0.0
        frequency_hz = 59.0
        frequency_hz_per_s = 0.5
        voltage_v = 200.0
        voltage_v_per_s = 10.0
        [[step]]
        at_s = 2.0";
    close(truth(text, 0.0, 2.0).f_hz, 59.5);
    let after = truth(text, 2.0, 3.0);
    close(after.f_hz, 60.0);
    close(after.vrms_v, 220.0);
    // Mean of the square of 200…220.
    let during = truth(text, 0.0, 2.0);
    assert!(
        (during.vrms_v - (210.0f64.powi(2) + 100.0 / 3.0).sqrt()).abs() < 1e-3,
        "{}",
        during.vrms_v
    );
}

#[test]
fn harmonics_neutral_direct_current_and_appliances() {
    let text = "
        [[step]]
        at_s = 0.0
        voltage_v = 100.0
        current_a = 10.0
        neutral_a = 4.0
        voltage_dc_v = 2.0
        current_dc_a = 0.5
        voltage_harmonics = [{ order = 5, percent = 10.0, phase_deg = 0.0 }]
        current_harmonics = [{ order = 5, percent = 40.0, phase_deg = 0.0 }]
        [[step]]
        at_s = 1.0
        load = \"laptop\"
        voltage_dc_v = 0.0
        current_dc_a = 0.0
        current_harmonics = []";
    let first = truth(text, 0.0, 1.0);
    close(first.p_w, 1041.0);
    close(first.without_dc.p_w, 1040.0);
    close(first.without_dc.vrms_v, 10_100f64.sqrt());
    close(first.without_dc.irms_a, 116f64.sqrt());
    close(first.neutral_a, 4.0);
    close(first.thd_i_pct, 40.0);
    close(first.dc_a, 0.5);
    let laptop = truth(text, 1.0, 2.0);
    close(
        laptop.irms_a,
        Appliance::named("laptop").unwrap().current_a(),
    );
    assert!(laptop.thd_i_pct > 50.0);
}

#[test]
fn sags_scale_whatever_is_there() {
    let text = "
        [[step]]
        at_s = 0.0
        voltage_v = 100.0
        load = \"laptop\"
        [[step]]
        at_s = 1.0
        voltage_pct = 40.0
        [[step]]
        at_s = 1.5
        voltage_pct = 100.0
        current_pct = 200.0";
    close(truth(text, 1.0, 1.5).vrms_v, 40.0);
    let after = truth(text, 1.5, 2.0);
    close(after.vrms_v, 100.0);
    close(after.irms_a, 2.0 * truth(text, 0.0, 1.0).irms_a);
}

#[test]
fn rounds_repeat() {
    let text = "
        repeat_s = 0.1
        [[step]]
        at_s = 0.0
        current_a = 10.0
        [[step]]
        at_s = 0.05
        current_a = 0.0";
    let day = truth(text, 0.0, 60.0);
    close(day.p_w, 1100.0);
    close(day.irms_a, 10.0 / 2f64.sqrt());
    close(day.energy.import_wh, 1100.0 / 60.0);
}

#[test]
fn faults_and_temperature_come_through() {
    let scenario = build(
        "[[temperature]]\nat_s = 0.0\ntemperature_c = 20.0\n[[temperature]]\nat_s = 10.0\ntemperature_c = 40.0\n\
         [[fault]]\nat_s = 1.0\nduration_s = 2.0\nkind = \"stuck-channel\"\nchannel = 1\n\
         [[fault]]\nat_s = 1.0\nkind = \"corrupt-response\"\none_in = 100\n",
    )
    .unwrap();
    close(scenario.timeline.temperature_c(5 * SECOND), 30.0);
    let stuck = Fault::StuckChannel {
        channel: 1,
        code: None,
    };
    assert_eq!(
        scenario.faults[0],
        TimedFault {
            fault: stuck,
            from: SECOND,
            until: 3 * SECOND,
            one_in: 1
        }
    );
    assert_eq!(
        (scenario.faults[1].one_in, scenario.faults[1].until),
        (100, Time::MAX)
    );
}

#[test]
fn presses_of_the_button_come_through() {
    let scenario = build(
        "[[button]]\nat_s = 1.0\nduration_s = 0.5\n[[button]]\nat_s = 4.0\nduration_s = 1.0\n",
    );
    let expected = [SECOND..3 * SECOND / 2, 4 * SECOND..5 * SECOND];
    assert_eq!(scenario.unwrap().presses, expected);
}

#[test]
fn mistakes_are_answered_in_one_line() {
    for (text, expected) in [
        (
            "[[step]]\nat_s = 0.0\nvolts = 3\n",
            "s.toml:3: unknown field `volts`",
        ),
        (
            "[[step]]\nat_s = 1.0\n",
            "s.toml: the first step is not at 0",
        ),
        (
            "[[step]]\nat_s = 0.0\n[[step]]\nat_s = 0.0\n",
            "s.toml: step 2 has at_s = 0",
        ),
        (
            "[[step]]\nat_s = 0.0\nfrequency_hz = 400.0\n",
            "s.toml: step 1 (at 0 s): frequency_hz = 400 is outside 40 to 70",
        ),
        (
            "[[step]]\nat_s = 0.0\npower_factor = \"0.5\"\n",
            "power_factor = \"0.5\"",
        ),
        (
            "[[step]]\nat_s = 0.0\nload = \"toaster9\"\n",
            "is not in the library",
        ),
        (
            "[[step]]\nat_s = 0.0\nwaveform = \"missing.csv\"\n",
            "missing.csv: cannot be read",
        ),
        (
            "[[step]]\nat_s = 0.0\nvoltage_v = 0.0\nvoltage_v_per_s = 1.0\n",
            "ramps from nothing",
        ),
        (
            "[[fault]]\nat_s = 0.0\nkind = \"stuck-channel\"\n",
            "needs channel",
        ),
        (
            "[[fault]]\nat_s = 0.0\nkind = \"broken\"\n",
            "s.toml:3: unknown variant `broken`",
        ),
        ("[[button]]\nat_s = 1.0\n", "missing field `duration_s`"),
        (
            "repeat_s = 1.0\n[[step]]\nat_s = 0.0\n[[step]]\nat_s = 2.0\n",
            "repeat_s = 1 is not after the last step",
        ),
    ] {
        let error = build(text).unwrap_err();
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    }
}
