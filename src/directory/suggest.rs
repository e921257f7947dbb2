//! Which known address an unknown one may mean.

/// The characters that are tried in place of a wrong one.
const CHARACTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789.-_@+'";

/// Every text that differs from `address` by one letter: one less, one more, another, or two swapped.
pub fn one_letter_off(address: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = address.chars().collect();
    (0..=letters.len()).flat_map(move |place| {
        let (before, after) = letters.split_at(place);
        let text = |parts: [&[char]; 3]| parts.concat().into_iter().collect::<String>();
        let mut texts = Vec::new();
        if let [first, rest @ ..] = after {
            texts.push(text([before, rest, &[]]));
            if let [second, rest @ ..] = rest {
                texts.push(text([before, &[*second, *first], rest]));
            }
        }
        for letter in CHARACTERS.chars() {
            texts.push(text([before, &[letter], after]));
            if let [_, rest @ ..] = after {
                texts.push(text([before, &[letter], rest]));
            }
        }
        texts
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_may_be_missing_added_wrong_or_swapped() {
        for meant in ["ann@x.y", "nan@x.y", "aann@x.y", "anm@x.y"] {
            let is_near = one_letter_off(meant).any(|text| text == "ann@x.y");
            assert!(is_near, "{meant}");
        }
        assert!(!one_letter_off("bem@x.y").any(|text| text == "ann@x.y"));
    }
}
