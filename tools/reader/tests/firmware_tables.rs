//! The firmware's own tables, as this reader understands them: every field named, every register explained.

use c12::device::Device;
use c12::layout;
use meter430::service::MeterDevice;
use meter430::store::MemoryBoard;
use meter430::tables::TABLES;
use reader::decode::{Dimensions, Record, table};
use reader::registers::Sources;
use serde_json::Value;
use std::collections::BTreeMap;

/// All tables of a meter that has just been switched on, decoded.
fn decoded() -> BTreeMap<u16, Record> {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    let mut dimensions = Dimensions::default();
    let mut records = BTreeMap::new();
    let order = layout::LIMITS.iter().copied().chain(TABLES.ids());
    for number in order {
        let Ok(size) = meter.begin_read(number) else {
            continue;
        };
        let mut bytes = vec![0; usize::from(size)];
        meter.read(number, 0, &mut bytes);
        let layout = layout::find(number).unwrap_or_else(|| panic!("table {number} has no layout"));
        let record = table(layout, &bytes, &dimensions).expect("decodes");
        dimensions.learn(layout, &record);
        records.insert(number, record);
    }
    records
}

#[test]
fn every_byte_of_every_table_belongs_to_a_field() {
    let records = decoded();
    // ST7 and ST42 are only written.
    assert_eq!(records.len(), TABLES.ids().count() - 2);
    for (number, record) in &records {
        assert!(
            !record.contains_key("REST"),
            "table {number} is longer than its layout: {record:?}"
        );
    }
}

#[test]
fn every_register_has_a_quantity_and_a_unit() {
    let records = decoded();
    let sources = Sources {
        units: &records[&12],
        constants: records.get(&15),
        definitions: &records[&16],
    };
    let list = |number: u16, path: &str| {
        let value = Value::Object(records[&number].clone());
        value
            .pointer(path)
            .and_then(Value::as_array)
            .cloned()
            .expect("a list")
    };
    let energies = list(23, "/TOT_DATA_BLOCK/SUMMATIONS");
    let explained = sources
        .explain(&energies, &list(22, "/SUMMATION_SELECT"))
        .expect("energies");
    assert_eq!(
        names(&explained),
        [
            "active import Wh",
            "active export Wh",
            "reactive Q1 varh",
            "reactive Q2 varh",
            "reactive Q3 varh",
            "reactive Q4 varh",
            "apparent VAh",
        ]
    );
    let present = list(28, "/PRESENT_VALUE");
    let explained = sources
        .explain(&present, &list(27, "/PRESENT_VALUE_SELECT"))
        .expect("present values");
    for name in [
        "voltage A-N V",
        "current A-N A",
        "current neutral A",
        "active net A-N W",
        "frequency A-N Hz",
    ] {
        assert!(
            names(&explained).iter().any(|found| found == name),
            "{name} in {:?}",
            names(&explained)
        );
    }
}

fn names(explained: &Value) -> Vec<String> {
    let word = |register: &Value, key: &str| register[key].as_str().expect("a word").to_owned();
    let list = explained.as_array().expect("a list");
    list.iter()
        .map(|register| format!("{} {}", word(register, "quantity"), word(register, "unit")))
        .collect()
}
