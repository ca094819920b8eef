//! The event and history logs, oldest entry first.

use crate::decode::Record;
use c12::event;
use serde_json::{Value, json};

/// The valid entries of a decoded ST74 or ST76 in the order in which they happened.
pub fn entries(log: &Record) -> Vec<Value> {
    let all = log
        .get("ENTRIES")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let number = |name: &str| log.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
    let flag = |name: &str| {
        log.get("LOG_FLAGS")
            .and_then(Value::as_array)
            .is_some_and(|set| set.contains(&json!(name)))
    };
    let (valid, last) = (
        number("NBR_VALID_ENTRIES").min(all.len()),
        number("LAST_ENTRY_ELEMENT"),
    );
    if flag("ORDER_DESCENDING") {
        // Newest first, from element 0 on.
        return all[..valid].iter().rev().map(entry).collect();
    }
    // The newest is element `last`; in a circular list the older ones go on from the end.
    (0..valid)
        .rev()
        .map(|back| entry(&all[(last + all.len() - back % all.len()) % all.len()]))
        .collect()
}

/// One entry with the event in words; history and event log share the names.
fn entry(raw: &Value) -> Value {
    let field = |suffix: &str| {
        let of = |prefix: &str| raw.get(format!("{prefix}{suffix}"));
        of("EVENT_").or_else(|| of("HISTORY_")).cloned()
    };
    let code = field("CODE").unwrap_or_default();
    let part = |name: &str| code.get(name).and_then(Value::as_u64).unwrap_or(0) as u16;
    let words = match (part("MFG_FLAG"), event::name(part("CODE"))) {
        (0, Some(name)) => name.to_owned(),
        (0, None) => format!("code {}", part("CODE")),
        _ => match event::own_name(part("CODE")) {
            Some(name) => format!("manufacturer code {} (M430: {name})", part("CODE")),
            None => format!("manufacturer code {}", part("CODE")),
        },
    };
    let mut entry = Record::new();
    let fields = [
        ("time", field("TIME")),
        ("number", field("NUMBER")),
        ("sequence", field("SEQ_NBR")),
        ("user_id", raw.get("USER_ID").cloned()),
        ("event", Some(json!(words))),
        (
            "argument",
            field("ARGUMENT").filter(|argument| argument != ""),
        ),
    ];
    entry.extend(
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    Value::Object(entry)
}

/// An entry as a line for people.
pub fn line(entry: &Value) -> String {
    let text = |name: &str| match entry.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".into(),
        Some(other) => other.to_string(),
    };
    let line = format!(
        "{:<19}  {:>5}  user {:<5}  {}",
        text("time"),
        text("number"),
        text("user_id"),
        text("event")
    );
    match entry.get("argument") {
        Some(Value::String(argument)) => format!("{line}  {argument}"),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of four places in which the entries named by the numbers stand.
    fn log(flags: &[&str], valid: u64, last: u64, numbers: [u64; 4]) -> Vec<u64> {
        let entry = |number: &u64| json!({ "EVENT_NUMBER": number, "USER_ID": 1, "EVENT_CODE": { "CODE": 2, "MFG_FLAG": 0 } });
        let table = json!({
            "LOG_FLAGS": flags, "NBR_VALID_ENTRIES": valid, "LAST_ENTRY_ELEMENT": last,
            "ENTRIES": numbers.iter().map(entry).collect::<Vec<_>>(),
        });
        let found = entries(table.as_object().expect("a record"));
        found
            .iter()
            .map(|entry| entry["number"].as_u64().expect("a number"))
            .collect()
    }

    #[test]
    fn oldest_first_whatever_the_order() {
        assert!(log(&[], 0, 0, [0; 4]).is_empty());
        assert_eq!(log(&[], 3, 2, [1, 2, 3, 0]), [1, 2, 3]);
        assert_eq!(log(&["CIRCULAR"], 4, 1, [5, 6, 3, 4]), [3, 4, 5, 6]);
        assert_eq!(log(&["CIRCULAR"], 2, 0, [5, 0, 0, 4]), [4, 5]);
        assert_eq!(log(&["ORDER_DESCENDING"], 3, 0, [3, 2, 1, 0]), [1, 2, 3]);
        // Counts that no honest meter sends.
        assert_eq!(log(&[], 900, 77, [1, 2, 3, 4]).len(), 4);
    }

    #[test]
    fn events_in_words() {
        let raw = json!({
            "HISTORY_TIME": "2026-11-20T10:46:59", "HISTORY_SEQ_NBR": 3, "USER_ID": 7,
            "HISTORY_CODE": { "CODE": 20, "MFG_FLAG": 0 }, "HISTORY_ARGUMENT": "01ff",
        });
        assert_eq!(
            line(&entry(&raw)),
            "2026-11-20T10:46:59      -  user 7      demand reset  01ff"
        );
        let raw = json!({ "USER_ID": 0, "EVENT_CODE": { "CODE": 5, "MFG_FLAG": 1 }, "EVENT_ARGUMENT": "" });
        assert_eq!(
            entry(&raw),
            json!({ "user_id": 0, "event": "manufacturer code 5" })
        );
    }
}
