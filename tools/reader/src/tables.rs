//! Reads tables of a session and decodes them, fetching on the way whatever their meaning depends on.

use crate::decode::{self, Dimensions, Record};
use crate::name;
use crate::registers::{self, Meaning, Sources};
use crate::session::{Refusal, Session};
use anyhow::{Context, Result};
use c12::layout::{self, LIMITS, MANUFACTURER};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The tables of one meter, each read at most once.
pub struct Tables<'s, 'a> {
    session: &'s mut Session<'a>,
    dimensions: Option<Dimensions>,
    bytes: BTreeMap<u16, Vec<u8>>,
}

impl<'s, 'a> Tables<'s, 'a> {
    /// Nothing read yet.
    pub fn new(session: &'s mut Session<'a>) -> Self {
        Tables {
            session,
            dimensions: None,
            bytes: BTreeMap::new(),
        }
    }

    /// Bytes of a table as the meter sends them.
    pub fn bytes(&mut self, table: u16) -> Result<Vec<u8>, Refusal> {
        if let Some(bytes) = self.bytes.get(&table) {
            return Ok(bytes.clone());
        }
        let bytes = self.session.read(table)?;
        self.bytes.insert(table, bytes.clone());
        Ok(bytes)
    }

    /// Numbers of every table that ST0 announces.
    pub fn announced(&mut self) -> Result<Vec<u16>> {
        let config = self.record(0)?;
        let list = |name: &str, first: u16| {
            let set = config
                .get(name)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            set.into_iter()
                .filter_map(move |n| Some(first + u16::try_from(n.as_u64()?).ok()?))
        };
        Ok(list("STD_TBLS_USED", 0)
            .chain(list("MFG_TBLS_USED", MANUFACTURER))
            .collect())
    }

    /// A table by field; for registers with a list of what they mean.
    pub fn decoded(&mut self, table: u16) -> Result<Record, Refusal> {
        let bytes = self.bytes(table)?;
        self.interpret(table, &bytes).map_err(|reason| Refusal {
            meter_goes_on: true,
            reason,
        })
    }

    fn interpret(&mut self, table: u16, bytes: &[u8]) -> Result<Record> {
        if layout::find(table).is_none() {
            let mut record = Record::new();
            record.insert("BYTES".into(), json!(crate::number::hex(bytes)));
            return Ok(record);
        }
        let mut record = self.record(table)?;
        if table == 12 {
            record.insert("units".into(), registers::units(&record));
        }
        let registers = match table {
            23 => {
                let selection = self.record(22)?;
                let block = record
                    .get("TOT_DATA_BLOCK")
                    .and_then(|block| block.get("SUMMATIONS"));
                let mut registers = self.explain(block, selection.get("SUMMATION_SELECT"))?;
                // Of a demand's occurrences the first is the largest, or smallest.
                let demands = record
                    .get("TOT_DATA_BLOCK")
                    .and_then(|block| block.get("DEMANDS"))
                    .and_then(Value::as_array);
                let demands: Value = demands
                    .into_iter()
                    .flatten()
                    .map(|demand| demand["DEMAND"][0].clone())
                    .collect();
                let demands = self.explain(Some(&demands), selection.get("DEMAND_SELECT"))?;
                if let (Value::Array(all), Value::Array(more)) = (&mut registers, demands) {
                    all.extend(more);
                }
                Some(registers)
            }
            28 => {
                let selection = self.record(27)?;
                Some(self.explain(
                    record.get("PRESENT_VALUE"),
                    selection.get("PRESENT_VALUE_SELECT"),
                )?)
            }
            _ => None,
        };
        record.extend(registers.map(|registers| ("registers".into(), registers)));
        Ok(record)
    }

    fn explain(&mut self, raw: Option<&Value>, selected: Option<&Value>) -> Result<Value> {
        let (Some(Value::Array(raw)), Some(Value::Array(selected))) = (raw, selected) else {
            return Ok(json!([]));
        };
        let (raw, selected) = (raw.clone(), selected.clone());
        self.with_sources(|sources| sources.explain(&raw, &selected))
    }

    /// What a source's numbers mean.
    pub fn meaning(&mut self, source: usize) -> Result<Meaning> {
        let meaning = self.with_sources(|sources| sources.meaning(source))?;
        meaning.with_context(|| format!("source {source} has no unit"))
    }

    fn with_sources<V>(&mut self, ask: impl FnOnce(&Sources) -> Result<V>) -> Result<V> {
        let (units, definitions) = (self.record(12)?, self.record(16)?);
        let constants = match self.dimensions()?.number("NBR_CONSTANTS_ENTRIES")? {
            0 => None,
            _ => Some(self.record(15)?),
        };
        ask(&Sources {
            units: &units,
            constants: constants.as_ref(),
            definitions: &definitions,
        })
    }

    /// Reads a table anew; returns whether that is what was read before.
    pub fn again(&mut self, table: u16) -> Result<bool, Refusal> {
        let before = self.bytes.remove(&table);
        Ok(Some(self.bytes(table)?) == before)
    }

    /// Bytes of a table from `offset` on.
    pub fn part(&mut self, table: u16, offset: u32, size: usize) -> Result<Vec<u8>> {
        self.session.read_range(table, offset, size)
    }

    /// A table by field, without interpretation.
    fn record(&mut self, table: u16) -> Result<Record> {
        let layout =
            layout::find(table).with_context(|| format!("no layout for {}", name::of(table)))?;
        let needs = if table == 0 {
            Dimensions::default()
        } else {
            self.dimensions()?.clone()
        };
        let bytes = self.bytes(table)?;
        decode::table(layout, &bytes, &needs)
    }

    /// What ST0 and the limits tables say; those that the meter does not have teach nothing.
    pub fn dimensions(&mut self) -> Result<&Dimensions> {
        if self.dimensions.is_none() {
            let announced = self.announced()?;
            let mut dimensions = Dimensions::default();
            for table in LIMITS {
                let Some(layout) = layout::find(table).filter(|_| announced.contains(&table))
                else {
                    continue;
                };
                let bytes = self.bytes(table)?;
                dimensions.learn(layout, &decode::table(layout, &bytes, &dimensions)?);
            }
            self.dimensions = Some(dimensions);
        }
        self.dimensions.as_ref().context("limits tables")
    }
}
