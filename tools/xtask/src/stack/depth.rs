//! The deepest path through the graph of calls.

use std::collections::BTreeMap;

use super::walk::Frame;
use crate::image::Image;

/// Bytes that CALL pushes.
pub const RETURN_ADDRESS_BYTES: u32 = 2;

/// What a function needs below its return address, and the calls on the way to its deepest point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Depth {
    /// Bytes.
    pub bytes: u32,
    /// Names with their own share in bytes, from the function itself to the deepest one.
    pub chain: Vec<String>,
}

/// Finds the deepest paths; knows those that it has found.
pub struct Depths<'a> {
    image: &'a Image,
    frames: &'a BTreeMap<u16, Frame>,
    known: BTreeMap<u16, Depth>,
    open: Vec<u16>,
}

impl<'a> Depths<'a> {
    /// For the functions of an image.
    pub fn new(image: &'a Image, frames: &'a BTreeMap<u16, Frame>) -> Self {
        Self {
            image,
            frames,
            known: BTreeMap::new(),
            open: Vec::new(),
        }
    }

    /// The need of the function at an address.
    ///
    /// # Errors
    /// When it can call itself.
    pub fn of(&mut self, entry: u16) -> Result<Depth, String> {
        if let Some(known) = self.known.get(&entry) {
            return Ok(known.clone());
        }
        if let Some(first) = self.open.iter().position(|open| *open == entry) {
            let names = self.open[first..]
                .iter()
                .chain([&entry])
                .map(|address| self.image.describe(*address));
            return Err(format!(
                "recursion: {}",
                names.collect::<Vec<_>>().join(" > ")
            ));
        }
        self.open.push(entry);
        let frame = self.frames.get(&entry).cloned().unwrap_or_default();
        let mut bytes = frame.own_bytes;
        let mut deepest = None;
        for (depth, target) in &frame.calls {
            let called = self.of(*target)?;
            let through = depth + RETURN_ADDRESS_BYTES + called.bytes;
            if through > bytes || deepest.is_none() && through == bytes {
                bytes = through;
                deepest = Some((depth + RETURN_ADDRESS_BYTES, called.chain));
            }
        }
        self.open.pop();
        let (share, below) = deepest.unwrap_or((bytes, Vec::new()));
        let mut chain = vec![format!("{} {share}", self.image.describe(entry))];
        chain.extend(below);
        let depth = Depth { bytes, chain };
        self.known.insert(entry, depth.clone());
        Ok(depth)
    }
}
