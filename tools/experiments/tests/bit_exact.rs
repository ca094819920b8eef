//! The image's arithmetic, in assembly on the multiplier, against the same crate on the host, bit for bit.
//!
//! The codes that the converter has sent are pushed through `metrology` here; the snapshot that comes out must be the
//! image's MT0 to the last bit, energies of all windows included.

use c12::snapshot::offset;
use experiments::meter::Meter;
use experiments::waveforms;
use meter430::readings::{Readings, SAMPLE_RATE_HZ};
use metrology::harmonics::{Harmonic, Harmonics};
use metrology::{Block, Config, Portable};
use virtual_meter::scene::Options;

/// Frames of the bring-up, which the stream follows, are fewer than this.
const BRING_UP_FRAMES: usize = 64;
/// Long enough for a bypass to be found, and to be metered by the neutral for two windows.
const RUN_S: f64 = 8.5;

/// What the chip's ADC reads of its sensor at the 23 °C of the virtual meter, and what the descriptors say of 30 and 105 °C.
const THERMOMETER: [u16; 3] = [2096, 2150, 2730];

/// The snapshot after `windows` windows of `codes`, without its sequence number and time.
fn on_the_host(codes: &[[i32; 3]], windows: u32) -> Option<Vec<u8>> {
    let mut meter = metrology::Meter::new(&Config {
        rate: SAMPLE_RATE_HZ,
    });
    let mut harmonics = Harmonics::ZERO;
    let mut harmonic = Harmonic::ZERO;
    let mut readings = Readings::new();
    let mut finished = 0;
    let mut window = metrology::Window::default();
    for samples in codes.chunks_exact(metrology::block::BLOCK) {
        let mut block = Block::EMPTY;
        for (slot, codes) in samples.iter().enumerate() {
            block.set(slot, *codes);
        }
        let is_finished = meter.push_block(&Portable, &mut block, Some(&mut window));
        let place = Some(&mut harmonic);
        if harmonics.push_block(&Portable, &block, meter.end(), place) != 0 {
            readings.enter(&Portable, &harmonic, false);
        }
        if is_finished {
            readings.set_temperature(&Portable, THERMOMETER);
            readings.count(&Portable, &window);
            window.meter_by_neutral(readings.wants_neutral());
            readings.show(&Portable, 0, false);
            finished += 1;
            if finished == windows {
                let mut bytes = vec![0; c12::snapshot::SIZE - offset::FLAGS];
                readings.snapshot.copy(offset::FLAGS, &mut bytes);
                return Some(bytes);
            }
        }
    }
    None
}

fn agree(options: &Options, what: &str) {
    let mut meter = Meter::new(options).expect("meter");
    meter.machine.chip.wiring.converter.keep_codes();
    meter.run(RUN_S).expect("runs");
    let table = meter.read(c12::snapshot::TABLE).expect("MT0");
    let codes = meter.machine.chip.wiring.converter.take_codes();
    let windows = u32::from_le_bytes(table[..4].try_into().unwrap());
    assert!(windows >= 4, "{what}: only {windows} windows in {RUN_S} s");
    let image = &table[offset::FLAGS..];
    // Where in the record the first block began is not known; one start, and only one, must reproduce everything.
    let starts: Vec<usize> = (0..BRING_UP_FRAMES)
        .filter(|&start| on_the_host(&codes[start..], windows).as_deref() == Some(image))
        .collect();
    println!("{what}: {windows} windows agree, the stream begins with frame {starts:?}");
    assert_eq!(
        starts.len(),
        1,
        "{what}: the host reproduces MT0 from no start"
    );
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn noisy_board() {
    let options = Options {
        mains: Some("127,59.7"),
        load: Some("3,0.8C"),
        ..Options::default()
    };
    agree(&options, "typical board");
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn a_bypassed_line() {
    let path = std::env::temp_dir().join(format!("meter430-exact-{}.toml", std::process::id()));
    let step = "[[step]]\nat_s = 0.0\ncurrent_a = 3.0\npower_factor = \"0.8C\"\nneutral_a = 5.0\n";
    std::fs::write(&path, step).expect("scenario file");
    let options = Options {
        mains: Some("220,60.2"),
        scenario: Some(&path),
        ..Options::default()
    };
    agree(&options, "bypassed line");
    std::fs::remove_file(path).ok();
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn recorded_or_shipped_waveform() {
    let recording = waveforms::recordings()
        .into_iter()
        .find(|path| path.to_string_lossy().contains("vacuum_start"));
    let options = Options {
        waveform: recording.as_deref(),
        load: recording.is_none().then_some("vacuum"),
        ..Options::default()
    };
    agree(&options, "vacuum cleaner");
}
