//! Simulated time: whole picoseconds since the mains supply came on.
//!
//! One unit for everything that is not counted in CPU cycles, fine enough that a bit of the fastest UART or a period of
//! the converter's crystal with its error in parts per billion rounds without effect, and wide enough for 213 days.

/// Picoseconds since power-up of the mains supply.
pub type Time = u64;

/// One second.
pub const SECOND: Time = 1_000_000_000_000;
/// One millisecond.
pub const MILLISECOND: Time = SECOND / 1_000;
/// One microsecond.
pub const MICROSECOND: Time = SECOND / 1_000_000;
/// One nanosecond.
pub const NANOSECOND: Time = SECOND / 1_000_000_000;

/// The time that lies `seconds` after power-up, rounded to a picosecond; negative and non-finite values give zero.
pub fn from_seconds(seconds: f64) -> Time {
    (seconds * SECOND as f64).round() as Time
}

/// Seconds since power-up, for arithmetic in double precision.
pub fn to_seconds(time: Time) -> f64 {
    time as f64 / SECOND as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_both_ways() {
        assert_eq!(from_seconds(0.02), 20 * MILLISECOND);
        assert_eq!(from_seconds(-1.0), 0);
        assert_eq!(to_seconds(1_500 * MILLISECOND), 1.5);
    }
}
