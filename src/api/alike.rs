//! The short way through an answer that says the same of every user.
//!
//! Most answers are one text over and over: but for the user IDs, which stand there in the request's order. Then it is
//! enough to understand what is said of three. Of any other answer this says nothing.

use super::confirm::{Confirmation, Confirming};
use super::{AllocationRequest, UserIds, allocations};

/// What the text confirms, if it says of every user asked for, in their order, the same and what was asked.
pub fn confirm_all(text: &str, asked: &AllocationRequest) -> Option<Confirmation> {
    let alike = Alike::find(text, &asked.user_ids)?;
    let user_ids = alike.strangers();
    let sample = alike.about(&user_ids);
    let asked_of_sample = AllocationRequest {
        user_ids: user_ids.iter().collect(),
        user_bundle_codes: asked.user_bundle_codes.clone(),
        use_external_license: asked.use_external_license,
    };
    let mut confirming = Confirming::new(&asked_of_sample);
    let mut allocations = 0;
    let note = |allocation| {
        confirming.note(&allocation);
        allocations += 1;
    };
    allocations::parse(&sample, note).ok()?;
    let mut confirmation = confirming.finish();
    let [(_, places)] = &mut confirmation.confirmed[..] else {
        return None;
    };
    // With one more, it may say of somebody something else as well.
    if places.len() < user_ids.len() || allocations > user_ids.len() {
        return None;
    }
    *places = (0..asked.user_ids.len()).collect();
    Some(confirmation)
}

/// A text that is the same between any two user IDs.
///
/// Each ID is a JSON text of its own, in quotes and without escapes. So to put others there, fewer or more, changes nothing
/// else: the text is sound, and says of each ID in its place what it says of the others, if it does so for three. The first
/// begins the text and the last ends it; the one between them stands for all others.
struct Alike<'a> {
    head: &'a str,
    between: &'a str,
    tail: &'a str,
}

impl<'a> Alike<'a> {
    fn find(text: &'a str, user_ids: &UserIds) -> Option<Self> {
        let mut all = user_ids.iter();
        let (first, second, _) = (all.next()?, all.next()?, all.next()?);
        let (head, rest) = text.split_once(first)?;
        let (between, _) = rest.split_once(second)?;
        let mut tail = rest;
        for user_id in user_ids.iter().skip(1) {
            tail = tail.strip_prefix(between)?.strip_prefix(user_id)?;
        }
        let is_quoted = head.ends_with('"')
            && between.starts_with('"')
            && between.ends_with('"')
            && tail.starts_with('"');
        let this = Self {
            head,
            between,
            tail,
        };
        (is_quoted && user_ids.iter().all(is_plain)).then_some(this)
    }

    /// Three IDs that the text names nowhere else, however it spells what it says: they are longer than that.
    fn strangers(&self) -> [String; 3] {
        let length = self.head.len() + self.between.len() + self.tail.len() + 1;
        ["x", "y", "z"].map(|letter| letter.repeat(length))
    }

    /// The text with these IDs in place of its own.
    fn about(&self, [first, second, third]: &[String; 3]) -> String {
        let Self {
            head,
            between,
            tail,
        } = *self;
        [head, first, between, second, between, third, tail].concat()
    }
}

/// Whether JSON spells the text as it is.
fn is_plain(text: &str) -> bool {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // To look at every byte is quicker here than to stop at the first that is special.
    !text.bytes().fold(false, |any, byte| any | is_special(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::message::tests::asking_for;
    use proptest::prelude::*;

    fn asking(users: &[String]) -> AllocationRequest {
        let users: Vec<_> = users.iter().map(String::as_str).collect();
        asking_for(&users)
    }

    fn users(count: usize) -> Vec<String> {
        (0..count).map(|user| format!("u{user}")).collect()
    }

    fn object(user: &str) -> String {
        format!(
            r#"{{"userId":"{user}","organizationId":"o","useExternalLicense":false,"userBundleCodes":["IDU"]}}"#
        )
    }

    fn array(objects: &[String]) -> String {
        format!("[{}]", objects.join(","))
    }

    #[test]
    fn an_answer_that_says_the_same_of_everyone_confirms_everyone() {
        let users = users(50);
        let objects: Vec<_> = users.iter().map(|user| object(user)).collect();
        let confirmation = confirm_all(&array(&objects), &asking(&users)).unwrap();
        assert_eq!(confirmation.confirmed, [("o".into(), (0..50).collect())]);
        assert!(confirmation.unconfirmed.is_empty());
    }

    #[test]
    fn of_an_answer_that_says_anything_else_nothing_is_said() {
        let users = users(6);
        let asked = asking(&users);
        let all: Vec<_> = users.iter().map(|user| object(user)).collect();
        for at in 0..users.len() {
            for (what, with) in [
                ("IDU", "PMD"),
                ("false", "true"),
                (r#""o""#, r#""p""#),
                (r#""userId":"u"#, r#""userId":"w"#),
                (r#""userId""#, r#""user""#),
                ("}", r#","userId":"u9"}"#),
                ("}", ""),
            ] {
                let mut said = all.clone();
                said[at] = said[at].replace(what, with);
                assert_eq!(confirm_all(&array(&said), &asked), None, "{at}: {with}");
            }
            let mut said = all.clone();
            said.remove(at);
            assert_eq!(confirm_all(&array(&said), &asked), None, "without {at}");
        }
        assert_eq!(confirm_all("", &asked), None);
    }

    #[test]
    fn of_an_answer_that_says_one_thing_more_nothing_is_said() {
        let users = users(5);
        let all: Vec<_> = users.iter().map(|user| object(user)).collect();
        for user in ["u1", "u3", "u9"] {
            let more = object(user).replace("IDU", "PMD");
            for at in [0, 2, 5] {
                let mut said = all.clone();
                said.insert(at, more.clone());
                assert_eq!(
                    confirm_all(&array(&said), &asking(&users)),
                    None,
                    "{user}, {at}"
                );
            }
        }
    }

    #[test]
    fn a_user_is_named_only_where_the_user_ids_stand() {
        let users = users(4);
        let listed: Vec<_> = users.iter().map(|user| format!("\"{user}\"")).collect();
        let list = listed.join(",");
        let stranger = object("s").replace('}', &format!(r#","more":[{list}]}}"#));
        let named: Vec<_> = users[..3].iter().map(|user| object(user)).collect();
        let escaped = named
            .iter()
            .map(|user| user.replace(":\"u", ":\"\\u0075"))
            .collect();
        for named in [named, escaped] {
            let text = array(&[vec![stranger.clone()], named].concat());
            assert_eq!(confirm_all(&text, &asking(&users)), None, "{text}");
        }
    }

    /// An ID, and how the answer spells it: they may hold anything, and each other.
    fn ids() -> impl Strategy<Value = Vec<String>> {
        let id = prop_oneof![
            "[au:,]{1,3}",
            "[\"\\\\{}é]{1,2}",
            (0_u128..9).prop_map(|guid| uuid::Uuid::from_u128(guid).to_string()),
        ];
        prop::collection::btree_set(id, 3..7).prop_map(|ids| ids.into_iter().collect())
    }

    proptest! {
        /// Whatever the IDs are, and wherever they stand: what it says is what is found by reading every word.
        #[test]
        fn the_short_way_leads_where_the_long_one_does(
            ids in ids(),
            before in prop_oneof![
                Just(r#"{"userId":""#), Just(r#"{"userId":"{"#), Just(r#"{"userId":"a"#),
                Just(r#"{"userId":"u","organizationId":""#), Just(r#"{"userId":"u","x":""#),
                Just(r#"{"useExternalLicense":false,"userId":""#),
            ],
            after in prop_oneof![
                Just(r#"","useExternalLicense":false,"userBundleCodes":["IDU"]}"#),
                Just(r#"}","useExternalLicense":false,"userBundleCodes":["IDU"]}"#),
                Just(r#"","userBundleCodes":["IDU"]}"#),
                Just(r#"","useExternalLicense":false,"userBundleCodes":["IDU"],"userId":"a"}"#),
            ],
            escape in any::<bool>(),
        ) {
            let spelt = |id: &String| match escape {
                true => serde_json::to_string(id).unwrap().trim_matches('"').to_owned(),
                false => id.clone(),
            };
            let objects: Vec<_> = ids.iter().map(|id| format!("{before}{}{after}", spelt(id))).collect();
            let (text, asked) = (array(&objects), asking(&ids));
            if let Some(confirmation) = confirm_all(&text, &asked) {
                prop_assert_eq!(allocations::read_all(&text, &asked).ok(), Some(confirmation));
            }
        }
    }
}
