//! The calendar over whole years, against days counted in another way.

extern crate std;

use crate::calendar;
use crate::readings::Readings;
use crate::service::MeterDevice;
use crate::settings;
use crate::store::{MemoryBoard, Place};
use c12::clock::Clock;
use c12::device::Device;
use c12::event::code;
use c12::response::Response;
use std::vec;
use std::vec::Vec;

type Meter = MeterDevice<MemoryBoard>;

/// [`calendar::follow`], whatever the time left.
fn follow(readings: &mut Readings, board: &mut MemoryBoard, settings: Place) -> u16 {
    calendar::follow(readings, board, settings, &mut 0)
}

/// A recurring date: month, rule, weekday, day, action.
fn date([month, rule, weekday, day]: [u16; 4], action: u8) -> [u8; 3] {
    let [low, high] = (month | rule << 4 | weekday << 8 | day << 11).to_le_bytes();
    [low, high, action]
}

/// A tier switch of summations: hour, minute, tier, schedule.
fn switch([hour, minute, tier]: [u16; 3], schedule: u8) -> [u8; 3] {
    let [low, high] = (tier | 1 << 3 | minute << 5 | hour << 11).to_le_bytes();
    [low, high, schedule]
}

/// ST53: from 2:00 on an hour, six hours west of Greenwich.
const TIMES: [u8; 9] = [2, 0, 0, 60, 0x98, 0xFE, 2, 0, 0];

/// ST54 of a utility in North America: the second Sunday on or after 1 March, the first on or after 1 November, summer from
/// June to September, Independence Day.
fn calendar() -> Vec<u8> {
    let dates = [
        date([3, 3, 0, 1], 1),
        date([11, 2, 0, 1], 2),
        date([6, 0, 7, 1], 4),
        date([10, 0, 7, 1], 3),
        date([7, 0, 7, 4], 19),
        [0; 3],
    ];
    let switches = [
        switch([0, 0, 1], 1),
        switch([7, 30, 2], 1),
        switch([22, 0, 1], 1),
        switch([0, 0, 0], 2),
        switch([0, 0, 1], 3),
        switch([14, 0, 3], 3),
        switch([20, 15, 1], 3),
        // Not of summations.
        [0xE7, 0xFF, 3],
        [0; 3],
        [0; 3],
        [0; 3],
    ];
    let seasons = [[2, 1, 1, 1, 1, 1, 2, 2], [2, 3, 3, 3, 3, 3, 2, 2]];
    [
        dates.as_flattened(),
        switches.as_flattened(),
        seasons.as_flattened(),
    ]
    .concat()
}

fn read(meter: &mut Meter, table: u16) -> Vec<u8> {
    let size = meter.begin_read(table).expect("readable");
    let mut bytes = vec![0xAA; size.into()];
    meter.read(table, 0, &mut bytes);
    bytes
}

/// A meter on which a utility has written both tables.
fn programmed() -> Meter {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    meter.security(&[b'2'; 20]).expect("the password");
    assert_eq!(meter.write(53, 0, &TIMES), Ok(()));
    assert_eq!(meter.write(54, 0, &calendar()), Ok(()));
    meter
}

/// Day of the week, 0 is Sunday: Sakamoto's method.
fn weekday(year: u32, month: u32, day: u32) -> u32 {
    const T: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let y = 2000 + year - u32::from(month < 3);
    (y + y / 4 - y / 100 + y / 400 + T[month as usize - 1] + day) % 7
}

/// Tier and season at this time, which has been reached without a jump.
fn expected(year: u32, month: u32, day: u32, hour: u32, minute: u32) -> (u16, u16) {
    let season = u16::from((6..10).contains(&month));
    let minutes = hour * 60 + minute;
    let is_free = matches!(weekday(year, month, day), 0 | 6) || (month, day) == (7, 4);
    let tier = match (is_free, season) {
        (true, _) => 0,
        (_, 0) => 1 + u16::from((450..1320).contains(&minutes)),
        _ => 1 + 2 * u16::from((840..1215).contains(&minutes)),
    };
    (tier, season)
}

#[test]
fn tables_are_written_and_read_and_their_sizes_are_announced() {
    let mut meter = programmed();
    assert_eq!(read(&mut meter, 53), TIMES);
    assert_eq!(read(&mut meter, 54), calendar());
    let limits = read(&mut meter, 51);
    assert_eq!(limits, [0, 0x13, 0x12, 0, 6, 11, 0, 67, 0]);
    assert_eq!(meter.write(54, 66, &[0, 0]), Err(Response::Onp));
    assert_eq!(meter.write(54, 66, &[5]), Ok(()));
    assert_eq!(read(&mut meter, 54)[66], 5);
    // The settings before them are as they were, and so are these after a start.
    assert_eq!(read(&mut meter, 5), *b"0000000000000000    ");
    let mut again = MeterDevice::new(meter.board.clone());
    assert_eq!(read(&mut again, 53), TIMES);
    assert_eq!(again.write(53, 0, &TIMES), Err(Response::Isc));
}

#[test]
fn a_meter_without_calendar_stays_in_tier_and_season_0() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    meter.readings.kept.clock = Clock::from_bytes([26, 1, 1, 0, 0, 0, 4]);
    for _ in 0..366 * 24 {
        meter.readings.kept.clock.advance(60);
        let place = crate::store::newest(&meter.board, Place::SETTINGS);
        let before = meter.readings.kept.clock.clone();
        assert_eq!(follow(&mut meter.readings, &mut meter.board, place), 0);
        assert_eq!(
            (&meter.readings.kept.clock, meter.readings.kept.calendar),
            (&before, 0)
        );
    }
}

#[test]
fn ten_years_of_tiers_seasons_and_daylight_saving() {
    let mut meter = programmed();
    // A Thursday.
    meter.readings.kept.clock = Clock::from_bytes([26, 1, 1, 0, 0, 0, 4]);
    let place = crate::store::newest(&meter.board, Place::SETTINGS);
    let mut saving = Vec::new();
    // Every minute of the days of a change, all others by their quarters.
    loop {
        let kept = &mut meter.readings.kept;
        let [year, month, day, ..] = *kept.clock.bytes();
        let changes = matches!((month, day), (3, 7..=15) | (11, 1..=8));
        kept.clock.advance(if changes { 1 } else { 15 });
        let [y, mo, d, h, m, ..] = *kept.clock.bytes();
        if y == 36 {
            break;
        }
        let event = follow(&mut meter.readings, &mut meter.board, place);
        if event != 0 {
            let [_, _, _, hour, minute, second, qualifier] = *meter.readings.kept.clock.bytes();
            assert_eq!((h, m, minute, second), (2, 0, 0, 0));
            let is_on = event == code::DST_ON;
            assert_eq!(
                (hour, qualifier & 8 != 0),
                if is_on { (3, true) } else { (1, false) }
            );
            assert!(is_on || event == code::DST_OFF);
            saving.push((year, month, day));
            continue;
        }
        let [y32, mo32, d32, h32, m32] = [y, mo, d, h, m].map(u32::from);
        let told = meter.readings.kept.calendar;
        assert_eq!(
            (told & 7, told >> 12),
            expected(y32, mo32, d32, h32, m32),
            "20{y}-{mo}-{d} {h}:{m}"
        );
    }
    let sundays = |year: u32| {
        let first = |month, from: u32| {
            (from..from + 7)
                .find(|day| weekday(year, month, *day) == 0)
                .expect("a Sunday")
        };
        [(3, first(3, 8)), (11, first(11, 1))]
    };
    let all: Vec<_> = (26..36)
        .flat_map(|year| sundays(year).map(|(month, day)| (year as u8, month as u8, day as u8)))
        .collect();
    assert_eq!(saving, all);
}

#[test]
fn the_time_until_the_next_tier_is_told() {
    let mut meter = programmed();
    let mut ticks = 0_u16;
    // A Monday in spring: 7:30 and 22:00; in summer 14:00 and 20:15; a Sunday has none.
    for (date, [hour, minute], left) in [
        ([26, 4, 6, 1], [0, 0], 449),
        ([26, 4, 6, 1], [7, 28], 1),
        ([26, 4, 6, 1], [7, 29], 870),
        ([26, 4, 6, 1], [21, 59], 120),
        ([26, 4, 6, 1], [23, 58], 1),
        ([26, 4, 6, 1], [23, 59], 450),
        ([26, 7, 6, 1], [3, 7], 652),
        ([26, 7, 6, 1], [20, 13], 1),
        ([26, 7, 5, 0], [12, 0], 719),
    ] {
        let [year, month, day, weekday] = date;
        let before = [year, month, day, hour, minute, 0, weekday];
        meter.readings.kept.clock = Clock::from_bytes(before);
        // It is looked at when the next minute begins.
        for _ in 0..60 * 128 {
            ticks = ticks.wrapping_add(1);
            meter.tick(ticks);
        }
        let [low, high] = u16::to_le_bytes(left);
        assert_eq!(read(&mut meter, 56), [low, high, 0], "{before:?}");
    }
}

#[test]
fn a_season_that_ends_leaves_its_registers() {
    let mut meter = programmed();
    // None has ended since the meter was made.
    let none = read(&mut meter, 24);
    assert_eq!(none[..5], [0, 1, 1, 0, 0]);
    assert!(none[5..].iter().all(|byte| *byte == 0));
    let mut ticks = 0;
    let mut pass = |meter: &mut Meter, seconds: u32| {
        for _ in 0..seconds * 128 {
            ticks += 1;
            meter.tick(ticks);
        }
    };
    let at = c12::snapshot::offset::IMPORT;
    meter.readings.kept.clock = Clock::from_bytes([26, 5, 31, 23, 59, 58, 0]);
    meter.readings.snapshot.put_wide(at, &(0x0123_4567 << 32));
    pass(&mut meter, 2);
    meter.readings.snapshot.put_wide(at, &(0x1123_4567 << 32));
    let summer = read(&mut meter, 24);
    assert_eq!(summer[..5], [26, 6, 1, 0, 0]);
    assert_eq!(summer[6..10], [0x67, 0x45, 0x23, 0x01]);
    // Power up, two tables, and now the season.
    let log = read(&mut meter, 76);
    assert_eq!(log[11 + 3 * 16 + 10..][..2], [24, 0]);
    pass(&mut meter, 120);
    assert_eq!(read(&mut meter, 24), summer, "a season ends once");
    let again = &mut MeterDevice::new(meter.board.clone());
    assert_eq!(read(again, 24), summer);
    assert_eq!(read(again, 55)[8] >> 4, 1);
}

#[test]
fn a_switch_that_was_missed_is_made_up_for_and_none_is_made_twice() {
    let mut meter = programmed();
    let place = crate::store::newest(&meter.board, Place::SETTINGS);
    let mut at = |bytes: [u8; 7]| {
        meter.readings.kept.clock = Clock::from_bytes(bytes);
        let event = follow(&mut meter.readings, &mut meter.board, place);
        (event, *meter.readings.kept.clock.bytes())
    };
    // 8 March 2026 is the second Sunday.
    assert_eq!(at([26, 3, 8, 1, 59, 0, 0]).0, 0);
    assert_eq!(
        at([26, 3, 8, 5, 17, 0, 0x10]),
        (code::DST_ON, [26, 3, 8, 6, 17, 0, 0x18])
    );
    assert_eq!(at([26, 3, 8, 6, 18, 0, 8]).0, 0);
    assert_eq!(at([26, 11, 1, 1, 59, 0, 8]).0, 0);
    assert_eq!(
        at([26, 11, 1, 2, 0, 0, 8]),
        (code::DST_OFF, [26, 11, 1, 1, 0, 0, 0])
    );
    assert_eq!(at([26, 11, 1, 2, 0, 0, 0]).0, 0);
    // On no other day, and not when it is past midnight.
    assert_eq!(at([26, 3, 15, 3, 0, 0, 0]).0, 0);
    assert_eq!(at([26, 3, 8, 23, 30, 0, 0]).0, 0);
    // Without a day of the week no rule has one.
    assert_eq!(at([26, 3, 8, 3, 0, 0, 7]).0, 0);
}

/// Special days with such rules, day by day over sixty years, against the last of the weekdays that have been.
#[test]
fn the_last_weekday_before_a_day_may_be_in_the_month_before() {
    let mut meter = programmed();
    // On the special day the tier is one that no other day has.
    let special_tier = 5;
    let mut table = calendar();
    table[48..51].copy_from_slice(&switch([0, 0, special_tier], 9));
    (table[51 + 7], table[51 + 15]) = (9, 9);
    for [month, rule, weekday, day, of] in [
        [4, 1, 0, 1, 3],
        [6, 1, 1, 1, 5],
        [3, 1, 3, 1, 2],
        [11, 1, 6, 1, 10],
        [3, 6, 0, 0, 3],
        [9, 6, 5, 17, 9],
        [2, 6, 2, 1, 2],
        [12, 6, 4, 1, 12],
        // Within a month it is as before.
        [8, 1, 2, 20, 8],
    ] {
        table[12..15].copy_from_slice(&date([month, rule, weekday, day], 19));
        assert_eq!(meter.write(54, 0, &table), Ok(()));
        let place = crate::store::newest(&meter.board, Place::SETTINGS);
        let mut clock = Clock::from_bytes([0, 1, 1, 23, 59, 59, 6]);
        let mut found = Vec::new();
        let mut expected = Vec::new();
        let mut candidate = None;
        for _ in 0..60 * 365 {
            let [year, today, date, .., qualifier] = *clock.bytes();
            let on = [year, today, date];
            let is_before = of != month || rule == 6 || u16::from(date) < day;
            if u16::from(qualifier) == weekday && u16::from(today) == of && is_before {
                candidate = Some(on);
            }
            if u16::from(today) != of {
                expected.extend(candidate.take());
            }
            meter.readings.kept.clock = Clock::from_bytes([year, today, date, 12, 0, 0, qualifier]);
            meter.readings.kept.calendar = 0;
            follow(&mut meter.readings, &mut meter.board, place);
            if meter.readings.kept.calendar & 7 == special_tier {
                found.push(on);
            }
            clock = Clock::from_bytes([year, today, date, 23, 59, 59, qualifier]);
            clock.tick();
        }
        assert_eq!(found, expected, "{month} {rule} {weekday} {day}");
    }
}

#[test]
fn whatever_is_written_the_clock_stays_one() {
    let mut meter = programmed();
    let mut random = 430u32;
    let mut draw = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 24) as u8
    };
    for _ in 0..3000 {
        let table: [u8; 67] = core::array::from_fn(|_| draw());
        assert_eq!(meter.write(54, 0, &table), Ok(()));
        let mut times: [u8; 9] = core::array::from_fn(|_| draw());
        times[3] = 60;
        assert_eq!(meter.write(53, 0, &times), Ok(()));
        let place = crate::store::newest(&meter.board, Place::SETTINGS);
        for _ in 0..20 {
            let [y, mo, d, h, q] = core::array::from_fn(|_| draw());
            let time = [y % 100, mo % 12 + 1, d % 28 + 1, h % 24, 0, 0, q];
            meter.readings.kept.clock = Clock::from_bytes(time);
            follow(&mut meter.readings, &mut meter.board, place);
            assert_eq!(c12::clock::wrong(meter.readings.kept.clock.bytes()), 0);
        }
    }
    assert_eq!(settings::CALENDAR_END, 163);
}

#[test]
fn every_tier_has_its_energy_and_all_together_have_what_the_register_shows() {
    let mut meter = programmed();
    meter.readings.kept.clock = Clock::from_bytes([26, 6, 4, 12, 0, 0, 4]);
    let mut now = 0u16;
    let mut shown_wh = [0u32; 2];
    let mut expected = [[0u32; 2]; 8];
    let mut seconds = 0u32;
    let word = |table: &[u8], at: usize| {
        u32::from_le_bytes(table[at..at + 4].try_into().expect("four bytes"))
    };
    while seconds < 5 * 86_400 {
        // Half an hour at a time: faster, and long enough for every switch to be met at its minute.
        for _ in 0..1800 {
            let tier = usize::from(meter.readings.kept.calendar & 7);
            seconds += 1;
            for (k, shown_wh) in shown_wh.iter_mut().enumerate() {
                let gained = seconds % (3 + 4 * k as u32) / 2;
                *shown_wh += gained;
                let at = c12::snapshot::offset::IMPORT + 8 * k;
                let energy = i64::from(*shown_wh) << 32 | 0x8000_0000;
                meter.readings.snapshot.put_wide(at, &energy);
                expected[tier][k] += gained;
            }
            now = now.wrapping_add(128);
            meter.tick(now);
        }
        let table = read(&mut meter, c12::tiers::TABLE);
        for (tier, expected) in expected.iter().enumerate() {
            for (k, expected) in expected.iter().enumerate() {
                assert_eq!(word(&table, 8 * tier + 4 * k), *expected, "tier {tier}");
            }
        }
        for (k, shown_wh) in shown_wh.iter().enumerate() {
            let all: u32 = (0..8).map(|tier| word(&table, 8 * tier + 4 * k)).sum();
            assert_eq!(all, *shown_wh);
            assert_eq!(word(&read(&mut meter, 23), 1 + 4 * k), *shown_wh);
        }
        // The supply fails, now and then.
        if seconds.is_multiple_of(5 * 1800) {
            meter.save();
            let snapshot = meter.readings.snapshot.clone();
            meter = MeterDevice::new(meter.board.clone());
            meter.readings.snapshot = snapshot;
            now = 0;
        }
    }
    let used = expected.iter().filter(|tier| tier[0] != 0).count();
    assert_eq!(used, 3, "tiers 0, 1 and 3");
}

/// Days of March 2026 on which the clock is set at two, with these dates.
fn changes(dates: &[[u8; 3]]) -> Vec<u8> {
    let mut meter = programmed();
    let mut table = calendar();
    table[..18].fill(0);
    for (place, date) in table.as_chunks_mut::<3>().0.iter_mut().zip(dates) {
        *place = *date;
    }
    assert_eq!(meter.write(54, 0, &table), Ok(()));
    let settings = crate::store::newest(&meter.board, Place::SETTINGS);
    let mut changes = Vec::new();
    for day in 1..=31 {
        let weekday = weekday(26, 3, day.into()) as u8;
        meter.readings.kept.clock = Clock::from_bytes([26, 3, day, 2, 0, 0, weekday]);
        if follow(&mut meter.readings, &mut meter.board, settings) != 0 {
            changes.push(day);
        }
    }
    changes
}

#[test]
fn a_special_day_does_not_hide_a_change() {
    let (change, special) = (date([3, 2, 0, 8], 1), date([3, 0, 7, 8], 19));
    for dates in [
        [change, special],
        [special, change],
        [change, date([3, 0, 7, 8], 0)],
    ] {
        assert_eq!(changes(&dates), [8]);
    }
    // Seasons that there are none of, and actions that mean nothing.
    for action in 5..32 {
        let other = date([3, 0, 7, 8], action);
        assert_eq!(changes(&[change, other]), [8], "action {action}");
    }
}
