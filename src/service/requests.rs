//! What the responder asks of the meter: reads, writes, log-on.

use super::shown::Shown;
use super::{MeterDevice, SOON};
use crate::demand::Interval;
use crate::store::{Board, PAGE};
use crate::tables::sources::DEMAND_CONTROL;
use crate::tables::{TABLES, live, security};
use crate::{calibration_store, events, pending, profile, settings};
use c12::access::Right;
use c12::calibration;
use c12::clock;
use c12::device::Device;
use c12::event::code;
use c12::response::Response;
use c12::table::Found;

/// In a table's number: its pending copy, to which the same access belongs.
const PENDING: u16 = 4096;
/// After this many wrong passwords in a row the wait no longer doubles: 2⁸ s.
const FAILURES_MAX: u16 = 8;

impl<B: Board> Device for MeterDevice<B> {
    fn begin_read(&mut self, table: u16) -> Result<u16, Response> {
        let found = TABLES.find(table);
        if found == Found::NONE {
            return Err(Response::Iar);
        }
        if self.permits(table & !PENDING, Right::Read) == 0 {
            return Err(Response::Isc);
        }
        self.reading = found;
        if table == 8 {
            return Ok(self.answer.size());
        }
        Ok(TABLES.size(found))
    }

    fn byte(&mut self, _table: u16, offset: u16) -> u16 {
        TABLES.byte(self.reading, offset, &mut Shown(self))
    }

    /// Every password is compared whole, so that the time tells nothing; after a wrong one all wait, twice as long each time.
    fn security(&mut self, password: &[u8; 20]) -> Result<(), Response> {
        if self.readings.kept.wait_s != 0 {
            return Err(Response::Bsy);
        }
        let mut groups = 0;
        let entries = settings::passwords(&self.board, self.settings);
        for (entry, [filler, preset]) in entries.iter().zip(&security::PRESET) {
            let [stored @ .., permissions] = entry;
            let mut opens = *permissions as u16;
            let mut written = opens;
            let (mut difference, mut from_preset) = (0, 0);
            for (given, stored) in password.iter().zip(stored) {
                let (given, stored) = (*given as u16, *stored as u16);
                written |= stored;
                difference |= given ^ stored;
                from_preset |= given ^ *filler as u16;
            }
            if written == 0 {
                difference = from_preset;
                opens = *preset as u16;
            }
            if difference == 0 {
                groups |= opens;
            }
        }
        self.groups = groups;
        if groups == 0 {
            let kept = &mut self.readings.kept;
            if kept.failures < FAILURES_MAX {
                kept.failures += 1;
            }
            let failures = kept.failures;
            kept.wait_s = 1;
            for _ in 0..failures {
                kept.wait_s += kept.wait_s;
            }
            self.log(events::WRONG_PASSWORD, failures);
            return Err(Response::Err);
        }
        self.readings.kept.failures = 0;
        Ok(())
    }

    fn logon(&mut self, user_id: u16, _user: &[u8; 10]) -> Result<(), Response> {
        self.user = user_id;
        Ok(())
    }

    fn session_ended(&mut self) {
        self.groups = 0;
        self.answer.clear();
        if self.restart_s != 0 {
            self.restart_s = SOON;
        }
    }

    fn write(&mut self, table: u16, offset: u16, data: &[u8]) -> Result<(), Response> {
        let found = TABLES.find(table);
        if found == Found::NONE {
            return Err(Response::Iar);
        }
        if self.permits(table & !PENDING, Right::Write) == 0 {
            return Err(Response::Isc);
        }
        match table {
            7 => return self.initiate(data),
            calibration::TABLE => {
                if !self.board.is_jumper_set() {
                    return Err(Response::Dlk);
                }
                // Nothing to write: a question whether it is allowed.
                if data.is_empty() {
                    return Ok(());
                }
                let place =
                    calibration_store::write(&mut self.board, self.constants, offset, data)?;
                self.use_constants(place);
            }
            DEMAND_CONTROL => {
                let ([sub_min, times], 0) = (data, offset) else {
                    return Err(Response::Onp);
                };
                let interval = Interval {
                    sub_min: *sub_min,
                    times: *times,
                };
                if !interval.is_one() {
                    return Err(Response::Onp);
                }
                self.readings.kept.interval = interval;
                self.begin_interval();
            }
            profile::TABLE => {
                // The length of an interval, which is the last byte.
                let ([minutes], 12) = (data, offset) else {
                    return Err(Response::Onp);
                };
                let minutes = *minutes as u16;
                if minutes == 0 || clock::rest(60, minutes) != 0 {
                    return Err(Response::Onp);
                }
                profile::restart(&mut self.readings, &mut self.board, minutes);
            }
            _ => {
                // A table of settings is one run of them.
                let Some(run) = TABLES.first_run(found) else {
                    return Err(Response::Iar);
                };
                let at = run.from.wrapping_sub(live::SETTINGS);
                let is_pending = table == pending::TABLE;
                if at >= PAGE as u16 && !is_pending {
                    return Err(Response::Iar);
                }
                // No sum of these overflows: a packet is much shorter than that.
                if offset > run.size() || offset + data.len() as u16 > run.size() {
                    return Err(Response::Onp);
                }
                if is_pending {
                    pending::write(&mut self.board, offset, data)?;
                } else {
                    self.settings =
                        settings::write(&mut self.board, self.settings, at + offset, data);
                }
            }
        }
        self.log(code::TABLE_WRITTEN, table);
        Ok(())
    }
}
