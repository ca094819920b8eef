//! The real image on the virtual chip: it starts, keeps up, survives noise on its lines and cuts of its supply.
//!
//! `METER430_ELF` names the image, by default `target/meter430.elf`. Ignored by a plain `cargo test` because the image
//! needs the cross toolchain; `cargo xtask test` builds it and runs these.

use std::path::PathBuf;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use virtual_meter::chip::ChipOptions;
use virtual_meter::chip::uart_line::FarBaud;
use virtual_meter::machine::Uart;
use virtual_meter::meter::{Meter, load_image};
use virtual_meter::scene::{Options, Scene};
use virtual_meter::time::{MILLISECOND, SECOND};

/// By then the crystal has started, the FLL is locked and samples flow.
const STARTED: u64 = 2 * SECOND;
/// Identification request of C12.18 in its packet, as in the standard's example.
const IDENTIFY: [u8; 9] = [0xEE, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x13, 0x10];

fn meter() -> Meter {
    let path = std::env::var_os("METER430_ELF").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/meter430.elf"),
        PathBuf::from,
    );
    let image = load_image(&path).unwrap();
    let scene = Scene::from_options(&Options {
        board: Some("ideal"),
        ..Options::default()
    })
    .unwrap();
    Meter::new(&image, scene, ChipOptions::default())
}

/// Samples made, and samples lost, since power-up.
fn samples(meter: &Meter) -> (u64, u64) {
    let counts = meter.machine.chip.wiring.converter.counts();
    (counts.samples, counts.overruns)
}

#[test]
#[ignore = "needs the firmware image: cargo xtask test"]
fn it_starts_and_loses_no_sample() {
    let mut meter = meter();
    meter.run_until(STARTED).unwrap();
    meter.restart_measuring();
    let (made, lost) = samples(&meter);
    meter.run_for(3 * SECOND).unwrap();
    let (made, lost) = (samples(&meter).0 - made, samples(&meter).1 - lost);
    assert_eq!((made, lost), (24_000, 0));
    let report = meter.report();
    let handled = report
        .cpu
        .handlers
        .iter()
        .find(|handler| handler.vector == "TIMER1_B1")
        .unwrap();
    assert!(
        handled.count.abs_diff(made) <= 1,
        "{} of {made} samples handled",
        handled.count
    );
    assert_eq!((report.resets, report.faults.len()), (0, 0));
    assert!(report.cpu.load < 0.9, "{}", report.cpu.load);
    assert!(report.memory.stack_free_bytes > 0);
}

#[test]
#[ignore = "needs the firmware image: cargo xtask test"]
fn the_console_has_a_line_a_second() {
    let mut meter = meter();
    meter.run_until(6 * SECOND).unwrap();
    let bytes = meter.machine.take_received(Uart::Console);
    assert!(bytes.iter().all(|byte| !byte.framing_error), "115 200 baud");
    let text: String = bytes.iter().map(|byte| char::from(byte.value)).collect();
    let lines = text.lines().count();
    assert!((3..=6).contains(&lines), "{text}");
}

/// Sends the identification request and returns what comes back within half a second.
fn identify(meter: &mut Meter) -> Vec<u8> {
    meter
        .machine
        .chip
        .wiring
        .port
        .set_baud(FarBaud::Fixed(9_600));
    meter.machine.take_received(Uart::Port);
    meter.machine.send(Uart::Port, &IDENTIFY);
    meter.run_for(SECOND / 2).unwrap();
    meter
        .machine
        .take_received(Uart::Port)
        .iter()
        .map(|byte| byte.value)
        .collect()
}

#[test]
#[ignore = "needs the firmware image: cargo xtask test"]
fn noise_on_the_port_never_stops_metering() {
    let mut meter = meter();
    meter.run_until(STARTED).unwrap();
    let (made, lost) = samples(&meter);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(18);
    for round in 0..20 {
        meter
            .machine
            .chip
            .wiring
            .port
            .set_baud(FarBaud::Fixed([9_600, 1_200, 115_200, 10_500][round % 4]));
        let bytes: Vec<u8> = (0..random.random_range(1..200))
            .map(|_| random.random())
            .collect();
        meter.machine.send(Uart::Port, &bytes);
        meter
            .machine
            .chip
            .uart_hold_low(Uart::Port as usize, 3 * MILLISECOND);
        meter.run_for(150 * MILLISECOND).unwrap();
    }
    let (made, lost) = (samples(&meter).0 - made, samples(&meter).1 - lost);
    assert_eq!((made, lost), (24_000, 0));
    // Let the line fall silent; the link gives up what it had of a packet, a session times out.
    meter.run_for(8 * SECOND).unwrap();
    // A lost first packet is allowed: C12.18 has the other side send it again.
    let answer = [identify(&mut meter), identify(&mut meter)].concat();
    assert_eq!(answer.get(..2), Some(&[0x06, 0xEE][..]), "{answer:02x?}");
}

#[test]
#[ignore = "needs the firmware image: cargo xtask test"]
fn it_starts_again_wherever_the_supply_was_cut() {
    let mut meter = meter();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(430);
    for _ in 0..6 {
        let on = random.random_range(1_100 * MILLISECOND..2_600 * MILLISECOND);
        meter.run_for(on).unwrap();
        meter
            .machine
            .power_cycle(random.random_range(20 * MILLISECOND..SECOND));
    }
    meter.run_for(STARTED).unwrap();
    let (made, lost) = samples(&meter);
    meter.run_for(SECOND).unwrap();
    assert_eq!(
        (samples(&meter).0 - made, samples(&meter).1 - lost),
        (8_000, 0)
    );
    let answer = identify(&mut meter);
    assert_eq!(answer.get(..2), Some(&[0x06, 0xEE][..]), "{answer:02x?}");
}
