//! The block interrupt's work: blocks into the arithmetic, finished windows to the main loop.

use super::kernel::Assembly;
use super::sampler;
use super::shared::InterruptCell;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use meter430::readings::SAMPLE_RATE_HZ;
use metrology::{Config, Meter, Window};

/// The accumulating arithmetic; belongs to the block interrupt. Written by [`start`]: an initial value would cost as
/// many bytes of constants.
struct BlockOwned(UnsafeCell<MaybeUninit<Meter>>);
// SAFETY: only the block interrupt touches it once interrupts are enabled, and that cannot interrupt itself.
unsafe impl Sync for BlockOwned {}
static METER: BlockOwned = BlockOwned(UnsafeCell::new(MaybeUninit::uninit()));

/// The last finished window, on its way to the main loop.
struct Mailbox {
    window: UnsafeCell<MaybeUninit<Window>>,
    /// The main loop owns the window while this is set, the block interrupt while it is not.
    full: InterruptCell<bool>,
}
// SAFETY: `full` says who may touch the window.
unsafe impl Sync for Mailbox {}
static FINISHED: Mailbox = Mailbox {
    window: UnsafeCell::new(MaybeUninit::uninit()),
    full: InterruptCell::new(false),
};

/// Prepares the arithmetic. Call once, before interrupts are enabled.
pub fn start() {
    // SAFETY: the block interrupt is not enabled yet.
    unsafe {
        (*METER.0.get()).write(Meter::new(&Config {
            rate: SAMPLE_RATE_HZ,
        }));
    };
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
            let meter = (*METER.0.get()).assume_init_mut();
            if let Some(window) = meter.push_block(&Assembly, block) {
                // A window that the main loop has not fetched for a second is overwritten by nothing: this one is
                // dropped, and its energy with it. The watchdog would have bitten before.
                if !FINISHED.full.lock(|full| *full) {
                    (*FINISHED.window.get()).write(*window);
                    FINISHED.full.lock(|full| *full = true);
                }
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
    work(unsafe { (*FINISHED.window.get()).assume_init_ref() });
    FINISHED.full.lock(|full| *full = false);
    true
}
