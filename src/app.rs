//! The main loop: what the meter does between interrupts.

use crate::hw::{
    self, board, clock, console, converter, fram, identity, kernel, metering, port, power, pulses,
    sampler, spi, temperature, time, watchdog,
};
use c12::event::code;
use c12::frame::TICKS_PER_S;
use c12::link::Turn;
use c12::responder::Responder;
use c12::{diagnostics, power_quality};
use core::cell::UnsafeCell;
use meter430::service::{MeterDevice, STATUS_MEASUREMENT_ERROR};
use meter430::snapshot::{DIAGNOSTICS, POWER_QUALITY};
use msp430fr2355::Peripherals;
use panic_msp430 as _;

const _: () = assert!(POWER_QUALITY + power_quality::SIZE == DIAGNOSTICS);

/// The converter is silent when no block has come for this many ticks, 0.1 s; a block takes 2 ms.
const SILENT_AFTER: u16 = TICKS_PER_S / 10 + 1;

/// After so many windows, about a second each, a response under way is not waited for: at 9600 bit/s the longest takes eight.
const HELD_AT_MOST: u16 = 20;

/// The main loop's own state.
struct App {
    device: MeterDevice<fram::Hardware>,
    responder: Responder,
    alive: Alive,
    /// Windows that were not shown, in a row, because a response was under way.
    windows_held: u16,
}

/// Watches that samples keep coming.
struct Alive {
    blocks_seen: u16,
    at: u16,
    /// Times that the converter had to be brought up again.
    restarts: u16,
}

/// The main loop's state. A static: on the stack it would exist twice while it is made.
struct MainOwned(UnsafeCell<App>);
// SAFETY: only `main` touches it.
unsafe impl Sync for MainOwned {}
static APP: MainOwned = MainOwned(UnsafeCell::new(App {
    // SAFETY: the only one.
    device: MeterDevice::zero(unsafe { fram::Hardware::take() }),
    responder: Responder::new(),
    alive: Alive {
        blocks_seen: 0,
        at: 0,
        restarts: 0,
    },
    windows_held: 0,
}));

#[msp430_rt::entry]
fn main() -> ! {
    // SAFETY: the only owner; interrupt handlers touch registers that the main loop does not use while they are on.
    let p = unsafe { hw::registers() };
    power_up(&p);
    // SAFETY: the only reference to it.
    let app = unsafe { &mut *APP.0.get() };
    app.device.start();
    app.device.readings.show_energies(&kernel::Assembly);
    identity::put_serial_number(&mut app.device.serial);
    let reset_cause = p.sys.sysrstiv().read().bits();
    let at = DIAGNOSTICS + diagnostics::offset::RESET_CAUSE;
    app.device.readings.snapshot.put_half(at, reset_cause);
    app.start_converter(&p);
    // SAFETY: everything that a handler uses is initialised.
    unsafe { msp430::interrupt::enable() };
    loop {
        app.turn(&p);
        power::sleep_until_interrupt();
    }
}

/// Brings everything up, in the order that it needs.
fn power_up(p: &Peripherals) {
    board::init_pins(p);
    clock::init(p);
    watchdog::feed(p);
    time::start(p);
    pulses::start(p);
    console::start(p);
    port::start(p);
    spi::init(p);
    metering::start();
    power::watch_rail();
    temperature::start();
}

impl App {
    /// One turn: everything that is due. Interrupts wake the loop at least 128 times a second.
    fn turn(&mut self, p: &Peripherals) {
        self.watch_samples(p);
        self.device.tick(time::ticks());
        // A response in several packets shows one instant. A reader may not hold it for ever: tiers, profile and self-reads take
        // what is shown.
        let held = self.responder.is_streaming() && self.windows_held < HELD_AT_MOST;
        // Counted and stored first: the supply may be going.
        let readings = &mut self.device.readings;
        if metering::FINISHED.fetch(|window| {
            readings.set_temperature(&kernel::Assembly, temperature::readings());
            pulses::enqueue(&readings.count(&kernel::Assembly, window));
            window.meter_by_neutral(readings.wants_neutral());
        }) {
            self.device.save();
            self.device.window_saved();
            let uptime_s = self.device.uptime_s;
            let readings = &mut self.device.readings;
            readings.show(&kernel::Assembly, uptime_s, held);
            self.windows_held += 1;
            if !held {
                self.windows_held = 0;
                self.show_diagnostics();
            }
            self.print_status(p);
        }
        let readings = &mut self.device.readings;
        metering::HARMONIC.fetch(|harmonic| readings.enter(&kernel::Assembly, harmonic, held));
        match port::poll(p) {
            Turn::Idle | Turn::Transmit => {}
            Turn::Lost => self.responder.lost(&mut self.device),
            Turn::Serve(cause, frame) => {
                self.responder.serve(cause, frame, &mut self.device);
                port::send(p, frame);
            }
        }
    }

    /// Feeds the watchdog while blocks come; revives a converter that went silent or lost its configuration.
    fn watch_samples(&mut self, p: &Peripherals) {
        let blocks = sampler::blocks_completed();
        let now = time::ticks();
        if blocks != self.alive.blocks_seen {
            self.alive.blocks_seen = blocks;
            self.alive.at = now;
            self.device.status &= !STATUS_MEASUREMENT_ERROR;
            watchdog::feed(p);
        }
        if now.wrapping_sub(self.alive.at) > SILENT_AFTER || sampler::needs_bring_up() {
            self.alive.restarts += 1;
            sampler::stop(p);
            self.start_converter(p);
            self.alive.at = now;
            // A bounded attempt has ended; with a dead converter the meter still answers its port, flagged.
            watchdog::feed(p);
        }
    }

    #[inline(never)]
    fn start_converter(&mut self, p: &Peripherals) {
        if converter::bring_up(p) {
            sampler::start(p);
            pulses::align(p);
        } else if self.device.status & STATUS_MEASUREMENT_ERROR == 0 {
            // It is tried again and again; the log is told once.
            self.device.status |= STATUS_MEASUREMENT_ERROR;
            self.device
                .log(code::MEASUREMENT_ERROR, self.alive.restarts);
        }
    }

    /// The voltage's events, which end MT3, and behind them the counters of MT2; the cause of the last reset stands there since
    /// power-up.
    fn show_diagnostics(&mut self) {
        let snapshot = &mut self.device.readings.snapshot;
        let mut at = POWER_QUALITY + power_quality::offset::EVENTS;
        for word in metering::voltage_words() {
            snapshot.put_half(at, word);
            at += 2;
        }
        for place in 0..sampler::FAULTS {
            snapshot.put_half(at, sampler::fault(place));
            at += 2;
        }
        snapshot.put_half(at, self.alive.restarts);
    }

    /// One readable line a second on the service console.
    fn print_status(&self, p: &Peripherals) {
        if let Some(mut line) = console::Line::begin(p) {
            let _ = meter430::status_line::write(&mut line, &self.device.readings.snapshot);
        }
    }
}
