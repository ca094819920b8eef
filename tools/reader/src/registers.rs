//! From sources to quantities: what the numbers in ST23 and ST28 mean, as ST16, ST12 and ST15 say it.

use crate::decode::Record;
use anyhow::{Context, Result};
use c12::uom::{Uom, flow, segment, time_base};
use serde_json::{Value, json};

/// The tables that a meaning needs, decoded.
pub struct Sources<'a> {
    /// ST12.
    pub units: &'a Record,
    /// ST15, when the meter has constants.
    pub constants: Option<&'a Record>,
    /// ST16.
    pub definitions: &'a Record,
}

/// What the numbers of a source mean.
#[derive(Clone, Debug)]
pub struct Meaning {
    /// In words: "active import".
    pub quantity: String,
    /// "Wh", or empty.
    pub unit: &'static str,
    /// Raw numbers are multiplied by this …
    pub scale: f64,
    /// … and then this is added.
    pub offset: f64,
}

impl Meaning {
    /// A raw number in the unit.
    pub fn apply(&self, raw: f64) -> f64 {
        tidy(raw * self.scale + self.offset)
    }
}

/// Source number that means "none".
const UNUSED: u64 = 255;

impl Sources<'_> {
    /// Pairs the numbers of a list with their sources: name, unit and value of each.
    pub fn explain(&self, raw: &[Value], selected: &[Value]) -> Result<Value> {
        raw.iter()
            .zip(selected)
            .filter(|(_, source)| source.as_u64() != Some(UNUSED))
            .map(|(raw, source)| {
                self.one(raw, source.as_u64().context("a source number")? as usize)
            })
            .collect()
    }

    fn one(&self, raw: &Value, source: usize) -> Result<Value> {
        let Some(meaning) = self.meaning(source)? else {
            return Ok(json!({ "source": source, "raw": raw }));
        };
        Ok(json!({
            "source": source,
            "quantity": meaning.quantity,
            "value": raw.as_f64().map(|raw| meaning.apply(raw)),
            "unit": meaning.unit,
        }))
    }

    /// What the numbers of a source mean; `None` when ST12 has no entry for it.
    pub fn meaning(&self, source: usize) -> Result<Option<Meaning>> {
        let Some(uom) = self.uom(source)? else {
            return Ok(None);
        };
        let (multiplier, offset) = self.constant(source)?;
        let power = 10f64.powi(uom.exponent());
        Ok(Some(Meaning {
            quantity: quantity(uom),
            unit: uom.unit().unwrap_or("?"),
            scale: multiplier * power,
            offset: offset * power,
        }))
    }

    /// The unit of a source: entry number k of ST12, where k counts the sources before that have one.
    fn uom(&self, source: usize) -> Result<Option<Uom>> {
        let Some(entry) = self.entry(source, "UOM_ENTRY_FLAG")? else {
            return Ok(None);
        };
        let entry = self.units.get("UOM_ENTRY").and_then(|list| list.get(entry));
        Ok(Some(uom(entry.with_context(|| {
            format!("ST12 has no entry for source {source}")
        })?)))
    }

    /// Multiplier and offset that the reader still has to apply.
    fn constant(&self, source: usize) -> Result<(f64, f64)> {
        let (Some(constants), Some(entry)) =
            (self.constants, self.entry(source, "CONSTANTS_FLAG")?)
        else {
            return Ok((1.0, 0.0));
        };
        if !self.has(source, "CONSTANT_TO_BE_APPLIED")? {
            return Ok((1.0, 0.0));
        }
        let entry = constants
            .get("ELECTRIC_CONSTANTS")
            .and_then(|list| list.get(entry));
        let entry = entry.with_context(|| format!("ST15 has no entry for source {source}"))?;
        let number = |name: &str| entry.get(name).and_then(Value::as_f64);
        Ok((
            number("MULTIPLIER").unwrap_or(1.0),
            number("OFFSET").unwrap_or(0.0),
        ))
    }

    /// Place of a source in the list of those that have `flag`.
    fn entry(&self, source: usize, flag: &str) -> Result<Option<usize>> {
        if !self.has(source, flag)? {
            return Ok(None);
        }
        let mut before = 0;
        for earlier in 0..source {
            before += usize::from(self.has(earlier, flag)?);
        }
        Ok(Some(before))
    }

    fn has(&self, source: usize, flag: &str) -> Result<bool> {
        let flags = self
            .definitions
            .get("SOURCES_LIST")
            .and_then(|list| list.get(source))
            .and_then(Value::as_array);
        let flags = flags.with_context(|| format!("ST16 does not define source {source}"))?;
        Ok(flags.iter().any(|name| name == flag))
    }
}

/// The code of a decoded entry of ST12.
fn uom(entry: &Value) -> Uom {
    let part = |name: &str| entry.get(name).and_then(Value::as_u64).unwrap_or(0) as u32;
    let quadrants = part("Q1_ACCOUNTABILITY")
        | part("Q2_ACCOUNTABILITY") << 1
        | part("Q3_ACCOUNTABILITY") << 2
        | part("Q4_ACCOUNTABILITY") << 3
        | part("NET_FLOW_ACCOUNTABILITY") << 4;
    let uom = Uom::new(
        part("ID_CODE"),
        part("TIME_BASE"),
        part("MULTIPLIER"),
        quadrants << 14,
        part("SEGMENTATION") << 19,
    );
    Uom(uom.0 | part("NFS") << 31)
}

/// The entries of a decoded ST12 in words: "voltage A-N, 10^-3 V".
pub fn units(table: &Record) -> Value {
    let entries = table
        .get("UOM_ENTRY")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let words = |entry: &Value| {
        let uom = uom(entry);
        let unit = match (uom.exponent(), uom.unit().unwrap_or("?")) {
            (0, unit) => unit.to_owned(),
            (exponent, unit) => format!("10^{exponent} {unit}"),
        };
        json!(format!("{}, {}", quantity(uom), unit.trim_end()))
    };
    entries.iter().map(words).collect()
}

/// What is measured, in words: "active import", "voltage A-N".
fn quantity(uom: Uom) -> String {
    let mut words = vec![match uom.quantity() {
        Some(quantity) => quantity.to_owned(),
        None => format!("code {}", uom.id()),
    }];
    match uom.flow() {
        flow::IMPORT => words.push("import".into()),
        flow::EXPORT => words.push("export".into()),
        flow::NET => words.push("net".into()),
        flow::ALL | 0 => {}
        other => {
            let quadrants = (0..4)
                .filter(|n| other >> (14 + n) & 1 != 0)
                .map(|n| format!("Q{}", n + 1));
            words.push(quadrants.collect::<Vec<_>>().join("+"));
        }
    }
    match uom.segment() {
        segment::A_N => words.push("A-N".into()),
        segment::NEUTRAL => words.push("neutral".into()),
        _ => {}
    }
    if matches!(uom.time_base(), time_base::SUB_BLOCK | time_base::BLOCK) {
        words.push("demand".into());
    }
    words.join(" ")
}

/// Takes the binary dust off a product with a power of ten.
fn tidy(value: f64) -> f64 {
    format!("{value:.9}").parse().unwrap_or(value)
}
