//! Energies by tier, in FRAM in the bytes of MT4.
//!
//! All tiers together always have what the register shows. So the current tier's energy is what the register shows less those
//! of the others, and nothing but those needs to be known: it is written every minute, and for the last time before the tier
//! changes. A supply failure in the middle of that costs nothing, because until the next tier is saved with the registers this
//! one is written again.

use crate::readings::Readings;
use crate::store::{Board, Place, SIZE};
use c12::snapshot::offset;
use c12::tiers::{self, TIER};

/// Byte of the page where they begin: behind the first copy of the calibration, at an even place.
const FIRST: u16 = SIZE + 4;
const END: u16 = FIRST + tiers::SIZE as u16;
const _: () = assert!(END as usize <= crate::store::PAGE);
/// The page.
const PAGE: Place = Place::CALIBRATION;
/// Where they begin: an address.
pub const ADDRESS: u16 = PAGE.address() + FIRST;

/// Forgets them: the registers begin at zero.
pub fn clear<B: Board>(board: &mut B) {
    let mut at = FIRST;
    while at < END {
        board.write_word(PAGE, at, 0);
        at += 2;
    }
}

/// Brings the current tier's energies up to date.
#[inline(always)]
pub fn settle<B: Board>(readings: &Readings, board: &mut B) {
    let tier = readings.kept.calendar & 7;
    let mut energy = offset::IMPORT + 4;
    let mut column = FIRST;
    while energy <= offset::EXPORT + 4 {
        let mut wh = readings.snapshot.word(energy);
        let mut mine = column;
        let mut at = column;
        for other in 0..tiers::TIERS as u16 {
            if other == tier {
                mine = at;
            } else {
                let stored = board.word(PAGE, at) as u32 | (board.word(PAGE, at + 2) as u32) << 16;
                wh = wh.wrapping_sub(stored);
            }
            at += TIER as u16;
        }
        board.write_word(PAGE, mine, wh as u16);
        board.write_word(PAGE, mine + 2, (wh >> 16) as u16);
        energy += 8;
        column += 4;
    }
}
