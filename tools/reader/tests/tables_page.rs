//! `tools/c12/TABLES.md`: every table of this meter with its fields, generated; this test keeps it true.
//!
//! To write it anew: `METER430_WRITE_PAGES=1 cargo test --package reader --test tables_page`.

use c12::access::{self, PROCEDURE, Right};
use c12::device::Device;
use c12::field::{Field, Kind, Repeat, When};
use c12::layout;
use c12::procedure::REQUEST_HEAD;
use meter430::service::MeterDevice;
use meter430::store::MemoryBoard;
use meter430::tables::TABLES;
use meter430::tables::security::{DEFAULTS, EXCEPTIONS};
use reader::decode::{self, Dimensions};
use reader::name;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "# The meter's tables

Generated from the firmware's table list and the readers' layouts; `tools/reader/tests/tables_page.rs` compares it with
them and says how to write it anew. Least significant byte first; offsets and sizes in bytes. A field with a count is a
list. Names are the standard's, those of MT tables are ours and end in their unit. Groups are those that a password opens
(`src/tables/security.rs`); MT1, SP0, SP3 and the factory mode of SP6 want the factory jumper too.
";

/// Bytes of a table of a meter that has just been switched on; `None` when it can only be written.
fn bytes(meter: &mut MeterDevice<MemoryBoard>, table: u16) -> Option<Vec<u8>> {
    let size = meter.begin_read(table).ok()?;
    let mut bytes = vec![0; usize::from(size)];
    meter.read(table, 0, &mut bytes);
    Some(bytes)
}

fn page() -> String {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    let mut dimensions = Dimensions::default();
    for number in layout::LIMITS {
        if let (Some(layout), Some(bytes)) = (layout::find(number), bytes(&mut meter, number)) {
            let record = decode::table(layout, &bytes, &dimensions).expect("decodes");
            dimensions.learn(layout, &record);
        }
    }
    let config = decode::table(
        layout::find(0).expect("ST0"),
        &bytes(&mut meter, 0).expect("ST0"),
        &dimensions,
    );
    let config = config.expect("decodes");
    let writable = |number: u16| {
        let (set, element) = if number >= 2048 {
            ("MFG_TBLS_WRITE", number - 2048)
        } else {
            ("STD_TBLS_WRITE", number)
        };
        config[set]
            .as_array()
            .is_some_and(|set| set.contains(&Value::from(element)))
    };
    let mut text = String::from(HEAD);
    for id in TABLES.ids() {
        let Some(layout) = layout::find(id) else {
            continue;
        };
        let bytes = bytes(&mut meter, id);
        // A pending copy has the access of its table.
        let table = id % layout::PENDING;
        let access = match (&bytes, writable(table)) {
            (Some(_), false) => "read".to_owned(),
            (Some(_), true) => format!("read, {}", by("written", table)),
            (None, _) => by("only written", table),
        };
        // What can only be written is shown by its fields alone; ST7's parameters are what they are.
        let bytes = bytes.unwrap_or_else(|| {
            let size = usize::from(TABLES.size(TABLES.find(id)));
            vec![0; size.max(REQUEST_HEAD)]
        });
        let _ = writeln!(
            text,
            "\n## {} {}\n\n{} bytes, {access}.\n",
            name::of(id),
            layout.name,
            bytes.len()
        );
        text += "| Offset | Size | Field | Type |\n|---|---|---|---|\n";
        let (placed, rest) = decode::fields(layout, &bytes, &dimensions).expect("decodes");
        assert!(rest.is_empty());
        for placed in placed.iter().filter(|placed| placed.size != 0) {
            let count = match (placed.field.repeat, &placed.value) {
                (Repeat::Times(_) | Repeat::Exactly(_), Value::Array(values)) => {
                    format!(" × {}", values.len())
                }
                _ => String::new(),
            };
            let Field { name, kind, .. } = placed.field;
            let _ = writeln!(
                text,
                "| {} | {} | {name}{count} | {} |",
                placed.offset,
                placed.size,
                words(*kind)
            );
        }
    }
    text += "\n## Procedures\n\nWritten to ST7 with a sequence number and their parameters; the result stands in ST8.\n\n\
             | Number | Name | |\n|---|---|---|\n";
    for (set, kind, first) in [
        ("STD_PROC_USED", "SP", 0),
        ("MFG_PROC_USED", "MP", layout::MANUFACTURER),
    ] {
        let announced = config[set].as_array().expect("a set");
        for number in announced.iter().filter_map(Value::as_u64) {
            let procedure = first + number as u16;
            let name = reader::procedure::name(procedure).unwrap_or("");
            let _ = writeln!(
                text,
                "| {kind}{number} | {name} | {} |",
                by("run", PROCEDURE | procedure)
            );
        }
    }
    text
}

/// Who may write a table or run a procedure, by ST43 and ST44.
fn by(what: &str, id: u16) -> String {
    let may = |groups| access::allows(&EXCEPTIONS, &DEFAULTS, id, Right::Write, groups) != 0;
    if may(0) {
        return format!("{what} by everybody");
    }
    let groups: Vec<String> = (0..8)
        .filter(|group| may(1 << group))
        .map(|group: u16| group.to_string())
        .collect();
    format!("{what} by group {}", groups.join(", "))
}

/// A type in words.
fn words(kind: Kind) -> String {
    match kind {
        Kind::Unsigned(size) => format!("unsigned, {} bits", 8 * size),
        Kind::Signed(size) => format!("signed, {} bits", 8 * size),
        Kind::Bits(_, parts) => {
            let part = |part: &c12::field::Bits| match part.width {
                1 => format!("{} {}", part.low, part.name),
                width => format!("{}–{} {}", part.low, part.low + width - 1, part.name),
            };
            format!(
                "bits {}",
                parts.iter().map(part).collect::<Vec<_>>().join(", ")
            )
        }
        Kind::Flags(_, names) => {
            let flags = names
                .iter()
                .enumerate()
                .map(|(bit, name)| format!("{bit} {name}"));
            format!("flags {}", flags.collect::<Vec<_>>().join(", "))
        }
        Kind::Chars(_) | Kind::Identifier(..) => "characters".into(),
        Kind::Bytes(_) | Kind::BytesOf(_) | Kind::Rest | Kind::IntervalStatus(_) => "bytes".into(),
        Kind::Set(_) | Kind::SetOf(_) => "set".into(),
        Kind::Ni1 => "number, NI_FORMAT1".into(),
        Kind::Ni2 => "number, NI_FORMAT2".into(),
        Kind::Ltime => "date and time with seconds".into(),
        Kind::Stime => "date and time".into(),
        Kind::Time => "time of day".into(),
        Kind::Milli => "signed, 32 bits, thousandths".into(),
        Kind::Micro => "signed, 32 bits, millionths".into(),
        Kind::Share => "unsigned, 16 bits, 1/32 768, shown in %".into(),
        Kind::MicroWide => "signed, 64 bits, millionths".into(),
        Kind::Fixed(size, fraction) => {
            let exponent: String = (fraction.to_string().bytes())
                .map(|digit| {
                    ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][usize::from(digit - b'0')]
                })
                .collect();
            format!("signed, {} bits, 2⁻{exponent}", 8 * size)
        }
        Kind::Energy => "unsigned, 64 bits, 2⁻³²".into(),
        Kind::Interval(_) => "number, by INT_FMT_CDE".into(),
        Kind::Group(fields) => {
            let field = |field: &Field| match field.when {
                When::Set(flag) => format!("{} if {flag}", field.name),
                _ => format!("{}: {}", field.name, words(field.kind)),
            };
            fields.iter().map(field).collect::<Vec<_>>().join("; ")
        }
    }
}

#[test]
fn the_page_shows_the_meter_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../c12/TABLES.md");
    let page = page();
    if std::env::var_os("METER430_WRITE_PAGES").is_some() {
        std::fs::write(&path, &page).expect("the page is written");
    }
    let found = std::fs::read_to_string(&path).expect("TABLES.md");
    assert!(
        found == page,
        "tools/c12/TABLES.md is out of date; this file's first lines say how to write it anew"
    );
}
