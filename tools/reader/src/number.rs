//! Numbers, times and identifiers in the formats that ST0 selects.

use anyhow::{Result, bail};
use serde_json::{Value, json};

/// Unsigned integer of up to 8 bytes.
pub fn unsigned(bytes: &[u8], big_endian: bool) -> u64 {
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    if big_endian {
        bytes.iter().fold(0, join)
    } else {
        bytes.iter().rev().fold(0, join)
    }
}

/// Two's complement integer of 1 to 8 bytes.
pub fn signed(bytes: &[u8], big_endian: bool) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    (unsigned(bytes, big_endian) << unused) as i64 >> unused
}

/// Bytes of a number in NI_FORMAT `format`.
pub fn ni_size(format: u64) -> Result<usize> {
    const SIZES: [usize; 14] = [8, 4, 12, 6, 4, 6, 4, 3, 4, 5, 6, 8, 8, 21];
    match SIZES.get(format as usize) {
        Some(size) => Ok(*size),
        None => bail!("ST0 selects number format {format}, which the standard does not have"),
    }
}

/// A number in NI_FORMAT `format`; `bytes` have the right length.
pub fn ni(format: u64, bytes: &[u8], big_endian: bool) -> Value {
    let mut ordered = bytes.to_vec();
    if big_endian {
        ordered.reverse();
    }
    match (format, ordered.as_slice()) {
        (0, &[a, b, c, d, e, f, g, h]) => json!(f64::from_le_bytes([a, b, c, d, e, f, g, h])),
        (1, &[a, b, c, d]) => json!(f32::from_le_bytes([a, b, c, d])),
        (2 | 3 | 13, _) => text_number(bytes),
        (4, _) => json!(signed(bytes, big_endian) as f64 / 1e4),
        (5 | 6 | 12, _) => json!(bcd(bytes)),
        _ => json!(signed(bytes, big_endian)),
    }
}

/// A number in characters; not a number stays a text.
fn text_number(bytes: &[u8]) -> Value {
    let text = text(bytes);
    match text.trim().parse::<f64>() {
        Ok(number) => json!(number),
        Err(_) => json!(text),
    }
}

/// Packed decimal digits, the first byte most significant.
fn bcd(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| {
        value * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 15)
    })
}

/// Characters without the padding behind them; what cannot be printed becomes a replacement character.
pub fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, 0 | b' '))
        .map_or(0, |last| last + 1);
    let show = |byte: &u8| {
        if matches!(byte, 0x20..=0x7E) {
            char::from(*byte)
        } else {
            '\u{FFFD}'
        }
    };
    bytes[..end].iter().map(show).collect()
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits; spaces between them are allowed.
pub fn unhex(digits: &str) -> Result<Vec<u8>> {
    let digits: Vec<u8> = digits
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let nibble = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some((nibble(high)? << 4 | nibble(low)?) as u8),
        _ => None,
    };
    match digits.chunks(2).map(pair).collect() {
        Some(bytes) => Ok(bytes),
        None => bail!(
            "{:?} is not an even number of hexadecimal digits",
            String::from_utf8_lossy(&digits)
        ),
    }
}

/// Which of the three time types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeType {
    /// LTIME_DATE.
    Long,
    /// STIME_DATE.
    Short,
    /// TIME.
    OfDay,
}

/// Bytes of a time in TM_FORMAT `format`.
pub fn time_size(format: u64, time: TimeType) -> Result<usize> {
    const SIZES: [[usize; 3]; 5] = [[0, 0, 0], [6, 5, 3], [6, 5, 3], [5, 4, 4], [4, 4, 4]];
    match SIZES.get(format as usize) {
        Some(sizes) => Ok(sizes[time as usize]),
        None => bail!("ST0 selects time format {format}, which the standard does not have"),
    }
}

/// A time as text: `2026-11-20T10:46:00`, or `10:46:00`; null for all-zero fields, which mean "never".
pub fn time(format: u64, time: TimeType, bytes: &[u8], big_endian: bool) -> Value {
    if bytes.iter().all(|byte| *byte == 0) && time != TimeType::OfDay {
        return Value::Null;
    }
    if format >= 3 {
        let whole = unsigned(&bytes[..4.min(bytes.len())], big_endian);
        let seconds = match (format, time) {
            (_, TimeType::OfDay) | (4, _) => whole,
            (_, TimeType::Long) => whole * 60 + u64::from(*bytes.last().unwrap_or(&0)),
            (_, TimeType::Short) => whole * 60,
        };
        return json!(if time == TimeType::OfDay {
            clock(seconds)
        } else {
            date(seconds)
        });
    }
    let field = |byte: &u8| {
        if format == 1 {
            bcd(&[*byte])
        } else {
            u64::from(*byte)
        }
    };
    let fields: Vec<u64> = bytes.iter().map(field).collect();
    json!(match fields.as_slice() {
        [year, month, day, hour, minute, rest @ ..] => {
            let century = if *year >= 90 { 1900 } else { 2000 };
            let second = rest.first().unwrap_or(&0);
            format!(
                "{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}",
                century + year
            )
        }
        [hour, minute, second] => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => return Value::Null,
    })
}

/// LTIME_DATE of seconds since 1970 in TM_FORMAT `format`; `None` for formats without a clock.
pub fn ltime(format: u64, seconds: u64, big_endian: bool) -> Option<Vec<u8>> {
    let integer = |value: u64| {
        let value = u32::try_from(value).ok()?;
        Some(
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
            .to_vec(),
        )
    };
    match format {
        1 | 2 => {
            let text = date(seconds);
            let fields = text
                .split(['-', 'T', ':'])
                .map(|field| field.parse::<u8>().or_else(|_| field[2..].parse()));
            let fields: Vec<u8> = fields.collect::<Result<_, _>>().ok()?;
            let code = |field: &u8| {
                if format == 1 {
                    ((field / 10) << 4) | (field % 10)
                } else {
                    *field
                }
            };
            Some(fields.iter().map(code).collect())
        }
        3 => {
            let mut bytes = integer(seconds / 60)?;
            bytes.push((seconds % 60) as u8);
            Some(bytes)
        }
        4 => integer(seconds),
        _ => None,
    }
}

/// hh:mm:ss of a number of seconds.
fn clock(seconds: u64) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Seconds since 1970 of a date and time as [`date`] writes it.
pub fn seconds(text: &str) -> Option<u64> {
    let numbers: Vec<u64> = text
        .split(['-', 'T', ':'])
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let &[year, month @ 1..=12, day @ 1..=31, hour, minute, second] = numbers.as_slice() else {
        return None;
    };
    // The inverse of `date`, with the same year that begins in March.
    let (year, shifted_month) = if month < 3 {
        (year.checked_sub(1)?, month + 9)
    } else {
        (year, month - 3)
    };
    let days =
        year * 365 + year / 4 - year / 100 + year / 400 + (153 * shifted_month + 2) / 5 + day - 1;
    Some(days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Date and time of seconds since 1970.
pub fn date(seconds: u64) -> String {
    // Days to a date of the Gregorian calendar, counted from 1 March of year 0 so that leap days come last.
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{}", clock(seconds % 86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_size() {
        assert_eq!(unsigned(&[1, 2, 3], false), 0x030201);
        assert_eq!(unsigned(&[1, 2, 3], true), 0x010203);
        assert_eq!(signed(&[0xFF, 0xFF, 0xFF], false), -1);
        assert_eq!(signed(&[0x80], false), -128);
        assert_eq!(signed(&[0, 0, 0, 0, 0, 0, 0, 0x80], false), i64::MIN);
    }

    #[test]
    fn hexadecimal_both_ways() {
        assert_eq!(unhex("00 ffA5").unwrap(), [0, 0xFF, 0xA5]);
        assert_eq!(hex(&[0, 0xFF, 0xA5]), "00ffa5");
        assert!(unhex("0").is_err());
        assert!(unhex("xx").is_err());
        assert!(unhex("é").is_err());
    }

    #[test]
    fn number_formats() {
        assert_eq!(ni(8, &[0x18, 0xFC, 0xFF, 0xFF], false), json!(-1000));
        assert_eq!(ni(4, &[0x10, 0x27, 0, 0], false), json!(1.0));
        assert_eq!(ni(5, &[0, 0, 0, 0x12, 0x34, 0x56], false), json!(123_456));
        assert_eq!(ni(3, b" 12.5 ", false), json!(12.5));
        assert_eq!(ni(0, &230.5f64.to_be_bytes(), true), json!(230.5));
        for format in 0..14 {
            let size = ni_size(format).unwrap();
            ni(format, &vec![0x30; size], false);
        }
        assert!(ni_size(14).is_err());
    }

    #[test]
    fn times_in_every_format() {
        let long = |format, bytes: &[u8]| time(format, TimeType::Long, bytes, false);
        assert_eq!(
            long(1, &[0x26, 0x11, 0x20, 0x10, 0x46, 0x59]),
            json!("2026-11-20T10:46:59")
        );
        assert_eq!(
            long(2, &[26, 11, 20, 10, 46, 59]),
            json!("2026-11-20T10:46:59")
        );
        assert_eq!(
            long(2, &[99, 12, 31, 0, 0, 0]),
            json!("1999-12-31T00:00:00")
        );
        let seconds = 1_795_171_619u32; // date -u -d '2026-11-20 10:46:59' +%s
        assert_eq!(
            long(4, &seconds.to_le_bytes()),
            json!("2026-11-20T10:46:59")
        );
        let mut three = (seconds / 60).to_le_bytes().to_vec();
        three.push(59);
        assert_eq!(long(3, &three), json!("2026-11-20T10:46:59"));
        assert_eq!(
            time(3, TimeType::Short, &three[..4], false),
            json!("2026-11-20T10:46:00")
        );
        assert_eq!(
            time(2, TimeType::OfDay, &[0, 0, 0], false),
            json!("00:00:00")
        );
        assert_eq!(long(2, &[0; 6]), Value::Null);
        assert_eq!(date(951_782_400), "2000-02-29T00:00:00");
        for day in 0..40_000 {
            let second = day * 86_400 + day % 86_400;
            assert_eq!(super::seconds(&date(second)), Some(second));
        }
        for wrong in [
            "",
            "2026-13-01T00:00:00",
            "2026-11-20",
            "x-1-1T0:0:0",
            "1969-12-31T00:00:00",
        ] {
            assert_eq!(super::seconds(wrong), None, "{wrong}");
        }
    }
}
