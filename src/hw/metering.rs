//! The block interrupt's work: blocks into the arithmetic, finished windows to the main loop.

use super::kernel::Assembly;
use super::sampler;
use super::shared::InterruptCell;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use meter430::readings::SAMPLE_RATE_HZ;
use metrology::{Config, Meter, Window};
use msp430fr2355::Peripherals;

/// The accumulating arithmetic; belongs to the block interrupt. Written by [`start`]: an initial value would cost as
/// many bytes of constants.
struct BlockOwned(UnsafeCell<MaybeUninit<Meter>>);
// SAFETY: only the block interrupt touches it once interrupts are enabled, and that cannot interrupt itself.
unsafe impl Sync for BlockOwned {}
static METER: BlockOwned = BlockOwned(UnsafeCell::new(MaybeUninit::uninit()));

/// The last finished window, until the main loop fetches it.
static FINISHED: InterruptCell<Option<Window>> = InterruptCell::new(None);

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
pub unsafe fn on_block(p: &Peripherals) {
    // SAFETY: this is the block interrupt, enabled after `start` has written the meter.
    unsafe {
        sampler::with_completed_block(p, |block| {
            let meter = (*METER.0.get()).assume_init_mut();
            if let Some(window) = meter.push_block(&Assembly, block) {
                FINISHED.lock(|finished| *finished = Some(*window));
            }
        });
    }
}

/// Fetches the window that has finished since the last call, if any.
pub fn take_window() -> Option<Window> {
    FINISHED.lock(Option::take)
}
