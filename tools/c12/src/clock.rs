//! The calendar clock, kept in the very bytes of ST52: LTIME_DATE in TM_FORMAT 2, then TIME_DATE_QUAL.
//!
//! | byte | what | from … to |
//! |---|---|---|
//! | 0 | year less 2000 | 0 … 99 |
//! | 1, 2 | month, day | 1 … 12, 1 … 31 |
//! | 3, 4, 5 | hour, minute, second | 0 … 23, 0 … 59, 0 … 59 |
//! | 6 | TIME_DATE_QUAL: bits 0 to 2 day of the week (0 Sunday, 7 not kept), the rest as it was set |
//!
//! Sections 1.4 and 7 of the C12.19 reference. No leap seconds; every fourth year is a leap year until 2099.

/// Bytes of ST52.
pub const SIZE: usize = 7;

/// Bytes of LTIME_DATE.
const FIELDS: usize = 6;
/// Lowest values of the fields.
static FIRST: [u8; FIELDS] = [0, 1, 1, 0, 0, 0];
/// Highest values; the day's depends on the month. (As many as a mask lets through, which saves asking.)
static LAST: [u8; 8] = [99, 12, 0, 23, 59, 59, 0, 0];
/// Bits of procedure 10's mask that set each byte.
static MASKS: [u8; SIZE] = {
    const T: u8 = TIME as u8;
    const D: u8 = DATE as u8;
    [D, D, D, T, T, T, QUALIFIER as u8]
};
/// Place of the day.
const DAY: usize = 2;

/// Bit of procedure 10's mask: hour, minute and second are set.
pub const TIME: u16 = 1 << 0;
/// Bit of procedure 10's mask: year, month and day are set.
pub const DATE: u16 = 1 << 1;
/// Bit of procedure 10's mask: TIME_DATE_QUAL is set.
pub const QUALIFIER: u16 = 1 << 2;

/// Day of the week in TIME_DATE_QUAL.
const WEEKDAY: u16 = 7;

/// Quotient and rest of a division by counting, for small quotients: it needs no library's routine. `by` is not 0.
#[inline(never)]
pub fn divide(number: u16, by: u16) -> (u16, u16) {
    let (mut quotient, mut rest) = (0, number);
    while rest >= by {
        rest -= by;
        quotient += 1;
    }
    (quotient, rest)
}

/// The rest of `minute` divided by `interval_min`, which is not 0.
pub fn rest(minute: u16, interval_min: u16) -> u16 {
    divide(minute, interval_min).1
}

/// A clock that is told when a second is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock([u8; SIZE]);

impl Clock {
    /// What a clock shows that nobody has set: 1 January 2000, midnight, no day of the week.
    pub const UNSET: Self = Self([0, 1, 1, 0, 0, 0, WEEKDAY as u8]);

    /// All zero: what a static begins with; assign [`UNSET`](Self::UNSET) before use.
    pub const ZERO: Self = Self([0; SIZE]);

    /// A clock that shows these bytes of ST52, whether a calendar has them or not; [`wrong`] tells.
    pub const fn from_bytes(bytes: [u8; SIZE]) -> Self {
        Self(bytes)
    }

    /// ST52.
    pub fn bytes(&self) -> &[u8; SIZE] {
        &self.0
    }

    /// Shows these bytes from now on, whether a calendar has them or not.
    #[inline(never)]
    pub fn show(&mut self, bytes: &[u8; SIZE]) {
        for (to, from) in self.0.iter_mut().zip(bytes) {
            *to = *from;
        }
    }

    /// A second is over.
    #[inline(never)]
    pub fn tick(&mut self) {
        for at in (0..FIELDS).rev() {
            let value = self.0[at] as u16;
            if value < last(&self.0, at) {
                self.0[at] = (value + 1) as u8;
                break;
            }
            self.0[at] = FIRST[at];
            // The hour has begun anew, so the day is a new one; where the day of the week is kept, so is that.
            if at == DAY + 1 {
                let mut qualifier = self.0[FIELDS] as u16;
                if !qualifier & WEEKDAY != 0 {
                    qualifier += 1;
                    if !qualifier & WEEKDAY == 0 {
                        qualifier -= WEEKDAY;
                    }
                    self.0[FIELDS] = qualifier as u8;
                }
            }
        }
    }

    /// Goes on to the end of the interval under way, one of so many minutes that divide an hour.
    #[inline(never)]
    pub fn advance(&mut self, interval_min: u16) {
        loop {
            self.0[FIELDS - 1] = 59;
            self.tick();
            if rest(self.0[FIELDS - 2] as u16, interval_min) == 0 {
                break;
            }
        }
    }

    /// Puts to `next` what the clock would show with those of `wanted`'s bytes that `mask` selects ([`TIME`], [`DATE`],
    /// [`QUALIFIER`]). Returns what [`wrong`] says of that.
    #[inline(never)]
    pub fn with(&self, mask: u16, wanted: &[u8; SIZE], next: &mut [u8; SIZE]) -> u16 {
        for (((to, now), wanted), selected) in next.iter_mut().zip(&self.0).zip(wanted).zip(&MASKS)
        {
            *to = *now;
            if mask & *selected as u16 != 0 {
                *to = *wanted;
            }
        }
        wrong(next)
    }
}

/// 0, or something else when no calendar has this. (A number because the target's compiler does not hand on a `bool`
/// reliably.)
#[must_use]
#[inline(never)]
pub fn wrong(bytes: &[u8; SIZE]) -> u16 {
    for at in 0..FIELDS {
        let value = bytes[at] as u16;
        if value < FIRST[at] as u16 || value > last(bytes, at) {
            return 1;
        }
    }
    0
}

/// Days of the month that a clock shows.
pub fn month_days(bytes: &[u8; SIZE]) -> u16 {
    last(bytes, DAY)
}

/// Highest value of the field `at`.
#[inline(never)]
fn last(bytes: &[u8; SIZE], at: usize) -> u16 {
    if at != DAY {
        return LAST[at & 7] as u16;
    }
    let (year, month) = (bytes[0] as u16, bytes[1] as u16);
    if month == 2 {
        return if year & 3 == 0 { 29 } else { 28 };
    }
    // Odd months up to July and even ones from August on have 31 days.
    30 + ((month ^ (month >> 3)) & 1)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    const ALL: u16 = TIME | DATE | QUALIFIER;

    /// Sets a clock, if a calendar has what it would show then; returns what [`Clock::with`] does.
    fn set(clock: &mut Clock, mask: u16, wanted: &[u8; SIZE]) -> u16 {
        let mut next = [0xAA; SIZE];
        let result = clock.with(mask, wanted, &mut next);
        if result == 0 {
            clock.show(&next);
        }
        result
    }

    /// Days from 1 January 2000 to a date.
    fn days(year: u32, month: u32, day: u32) -> u32 {
        const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let leap = u32::from(month > 2 && year.is_multiple_of(4));
        year * 365 + year.div_ceil(4) + BEFORE[month as usize - 1] + leap + day - 1
    }

    #[test]
    fn every_day_of_the_century_follows_the_one_before() {
        let mut clock = Clock::UNSET;
        // 1 January 2000 was a Saturday.
        assert_eq!(set(&mut clock, QUALIFIER, &[0, 0, 0, 0, 0, 0, 0x10 | 6]), 0);
        for expected in 0..36_525 {
            let [year, month, day, time @ .., qualifier] = *clock.bytes();
            assert_eq!(days(year.into(), month.into(), day.into()), expected);
            assert_eq!(time, [0, 0, 0]);
            assert_eq!(u32::from(qualifier), 0x10 | ((expected + 6) % 7));
            assert_eq!(set(&mut clock, TIME, &[0, 0, 0, 23, 59, 59, 0]), 0);
            clock.tick();
        }
        assert_eq!(clock.bytes()[..3], [0, 1, 1], "the year 2100 is not told");
    }

    #[test]
    fn every_second_of_a_day() {
        let mut clock = Clock::UNSET;
        for second in 0..86_400u32 {
            let [.., h, m, s, qualifier] = *clock.bytes();
            assert_eq!(
                u32::from(h) * 3600 + u32::from(m) * 60 + u32::from(s),
                second
            );
            assert_eq!(qualifier, 7);
            clock.tick();
        }
        assert_eq!(*clock.bytes(), [0, 1, 2, 0, 0, 0, 7]);
    }

    #[test]
    fn only_what_the_mask_selects_is_set() {
        let wanted = [26, 11, 20, 17, 5, 59, 0x35];
        let mut clock = Clock::UNSET;
        assert_eq!(set(&mut clock, TIME, &wanted), 0);
        assert_eq!(*clock.bytes(), [0, 1, 1, 17, 5, 59, 7]);
        assert_eq!(set(&mut clock, DATE, &wanted), 0);
        assert_eq!(*clock.bytes(), [26, 11, 20, 17, 5, 59, 7]);
        assert_eq!(set(&mut clock, QUALIFIER, &wanted), 0);
        assert_eq!(*clock.bytes(), wanted);
        assert_eq!(set(&mut clock, 0, &[0; SIZE]), 0);
        assert_eq!(*clock.bytes(), wanted);
    }

    #[test]
    fn what_no_calendar_has_changes_nothing() {
        let right = [24, 2, 29, 23, 59, 59, 4];
        let mut clock = Clock::UNSET;
        assert_eq!(set(&mut clock, ALL, &right), 0);
        for (at, wrong) in [
            (0, 100),
            (0, 23),
            (1, 0),
            (1, 13),
            (1, 255),
            (2, 0),
            (2, 30),
            (3, 24),
            (4, 60),
            (5, 60),
            (5, 255),
        ] {
            let mut wanted = right;
            wanted[at] = wrong;
            assert_ne!(set(&mut clock, ALL, &wanted), 0, "{wanted:?}");
            assert_eq!(*clock.bytes(), right);
        }
        // The date alone is judged with what stands.
        assert_ne!(set(&mut clock, DATE, &[25, 2, 29, 0, 0, 0, 0]), 0);
    }

    #[test]
    fn it_goes_on_to_the_end_of_an_interval() {
        for (from, minutes, to) in [
            ([26, 11, 20, 17, 0, 0], 15, [26, 11, 20, 17, 15, 0]),
            ([26, 11, 20, 17, 14, 59], 15, [26, 11, 20, 17, 15, 0]),
            ([26, 12, 31, 23, 15, 1], 60, [27, 1, 1, 0, 0, 0]),
            ([26, 12, 31, 23, 15, 1], 1, [26, 12, 31, 23, 16, 0]),
            ([26, 12, 31, 23, 48, 7], 12, [27, 1, 1, 0, 0, 0]),
        ] {
            let mut clock = Clock::UNSET;
            let [y, mo, d, h, m, s] = from;
            clock.show(&[y, mo, d, h, m, s, 7]);
            clock.advance(minutes);
            assert_eq!(clock.bytes()[..6], to);
        }
    }
}
