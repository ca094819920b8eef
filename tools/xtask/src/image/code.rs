//! Instructions of the image with their extension words, and what they mean for control flow and for the stack.

use virtual_meter::cpu::{Instruction, Mode, Operation, PC, SP, SR};

use super::Image;

/// The GIE bit of SR.
const GIE: u16 = 8;

/// An instruction at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its address.
    pub address: u16,
    /// The first word, taken apart.
    pub instruction: Instruction,
    /// The source's value where the code alone says it: an immediate or a generated constant.
    pub literal: Option<u16>,
    /// The source's extension word: an immediate, an index or an address.
    pub source_word: u16,
    /// The destination's extension word.
    pub destination_word: u16,
    /// Address of the next instruction in memory.
    pub next: u16,
}

/// Where the CPU goes after an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// To the next instruction.
    On,
    /// To an address, always.
    Jump(u16),
    /// To an address or to the next instruction.
    Branch(u16),
    /// Through a table of addresses that starts there.
    Table(u16),
    /// To an address in a register or in memory.
    JumpUnknown,
    /// Into a function, then on.
    Call(u16),
    /// Into a function whose address is computed, then on.
    CallUnknown,
    /// Back to the caller.
    Return,
    /// Back from an interrupt.
    ReturnFromInterrupt,
}

/// What an instruction does to the stack pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackEffect {
    /// Nothing.
    None,
    /// Takes so many bytes (negative: gives them back).
    Takes(i32),
    /// Sets the stack pointer to a fixed address.
    Set,
    /// Something that cannot be followed.
    Unknown,
}

impl Placed {
    /// Reads the instruction at an address.
    ///
    /// None where the image has no bytes there, or the word is no classic MSP430 instruction.
    pub fn read(image: &Image, address: u16) -> Option<Self> {
        let instruction = Instruction::decode(image.word(address)?);
        if instruction.operation == Operation::Unsupported {
            return None;
        }
        let mut next = address.checked_add(2)?;
        let mut extension = |mode| {
            if !matches!(mode, Mode::Indexed | Mode::Absolute | Mode::Immediate) {
                return Some(0);
            }
            let word = image.word(next)?;
            next = next.wrapping_add(2);
            Some(word)
        };
        let source_word = extension(instruction.source)?;
        let destination_word = extension(instruction.destination)?;
        let literal = match instruction.source {
            Mode::Immediate => Some(source_word),
            Mode::Constant => Some(instruction.constant),
            _ => None,
        };
        Some(Self {
            address,
            instruction,
            literal,
            source_word,
            destination_word,
            next,
        })
    }

    /// Where the CPU goes from here.
    pub fn flow(&self) -> Flow {
        use Operation as O;
        let source_register = usize::from(self.instruction.source_register);
        match self.instruction.operation {
            O::Jmp => Flow::Jump(self.jump_target()),
            O::Jne | O::Jeq | O::Jnc | O::Jc | O::Jn | O::Jge | O::Jl => {
                Flow::Branch(self.jump_target())
            }
            O::Reti => Flow::ReturnFromInterrupt,
            O::Call => self.literal.map_or(Flow::CallUnknown, Flow::Call),
            O::Mov if self.writes_register(PC) => match (self.instruction.source, self.literal) {
                (_, Some(target)) => Flow::Jump(target),
                (Mode::IndirectIncrement, None) if source_register == SP => Flow::Return,
                (Mode::Indexed, None) if source_register != SP && source_register != PC => {
                    Flow::Table(self.source_word)
                }
                _ => Flow::JumpUnknown,
            },
            _ if self.writes_register(PC) => Flow::JumpUnknown,
            _ => Flow::On,
        }
    }

    /// What happens to the stack pointer, calls and returns left aside.
    pub fn stack_effect(&self) -> StackEffect {
        use Operation as O;
        let operation = self.instruction.operation;
        if operation == O::Push {
            return StackEffect::Takes(2);
        }
        let popped = self.instruction.source == Mode::IndirectIncrement
            && usize::from(self.instruction.source_register) == SP;
        if self.writes_register(SP) {
            // `pop sp` and arithmetic on SP by bytes do not occur in code that anyone would write.
            return match (operation, self.literal) {
                _ if popped || self.instruction.byte => StackEffect::Unknown,
                (O::Add, Some(count)) => StackEffect::Takes(-i32::from(count as i16)),
                (O::Sub, Some(count)) => StackEffect::Takes(i32::from(count as i16)),
                (O::Mov, Some(_)) => StackEffect::Set,
                _ => StackEffect::Unknown,
            };
        }
        if popped {
            StackEffect::Takes(-2)
        } else {
            StackEffect::None
        }
    }

    /// Fixed addresses that it reads or writes.
    pub fn absolute_operands(&self) -> impl Iterator<Item = u16> {
        let source = (self.instruction.source == Mode::Absolute).then_some(self.source_word);
        let destination =
            (self.instruction.destination == Mode::Absolute).then_some(self.destination_word);
        source.into_iter().chain(destination)
    }

    /// Whether it is EINT, alone or together with sleep bits.
    pub fn enables_interrupts(&self) -> bool {
        self.status_bits(Operation::Bis)
    }

    /// Whether it is DINT.
    pub fn disables_interrupts(&self) -> bool {
        self.status_bits(Operation::Bic)
    }

    /// Whether it is NOP in the form that assemblers write (`mov r3, r3`).
    pub fn is_nop(&self) -> bool {
        self.instruction == Instruction::decode(0x4303)
    }

    /// Whether it is in jump format, conditional or not.
    pub fn is_jump(&self) -> bool {
        use Operation as O;
        matches!(
            self.instruction.operation,
            O::Jmp | O::Jne | O::Jeq | O::Jnc | O::Jc | O::Jn | O::Jge | O::Jl
        )
    }

    fn jump_target(&self) -> u16 {
        self.next.wrapping_add(self.instruction.constant)
    }

    fn status_bits(&self, operation: Operation) -> bool {
        let wanted = self.instruction.operation == operation && self.writes_register(SR);
        wanted && self.literal.is_some_and(|bits| bits & GIE != 0)
    }

    /// Whether the result goes into that register.
    fn writes_register(&self, register: usize) -> bool {
        use Operation as O;
        let here = |mode, number: u8| mode == Mode::Register && usize::from(number) == register;
        match self.instruction.operation {
            O::Mov
            | O::Add
            | O::Addc
            | O::Subc
            | O::Sub
            | O::Dadd
            | O::Bic
            | O::Bis
            | O::Xor
            | O::And => here(
                self.instruction.destination,
                self.instruction.destination_register,
            ),
            O::Rrc | O::Swpb | O::Rra | O::Sxt => {
                here(self.instruction.source, self.instruction.source_register)
            }
            _ => false,
        }
    }
}

/// All instructions of the executable sections in memory order; an address where decoding fails stands as an error.
pub fn sweep(image: &Image) -> Vec<Result<Placed, u16>> {
    let mut found = Vec::new();
    for section in image.sections.iter().filter(|section| section.executable) {
        let end = u32::from(section.address) + section.size;
        let mut address = section.address;
        while u32::from(address) + 1 < end {
            let placed = Placed::read(image, address);
            found.push(placed.ok_or(address));
            let next = placed.map_or(address.checked_add(2), |placed| Some(placed.next));
            match next {
                Some(next) if next > address => address = next,
                _ => break,
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Segment;

    fn placed(words: &[u16]) -> Placed {
        let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let image = Image {
            segments: vec![Segment {
                address: 0xA000,
                bytes,
            }],
            ..Image::default()
        };
        Placed::read(&image, 0xA000).unwrap()
    }

    #[test]
    fn flow_of_each_kind() {
        let cases: [(&[u16], Flow); 12] = [
            (&[0x4303], Flow::On),
            (&[0x3FFF], Flow::Jump(0xA000)),
            (&[0x2401], Flow::Branch(0xA004)),
            (&[0x4030, 0xB000], Flow::Jump(0xB000)),
            (&[0x4C10, 0xB000], Flow::Table(0xB000)),
            (&[0x4C00], Flow::JumpUnknown),
            (&[0x12B0, 0xB000], Flow::Call(0xB000)),
            (&[0x128C], Flow::CallUnknown),
            (&[0x129C, 4], Flow::CallUnknown),
            (&[0x4130], Flow::Return),
            (&[0x1300], Flow::ReturnFromInterrupt),
            (&[0x5C00], Flow::JumpUnknown),
        ];
        for (words, flow) in cases {
            assert_eq!(placed(words).flow(), flow, "{words:04x?}");
        }
    }

    #[test]
    fn stack_effect_of_each_kind() {
        let cases: [(&[u16], StackEffect); 10] = [
            (&[0x120A], StackEffect::Takes(2)),
            (&[0x413A], StackEffect::Takes(-2)),
            (&[0x4132], StackEffect::Takes(-2)),
            (&[0x8031, 16], StackEffect::Takes(16)),
            (&[0x5031, 16], StackEffect::Takes(-16)),
            (&[0x8321], StackEffect::Takes(2)),
            (&[0x4031, 0x3000], StackEffect::Set),
            (&[0x4C01], StackEffect::Unknown),
            (&[0x5C01], StackEffect::Unknown),
            (&[0x9031, 0x2100], StackEffect::None),
        ];
        for (words, effect) in cases {
            assert_eq!(placed(words).stack_effect(), effect, "{words:04x?}");
        }
    }

    #[test]
    fn interrupt_switches_are_told_apart() {
        assert!(placed(&[0xD232]).enables_interrupts());
        assert!(placed(&[0xD032, 0x18]).enables_interrupts());
        assert!(!placed(&[0xD032, 0x10]).enables_interrupts());
        assert!(placed(&[0xC232]).disables_interrupts());
        assert!(!placed(&[0xC232]).enables_interrupts());
        assert!(placed(&[0x4303]).is_nop());
    }
}
