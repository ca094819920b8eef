//! Every word that the firmware writes to FRAM, with its instant: what a supply failure at any instant would leave.
//!
//! The firmware changes stored data with a few hundred writes a second, and between two of them FRAM is the same. So the
//! states after each write of a run, in their order, are those after a failure at each of its instruction boundaries.

use crate::time::Time;

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramWrite {
    /// When the instruction that writes began; a supply failure at any later one finds it done.
    pub time: Time,
    /// Even address.
    pub address: u16,
    /// The word afterwards.
    pub word: u16,
}
