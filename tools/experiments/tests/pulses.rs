//! Pulses of the real image: every edge where constant power puts it, and as many as there is energy.

use experiments::meter::{Meter, number};
use virtual_meter::scene::Options;
use virtual_meter::time::{SECOND, to_seconds};

/// Energy of a pulse, watt-seconds: 6400 pulses a kWh.
const PULSE_WS: f64 = 3_600_000.0 / 6_400.0;
/// Furthest that an edge may be from its ideal place, seconds.
const LIMIT_S: f64 = 1e-6;

/// Rising edges of an output after `from_s`, seconds.
fn edges_s(meter: &Meter, output: usize, from_s: f64) -> Vec<f64> {
    let edges = meter.machine.chip.wiring.pulses[output].edges.iter();
    let rising = edges.filter(|(_, level)| *level);
    rising
        .map(|(time, _)| to_seconds(*time))
        .filter(|time_s| *time_s > from_s)
        .collect()
}

/// The straight line through equally numbered instants: seconds from one to the next, and the furthest of them from it.
fn line(edges_s: &[f64]) -> (f64, f64) {
    let count = edges_s.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean_s = edges_s.iter().sum::<f64>() / count;
    let (mut products, mut squares) = (0.0, 0.0);
    for (number, edge_s) in edges_s.iter().enumerate() {
        let from_middle = number as f64 - middle;
        products += from_middle * (edge_s - mean_s);
        squares += from_middle * from_middle;
    }
    let step_s = products / squares;
    let furthest_s = edges_s
        .iter()
        .enumerate()
        .map(|(number, edge_s)| (edge_s - mean_s - step_s * (number as f64 - middle)).abs())
        .fold(0.0, f64::max);
    (step_s, furthest_s)
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn edges_are_within_a_microsecond_at_constant_power() {
    // With a phase shift both outputs count: lagging, leading off nominal frequency, and one pulse in many windows.
    for (mains, load, seconds) in [
        ("220,60", "10,0.5L", 30.0),
        ("220,59.5", "75,0.8C", 12.0),
        ("120,60", "1,0.5L", 60.0),
    ] {
        let mut meter = Meter::new(&Options {
            mains: Some(mains),
            load: Some(load),
            board: Some("ideal"),
            ..Options::default()
        })
        .expect("meter");
        meter.run(6.0).expect("runs");
        let from_s = to_seconds(meter.now());
        meter.run(seconds).expect("runs");
        let truth = meter.truth_since(meter.now() - SECOND);
        for (output, power) in [truth.p_w, truth.q_var].into_iter().enumerate() {
            let edges = edges_s(&meter, output, from_s);
            let (step_s, furthest_s) = line(&edges);
            let expected_s = PULSE_WS / power.abs();
            println!(
                "{mains} V Hz, {load} A, output {output}: {} edges, {:.3} µs from a straight line at most, every {:.6} s, ideal {:.6} s",
                edges.len(),
                furthest_s * 1e6,
                step_s,
                expected_s
            );
            assert!(
                edges.len() as f64 + 2.0 > seconds / expected_s,
                "edges are missing"
            );
            assert!(furthest_s < LIMIT_S, "{} µs", furthest_s * 1e6);
            assert!(
                (step_s / expected_s - 1.0).abs() < 50e-6,
                "{step_s} {expected_s}"
            );
        }
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn there_are_as_many_pulses_as_the_register_has() {
    let mut meter = Meter::new(&Options {
        mains: Some("220,60"),
        load: Some("75"),
        board: Some("ideal"),
        ..Options::default()
    })
    .expect("meter");
    meter.run(20.0).expect("runs");
    let pulses = meter.machine.chip.wiring.pulses[0].rising as f64;
    let snapshot = meter.snapshot().expect("snapshot");
    let register = number(&snapshot, "import_wh").expect("reading") * 6.4;
    // Pulses are played out a window later, and reading takes some time.
    let window = 220.0 * 75.0 / PULSE_WS;
    println!("{pulses} pulses, {register:.2} pulses' worth of energy registered");
    assert!(pulses <= register && pulses > register - 3.0 * window);
}
