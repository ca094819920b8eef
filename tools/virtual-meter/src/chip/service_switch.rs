//! The service switch: a latching relay between the mains and the load, moved by two coils.
//!
//! It moves once a coil has been driven for 20 ms and stays there with or without supply. A coil is made for short pulses: one
//! that is driven for more than a second burns, and what both of them do together nobody knows; either ends the run.

use crate::mains::timeline::Source;
use crate::time::{MILLISECOND, SECOND, Time};

/// How long a coil is driven until the relay moves.
const MOVES_AFTER: Time = 20 * MILLISECOND;
/// How long a coil may be driven.
const BURNS_AFTER: Time = SECOND;

/// A relay, closed as delivered.
#[derive(Clone, Debug)]
pub struct ServiceSwitch {
    closed: bool,
    operations: u64,
    /// Since when each coil is driven: the one that closes, the one that opens.
    driven_since: [Option<Time>; 2],
    /// What it carries, once that is connected.
    load: Option<Source>,
}

impl Default for ServiceSwitch {
    fn default() -> Self {
        Self {
            closed: true,
            operations: 0,
            driven_since: [None; 2],
            load: None,
        }
    }
}

impl ServiceSwitch {
    /// Puts the relay between a source and its load.
    pub fn connect(&mut self, load: Source) {
        self.load = Some(load);
    }

    /// Whether the load has its supply.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Times that the relay has moved.
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Puts the relay where it was before the run began.
    pub fn put(&mut self, closed: bool) {
        self.closed = closed;
        self.tell_load(0);
    }

    /// A coil, 0 the one that closes, is driven from now on, or no longer.
    pub(super) fn set_coil(&mut self, coil: usize, driven: bool, now: Time) {
        let since = &mut self.driven_since[coil];
        *since = driven.then(|| since.unwrap_or(now));
    }

    /// When the relay moves or a coil burns, if the coils stay driven as they are.
    pub(super) fn next_event(&self) -> Option<Time> {
        let (coil, since) = self.driven()?;
        let moves = self.closed != (coil == 0);
        Some(since + if moves { MOVES_AFTER } else { BURNS_AFTER })
    }

    /// What has become of it by now; complains about how it is driven.
    pub(super) fn advance(&mut self, now: Time) -> Result<(), &'static str> {
        if self.driven_since.iter().all(Option::is_some) {
            return Err(
                "both coils of the service switch are driven: nobody knows where it goes; drive one",
            );
        }
        let Some((coil, since)) = self.driven() else {
            return Ok(());
        };
        let elapsed = now - since;
        if elapsed >= BURNS_AFTER {
            return Err(
                "a coil of the service switch has been driven for a second and burns: end the pulse after some 100 ms",
            );
        }
        let closes = coil == 0;
        if elapsed >= MOVES_AFTER && self.closed != closes {
            self.closed = closes;
            self.operations += 1;
            self.tell_load(now);
        }
        Ok(())
    }

    /// The coil that is driven, and since when.
    fn driven(&self) -> Option<(usize, Time)> {
        let coils = self.driven_since.iter().enumerate();
        coils
            .into_iter()
            .find_map(|(coil, since)| Some((coil, (*since)?)))
    }

    fn tell_load(&self, now: Time) {
        if let Some(load) = &self.load {
            load.connect_load(now, self.closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: usize = 1;
    const CLOSING: usize = 0;

    #[test]
    fn it_moves_after_20_ms_and_stays() {
        let mut switch = ServiceSwitch::default();
        switch.set_coil(OPENING, true, SECOND);
        assert_eq!(switch.next_event(), Some(SECOND + MOVES_AFTER));
        assert_eq!(switch.advance(SECOND + MOVES_AFTER - 1), Ok(()));
        assert!(switch.is_closed());
        assert_eq!(switch.advance(SECOND + MOVES_AFTER), Ok(()));
        assert!(!switch.is_closed());
        switch.set_coil(OPENING, false, SECOND + 100 * MILLISECOND);
        assert_eq!(switch.next_event(), None);
        assert_eq!(switch.advance(9 * SECOND), Ok(()));
        assert!(!switch.is_closed());
        // Too short, however often.
        for n in 0..9 {
            let at = 10 * SECOND + n * 50 * MILLISECOND;
            switch.set_coil(CLOSING, true, at);
            switch.set_coil(CLOSING, false, at + 19 * MILLISECOND);
            assert_eq!(switch.advance(at + 30 * MILLISECOND), Ok(()));
        }
        assert!(!switch.is_closed());
        assert_eq!(switch.operations(), 1);
        // Where it is already: nothing moves.
        switch.set_coil(OPENING, true, 20 * SECOND);
        assert_eq!(switch.advance(20 * SECOND + 500 * MILLISECOND), Ok(()));
        assert_eq!(switch.operations(), 1);
    }

    #[test]
    fn a_coil_burns_and_two_are_refused() {
        let mut switch = ServiceSwitch::default();
        switch.set_coil(OPENING, true, 0);
        assert_eq!(switch.advance(MOVES_AFTER), Ok(()));
        assert_eq!(switch.next_event(), Some(BURNS_AFTER));
        assert!(switch.advance(BURNS_AFTER).unwrap_err().contains("burns"));
        let mut switch = ServiceSwitch::default();
        switch.set_coil(OPENING, true, 0);
        switch.set_coil(CLOSING, true, 1);
        assert!(switch.advance(1).unwrap_err().contains("both"));
    }
}
