//! How many requests may be under way at once, as far as the service has shown itself able.

/// Narrow until the service has answered well, and again after trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    state: State,
    /// `--concurrency`.
    full: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has proven the account, the token and the address yet.
    Unproven,
    /// After trouble: one request more with each good answer, so that a wait does not end in a rush.
    Widening(usize),
    Full,
}

impl Width {
    pub fn new(full: usize) -> Self {
        Self {
            state: State::Unproven,
            full,
        }
    }

    pub fn allowed(self) -> usize {
        match self.state {
            State::Unproven => 1,
            State::Widening(width) => width,
            State::Full => self.full,
        }
    }

    /// Whether requests go one at a time for now, so that one that failed is tried again before others are sent.
    pub fn is_alone(self) -> bool {
        matches!(self.state, State::Unproven | State::Widening(1))
    }

    /// The service answered as it should.
    pub fn answered(&mut self) {
        self.state = match self.state {
            State::Widening(width) if width + 1 < self.full => State::Widening(width + 1),
            _ => State::Full,
        };
    }

    /// The service asked for a wait, or is in trouble.
    pub fn narrow(&mut self) {
        if self.state != State::Unproven {
            self.state = State::Widening(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_goes_alone_and_then_all_may_go() {
        let mut width = Width::new(8);
        width.narrow();
        assert!(width.is_alone() && width.allowed() == 1);
        width.answered();
        assert!(!width.is_alone() && width.allowed() == 8);
    }

    #[test]
    fn after_trouble_the_requests_come_back_one_by_one() {
        let mut width = Width::new(4);
        width.answered();
        width.narrow();
        let mut allowed = vec![width.allowed()];
        for _ in 0..4 {
            width.answered();
            allowed.push(width.allowed());
        }
        assert_eq!(allowed, [1, 2, 3, 4, 4]);
    }

    #[test]
    fn a_width_of_one_is_not_alone_once_it_is_proven() {
        let mut width = Width::new(1);
        width.answered();
        assert!(!width.is_alone());
    }
}
