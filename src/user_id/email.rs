//! E-mail addresses in the cells of users.

/// The e-mail address of a text such as `ann@example.com`, `SMTP:ann@example.com` or `Ann (HR) <ann@example.com>`. What
/// stands beside it may be a part of it otherwise: `mary ann@…` and `ann@…` may be two people.
pub fn email_address(text: &str) -> Option<&str> {
    let addresses = email_addresses(text);
    let &[address] = addresses.as_slice() else {
        return None;
    };
    let stands_alone = |part: &str| {
        let mut words = words(part).peekable();
        words.peek().is_some() && words.all(|word| word.eq_ignore_ascii_case(address))
    };
    let mut parts = text.split(['<', '>', '(', ')']);
    parts.any(stands_alone).then_some(address)
}

/// Everything in a text that may be an e-mail address, each once.
pub fn email_addresses(text: &str) -> Vec<&str> {
    let mut addresses: Vec<&str> = Vec::new();
    for word in words(text) {
        let is_known = |known: &&str| known.eq_ignore_ascii_case(word);
        if is_address(word) && !addresses.iter().any(is_known) {
            addresses.push(word);
        }
    }
    addresses
}

/// The words of a text, without the marks around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(is_separator).flat_map(|part| {
        // An address may contain these marks, but has one `@`.
        let is_list = part.matches('@').count() > 1;
        part.split(move |character| is_list && matches!(character, '/' | '|'))
    });
    pieces.map(trim_address).filter(|word| !word.is_empty())
}

/// Whether a character is no part of an ID or an address.
pub fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '<' | '>' | '(' | ')' | '"' | ',' | ';')
}

/// An address without the scheme and the marks around it. An apostrophe within it is a part of it: `o'brien@…`.
fn trim_address(text: &str) -> &str {
    let is_mark = |character: char| character.is_whitespace() || "'\".,;".contains(character);
    let is_scheme =
        |text: &str| text.eq_ignore_ascii_case("mailto") || text.eq_ignore_ascii_case("smtp");
    let text = text.trim_matches(is_mark);
    match text.split_once(':') {
        Some((scheme, address)) if is_scheme(scheme) => address,
        _ => text,
    }
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::user_id::{InvalidId, validate};

    #[test]
    fn an_address_is_found_in_what_mail_programs_write() {
        for text in [
            "ann@example.com",
            "mailto:ann@example.com",
            "Ann <ann@example.com>",
            "\"Ann, HR\" <ann@example.com>",
            "ann@example.com <mailto:Ann@Example.com>",
            "SMTP:ann@example.com",
            "'ann@example.com'.",
            "ann@example.com Ann@Example.com",
            "ann@example.com; <ann@example.com>",
            "ann@example.com,ann@example.com",
            "ann@example.com/ann@example.com",
        ] {
            assert_eq!(email_addresses(text), ["ann@example.com"], "{text}");
            assert_eq!(email_address(text), Some("ann@example.com"), "{text}");
        }
        for text in ["a@x.y; b@x.y", "a@x.y|b@x.y", "a@x.y/b@x.y, A@x.y"] {
            assert_eq!(email_addresses(text), ["a@x.y", "b@x.y"], "{text}");
        }
        for address in ["o'brien@x.y", "a/b@x.y", "smtp@x.y", "ann@host"] {
            assert_eq!(email_addresses(address), [address]);
            assert_eq!(email_address(address), Some(address));
        }
        assert!(email_addresses("@ann ann@ a@b@c").is_empty());
    }

    #[test]
    fn what_may_be_a_part_of_an_address_is_not_taken_for_an_address() {
        for text in [
            "mary ann@x.y",
            "mary,ann@x.y",
            "Mary: ann@x.y",
            "ann@x.y Mary",
            "mary @x.y",
            "mary@@x.y",
            "mary＠x.y",
            "a@x.y; b@x.y",
        ] {
            assert_eq!(email_address(text), None, "{text}");
            assert!(matches!(
                validate(text),
                Some(InvalidId::Email | InvalidId::Several)
            ));
        }
    }

    proptest! {
        #[test]
        fn the_end_of_an_address_is_not_another_address(
            start in "[a-f]{1,4}",
            between in r#"[ \t!"\#$%&'*+,\-./:;=?\[\]^_`{|}~]{1,3}"#,
            end in "[a-f]{1,4}@x\\.y",
        ) {
            let text = format!("{start}{between}{end}");
            prop_assert_ne!(email_address(&text), Some(end.as_str()));
        }
    }
}
