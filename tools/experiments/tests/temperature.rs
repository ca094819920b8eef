//! The image in the cold and in the heat: its thermometer, and gains that follow it.

use std::fs;

use c12::calibration::{Constants, Law, TABLE};
use experiments::factory::{FACTORY_PASSWORD, access};
use experiments::line::Line;
use experiments::meter::{Meter, number};
use reader::session::Session;
use virtual_meter::scene::Options;

/// A board that drifts more than a good one does, without any other error.
const BOARD: &str = "
name = 'drifting'
voltage = { gain_drift_ppm_per_c = 40.0 }
line = { gain_drift_ppm_per_c = -30.0 }
neutral = { gain_drift_ppm_per_c = 25.0 }
converter = { reference_drift_ppm_per_c = 8.0 }
";
/// What takes that away, voltage, line and neutral.
const LAWS_PPM_PER_K: [f64; 3] = [-48.0, 22.0, -33.0];
/// Room, cold, heat, and half way back.
const PLACES_C: [f64; 4] = [23.0, -25.0, 70.0, 45.0];
/// Seconds at each, after the two of the start and the writing.
const STAY_S: f64 = 6.0;
const BEGIN_S: f64 = 8.0;

/// The quantities' relative errors at each temperature in ppm: voltage, line and neutral current, active and reactive power.
fn errors_ppm(laws: [Law; 3]) -> Vec<[f64; 5]> {
    let directory = std::env::temp_dir();
    let path = |name: &str| directory.join(format!("meter430-{name}-{}.toml", std::process::id()));
    let (board, scenario) = (path("drifting"), path("weather"));
    fs::write(&board, BOARD).expect("board file");
    let mut weather = String::from("[[step]]\nat_s = 0.0\n");
    for (place, celsius) in PLACES_C.into_iter().enumerate() {
        let from = BEGIN_S + STAY_S * (place as f64 - 1.0);
        for at in [(from + 0.01).max(0.0), from + STAY_S] {
            weather += &format!("[[temperature]]\nat_s = {at}\ntemperature_c = {celsius}\n");
        }
    }
    fs::write(&scenario, weather).expect("scenario file");
    let mut meter = Meter::new(&Options {
        mains: Some("220,60"),
        load: Some("10,0.5L"),
        scenario: Some(&scenario),
        board: Some(board.to_str().expect("a path")),
        ..Options::default()
    })
    .expect("meter");
    fs::remove_file(board).ok();
    fs::remove_file(scenario).ok();

    meter.machine.chip.set_jumper(true);
    meter.run(2.0).expect("runs");
    let constants = Constants {
        temperature: laws,
        ..Constants::NOMINAL
    };
    {
        let line = reader::line::Line::over(Line::new(&mut meter.machine));
        let mut session = Session::open(line, &access(FACTORY_PASSWORD)).expect("logs on");
        session
            .write(TABLE, None, &constants.to_bytes())
            .expect("writes");
        session.close();
    }

    let mut found = Vec::new();
    for (place, celsius) in PLACES_C.into_iter().enumerate() {
        // The last window of the stay.
        let end = BEGIN_S + STAY_S * place as f64 - 0.3;
        let now = meter.now() as f64 * 1e-12;
        meter.run(end - now).expect("runs");
        let snapshot = meter.snapshot().expect("reads");
        let value = |name: &str| number(&snapshot, name).expect("number");
        let shown_c = value("temperature_c");
        // A step of the sensor's converter is 0.13 °C.
        assert!((shown_c - celsius).abs() < 0.1, "{shown_c} at {celsius} °C");
        let error = |name: &str, truth: f64| (value(name) / truth - 1.0) * 1e6;
        found.push([
            error("vrms_v", 220.0),
            error("irms_a", 10.0),
            error("neutral_a", 10.0),
            error("p_w", 1_100.0),
            error("q_var", 2_200.0 * 0.75f64.sqrt()),
        ]);
    }
    found
}

/// How far the readings are from those in the room, at most, by quantity.
fn furthest(errors: &[[f64; 5]]) -> [f64; 5] {
    core::array::from_fn(|quantity| {
        let from_room = errors
            .iter()
            .map(|at| (at[quantity] - errors[0][quantity]).abs());
        from_room.fold(0.0, f64::max)
    })
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn gains_follow_the_chips_thermometer() {
    let without = furthest(&errors_ppm([Law::default(); 3]));
    let laws = LAWS_PPM_PER_K.map(|ppm| Law {
        linear: (ppm * 1e-6 * 2f64.powi(24)).round() as i16,
        // A linear drift d is undone by 1/(1 + dT), whose next term is d²T².
        quadratic: ((ppm * 1e-6).powi(2) * 2f64.powi(30)).round() as i16,
    });
    let with = furthest(&errors_ppm(laws));
    println!(
        "-25 to 70 °C, from what is read at 23 °C, ppm of V, I, I of the neutral, P, Q: without laws {without:.0?}, with {with:.1?}"
    );
    for drift in without {
        assert!(drift > 1_000.0, "{without:?}");
    }
    // Half a step of the sensor's converter is 3 ppm of this board, 2^-25 per kelvin 1.4 ppm, a square's lower half 2.4.
    for drift in with {
        assert!(drift < 12.0, "{with:?}");
    }
}
