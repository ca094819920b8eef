//! A meter's tables as data: constant bytes and live values, one list from which ST0 announces itself.
//!
//! The firmware describes each of its tables once, as a list of [`Part`]s, and all of them in one [`Table`] list.
//! ST0's used and writable sets are computed from that list at compile time, so that what is announced and what
//! exists cannot differ:
//!
//! ```
//! use c12::table::{Part, set_used, set_writable, size};
//!
//! c12::tables! {
//!     static TABLES announced by ANNOUNCED {
//!         0: read ST0;
//!         5: write ST5;
//!         2048: read MT0;
//!     }
//! }
//! static USED: [u8; 1] = set_used(&ANNOUNCED, 0);
//! static WRITABLE: [u8; 1] = set_writable(&ANNOUNCED, 0);
//! static MFG_USED: [u8; 1] = set_used(&ANNOUNCED, 2048);
//! static ST0: [Part; 4] =
//!     [Part::Rom(b"head"), Part::Rom(&USED), Part::Rom(&MFG_USED), Part::Rom(&WRITABLE)];
//! static ST5: [Part; 1] = [Part::Live { id: 1, size: 20 }];
//! static MT0: [Part; 1] = [Part::Live { id: 2, size: 112 }];
//!
//! assert_eq!(USED, [0b0010_0001]);
//! assert_eq!(WRITABLE, [0b0010_0000]);
//! assert_eq!(size(TABLES[0].parts), 7);
//! ```

/// Writes a meter's list of tables twice from one text: with their parts for the meter, and as [`Announced`] for the
/// sets. (One list cannot do: ST0 is made from the list and stands in it, which the compiler calls a cycle.)
#[macro_export]
macro_rules! tables {
    (
        $(#[$doc:meta])*
        $vis:vis static $tables:ident announced by $announced:ident {
            $($id:literal: $access:ident $parts:expr;)*
        }
    ) => {
        $(#[$doc])*
        $vis static $tables: [$crate::table::Table; [$($id),*].len()] =
            [$($crate::table::Table { id: $id, parts: &$parts }),*];

        /// The same tables as ST0 announces them.
        $vis const $announced: [$crate::table::Announced; [$($id),*].len()] =
            [$($crate::table::Announced::$access($id)),*];
    };
}

/// A run of bytes of a table.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Constant bytes.
    Rom(&'static [u8]),
    /// Bytes that the meter gives when asked.
    Live {
        /// The meter's own number for this value.
        id: u16,
        /// How many bytes it has in the table.
        size: u16,
    },
}

/// One table of a meter.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Number on the wire: n for ST n, 2048 + n for MT n.
    pub id: u16,
    /// Its bytes in order.
    pub parts: &'static [Part],
}

/// What ST0 says about a table. Only used at compile time.
#[derive(Clone, Copy, Debug)]
pub struct Announced {
    id: u16,
    writable: bool,
}

impl Announced {
    /// A table that can be read.
    pub const fn read(id: u16) -> Self {
        Announced {
            id,
            writable: false,
        }
    }

    /// A table that can be read and written, or only written.
    pub const fn write(id: u16) -> Self {
        Announced { id, writable: true }
    }
}

/// Where live bytes come from.
pub trait Source {
    /// Byte `at` of value `id`, in the lower half.
    fn live(&mut self, id: u16, at: u16) -> u16;
}

/// Size of a table in bytes.
pub fn size(parts: &[Part]) -> u16 {
    let mut size = 0u16;
    let mut parts = parts;
    while let Some((part, later)) = parts.split_first() {
        size = size.wrapping_add(part.size());
        parts = later;
    }
    size
}

/// The table of this number.
pub fn find(tables: &'static [Table], id: u16) -> Option<&'static Table> {
    tables.iter().find(|table| table.id == id)
}

/// The table's byte at `offset`, in the lower half; what lies beyond the table is zero. (One at a time: that needs half the
/// code of runs of bytes, and a packet has few.)
#[inline(never)]
pub fn byte<S: Source>(parts: &[Part], offset: u16, source: &mut S) -> u16 {
    let mut at = offset;
    let mut parts = parts;
    while let Some((part, later)) = parts.split_first() {
        let size = part.size();
        if at < size {
            return match part {
                Part::Rom(bytes) => bytes.get(at as usize).map_or(0, |byte| *byte as u16),
                Part::Live { id, .. } => source.live(*id, at),
            };
        }
        at -= size;
        parts = later;
    }
    0
}

/// Set of the tables that exist, as ST0 carries it: bit n = table `first` + n. `first` is 0 or 2048.
pub const fn set_used<const N: usize>(tables: &[Announced], first: u16) -> [u8; N] {
    set(tables, first, false)
}

/// Set of the tables that can be written.
pub const fn set_writable<const N: usize>(tables: &[Announced], first: u16) -> [u8; N] {
    set(tables, first, true)
}

/// Bytes that a set from `first` needs: ST0's DIM_STD_TBLS_USED (`first` 0) or DIM_MFG_TBLS_USED (2048).
pub const fn set_len(tables: &[Announced], first: u16) -> usize {
    let mut len = 0;
    let mut i = 0;
    while i < tables.len() {
        let id = tables[i].id;
        if belongs(id, first) && (id - first) as usize / 8 + 1 > len {
            len = (id - first) as usize / 8 + 1;
        }
        i += 1;
    }
    len
}

/// Standard tables end where the manufacturer's begin.
const fn belongs(id: u16, first: u16) -> bool {
    id >= first && id - first < 2048
}

/// Compile-time only: fails the build when a table does not fit the set or two have the same number.
const fn set<const N: usize>(tables: &[Announced], first: u16, writable_only: bool) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < tables.len() {
        let table = &tables[i];
        if belongs(table.id, first) && (table.writable || !writable_only) {
            let n = (table.id - first) as usize;
            assert!(n / 8 < N, "a table does not fit into ST0's set");
            assert!(
                bytes[n / 8] & 1 << (n % 8) == 0,
                "two tables have the same number"
            );
            bytes[n / 8] |= 1 << (n % 8);
        }
        i += 1;
    }
    bytes
}

impl Part {
    /// Bytes of this part.
    pub const fn size(&self) -> u16 {
        match self {
            Part::Rom(bytes) => bytes.len() as u16,
            Part::Live { size, .. } => *size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Source for Counting {
        fn live(&mut self, id: u16, at: u16) -> u16 {
            id * 16 + at
        }
    }

    const PARTS: [Part; 4] = [
        Part::Rom(&[1, 2, 3]),
        Part::Live { id: 4, size: 4 },
        Part::Rom(&[4]),
        Part::Live { id: 6, size: 2 },
    ];
    const WHOLE: [u8; 10] = [1, 2, 3, 0x40, 0x41, 0x42, 0x43, 4, 0x60, 0x61];

    #[test]
    fn every_byte_is_that_of_its_part() {
        assert_eq!(size(&PARTS), 10);
        for (offset, expected) in (0..).zip(WHOLE) {
            assert_eq!(byte(&PARTS, offset, &mut Counting), expected.into());
        }
        assert_eq!(byte(&PARTS, 10, &mut Counting), 0);
    }

    #[test]
    fn set_length_follows_the_highest_table() {
        const TABLES: [Announced; 3] = [
            Announced::read(0),
            Announced::read(28),
            Announced::write(2048 + 8),
        ];
        assert_eq!(set_len(&TABLES, 0), 4);
        assert_eq!(set_len(&TABLES, 2048), 2);
        assert_eq!(set_used::<4>(&TABLES, 0), [1, 0, 0, 0x10]);
        assert_eq!(set_writable::<2>(&TABLES, 2048), [0, 1]);
    }
}
