//! Sags, swells and interruptions of the mains, as MT3 of the image tells them.

use std::io::Write;

use c12::power_quality::{TABLE, offset};
use experiments::meter::Meter;
use virtual_meter::scene::Options;

/// The words about the voltage: sags, swells, interruptions, last kind, its ms, its residual share, present event.
fn words(meter: &mut Meter) -> [f64; 7] {
    let table = meter.read(TABLE).expect("MT3");
    let mut words = [0.0; 7];
    for (word, bytes) in words.iter_mut().zip(table[offset::EVENTS..].chunks(2)) {
        *word = f64::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    }
    words[5] /= 32768.0;
    words
}

#[test]
#[ignore = "needs the image; run by cargo xtask test"]
fn each_event_is_counted_with_its_depth_and_duration() {
    // Kind, voltage in per cent, how long; the mains are those of both services.
    let events = [
        (1.0, 70.0, 0.1),
        (2.0, 115.0, 0.25),
        (3.0, 0.0, 0.2),
        (1.0, 85.0, 0.05),
    ];
    for volts in [120, 230] {
        let mut scenario = format!(
            "[[step]]\nat_s = 0.0\nvoltage_v = {volts}.0\nfrequency_hz = 60.0\ncurrent_a = 5.0\n"
        );
        for (number, (_, percent, seconds)) in events.iter().enumerate() {
            let at = 4.0 + 3.0 * number as f64;
            let end = at + seconds;
            scenario += &format!(
                "[[step]]\nat_s = {at}\nvoltage_pct = {percent:.1}\n[[step]]\nat_s = {end}\nvoltage_pct = 100.0\n"
            );
        }
        let name = format!("meter430-events-{volts}-{}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::File::create(&path)
            .and_then(|mut file| file.write_all(scenario.as_bytes()))
            .expect("scenario file");
        let mut meter = Meter::new(&Options {
            scenario: Some(&path),
            ..Options::default()
        })
        .expect("meter");
        std::fs::remove_file(path).ok();

        meter.run(3.5).expect("runs");
        assert_eq!(words(&mut meter), [0.0; 7], "{volts} V: nothing yet");
        let mut counts = [0.0; 3];
        for (kind, percent, seconds) in events {
            while words(&mut meter)[..3].iter().sum::<f64>() == counts.iter().sum::<f64>() {
                meter.run(0.5).expect("runs");
            }
            counts[kind as usize - 1] += 1.0;
            let found = words(&mut meter);
            let case = format!("{volts} V at {percent} % for {seconds} s: {found:?}");
            assert_eq!(found[..3], counts, "{case}");
            assert_eq!(found[3], kind, "{case}");
            // The standard's rms is of a whole cycle: half a cycle less to one and a half more than the event itself, and
            // the beginning and the end are known to a block of 2 ms.
            let late_ms = found[4] - 1000.0 * seconds;
            assert!((-10.4..=27.1).contains(&late_ms), "{case}: {late_ms} ms");
            assert!((found[5] - percent / 100.0).abs() < 0.002, "{case}");
            assert_eq!(found[6], 0.0, "{case}");
        }
    }
}
