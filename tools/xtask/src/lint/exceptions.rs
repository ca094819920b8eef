//! The one list of functions that the lint lets pass, each with its reason.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Case, Finding};

/// The list's place in the work tree.
pub const FILE: &str = "tools/xtask/lint-exceptions.toml";

/// Entries of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// Suspicious places that a person has judged harmless.
    #[serde(default)]
    harmless: Vec<Harmless>,
    /// Functions written in assembler, which the compiler's listing does not show.
    #[serde(default)]
    assembler: Vec<Assembler>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Harmless {
    function: String,
    case: Case,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assembler {
    function: String,
    reason: String,
    /// Whether the entry may stand although this image has no such function: the linker leaves unused helpers out.
    #[serde(default)]
    optional: bool,
}

/// An entry, by its kind and place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A `[[harmless]]` entry.
    Harmless(usize),
    /// An `[[assembler]]` entry.
    Assembler(usize),
}

impl Exceptions {
    /// Reads the list.
    ///
    /// # Errors
    /// When the file is not there, is no such list, or an entry gives no reason.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text)
            .with_context(|| format!("{} is not a list of exceptions", path.display()))
    }

    /// Parses the list.
    ///
    /// # Errors
    /// When it is no such list, or an entry gives no reason.
    pub fn parse(text: &str) -> Result<Self> {
        let list: Self = toml::from_str(text)?;
        let reasons = list
            .harmless
            .iter()
            .map(|entry| (&entry.function, &entry.reason));
        let reasons = reasons.chain(
            list.assembler
                .iter()
                .map(|entry| (&entry.function, &entry.reason)),
        );
        for (function, reason) in reasons {
            if reason.trim().is_empty() {
                bail!("{function}: an exception needs a reason");
            }
        }
        Ok(list)
    }

    /// The entry that lets a finding pass.
    pub fn covering(&self, finding: &Finding) -> Option<Entry> {
        let covers = |entry: &Harmless| {
            entry.case == finding.case && matches(&entry.function, &finding.function)
        };
        self.harmless.iter().position(covers).map(Entry::Harmless)
    }

    /// The entry that declares a function as assembler.
    pub fn assembler(&self, function: &str) -> Option<Entry> {
        self.assembler
            .iter()
            .position(|entry| matches(&entry.function, function))
            .map(Entry::Assembler)
    }

    /// Entries that were not needed, in words.
    pub fn unused(&self, used: &HashSet<Entry>) -> Vec<String> {
        let harmless = self
            .harmless
            .iter()
            .enumerate()
            .filter(|(at, _)| !used.contains(&Entry::Harmless(*at)));
        let harmless =
            harmless.map(|(_, entry)| format!("{} (case {:?})", entry.function, entry.case));
        let assembler = self.assembler.iter().enumerate();
        let assembler = assembler
            .filter(|(at, entry)| !entry.optional && !used.contains(&Entry::Assembler(*at)));
        harmless
            .chain(assembler.map(|(_, entry)| entry.function.clone()))
            .collect()
    }
}

/// Exact, or by prefix when the entry ends in `*`.
fn matches(entry: &str, function: &str) -> bool {
    entry
        .strip_suffix('*')
        .map_or(entry == function, |prefix| function.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "
        [[harmless]]
        function = \"meter::widen\"
        case = \"B\"
        reason = \"the caller masks\"
        [[assembler]]
        function = \"__mspabi_*\"
        reason = \"EABI helpers\"
        optional = true
        [[assembler]]
        function = \"Reset\"
        reason = \"start-up\"
    ";

    fn finding(function: &str, case: Case) -> Finding {
        Finding {
            function: function.to_owned(),
            case,
            detail: String::new(),
            places: Vec::new(),
        }
    }

    #[test]
    fn entries_cover_one_function_and_one_case() {
        let list = Exceptions::parse(LIST).unwrap();
        assert!(list.covering(&finding("meter::widen", Case::B)).is_some());
        assert!(list.covering(&finding("meter::widen", Case::A)).is_none());
        assert!(list.covering(&finding("meter::widen2", Case::B)).is_none());
        assert!(list.assembler("__mspabi_mpyl").is_some());
        assert!(list.assembler("main").is_none());
    }

    #[test]
    fn unused_entries_are_named_unless_optional() {
        let list = Exceptions::parse(LIST).unwrap();
        assert_eq!(
            list.unused(&HashSet::new()),
            ["meter::widen (case B)", "Reset"]
        );
        assert_eq!(
            list.unused(&HashSet::from([Entry::Harmless(0), Entry::Assembler(1)])),
            [""; 0]
        );
    }

    #[test]
    fn a_reason_is_demanded() {
        let error =
            Exceptions::parse("[[assembler]]\nfunction = \"x\"\nreason = \" \"").unwrap_err();
        assert!(error.to_string().contains("needs a reason"));
        assert!(Exceptions::parse("[[assembler]]\nfunction = \"x\"").is_err());
    }
}
