//! The block interrupt's work: blocks into the arithmetic, finished windows to the main loop.

use super::kernel::Assembly;
use super::sampler;
use super::shared::InterruptCell;
use core::cell::UnsafeCell;
use meter430::readings::SAMPLE_RATE_HZ;
use metrology::{Config, Meter, Window};

/// The accumulating arithmetic; belongs to the block interrupt.
struct BlockOwned(UnsafeCell<Meter>);
// SAFETY: only the block interrupt touches it once interrupts are enabled, and that cannot interrupt itself.
unsafe impl Sync for BlockOwned {}
static METER: BlockOwned = BlockOwned(UnsafeCell::new(Meter::ZERO));

/// The last finished window, on its way to the main loop.
struct Mailbox {
    window: UnsafeCell<Window>,
    /// The main loop owns the window while this is set, the block interrupt while it is not.
    full: InterruptCell<bool>,
}
// SAFETY: `full` says who may touch the window.
unsafe impl Sync for Mailbox {}
static FINISHED: Mailbox = Mailbox {
    window: UnsafeCell::new(Window::ZERO),
    full: InterruptCell::new(false),
};

/// Prepares the arithmetic. Call once, before interrupts are enabled.
pub fn start() {
    // SAFETY: the block interrupt is not enabled yet.
    unsafe { &mut *METER.0.get() }.start(&Config {
        rate: SAMPLE_RATE_HZ,
    });
}

/// Takes the completed block through the arithmetic.
///
/// # Safety
/// Called from the block interrupt only.
#[inline(always)]
pub unsafe fn on_block() {
    // SAFETY: this is the block interrupt, enabled after `start` has written the meter.
    unsafe {
        sampler::with_completed_block(|block| {
            // While the main loop has not fetched the last window, the next one goes on.
            let place = if FINISHED.full.lock(|full| *full) {
                None
            } else {
                Some(&mut *FINISHED.window.get())
            };
            if (*METER.0.get()).push_block(&Assembly, block, place) {
                FINISHED.full.lock(|full| *full = true);
            }
        });
    }
}

/// Lets `work` have the window that has finished since the last call, if any; returns whether there was one.
pub fn with_finished_window(work: impl FnOnce(&Window)) -> bool {
    if !FINISHED.full.lock(|full| *full) {
        return false;
    }
    // SAFETY: written before `full` was set; the block interrupt keeps away until it is cleared.
    work(unsafe { &*FINISHED.window.get() });
    FINISHED.full.lock(|full| *full = false);
    true
}
