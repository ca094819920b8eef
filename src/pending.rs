//! The pending calendar: ST54 as it shall be from some time on, written to table 4096 + 54.
//!
//! It lies in information FRAM behind the second copy of the calibration, in bytes as tables show them:
//!
//! | bytes behind [`FIRST`] | what |
//! |---|---|
//! | 0, 1 | while it is pending: its bit in ST4's STD_PENDING, and 1 for NBR_PENDING_ACTIVATION; else zero |
//! | 2 … 6 | LAST_ACTIVATION |
//! | 8 … 13 | the event that activates it: what it is, and its time |
//! | 14 … 80 | the calendar |
//!
//! Written from byte 8 on, in pieces if need be; it becomes pending when its last byte has been written, and is not while it is
//! being written. One word tells, so that a supply failure leaves it either pending or not. Activation is a write of the
//! [settings](crate::settings), whole or not at all; a failure behind that, before it is no longer pending, does it again, and
//! one before the demand is reset leaves that out.

use crate::settings::{CALENDAR_END, DATES};
use crate::store::{Board, Place, SIZE};
use c12::response::Response;

/// The page.
const PAGE: Place = Place::CALIBRATION.other();
/// Byte of the page where it begins.
pub const FIRST: u16 = SIZE + 4;
/// What tells that it is pending: of ST54 in its byte of the set, and one.
const IS_PENDING: u16 = 1 << (54 % 8) | 1 << 8;

/// Byte of the page of LAST_ACTIVATION.
const ACTIVATED: u16 = FIRST + 2;
/// Byte of the page where the event begins, and the table on the wire with it.
const EVENT: u16 = FIRST + 8;
/// Bytes of an event: its kind, and five of what that needs.
pub const EVENT_SIZE: usize = 6;
/// Byte of the page where the calendar begins.
const CALENDAR: usize = EVENT as usize + EVENT_SIZE;
/// Bytes of a calendar.
const CALENDAR_SIZE: usize = CALENDAR_END - DATES;

/// Its number on the wire.
pub const TABLE: u16 = 4096 + 54;
/// Bytes of the table.
pub const TABLE_SIZE: u16 = (EVENT_SIZE + CALENDAR_SIZE) as u16;

/// Address of a byte behind [`FIRST`].
pub const fn address(byte: u16) -> u16 {
    PAGE.address() + FIRST + byte
}

const _: () = assert!((EVENT + TABLE_SIZE) as usize <= crate::store::PAGE);

/// Kind of event: a time of the clock.
const AT_TIME: u16 = 0;
/// Kind of event: only procedures 12 and 13.
const MANUAL: u16 = 2;
/// In an event's first byte: its kind.
const KIND: u16 = 0x0F;
/// … the registers are to be kept when it comes.
pub const SELF_READ: u16 = 1 << 4;
/// … the demand is to be reset.
pub const DEMAND_RESET: u16 = 1 << 5;

/// There is none.
pub fn forget<B: Board>(board: &mut B) {
    board.write_word(PAGE, FIRST, 0);
}

/// There has never been one: what the memory held when the meter was made is gone.
pub fn clear<B: Board>(board: &mut B) {
    let mut at = FIRST;
    while at < CALENDAR as u16 {
        board.write_word(PAGE, at, 0);
        at += 2;
    }
}

/// Whether there is one.
#[inline(always)]
pub fn is_pending<B: Board>(board: &B) -> bool {
    board.word(PAGE, FIRST) == IS_PENDING
}

/// The event that activates it.
pub fn event<B: Board>(board: &B) -> &[u8] {
    &board.page(PAGE)[EVENT as usize..CALENDAR]
}

/// Whether its time has come, at a time of the clock.
#[inline(always)]
pub fn is_due<B: Board>(board: &B, time: &[u8]) -> bool {
    let [kind, at @ ..] = event(board) else {
        return false;
    };
    if *kind as u16 & KIND != AT_TIME {
        return false;
    }
    for (now, then) in time.iter().zip(at) {
        let (now, then) = (*now as u16, *then as u16);
        if now != then {
            return now > then;
        }
    }
    true
}

/// Writes bytes of the table from `at` on, all inside.
///
/// # Errors
/// Onp when the table is whole and its event is of a kind that this meter does not know: then it is not pending.
pub fn write<B: Board>(board: &mut B, at: u16, data: &[u8]) -> Result<(), Response> {
    forget(board);
    let mut place = EVENT + at;
    for byte in data {
        board.write_byte(PAGE, place, *byte as u16);
        place += 1;
    }
    if place == EVENT + TABLE_SIZE {
        let kind = event(board)[0] as u16 & KIND;
        if kind != AT_TIME && kind != MANUAL {
            return Err(Response::Onp);
        }
        board.write_word(PAGE, FIRST, IS_PENDING);
    }
    Ok(())
}

/// The calendar that is pending.
pub fn calendar<B: Board>(board: &B) -> [u8; CALENDAR_SIZE] {
    let mut calendar = [0; CALENDAR_SIZE];
    calendar.copy_from_slice(&board.page(PAGE)[CALENDAR..CALENDAR + CALENDAR_SIZE]);
    calendar
}

/// It was activated at this time, and is pending no longer.
pub fn activated<B: Board>(board: &mut B, time: &[u8]) {
    for (place, byte) in (ACTIVATED..EVENT - 1).zip(time) {
        board.write_byte(PAGE, place, *byte as u16);
    }
    forget(board);
}
