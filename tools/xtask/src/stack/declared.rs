//! What the code of the image cannot say by itself: targets of computed calls, and why a handler is not entered twice.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::walk::Walked;
use crate::image::Image;
use crate::squeeze::frames;

/// The declarations' place in the work tree.
pub const FILE: &str = "tools/xtask/calls.toml";

/// The declarations, each with its reason.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Functions that call through a pointer.
    #[serde(default)]
    indirect: Vec<Indirect>,
    /// Handlers that enable interrupts and are nevertheless not entered again before they end.
    #[serde(default)]
    nesting: Vec<Named>,
    /// Functions whose EINT only restores what was before, and so enables nothing within a handler.
    #[serde(default)]
    restoring: Vec<Named>,
    /// Functions that save registers for their caller: they go back by a computed jump and leave on the stack what they have
    /// pushed, and a word in place of their return address.
    #[serde(default)]
    saving: Vec<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Indirect {
    /// The calling function.
    caller: String,
    /// All functions that may be called.
    targets: Vec<String>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    function: String,
    reason: String,
    /// Whether the entry may stand although this image has no such function: the linker leaves unused helpers out.
    #[serde(default)]
    optional: bool,
}

impl Declared {
    /// Reads the declarations.
    ///
    /// # Errors
    /// When the file is not there, cannot be understood, or an entry gives no reason.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} cannot be understood", path.display()))
    }

    /// Parses the declarations.
    ///
    /// # Errors
    /// When they cannot be understood, or an entry gives no reason.
    pub fn parse(text: &str) -> Result<Self> {
        let declared: Self = toml::from_str(text)?;
        let calls = declared
            .indirect
            .iter()
            .map(|entry| (&entry.caller, &entry.reason));
        let named = declared
            .nesting
            .iter()
            .chain(&declared.restoring)
            .chain(&declared.saving)
            .map(|entry| (&entry.function, &entry.reason));
        for (function, reason) in calls.chain(named) {
            if reason.trim().is_empty() {
                bail!("{function}: a declaration needs a reason");
            }
        }
        Ok(declared)
    }

    /// The functions that a computed call in `caller` may reach.
    ///
    /// # Errors
    /// When nothing is declared for that caller, or a declared function is not in the image.
    pub fn targets(&self, image: &Image, caller: &str) -> Result<Vec<u16>, String> {
        let entry = self.indirect.iter().find(|entry| entry.caller == caller);
        let entry = entry.ok_or_else(|| {
            format!("{caller} calls through a pointer: declare the targets in {FILE}")
        })?;
        let find = |name: &String| {
            let found = image
                .symbols
                .iter()
                .find(|symbol| symbol.function && symbol.readable() == *name);
            found
                .map(|symbol| symbol.address)
                .ok_or_else(|| format!("{FILE}: {name}, called by {caller}, is not in the image"))
        };
        entry.targets.iter().map(find).collect()
    }

    /// Whether a handler that enables interrupts is declared not to be entered again meanwhile.
    pub fn nests_once(&self, handler: &str) -> bool {
        self.nesting.iter().any(|entry| entry.function == handler)
    }

    /// Whether a function's EINT only restores.
    pub fn restores(&self, function: &str) -> bool {
        self.restoring
            .iter()
            .any(|entry| entry.function == function)
    }

    /// Whether a function's computed jump goes back to its caller, with what it has pushed left on the stack.
    pub fn saves(&self, function: &str) -> bool {
        function.starts_with(frames::NAME)
            || self.saving.iter().any(|entry| entry.function == function)
    }

    /// Declarations that nothing in the image needs: of computed calls, of restoring functions, and of handlers other than
    /// those that really nest.
    pub fn stale(&self, walked: &Walked, nesting: &[String]) -> Vec<String> {
        let needless = |names: &mut dyn Iterator<Item = &String>,
                        needed: &dyn Fn(&String) -> bool|
         -> Vec<String> {
            names
                .filter(|name| !needed(name))
                .map(|name| format!("{FILE}: {name} needs its declaration no more: remove it"))
                .collect()
        };
        let mut stale = needless(
            &mut self.indirect.iter().map(|entry| &entry.caller),
            &|name| walked.indirect_callers.contains(name),
        );
        stale.extend(needless(
            &mut self.restoring.iter().map(|entry| &entry.function),
            &|name| walked.enablers.contains(name),
        ));
        stale.extend(needless(
            &mut self
                .saving
                .iter()
                .filter(|entry| !entry.optional)
                .map(|entry| &entry.function),
            &|name| walked.savers.contains(name),
        ));
        stale.extend(needless(
            &mut self.nesting.iter().map(|entry| &entry.function),
            &|name| nesting.contains(name),
        ));
        stale
    }
}
