//! Walks functions over their control flow and counts what they take from the stack.

use std::collections::{BTreeMap, BTreeSet};

use super::Declared;
use super::depth::RETURN_ADDRESS_BYTES;
use crate::image::Image;
use crate::image::code::{Flow, Placed, StackEffect, sweep};

/// Address of the reset vector, the last of the table.
pub const RESET_VECTOR: u16 = 0xFFFE;

/// Registers of MPY32 (SLASEC4, table 6-36).
const MULTIPLIER: std::ops::RangeInclusive<u16> = 0x04C0..=0x04EF;

/// A function as far as the stack is concerned. Depths are bytes below the return address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The deepest that its own instructions go.
    pub own_bytes: u32,
    /// Its calls: how deep the stack is there, without the return address, and the function called.
    pub calls: BTreeSet<(u32, u16)>,
    /// Whether it comes back at all.
    pub returns: bool,
    /// What it leaves on its caller's stack; none but for functions that save registers for their caller.
    pub leaves_bytes: u32,
    /// Whether it sets GIE by itself.
    pub enables_interrupts: bool,
    /// Whether it clears GIE by itself.
    pub masks_interrupts: bool,
    /// An instruction that uses the hardware multiplier.
    pub multiplier_at: Option<u16>,
}

/// All functions that reset and the vectors reach.
#[derive(Debug, Default)]
pub struct Walked {
    /// By entry address.
    pub frames: BTreeMap<u16, Frame>,
    /// What could not be followed, one line each.
    pub complaints: Vec<String>,
    /// Functions with a computed call.
    pub indirect_callers: BTreeSet<String>,
    /// Functions that save registers for their caller.
    pub savers: BTreeSet<String>,
    /// Functions with an instruction that sets GIE.
    pub enablers: BTreeSet<String>,
}

impl Walked {
    /// Entries of a function and of all that it can call.
    pub fn reachable(&self, entry: u16) -> BTreeSet<u16> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![entry];
        while let Some(address) = waiting.pop() {
            if reached.insert(address) {
                let calls = self
                    .frames
                    .get(&address)
                    .into_iter()
                    .flat_map(|frame| &frame.calls);
                waiting.extend(calls.map(|(_, target)| *target));
            }
        }
        reached
    }

    /// Whether a function, or one that it calls, sets GIE.
    pub fn enables_interrupts(&self, entry: u16) -> bool {
        self.reachable(entry)
            .iter()
            .filter_map(|address| self.frames.get(address))
            .any(|frame| frame.enables_interrupts)
    }
}

/// Walks everything that the vector table reaches.
pub fn all(image: &Image, declared: &Declared) -> Walked {
    let tables = sweep(image)
        .into_iter()
        .flatten()
        .filter_map(|placed| match placed.flow() {
            Flow::Table(start) => Some(start),
            _ => None,
        });
    let mut walker = Walker {
        image,
        declared,
        tables: tables.collect(),
        open: BTreeSet::new(),
        walked: Walked::default(),
    };
    for entry in super::interrupts::entries(image) {
        walker.function(entry);
    }
    match image.word(RESET_VECTOR) {
        Some(reset) => walker.function(reset),
        None => walker
            .walked
            .complaints
            .push("the image has no reset vector".to_owned()),
    }
    walker.walked
}

struct Walker<'a> {
    image: &'a Image,
    declared: &'a Declared,
    /// Where jump tables start; one ends at the next at the latest.
    tables: BTreeSet<u16>,
    /// Functions being walked, from the outermost in.
    open: BTreeSet<u16>,
    walked: Walked,
}

impl Walker<'_> {
    /// Walks a function, and first the functions that it calls: whether those return decides where it goes on.
    fn function(&mut self, entry: u16) {
        if self.walked.frames.contains_key(&entry) || !self.open.insert(entry) {
            return;
        }
        let mut frame = Frame::default();
        let mut depth_at = BTreeMap::new();
        // What a function that saves for its caller finds on the stack, its return address, is its own to take.
        let found = if self.declared.saves(&self.owner(entry)) {
            RETURN_ADDRESS_BYTES
        } else {
            0
        };
        let mut waiting = vec![(entry, found)];
        while let Some((address, depth)) = waiting.pop() {
            match depth_at.insert(address, depth) {
                Some(known) if known == depth => continue,
                Some(known) => {
                    let place = self.image.describe(address);
                    self.complain(format!(
                        "{place} is reached with {known} and with {depth} bytes on the stack"
                    ));
                    continue;
                }
                None => {}
            }
            let Some(placed) = Placed::read(self.image, address) else {
                let place = self.image.describe(address);
                self.complain(format!("{place} is reached, but holds no instruction"));
                continue;
            };
            frame.own_bytes = frame.own_bytes.max(depth);
            if let Some(depth) = self.depth_after(&placed, depth, entry) {
                frame.own_bytes = frame.own_bytes.max(depth);
                self.follow(&placed, depth, entry, &mut frame, &mut waiting);
            }
        }
        frame.own_bytes = frame.own_bytes.saturating_sub(found);
        self.open.remove(&entry);
        self.walked.frames.insert(entry, frame);
    }

    /// How deep the stack is after an instruction; none if that cannot be told.
    fn depth_after(&mut self, placed: &Placed, depth: u32, entry: u16) -> Option<u32> {
        let place = self.image.describe(placed.address);
        match placed.stack_effect() {
            _ if placed.flow() == Flow::Return => Some(depth),
            StackEffect::None => Some(depth),
            StackEffect::Takes(bytes) => match depth.checked_add_signed(bytes) {
                Some(depth) => Some(depth),
                None => {
                    self.complain(format!("{place} pops more than its function has pushed"));
                    None
                }
            },
            StackEffect::Set if self.image.word(RESET_VECTOR) == Some(entry) => Some(0),
            StackEffect::Set | StackEffect::Unknown => {
                self.complain(format!(
                    "{place} moves the stack pointer to where it cannot be followed"
                ));
                None
            }
        }
    }

    fn follow(
        &mut self,
        placed: &Placed,
        depth: u32,
        entry: u16,
        frame: &mut Frame,
        waiting: &mut Vec<(u16, u32)>,
    ) {
        let here = self.owner(placed.address);
        if placed.enables_interrupts() {
            self.walked.enablers.insert(here.clone());
            frame.enables_interrupts |= !self.declared.restores(&here);
        }
        frame.masks_interrupts |= placed.disables_interrupts();
        if placed
            .absolute_operands()
            .any(|address| MULTIPLIER.contains(&address))
        {
            frame.multiplier_at = Some(placed.address);
        }
        match placed.flow() {
            Flow::On => waiting.push((placed.next, depth)),
            Flow::Jump(target) => waiting.push((target, depth)),
            Flow::Branch(target) => waiting.extend([(placed.next, depth), (target, depth)]),
            Flow::Table(start) => match self.table(placed.address, start) {
                Some(targets) => waiting.extend(targets.into_iter().map(|target| (target, depth))),
                None => self.complain(format!(
                    "{here}: the jump table at {start:#06x} cannot be read"
                )),
            },
            Flow::JumpUnknown if self.declared.saves(&here) => {
                self.walked.savers.insert(here);
                frame.returns = true;
                frame.leaves_bytes = depth;
            }
            Flow::JumpUnknown => self.complain(format!("{here} jumps to a computed address")),
            Flow::Call(target) => self.call(target, placed, depth, frame, waiting),
            Flow::CallUnknown => {
                self.walked.indirect_callers.insert(here.clone());
                match self.declared.targets(self.image, &here) {
                    Ok(targets) => {
                        for target in targets {
                            self.call(target, placed, depth, frame, waiting);
                        }
                    }
                    Err(complaint) => self.complain(complaint),
                }
            }
            Flow::Return | Flow::ReturnFromInterrupt => {
                frame.returns = true;
                if depth != 0 {
                    let name = self.image.describe(entry);
                    self.complain(format!(
                        "{name} returns with {depth} bytes of its own on the stack"
                    ));
                }
            }
        }
    }

    fn call(
        &mut self,
        target: u16,
        placed: &Placed,
        depth: u32,
        frame: &mut Frame,
        waiting: &mut Vec<(u16, u32)>,
    ) {
        frame.calls.insert((depth, target));
        self.function(target);
        // A function that is still being walked calls itself; the depth will say so, here it is taken to return.
        match self.walked.frames.get(&target) {
            Some(callee) if callee.returns => {
                waiting.push((placed.next, depth + callee.leaves_bytes));
            }
            Some(_) => {}
            None => waiting.push((placed.next, depth)),
        }
    }

    /// The targets of a jump table: words that point into the jumping function, up to the next table.
    ///
    /// The length is nowhere in the image; a word too many can only add a path.
    fn table(&self, jump: u16, start: u16) -> Option<Vec<u16>> {
        let function = self.image.function_at(jump)?;
        let inside = function.address..function.address.checked_add(function.size)?;
        let mut targets = Vec::new();
        let mut address = start;
        while let Some(target) = self
            .image
            .word(address)
            .filter(|target| inside.contains(target) && target % 2 == 0)
        {
            targets.push(target);
            address = address.checked_add(2)?;
            if self.tables.contains(&address) {
                break;
            }
        }
        (!targets.is_empty()).then_some(targets)
    }

    /// The name of the function that an address is in.
    fn owner(&self, address: u16) -> String {
        self.image
            .function_at(address)
            .map_or_else(|| format!("{address:#06x}"), |symbol| symbol.readable())
    }

    fn complain(&mut self, complaint: String) {
        if !self.walked.complaints.contains(&complaint) {
            self.walked.complaints.push(complaint);
        }
    }
}
