//! What every peripheral sees of the rest of the chip: the time, the event queue, the clocks, the interrupt lines.

use super::clocks::Clocks;
use super::events::EventQueue;
use super::fault::FaultKind;

/// Interrupt lines by vector number; the vector's address is `0xFFA4 + 2 · number`, a higher number has priority.
pub mod line {
    /// System NMI.
    pub const SYSNMI: u32 = 44;
    /// User NMI (oscillator fault).
    pub const UNMI: u32 = 43;
    /// CCR0 of Timer_B 0; the timers follow downwards in pairs (CCR0, the rest).
    pub const TIMER0_B0: u32 = 42;
    /// RTC counter.
    pub const RTC: u32 = 34;
    /// Watchdog in interval mode.
    pub const WDT: u32 = 33;
    /// eUSCI_A0.
    pub const EUSCI_A0: u32 = 32;
    /// eUSCI_A1.
    pub const EUSCI_A1: u32 = 31;
    /// eUSCI_B0.
    pub const EUSCI_B0: u32 = 30;
    /// eUSCI_B1.
    pub const EUSCI_B1: u32 = 29;
    /// Both comparators.
    pub const ECOMP: u32 = 27;
    /// Port 1; ports 2 to 4 follow downwards.
    pub const PORT1: u32 = 24;
    /// Vectors of the reserved area end here; 45 is reset.
    pub const RESET: u32 = 45;

    /// The address of the vector with number `line`.
    pub fn vector_address(line: u32) -> u16 {
        0xFFA4 + 2 * line as u16
    }

    /// The usual name of the vector with number `line`.
    pub fn name(line: u32) -> &'static str {
        match line {
            45 => "RESET",
            44 => "SYSNMI",
            43 => "UNMI",
            42 => "TIMER0_B0",
            41 => "TIMER0_B1",
            40 => "TIMER1_B0",
            39 => "TIMER1_B1",
            38 => "TIMER2_B0",
            37 => "TIMER2_B1",
            36 => "TIMER3_B0",
            35 => "TIMER3_B1",
            34 => "RTC",
            33 => "WDT",
            32 => "EUSCI_A0",
            31 => "EUSCI_A1",
            30 => "EUSCI_B0",
            29 => "EUSCI_B1",
            28 => "ADC",
            27 => "ECOMP0_ECOMP1",
            26 => "SAC0_SAC2",
            25 => "SAC1_SAC3",
            24 => "PORT1",
            23 => "PORT2",
            22 => "PORT3",
            21 => "PORT4",
            _ => "reserved",
        }
    }
}

/// Why the chip resets: the value that SYSRSTIV shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum ResetCause {
    /// Power-up.
    BrownOut = 0x02,
    /// The RST pin.
    ResetPin = 0x04,
    /// PMMSWBOR.
    SoftwareBor = 0x06,
    /// PMMSWPOR.
    SoftwarePor = 0x14,
    /// The watchdog ran out.
    WatchdogTimeout = 0x16,
    /// WDTCTL was written without its password.
    WatchdogPassword = 0x18,
    /// FRCTL0 was written without its password.
    FrctlPassword = 0x1A,
    /// A PMM register was written without its password.
    PmmPassword = 0x20,
}

impl ResetCause {
    /// A brown-out reset: everything, the port lock included.
    pub fn is_bor(self) -> bool {
        self <= Self::SoftwareBor
    }

    /// A power-on reset, or more: timers too.
    pub fn is_por(self) -> bool {
        self <= Self::SoftwarePor
    }
}

/// The part of the chip that its peripherals share.
#[derive(Debug)]
pub struct Backplane {
    /// MCLK cycle of the access or event that is being handled.
    pub now: u64,
    /// Future events.
    pub events: EventQueue,
    /// Every clock.
    pub clocks: Clocks,
    /// Interrupt requests that are flagged and enabled, bit n = vector number n.
    pub lines: u64,
    /// The first fault since somebody looked.
    pub fault: Option<FaultKind>,
    /// A reset that waits for the end of the instruction.
    pub reset: Option<ResetCause>,
}

impl Backplane {
    /// A backplane at cycle 0.
    pub fn new(clocks: Clocks) -> Self {
        Self {
            now: 0,
            events: EventQueue::default(),
            clocks,
            lines: 0,
            fault: None,
            reset: None,
        }
    }

    /// Raises or drops an interrupt request.
    #[inline]
    pub fn set_line(&mut self, number: u32, active: bool) {
        let bit = 1 << number;
        if active {
            if self.lines & bit == 0 {
                self.lines |= bit;
                self.events.ask_attention();
            }
        } else {
            self.lines &= !bit;
        }
    }

    /// Ends the run after the present instruction; the first fault wins.
    #[cold]
    pub fn raise(&mut self, fault: FaultKind) {
        self.fault.get_or_insert(fault);
        self.events.ask_attention();
    }

    /// Raises a fault about something that the model has not got.
    #[cold]
    pub fn not_modelled(&mut self, what: impl Into<String>, advice: &'static str) {
        self.raise(FaultKind::NotModelled {
            what: what.into(),
            advice,
        });
    }

    /// Raises a fault about something that the chip would not do well.
    #[cold]
    pub fn misuse(&mut self, what: impl Into<String>) {
        self.raise(FaultKind::Misuse(what.into()));
    }

    /// Resets the chip after the present instruction.
    pub fn request_reset(&mut self, cause: ResetCause) {
        self.reset.get_or_insert(cause);
        self.events.ask_attention();
    }
}

/// Which part of a register an access touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// All 16 bits.
    Word,
    /// The byte at the even address.
    Low,
    /// The byte at the odd address; its value stands in bits 15:8.
    High,
}

impl Lane {
    /// The bits that the access touches.
    pub fn mask(self) -> u16 {
        match self {
            Self::Word => 0xFFFF,
            Self::Low => 0x00FF,
            Self::High => 0xFF00,
        }
    }

    /// `old` with the touched bits taken from `value`.
    pub fn merge(self, old: u16, value: u16) -> u16 {
        (old & !self.mask()) | (value & self.mask())
    }
}
