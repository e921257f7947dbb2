//! Failures by reason, and the first of them one by one: read from `failures.csv`, however many there are.

use std::collections::{BTreeMap, HashMap};

use crate::humanize::{count, count_of};
use crate::outcome::{Applied, FailureKind, split_hint};
use crate::report::page::labels;
use crate::run::journal::RecordedFailure;
use crate::sanitize::printable;

/// The most failures that are listed one by one.
pub const MOST_LISTED: usize = 1000;

/// How much room they may take on the page, in bytes.
const MOST_BYTES: usize = 400 * 1024;

/// The most different answers that are counted for one reason, and that are shown.
const MOST_COUNTED: usize = 1000;
const MOST_SHOWN: usize = 5;

/// The most reasons that are told apart by their advice.
const MOST_REASONS: usize = 12;

/// How much of a cell is shown, in characters. The longest user ID that is sent has 256 bytes.
pub const USER_CHARS: usize = 256;
pub const CODES_CHARS: usize = 160;
const SAID_CHARS: usize = 300;

/// What `failures.csv` holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// The most frequent first, bad rows last.
    pub reasons: Vec<Reason>,
    /// The first of them.
    pub listed: Vec<Listed>,
    /// All of them.
    pub total: u64,
    /// Those that may have been applied all the same.
    pub maybe: u64,
}

/// Failures of one kind for which the same is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub kind: FailureKind,
    pub advice: String,
    pub count: u64,
    /// What was said, and how often: the most frequent first.
    pub said: Vec<(String, u64)>,
    /// How often something else was said.
    pub said_else: u64,
}

/// One failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub user: String,
    pub codes: String,
    pub line: u32,
    pub kind: FailureKind,
    pub said: String,
}

#[derive(Default)]
struct Counting {
    count: u64,
    said: HashMap<String, u64>,
    said_else: u64,
}

impl Failures {
    /// Counts and lists failures. Memory does not grow with their number.
    pub fn of(all: impl Iterator<Item = RecordedFailure>) -> Self {
        let mut failures = Self::default();
        let mut reasons: BTreeMap<(FailureKind, String), Counting> = BTreeMap::new();
        let mut bytes = 0;
        for failure in all {
            let (kind, message) = (failure.kind, failure.message.as_str());
            failures.total += 1;
            failures.maybe += u64::from(failure.applied == Applied::Maybe);
            let (said, advice) = split_hint(message).unwrap_or((message, kind.hint()));
            let said = printable(said, SAID_CHARS);
            if failures.listed.len() < MOST_LISTED && bytes < MOST_BYTES {
                let listed = Listed::new(&failure, &said);
                bytes += listed.bytes();
                // Once one has no room, the list ends: its end is then a place in the file.
                if bytes < MOST_BYTES {
                    failures.listed.push(listed);
                }
            }
            let is_known = reasons.len() < MOST_REASONS;
            let advice = if is_known { advice } else { kind.hint() };
            let key = (kind, printable(advice, SAID_CHARS));
            reasons.entry(key).or_default().add(said);
        }
        failures.reasons = in_order(reasons);
        failures
    }
}

impl Reason {
    pub fn title(&self) -> &'static str {
        labels::reason(self.kind)
    }

    /// How many there are, and of what.
    pub fn who(&self) -> String {
        match self.kind {
            FailureKind::Invalid => count_of(self.count, "row"),
            _ => count_of(self.count, "user"),
        }
    }

    /// How often what was said.
    pub fn answers(&self) -> impl Iterator<Item = (String, &str)> {
        let said = self.said.iter();
        said.map(|(said, times)| (count(*times), said.as_str()))
    }

    /// How often something else was said, if it was.
    pub fn other_answers(&self) -> Option<String> {
        (self.said_else > 0).then(|| count(self.said_else))
    }
}

impl Counting {
    fn add(&mut self, said: String) {
        self.count += 1;
        if let Some(times) = self.said.get_mut(&said) {
            *times += 1;
        } else if self.said.len() < MOST_COUNTED {
            self.said.insert(said, 1);
        } else {
            self.said_else += 1;
        }
    }
}

fn in_order(reasons: BTreeMap<(FailureKind, String), Counting>) -> Vec<Reason> {
    let reason = |((kind, advice), counting): ((FailureKind, String), Counting)| {
        let mut said: Vec<_> = counting.said.into_iter().collect();
        said.sort_by(|(a, a_times), (b, b_times)| b_times.cmp(a_times).then_with(|| a.cmp(b)));
        let left_out = said.iter().skip(MOST_SHOWN).map(|(_, times)| times);
        let said_else = counting.said_else + left_out.sum::<u64>();
        said.truncate(MOST_SHOWN);
        Reason {
            kind,
            advice,
            count: counting.count,
            said,
            said_else,
        }
    };
    let mut reasons: Vec<_> = reasons.into_iter().map(reason).collect();
    let is_row = |reason: &Reason| reason.kind == FailureKind::Invalid;
    reasons.sort_by_key(|reason| (is_row(reason), std::cmp::Reverse(reason.count)));
    reasons
}

impl Listed {
    fn new(failure: &RecordedFailure, said: &str) -> Self {
        Self {
            user: printable(&failure.user, USER_CHARS),
            codes: printable(&failure.codes, CODES_CHARS),
            line: failure.line,
            kind: failure.kind,
            said: said.to_owned(),
        }
    }

    pub fn title(&self) -> &'static str {
        labels::reason(self.kind)
    }

    /// How much room it takes on the page at most, without what is the same for all.
    fn bytes(&self) -> usize {
        let texts = [&self.user, &self.codes, &self.said];
        texts.iter().map(|text| escaped_bytes(text)).sum()
    }
}

/// How long text is in HTML.
fn escaped_bytes(text: &str) -> usize {
    let marks = text
        .bytes()
        .filter(|byte| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\''));
    text.len() + 4 * marks.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::explain;

    fn failure(user: &str, kind: FailureKind, said: &str) -> RecordedFailure {
        RecordedFailure {
            user: user.to_owned(),
            codes: "IDU;PMD".to_owned(),
            line: 7,
            kind,
            message: kind.with_hint(said),
            applied: Applied::No,
        }
    }

    #[test]
    fn failures_are_grouped_by_reason_with_what_was_said_most_first() {
        let rows = [
            failure("a", FailureKind::Invalid, "no code"),
            failure("b", FailureKind::Invalid, "no user"),
            failure("c", FailureKind::Invalid, "no user"),
            failure("d", FailureKind::Conflict, "no seats"),
            RecordedFailure {
                message: explain("held otherwise", "give all codes"),
                applied: Applied::Maybe,
                ..failure("e", FailureKind::Withheld, "")
            },
            failure("f", FailureKind::Withheld, "a bad row"),
            failure("g", FailureKind::Withheld, "a bad row"),
        ];
        let failures = Failures::of(rows.into_iter());
        let told: Vec<_> = failures
            .reasons
            .iter()
            .map(|reason| (reason.kind, reason.count, reason.advice.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (FailureKind::Withheld, 2, FailureKind::Withheld.hint()),
                (FailureKind::Conflict, 1, FailureKind::Conflict.hint()),
                (FailureKind::Withheld, 1, "give all codes"),
                (FailureKind::Invalid, 3, FailureKind::Invalid.hint()),
            ]
        );
        assert_eq!(
            failures.reasons[3].said,
            [("no user.".to_owned(), 2), ("no code.".to_owned(), 1)]
        );
        assert_eq!((failures.total, failures.maybe), (7, 1));
        assert_eq!(failures.listed[3].said, "no seats.");
    }

    #[test]
    fn characters_that_nobody_sees_are_shown() {
        let rows = [failure("=1+1\u{202e}", FailureKind::Rejected, "no")];
        let failures = Failures::of(rows.into_iter());
        assert_eq!(failures.listed[0].user, "=1+1\\u{202e}");
    }

    #[test]
    fn a_thousand_are_listed_and_what_was_said_else_is_counted() {
        let nth = |nth| {
            failure(
                &format!("user-{nth}"),
                FailureKind::Rejected,
                &format!("no {nth}"),
            )
        };
        let failures = Failures::of((0..3000).map(nth));
        assert_eq!(failures.listed.len(), MOST_LISTED);
        let reason = &failures.reasons[0];
        assert_eq!(reason.said.len(), MOST_SHOWN);
        assert_eq!((reason.count, reason.said_else), (3000, 2995));
    }

    #[test]
    fn fewer_are_listed_where_they_would_take_too_much_room() {
        let long = "<".repeat(256);
        let rows = (0..3000).map(|_| failure(&long, FailureKind::Rejected, &long));
        let failures = Failures::of(rows);
        let bytes: usize = failures.listed.iter().map(Listed::bytes).sum();
        assert!(bytes < MOST_BYTES && bytes > MOST_BYTES * 9 / 10);
        assert!(failures.listed.len() < MOST_LISTED);
        assert_eq!(failures.total, 3000);
    }
}
