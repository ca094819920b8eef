//! The board: which pin of the chip is connected to what.
//!
//! The one place in the virtual meter that knows pin numbers; the firmware has its own copy in its board module, and
//! both are the README's wiring table. Chip select and SYNC/RESET have pull-up resistors on the board, DRDY is driven
//! by the converter; jumper, tamper switch and button connect their pin to ground or leave it open.

use super::eusci_b::SpiMode;
use super::service_switch::ServiceSwitch;
use super::uart_line::{FarBaud, UartLine};
use crate::converter::Ads131m03;
use crate::time::Time;

/// A pin of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Port number, 1 to 6.
    pub port: usize,
    /// Bit number, 0 to 7.
    pub bit: u32,
}

const fn pin(port: usize, bit: u32) -> Pin {
    Pin { port, bit }
}

/// Console UART: eUSCI_A0, function 1.
pub const CONSOLE_TXD: Pin = pin(1, 7);
/// Console UART, towards the chip.
pub const CONSOLE_RXD: Pin = pin(1, 6);
/// Communications port: eUSCI_A1, function 1.
pub const PORT_TXD: Pin = pin(4, 3);
/// Communications port, towards the chip.
pub const PORT_RXD: Pin = pin(4, 2);
/// Converter SPI: eUSCI_B1, function 1: SIMO, SOMI, CLK.
pub const SPI: [Pin; 3] = [pin(4, 6), pin(4, 7), pin(4, 5)];
/// Converter chip select, GPIO.
pub const CHIP_SELECT: Pin = pin(4, 4);
/// Converter SYNC/RESET, GPIO.
pub const SYNC_RESET: Pin = pin(3, 1);
/// Converter DRDY: TB1.1 as input, function 1.
pub const DRDY: Pin = pin(2, 0);
/// Wh and varh pulses: TB3.1 and TB3.2, function 1, or GPIO.
pub const PULSES: [Pin; 2] = [pin(6, 0), pin(6, 1)];
/// Factory jumper to ground.
pub const JUMPER: Pin = pin(3, 2);
/// Cover switch: to ground while the cover is closed.
pub const TAMPER: Pin = pin(3, 3);
/// Service switch: coils that close and open it.
pub const COILS: [Pin; 2] = [pin(5, 0), pin(5, 1)];
/// The customer's button beside the service switch: to ground while it is pressed.
pub const BUTTON: Pin = pin(4, 1);
/// Crystal pins, function 2.
pub const CRYSTAL: [Pin; 2] = [pin(2, 7), pin(2, 6)];
/// Input of comparator 0 that sees the supply rail.
pub const RAIL_INPUT: usize = 1;
/// LEDs.
pub const LEDS: [Pin; 2] = [pin(1, 0), pin(6, 6)];

/// Shortest half period of SCLK: the eUSCI's 35 ns set-up time and the converter's 20 ns output delay.
const HALF_CLOCK_NS: u64 = 55;

/// A pin that is watched: every change of its level with the time.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Present level; a pin that nothing drives counts as low.
    pub level: bool,
    /// Number of rising edges.
    pub rising: u64,
    /// The latest edges, at most [`Trace::KEPT`], oldest first.
    pub edges: std::collections::VecDeque<(Time, bool)>,
}

impl Trace {
    /// Edges that are remembered.
    pub const KEPT: usize = 200_000;

    fn set(&mut self, now: Time, level: bool) {
        if level != self.level {
            self.level = level;
            self.rising += u64::from(level);
            if self.edges.len() == Self::KEPT {
                self.edges.pop_front();
            }
            self.edges.push_back((now, level));
        }
    }
}

/// Everything that is soldered to the chip.
pub struct Wiring {
    /// The converter on eUSCI_B1.
    pub converter: Ads131m03,
    /// The console's far end.
    pub console: UartLine,
    /// The communications port's far end.
    pub port: UartLine,
    /// Wh and varh pulse outputs.
    pub pulses: [Trace; 2],
    /// Coils that close and open the service switch.
    pub coils: [Trace; 2],
    /// The service switch itself.
    pub service_switch: ServiceSwitch,
    /// The two LEDs.
    pub leds: [Trace; 2],
    /// Millivolts at the comparator's input while the supply rail is good.
    pub rail_mv: u32,
}

impl Wiring {
    /// The board with this converter; console at 115 200, port at 9600.
    pub fn new(converter: Ads131m03) -> Self {
        Self {
            converter,
            console: UartLine::new(FarBaud::Fixed(115_200)),
            port: UartLine::new(FarBaud::Fixed(9_600)),
            pulses: Default::default(),
            coils: Default::default(),
            service_switch: ServiceSwitch::default(),
            leds: Default::default(),
            rail_mv: 2_500,
        }
    }

    /// The far end of eUSCI_A `number`.
    pub(super) fn line(&mut self, number: usize) -> &mut UartLine {
        if number == 0 {
            &mut self.console
        } else {
            &mut self.port
        }
    }

    /// The chip drives `pin` to a level or lets go of it; returns whether the converter noticed.
    pub(super) fn output(&mut self, pin: Pin, level: Option<bool>, now: Time) -> bool {
        let with_pull_up = level.unwrap_or(true);
        let driven_high = level == Some(true);
        match pin {
            CHIP_SELECT => self.converter.set_chip_select(now, with_pull_up),
            SYNC_RESET => self.converter.set_sync_reset(now, with_pull_up),
            _ => {
                if let Some(coil) = COILS.iter().position(|&candidate| candidate == pin) {
                    self.service_switch.set_coil(coil, driven_high, now);
                }
                let groups = [
                    (PULSES, &mut self.pulses),
                    (COILS, &mut self.coils),
                    (LEDS, &mut self.leds),
                ];
                for (pins, traces) in groups {
                    if let Some(index) = pins.iter().position(|&candidate| candidate == pin) {
                        traces[index].set(now, driven_high);
                    }
                }
                return false;
            }
        }
        true
    }

    /// What is wrong with the way in which the chip talks to the converter, if anything.
    pub(super) fn objection(&self, mode: SpiMode) -> Option<String> {
        let fastest_hz = 1_000_000_000 / (2 * HALF_CLOCK_NS);
        if mode.clock_idles_high || mode.captures_first_edge || !mode.msb_first {
            Some("eUSCI_B1 talks to the converter in the wrong mode: clear UCCKPL and UCCKPH, set UCMSB".to_owned())
        } else if mode.clock_hz > fastest_hz {
            Some(format!(
                "SPI clock of {} Hz: set-up time and output delay need {HALF_CLOCK_NS} ns each half, at most {fastest_hz} Hz",
                mode.clock_hz
            ))
        } else {
            None
        }
    }
}
