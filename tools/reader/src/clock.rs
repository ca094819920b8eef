//! Sets the meter's clock by standard procedure 10.

use crate::number::{self, TimeType};
use crate::procedure;
use crate::session::Session;
use crate::tables::Tables;
use anyhow::{Context, Result, bail};
use c12::procedure::number::SET_DATE_TIME;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// Procedure 10 sets time, date and qualifier.
const SET_ALL: u8 = 0b111;

/// TIME_DATE_QUAL bits above the day of the week.
const DST_IN_EFFECT: u8 = 1 << 3;
const UTC: u8 = 1 << 4;
const ZONE_APPLIED: u8 = 1 << 5;
const DST_APPLIED: u8 = 1 << 6;

/// What the clock shall show.
#[derive(Clone, Debug)]
pub struct Setting {
    /// `None`: now, when it is sent.
    time: Option<DateTime>,
    zone: TimeZone,
    utc: bool,
}

impl Setting {
    /// A time as text, or now; in UTC or in this computer's time zone.
    pub fn parse(time: Option<&str>, utc: bool) -> Result<Self> {
        let time = match time {
            None => None,
            Some(text) => Some(
                text.parse()
                    .with_context(|| format!("--time {text:?}: write it as 2026-11-20T10:46:59"))?,
            ),
        };
        let zone = if utc {
            TimeZone::UTC
        } else {
            TimeZone::system()
        };
        Ok(Setting { time, zone, utc })
    }

    fn now(&self) -> Result<Zoned> {
        match self.time {
            Some(time) => time
                .to_zoned(self.zone.clone())
                .context("this time does not exist"),
            None => {
                // The next full second, so that the meter's second begins when ours does.
                let rest = 1_000_000_000 - Timestamp::now().subsec_nanosecond();
                std::thread::sleep(std::time::Duration::from_nanos(rest as u64));
                Ok(Timestamp::now().to_zoned(self.zone.clone()))
            }
        }
    }

    /// TIME_DATE_QUAL of a time.
    fn qualifier(&self, time: &Zoned) -> u8 {
        let day = time.weekday().to_sunday_zero_offset() as u8;
        let dst = self.zone.to_offset_info(time.timestamp()).dst().is_dst();
        let zone = if self.utc {
            UTC
        } else {
            ZONE_APPLIED | DST_APPLIED
        };
        day | zone | if dst { DST_IN_EFFECT } else { 0 }
    }
}

/// Sets the clock; returns what it showed before and after.
pub fn set(session: &mut Session, setting: &Setting) -> Result<(String, String)> {
    let dimensions = Tables::new(session).dimensions()?.clone();
    let format = dimensions.number("TM_FORMAT")?;
    let big_endian = dimensions.big_endian();
    let time = setting.now()?;
    let shown = number::seconds(&time.datetime().strftime("%Y-%m-%dT%H:%M:%S").to_string())
        .context("a date after 1970")?;
    let Some(ltime) = number::ltime(format, shown, big_endian) else {
        bail!("the meter has no clock (TM_FORMAT {format})");
    };
    let parameters = [&[SET_ALL][..], &ltime, &[setting.qualifier(&time)]].concat();
    let response = procedure::run(session, SET_DATE_TIME, &parameters)?;
    // LTIME and qualifier before, LTIME and qualifier after; a meter may leave them out.
    let show = |bytes: Option<&[u8]>| match bytes
        .map(|bytes| number::time(format, TimeType::Long, bytes, big_endian))
    {
        Some(Value::String(text)) => text,
        _ => "unknown".into(),
    };
    let record = ltime.len() + 1;
    Ok((
        show(response.get(..ltime.len())),
        show(response.get(record..record + ltime.len())),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers() {
        let setting = |text: &str, zone: &str| {
            let mut setting = Setting::parse(Some(text), zone == "UTC").unwrap();
            if zone != "UTC" {
                setting.zone = TimeZone::posix(zone).unwrap();
            }
            setting.qualifier(&setting.now().unwrap())
        };
        // A Friday in November, a Sunday in July.
        assert_eq!(setting("2026-11-20T10:46:59", "UTC"), 5 | UTC);
        let eastern = "EST5EDT,M3.2.0,M11.1.0";
        assert_eq!(
            setting("2026-11-20T10:46:59", eastern),
            5 | ZONE_APPLIED | DST_APPLIED
        );
        assert_eq!(
            setting("2026-07-05T00:00:00", eastern),
            ZONE_APPLIED | DST_APPLIED | DST_IN_EFFECT
        );
        assert!(Setting::parse(Some("noon"), true).is_err());
    }
}
