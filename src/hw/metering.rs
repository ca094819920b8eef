//! The block interrupt's work: blocks into the arithmetic, finished windows to the main loop.

use super::mac::Multiplier;
use super::sampler;
use super::shared::InterruptCell;
use core::cell::UnsafeCell;
use meter430::readings::SAMPLE_RATE_HZ;
use metrology::{Config, Meter, Window};

/// The accumulating arithmetic; belongs to the block interrupt.
struct BlockOwned(UnsafeCell<Option<Meter>>);
// SAFETY: only the block interrupt touches it once interrupts are enabled, and that cannot interrupt itself.
unsafe impl Sync for BlockOwned {}
static METER: BlockOwned = BlockOwned(UnsafeCell::new(None));

/// The last finished window, until the main loop fetches it.
static FINISHED: InterruptCell<Option<Window>> = InterruptCell::new(None);

/// Prepares the arithmetic. Call once, before interrupts are enabled.
pub fn start() {
    // SAFETY: the block interrupt is not enabled yet.
    unsafe {
        *METER.0.get() = Some(Meter::new(&Config {
            rate: SAMPLE_RATE_HZ,
        }))
    };
}

/// Takes the completed block through the arithmetic.
///
/// # Safety
/// Called from the block interrupt only.
#[inline(always)]
pub unsafe fn on_block() {
    // SAFETY: this is the block interrupt.
    unsafe {
        sampler::with_completed_block(|block| {
            let Some(meter) = &mut *METER.0.get() else {
                return;
            };
            if let Some(window) = meter.push_block(&Multiplier, block) {
                FINISHED.lock(|finished| *finished = Some(window));
            }
        });
    }
}

/// Fetches the window that has finished since the last call, if any.
pub fn take_window() -> Option<Window> {
    FINISHED.lock(Option::take)
}
