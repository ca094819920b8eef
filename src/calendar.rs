//! The calendar: daylight saving, seasons, and which tier it is, from ST53 and ST54 as a utility wrote them.
//!
//! Looked at when a minute begins. Both tables are [settings](crate::settings); until they are written all is zero, and nothing
//! happens.
//!
//! | in ST53 and ST54 | is taken so |
//! |---|---|
//! | a recurring date with action 1 or 2 | that day, from the hour of DST_TIME_EFF or STD_TIME_EFF on (1 to 22; its minutes do not count), the clock goes an hour on or back, if DST_FLAG does not say that it has, and DST_TIME_AMT is 60 |
//! | its rule | none: DAY; 1: the last such weekday before DAY; 2 to 5: the first to the fourth on or after DAY, if the month has it; 6: the last one of the month, whatever DAY is |
//! | … with action 3 or 4 | season 0 or 1 begins; DAY counts, no rule; the last that has been tells |
//! | … with action 19 | that day is a special one |
//! | a tier switch | only with SUMMATION_SWITCH_FLAG; of the day's schedule, the last in the list that has been tells; before a day's first the tier stays |
//! | the schedules of a season | Sunday to Saturday, and a special day; so is any when the clock has no day of the week |

use crate::profile;
use crate::readings::Readings;
use crate::settings::{CALENDAR, DATES, SCHEDULES, SWITCHES, TIMES};
use crate::store::{Board, Place};
use c12::clock;
use c12::event::code;

/// CALENDAR_CTRL: daylight saving begins. The next one: it ends; from the one behind it on: seasons.
const SAVING_BEGINS: u16 = 1;
const SEASONS: u16 = 3;
/// CALENDAR_CTRL: a special day.
const SPECIAL: u16 = 19;
/// DAY_OF_WEEK of a clock that has none, and the place of the special schedule.
const SPECIAL_DAY: u16 = 7;
/// SUMMATION_SWITCH_FLAG in a tier switch.
const SUMMATIONS: u16 = 1 << 3;
/// The season in STATUS of ST55.
pub const SEASON: u16 = 0xF000;
/// Rules in a recurring date: the last such weekday before its day, and of its month.
const BEFORE: u16 = 1 << 4;
const LAST: u16 = 6 << 4;
/// The month in a date.
const MONTH: u16 = 0xF00;
/// Eighths of days.
const WEEK: u16 = 7 << 3;
/// DST_FLAG in TIME_DATE_QUAL, and its place.
pub const SAVING: u16 = 1 << SAVING_BIT;
const SAVING_BIT: u16 = 3;
/// Places of hour and TIME_DATE_QUAL in the clock's bytes.
const HOUR: usize = 3;
const QUALIFIER: usize = 6;

const _: () = assert!(code::DST_ON == 21 + SAVING_BEGINS && code::DST_OFF == code::DST_ON + 1);

/// The end of the day, as tier switches tell times: from bit 11 on the hour, from bit 5 on the minute.
const MIDNIGHT: u16 = 24 << 11;

/// Minutes of the day at such a time.
fn minutes(time: u16) -> u16 {
    let hour = time >> 11;
    (hour << 6) - (hour << 2) + (time >> 5 & 63)
}

/// Makes tier and season those of the time, tells how many minutes of this day the tier will last, and sets the clock if that is
/// due. Returns the event to be logged, or 0.
#[inline(always)]
pub fn follow<B: Board>(
    readings: &mut Readings,
    board: &mut B,
    settings: Place,
    tier_left_min: &mut u16,
) -> u16 {
    let kept = &mut readings.kept;
    let time = kept.clock.bytes();
    let page = board.page(settings);
    let qualifier = time[QUALIFIER] as u16;
    let weekday = qualifier & 7;

    // Dates as their bytes have them: days are eighths, and every month has 32 of them.
    let today = (time[1] as u16) << 8 | (time[2] as u16) << 3;
    // Those that this month does not have.
    let missing = (32 - clock::month_days(time)) << 3;
    let mut change = 0;
    let mut special = 0;
    let mut season = 0;
    let mut latest = 0x1000;
    for [low, high, action] in page[DATES..SWITCHES].as_chunks::<3>().0 {
        let (low, high, action) = (*low as u16, *high as u16, *action as u16 & 31);
        let mut date = (low & 15) << 8 | high & 0xF8;
        let mut rule = low & 0xF0;
        if rule == LAST {
            // The last before the next month's first.
            rule = BEFORE;
            date = ((low & 15) + 1) << 8 | 1 << 3;
        }
        let late = today.wrapping_sub(date) & 0xFFF;
        let begins = action.wrapping_sub(SEASONS);
        if begins < CALENDAR[2] as u16 {
            if late < latest {
                latest = late;
                season = begins;
            }
            continue;
        }
        // How far from the day: without a rule none but that, with one the weekday decides, in the week that the rule tells.
        let mut off = late;
        if rule != 0 {
            if rule == BEFORE && (today ^ date) & MONTH != 0 {
                off += missing;
            }
            // Rule 2 is the week from that day on; rule times a week is this difference, in eighths and sixteenths.
            off = (off + 2 * WEEK).wrapping_sub((rule << 2) - (rule >> 1)) & 0xFFF;
            if off < WEEK {
                off = weekday ^ high & 7;
            }
        }
        if off == 0 {
            if action == SPECIAL {
                special = SPECIAL_DAY;
            } else if action.wrapping_sub(SAVING_BEGINS) < 2 {
                change = action;
            }
        }
    }
    let weekday = weekday | special;

    let schedule = page[(SCHEDULES + (season as usize * 8) + weekday as usize) % page.len()] as u16;
    let now = (time[HOUR] as u16) << 11 | (time[HOUR + 1] as u16) << 5 | 31;
    let mut tier = kept.calendar & 7;
    let mut next = MIDNIGHT;
    for [low, high, number] in page[SWITCHES..SCHEDULES].as_chunks::<3>().0 {
        let switch = (*high as u16) << 8 | *low as u16;
        if *number as u16 != schedule || switch & SUMMATIONS == 0 {
            continue;
        }
        // Later than this minute, whatever its flags are.
        if switch > now {
            if switch < next {
                next = switch;
            }
        } else {
            tier = switch & 7;
        }
    }
    kept.calendar = season << 12 | tier;
    *tier_left_min = minutes(next) - minutes(now);

    // 0: daylight saving may begin; 1: it may end.
    let ends = change.wrapping_sub(SAVING_BEGINS);
    if ends > 1 || qualifier & SAVING != ends << SAVING_BIT {
        return 0;
    }
    // The times stand six bytes apart, first the hour; how many minutes, behind the first of them.
    let hour = time[HOUR] as u16;
    if hour < page[TIMES + 6 * ends as usize] as u16 || page[TIMES + 3] != 60 {
        return 0;
    }
    let mut next = *time;
    next[HOUR] = (hour + 1).wrapping_sub(2 * ends) as u8;
    next[QUALIFIER] = (qualifier ^ SAVING) as u8;
    if clock::wrong(&next) != 0 {
        return 0;
    }
    profile::set_clock(readings, board, &next);
    code::DST_ON + ends
}
