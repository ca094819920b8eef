//! The load profile as rows of a CSV file: ST62 says what, ST63 where, ST64 holds the blocks.

use crate::decode::{self, Dimensions, Record};
use crate::number;
use crate::registers::Meaning;
use crate::tables::Tables;
use anyhow::{Context, Result, bail};
use c12::field::{Field, Kind};
use c12::layout;
use serde_json::Value;
use std::io::Write;

/// The table of load profile set 1.
const DATA: u16 = 64;

/// Times that the profile is read before giving up.
const ATTEMPTS: usize = 3;

/// More bytes than a block can have, to find out how many it has.
const BLOCK_MAX: usize = 65_535;

/// Channel status of the extended interval status, by code; 0 is nothing to report.
const CHANNEL_STATUS: [&str; 8] = [
    "",
    "overflow",
    "partial",
    "long",
    "skipped",
    "test mode",
    "configuration changed",
    "recording stopped",
];

/// The half of the extended status that all channels share, from its bit 0 on.
const COMMON_STATUS: [&str; 4] = ["DST", "power failure", "clock forward", "clock back"];

/// One interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its end, as the meter's clock shows it.
    pub end: String,
    /// A value per channel in the channel's unit.
    pub values: Vec<f64>,
    /// What was not normal about it.
    pub status: Vec<String>,
}

/// What has been recorded, oldest first.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Column titles, ending in their unit.
    pub titles: Vec<String>,
    /// Intervals.
    pub rows: Vec<Row>,
}

impl Profile {
    /// Reads set 1 block by block, and anew when an interval has ended meanwhile: the block's time would be another one's.
    pub fn read(tables: &mut Tables) -> Result<Self> {
        for _ in 0..ATTEMPTS {
            let profile = Self::read_once(tables)?;
            if tables.again(63)? {
                return Ok(profile);
            }
        }
        bail!("intervals end faster than the profile can be read; use a higher bit rate")
    }

    fn read_once(tables: &mut Tables) -> Result<Self> {
        let control = tables.decoded(62)?;
        let status = tables.decoded(63)?;
        let meanings = meanings(tables, &control)?;
        let dimensions = tables.dimensions()?.clone();
        let set = Set::new(&status, &dimensions)?;
        let mut profile = Profile {
            titles: meanings.iter().map(title).collect(),
            rows: Vec::new(),
        };
        for (position, element) in set.elements().into_iter().enumerate() {
            let newest = position + 1 == set.valid_blocks;
            let bytes = tables.part(DATA, (element * set.block_size) as u32, set.block_size)?;
            let (block, _) = decode::group(set.fields, &bytes, &dimensions)?;
            let intervals = if newest {
                set.valid_intervals
            } else {
                set.intervals
            };
            profile
                .rows
                .extend(rows(&block, intervals, &set, &meanings)?);
        }
        Ok(profile)
    }

    /// Writes the rows as CSV.
    pub fn write_csv(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "end_time,{},status", self.titles.join(","))?;
        for row in &self.rows {
            let values: Vec<String> = row.values.iter().map(f64::to_string).collect();
            writeln!(
                out,
                "{},{},{}",
                row.end,
                values.join(","),
                row.status.join("; ")
            )?;
        }
        Ok(())
    }
}

/// What ST61 and ST63 say about set 1.
struct Set {
    fields: &'static [Field],
    block_size: usize,
    blocks: usize,
    intervals: usize,
    minutes: u64,
    valid_blocks: usize,
    valid_intervals: usize,
    last: usize,
    newest_first: bool,
    intervals_newest_first: bool,
}

impl Set {
    fn new(status: &Record, dimensions: &Dimensions) -> Result<Self> {
        let fields = match layout::find(DATA)
            .and_then(|layout| layout.fields.first())
            .map(|field| field.kind)
        {
            Some(Kind::Group(fields)) => fields,
            _ => bail!("ST64 has no layout"),
        };
        let (_, block_size) = decode::group(fields, &vec![0; BLOCK_MAX], dimensions)?;
        let status = status
            .get("LP_STATUS_SET1")
            .context("ST63 has no set 1: the meter records no load profile")?;
        let number = |name: &str| status.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
        let flags = status
            .get("LP_SET_STATUS_FLAGS")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let flag = |name: &str| flags.iter().any(|flag| flag == name);
        let limit = |name: &str| dimensions.number(name).map(|number| number as usize);
        let (blocks, intervals) = (limit("NBR_BLKS_SET1")?, limit("NBR_BLK_INTS_SET1")?);
        Ok(Set {
            fields,
            block_size,
            blocks,
            intervals,
            minutes: dimensions.number("MAX_INT_TIME_SET1")?,
            valid_blocks: number("NBR_VALID_BLOCKS").min(blocks),
            valid_intervals: number("NBR_VALID_INT").min(intervals),
            last: number("LAST_BLOCK_ELEMENT"),
            newest_first: flag("BLOCK_ORDER_DESCENDING"),
            intervals_newest_first: flag("INTERVAL_ORDER_DESCENDING"),
        })
    }

    /// Places of the valid blocks, oldest first.
    fn elements(&self) -> Vec<usize> {
        let back = (0..self.valid_blocks).rev();
        if self.newest_first {
            return back.collect();
        }
        back.map(|back| (self.last + self.blocks - back) % self.blocks)
            .collect()
    }
}

/// The channels of set 1, with the scalars and divisors of ST62 worked in.
fn meanings(tables: &mut Tables, control: &Record) -> Result<Vec<Meaning>> {
    let list = |name: &str| {
        control
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (scalars, divisors) = (list("SCALARS_SET1"), list("DIVISOR_SET1"));
    let factor = |list: &[Value], at: usize| {
        list.get(at)
            .and_then(Value::as_f64)
            .filter(|factor| *factor != 0.0)
    };
    let mut meanings = Vec::new();
    for (at, channel) in list("LP_SEL_SET1").iter().enumerate() {
        let source = channel
            .get("LP_SOURCE_SELECT")
            .and_then(Value::as_u64)
            .context("a channel's source")?;
        let mut meaning = tables.meaning(source as usize)?;
        meaning.scale *= factor(&scalars, at).unwrap_or(1.0) / factor(&divisors, at).unwrap_or(1.0);
        meanings.push(meaning);
    }
    Ok(meanings)
}

/// "active import" in Wh: `active_import_wh`.
fn title(meaning: &Meaning) -> String {
    let text = format!("{} {}", meaning.quantity, meaning.unit).to_lowercase();
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// The first `valid` intervals of a block, oldest first.
fn rows(block: &Record, valid: usize, set: &Set, meanings: &[Meaning]) -> Result<Vec<Row>> {
    let end = block
        .get("BLK_END_TIME")
        .and_then(Value::as_str)
        .and_then(number::seconds);
    let intervals = block
        .get("LP_INT")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let simple = block.get("SET_SIMPLE_INT_STATUS").and_then(Value::as_array);
    let row = |at: usize| {
        let place = if set.intervals_newest_first {
            valid - 1 - at
        } else {
            at
        };
        let interval = intervals.get(place).context("an interval")?;
        let values = interval
            .get("INT_DATA")
            .and_then(Value::as_array)
            .context("its data")?;
        let scaled = values
            .iter()
            .zip(meanings)
            .map(|(raw, meaning)| meaning.apply(raw.as_f64().unwrap_or(f64::NAN)));
        let mut status = interval
            .get("EXTENDED_INT_STATUS")
            .and_then(Value::as_str)
            .map_or_else(Vec::new, status);
        if simple.is_some_and(|set| !set.contains(&Value::from(place))) {
            status.push("not valid".into());
        }
        // The block's time is the end of its last interval.
        let before = (valid - 1 - at) as u64 * set.minutes * 60;
        let end = end.map_or_else(
            || "-".into(),
            |end| number::date(end.saturating_sub(before)),
        );
        Ok(Row {
            end,
            values: scaled.collect(),
            status,
        })
    };
    (0..valid).map(row).collect()
}

/// Extended interval status in words; each hexadecimal digit is one half byte: common, channel 1, channel 2, …
fn status(digits: &str) -> Vec<String> {
    let mut halves = digits.chars().filter_map(|digit| digit.to_digit(16));
    let common = halves.next().unwrap_or(0);
    let mut words: Vec<String> = (0..4)
        .filter(|bit| common >> bit & 1 != 0)
        .map(|bit| COMMON_STATUS[bit].to_owned())
        .collect();
    for (at, code) in halves.enumerate().filter(|(_, code)| *code != 0) {
        let known = CHANNEL_STATUS
            .get(code as usize)
            .map(|word| (*word).to_owned());
        words.push(format!(
            "channel {}: {}",
            at + 1,
            known.unwrap_or_else(|| format!("status {code}"))
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(valid_blocks: usize, last: usize) -> Set {
        Set {
            fields: &[],
            block_size: 60,
            blocks: 4,
            intervals: 2,
            minutes: 15,
            valid_blocks,
            valid_intervals: 1,
            last,
            newest_first: false,
            intervals_newest_first: false,
        }
    }

    #[test]
    fn blocks_oldest_first() {
        assert_eq!(set(3, 2).elements(), [0, 1, 2]);
        assert_eq!(set(4, 1).elements(), [2, 3, 0, 1]);
        assert_eq!(
            Set {
                newest_first: true,
                ..set(3, 0)
            }
            .elements(),
            [2, 1, 0]
        );
        assert!(set(0, 0).elements().is_empty());
    }

    #[test]
    fn intervals_end_where_they_should() {
        let block = json!({
            "BLK_END_TIME": "2026-11-20T00:15:00",
            "LP_INT": [
                { "EXTENDED_INT_STATUS": "20", "INT_DATA": [5] },
                { "EXTENDED_INT_STATUS": "02", "INT_DATA": [7] },
            ],
        });
        let meaning = Meaning {
            quantity: "active import".into(),
            unit: "Wh",
            scale: 0.5,
            offset: 0.0,
        };
        assert_eq!(title(&meaning), "active_import_wh");
        let block = block.as_object().expect("a record");
        let rows = |valid, set: &Set| {
            rows(block, valid, set, std::slice::from_ref(&meaning)).expect("rows")
        };
        let both = rows(2, &set(1, 0));
        assert_eq!(
            both[0],
            Row {
                end: "2026-11-20T00:00:00".into(),
                values: vec![2.5],
                status: vec!["power failure".into()]
            }
        );
        assert_eq!(
            both[1],
            Row {
                end: "2026-11-20T00:15:00".into(),
                values: vec![3.5],
                status: vec!["channel 1: partial".into()]
            }
        );
        assert_eq!(rows(1, &set(1, 0))[0].end, "2026-11-20T00:15:00");
        let newest_first = Set {
            intervals_newest_first: true,
            ..set(1, 0)
        };
        assert_eq!(rows(2, &newest_first)[0].values, [3.5]);
    }
}
