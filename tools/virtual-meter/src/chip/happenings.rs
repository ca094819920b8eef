//! Events, pins and clock changes: how one peripheral's doings reach the others and the board.

use super::Chip;
use super::backplane::{ResetCause, line};
use super::events::{NEVER, Slot};
use super::memory::FRAM_START;
use super::wiring::{self, Pin};
use crate::cpu::Poll;
use crate::time::Time;

/// Cycles within which turns of a loop are counted one by one.
const A_FEW_TURNS: u64 = 64;

impl Chip {
    /// Lets every event happen that is due at `backplane.now`.
    #[inline]
    pub(super) fn catch_up(&mut self) {
        if self.backplane.events.next() <= self.backplane.now {
            self.run_events();
        }
    }

    /// Lets every event happen that is due at the start of the present instruction; true when the limit was among them.
    pub fn run_due_events(&mut self) -> bool {
        self.backplane.now = self.cycle;
        self.run_events();
        self.backplane.events.give_attention();
        self.cycle >= self.limit_cycle
    }

    /// The CPU is at the beginning, `start`, of a loop that tests flags until an event changes them: turns that are over
    /// before the next event are passed over, but not the last one, which leaves the CPU's flags as it finds them.
    #[inline]
    pub(crate) fn skip_turns(&mut self, start: u16, poll: &Poll) {
        // Code in FRAM may wait for the cache; in RAM every turn takes the same time.
        if start >= FRAM_START {
            return;
        }
        // Registers that reading does not change, and that only events change.
        let flags = match poll.register {
            0x056C => self.spis[0].flags(),
            0x05EC => self.spis[1].flags(),
            _ => return,
        };
        if (flags & poll.mask == 0) != poll.while_clear {
            return;
        }
        let turn = u64::from(poll.cycles);
        // An event that is due at the end of a turn happens before the next one.
        let last = self.backplane.events.next().saturating_sub(1);
        let left = last.saturating_sub(self.cycle);
        if left > A_FEW_TURNS {
            self.cycle += left / turn * turn;
        } else {
            // Quicker than a division, and nearly always so: a byte takes 24 cycles.
            while self.cycle + turn <= last {
                self.cycle += turn;
            }
        }
    }

    fn run_events(&mut self) {
        let now = self.backplane.now;
        while let Some((slot, at)) = self.backplane.events.pop_due(now) {
            self.backplane.now = at;
            self.happen(slot);
        }
        self.backplane.now = now;
    }

    fn happen(&mut self, slot: Slot) {
        let backplane = &mut self.backplane;
        match slot {
            Slot::Clock => {
                self.cs.event(backplane);
                self.clocks_changed();
            }
            Slot::Watchdog => {
                if self.watchdog.event(backplane) {
                    self.sfr.set_watchdog_flag(backplane);
                }
            }
            Slot::Rtc => self.rtc.event(backplane),
            Slot::Timer0 => self.timer_event(0),
            Slot::Timer1 => self.timer_event(1),
            Slot::Timer2 => self.timer_event(2),
            Slot::Timer3 => self.timer_event(3),
            Slot::UartA0Transmit => self.uarts[0].transmitted(&mut self.wiring.console, backplane),
            Slot::UartA1Transmit => self.uarts[1].transmitted(&mut self.wiring.port, backplane),
            Slot::UartA0Receive => self.uart_receive(0, wiring::CONSOLE_RXD),
            Slot::UartA1Receive => self.uart_receive(1, wiring::PORT_RXD),
            Slot::SpiB0 => {
                // Nothing is connected to eUSCI_B0: its input floats high.
                self.spis[0].sent();
                self.spis[0].complete(0xFF, backplane);
            }
            Slot::SpiB1 => {
                if let Some(sent) = self.spis[1].sent() {
                    let now = backplane.clocks.time_of(backplane.now);
                    let received = self.wiring.converter.exchange(now, sent);
                    self.spis[1].complete(received, backplane);
                    self.converter_moved();
                }
            }
            Slot::Converter => {
                let now = backplane.clocks.time_of(backplane.now);
                self.wiring.converter.advance(now);
                self.converter_next = None;
                self.converter_moved();
            }
            Slot::ServiceSwitch => self.service_switch_moved(),
            Slot::Limit => backplane.events.ask_attention(),
        }
    }

    fn timer_event(&mut self, index: usize) {
        self.timers[index].event(&mut self.backplane);
        self.timer_outputs(index);
    }

    fn uart_receive(&mut self, index: usize, pin: Pin) {
        let connected = self.serves(pin, 1);
        let line = self.wiring.line(index);
        self.uarts[index].receive(connected, line, &mut self.backplane);
    }

    /// The converter may have moved DRDY or have something else planned.
    fn converter_moved(&mut self) {
        let level = self.wiring.converter.drdy();
        if level != self.drdy {
            self.drdy = level;
            let wiring::Pin { port, bit } = wiring::DRDY;
            self.ports[port - 1].drive(bit, Some(level), &mut self.backplane);
            if self.serves(wiring::DRDY, 1) {
                self.timers[1].set_input(1, 0, level, &mut self.backplane);
            }
        }
        let next = self.wiring.converter.next_event();
        if next != self.converter_next {
            self.converter_next = next;
            self.schedule_converter();
        }
    }

    fn schedule_converter(&mut self) {
        // Never at the present cycle: the converter has already been advanced to it.
        let at = self.converter_next.map_or(NEVER, |time| {
            self.backplane
                .clocks
                .first_cycle_from(time)
                .max(self.backplane.now + 1)
        });
        self.backplane.events.schedule(Slot::Converter, at);
    }

    /// The service switch's coils may be driven otherwise, or have been for long enough.
    fn service_switch_moved(&mut self) {
        let now = self.backplane.clocks.time_of(self.backplane.now);
        if let Err(objection) = self.wiring.service_switch.advance(now) {
            self.backplane.misuse(objection);
        }
        self.schedule_service_switch();
    }

    fn schedule_service_switch(&mut self) {
        let next = self.wiring.service_switch.next_event();
        let clocks = &self.backplane.clocks;
        let at = next.map_or(NEVER, |time| {
            clocks.first_cycle_from(time).max(self.backplane.now + 1)
        });
        self.backplane.events.schedule(Slot::ServiceSwitch, at);
    }

    /// A timer's outputs may have changed: the pulse pins follow.
    pub(super) fn timer_outputs(&mut self, index: usize) {
        if index == 3 {
            let outputs = self.timers[3].outputs();
            for (number, pin) in wiring::PULSES.into_iter().enumerate() {
                let level = outputs >> (number + 1) & 1 == 1;
                self.ports[pin.port - 1].set_peripheral_level(pin.bit, level, &mut self.backplane);
            }
            self.pins_changed(5);
        }
    }

    /// What the chip drives on port `index + 1` may have changed: the board follows.
    pub(super) fn pins_changed(&mut self, index: usize) {
        let (mask, levels) = self.ports[index].driven();
        let levels = levels & mask;
        let (old_mask, old_levels) = core::mem::replace(&mut self.driven[index], (mask, levels));
        let mut changed = (mask ^ old_mask) | (levels ^ old_levels);
        let now = self.backplane.clocks.time_of(self.backplane.now);
        let mut converter = false;
        while changed != 0 {
            let bit = changed.trailing_zeros();
            changed &= changed - 1;
            let level = (mask >> bit & 1 == 1).then_some(levels >> bit & 1 == 1);
            converter |= self.wiring.output(
                Pin {
                    port: index + 1,
                    bit,
                },
                level,
                now,
            );
        }
        if converter {
            for refusal in self.wiring.converter.take_refusals() {
                self.backplane.not_modelled(
                    format!("ADS131M03: {refusal}"),
                    "see the converter's documentation",
                );
            }
            self.converter_moved();
        }
        if index == wiring::COILS[0].port - 1 {
            self.service_switch_moved();
        }
        if index == 1 {
            // A pin that becomes the timer's shows it the present level.
            if self.serves(wiring::DRDY, 1) {
                self.timers[1].set_input(1, 0, self.drdy, &mut self.backplane);
            }
            let selected = wiring::CRYSTAL
                .into_iter()
                .all(|pin| self.ports[1].function(pin.bit) == 2);
            if self.cs.select_crystal_pins(selected, &mut self.backplane) {
                self.clocks_changed();
            }
        }
    }

    /// MCLK or another clock may run differently from now on: everything that was planned is planned anew.
    pub(super) fn clocks_changed(&mut self) {
        let backplane = &mut self.backplane;
        self.fram.check_speed(backplane);
        self.watchdog.reschedule(backplane);
        self.rtc.reschedule(backplane);
        self.timers
            .iter_mut()
            .for_each(|timer| timer.reschedule(backplane));
        self.uarts[0].reschedule(&mut self.wiring.console, backplane);
        self.uarts[1].reschedule(&mut self.wiring.port, backplane);
        self.spis.iter().for_each(|spi| spi.reschedule(backplane));
        self.latch_oscillator_fault();
        self.schedule_converter();
        self.schedule_service_switch();
        self.schedule_limit();
    }

    /// OFIFG follows the clock system's fault flags and stays until software clears all of them.
    pub(super) fn latch_oscillator_fault(&mut self) {
        if self.cs.is_faulty() {
            self.sfr.set_oscillator_fault(&mut self.backplane);
        }
    }

    /// SCG0 switches the FLL off.
    pub fn set_fll_on(&mut self, on: bool) {
        self.backplane.now = self.cycle;
        self.cs.set_fll_on(on, &mut self.backplane);
    }

    /// The port lock may have been released.
    pub(super) fn apply_pin_lock(&mut self) {
        for index in 0..self.ports.len() {
            self.ports[index].set_locked(self.pmm.pins_locked, &mut self.backplane);
            self.pins_changed(index);
        }
    }

    /// A comparator's inputs or registers changed.
    pub(super) fn update_comparators(&mut self) {
        let reference_mv = self.pmm.reference_mv();
        for comparator in &mut self.comparators {
            comparator.compare(reference_mv, &mut self.backplane);
        }
        let active = self.comparators.iter().any(super::ecomp::Ecomp::interrupts);
        self.backplane.set_line(line::ECOMP, active);
    }

    /// The board drives `pin` to a level, or lets go of it (buttons, jumper, tamper switch).
    pub fn drive_pin(&mut self, pin: Pin, level: Option<bool>) {
        self.backplane.now = self.cycle;
        self.ports[pin.port - 1].drive(pin.bit, level, &mut self.backplane);
    }

    /// Sets or removes the factory jumper.
    pub fn set_jumper(&mut self, set: bool) {
        self.drive_pin(wiring::JUMPER, set.then_some(false));
    }

    /// Opens or closes the cover.
    pub fn set_cover_open(&mut self, open: bool) {
        self.drive_pin(wiring::TAMPER, (!open).then_some(false));
    }

    /// Presses or releases the customer's button.
    pub fn set_button(&mut self, pressed: bool) {
        self.drive_pin(wiring::BUTTON, pressed.then_some(false));
    }

    /// The voltage at the comparator's input changes with the supply rail.
    pub fn set_rail_mv(&mut self, millivolts: u32) {
        self.backplane.now = self.cycle;
        self.comparators[0].set_pin_mv(wiring::RAIL_INPUT, millivolts);
        self.update_comparators();
    }

    /// The chip's own temperature changes, which its ADC's sensor tells.
    pub fn set_celsius(&mut self, celsius: f64) {
        self.adc.set_celsius(celsius);
    }

    /// The crystal's error changes with the temperature.
    pub fn set_crystal_ppm(&mut self, ppm: f64) {
        self.backplane.now = self.cycle;
        self.cs.set_crystal_ppm(ppm, &mut self.backplane);
        self.clocks_changed();
    }

    /// The far end of a UART.
    pub fn line(&mut self, uart: crate::machine::Uart) -> &mut super::uart_line::UartLine {
        self.wiring.line(uart as usize)
    }

    /// The far end of eUSCI_A `number` sends bytes.
    pub fn uart_send(&mut self, number: usize, bytes: &[u8]) {
        self.backplane.now = self.cycle;
        let now = self.time();
        let line = self.wiring.line(number);
        line.send(bytes, now);
        self.uarts[number].listen(line, &mut self.backplane);
    }

    /// The far end of eUSCI_A `number` holds its line low.
    pub fn uart_hold_low(&mut self, number: usize, length: Time) {
        self.backplane.now = self.cycle;
        let now = self.time();
        let line = self.wiring.line(number);
        line.hold_low(now, length);
        self.uarts[number].listen(line, &mut self.backplane);
    }

    /// Ends [`Self::run_due_events`] with true as soon as `limit` has come.
    pub fn set_limit(&mut self, limit: Option<Time>) {
        self.limit = limit;
        self.schedule_limit();
    }

    fn schedule_limit(&mut self) {
        let at = self
            .limit
            .map_or(NEVER, |limit| self.backplane.clocks.first_cycle_from(limit));
        self.limit_cycle = at;
        self.backplane.events.schedule(Slot::Limit, at);
    }

    /// The supply goes and comes back `off` later: RAM, crystal and converter lose what they had, FRAM does not.
    pub fn power_cycle(&mut self, off: Time) {
        let gone = self.time();
        self.wiring.converter.set_sync_reset(gone, false);
        for coil in wiring::COILS {
            self.wiring.output(coil, None, gone);
        }
        self.cycle = self.backplane.clocks.first_cycle_from(gone + off);
        let back = self.time();
        self.wiring.converter.set_sync_reset(back, true);
        self.cs.lose_power();
        self.reset(ResetCause::BrownOut);
    }

    /// Resets the peripherals as `cause` demands.
    pub fn reset(&mut self, cause: ResetCause) {
        self.backplane.now = self.cycle;
        if cause == ResetCause::BrownOut {
            self.memory.lose_ram();
        }
        self.sys.reset(cause);
        self.pmm.reset(cause);
        self.fram.reset();
        self.multiplier.reset();
        let backplane = &mut self.backplane;
        self.sfr.reset(backplane);
        self.cs.reset(backplane);
        self.watchdog.reset(backplane);
        if cause.is_por() {
            self.rtc.reset(backplane);
            self.timers
                .iter_mut()
                .for_each(|timer| timer.reset(backplane));
        }
        self.uarts.iter_mut().for_each(|uart| uart.reset(backplane));
        self.spis.iter_mut().for_each(|spi| spi.reset(backplane));
        self.ports.iter_mut().for_each(|port| port.reset(backplane));
        self.comparators
            .iter_mut()
            .for_each(super::ecomp::Ecomp::reset);
        self.adc.reset();
        self.update_comparators();
        self.apply_pin_lock();
        self.timer_outputs(3);
        self.converter_moved();
        self.clocks_changed();
    }
}
