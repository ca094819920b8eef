//! Lists of the standard: log, self-reads and load profile keep the same about theirs, and procedures 4 and 5 do the same to them.

/// What ST26, ST63, ST74 and ST76 say about a list.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Entries that count.
    pub valid: u16,
    /// The newest one's place.
    pub element: u16,
    /// Its number, wrapping.
    pub number: u16,
    /// Those that nobody has told to have read.
    pub unread: u16,
}

/// 16-bit words of [`List`].
pub const WORDS: usize = 4;

/// Place of the event log among the lists: its code in procedures 4 and 5, less one.
pub const LOG: usize = 0;
/// Place of the self-reads.
pub const SELF_READS: usize = 1;
/// Place of the load profile.
pub const PROFILE: usize = 2;
/// Number of lists.
pub const COUNT: usize = 3;

impl List {
    /// Without entries.
    pub const ZERO: Self = Self {
        valid: 0,
        element: 0,
        number: 0,
        unread: 0,
    };

    /// In words, as the store holds it.
    #[must_use]
    pub fn to_words(&self) -> [u16; WORDS] {
        [self.valid, self.element, self.number, self.unread]
    }

    /// Of the words that the store holds.
    #[must_use]
    pub fn from_words([valid, element, number, unread]: [u16; WORDS]) -> Self {
        Self {
            valid,
            element,
            number,
            unread,
        }
    }

    /// An entry has come to its place, and counts; at most so many do.
    #[inline(never)]
    pub fn enter(&mut self, element: u16, number: u16, most: u16) {
        self.element = element;
        self.number = number;
        if self.valid < most {
            self.valid += 1;
        }
        if self.unread < self.valid {
            self.unread += 1;
        }
    }

    /// So many entries, fewer than 32 768, are told to have been read, the oldest first.
    pub fn take(&mut self, entries: u16) {
        // By its sign: a comparison of both costs three times as much.
        let left = self.unread.wrapping_sub(entries) as i16;
        self.unread = left.max(0) as u16;
    }

    /// No entry counts any longer.
    pub fn forget(&mut self) {
        self.valid = 0;
        self.unread = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_comes_back_as_it_is_entered() {
        let mut list = List::ZERO;
        for number in 0..40 {
            list.enter(number % 32, number, 32);
        }
        assert_eq!(list.to_words(), [32, 7, 39, 32]);
        list.take(30);
        list.enter(8, 40, 32);
        assert_eq!(list.to_words(), [32, 8, 40, 3]);
        list.take(9);
        assert_eq!(list.unread, 0);
        list.forget();
        list.enter(9, 41, 32);
        assert_eq!(list.to_words(), [1, 9, 41, 1]);
        assert_eq!(List::from_words(list.to_words()), list);
    }
}
