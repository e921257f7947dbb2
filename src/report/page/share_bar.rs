//! Shares of a whole as a bar.

/// How long a bar is, in its own units.
pub const LENGTH: u64 = 1000;

/// The least length that can be seen.
const LEAST: u64 = 6;

/// What became of users, as far as a chart tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Held,
    Attention,
    Pending,
}

impl Fate {
    /// The class of what shows it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Attention => "attention",
            Self::Pending => "pending",
        }
    }
}

/// Users by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shares {
    pub held: u64,
    pub attention: u64,
    pub pending: u64,
}

/// A part of a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub fate: Fate,
    pub from: u64,
    pub length: u64,
}

impl Shares {
    pub fn total(&self) -> u64 {
        self.held + self.attention + self.pending
    }

    /// The parts of a bar, from its beginning. None is so short that nobody sees it.
    pub fn parts(&self) -> Vec<Part> {
        let counts = [
            (Fate::Held, self.held),
            (Fate::Attention, self.attention),
            (Fate::Pending, self.pending),
        ];
        let total = u128::from(self.total().max(1));
        let length = |count: u64| (u128::from(count) * u128::from(LENGTH) / total) as u64;
        let mut lengths = counts.map(|(_, count)| match count {
            0 => 0,
            some => length(some).max(LEAST),
        });
        // The longest takes up what rounding and the least lengths have changed.
        let sum: u64 = lengths.iter().sum();
        if let Some(longest) = lengths.iter_mut().max().filter(|longest| **longest > 0) {
            *longest = (*longest + LENGTH).saturating_sub(sum);
        }
        let mut from = 0;
        let mut parts = Vec::new();
        for ((fate, _), length) in counts.into_iter().zip(lengths) {
            if length > 0 {
                parts.push(Part { fate, from, length });
                from += length;
            }
        }
        parts
    }

    /// The shares in words: `94% have it, 6% need attention`, where `it` is what they were to have.
    pub fn words(&self, it: &str) -> String {
        let total = self.total();
        let shares = [
            (self.held, format!("have {it}")),
            (self.attention, "need attention".to_owned()),
            (self.pending, "are not decided yet".to_owned()),
        ];
        let told = shares.into_iter().filter(|(count, _)| *count > 0);
        let told: Vec<_> = told
            .map(|(count, what)| format!("{} {what}", percent(count, total)))
            .collect();
        match told.as_slice() {
            [] => "nobody".to_owned(),
            told => told.join(", "),
        }
    }
}

/// A share in whole percent; what is neither nothing nor all is not rounded to it.
pub fn percent(count: u64, total: u64) -> String {
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
    fn a_few_among_a_million_are_seen_and_not_rounded_away() {
        let shares = Shares {
            held: 999_997,
            attention: 3,
            pending: 0,
        };
        let lengths: Vec<_> = shares.parts().iter().map(|part| part.length).collect();
        assert_eq!(lengths, [994, 6]);
        assert_eq!(
            shares.words("it"),
            "more than 99% have it, less than 1% need attention"
        );
    }

    proptest! {
        #[test]
        fn a_bar_is_filled_and_shows_everyone(held: u32, attention: u32, pending: u32) {
            let (held, attention, pending) = (held.into(), attention.into(), pending.into());
            let shares = Shares { held, attention, pending };
            let parts = shares.parts();
            let shown = [held, attention, pending].iter().filter(|count| **count > 0).count();
            prop_assert_eq!(parts.len(), shown);
            let length: u64 = parts.iter().map(|part| part.length).sum();
            prop_assert_eq!(length, if shown > 0 { LENGTH } else { 0 });
        }
    }
}
