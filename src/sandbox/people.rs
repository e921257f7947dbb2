//! The people of the sandbox's organisation: those of the sample files, and others.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use uuid::Builder;

use super::ledger::Ledger;
use crate::api::AllocationRequest;

/// The sample file with e-mail addresses.
const SAMPLE: &str = include_str!("../../sample-data/joiners.csv");

/// Addresses of the sample file that nobody has: one is misspelt.
const UNKNOWN: [&str; 1] = ["piah.novak@acme.example"];

/// The addresses of the organisation.
const DOMAIN: &str = "@acme.example";

/// How many people of no sample file have each of these codes.
const OTHERS: [(&str, usize); 3] = [("ATTUNU", 26), ("CTZDEVNU", 20), ("TSTNU", 12)];

/// People of the sample file who have licences already.
const LICENSED: [(&str, &str, Source); 4] = [
    // The file takes RPADEVNU away.
    ("nadia.okafor@acme.example", "RPADEVNU", Source::Direct),
    // The file asks for what she has.
    ("lena.moreau@acme.example", "CTZDEVNU", Source::Direct),
    ("mats.meyer@acme.example", "IDU", Source::Group),
    ("bruno.castro@acme.example", "PMBU", Source::Direct),
];

/// Where a licence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Direct,
    Group,
}

/// One person of the organisation.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub name: String,
}

/// Everyone in the organisation.
#[derive(Debug)]
pub struct People {
    people: Vec<Person>,
    by_email: HashMap<String, usize>,
}

impl Default for People {
    fn default() -> Self {
        let mut reader = csv::Reader::from_reader(SAMPLE.as_bytes());
        let rows = reader.records().map_while(Result::ok);
        let rows = rows.map(|row| (row[0].to_owned(), row[2].to_lowercase()));
        let is_known = |email: &str| email.ends_with(DOMAIN) && !UNKNOWN.contains(&email);
        let mut people = Self {
            people: Vec::new(),
            by_email: HashMap::new(),
        };
        for (name, email) in rows.filter(|(_, email)| is_known(email)).chain(others()) {
            people.add(name, email);
        }
        people
    }
}

impl People {
    fn add(&mut self, name: String, email: String) {
        let place = self.people.len();
        if self.by_email.insert(email.clone(), place).is_none() {
            let id = user_id(&email);
            self.people.push(Person { id, email, name });
        }
    }

    pub fn all(&self) -> &[Person] {
        &self.people
    }

    /// The address of a user, if the directory has it.
    pub fn email(&self, user_id: &str) -> Option<&str> {
        let person = self.people.iter().find(|person| person.id == user_id)?;
        Some(&person.email)
    }

    /// The person with an address, in upper or lower case.
    pub fn find(&self, email: &str) -> Option<&Person> {
        let place = self.by_email.get(&email.to_lowercase())?;
        self.people.get(*place)
    }
}

/// Allocates the licences that people have when the sandbox of `--sandbox` starts.
pub fn give_initial_licenses(ledger: &mut Ledger) {
    for (email, code, source) in LICENSED {
        give(ledger, email, code, source);
    }
    let codes = OTHERS.into_iter();
    let codes = codes.flat_map(|(code, count)| std::iter::repeat_n(code, count));
    for ((_, email), code) in others().zip(codes) {
        give(ledger, &email, code, Source::Direct);
    }
}

fn give(ledger: &mut Ledger, email: &str, code: &str, source: Source) {
    let user_id = user_id(email);
    match source {
        Source::Group => ledger.add_to_group(&user_id, code),
        Source::Direct => {
            let request = AllocationRequest {
                user_ids: vec![user_id],
                user_bundle_codes: vec![code.to_owned()],
                use_external_license: false,
            };
            // With too few seats, some people have no licence.
            let _ = ledger.allocate(&request);
        }
    }
}

/// The names and addresses of the people of no sample file.
fn others() -> impl Iterator<Item = (String, String)> {
    let count = OTHERS.iter().map(|(_, count)| count).sum();
    (1..=count).map(|number: usize| {
        (
            format!("Person {number}"),
            format!("person{number}{DOMAIN}"),
        )
    })
}

/// An ID that is made from the address, so that it is the same in every sandbox.
fn user_id(email: &str) -> String {
    let digest = Sha256::digest(email.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_has_the_people_of_the_sample_file_and_not_its_misspelt_address() {
        let people = People::default();
        assert!(people.find("Olga.Berg@acme.example").is_some());
        assert!(people.find("pia.novak@acme.example").is_some());
        assert!(people.find("piah.novak@acme.example").is_none());
        assert!(people.find("sam.park@partner.example").is_none());
        let licensed = LICENSED
            .iter()
            .all(|(email, _, _)| people.find(email).is_some());
        assert!(licensed);
    }
}
