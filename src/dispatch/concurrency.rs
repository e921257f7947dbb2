//! How many requests may be in flight, by how the service has responded so far.

/// One request at a time until the first good response, and again after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyLimit {
    state: State,
    /// `--concurrency`.
    full: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No response has shown yet that account, token and address are right.
    Probing,
    /// After a failure: one request more with each good response, so that a wait does not end in a rush.
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
            State::RampingUp(limit) => limit,
            State::Full => self.full,
        }
    }

    /// Whether requests go one at a time, so that a failed one is retried before others are sent.
    pub fn is_serial(self) -> bool {
        matches!(self.state, State::Probing | State::RampingUp(1))
    }

    /// The service responds as it should.
    pub fn answered(&mut self) {
        self.state = match self.state {
            State::RampingUp(limit) if limit + 1 < self.full => State::RampingUp(limit + 1),
            _ => State::Full,
        };
    }

    /// The service asks for a wait, or fails.
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
    fn the_first_request_is_sent_alone_and_then_all_others_may_be() {
        let mut width = ConcurrencyLimit::new(8);
        width.reduce();
        assert!(width.is_serial() && width.current() == 1);
        width.answered();
        assert!(!width.is_serial() && width.current() == 8);
    }

    #[test]
    fn after_a_failure_requests_increase_one_by_one() {
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
