//! A meter's tables as data: constant bytes and live values, one list from which ST0 announces itself.
//!
//! The firmware describes each of its tables once, as a list of [`Part`]s, and all of them in one list. ST0's used and
//! writable sets are computed from that list at compile time, so that what is announced and what exists cannot differ.
//! So are [`Tables`], what the meter keeps of it: four bytes a part, four a table, and no constant bytes twice.
//!
//! ```
//! use c12::table::{Part, set_used, set_writable};
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
//! assert_eq!(TABLES.size(TABLES.find(0)), 7);
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
        $vis static $tables: $crate::table::Tables<
            { [$($id),*].len() },
            { $crate::table::Draft::of(&[$(($id, &$parts)),*]).size().0 },
            { $crate::table::Draft::of(&[$(($id, &$parts)),*]).size().1 },
        > = $crate::table::Draft::of(&[$(($id, &$parts)),*]).finish();

        /// The same tables as ST0 announces them.
        $vis const $announced: [$crate::table::Announced; [$($id),*].len()] =
            [$($crate::table::Announced::$access($id)),*];
    };
}

/// A run of bytes of a table, as its meter describes it.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Constant bytes.
    Rom(&'static [u8]),
    /// Bytes that the meter gives when asked.
    Live {
        /// The meter's own number for this value, below [`ROM`].
        id: u16,
        /// How many bytes it has in the table.
        size: u16,
    },
}

/// A run of bytes of a table, as its meter keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Number of the live value, or from [`ROM`] on the place of constant bytes.
    pub from: u16,
    /// How many bytes it has, and [`LAST`] with a table's last one.
    size: u16,
}

impl Run {
    /// How many bytes it has.
    pub const fn size(&self) -> u16 {
        self.size & !LAST
    }
}

/// In the size of a run: it is the last one of its table.
const LAST: u16 = 1 << 15;

/// Numbers of live values are below this.
pub const ROM: u16 = 0xA000;

/// A table that was found: the place of its first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found(u16);

impl Found {
    /// The first of all.
    pub const FIRST: Self = Self(0);
    /// There is no such table.
    pub const NONE: Self = Self(0xFFFF);
}

/// Every table of a meter.
#[derive(Clone, Copy, Debug)]
pub struct Tables<const TABLES: usize, const RUNS: usize, const BYTES: usize> {
    /// Of each its number, n for ST n and 2048 + n for MT n.
    index: [(u16, Found); TABLES],
    runs: [Run; RUNS],
    bytes: [u8; BYTES],
}

impl<const TABLES: usize, const RUNS: usize, const BYTES: usize> Tables<TABLES, RUNS, BYTES> {
    /// The table of this number.
    #[inline(never)]
    pub fn find(&self, id: u16) -> Found {
        for (one, runs) in &self.index {
            if *one == id {
                return *runs;
            }
        }
        Found::NONE
    }

    /// The first run of a table.
    pub fn first_run(&self, table: Found) -> Option<&Run> {
        self.runs.get(table.0 as usize)
    }

    /// Size of a table in bytes.
    pub fn size(&self, table: Found) -> u16 {
        let mut size = 0u16;
        let mut place = table.0;
        while let Some(run) = self.runs.get(place as usize) {
            size = size.wrapping_add(run.size);
            if run.size >= LAST {
                break;
            }
            place += 1;
        }
        size & !LAST
    }

    /// The table's byte at `offset`, in the lower half; `offset` is below its size. (One at a time: that needs half the
    /// code of runs of bytes, and a packet has few.)
    #[inline(never)]
    pub fn byte<S: Source>(&self, table: Found, offset: u16, source: &mut S) -> u16 {
        let mut at = offset;
        let mut place = table.0;
        while let Some(run) = self.runs.get(place as usize) {
            let size = run.size();
            if at < size {
                if run.from < ROM {
                    return source.live(run.from, at);
                }
                let byte = self.bytes.get((run.from - ROM).wrapping_add(at) as usize);
                return byte.map_or(0, |byte| *byte as u16);
            }
            at -= size;
            place += 1;
        }
        0
    }

    /// Their numbers, in the order of the list.
    pub fn ids(&self) -> impl Iterator<Item = u16> {
        self.index.iter().map(|(id, _)| *id)
    }
}

/// [`Tables`] in the making, at compile time; large enough for any meter.
pub struct Draft {
    index: [(u16, Found); 256],
    tables: usize,
    runs: [Run; 256],
    runs_size: usize,
    bytes: [u8; 4096],
    bytes_size: usize,
}

impl Draft {
    /// From numbers and their parts; what has been there before is used again.
    pub const fn of(tables: &[(u16, &[Part])]) -> Self {
        let mut draft = Self {
            index: [(0, Found::FIRST); 256],
            tables: tables.len(),
            runs: [Run { from: 0, size: 0 }; 256],
            runs_size: 0,
            bytes: [0; 4096],
            bytes_size: 0,
        };
        let mut k = 0;
        while k < tables.len() {
            let (id, parts) = tables[k];
            let first = draft.place_runs(parts);
            draft.index[k] = (id, Found(first as u16));
            k += 1;
        }
        draft
    }

    /// Where these parts stand, put there if they did not.
    const fn place_runs(&mut self, parts: &[Part]) -> usize {
        let mut runs = [Run { from: ROM, size: 0 }; 32];
        let count = if parts.is_empty() { 1 } else { parts.len() };
        let mut k = 0;
        while k < parts.len() {
            runs[k] = match parts[k] {
                Part::Rom(bytes) => Run {
                    from: ROM + self.place_bytes(bytes) as u16,
                    size: bytes.len() as u16,
                },
                Part::Live { id, size } => {
                    assert!(id < ROM, "a live value's number is a constant's place");
                    Run { from: id, size }
                }
            };
            assert!(runs[k].size < LAST, "a part is too long");
            k += 1;
        }
        runs[count - 1].size |= LAST;
        let mut at = 0;
        while at < self.runs_size {
            let mut same = 0;
            while same < count
                && at + same < self.runs_size
                && self.runs[at + same].from == runs[same].from
                && self.runs[at + same].size == runs[same].size
            {
                same += 1;
            }
            if same == count {
                return at;
            }
            at += 1;
        }
        let mut k = 0;
        while k < count {
            self.runs[self.runs_size] = runs[k];
            self.runs_size += 1;
            k += 1;
        }
        self.runs_size - count
    }

    /// The same for constant bytes.
    const fn place_bytes(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < self.bytes_size {
            let mut same = 0;
            while same < bytes.len()
                && at + same < self.bytes_size
                && self.bytes[at + same] == bytes[same]
            {
                same += 1;
            }
            if same == bytes.len() {
                return at;
            }
            at += 1;
        }
        let mut k = 0;
        while k < bytes.len() {
            self.bytes[self.bytes_size] = bytes[k];
            self.bytes_size += 1;
            k += 1;
        }
        self.bytes_size - bytes.len()
    }

    /// Numbers of runs and of constant bytes.
    pub const fn size(&self) -> (usize, usize) {
        (self.runs_size, self.bytes_size)
    }

    /// What the meter keeps.
    pub const fn finish<const TABLES: usize, const RUNS: usize, const BYTES: usize>(
        &self,
    ) -> Tables<TABLES, RUNS, BYTES> {
        let mut tables = Tables {
            index: [(0, Found::FIRST); TABLES],
            runs: [Run { from: 0, size: 0 }; RUNS],
            bytes: [0; BYTES],
        };
        assert!(TABLES == self.tables && RUNS == self.runs_size && BYTES == self.bytes_size);
        let (index, _) = self.index.split_at(TABLES);
        tables.index.copy_from_slice(index);
        let (runs, _) = self.runs.split_at(RUNS);
        tables.runs.copy_from_slice(runs);
        let (bytes, _) = self.bytes.split_at(BYTES);
        tables.bytes.copy_from_slice(bytes);
        tables
    }
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

#[cfg(test)]
mod tests {
    extern crate std;
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
    const TAIL: &[Part] = match &PARTS {
        [_, _, tail @ ..] => tail,
    };

    tables! {
        static TABLES announced by ANNOUNCED {
            3: read PARTS;
            7: write [Part::Rom(&[2, 3])];
            8: read [];
            2049: read *TAIL;
        }
    }
    const WHOLE: [u8; 10] = [1, 2, 3, 0x40, 0x41, 0x42, 0x43, 4, 0x60, 0x61];

    #[test]
    fn every_byte_is_that_of_its_part() {
        let table = TABLES.find(3);
        assert_eq!(TABLES.size(table), 10);
        for (offset, expected) in (0..).zip(WHOLE) {
            assert_eq!(TABLES.byte(table, offset, &mut Counting), expected.into());
        }
    }

    #[test]
    fn nothing_is_kept_twice() {
        assert_eq!((TABLES.runs.len(), TABLES.bytes.len()), (6, 4));
        let all = |id| {
            let table = TABLES.find(id);
            assert_ne!(table, Found::NONE);
            let size = TABLES.size(table);
            std::vec::Vec::from_iter((0..size).map(|at| TABLES.byte(table, at, &mut Counting)))
        };
        assert_eq!(all(7), [2, 3]);
        assert_eq!(all(8), []);
        assert_eq!(all(2049), [4, 0x60, 0x61]);
        assert!(TABLES.ids().eq([3, 7, 8, 2049]));
        assert_eq!(ANNOUNCED.len(), 4);
        for id in (0..=u16::MAX).filter(|id| ![3, 7, 8, 2049].contains(id)) {
            assert_eq!(TABLES.find(id), Found::NONE, "{id}");
        }
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
