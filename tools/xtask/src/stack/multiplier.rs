//! Who uses the hardware multiplier: one piece of hardware with state, which an interrupt in between would disturb.
//!
//! Rule: handlers that interrupt a nesting handler must not use it at all, not even through a helper; code of the thread uses it
//! only in functions that mask interrupts. Nesting handlers may use it freely.

use super::interrupts::entries;
use super::walk::{RESET_VECTOR, Walked};
use crate::image::Image;

/// One line per use that breaks the rule.
pub fn conflicts(image: &Image, walked: &Walked) -> Vec<String> {
    let mut found = Vec::new();
    for handler in entries(image)
        .into_iter()
        .filter(|entry| !walked.enables_interrupts(*entry))
    {
        for address in walked.reachable(handler) {
            if let Some(place) = walked
                .frames
                .get(&address)
                .and_then(|frame| frame.multiplier_at)
            {
                let (handler, place) = (image.describe(handler), image.describe(place));
                found.push(format!(
                    "handler {handler} uses the multiplier, which it may have interrupted: {place}"
                ));
            }
        }
    }
    for address in image
        .word(RESET_VECTOR)
        .map(|reset| walked.reachable(reset))
        .into_iter()
        .flatten()
    {
        let frame = walked
            .frames
            .get(&address)
            .filter(|frame| !frame.masks_interrupts);
        if let Some(place) = frame.and_then(|frame| frame.multiplier_at) {
            found.push(format!(
                "{} uses the multiplier outside handlers without masking interrupts",
                image.describe(place)
            ));
        }
    }
    found
}
