//! Sixteen samples of every channel, as the sample interrupt collects them.
//!
//! A lane holds four samples of history in front of the sixteen new ones, because the droop filter looks two samples
//! back and two ahead. The interrupt writes only the new ones; [`crate::Meter`] fills in the history. Everything is
//! contiguous so that a multiply-accumulate pass can walk it with auto-increment addressing.

/// New samples in a block.
pub const BLOCK: usize = 16;
/// Samples of the previous block that a lane repeats in front.
pub const HISTORY: usize = 4;
/// Samples in a lane.
pub const LANE: usize = HISTORY + BLOCK;
/// Samples that one block accounts for, and the one before them: where a crossing between two samples is looked for.
pub const CENTRE: usize = BLOCK + 1;

/// One channel of a block: history, then new samples; signed converter codes, −2²³ … 2²³ − 1.
pub type Lane = [i32; LANE];

/// Index of the mains voltage among the channels, in the order of the converter's frame.
pub const VOLTAGE: usize = 0;
/// Index of the current in the line conductor.
pub const LINE: usize = 1;
/// Index of the current in the neutral conductor.
pub const NEUTRAL: usize = 2;

/// Number of converter channels.
pub const CHANNELS: usize = 3;

/// One block of samples of all channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Voltage, line current, neutral current, in this order.
    pub lanes: [Lane; CHANNELS],
    /// Bit *j* set: the converter's frame of new sample *j* was lost or corrupt; its codes do not matter.
    pub lost: u16,
}

impl Block {
    /// An empty block.
    pub const EMPTY: Self = Self {
        lanes: [[0; LANE]; CHANNELS],
        lost: 0,
    };

    /// Stores the codes of new sample `slot` (0 … 15; a larger slot is ignored).
    ///
    /// Codes must lie within 24 bits, signed.
    #[inline]
    pub fn set(&mut self, slot: usize, codes: [i32; CHANNELS]) {
        if slot < BLOCK {
            for (lane, code) in self.lanes.iter_mut().zip(codes) {
                lane[HISTORY + slot] = code;
            }
        }
    }

    /// Marks new sample `slot` (0 … 15) as lost: it keeps its place in time and its value is estimated.
    #[inline]
    pub fn set_lost(&mut self, slot: usize) {
        if slot < BLOCK {
            self.lost |= 1 << slot;
        }
    }

    /// The samples that this block accounts for, with the one before them.
    ///
    /// They lag the newest by two samples, the filter's look-ahead.
    #[inline(always)]
    pub(crate) fn centre(&self, channel: usize) -> &[i32; CENTRE] {
        let [_, centre @ .., _, _] = &self.lanes[channel];
        centre
    }
}
