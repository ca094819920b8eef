//! Procedures: what a write to ST7 asks, and what ST8 answers.
//!
//! Section 2 of the C12.19 reference. The write itself is answered ok even when the procedure fails; the failure stands
//! in ST8, which belongs to the session. A repeated packet never gets here twice: the link and the responder see to it.

/// Numbers as in TABLE_IDB, without the selector: n for a standard procedure, 2048 + n for a manufacturer's.
pub mod number {
    /// Loses data and set-up.
    pub const COLD_START: u16 = 0;
    /// Restarts without losing anything.
    pub const WARM_START: u16 = 1;
    /// Makes the configuration permanent.
    pub const SAVE_CONFIGURATION: u16 = 2;
    /// Clears the registers.
    pub const CLEAR_DATA: u16 = 3;
    /// Parameter: list (1 event log, 2 self-reads, 3 to 6 load profile, 7 history log, 255 all).
    pub const RESET_LIST_POINTERS: u16 = 4;
    /// Parameters: list, number of entries read (16 bits).
    pub const UPDATE_LAST_READ: u16 = 5;
    /// Parameter: ED_MODE bits.
    pub const CHANGE_MODE: u16 = 6;
    /// Returns ST3's standard status as it was.
    pub const CLEAR_STANDARD_STATUS: u16 = 7;
    /// Clears ST3's manufacturer status.
    pub const CLEAR_MANUFACTURER_STATUS: u16 = 8;
    /// Parameter: bit 0 demand reset, bit 1 self-read.
    pub const REMOTE_RESET: u16 = 9;
    /// Parameters: mask (bit 0 time, 1 date, 2 qualifier), LTIME, TIME_DATE_QUAL; returns both before and after.
    pub const SET_DATE_TIME: u16 = 10;
    /// Self-test.
    pub const EXECUTE_DIAGNOSTICS: u16 = 11;
    /// Makes every pending table valid.
    pub const ACTIVATE_ALL_PENDING: u16 = 12;
    /// The same for those with the event description given (6 bytes).
    pub const ACTIVATE_PENDING: u16 = 13;
    /// Forgets every pending table.
    pub const CLEAR_ALL_PENDING: u16 = 14;
    /// The same for those with the event description given (6 bytes).
    pub const CLEAR_PENDING: u16 = 15;
    /// Starts recording.
    pub const START_LOAD_PROFILE: u16 = 16;
    /// Stops recording.
    pub const STOP_LOAD_PROFILE: u16 = 17;
    /// Manufacturer procedures begin here.
    pub const MANUFACTURER: u16 = 2048;
}

/// RESULT_CODE of ST8.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Done.
    Completed = 0,
    /// Begun; read ST8 again.
    Accepted = 1,
    /// A parameter is out of range or missing.
    InvalidParameter = 2,
    /// Conflicts with the present set-up.
    Conflict = 3,
    /// Not now: a timing constraint.
    TimingConstraint = 4,
    /// Not with this session's access.
    NotAuthorised = 5,
    /// No such procedure.
    Unrecognised = 6,
}

impl Outcome {
    /// The outcome of a received byte.
    pub fn from_code(code: u16) -> Option<Self> {
        const ALL: [Outcome; 7] = [
            Outcome::Completed,
            Outcome::Accepted,
            Outcome::InvalidParameter,
            Outcome::Conflict,
            Outcome::TimingConstraint,
            Outcome::NotAuthorised,
            Outcome::Unrecognised,
        ];
        ALL.get(code as usize).copied()
    }

    /// For people; not for the target.
    pub fn text(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::Accepted => "accepted, not complete yet",
            Outcome::InvalidParameter => "invalid parameter",
            Outcome::Conflict => "conflicts with the present set-up",
            Outcome::TimingConstraint => "not now (timing constraint)",
            Outcome::NotAuthorised => "not authorised; give a password",
            Outcome::Unrecognised => "no such procedure",
        }
    }
}

/// When ST8 is to be filled.
#[repr(u16)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selector {
    /// On completion.
    Completion = 0,
    /// Only when something went wrong.
    Exception = 1,
    /// Never.
    Never = 2,
    /// At once, and again on completion.
    Immediately = 3,
}

/// Bytes before the parameters in ST7.
pub const REQUEST_HEAD: usize = 3;
/// Bytes before the response data in ST8.
pub const RESPONSE_HEAD: usize = 4;

/// Contents of ST7, least significant byte first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Initiate<'a> {
    /// TABLE_IDB without the selector.
    pub procedure: u16,
    /// What ST8 shall show.
    pub selector: Selector,
    /// Echoed in ST8.
    pub sequence: u16,
    /// As the procedure defines them.
    pub parameters: &'a [u8],
}

impl<'a> Initiate<'a> {
    /// Reads what was written to ST7; `None` when it is too short or the selector is not one.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, parameters) = bytes.split_first_chunk::<REQUEST_HEAD>()?;
        let id = (head[1] as u16) << 8 | head[0] as u16;
        let selector = match id >> 12 {
            0 => Selector::Completion,
            1 => Selector::Exception,
            2 => Selector::Never,
            3 => Selector::Immediately,
            _ => return None,
        };
        Some(Initiate {
            procedure: id & 0x0FFF,
            selector,
            sequence: head[2] as u16,
            parameters,
        })
    }

    /// The three bytes before the parameters.
    pub fn head(&self) -> [u8; REQUEST_HEAD] {
        let id = self.procedure | (self.selector as u16) << 12;
        [(id & 0xFF) as u8, (id >> 8) as u8, self.sequence as u8]
    }
}

/// ST8 of one session, with up to `N` bytes of response data.
#[derive(Clone, Debug)]
pub struct Answer<const N: usize> {
    head: [u8; RESPONSE_HEAD],
    data: [u8; N],
    /// Bytes of ST8; all zero and `RESPONSE_HEAD` when nothing was started.
    len: u16,
}

impl<const N: usize> Answer<N> {
    /// Nothing was started: a record of zeros, which every reader tried takes.
    pub const fn new() -> Self {
        Answer {
            head: [0; RESPONSE_HEAD],
            data: [0; N],
            len: RESPONSE_HEAD as u16,
        }
    }

    /// Forgets the last procedure; call it at a session's end.
    pub fn clear(&mut self) {
        *self = Answer::new();
    }

    /// Notes how a procedure went. Data that does not fit is cut off.
    pub fn post(&mut self, request: &Initiate, outcome: Outcome, data: &[u8]) {
        let unwanted = match request.selector {
            Selector::Never => true,
            Selector::Exception => outcome as u16 == Outcome::Completed as u16,
            Selector::Completion | Selector::Immediately => false,
        };
        self.clear();
        if unwanted {
            return;
        }
        let [low, high, sequence] = request.head();
        self.head = [low, high, sequence, outcome as u16 as u8];
        for (to, from) in self.data.iter_mut().zip(data) {
            *to = *from;
            self.len += 1;
        }
    }

    /// Size of ST8 now.
    pub fn size(&self) -> u16 {
        self.len
    }

    /// Copies bytes of ST8 from `offset` into `out`.
    pub fn read(&self, offset: u16, out: &mut [u8]) {
        let bytes = self.head.iter().chain(&self.data).skip(offset as usize);
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = *from;
        }
    }
}

impl<const N: usize> Default for Answer<N> {
    fn default() -> Self {
        Answer::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remote reset of the reference's worked frame: standard procedure 9, sequence 0x21, parameter 01.
    const RESET: [u8; 4] = [0x09, 0x00, 0x21, 0x01];

    fn bytes(answer: &Answer<4>) -> ([u8; 8], usize) {
        let mut out = [0xAA; 8];
        answer.read(0, &mut out);
        (out, answer.size() as usize)
    }

    #[test]
    fn requests_both_ways() {
        let request = Initiate::parse(&RESET).expect("a request");
        assert_eq!(request.procedure, number::REMOTE_RESET);
        assert_eq!(
            (request.selector, request.sequence),
            (Selector::Completion, 0x21)
        );
        assert_eq!(request.parameters, [1]);
        assert_eq!(request.head(), RESET[..3]);
        // Manufacturer procedure 84, as a public reader writes it, and selector 3.
        let request = Initiate::parse(&[0x54, 0x38, 7]).expect("a request");
        assert_eq!(request.procedure, number::MANUFACTURER + 84);
        assert_eq!(request.selector, Selector::Immediately);
        assert_eq!(request.head(), [0x54, 0x38, 7]);
        assert_eq!(Initiate::parse(&[9, 0]), None);
        assert_eq!(Initiate::parse(&[9, 0x40, 0]), None);
    }

    #[test]
    fn answers_by_selector() {
        let mut answer = Answer::<4>::new();
        assert_eq!(bytes(&answer), ([0, 0, 0, 0, 0, 0, 0, 0], 4));
        let mut request = Initiate::parse(&RESET).expect("a request");
        answer.post(&request, Outcome::Completed, &[7, 8]);
        assert_eq!(bytes(&answer), ([0x09, 0, 0x21, 0, 7, 8, 0, 0], 6));
        request.selector = Selector::Exception;
        answer.post(&request, Outcome::Completed, &[7, 8]);
        assert_eq!(bytes(&answer).1, 4);
        answer.post(&request, Outcome::NotAuthorised, &[]);
        assert_eq!(bytes(&answer), ([0x09, 0x10, 0x21, 5, 0, 0, 0, 0], 4));
        request.selector = Selector::Never;
        answer.post(&request, Outcome::Conflict, &[1]);
        assert_eq!(bytes(&answer), ([0; 8], 4));
    }

    #[test]
    fn data_beyond_the_room_is_cut() {
        let mut answer = Answer::<4>::new();
        answer.post(
            &Initiate::parse(&RESET).expect("a request"),
            Outcome::Completed,
            &[1, 2, 3, 4, 5],
        );
        assert_eq!(bytes(&answer), ([0x09, 0, 0x21, 0, 1, 2, 3, 4], 8));
    }
}
