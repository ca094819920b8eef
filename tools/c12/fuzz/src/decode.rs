//! Tables of a meter that lies about everything: the decoder ends, with fields or with an error.
//!
//! The input is each limits table with a length byte before it, the layout's number, and the table's bytes.

use super::input::Input;
use c12::layout::{LAYOUTS, LIMITS, find};
use reader::decode::{Dimensions, table};

/// Plays one input.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut dimensions = Dimensions::default();
    for number in LIMITS {
        let layout = find(number).expect("a limits table");
        if let Ok(record) = table(layout, input.counted(), &dimensions) {
            dimensions.learn(layout, &record);
        }
    }
    let which = usize::from(input.byte().unwrap_or(0));
    let count: usize = LAYOUTS.iter().map(|group| group.len()).sum();
    let layout = LAYOUTS.iter().flat_map(|group| group.iter());
    let layout = layout.into_iter().nth(which % count).expect("a layout");
    let _ = table(layout, input.0, &dimensions);
}
