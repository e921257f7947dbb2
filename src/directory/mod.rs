//! From the e-mail addresses of an organisation's users to their IDs.

mod addresses;
mod file;
mod suggest;

use std::collections::HashMap;

use crate::user_id::UserKey;
pub use addresses::addresses;

/// The users of an organisation by e-mail address.
#[derive(Debug, Default)]
pub struct Directory {
    by_address: HashMap<String, Vec<Entry>>,
}

/// A user with an e-mail address, and the line of the table that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    user_id: String,
    line: u32,
}

/// The result of looking up an e-mail address.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    Found(&'a str),
    NotFound,
    /// Several users have the address: their IDs, and the lines that say so.
    Ambiguous(Vec<(&'a str, u32)>),
}

impl Directory {
    /// The user with an e-mail address, in upper or lower case.
    pub fn resolve(&self, address: &str) -> Lookup<'_> {
        let entries = self.by_address.get(&address.to_lowercase());
        match entries.map(Vec::as_slice) {
            None | Some([]) => Lookup::NotFound,
            Some([entry]) => Lookup::Found(&entry.user_id),
            Some(entries) => {
                let entries = entries.iter();
                let users = entries.map(|entry| (entry.user_id.as_str(), entry.line));
                Lookup::Ambiguous(users.collect())
            }
        }
    }

    /// The only address from which an unknown one differs by a letter, if there is one.
    pub fn suggest(&self, unknown: &str) -> Option<&str> {
        let unknown = unknown.to_lowercase();
        let near = suggest::one_letter_off(&unknown);
        let mut known = near.filter_map(|address| self.by_address.get_key_value(&address));
        let (first, _) = known.next()?;
        known.all(|(other, _)| other == first).then_some(first)
    }

    fn add(&mut self, address: &str, user_id: &str, line: u32) {
        // Almost every address has one user.
        let entries = self.by_address.entry(address.to_lowercase());
        let entries = entries.or_insert_with(|| Vec::with_capacity(1));
        let is_known = |entry: &Entry| UserKey::of(&entry.user_id) == UserKey::of(user_id);
        if !entries.iter().any(is_known) {
            entries.push(Entry {
                user_id: user_id.to_owned(),
                line,
            });
        }
    }
}
