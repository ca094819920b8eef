//! What goes wrong on the way of a sample or on the line, and what the meter makes of it.

use std::io::Write;

use experiments::meter::{Meter, number};
use virtual_meter::machine::Uart;
use virtual_meter::scene::Options;
use virtual_meter::time::SECOND;

/// A scenario file that lives as long as the test.
fn scenario(name: &str, text: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("meter430-{name}-{}.toml", std::process::id()));
    std::fs::File::create(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .expect("scenario file");
    path
}

fn error_pct(reading: f64, truth: f64) -> f64 {
    (reading / truth - 1.0) * 100.0
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn one_converter_frame_in_a_hundred_is_corrupt() {
    let path = scenario(
        "corrupt",
        "[[fault]]\nat_s = 3.0\nkind = \"corrupt-response\"\none_in = 100\nduration_s = 10.0\n",
    );
    let mut meter = Meter::new(&Options {
        load: Some("10,0.5L"),
        board: Some("ideal"),
        scenario: Some(&path),
        ..Options::default()
    })
    .expect("meter");
    meter.run(2.5).expect("runs");
    let before = meter.snapshot().expect("snapshot");
    meter.run(9.5).expect("runs");
    let during = meter.snapshot().expect("snapshot");
    // The truth is steady: a window's energy is its cycles over the frequency, whatever the instants.
    let windows = number(&during, "sequence").unwrap() - number(&before, "sequence").unwrap();
    let truth = meter.truth_since(meter.now() - SECOND);
    let energy = number(&during, "import_wh").unwrap() - number(&before, "import_wh").unwrap();
    let error = error_pct(energy, truth.p_w * windows / 3600.0);
    println!(
        "1 frame in 100 corrupt: energy of {windows} windows {error:+.5} %, V {:+.5} %",
        error_pct(number(&during, "vrms_v").unwrap(), truth.vrms_v)
    );
    assert!(
        error.abs() < 0.01,
        "energy is {error} % off with one frame in a hundred corrupt"
    );
    assert!(
        during["flags"].to_string().contains("frames_lost"),
        "the lost frames are not flagged: {}",
        during["flags"]
    );
    meter.run(4.0).expect("runs");
    let after = meter.snapshot().expect("snapshot");
    // MT2 has counted them: one in a hundred of 10 s, in the CRC or, when the status word was hit as well, still there.
    let counted = meter.read(c12::diagnostics::TABLE).expect("MT2");
    let bad_crc = u16::from_le_bytes([counted[0], counted[1]]);
    assert!((700..900).contains(&bad_crc), "{bad_crc} frames counted");
    assert_eq!(counted[2..10], [0; 8], "nothing else went wrong");
    std::fs::remove_file(path).ok();
    assert!(
        !after["flags"].to_string().contains("frames_lost"),
        "flag stays after the faults: {}",
        after["flags"]
    );
    for (name, truth) in [
        ("vrms_v", truth.vrms_v),
        ("p_w", truth.p_w),
        ("f_hz", truth.f_hz),
    ] {
        let error = error_pct(number(&after, name).unwrap(), truth);
        assert!(
            error.abs() < 0.001,
            "{name} is {error} % off after the faults"
        );
    }
    // 8 000 samples a second for 10 s, one in a hundred.
    let console = String::from_utf8(
        meter
            .machine
            .take_received(Uart::Console)
            .iter()
            .map(|byte| byte.value)
            .collect(),
    )
    .unwrap();
    let lost: u32 = console
        .trim_end()
        .rsplit("lost=")
        .next()
        .and_then(|text| text.trim().parse().ok())
        .expect("console line");
    assert!(
        (700..900).contains(&lost),
        "{lost} samples counted as lost: {console}"
    );
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn broken_frames_on_the_port_do_not_disturb_metering() {
    let options = Options {
        load: Some("5"),
        board: Some("ideal"),
        ..Options::default()
    };
    let mut quiet = Meter::new(&options).expect("meter");
    let mut noisy = Meter::new(&options).expect("meter");
    quiet.run(8.0).expect("runs");
    noisy.run(2.0).expect("runs");
    // Cut, damaged and endless packets, and plain noise, back to back for five seconds.
    let frames: [&[u8]; 5] = [
        &[0xEE, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0xFF, 0xFF],
        &[0xEE, 0x00, 0x00, 0x00, 0xFF, 0xFF],
        &[0xEE, 0xEE, 0xEE, 0xEE],
        &[0xEE, 0x00, 0xC0, 0x05, 0x00, 0x04, 0x30, 0x08],
        &[0x00, 0xFF, 0x55, 0xAA, 0x06, 0x15],
    ];
    for frame in frames.iter().cycle().take(400) {
        noisy.machine.send(Uart::Port, frame);
        noisy.run(0.0125).expect("runs");
    }
    noisy.run(1.0).expect("runs");
    // The traffic time-out has to pass before a new reader is heard in any case.
    quiet.run(7.0).expect("runs");
    noisy.run(7.0).expect("runs");
    let [quiet, noisy] = [
        quiet.snapshot().expect("snapshot"),
        noisy.snapshot().expect("snapshot"),
    ];
    for name in [
        "sequence",
        "vrms_v",
        "irms_a",
        "p_w",
        "f_hz",
        "import_wh",
        "apparent_vah",
    ] {
        assert_eq!(
            number(&quiet, name).unwrap(),
            number(&noisy, name).unwrap(),
            "{name} differs"
        );
    }
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn nothing_is_lost_in_five_minutes_beside_a_reader() {
    // Blocks and the mains' windows drift against each other; every three minutes the longest block meets the worst instant.
    let mut meter = Meter::new(&Options {
        load: Some("30,0.5L"),
        ..Options::default()
    })
    .expect("meter");
    for _ in 0..60 {
        meter.run(4.7).expect("runs");
        meter.snapshot().expect("snapshot");
    }
    let counters = meter.read(c12::diagnostics::TABLE).expect("MT2");
    assert_eq!(
        counters[..c12::diagnostics::offset::RESET_CAUSE],
        [0; c12::diagnostics::offset::RESET_CAUSE],
        "frames, samples, blocks, restarts"
    );
}
