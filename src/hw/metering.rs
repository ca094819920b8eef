//! The block interrupt's work: blocks into the arithmetic, finished windows to the main loop.

use super::kernel::Assembly;
use super::{power, sampler};
use c12::power_quality;
use core::cell::UnsafeCell;
use meter430::readings::SAMPLE_RATE_HZ;
use metrology::half_cycle::{VoltageWatch, Words, word};
use metrology::harmonics::{Harmonic, Harmonics};
use metrology::{Config, Meter, Window};

/// What accumulates; belongs to the block interrupt.
struct Accumulators {
    meter: Meter,
    harmonics: Harmonics,
    voltage: VoltageWatch,
}

struct BlockOwned(UnsafeCell<Accumulators>);
// SAFETY: only the block interrupt touches it once interrupts are enabled, and that cannot interrupt itself.
unsafe impl Sync for BlockOwned {}
static ACCUMULATORS: BlockOwned = BlockOwned(UnsafeCell::new(Accumulators {
    meter: Meter::ZERO,
    harmonics: Harmonics::ZERO,
    voltage: VoltageWatch::ZERO,
}));

/// A result on its way to the main loop.
pub struct Mailbox<T> {
    content: UnsafeCell<T>,
    /// The main loop owns the content while this is set, the block interrupt while it is not.
    full: UnsafeCell<u16>,
}
// SAFETY: `full`, a word and therefore read and written at once, says who may touch the content.
unsafe impl<T> Sync for Mailbox<T> {}

/// The last finished window.
pub static FINISHED: Mailbox<Window> = Mailbox::new(Window::ZERO);
/// The harmonic measured last.
pub static HARMONIC: Mailbox<Harmonic> = Mailbox::new(Harmonic::ZERO);

impl<T> Mailbox<T> {
    const fn new(content: T) -> Self {
        Self {
            content: UnsafeCell::new(content),
            full: UnsafeCell::new(0),
        }
    }

    /// The place for a result, unless the last one has not been fetched.
    ///
    /// # Safety
    /// Called by the block interrupt, which gives the reference up before it delivers.
    #[inline(always)]
    unsafe fn place(&self) -> Option<*mut T> {
        if self.is_full() {
            return None;
        }
        Some(self.content.get())
    }

    /// Hands the content to the main loop.
    fn deliver(&self) {
        self.set_full(1);
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        // SAFETY: a word in a static.
        unsafe { self.full.get().read_volatile() != 0 }
    }

    #[inline(always)]
    fn set_full(&self, full: u16) {
        // SAFETY: a word in a static; each side writes only what hands the content to the other.
        unsafe { self.full.get().write_volatile(full) };
    }

    /// Lets `work` have the content, if there is a new one; returns whether there was.
    #[inline(always)]
    pub fn fetch(&self, work: impl FnOnce(&mut T)) -> bool {
        if !self.is_full() {
            return false;
        }
        // SAFETY: written before `full` was set; the block interrupt keeps away until it is cleared.
        work(unsafe { &mut *self.content.get() });
        self.set_full(0);
        true
    }
}

const _: () = assert!(size_of::<Words>() == 2 * power_quality::VOLTAGE_WORDS);

/// Prepares the arithmetic. Call once, before interrupts are enabled.
pub fn start() {
    // SAFETY: the block interrupt is not enabled yet.
    let accumulators = unsafe { &mut *ACCUMULATORS.0.get() };
    accumulators.meter.start(&Config {
        rate: SAMPLE_RATE_HZ,
    });
}

/// What became of the voltage, one word after the other: each is written at once, and a reading between two of them is
/// right a second later.
pub fn voltage_words() -> impl Iterator<Item = u16> {
    // SAFETY: words of a static that only the block interrupt writes.
    let words = unsafe { &raw const (*ACCUMULATORS.0.get()).voltage.words };
    (0..power_quality::VOLTAGE_WORDS).map(move |place| {
        // SAFETY: inside the array.
        unsafe { words.cast::<u16>().add(place).read_volatile() }
    })
}

/// Forgets the voltage's events, but not what the voltage is doing now.
pub fn reset_voltage_events() {
    // SAFETY: as above.
    let words = unsafe { &raw mut (*ACCUMULATORS.0.get()).voltage.words };
    for place in 0..word::PRESENT {
        // SAFETY: inside the array; a word is written at once, and an event between two of them only tells half of itself.
        unsafe { words.cast::<u16>().add(place).write_volatile(0) };
    }
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
            let Accumulators {
                meter,
                harmonics,
                voltage,
            } = &mut *ACCUMULATORS.0.get();
            if power::rail_has_fallen() {
                meter.hurry();
            }
            // While the main loop has not fetched the last window, the next one goes on.
            let place = FINISHED.place().map(|place| &mut *place);
            if meter.push_block(&Assembly, block, place) {
                FINISHED.deliver();
            }
            // A harmonic that finds no place is measured again seven seconds later.
            let place = HARMONIC.place().map(|place| &mut *place);
            if harmonics.push_block(&Assembly, block, meter.end(), place) != 0 {
                HARMONIC.deliver();
            }
            voltage.push_block(&Assembly, block, meter.crossing());
        });
    }
}
