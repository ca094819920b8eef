//! The sample path: DRDY capture, frame into a block, block handed to the arithmetic.
//!
//! Every 125 µs (2 998 cycles) the converter pulls DRDY low; timer TB1 captures the instant and interrupts. The handler
//! reads the frame straight into the block being filled. Every sixteenth sample it swaps blocks and raises the block
//! interrupt (TB2 CCR0, by setting its flag), which does the arithmetic with interrupts enabled.
//!
//! The capture time tells how many conversions were missed, so that the time base never slips: the converter keeps the
//! last two conversions, so one missed sample is still read; older ones are marked lost in the block.

use super::frame;
use super::shared::InterruptCell;
use meter430::ads131m03::{
    Answer, Exchange, STATUS_REGISTER_MAP, STATUS_RESET, STATUS_STREAMING, next_sample,
};
use metrology::block::{BLOCK, Block, HISTORY};
use msp430fr2355::{Peripherals, Tb1, Tb2};

/// SMCLK cycles between samples when both crystals are right: 23 986 176 / 8 000.
const SAMPLE_CYCLES: u16 = 2998;
/// More than this between two captures means that one was missed.
const GAP_CYCLES: u16 = SAMPLE_CYCLES + SAMPLE_CYCLES / 2;
/// Frames to throw away after a start of the stream: the filter settles in three conversions and the first status
/// word still carries the restart flag.
const SETTLING_FRAMES: u16 = 4;

/// What went wrong on the sample path since power-up; saturating counters, in the order of table MT2.
#[repr(C)]
struct Faults {
    /// Frames whose CRC was wrong.
    bad_crc: u16,
    /// Frames whose status word was not the expected one.
    bad_status: u16,
    /// Samples that could not be read in time.
    missed: u16,
    /// Blocks dropped because the arithmetic had not finished with the last one.
    overrun: u16,
}

/// Counts one more, as far as the counter goes.
#[cold]
#[inline(never)]
fn count(counter: &mut u16) {
    let next = counter.wrapping_add(1);
    if next != 0 {
        *counter = next;
    }
}

/// Number of the counters of what went wrong.
pub const FAULTS: usize = size_of::<Faults>() / 2;

/// Blocks in use: one is being filled, the others wait for the arithmetic. The block in which a window ends takes up to
/// two block times, all others a third of one.
const BLOCKS: usize = 3;

/// All that the sample interrupt owns.
struct Sampler {
    /// The blocks, used in turn.
    blocks: [Block; BLOCKS],
    /// Offset of the block that is being filled, bytes: by its number, finding it would multiply, and here nothing may.
    filling: usize,
    /// Offset of the oldest complete block.
    oldest: usize,
    /// Complete blocks, the one that the arithmetic works on included.
    waiting: usize,
    /// Set while the arithmetic works.
    busy: bool,
    /// Next voltage sample's place in the block that is being filled, and the place behind its last.
    slot: *mut i32,
    end: *mut i32,
    /// Capture time of the last sample, SMCLK cycles modulo 2^16.
    last_capture: u16,
    /// Frames still to be dropped after a start.
    settling: u16,
    /// 1 after the converter has reported that its configuration is gone, else 0.
    needs_bring_up: u16,
    /// Blocks completed, modulo 2^16: the watchdog's sign of life.
    blocks_completed: u16,
    faults: Faults,
}

impl Sampler {
    /// Puts the next sample at the start of the block that is being filled.
    fn rewind(&mut self) {
        let new = first_slot(self.block(self.filling));
        self.slot = new;
        self.end = new.wrapping_add(BLOCK);
    }

    /// The block at an offset.
    #[inline(always)]
    fn block(&mut self, offset: usize) -> &mut Block {
        // SAFETY: offsets begin as 0 and change by `next` alone.
        unsafe { &mut *(&raw mut self.blocks).byte_add(offset).cast() }
    }
}

/// The voltage's first new sample.
#[inline(always)]
fn first_slot(block: &mut Block) -> *mut i32 {
    (&raw mut block.lanes).cast::<i32>().wrapping_add(HISTORY)
}

/// The offset of the block after this one.
#[inline(always)]
fn next(offset: usize) -> usize {
    let next = offset + size_of::<Block>();
    if next < BLOCKS * size_of::<Block>() {
        next
    } else {
        0
    }
}

static SAMPLER: InterruptCell<Sampler> = InterruptCell::new(Sampler {
    blocks: [Block::EMPTY; BLOCKS],
    filling: 0,
    oldest: 0,
    waiting: 0,
    busy: false,
    slot: core::ptr::null_mut(),
    end: core::ptr::null_mut(),
    last_capture: 0,
    settling: 0,
    needs_bring_up: 0,
    blocks_completed: 0,
    faults: Faults {
        bad_crc: 0,
        bad_status: 0,
        missed: 0,
        overrun: 0,
    },
});

/// TB1CCTL1: capture the falling edge of CCI1A, synchronised, interrupt enabled.
const CAPTURE_FALLING: u16 = (2 << 14) | (1 << 11) | (1 << 8) | (1 << 4);
/// TB1CCTL1: flag and overflow.
const CAPTURE_FLAGS: u16 = 3;
/// TB1CTL and TB2CTL: SMCLK, continuous. TB2 itself need not run: only its flag is used.
const CONTINUOUS: u16 = (2 << 8) | (2 << 4) | (1 << 2);
/// TB2CCTL0: interrupt enable and flag.
const BLOCK_ENABLE: u16 = 1 << 4;
const BLOCK_FLAG: u16 = 1 << 0;

/// Starts capturing. The converter has just been brought up, frame by frame with [`exchange`].
pub fn start(p: &Peripherals) {
    // SAFETY: timer registers take these values (SLAU445 tables 14-5 and 14-6).
    unsafe {
        p.tb2.tb2cctl0().write(|w| w.bits(BLOCK_ENABLE));
        p.tb1.tb1ctl().write(|w| w.bits(CONTINUOUS));
        p.tb1.tb1cctl1().write(|w| w.bits(CAPTURE_FALLING));
    }
}

/// Exchanges one frame for the configuration, while nothing is captured; a stream begins anew behind it. Interrupts wait for
/// 400 cycles.
pub fn exchange(frame: &Exchange) -> Answer {
    SAMPLER.lock(|s| {
        s.rewind();
        s.settling = SETTLING_FRAMES;
        s.needs_bring_up = 0;
        // SAFETY: `slot` is inside the block's first lane and the three lanes are one array; interrupts are disabled.
        unsafe { frame::exchange(frame, s.slot) }
    })
}

/// Stops capturing, so that the SPI can be used for configuration.
pub fn stop(p: &Peripherals) {
    // SAFETY: 0 switches capture and its interrupt off.
    unsafe { p.tb1.tb1cctl1().write(|w| w.bits(0)) };
}

/// Blocks completed so far, modulo 2^16.
pub fn blocks_completed() -> u16 {
    // SAFETY: a field.
    unsafe { SAMPLER.word(|s| &raw const (*s).blocks_completed) }
}

/// Whether the converter reported a lost configuration since the last start.
pub fn needs_bring_up() -> bool {
    // SAFETY: a field.
    unsafe { SAMPLER.word(|s| &raw const (*s).needs_bring_up) != 0 }
}

/// A counter of what went wrong, by its place among the [`FAULTS`].
pub fn fault(place: usize) -> u16 {
    // SAFETY: the counters are words, and all four are there.
    unsafe {
        SAMPLER.word(|s| {
            let counters = (&raw const (*s).faults).cast::<u16>();
            counters.add(place % FAULTS)
        })
    }
}

/// The sample interrupt's work.
///
/// Deadline: 2 998 cycles, of which the frame itself takes about 400. Late by one sample costs nothing (the converter
/// buffers two); later than that, samples are lost and counted.
///
/// # Safety
/// Called from the capture interrupt only, with interrupts disabled.
#[inline(always)]
pub unsafe fn on_data_ready() {
    // SAFETY: interrupts are disabled, so nobody else is inside the cell; the capture channel is ours.
    let (s, timer) = unsafe { (SAMPLER.get_in_interrupt(), &*Tb1::ptr()) };
    let captured = timer.tb1ccr1().read().bits();
    // SAFETY: clearing the flags of our own channel.
    unsafe {
        timer
            .tb1cctl1()
            .modify(|r, w| w.bits(r.bits() & !CAPTURE_FLAGS))
    };
    let since_last = captured.wrapping_sub(s.last_capture);
    s.last_capture = captured;
    if s.settling != 0 {
        return settle(s);
    }
    if since_last > GAP_CYCLES {
        catch_up(s, since_last);
    }
    take_sample(s);
}

/// Reads the frame into the next slot.
#[inline(always)]
fn take_sample(s: &mut Sampler) {
    // SAFETY: `slot` is inside the block's first lane and the three lanes are one array; the stream has been started,
    // and this runs in one interrupt only.
    let answer = unsafe { frame::exchange(next_sample(), s.slot) };
    if answer.crc_difference | (answer.status ^ STATUS_STREAMING) != 0 {
        refuse(s, &answer);
    }
    advance(s);
}

/// A frame to be dropped after a start: its slot is used again.
#[cold]
#[inline(never)]
fn settle(s: &mut Sampler) {
    // SAFETY: as in `take_sample`.
    unsafe { frame::exchange(next_sample(), s.slot) };
    s.settling -= 1;
}

/// Marks the slots of samples missed since the last one as lost, but for the last of them: the converter keeps its last
/// two conversions, so that one is still there, ahead of the new one.
#[cold]
#[inline(never)]
fn catch_up(s: &mut Sampler, since_last: u16) {
    let mut since_last = since_last - SAMPLE_CYCLES;
    while since_last > GAP_CYCLES {
        since_last -= SAMPLE_CYCLES;
        count(&mut s.faults.missed);
        mark_lost(s);
        advance(s);
    }
    take_sample(s);
}

/// Counts a damaged or unexpected frame and marks its slot as lost.
#[cold]
#[inline(never)]
fn refuse(s: &mut Sampler, frame: &Answer) {
    if frame.crc_difference != 0 {
        count(&mut s.faults.bad_crc);
    } else {
        count(&mut s.faults.bad_status);
        if frame.status & (STATUS_RESET | STATUS_REGISTER_MAP) != 0 {
            s.needs_bring_up = 1;
        }
    }
    mark_lost(s);
}

/// Marks the next slot as lost.
fn mark_lost(s: &mut Sampler) {
    let end = s.slot;
    let block = s.block(s.filling);
    let mut slot = first_slot(block);
    let mut bit = 1;
    while slot != end {
        slot = slot.wrapping_add(1);
        bit <<= 1;
    }
    block.lost |= bit;
}

/// Steps to the next slot; hands the block over when it is full.
#[inline(always)]
fn advance(s: &mut Sampler) {
    s.slot = s.slot.wrapping_add(1);
    if s.slot == s.end {
        complete(s);
    }
}

/// Hands the filled block to the arithmetic and begins the next.
#[inline(never)]
fn complete(s: &mut Sampler) {
    // SAFETY: this is the sample interrupt.
    unsafe { super::pulses::on_block(s.last_capture) };
    s.blocks_completed = s.blocks_completed.wrapping_add(1);
    if s.waiting + 1 < BLOCKS {
        s.waiting += 1;
        s.filling = next(s.filling);
        if !s.busy {
            raise_block_interrupt();
        }
    } else {
        // No block is free: this one is filled again, and its samples are gone.
        count(&mut s.faults.overrun);
        // The window that they are missing in is marked by one sample of the next block.
        s.block(s.filling).set_lost(0);
    }
    s.rewind();
}

fn raise_block_interrupt() {
    // SAFETY: sets the flag of a compare channel that only we use.
    unsafe {
        (*Tb2::ptr())
            .tb2cctl0()
            .write(|w| w.bits(BLOCK_ENABLE | BLOCK_FLAG))
    };
}

/// Runs `work` on the oldest complete block with interrupts enabled, then gives it back to be filled.
///
/// # Safety
/// Called from the block interrupt only. The block interrupt cannot interrupt itself: `busy` keeps the flag from being
/// set until this returns.
#[inline(always)]
pub unsafe fn with_completed_block(work: impl FnOnce(&mut Block)) {
    // SAFETY: interrupts are still disabled here; the pointer stays valid because the cell is static, and the sample
    // interrupt keeps away from a block that waits.
    let block: *mut Block = unsafe {
        let s = SAMPLER.get_in_interrupt();
        s.busy = true;
        s.block(s.oldest)
    };
    // SAFETY: no critical section is open in an interrupt handler's outermost level.
    unsafe { msp430::interrupt::enable() };
    // SAFETY: see above; nobody else holds the block.
    work(unsafe { &mut *block });
    msp430::interrupt::disable();
    // SAFETY: interrupts are disabled again.
    let s = unsafe { SAMPLER.get_in_interrupt() };
    s.busy = false;
    s.oldest = next(s.oldest);
    s.waiting -= 1;
    if s.waiting != 0 {
        raise_block_interrupt();
    }
}
