//! The RTC counter: 16 bits behind a prescaler, its modulo shadowed until the next overflow.

use super::backplane::{Backplane, Lane, line};
use super::clocks::Source;
use super::events::{NEVER, Slot};

const PRESCALE: [u64; 8] = [1, 10, 100, 1_000, 16, 64, 256, 1_024];
const INTERRUPT_ENABLE: u16 = 1 << 1;
const SOFTWARE_RESET: u16 = 1 << 6;

/// The RTC registers.
#[derive(Debug, Default)]
pub struct Rtc {
    control: u16,
    flag: bool,
    modulo: u16,
    shadow: u16,
    /// SYSCFG2.RTCCKSEL.
    from_aclk: bool,
    /// Tick of the source when the counter was 0.
    since: u64,
}

impl Rtc {
    fn source(&self) -> Option<Source> {
        match self.control >> 12 & 3 {
            0 => None,
            1 if self.from_aclk => Some(Source::Aclk),
            1 => Some(Source::Smclk),
            2 => Some(Source::Xt1),
            _ => Some(Source::Vlo),
        }
    }

    /// Source ticks from one overflow to the next. A modulo of 0 or 1 overflows on every count.
    fn period(&self) -> u64 {
        let counts = if self.shadow < 2 {
            1
        } else {
            u64::from(self.shadow) + 1
        };
        counts * PRESCALE[usize::from(self.control >> 8 & 7)]
    }

    /// Lets overflows up to now happen.
    fn advance(&mut self, backplane: &mut Backplane) {
        let Some(source) = self.source() else { return };
        let now = backplane.clocks.ticks(source, backplane.now);
        while now.saturating_sub(self.since) >= self.period() {
            self.since += self.period();
            self.shadow = self.modulo;
            self.flag = true;
        }
        self.update(backplane);
    }

    fn update(&self, backplane: &mut Backplane) {
        backplane.set_line(line::RTC, self.flag && self.control & INTERRUPT_ENABLE != 0);
    }

    /// Reads RTCCTL (0), RTCIV (4), RTCMOD (8) or RTCCNT (0Ch).
    pub fn read(&mut self, offset: u16, backplane: &mut Backplane) -> Option<u16> {
        self.advance(backplane);
        match offset {
            0x00 => Some(self.control | u16::from(self.flag)),
            0x04 => {
                let shown = self.flag && self.control & INTERRUPT_ENABLE != 0;
                self.flag &= !shown;
                self.update(backplane);
                Some(2 * u16::from(shown))
            }
            0x08 => Some(self.modulo),
            0x0C => Some(self.source().map_or(0, |source| {
                let ticks = backplane
                    .clocks
                    .ticks(source, backplane.now)
                    .saturating_sub(self.since);
                (ticks / PRESCALE[usize::from(self.control >> 8 & 7)]) as u16
            })),
            _ => None,
        }
    }

    /// Writes a register; `from_aclk` is SYSCFG2.RTCCKSEL.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        from_aclk: bool,
        backplane: &mut Backplane,
    ) -> Option<()> {
        self.advance(backplane);
        match offset {
            0x00 => {
                let before = self.source();
                self.from_aclk = from_aclk;
                let control = lane.merge(self.control, value);
                self.control = control & 0x3702;
                if control & SOFTWARE_RESET != 0 || self.source() != before {
                    self.shadow = self.modulo;
                    self.since = self
                        .source()
                        .map_or(0, |source| backplane.clocks.ticks(source, backplane.now));
                }
            }
            0x04 => self.flag = false,
            0x08 => self.modulo = lane.merge(self.modulo, value),
            0x0C => backplane
                .misuse("write to RTCCNT, which is read-only: use RTCSR to restart the counter"),
            _ => return None,
        }
        self.update(backplane);
        self.reschedule(backplane);
        Some(())
    }

    /// Sets the next event anew.
    pub fn reschedule(&mut self, backplane: &mut Backplane) {
        let wanted = self.control & INTERRUPT_ENABLE != 0;
        let at = match self.source() {
            Some(source) if wanted => backplane
                .clocks
                .cycle_of(source, self.since + self.period()),
            _ => NEVER,
        };
        backplane.events.schedule(Slot::Rtc, at);
    }

    /// The counter overflows.
    pub fn event(&mut self, backplane: &mut Backplane) {
        self.advance(backplane);
        self.reschedule(backplane);
    }

    /// A power-on reset.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        *self = Self::default();
        self.update(backplane);
        self.reschedule(backplane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    #[test]
    fn one_second_from_the_crystal() {
        let mut backplane = backplane();
        let mut rtc = Rtc::default();
        rtc.write(8, 32_767, Lane::Word, false, &mut backplane);
        rtc.write(0, 0x2042, Lane::Word, false, &mut backplane);
        let at = backplane.events.when(Slot::Rtc);
        assert_eq!(at, 1_000_000, "a second at 1 MHz");
        backplane.now = at;
        rtc.event(&mut backplane);
        assert_eq!(backplane.lines, 1 << line::RTC);
        assert_eq!(rtc.read(4, &mut backplane), Some(2));
        assert_eq!(backplane.lines, 0);
        assert_eq!(rtc.read(4, &mut backplane), Some(0));
        assert_eq!(backplane.events.when(Slot::Rtc), 2_000_000);
    }

    #[test]
    fn a_new_modulo_waits_for_the_overflow() {
        let mut backplane = backplane();
        let mut rtc = Rtc::default();
        rtc.write(8, 9, Lane::Word, false, &mut backplane);
        rtc.write(0, 0x1042, Lane::Word, false, &mut backplane);
        rtc.write(8, 99, Lane::Word, false, &mut backplane);
        assert_eq!(backplane.events.when(Slot::Rtc), 10);
        backplane.now = 10;
        rtc.event(&mut backplane);
        assert_eq!(backplane.events.when(Slot::Rtc), 110);
        backplane.now = 60;
        assert_eq!(rtc.read(0x0C, &mut backplane), Some(50));
    }
}
