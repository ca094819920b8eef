//! The whole analogue side: what the converter delivers against what the mains do.

mod options;
mod signals;
mod truth;

use super::*;
use crate::time::{MICROSECOND, MILLISECOND, SECOND, from_seconds, to_seconds};
use std::f64::consts::TAU;
use std::path::PathBuf;
use std::time::Instant;

/// A driver reduced to what the tests need: 8 kSPS, every sample read.
struct Reader {
    converter: Ads131m03,
    now: Time,
}

impl Reader {
    fn new(scene: &Scene, clock: u16) -> Self {
        let mut reader = Self {
            converter: scene.converter(),
            now: 300 * MICROSECOND,
        };
        reader.converter.advance(reader.now);
        reader.frame(&[0x61, 0x80, 0, (clock >> 8) as u8, clock as u8, 0]);
        for _ in 0..6 {
            reader.sample();
        }
        reader
    }

    fn frame(&mut self, start: &[u8]) -> [u8; 15] {
        self.converter.set_chip_select(self.now, false);
        let answer = std::array::from_fn(|n| {
            self.now += MICROSECOND;
            self.converter
                .exchange(self.now, start.get(n).copied().unwrap_or(0))
        });
        self.converter.set_chip_select(self.now, true);
        answer
    }

    /// The next sample as fractions of full scale, and the instant of its DRDY.
    fn sample(&mut self) -> ([f64; 3], Time) {
        let ready = loop {
            let high = self.converter.drdy();
            let next = self.converter.next_event().unwrap();
            self.now = self.now.max(next);
            self.converter.advance(next);
            if high && !self.converter.drdy() {
                break next;
            }
        };
        let frame = self.frame(&[]);
        let code =
            |at: usize| i32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], 0]) >> 8;
        ([3, 6, 9].map(|at| f64::from(code(at)) / 8_388_608.0), ready)
    }
}

const EIGHT_KSPS: u16 = 0x070A;

fn scene(mains: &str, load: &str) -> Scene {
    Scene::from_options(&Options {
        mains: Some(mains),
        load: Some(load),
        board: Some("ideal"),
        ..Options::default()
    })
    .unwrap()
}

fn from_toml(scenario: &str, board: &str) -> Scene {
    let unique = format!(
        "meter430-scene-{}-{:x}",
        std::process::id(),
        scenario.len() * 7919 + board.len()
    );
    let path = std::env::temp_dir().join(format!("{unique}.toml"));
    std::fs::write(&path, scenario).unwrap();
    let options = Options {
        scenario: Some(&path),
        board: Some(board),
        ..Options::default()
    };
    let scene = Scene::from_options(&options).unwrap();
    std::fs::remove_file(&path).unwrap();
    scene
}
