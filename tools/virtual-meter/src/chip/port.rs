//! Digital ports: pins with direction, pull resistors, functions, and edge interrupts on ports 1 to 4.
//!
//! What a pin shows is decided in this order: the chip drives it; something on the board drives it; its pull resistor.
//! Until LOCKLPM5 is cleared the chip drives nothing and sees no edges.

use super::backplane::{Backplane, line};

/// The registers of a port; the order is that of the address table in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// PxIN.
    Input,
    /// PxOUT.
    Output,
    /// PxDIR.
    Direction,
    /// PxREN.
    Resistor,
    /// PxSEL0.
    Select0,
    /// PxSEL1.
    Select1,
    /// PxSELC.
    SelectComplement,
    /// PxIES.
    EdgeSelect,
    /// PxIE.
    InterruptEnable,
    /// PxIFG.
    InterruptFlag,
}

/// Which register of the port, and whether of the even or the odd port, lies at `offset` from a port pair's base.
/// `None` for IV registers, which are words, and for gaps.
pub fn register_at(offset: u16) -> Option<(Register, usize)> {
    let register = match offset & !1 {
        0x00 => Register::Input,
        0x02 => Register::Output,
        0x04 => Register::Direction,
        0x06 => Register::Resistor,
        0x0A => Register::Select0,
        0x0C => Register::Select1,
        0x16 => Register::SelectComplement,
        0x18 => Register::EdgeSelect,
        0x1A => Register::InterruptEnable,
        0x1C => Register::InterruptFlag,
        _ => return None,
    };
    Some((register, usize::from(offset & 1)))
}

/// One 8-bit port.
#[derive(Debug)]
pub struct Port {
    /// Number of its interrupt line; `None` for ports 5 and 6.
    line: Option<u32>,
    output: u8,
    direction: u8,
    resistor: u8,
    select0: u8,
    select1: u8,
    edge_select: u8,
    enable: u8,
    flag: u8,
    /// Pins that the board drives, and the level there.
    board_drives: u8,
    board_level: u8,
    /// Level that the selected peripheral gives to an output pin.
    peripheral_level: u8,
    /// Level last seen, for edges.
    seen: u8,
    /// LOCKLPM5.
    locked: bool,
}

impl Port {
    /// A port at power-up; `number` 1 to 6.
    pub fn new(number: u32) -> Self {
        Self {
            line: (number <= 4).then(|| line::PORT1 + 1 - number),
            output: 0,
            direction: 0,
            resistor: 0,
            select0: 0,
            select1: 0,
            edge_select: 0,
            enable: 0,
            flag: 0,
            board_drives: 0,
            board_level: 0,
            peripheral_level: 0,
            seen: 0,
            locked: true,
        }
    }

    /// The function (SEL1:SEL0) of pin `bit`.
    pub fn function(&self, bit: u32) -> u8 {
        (self.select1 >> bit & 1) << 1 | (self.select0 >> bit & 1)
    }

    /// Is pin `bit` connected to the peripheral of `function`, with the ports unlocked?
    pub fn serves(&self, bit: u32, function: u8) -> bool {
        !self.locked && self.function(bit) == function
    }

    /// Pins that the chip drives, and their levels.
    pub fn driven(&self) -> (u8, u8) {
        if self.locked {
            return (0, 0);
        }
        let by_peripheral = self.select0 | self.select1;
        (
            self.direction,
            (self.output & !by_peripheral) | (self.peripheral_level & by_peripheral),
        )
    }

    /// What PxIN shows.
    pub fn input(&self) -> u8 {
        let (driven, level) = self.driven();
        let pulled = if self.locked {
            0
        } else {
            self.resistor & self.output
        };
        (driven & level)
            | (!driven & ((self.board_drives & self.board_level) | (!self.board_drives & pulled)))
    }

    /// The board drives pin `bit` to a level, or lets go of it.
    pub fn drive(&mut self, bit: u32, level: Option<bool>, backplane: &mut Backplane) {
        let mask = 1 << bit;
        self.board_drives = self.board_drives & !mask | if level.is_some() { mask } else { 0 };
        self.board_level = self.board_level & !mask | if level == Some(true) { mask } else { 0 };
        self.look(backplane);
    }

    /// A peripheral's output changes on pin `bit`.
    pub fn set_peripheral_level(&mut self, bit: u32, level: bool, backplane: &mut Backplane) {
        let mask = 1 << bit;
        self.peripheral_level = self.peripheral_level & !mask | if level { mask } else { 0 };
        self.look(backplane);
    }

    /// LOCKLPM5 changes.
    pub fn set_locked(&mut self, locked: bool, backplane: &mut Backplane) {
        self.locked = locked;
        self.look(backplane);
    }

    /// Flags the edges since the last look.
    fn look(&mut self, backplane: &mut Backplane) {
        let now = self.input();
        let rising = now & !self.seen;
        let falling = self.seen & !now;
        self.seen = now;
        if self.line.is_some() && !self.locked {
            self.flag |= (rising & !self.edge_select) | (falling & self.edge_select);
        }
        self.update(backplane);
    }

    fn update(&self, backplane: &mut Backplane) {
        if let Some(number) = self.line {
            backplane.set_line(number, self.flag & self.enable != 0);
        }
    }

    /// Reads a register; `None` for those that ports 5 and 6 lack.
    pub fn read(&self, register: Register) -> Option<u8> {
        match register {
            Register::Input => Some(self.input()),
            Register::Output => Some(self.output),
            Register::Direction => Some(self.direction),
            Register::Resistor => Some(self.resistor),
            Register::Select0 => Some(self.select0),
            Register::Select1 => Some(self.select1),
            Register::SelectComplement => Some(0),
            _ if self.line.is_none() => None,
            Register::EdgeSelect => Some(self.edge_select),
            Register::InterruptEnable => Some(self.enable),
            Register::InterruptFlag => Some(self.flag),
        }
    }

    /// Writes a register; `None` for those that ports 5 and 6 lack.
    pub fn write(
        &mut self,
        register: Register,
        value: u8,
        backplane: &mut Backplane,
    ) -> Option<()> {
        match register {
            Register::Input => {}
            Register::Output => self.output = value,
            Register::Direction => self.direction = value,
            Register::Resistor => self.resistor = value,
            Register::Select0 => self.select0 = value,
            Register::Select1 => self.select1 = value,
            Register::SelectComplement => {
                self.select0 ^= value;
                self.select1 ^= value;
            }
            _ if self.line.is_none() => return None,
            Register::EdgeSelect => {
                // The guide: a change to the edge that the pin already shows may set the flag. Here it does.
                let to_falling = value & !self.edge_select;
                let to_rising = self.edge_select & !value;
                self.edge_select = value;
                self.flag |= (to_falling & !self.input()) | (to_rising & self.input());
            }
            Register::InterruptEnable => self.enable = value,
            Register::InterruptFlag => self.flag = value,
        }
        self.look(backplane);
        Some(())
    }

    /// Reads PxIV: the lowest flagged and enabled pin as 2, 4 … 16, whose flag is cleared.
    pub fn read_vector(&mut self, backplane: &mut Backplane) -> Option<u16> {
        self.line?;
        let active = self.flag & self.enable;
        if active == 0 {
            return Some(0);
        }
        let bit = active.trailing_zeros();
        self.flag &= !(1 << bit);
        self.update(backplane);
        Some(2 * (bit as u16 + 1))
    }

    /// A write of PxIV clears every flag.
    pub fn clear_flags(&mut self, backplane: &mut Backplane) -> Option<()> {
        self.line?;
        self.flag = 0;
        self.update(backplane);
        Some(())
    }

    /// A reset; what the board drives stays, and so does PxOUT.
    pub fn reset(&mut self, backplane: &mut Backplane) {
        self.direction = 0;
        self.resistor = 0;
        self.select0 = 0;
        self.select1 = 0;
        self.enable = 0;
        self.flag = 0;
        self.peripheral_level = 0;
        self.seen = self.input();
        self.update(backplane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    fn unlocked() -> (Port, Backplane) {
        let mut backplane = backplane();
        let mut port = Port::new(2);
        port.set_locked(false, &mut backplane);
        (port, backplane)
    }

    #[test]
    fn locked_pins_do_nothing() {
        let mut backplane = backplane();
        let mut port = Port::new(4);
        port.write(Register::Direction, 0xFF, &mut backplane);
        port.write(Register::Output, 0xFF, &mut backplane);
        assert_eq!(port.driven(), (0, 0));
        port.set_locked(false, &mut backplane);
        assert_eq!(port.driven(), (0xFF, 0xFF));
    }

    #[test]
    fn the_board_wins_over_the_pull_resistor() {
        let (mut port, mut backplane) = unlocked();
        port.write(Register::Resistor, 0x0C, &mut backplane);
        port.write(Register::Output, 0x04, &mut backplane);
        assert_eq!(port.input(), 0x04);
        port.drive(2, Some(false), &mut backplane);
        port.drive(3, Some(true), &mut backplane);
        assert_eq!(port.input(), 0x08);
        port.drive(2, None, &mut backplane);
        assert_eq!(port.input(), 0x0C);
    }

    #[test]
    fn edges_flag_and_the_vector_clears_the_lowest() {
        let (mut port, mut backplane) = unlocked();
        port.write(Register::EdgeSelect, 0x01, &mut backplane);
        port.write(Register::InterruptFlag, 0, &mut backplane);
        port.write(Register::InterruptEnable, 0x05, &mut backplane);
        for (bit, level) in [(0, true), (0, false), (2, true), (3, true)] {
            port.drive(bit, Some(level), &mut backplane);
        }
        assert_eq!(port.read(Register::InterruptFlag), Some(0x0D));
        assert_eq!(backplane.lines, 1 << (line::PORT1 - 1));
        assert_eq!(port.read_vector(&mut backplane), Some(2));
        assert_eq!(port.read_vector(&mut backplane), Some(6));
        assert_eq!(port.read_vector(&mut backplane), Some(0));
        assert_eq!(backplane.lines, 0);
        assert_eq!(
            port.read(Register::InterruptFlag),
            Some(0x08),
            "not enabled, not cleared"
        );
    }

    #[test]
    fn selc_changes_both_selects_at_once() {
        let (mut port, mut backplane) = unlocked();
        port.write(Register::SelectComplement, 0x30, &mut backplane);
        assert_eq!(port.function(4), 3);
        assert_eq!(port.read(Register::SelectComplement), Some(0));
    }

    #[test]
    fn ports_without_interrupts_lack_the_registers() {
        let mut port = Port::new(5);
        assert_eq!(port.read(Register::InterruptFlag), None);
        assert_eq!(port.read_vector(&mut backplane()), None);
    }
}
