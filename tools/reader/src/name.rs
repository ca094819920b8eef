//! Table names: ST23, MT0, PST54 (the pending copy of ST54) and numbers on the wire.

use anyhow::{Context, Result};
use c12::layout::{MANUFACTURER, PENDING};

/// ST n or MT n for a number on the wire, with a P before it for a pending copy.
pub fn of(table: u16) -> String {
    if (PENDING..2 * PENDING).contains(&table) {
        format!("P{}", of(table - PENDING))
    } else if table >= MANUFACTURER {
        format!("MT{}", table - MANUFACTURER)
    } else {
        format!("ST{table}")
    }
}

/// The number on the wire of `ST23`, `mt0`; a plain number is a standard table.
pub fn parse(name: &str) -> Result<u16> {
    let upper = name.to_ascii_uppercase();
    let (first, digits) = match (upper.get(..2), upper.get(..3)) {
        (_, Some("PMT")) => (PENDING + MANUFACTURER, &upper[3..]),
        (_, Some("PST")) => (PENDING, &upper[3..]),
        (Some("MT"), _) => (MANUFACTURER, &upper[2..]),
        (Some("ST"), _) => (0, &upper[2..]),
        _ => (0, &upper[..]),
    };
    let number = digits
        .parse::<u16>()
        .ok()
        .filter(|number| *number < MANUFACTURER);
    let number = number.with_context(|| {
        format!("no table is called {name:?}; write ST0 to ST2047 or MT0 to MT2047, with a P before it for the pending copy")
    })?;
    Ok(first + number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_both_ways() {
        for (name, number) in [
            ("ST0", 0),
            ("ST23", 23),
            ("MT0", 2048),
            ("MT2047", 4095),
            ("PST54", 4150),
            ("PMT1", 6145),
        ] {
            assert_eq!(parse(name).unwrap(), number);
            assert_eq!(of(number), name);
        }
        assert_eq!(parse("mt3").unwrap(), 2051);
        assert_eq!(parse("28").unwrap(), 28);
        for wrong in ["", "ST", "XT1", "ST2048", "MT-1", "ST1x", "P54", "PST", "é"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
