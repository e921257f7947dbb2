//! How many requests may be under way at once, as far as the service has shown itself able.

/// Narrow until the service has answered well, and again after trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyLimit {
    state: State,
    /// `--concurrency`.
    full: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has proven the account, the token and the address yet.
    Probing,
    /// After trouble: one request more with each good answer, so that a wait does not end in a rush.
    RampingUp(usize),
    Full,
}

impl ConcurrencyLimit {
    pub fn new(full: usize) -> Self {
        Self {
            state: State::Probing,
            full,
        }
    }

    pub fn current(self) -> usize {
        match self.state {
            State::Probing => 1,
            State::RampingUp(width) => width,
            State::Full => self.full,
        }
    }

    /// Whether requests go one at a time for now, so that one that failed is tried again before others are sent.
    pub fn is_serial(self) -> bool {
        matches!(self.state, State::Probing | State::RampingUp(1))
    }

    /// The service answered as it should.
    pub fn answered(&mut self) {
        self.state = match self.state {
            State::RampingUp(width) if width + 1 < self.full => State::RampingUp(width + 1),
            _ => State::Full,
        };
    }

    /// The service asked for a wait, or is in trouble.
    pub fn reduce(&mut self) {
        if self.state != State::Probing {
            self.state = State::RampingUp(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_goes_alone_and_then_all_may_go() {
        let mut width = ConcurrencyLimit::new(8);
        width.reduce();
        assert!(width.is_serial() && width.current() == 1);
        width.answered();
        assert!(!width.is_serial() && width.current() == 8);
    }

    #[test]
    fn after_trouble_the_requests_come_back_one_by_one() {
        let mut width = ConcurrencyLimit::new(4);
        width.answered();
        width.reduce();
        let mut allowed = vec![width.current()];
        for _ in 0..4 {
            width.answered();
            allowed.push(width.current());
        }
        assert_eq!(allowed, [1, 2, 3, 4, 4]);
    }

    #[test]
    fn a_width_of_one_is_not_alone_once_it_is_proven() {
        let mut width = ConcurrencyLimit::new(1);
        width.answered();
        assert!(!width.is_serial());
    }
}
