//! The real image in blocks and in single steps: the same state at the same cycles, with traffic on its port.

use std::path::PathBuf;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use virtual_meter::chip::ChipOptions;
use virtual_meter::machine::{Pace, Uart};
use virtual_meter::meter::{Meter, load_image};
use virtual_meter::scene::{Options, Scene};
use virtual_meter::time::{MICROSECOND, MILLISECOND, SECOND};

/// Identification request of C12.18 in its packet, as in the standard's example.
const IDENTIFY: [u8; 9] = [0xEE, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x13, 0x10];

fn meter(pace: Pace) -> Meter {
    let path = std::env::var_os("METER430_ELF").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/meter430.elf"),
        PathBuf::from,
    );
    let image = load_image(&path).unwrap();
    let scene = Scene::from_options(&Options {
        load: Some("10,0.5L"),
        ..Options::default()
    })
    .unwrap();
    let mut meter = Meter::new(&image, scene, ChipOptions::default());
    meter.machine.set_pace(pace);
    meter
}

/// Everything that the image could notice, and what the reports are made of.
fn state(meter: &mut Meter) -> (Vec<u8>, String) {
    let machine = &mut meter.machine;
    let received = [Uart::Console, Uart::Port].map(|uart| machine.take_received(uart));
    let text = format!(
        "registers {:04X?}, last {:#06X}, cycle {}, lines {:#x}, misses {}, {:?}, {:?}, {received:?}, {:?}",
        machine.cpu.registers,
        machine.cpu.current,
        machine.chip.cycle(),
        machine.chip.backplane.lines,
        machine.chip.fram_misses(),
        machine.instruments,
        machine.chip.wiring.converter.counts(),
        machine.chip.wiring.pulses,
    );
    (machine.read_memory(0, 0x1_0000), text)
}

#[test]
#[ignore = "needs the firmware image: cargo xtask test"]
fn the_image_runs_alike_in_blocks_and_in_single_steps() {
    let mut meters = [Pace::SingleSteps, Pace::Blocks].map(meter);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(430);
    let mut next_request = 2 * SECOND;
    while meters[0].time() < 5 * SECOND {
        // Now and then nearly every instruction, mostly whole samples and more.
        let piece = match random.random_range(0..4) {
            0 => random.random_range(1..200) * MICROSECOND / 100,
            1 => random.random_range(1..500) * MICROSECOND,
            _ => random.random_range(1..20) * MILLISECOND,
        };
        let asks = meters[0].time() > next_request;
        for meter in &mut meters {
            if asks {
                meter.machine.send(Uart::Port, &IDENTIFY);
            }
            meter.run_for(piece).unwrap();
        }
        if asks {
            next_request += SECOND / 2;
        }
        let [slow, quick] = meters.each_mut().map(state);
        assert_eq!(slow.1, quick.1);
        assert!(slow.0 == quick.0, "memory differs at {}", meters[0].time());
    }
}
