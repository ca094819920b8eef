//! Who may read, write and run what: ST43's defaults and ST44's exceptions.
//!
//! A session belongs to the groups of the password it gave (ST42's ACCESS_PERMISSIONS), or to none. A right is given to
//! everybody by a flag, or to the groups of a mask.

/// ANY_READ_FLAG of TABLE_IDC: everybody may read.
pub const ANY_READ: u16 = 1 << 13;
/// ANY_WRITE_FLAG of TABLE_IDC: everybody may write, or run.
pub const ANY_WRITE: u16 = 1 << 14;
/// The number is a procedure's.
pub const PROCEDURE: u16 = 1 << 12;

/// Number with the manufacturer's bit, and whether it is a procedure.
const IDENTITY: u16 = PROCEDURE | 0x0FFF;

/// What is to be done.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Read a table.
    Read,
    /// Write a table, or run a procedure.
    Write,
}

/// One entry of ST44, or one of ST43's two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// TABLE_IDC: number (2048 + n for a manufacturer's), `PROCEDURE`, `ANY_READ`, `ANY_WRITE`.
    pub id: u16,
    /// Groups that may read, one bit each.
    pub read: u16,
    /// Groups that may write or run.
    pub write: u16,
}

/// Bytes of a rule in ST43 and ST44.
pub const RULE_SIZE: usize = 4;

impl Rule {
    /// The rule as ST43 and ST44 carry it, least significant byte first.
    pub const fn to_bytes(self) -> [u8; RULE_SIZE] {
        [
            (self.id & 0xFF) as u8,
            (self.id >> 8) as u8,
            self.read as u8,
            self.write as u8,
        ]
    }

    /// A rule from those bytes.
    pub const fn from_bytes(bytes: &[u8; RULE_SIZE]) -> Self {
        let id = (bytes[1] as u16) << 8 | bytes[0] as u16;
        Rule {
            id,
            read: bytes[2] as u16,
            write: bytes[3] as u16,
        }
    }
}

/// Decides with ST44, as its entries' bytes, and ST43, whose two rules (for tables and for procedures) apply otherwise.
/// `id` is a table's number, or a procedure's with `PROCEDURE` added. Not 0 when it is allowed.
pub fn allows(
    exceptions: &[[u8; RULE_SIZE]],
    defaults: &[[u8; RULE_SIZE]; 2],
    id: u16,
    right: Right,
    groups: u16,
) -> u16 {
    let [table, procedure] = defaults;
    let mut entry = table;
    if id & PROCEDURE != 0 {
        entry = procedure;
    }
    for exception in exceptions {
        if Rule::from_bytes(exception).id & IDENTITY == id {
            entry = exception;
        }
    }
    // The flag of the second right is the next bit, its groups are the next byte.
    let [_, flags, masks @ ..] = entry;
    let mut flag = ANY_READ >> 8;
    if right as u16 != 0 {
        flag += flag;
    }
    *flags as u16 & flag | groups & masks[right as usize & 1] as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYBODY_READS: Rule = Rule {
        id: ANY_READ,
        read: 0,
        write: 0b1000_0000,
    };
    const NOBODY_RUNS: Rule = Rule {
        id: PROCEDURE,
        read: 0,
        write: 0,
    };

    #[test]
    fn defaults_and_exceptions() {
        let secret = Rule {
            id: 42,
            read: 0,
            write: 0b10,
        };
        let reset = Rule {
            id: PROCEDURE | 9,
            read: 0,
            write: 0b11,
        };
        let free = Rule {
            id: ANY_WRITE | (2048 + 5),
            read: 1,
            write: 0,
        };
        let exceptions = [secret.to_bytes(), reset.to_bytes(), free.to_bytes()];
        let defaults = [EVERYBODY_READS.to_bytes(), NOBODY_RUNS.to_bytes()];
        let allows = |id, right, groups| allows(&exceptions, &defaults, id, right, groups) != 0;
        assert!(allows(23, Right::Read, 0));
        assert!(!allows(23, Right::Write, 0b0111_1111));
        assert!(allows(23, Right::Write, 0b1000_0000));
        assert!(!allows(42, Right::Read, 0xFF), "nobody reads passwords");
        assert!(allows(42, Right::Write, 0b10));
        // Procedure 9 and table 9 are different things.
        assert!(allows(PROCEDURE | 9, Right::Write, 1));
        assert!(!allows(9, Right::Write, 1));
        assert!(allows(2048 + 5, Right::Write, 0));
        assert!(!allows(5, Right::Write, 0));
        assert!(!allows(PROCEDURE | 5, Right::Write, 0xFF));
    }

    #[test]
    fn rules_keep_their_bytes() {
        let bytes = [0x2A, 0x68, 0x01, 0x80];
        assert_eq!(Rule::from_bytes(&bytes).to_bytes(), bytes);
    }
}
