//! Words in which tables are described: a named field, its type, how often and when it is there.
//!
//! Only readers use these descriptions; a constant that the target does not touch costs it nothing. Sizes that another
//! table announces (the dimension and limits tables) are referred to by that field's name in the standard.

/// One field of a table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Field {
    /// The standard's name for it, or for manufacturer tables ours, with the unit.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// How often it is there.
    pub repeat: Repeat,
    /// Which flag of the limits tables decides whether it is there.
    pub when: When,
}

/// Presence of a field.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum When {
    /// Always there.
    Always,
    /// There when the named bit field is not zero.
    Set(&'static str),
    /// There when the named bit field is zero.
    Clear(&'static str),
    /// There when the table has not ended before it.
    BytesLeft,
}

/// How many of a field follow each other.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Repeat {
    /// One, shown as a value.
    Once,
    /// A list of as many as the named dimension field says.
    Times(&'static str),
    /// A list of always so many.
    Exactly(usize),
}

/// Type of a field. Sizes in bytes; byte order, character and number formats are those of ST0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Unsigned integer.
    Unsigned(usize),
    /// Signed integer.
    Signed(usize),
    /// Integer cut into bit fields.
    Bits(usize, &'static [Bits]),
    /// Integer whose bits have these names, from bit 0 on; shown as the list of those set.
    Flags(usize, &'static [&'static str]),
    /// Characters.
    Chars(usize),
    /// Identifier: so many characters, or as many BCD bytes when ST0's ID_FORM says so.
    Identifier(usize, usize),
    /// Bytes without further meaning.
    Bytes(usize),
    /// Set with as many bytes as the named field says; shown as the list of its elements.
    Set(&'static str),
    /// Set with one bit for each of the entries that the named field counts.
    SetOf(&'static str),
    /// Number in ST0's NI_FORMAT1 (energies).
    Ni1,
    /// Number in ST0's NI_FORMAT2 (demands).
    Ni2,
    /// Date and time with seconds.
    Ltime,
    /// Date and time without seconds.
    Stime,
    /// Time of day.
    Time,
    /// Signed 32 bits in thousandths; the lowest value means not available. MT tables only.
    Milli,
    /// Signed 32 bits in millionths, likewise.
    Micro,
    /// Signed 64 bits in millionths, likewise.
    MicroWide,
    /// Signed integer of so many bytes with so many fraction bits. MT tables only.
    Fixed(usize, i32),
    /// Unsigned 16 bits in 1/32 768; shown in per cent. MT tables only.
    Share,
    /// Unsigned 64 bits in 2⁻³²; the highest value means not available. MT tables only.
    Energy,
    /// As many bytes as the named field says, without further meaning.
    BytesOf(&'static str),
    /// Whatever bytes are left.
    Rest,
    /// Load-profile value in the format that the named INT_FMT_CDE field selects.
    Interval(&'static str),
    /// Extended interval status for the number of channels that the named field gives: half a byte each, and one
    /// half for all.
    IntervalStatus(&'static str),
    /// Fields inside a field.
    Group(&'static [Field]),
}

/// A part of an integer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bits {
    /// The standard's name.
    pub name: &'static str,
    /// Lowest bit.
    pub low: u32,
    /// Number of bits.
    pub width: u32,
}

impl Field {
    /// A field that is always there, once.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Field {
            name,
            kind,
            repeat: Repeat::Once,
            when: When::Always,
        }
    }

    /// The same, as a list whose length the field `count` tells.
    pub const fn times(self, count: &'static str) -> Self {
        Field {
            repeat: Repeat::Times(count),
            ..self
        }
    }

    /// The same, as a list of always `count`.
    pub const fn exactly(self, count: usize) -> Self {
        Field {
            repeat: Repeat::Exactly(count),
            ..self
        }
    }

    /// The same, present only when the named flag is set.
    pub const fn when(self, flag: &'static str) -> Self {
        Field {
            when: When::Set(flag),
            ..self
        }
    }

    /// The same, present only when the table has not ended before it.
    pub const fn optional(self) -> Self {
        Field {
            when: When::BytesLeft,
            ..self
        }
    }

    /// The same, present only when the named flag is clear.
    pub const fn unless(self, flag: &'static str) -> Self {
        Field {
            when: When::Clear(flag),
            ..self
        }
    }
}

/// Bits `low` to `low + width - 1` of an integer.
pub const fn bits(name: &'static str, low: u32, width: u32) -> Bits {
    Bits { name, low, width }
}
