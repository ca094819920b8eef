//! The one type in which interrupts and the main loop meet.

use core::arch::asm;
use core::cell::UnsafeCell;

/// State that belongs to an interrupt and is visited by others with interrupts disabled.
pub struct InterruptCell<T>(UnsafeCell<T>);

// SAFETY: there is one core, and every access happens with interrupts disabled.
unsafe impl<T> Sync for InterruptCell<T> {}

impl<T> InterruptCell<T> {
    /// A cell for a static.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Runs `f` with interrupts disabled. Keep it short: it delays the sample interrupt. Not nestable on one cell.
    #[inline(always)]
    pub fn lock<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let status: u16;
        // SAFETY: DINT needs one more instruction before it has effect (SLAU445 1.3.4.1), hence the NOP.
        unsafe { asm!("mov r2, {0}", "dint", "nop", out(reg) status, options(nostack)) };
        // SAFETY: interrupts are disabled, so this is the only reference.
        let result = f(unsafe { &mut *self.0.get() });
        // SAFETY: restores the interrupt enable bit as it was.
        unsafe { asm!("nop", "mov {0}, r2", "nop", in(reg) status, options(nostack)) };
        result
    }

    /// A word of the content: one access reads it whole, so that no interrupt has to wait.
    ///
    /// # Safety
    /// `place` returns a place inside of what it is given.
    #[inline(always)]
    pub unsafe fn word(&self, place: impl FnOnce(*const T) -> *const u16) -> u16 {
        // SAFETY: a word of the static, passed on to the caller.
        unsafe { place(self.0.get()).read_volatile() }
    }

    /// The content, for code that already runs with interrupts disabled.
    ///
    /// # Safety
    /// Interrupts are disabled for as long as the reference lives, and it is the only one.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)] // the contract above is what makes it exclusive
    pub unsafe fn get_in_interrupt(&self) -> &mut T {
        // SAFETY: passed on to the caller.
        unsafe { &mut *self.0.get() }
    }
}
