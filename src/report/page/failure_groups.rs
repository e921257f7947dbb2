//! The failures of `failures.csv`: grouped by what to do about them, and the first of them in a list.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::humanize::{count, count_of};
use crate::outcome::{Applied, FailureKind, split_hint};
use crate::report::page::labels;
use crate::run::journal::RecordedFailure;
use crate::sanitize::printable;

/// The longest list.
pub const MAX_LISTED: usize = 1000;

/// The longest list, in bytes of the page.
const MAX_BYTES: usize = 400 * 1024;

/// The most different messages of a group that are counted one by one, and that are shown.
const MAX_COUNTED: usize = 1000;
const MAX_SHOWN: usize = 5;

/// The most groups that differ by their hint.
const MAX_GROUPS: usize = 12;

/// The longest texts of the list, in characters. A user ID has 256 bytes at most.
pub const USER_CHARS: usize = 256;
pub const CODES_CHARS: usize = 160;
const MESSAGE_CHARS: usize = 300;

/// The failures of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailureGroups {
    /// The largest first, bad rows last.
    pub groups: Vec<FailureGroup>,
    /// The first failures of the file.
    pub listed: Vec<FailureRow>,
    pub total: u64,
    /// Failures to whom a request may have been applied.
    pub possibly_applied: u64,
}

/// Failures with the same outcome and the same hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    pub kind: FailureKind,
    pub hint: String,
    pub count: u64,
    /// Messages and how often each occurs: the most frequent first.
    pub messages: Vec<(String, u64)>,
    /// Failures with other messages.
    pub other_messages: u64,
}

/// A failure of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    pub user: String,
    pub codes: String,
    pub line: u32,
    pub kind: FailureKind,
    pub message: String,
}

#[derive(Default)]
struct MessageCounts {
    count: u64,
    messages: HashMap<String, u64>,
    other_messages: u64,
}

impl FailureGroups {
    /// Counts and lists failures. Memory does not grow with their number.
    pub fn collect(failures: impl Iterator<Item = RecordedFailure>) -> Self {
        let mut all = Self::default();
        let mut groups: BTreeMap<(FailureKind, String), MessageCounts> = BTreeMap::new();
        let mut bytes = 0;
        for failure in failures {
            let (kind, text) = (failure.kind, failure.message.as_str());
            all.total += 1;
            all.possibly_applied += u64::from(failure.applied == Applied::Maybe);
            let (message, hint) = split_hint(text).unwrap_or((text, kind.hint()));
            let message = printable(message, MESSAGE_CHARS);
            if all.listed.len() < MAX_LISTED && bytes < MAX_BYTES {
                let row = FailureRow::new(&failure, &message);
                bytes += row.bytes();
                // The list ends with the first row that has no room, so that it is the start of the file.
                if bytes < MAX_BYTES {
                    all.listed.push(row);
                }
            }
            let is_full = groups.len() >= MAX_GROUPS;
            let hint = if is_full { kind.hint() } else { hint };
            let key = (kind, printable(hint, MESSAGE_CHARS));
            groups.entry(key).or_default().add(message);
        }
        all.groups = in_order(groups);
        all
    }
}

impl FailureGroup {
    pub fn title(&self) -> &'static str {
        labels::outcome(self.kind)
    }

    /// How many users or rows it has.
    pub fn size(&self) -> String {
        match self.kind {
            FailureKind::Invalid => count_of(self.count, "row"),
            _ => count_of(self.count, "user"),
        }
    }

    pub fn message_counts(&self) -> impl Iterator<Item = (String, &str)> {
        let messages = self.messages.iter();
        messages.map(|(message, times)| (count(*times), message.as_str()))
    }

    /// How many failures have other messages, if some have.
    pub fn other_count(&self) -> Option<String> {
        (self.other_messages > 0).then(|| count(self.other_messages))
    }

    fn new(kind: FailureKind, hint: String, counts: MessageCounts) -> Self {
        let mut messages: Vec<_> = counts.messages.into_iter().collect();
        messages.sort_by(|(a, a_times), (b, b_times)| b_times.cmp(a_times).then_with(|| a.cmp(b)));
        let not_shown = messages.iter().skip(MAX_SHOWN).map(|(_, times)| times);
        let other_messages = counts.other_messages + not_shown.sum::<u64>();
        messages.truncate(MAX_SHOWN);
        Self {
            kind,
            hint,
            count: counts.count,
            messages,
            other_messages,
        }
    }
}

impl MessageCounts {
    fn add(&mut self, message: String) {
        self.count += 1;
        if let Some(times) = self.messages.get_mut(&message) {
            *times += 1;
        } else if self.messages.len() < MAX_COUNTED {
            self.messages.insert(message, 1);
        } else {
            self.other_messages += 1;
        }
    }
}

fn in_order(groups: BTreeMap<(FailureKind, String), MessageCounts>) -> Vec<FailureGroup> {
    let mut groups: Vec<_> = groups
        .into_iter()
        .map(|((kind, hint), counts)| FailureGroup::new(kind, hint, counts))
        .collect();
    groups.sort_by_key(|group| (group.kind == FailureKind::Invalid, Reverse(group.count)));
    groups
}

impl FailureRow {
    fn new(failure: &RecordedFailure, message: &str) -> Self {
        Self {
            user: printable(failure.name(), USER_CHARS),
            codes: printable(&failure.codes, CODES_CHARS),
            line: failure.line,
            kind: failure.kind,
            message: message.to_owned(),
        }
    }

    pub fn title(&self) -> &'static str {
        labels::outcome(self.kind)
    }

    /// Its bytes on the page, without the mark-up.
    fn bytes(&self) -> usize {
        let texts = [&self.user, &self.codes, &self.message];
        texts.iter().map(|text| escaped_bytes(text)).sum()
    }
}

/// The most bytes of a text in HTML.
fn escaped_bytes(text: &str) -> usize {
    let marks = text
        .bytes()
        .filter(|byte| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\''));
    text.len() + 4 * marks.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::with_hint;

    #[test]
    fn failures_are_grouped_by_hint_with_the_most_frequent_messages_first() {
        let rows = [
            RecordedFailure::example("a", FailureKind::Invalid, "no code"),
            RecordedFailure::example("b", FailureKind::Invalid, "no user"),
            RecordedFailure::example("c", FailureKind::Invalid, "no user"),
            RecordedFailure::example("d", FailureKind::Conflict, "no seats"),
            RecordedFailure {
                message: with_hint("other flag", "give all codes"),
                applied: Applied::Maybe,
                ..RecordedFailure::example("e", FailureKind::Withheld, "")
            },
            RecordedFailure::example("f", FailureKind::Withheld, "a bad row"),
            RecordedFailure::example("g", FailureKind::Withheld, "a bad row"),
        ];
        let failures = FailureGroups::collect(rows.into_iter());
        let groups: Vec<_> = failures
            .groups
            .iter()
            .map(|group| (group.kind, group.count, group.hint.as_str()))
            .collect();
        assert_eq!(
            groups,
            [
                (FailureKind::Withheld, 2, FailureKind::Withheld.hint()),
                (FailureKind::Conflict, 1, FailureKind::Conflict.hint()),
                (FailureKind::Withheld, 1, "give all codes"),
                (FailureKind::Invalid, 3, FailureKind::Invalid.hint()),
            ]
        );
        assert_eq!(
            failures.groups[3].messages,
            [("no user.".to_owned(), 2), ("no code.".to_owned(), 1)]
        );
        assert_eq!((failures.total, failures.possibly_applied), (7, 1));
        assert_eq!(failures.listed[3].message, "no seats.");
    }

    #[test]
    fn invisible_characters_are_shown() {
        let rows = [RecordedFailure::example(
            "=1+1\u{202e}",
            FailureKind::Rejected,
            "no",
        )];
        let failures = FailureGroups::collect(rows.into_iter());
        assert_eq!(failures.listed[0].user, "=1+1\\u{202e}");
    }

    #[test]
    fn a_thousand_are_listed_and_other_messages_are_counted() {
        let nth = |nth| {
            RecordedFailure::example(
                &format!("user-{nth}"),
                FailureKind::Rejected,
                &format!("no {nth}"),
            )
        };
        let failures = FailureGroups::collect((0..3000).map(nth));
        assert_eq!(failures.listed.len(), MAX_LISTED);
        let group = &failures.groups[0];
        assert_eq!(group.messages.len(), MAX_SHOWN);
        assert_eq!((group.count, group.other_messages), (3000, 2995));
    }

    #[test]
    fn fewer_are_listed_if_they_are_long() {
        let long = "<".repeat(256);
        let rows = (0..3000).map(|_| RecordedFailure::example(&long, FailureKind::Rejected, &long));
        let failures = FailureGroups::collect(rows);
        let bytes: usize = failures.listed.iter().map(FailureRow::bytes).sum();
        assert!(bytes < MAX_BYTES && bytes > MAX_BYTES * 9 / 10);
        assert!(failures.listed.len() < MAX_LISTED);
        assert_eq!(failures.total, 3000);
    }
}
