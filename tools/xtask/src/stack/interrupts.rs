//! What interrupts add to the thread's stack.
//!
//! Rule: a handler runs with GIE clear, so that handlers do not interrupt each other, except that one which sets GIE itself can be
//! interrupted by any other. Such a handler has to be declared, with the reason why it is not entered again before it ends. The worst
//! moment is then: the thread at its deepest, every nesting handler once at its deepest, and the deepest of the others.

use std::collections::BTreeSet;

use super::depth::{Depth, Depths};
use super::walk::{RESET_VECTOR, Walked};
use super::{DECLARED_FILE, Declared, WorstCase};
use crate::image::Image;

/// First vector of the MSP430FR2355 (SLASEC4, table 6-2); the last is [`RESET_VECTOR`].
const FIRST_VECTOR: u16 = 0xFFA4;

/// PC and SR, pushed when an interrupt is accepted.
const ENTRY_BYTES: u32 = 4;

/// An interrupt handler's share of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Its name.
    pub name: String,
    /// Bytes, with the pushed PC and SR.
    pub bytes: u32,
    /// The calls to its deepest point.
    pub chain: Vec<String>,
}

/// Addresses of all handlers in the vector table.
pub fn entries(image: &Image) -> BTreeSet<u16> {
    let vectors = (FIRST_VECTOR..RESET_VECTOR).step_by(2);
    // 0xFFFF is what an empty cell reads, 0 a reserved vector.
    vectors
        .filter_map(|vector| image.word(vector))
        .filter(|entry| !matches!(entry, 0 | 0xFFFF))
        .collect()
}

/// Puts thread and handlers together.
///
/// # Errors
/// One line per recursion, undeclared nesting, and declaration that nothing needs.
pub fn worst_case(
    image: &Image,
    declared: &Declared,
    walked: &Walked,
) -> Result<WorstCase, Vec<String>> {
    let mut complaints = Vec::new();
    let mut depths = Depths::new(image, &walked.frames);
    let mut nesting = Vec::new();
    let mut plain: Option<Handler> = None;
    for entry in entries(image) {
        let name = image.describe(entry);
        let depth = depths.of(entry).unwrap_or_else(|recursion| {
            complaints.push(recursion);
            Depth::default()
        });
        let handler = Handler {
            name: name.clone(),
            bytes: ENTRY_BYTES + depth.bytes,
            chain: depth.chain,
        };
        if walked.enables_interrupts(entry) {
            if !declared.nests_once(&name) {
                complaints.push(format!(
                    "handler {name} enables interrupts: declare in {DECLARED_FILE} why it is not entered again before it ends"
                ));
            }
            nesting.push(handler);
        } else if plain
            .as_ref()
            .is_none_or(|deepest| deepest.bytes < handler.bytes)
        {
            plain = Some(handler);
        }
    }
    let names: Vec<String> = nesting.iter().map(|handler| handler.name.clone()).collect();
    complaints.extend(declared.stale(walked, &names));
    // Without a reset vector the walk has complained already.
    let thread = image
        .word(RESET_VECTOR)
        .map_or_else(|| Ok(Depth::default()), |reset| depths.of(reset));
    match thread {
        Ok(thread) if complaints.is_empty() => Ok(WorstCase {
            thread,
            nesting,
            plain,
        }),
        Ok(_) => Err(complaints),
        Err(recursion) => {
            complaints.push(recursion);
            Err(complaints)
        }
    }
}
