//! Where the live bytes of tables come from.

use super::MeterDevice;
use crate::store::{Board, PAGE, Place};
use crate::tables::live;
use crate::{profile, self_reads, settings};
use c12::table::Source;

/// The meter's live bytes; those of the snapshot stand still while a response is under way.
pub(super) struct Shown<'m, B>(pub &'m MeterDevice<B>);

impl<B: Board> Source for Shown<'_, B> {
    fn live(&mut self, id: u16, at: u16) -> u16 {
        let meter = self.0;
        let mut at = at;
        let mut id = id;
        if id == live::PREVIOUS {
            let resets = meter.readings.kept.demand.resets as u16;
            // There has been none.
            if resets == 0 {
                return 0;
            }
            id = self_reads::address(self_reads::reset_slot(resets));
        }
        if id >= live::CALENDAR {
            at = at.wrapping_add(id);
            let mut place = Place::holding(at);
            if id < live::SAVED {
                place = meter.settings;
            } else if id < live::STORED {
                // As it was saved, at most a second ago: there its bytes stand as the table has them.
                place = meter.registers;
            }
            return meter.board.page(place)[at as usize % PAGE] as u16;
        }
        let mut filler = 0;
        // The numbers have no gaps: a jump table takes half the bytes of comparisons.
        let bytes: &[u8] = match id >> 8 {
            live::kind::STATUS => {
                let [low, high] = meter.status.to_le_bytes();
                &[meter.readings.mode as u8, low, high, 0]
            }
            live::kind::SERIAL => &meter.serial,
            // Without constants there are none, and MT1 is all zero: version 0.
            live::kind::CALIBRATION if !meter.constants.is_whole() => return 0,
            live::kind::CALIBRATION => meter.board.page(meter.constants),
            live::kind::CLOCK => meter.readings.kept.clock.bytes(),
            live::kind::ANSWER => meter.answer.bytes(),
            live::kind::PROFILE => return profile::byte(&meter.board, at),
            live::kind::TIER_LEFT => &meter.tier_left_min.to_le_bytes(),
            live::kind::BLANK => return b' ' as u16,
            // No other setting can be read.
            live::kind::IDENTIFICATION => {
                filler = b' ' as u16;
                let written = settings::identification(&meter.board, meter.settings);
                if written[0] == 0 {
                    &meter.serial
                } else {
                    written
                }
            }
            _ => return meter.readings.snapshot.byte(id + at),
        };
        bytes.get(at as usize).map_or(filler, |byte| *byte as u16)
    }
}
