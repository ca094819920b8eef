//! The service switch: a latching relay between mains and load, moved by procedure 2048 and the customer's button.
//!
//! | state | | parameter | the relay |
//! |---|---|---|---|
//! | 0 | closed, as delivered | 0 close | the closing coil is driven |
//! | 1 | open | 1 open | the opening coil is driven |
//! | 2 | armed: open, and the customer may close it with the button | 2 arm | likewise |
//!
//! A command for the state that already is drives the coil again. At power-up none is driven: the relay stays where it is.
//!
//! The state is saved, and the event logged, before a coil is driven. What a supply failure in between costs: the relay is where
//! it was though the state says otherwise, until the same command comes again. The log tells of the command right before a
//! power-up, and ST28 of a current that should not be. The other way round a switch that has been opened could forget that it was.

use super::MeterDevice;
use crate::store::Board;
use c12::event::code;
use c12::frame::TICKS_PER_S;
use c12::procedure::Outcome;

/// The load has its supply.
pub const CLOSED: u16 = 0;
/// Open, and the button closes.
pub const ARMED: u16 = 2;

/// Bits of [`Board::drive_coils`].
const CLOSING: u16 = 1 << 0;
const OPENING: u16 = 1 << 1;

/// A coil is driven for so many ticks, an eighth of a second, less what the turn has already taken when the command comes: at most
/// 30 ms, when it has counted a window.
const PULSE: u16 = TICKS_PER_S / 8;

impl<B: Board> MeterDevice<B> {
    /// The procedure: the state wanted, or nothing; the response is the state.
    pub(super) fn command_switch(&mut self, parameters: &[u8]) -> (Outcome, u16) {
        if let Some(wanted) = parameters.first() {
            let wanted = *wanted as u16;
            if wanted > ARMED || parameters.len() != 1 {
                return (Outcome::InvalidParameter, 0);
            }
            self.move_switch(wanted, code::SWITCH_COMMANDED);
        }
        if let Some(state) = self.answer.data_mut().first_mut() {
            *state = self.readings.kept.switch;
        }
        (Outcome::Completed, 1)
    }

    /// Ends the coil's pulse, and lets the customer close an armed switch. Every tick.
    #[inline(always)]
    pub(super) fn watch_switch(&mut self) {
        if self.now.wrapping_sub(self.moved_at) >= PULSE {
            self.board.drive_coils(0);
        }
        if self.readings.kept.switch as u16 == ARMED && self.board.is_button_pressed() {
            self.move_switch(CLOSED, code::SWITCH_BY_CONDITION);
        }
    }

    /// Moves the relay; the event tells why.
    #[inline(never)]
    fn move_switch(&mut self, state: u16, event: u16) {
        self.readings.kept.switch = state as u8;
        self.log(event, state);
        let mut coils = CLOSING;
        if state != CLOSED {
            coils = OPENING;
        }
        self.board.drive_coils(coils);
        self.moved_at = self.now;
    }
}
