//! The service switch of the image, by the reader's command and by the customer's button.

use experiments::factory;
use experiments::line::Line;
use experiments::meter::{Meter, number};
use reader::procedure;
use reader::session::Session;
use virtual_meter::scene::Options;
use virtual_meter::time::{MILLISECOND, SECOND};

const OPERATOR: [u8; 20] = [0; 20];
const UTILITY: [u8; 20] = [b'2'; 20];

fn meter() -> Meter {
    let mut meter = Meter::new(&Options {
        load: Some("10"),
        board: Some("ideal"),
        ..Options::default()
    })
    .expect("meter");
    meter.run(3.0).expect("starts");
    meter
}

/// Runs a procedure by its name on the command line; the response, or what the reader says.
fn run(
    meter: &mut Meter,
    password: [u8; 20],
    name: &str,
    parameters: &[u8],
) -> Result<Vec<u8>, String> {
    let line = reader::line::Line::over(Line::new(&mut meter.machine));
    let mut session =
        Session::open(line, &factory::access(password)).map_err(|error| error.to_string())?;
    let number = procedure::parse(name).expect("a name");
    let result = procedure::run(&mut session, number, parameters);
    session.close();
    result.map_err(|error| error.to_string())
}

fn command(meter: &mut Meter, parameters: &[u8]) -> u8 {
    let response = run(meter, UTILITY, "service-switch", parameters).expect("procedure 2048");
    let [state] = response[..] else {
        panic!("the response is {response:?}")
    };
    state
}

/// Power, both currents and the energies that have flowed in.
fn readings(meter: &mut Meter) -> [f64; 4] {
    let snapshot = meter.snapshot().expect("MT0");
    ["p_w", "irms_a", "neutral_a", "import_wh"].map(|name| number(&snapshot, name).expect(name))
}

/// Codes of events 49 and 51, with the states that they tell, oldest first.
fn moves(meter: &mut Meter) -> Vec<(u8, u8)> {
    let log = meter.read(76).expect("ST76");
    let entries = log[11..].chunks(16).take(log[1].into());
    let moves = entries.filter(|entry| [49, 51].contains(&entry[10]));
    moves.map(|entry| (entry[10], entry[12])).collect()
}

/// Where the relay is, and how often it has moved.
fn relay(meter: &Meter) -> (bool, u64) {
    let switch = &meter.machine.chip.wiring.service_switch;
    (switch.is_closed(), switch.operations())
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_command_opens_it_and_the_button_closes_an_armed_one() {
    let mut meter = meter();
    assert_eq!(command(&mut meter, &[]), 0, "as delivered");
    let refused = run(&mut meter, OPERATOR, "service-switch", &[1]);
    assert!(refused.expect_err("refused").contains("not authorised"));
    assert!(run(&mut meter, [9; 20], "service-switch", &[1]).is_err());
    // The wait after a wrong password.
    meter.run(3.0).expect("runs");
    assert_eq!(relay(&meter), (true, 0));

    assert_eq!(command(&mut meter, &[1]), 1);
    assert_eq!(relay(&meter), (false, 1));
    meter.run(3.0).expect("runs");
    let before = readings(&mut meter);
    assert_eq!(before[..3], [0.0; 3], "no-load: nothing is shown");
    meter.run(10.0).expect("runs");
    assert_eq!(readings(&mut meter)[3], before[3], "energy stands still");
    // The mains are still there, and the button is not asked.
    let volts = number(&meter.snapshot().expect("MT0"), "vrms_v").expect("volts");
    assert!((volts - 220.0).abs() < 0.1, "{volts}");
    let press = |meter: &mut Meter| {
        meter.machine.chip.set_button(true);
        meter.run(0.3).expect("runs");
        meter.machine.chip.set_button(false);
    };
    press(&mut meter);
    assert_eq!(relay(&meter), (false, 1));

    assert_eq!(command(&mut meter, &[2]), 2);
    assert_eq!(relay(&meter), (false, 1));
    press(&mut meter);
    assert_eq!(relay(&meter), (true, 2));
    assert_eq!(command(&mut meter, &[]), 0);
    meter.run(3.0).expect("runs");
    let [p_w, ..] = readings(&mut meter);
    assert!((p_w - 2200.0).abs() < 5.0, "{p_w} W");
    assert_eq!(moves(&mut meter), [(49, 1), (49, 2), (51, 0)]);

    // Open, open again while armed, closed by the button: each pulse long enough and none longer than a relay bears.
    for (coil, pulses) in [(0, 1), (1, 2)] {
        let trace = &meter.machine.chip.wiring.coils[coil];
        let edges: Vec<_> = trace.edges.iter().collect();
        assert_eq!((edges.len(), trace.level), (2 * pulses, false));
        for pulse in edges.chunks(2) {
            let length = pulse[1].0 - pulse[0].0;
            println!("coil {coil}: {} ms", length / MILLISECOND);
            assert!((80 * MILLISECOND..160 * MILLISECOND).contains(&length));
        }
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn its_state_outlives_the_supply() {
    let mut meter = meter();
    assert_eq!(command(&mut meter, &[2]), 2);
    // The relay stays where it is, and nothing is driven at power-up.
    meter.machine.power_cycle(5 * SECOND);
    let edges = meter.machine.chip.wiring.coils[1].edges.len();
    meter.run(3.0).expect("starts");
    assert_eq!(relay(&meter), (false, 1));
    let coils = &meter.machine.chip.wiring.coils;
    assert_eq!((coils[0].edges.len(), coils[1].edges.len()), (0, edges));
    assert_eq!(command(&mut meter, &[]), 2, "still armed");

    // A cut between the saving and the relay's move: the state is what was wanted, the relay where it was, until it is wanted again.
    meter.machine.chip.set_button(true);
    while !meter.machine.chip.wiring.coils[0].level {
        meter.run(0.001).expect("runs");
    }
    meter.run(0.01).expect("runs");
    meter.machine.power_cycle(5 * SECOND);
    meter.machine.chip.set_button(false);
    meter.run(3.0).expect("starts");
    assert_eq!(command(&mut meter, &[]), 0);
    assert_eq!(relay(&meter), (false, 1));
    assert_eq!(command(&mut meter, &[0]), 0);
    assert_eq!(relay(&meter), (true, 2));
    assert_eq!(moves(&mut meter), [(49, 2), (51, 0), (49, 0)]);
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn voltage_events_are_forgotten_by_procedure_2049() {
    let path = std::env::temp_dir().join(format!("meter430-reset-{}.toml", std::process::id()));
    let scenario = "[[step]]\nat_s = 0.0\n[[step]]\nat_s = 4.0\nvoltage_pct = 70.0\n[[step]]\nat_s = 4.1\nvoltage_pct = 100.0\n";
    std::fs::write(&path, scenario).expect("scenario file");
    let mut meter = Meter::new(&Options {
        scenario: Some(&path),
        ..Options::default()
    })
    .expect("meter");
    std::fs::remove_file(&path).ok();
    meter.run(6.5).expect("runs");
    let events = |meter: &mut Meter| {
        let table = meter.read(c12::power_quality::TABLE).expect("MT3");
        table[c12::power_quality::offset::EVENTS..].to_vec()
    };
    let before = events(&mut meter);
    assert_eq!(before[..8], [1, 0, 0, 0, 0, 0, 1, 0], "a sag");
    let response = run(&mut meter, UTILITY, "reset-voltage-events", &[]).expect("procedure 2049");
    assert!(response.is_empty());
    meter.run(2.0).expect("runs");
    assert_eq!(events(&mut meter), vec![0; before.len()]);
}
