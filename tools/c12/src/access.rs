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

    /// A session of these groups has the right.
    pub fn gives(&self, right: Right, groups: u16) -> bool {
        let (flag, mask) = match right {
            Right::Read => (ANY_READ, self.read),
            Right::Write => (ANY_WRITE, self.write),
        };
        self.id & flag != 0 || groups & mask != 0
    }
}

/// Decides with the exceptions of ST44 (bytes of its entries) and the rule of ST43 that applies otherwise.
/// `id` is a table's number, or a procedure's with `PROCEDURE` added.
pub fn allows(exceptions: &[u8], default: &Rule, id: u16, right: Right, groups: u16) -> bool {
    let (entries, _) = exceptions.as_chunks::<RULE_SIZE>();
    for entry in entries {
        let rule = Rule::from_bytes(entry);
        if rule.id & IDENTITY == id {
            return rule.gives(right, groups);
        }
    }
    default.gives(right, groups)
}

/// Compares a password in a time that does not depend on where it differs.
pub fn same_password(given: &[u8; 20], stored: &[u8; 20]) -> bool {
    let mut difference: u16 = 0;
    for (given, stored) in given.iter().zip(stored) {
        difference |= *given as u16 ^ *stored as u16;
    }
    difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYBODY_READS: Rule = Rule {
        id: ANY_READ,
        read: 0,
        write: 0b1000_0000,
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
        let exceptions = [secret.to_bytes(), reset.to_bytes(), free.to_bytes()].concat();
        let allows = |id, right, groups| allows(&exceptions, &EVERYBODY_READS, id, right, groups);
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
    }

    #[test]
    fn rules_keep_their_bytes() {
        let bytes = [0x2A, 0x68, 0x01, 0x80];
        assert_eq!(Rule::from_bytes(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn passwords() {
        let stored = *b"twenty bytes of key ";
        assert!(same_password(&stored, &stored));
        for at in 0..20 {
            let mut wrong = stored;
            wrong[at] ^= 1;
            assert!(!same_password(&wrong, &stored));
        }
    }
}
