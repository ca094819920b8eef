//! Tables of a meter that lies about everything: the decoder ends, with fields or with an error.
#![no_main]

use arbitrary::Arbitrary;
use c12::layout::{LAYOUTS, LIMITS, find};
use libfuzzer_sys::fuzz_target;
use reader::decode::{Dimensions, table};

#[derive(Arbitrary, Debug)]
struct Meter {
    limits: Vec<Vec<u8>>,
    which: usize,
    bytes: Vec<u8>,
}

fuzz_target!(|meter: Meter| {
    let mut dimensions = Dimensions::default();
    for (number, bytes) in LIMITS.iter().zip(&meter.limits) {
        let layout = find(*number).expect("a limits table");
        if let Ok(record) = table(layout, bytes, &dimensions) {
            dimensions.learn(layout, &record);
        }
    }
    let count: usize = LAYOUTS.iter().map(|group| group.len()).sum();
    let layout = LAYOUTS
        .iter()
        .flat_map(|group| group.iter())
        .nth(meter.which % count)
        .expect("a layout");
    let _ = table(layout, &meter.bytes, &dimensions);
});
