//! Table bytes to named fields, by the layouts of `c12`.

use crate::number::{self, TimeType};
use anyhow::{Context, Result, bail};
use c12::field::{Field, Kind, Repeat, When};
use c12::layout::Layout;
use c12::snapshot::{ENERGY_NOT_AVAILABLE, NOT_AVAILABLE};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The fields of a table in order.
pub type Record = Map<String, Value>;

/// What the configuration and limits tables say about the others: their numbers by name.
#[derive(Clone, Debug, Default)]
pub struct Dimensions {
    numbers: BTreeMap<&'static str, u64>,
}

impl Dimensions {
    /// Takes over every number of a decoded table.
    pub fn learn(&mut self, layout: &Layout, record: &Record) {
        for field in layout.fields {
            if let Some(value) = record.get(field.name) {
                self.learn_value(field, value);
            }
        }
    }

    fn learn_value(&mut self, field: &Field, value: &Value) {
        match (field.kind, value) {
            (Kind::Unsigned(_), value) => {
                self.numbers
                    .extend(value.as_u64().map(|number| (field.name, number)));
            }
            (Kind::Bits(_, bits), value) => {
                let number = |name| value.get(name).and_then(Value::as_u64);
                self.numbers.extend(
                    bits.iter()
                        .filter_map(|bit| Some((bit.name, number(bit.name)?))),
                );
            }
            (Kind::Flags(_, names), Value::Array(set)) => {
                let flag =
                    |name: &&'static str| (*name, u64::from(set.iter().any(|set| set == name)));
                self.numbers.extend(names.iter().map(flag));
            }
            _ => {}
        }
    }

    /// A number that must have been learnt.
    pub fn number(&self, name: &str) -> Result<u64> {
        self.numbers
            .get(name)
            .copied()
            .with_context(|| format!("the meter's limits tables do not give {name}"))
    }

    /// Format selectors of ST0, before ST0 is known: those of ST0 itself, which needs none.
    fn format(&self, name: &str) -> u64 {
        self.numbers.get(name).copied().unwrap_or(0)
    }

    /// ST0's DATA_ORDER.
    pub fn big_endian(&self) -> bool {
        self.format("DATA_ORDER") == 1
    }
}

/// Decodes a table. Manufacturer tables may end early (older meter) or late (newer meter); a standard table that is
/// too short is an error, bytes that are left over are shown under `REST`.
pub fn table(layout: &Layout, bytes: &[u8], dimensions: &Dimensions) -> Result<Record> {
    let (placed, rest) = fields(layout, bytes, dimensions)?;
    let mut record = Record::new();
    for Placed { field, value, .. } in placed {
        record.insert(field.name.into(), value);
    }
    if !rest.is_empty() {
        record.insert("REST".into(), json!(number::hex(rest)));
    }
    Ok(record)
}

/// A field of a table as it was found.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its description.
    pub field: &'static Field,
    /// First byte in the table.
    pub offset: usize,
    /// Bytes, all repetitions together.
    pub size: usize,
    /// What the bytes say.
    pub value: Value,
}

/// The outermost fields of a table that are present, with their places; and the bytes behind them.
pub fn fields<'a>(
    layout: &Layout,
    bytes: &'a [u8],
    dimensions: &Dimensions,
) -> Result<(Vec<Placed>, &'a [u8])> {
    // A table's own numbers count too: ST0 holds the sizes of its sets.
    let mut reader = Reader {
        rest: bytes,
        dimensions: dimensions.clone(),
    };
    let mut placed = Vec::new();
    for field in layout.fields {
        if reader.rest.is_empty() && layout.table >= c12::layout::MANUFACTURER {
            break;
        }
        let offset = bytes.len() - reader.rest.len();
        let value = reader
            .field(field)
            .with_context(|| format!("{} does not fit its layout", layout.name))?;
        if let Some(value) = value {
            reader.dimensions.learn_value(field, &value);
            let size = bytes.len() - reader.rest.len() - offset;
            placed.push(Placed {
                field,
                offset,
                size,
                value,
            });
        }
    }
    Ok((placed, reader.rest))
}

/// Decodes one group of fields that a table repeats; also how many bytes it took.
pub fn group(
    fields: &'static [Field],
    bytes: &[u8],
    dimensions: &Dimensions,
) -> Result<(Record, usize)> {
    let mut reader = Reader {
        rest: bytes,
        dimensions: dimensions.clone(),
    };
    let record = reader.group(fields)?;
    Ok((record, bytes.len() - reader.rest.len()))
}

struct Reader<'a> {
    rest: &'a [u8],
    dimensions: Dimensions,
}

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let Some((bytes, rest)) = self.rest.split_at_checked(size) else {
            bail!("{size} bytes are wanted and {} are left", self.rest.len());
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// `None`: the field is not there.
    fn field(&mut self, field: &Field) -> Result<Option<Value>> {
        let present = match field.when {
            When::Always => true,
            When::Set(flag) => self.dimensions.number(flag)? != 0,
            When::Clear(flag) => self.dimensions.number(flag)? == 0,
            When::BytesLeft => !self.rest.is_empty(),
        };
        if !present {
            return Ok(None);
        }
        Ok(Some(match field.repeat {
            Repeat::Once => self.value(field.kind).context(field.name)?,
            Repeat::Times(count) => {
                let count = self.dimensions.number(count)?;
                self.list(field, count)?
            }
            Repeat::Exactly(count) => self.list(field, count as u64)?,
        }))
    }

    fn list(&mut self, field: &Field, count: u64) -> Result<Value> {
        let values = (0..count).map(|index| {
            self.value(field.kind)
                .with_context(|| format!("{}[{index}]", field.name))
        });
        values.collect()
    }

    fn value(&mut self, kind: Kind) -> Result<Value> {
        let big_endian = self.dimensions.big_endian();
        Ok(match kind {
            Kind::Unsigned(size) => json!(number::unsigned(self.take(size)?, big_endian)),
            Kind::Signed(size) => json!(number::signed(self.take(size)?, big_endian)),
            Kind::Bits(size, bits) => {
                let word = number::unsigned(self.take(size)?, big_endian);
                let part = |low: u32, width: u32| word >> low & ((1 << width) - 1);
                Value::Object(
                    bits.iter()
                        .map(|bit| (bit.name.into(), json!(part(bit.low, bit.width))))
                        .collect(),
                )
            }
            Kind::Flags(size, names) => {
                let word = number::unsigned(self.take(size)?, big_endian);
                let name = |bit: usize| {
                    names
                        .get(bit)
                        .map_or_else(|| format!("BIT_{bit}"), |name| (*name).into())
                };
                let set = (0..size * 8).filter(|bit| word >> bit & 1 != 0);
                set.map(|bit| json!(name(bit))).collect()
            }
            Kind::Chars(size) => json!(number::text(self.take(size)?)),
            Kind::Identifier(characters, digits) => {
                if self.dimensions.format("ID_FORM") == 1 {
                    json!(number::hex(self.take(digits)?))
                } else {
                    json!(number::text(self.take(characters)?))
                }
            }
            Kind::Bytes(size) => json!(number::hex(self.take(size)?)),
            Kind::BytesOf(size) => {
                let size = self.dimensions.number(size)? as usize;
                json!(number::hex(self.take(size)?))
            }
            Kind::Interval(format) => self.interval(format, big_endian)?,
            Kind::IntervalStatus(channels) => {
                let channels = self.dimensions.number(channels)? as usize;
                json!(number::hex(self.take(channels / 2 + 1)?))
            }
            Kind::Rest => json!(number::hex(self.take(self.rest.len())?)),
            Kind::Set(size) => {
                let size = self.dimensions.number(size)? as usize;
                set(self.take(size)?)
            }
            Kind::SetOf(entries) => {
                let entries = self.dimensions.number(entries)? as usize;
                set(self.take(entries.div_ceil(8))?)
            }
            Kind::Ni1 => self.number("NI_FORMAT1", big_endian)?,
            Kind::Ni2 => self.number("NI_FORMAT2", big_endian)?,
            Kind::Ltime => self.time(TimeType::Long, big_endian)?,
            Kind::Stime => self.time(TimeType::Short, big_endian)?,
            Kind::Time => self.time(TimeType::OfDay, big_endian)?,
            Kind::Milli => scaled(number::signed(self.take(4)?, big_endian), 1e3),
            Kind::Micro => scaled(number::signed(self.take(4)?, big_endian), 1e6),
            Kind::Share => json!(number::unsigned(self.take(2)?, big_endian) as f64 / 327.68),
            Kind::MicroWide => match number::signed(self.take(8)?, big_endian) {
                i64::MIN => Value::Null,
                raw => json!(raw as f64 / 1e6),
            },
            Kind::Fixed(size, fraction_bits) => {
                let raw = number::signed(self.take(size)?, big_endian);
                json!(raw as f64 / f64::from(fraction_bits).exp2())
            }
            Kind::Energy => match number::unsigned(self.take(8)?, big_endian) {
                ENERGY_NOT_AVAILABLE => Value::Null,
                raw => json!(raw as f64 / 4_294_967_296.0),
            },
            Kind::Group(fields) => Value::Object(self.group(fields)?),
        })
    }

    fn group(&mut self, fields: &[Field]) -> Result<Record> {
        let mut record = Record::new();
        for field in fields {
            if let Some(value) = self.field(field)? {
                record.insert(field.name.into(), value);
            }
        }
        Ok(record)
    }

    fn number(&mut self, selector: &str, big_endian: bool) -> Result<Value> {
        let format = self.dimensions.number(selector)?;
        let bytes = self.take(number::ni_size(format)?)?;
        Ok(number::ni(format, bytes, big_endian))
    }

    /// A load-profile value; ST62's format codes are powers of two.
    fn interval(&mut self, format: &str, big_endian: bool) -> Result<Value> {
        Ok(match self.dimensions.number(format)? {
            size @ (1 | 2 | 4) => json!(number::unsigned(self.take(size as usize)?, big_endian)),
            size @ (8 | 16 | 32) => {
                json!(number::signed(self.take(size as usize / 8)?, big_endian))
            }
            64 => self.number("NI_FORMAT1", big_endian)?,
            128 => self.number("NI_FORMAT2", big_endian)?,
            other => {
                bail!("ST62 selects interval format {other}, which the standard does not have")
            }
        })
    }

    fn time(&mut self, time: TimeType, big_endian: bool) -> Result<Value> {
        let format = self.dimensions.number("TM_FORMAT")?;
        let bytes = self.take(number::time_size(format, time)?)?;
        Ok(number::time(format, time, bytes, big_endian))
    }
}

/// A fixed-point quantity of an MT table.
fn scaled(raw: i64, one: f64) -> Value {
    if raw == i64::from(NOT_AVAILABLE) {
        Value::Null
    } else {
        json!(raw as f64 / one)
    }
}

/// The elements of a set.
fn set(bytes: &[u8]) -> Value {
    (0..bytes.len() * 8)
        .filter(|n| bytes[n / 8] >> (n % 8) & 1 != 0)
        .map(|n| json!(n))
        .collect()
}
