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
    /// Ours. Parameter: 0 close, 1 open, 2 arm, or none to leave it; returns the service switch's state.
    pub const SERVICE_SWITCH: u16 = MANUFACTURER;
    /// Ours: forgets the voltage's events that MT3 counts.
    pub const RESET_VOLTAGE_EVENTS: u16 = MANUFACTURER + 1;
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

/// The bytes before the parameters in ST7, least significant byte first: TABLE_IDB with the selector, sequence number
/// (0 to 255).
pub const fn head(procedure: u16, selector: Selector, sequence: u16) -> [u8; REQUEST_HEAD] {
    let id = procedure | (selector as u16) << 12;
    [(id & 0xFF) as u8, (id >> 8) as u8, sequence as u8]
}

/// Contents of ST7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Initiate<'a> {
    /// What ST8 echoes.
    head: &'a [u8; REQUEST_HEAD],
    /// TABLE_IDB without the selector.
    pub procedure: u16,
    /// As the procedure defines them.
    pub parameters: &'a [u8],
}

impl<'a> Initiate<'a> {
    /// Reads what was written to ST7; `None` when it is too short or the selector is not one.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, parameters) = bytes.split_first_chunk()?;
        if head[1] as u16 >> 4 > Selector::Immediately as u16 {
            return None;
        }
        Some(Initiate {
            head,
            procedure: (head[1] as u16 & 15) << 8 | head[0] as u16,
            parameters,
        })
    }
}

/// ST8 of one session: `RESPONSE_HEAD` bytes and response data, `N` bytes at most.
#[derive(Clone, Debug)]
pub struct Answer<const N: usize> {
    bytes: [u8; N],
    /// Bytes of response data.
    data: u16,
}

impl<const N: usize> Answer<N> {
    /// Nothing was started: a record of zeros, which every reader tried takes.
    pub const fn new() -> Self {
        Answer {
            bytes: [0; N],
            data: 0,
        }
    }

    /// Forgets the last procedure; call it at a session's end.
    #[inline(never)]
    pub fn clear(&mut self) {
        self.data = 0;
        if let Some(head) = self.bytes.first_chunk_mut::<RESPONSE_HEAD>() {
            *head = [0; RESPONSE_HEAD];
        }
    }

    /// Response data of the procedure that is being run; [`post`](Self::post) keeps what is put here.
    pub fn data_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(RESPONSE_HEAD..).unwrap_or(&mut [])
    }

    /// Notes how a procedure went, with the first `data` bytes of [`data_mut`](Self::data_mut) for its response.
    pub fn post(&mut self, request: &Initiate, outcome: Outcome, data: u16) {
        let [low, high, sequence] = *request.head;
        let selector = high as u16 >> 4;
        if selector == Selector::Never as u16
            || (selector == Selector::Exception as u16 && outcome as u16 == 0)
        {
            return self.clear();
        }
        if let Some(head) = self.bytes.first_chunk_mut::<RESPONSE_HEAD>() {
            *head = [low, high, sequence, outcome as u16 as u8];
        }
        self.data = data;
    }

    /// Size of ST8 now.
    pub fn size(&self) -> u16 {
        RESPONSE_HEAD as u16 + self.data
    }

    /// ST8, with rubbish behind its size.
    pub fn bytes(&self) -> &[u8; N] {
        &self.bytes
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

    fn bytes(answer: &Answer<8>) -> &[u8] {
        &answer.bytes()[..usize::from(answer.size())]
    }

    #[test]
    fn requests_both_ways() {
        let request = Initiate::parse(&RESET).expect("a request");
        assert_eq!(request.procedure, number::REMOTE_RESET);
        assert_eq!(request.parameters, [1]);
        assert_eq!(
            head(number::REMOTE_RESET, Selector::Completion, 0x21),
            RESET[..3]
        );
        // Manufacturer procedure 84, as a public reader writes it, and selector 3.
        let request = Initiate::parse(&[0x54, 0x38, 7]).expect("a request");
        assert_eq!(request.procedure, number::MANUFACTURER + 84);
        assert_eq!(
            head(number::MANUFACTURER + 84, Selector::Immediately, 7),
            [0x54, 0x38, 7]
        );
        assert_eq!(Initiate::parse(&[9, 0]), None);
        assert_eq!(Initiate::parse(&[9, 0x40, 0]), None);
    }

    #[test]
    fn answers_by_selector() {
        let mut answer = Answer::<8>::new();
        assert_eq!(bytes(&answer), [0, 0, 0, 0]);
        let post = |answer: &mut Answer<8>, selector, outcome, data| {
            let request = head(number::REMOTE_RESET, selector, 0x21);
            answer.data_mut()[..2].copy_from_slice(&[7, 8]);
            let request = Initiate::parse(&request).expect("a request");
            answer.post(&request, outcome, data);
        };
        post(&mut answer, Selector::Completion, Outcome::Completed, 2);
        assert_eq!(bytes(&answer), [0x09, 0, 0x21, 0, 7, 8]);
        post(&mut answer, Selector::Exception, Outcome::Completed, 2);
        assert_eq!(bytes(&answer), [0, 0, 0, 0]);
        post(&mut answer, Selector::Exception, Outcome::NotAuthorised, 0);
        assert_eq!(bytes(&answer), [0x09, 0x10, 0x21, 5]);
        post(&mut answer, Selector::Never, Outcome::Conflict, 1);
        assert_eq!(bytes(&answer), [0, 0, 0, 0]);
        post(&mut answer, Selector::Immediately, Outcome::Conflict, 1);
        assert_eq!(bytes(&answer), [0x09, 0x30, 0x21, 3, 7]);
    }
}
