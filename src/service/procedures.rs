//! Procedures: what ST7 asks for, and what ST8 answers.

use super::{LATER, MeterDevice, STANDING, STATUS_CLOCK_ERROR};
use crate::readings::{FACTORY, METERING};
use crate::store::Board;
use crate::tables::general::RESPONSE;
use crate::{list, pending, profile};
use c12::access::{PROCEDURE, Right};
use c12::calibration;
use c12::event::code;
use c12::procedure::{Initiate, Outcome, number};
use c12::response::Response;

impl<B: Board> MeterDevice<B> {
    /// Runs what was written to ST7; how it went stands in ST8.
    pub(super) fn initiate(&mut self, data: &[u8]) -> Result<(), Response> {
        let Some(request) = Initiate::parse(data) else {
            return Err(Response::Err);
        };
        let (outcome, data) = self.perform(&request);
        self.answer.post(&request, outcome, data);
        if outcome as u16 == Outcome::Completed as u16 {
            self.log(code::PROCEDURE_INVOKED, request.procedure);
        }
        Ok(())
    }

    /// Runs a procedure; returns how it went, and how many bytes of response data there are.
    fn perform(&mut self, request: &Initiate) -> (Outcome, u16) {
        if self.permits(PROCEDURE | request.procedure, Right::Write) == 0 {
            return (Outcome::NotAuthorised, 0);
        }
        if request.procedure & !WITHOUT_PARAMETERS == 0 && !request.parameters.is_empty() {
            return (Outcome::InvalidParameter, 0);
        }
        let data = self.answer.data_mut();
        match request.procedure {
            number::COLD_START | number::CLEAR_DATA => {
                if !self.board.is_jumper_set() {
                    return (Outcome::Conflict, 0);
                }
                self.clear(request.procedure ^ number::CLEAR_DATA);
                (Outcome::Completed, 0)
            }
            number::WARM_START => {
                self.restart_s = LATER;
                (Outcome::Completed, 0)
            }
            // It always is.
            number::SAVE_CONFIGURATION => (Outcome::Completed, 0),
            number::START_LOAD_PROFILE => {
                profile::go_on(&mut self.readings, &mut self.board);
                (Outcome::Completed, 0)
            }
            number::STOP_LOAD_PROFILE => {
                self.save();
                profile::stop(&mut self.readings, &mut self.board, self.registers);
                (Outcome::Completed, 0)
            }
            number::CHANGE_MODE => {
                let [mode] = request.parameters else {
                    return (Outcome::InvalidParameter, 0);
                };
                let mode = *mode as u16;
                if mode == FACTORY {
                    // It is for those who calibrate.
                    if self.permits(calibration::TABLE, Right::Write) == 0 {
                        return (Outcome::NotAuthorised, 0);
                    }
                    if !self.board.is_jumper_set() {
                        return (Outcome::Conflict, 0);
                    }
                } else if mode != METERING {
                    return (Outcome::Conflict, 0);
                }
                self.set_mode(mode);
                (Outcome::Completed, 0)
            }
            number::RESET_LIST_POINTERS => match request.parameters {
                [list] => self.update_lists(*list as u16, ALL),
                _ => (Outcome::InvalidParameter, 0),
            },
            number::UPDATE_LAST_READ => match request.parameters {
                // More than a list can have is all the same.
                [list, low, 0] => self.update_lists(*list as u16, *low as u16),
                _ => (Outcome::InvalidParameter, 0),
            },
            number::CLEAR_STANDARD_STATUS => {
                if let Some(data) = data.first_chunk_mut() {
                    let [low, high] = self.status.to_le_bytes();
                    *data = [low, high, 0];
                }
                self.status &= STANDING;
                (Outcome::Completed, 3)
            }
            number::REMOTE_RESET => {
                let [what] = request.parameters else {
                    return (Outcome::InvalidParameter, 0);
                };
                let what = *what as u16;
                if what & 2 != 0 {
                    self.read_self();
                }
                if what & 1 != 0 {
                    self.reset_demand();
                }
                (Outcome::Completed, 0)
            }
            number::SET_DATE_TIME => {
                let [mask, wanted @ ..] = request.parameters else {
                    return (Outcome::InvalidParameter, 0);
                };
                let (Ok(wanted), Some((before, after))) =
                    (wanted.try_into(), data.split_first_chunk_mut())
                else {
                    return (Outcome::InvalidParameter, 0);
                };
                let Some(after) = after.first_chunk_mut() else {
                    return (Outcome::InvalidParameter, 0);
                };
                let clock = &self.readings.kept.clock;
                // Nothing of it yet: the clock as it is.
                let _ = clock.with(0, wanted, before);
                // To set nothing would still begin a second and an interval of the demand.
                if *mask & 7 == 0 || clock.with(*mask as u16, wanted, after) != 0 {
                    return (Outcome::InvalidParameter, 0);
                }
                let mut other_day = 0;
                for (before, after) in before[..3].iter().zip(&*after) {
                    other_day |= *before as u16 ^ *after as u16;
                }
                let next = *after;
                // No midnight will come between them.
                if other_day != 0 {
                    self.read_self();
                }
                profile::set_clock(&mut self.readings, &mut self.board, &next);
                self.begin_interval();
                self.log(code::TIME_CHANGED_NEW, 0);
                self.second_at = self.now;
                self.status &= !STATUS_CLOCK_ERROR;
                (Outcome::Completed, RESPONSE as u16)
            }
            number::ACTIVATE_ALL_PENDING..=number::CLEAR_PENDING => {
                // The odd ones mean what that event activates.
                if request.procedure & 1 != 0 {
                    let event = pending::event(&self.board);
                    let mut difference = event.len() as u16 ^ request.parameters.len() as u16;
                    for (one, other) in event.iter().zip(request.parameters) {
                        difference |= *one as u16 ^ *other as u16;
                    }
                    if difference != 0 {
                        return (Outcome::InvalidParameter, 0);
                    }
                }
                if pending::is_pending(&self.board) {
                    if request.procedure < number::CLEAR_ALL_PENDING {
                        self.activate_pending();
                    } else {
                        pending::forget(&mut self.board);
                        self.log(code::PENDING_CLEARED, 54);
                    }
                }
                (Outcome::Completed, 0)
            }
            number::SERVICE_SWITCH => self.command_switch(request.parameters),
            number::RESET_VOLTAGE_EVENTS => {
                self.board.reset_voltage_events();
                (Outcome::Completed, 0)
            }
            _ => (Outcome::Unrecognised, 0),
        }
    }

    /// Takes so many entries of a list as read, or forgets [`ALL`] that there are.
    fn update_lists(&mut self, code: u16, entries: u16) -> (Outcome, u16) {
        let mut outcome = Outcome::InvalidParameter;
        let mut each = code;
        // The history log is the event log.
        if each == 7 {
            each = 1;
        }
        for list in &mut self.readings.kept.lists {
            each = each.wrapping_sub(1);
            if each == 0 || code == 255 {
                list.take(entries);
                if entries == ALL {
                    list.forget();
                }
                outcome = Outcome::Completed;
            }
        }
        // There is always a block under way.
        if self.readings.kept.lists[list::PROFILE].valid == 0 {
            let interval_min = self.readings.kept.profile.interval_min as u16;
            profile::restart(&mut self.readings, &mut self.board, interval_min);
        }
        (outcome, 0)
    }
}

/// The bits of the numbers of those that have no parameters: 0 to 3, 16 and 17.
const WITHOUT_PARAMETERS: u16 = number::CLEAR_DATA | number::STOP_LOAD_PROFILE;

/// More entries than any list has.
const ALL: u16 = 0x7FFF;
