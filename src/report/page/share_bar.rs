//! Users by outcome, as a bar.

use std::ops::AddAssign;

/// The length of a bar, in its own units.
pub const LENGTH: u64 = 1000;

/// The shortest length that can be seen.
const MIN_LENGTH: u64 = 6;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shares {
    pub success: u64,
    pub attention: u64,
    pub pending: u64,
}

/// A segment of a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// In the style sheet.
    pub class: &'static str,
    pub from: u64,
    pub length: u64,
}

impl AddAssign for Shares {
    fn add_assign(&mut self, other: Self) {
        self.success += other.success;
        self.attention += other.attention;
        self.pending += other.pending;
    }
}

impl Shares {
    pub fn total(&self) -> u64 {
        self.success + self.attention + self.pending
    }

    /// The counts in the order of the bar, each with its class in the style sheet.
    pub fn by_class(&self) -> [(&'static str, u64); 3] {
        [
            ("success", self.success),
            ("attention", self.attention),
            ("pending", self.pending),
        ]
    }

    /// The segments of a bar in their order. Each is long enough to be seen.
    pub fn segments(&self) -> Vec<Segment> {
        let total = u128::from(self.total().max(1));
        let length = |count: u64| (u128::from(count) * u128::from(LENGTH) / total) as u64;
        let mut lengths = self.by_class().map(|(_, count)| match count {
            0 => 0,
            some => length(some).max(MIN_LENGTH),
        });
        // The longest segment takes what rounding and the shortest length have changed.
        let sum: u64 = lengths.iter().sum();
        if let Some(longest) = lengths.iter_mut().max().filter(|longest| **longest > 0) {
            *longest = (*longest + LENGTH).saturating_sub(sum);
        }
        let mut end = 0;
        let segments = self.by_class().into_iter().zip(lengths);
        segments
            .filter(|(_, length)| *length > 0)
            .map(|((class, _), length)| {
                let from = end;
                end += length;
                Segment {
                    class,
                    from,
                    length,
                }
            })
            .collect()
    }

    /// The shares as text: `94% have it, 6% need attention`. `have_it` is what success means.
    pub fn text(&self, have_it: &str) -> String {
        let predicates = [have_it, "need attention", "are not decided yet"];
        let shares = self.by_class().into_iter().zip(predicates);
        let texts: Vec<_> = shares
            .filter(|((_, count), _)| *count > 0)
            .map(|((_, count), predicate)| format!("{} {predicate}", percent(count, self.total())))
            .collect();
        if texts.is_empty() {
            "no users".to_owned()
        } else {
            texts.join(", ")
        }
    }
}

/// A share in whole percent. It is 0% for none and 100% for all only.
fn percent(count: u64, total: u64) -> String {
    let (count, total) = (u128::from(count), u128::from(total.max(1)));
    match (count * 200 + total) / (2 * total) {
        0 if count > 0 => "less than 1%".to_owned(),
        100 if count < total => "more than 99%".to_owned(),
        percent => format!("{percent}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_few_among_a_million_are_shown_and_not_rounded_away() {
        let shares = Shares {
            success: 999_997,
            attention: 3,
            pending: 0,
        };
        let lengths: Vec<_> = shares
            .segments()
            .iter()
            .map(|segment| segment.length)
            .collect();
        assert_eq!(lengths, [994, 6]);
        assert_eq!(
            shares.text("have it"),
            "more than 99% have it, less than 1% need attention"
        );
    }

    proptest! {
        #[test]
        fn a_bar_is_full_and_shows_every_share(success: u32, attention: u32, pending: u32) {
            let (success, attention, pending) = (success.into(), attention.into(), pending.into());
            let shares = Shares { success, attention, pending };
            let segments = shares.segments();
            let shown = [success, attention, pending].iter().filter(|count| **count > 0).count();
            prop_assert_eq!(segments.len(), shown);
            let length: u64 = segments.iter().map(|segment| segment.length).sum();
            prop_assert_eq!(length, if shown > 0 { LENGTH } else { 0 });
        }
    }
}
