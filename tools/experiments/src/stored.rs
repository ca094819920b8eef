//! What the meter has stored: its FRAM as the host sees it, and as it was at every instant of a run.

use meter430::profile::BLOCKS;
use meter430::store::{Board, Kept, MemoryBoard, Place, newest};
use virtual_meter::chip::journal::FramWrite;
use virtual_meter::machine::Machine;
use virtual_meter::time::Time;

/// Every page: of the records both copies, the event log, the load profile.
fn pages() -> impl Iterator<Item = Place> {
    let records = [
        Place::CALIBRATION,
        Place::REGISTERS,
        Place::SETTINGS,
        Place::EVENTS,
    ];
    let records = records.into_iter().flat_map(|first| [first, first.other()]);
    records.chain((0..BLOCKS).map(Place::profile))
}

/// All of them as they are in a machine's FRAM.
#[must_use]
pub fn fram(machine: &Machine) -> MemoryBoard {
    let mut board = MemoryBoard::new();
    for place in pages() {
        let page = board.page_mut(place);
        let bytes = machine.read_memory(place.address(), page.len() as u32);
        page.copy_from_slice(&bytes);
    }
    board
}

/// Puts all of them into a machine's FRAM.
pub fn put_fram(machine: &mut Machine, board: &MemoryBoard) {
    for place in pages() {
        machine.write_memory(place.address(), board.page(place));
    }
}

/// The registers that a start would find, if there are any.
#[must_use]
pub fn kept(board: &MemoryBoard) -> Option<Kept> {
    let place = newest(board, Place::REGISTERS);
    let mut kept = Kept::ZERO;
    board.recall(place, &mut kept);
    place.is_whole().then_some(kept)
}

/// The calibration that a start would find, if there is any.
#[must_use]
pub fn calibration(board: &MemoryBoard) -> Option<[u8; c12::calibration::SIZE]> {
    let place = newest(board, Place::CALIBRATION);
    let table = board.page(place).first_chunk().copied();
    table.filter(|_| place.is_whole())
}

/// FRAM over a run: as it was in the beginning, and what was written since.
pub struct History {
    /// In the beginning.
    pub start: MemoryBoard,
    /// Every word that was written.
    pub writes: Vec<FramWrite>,
}

impl History {
    /// Begins to record.
    pub fn begin(machine: &mut Machine) -> MemoryBoard {
        machine.chip.journal = Some(Vec::new());
        fram(machine)
    }

    /// Ends recording what has been written since `start` was.
    pub fn end(machine: &mut Machine, start: MemoryBoard) -> Self {
        let writes = machine.chip.journal.take().unwrap_or_default();
        Self { start, writes }
    }

    /// Calls `look` with FRAM as a supply failure would leave it, for each different one in their order: with the number of
    /// words written, and the instants from which and up to which a failure leaves it so (`end` for the last).
    pub fn each(&self, end: Time, mut look: impl FnMut(usize, Time, Time, &MemoryBoard)) {
        let mut board = self.start.clone();
        for written in 0..=self.writes.len() {
            let mut from = 0;
            if let Some(write) = written.checked_sub(1).map(|last| self.writes[last]) {
                for place in pages() {
                    let at = write.address.wrapping_sub(place.address());
                    if at < 256 {
                        board.write_word(place, at, write.word);
                    }
                }
                from = write.time;
            }
            let until = self.writes.get(written).map_or(end, |write| write.time);
            look(written, from, until, &board);
        }
    }
}
