//! Asks the service for what an import needs to know, before anything is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::ZonedDateTime;

use crate::api::{Account, Client};
use crate::catalog::Catalog;
use crate::directory::addresses;
use crate::humanize::count_of;
use crate::import::account::Located;
use crate::import::answers::CurrentFile;
use crate::import::connection::Connection;
use crate::input::{Format, Input, RowReader};
use crate::lookup::{
    Caller, FoundAddresses, LookupError, LookupObserver, collect_licenses, look_up_addresses,
    read_free_seats,
};
use crate::report::{LookupBar, Progress};
use crate::roster::Roster;
use crate::settings::{Ask, Questions};

/// The service, as far as an import has questions for it.
pub struct Lookups<'a> {
    connection: &'a Connection,
    max_retries: u32,
    account: &'a Account,
    pub questions: Questions,
}

impl<'a> Lookups<'a> {
    /// None if the service is not to be asked, or cannot be since the organisation is unknown.
    pub fn new(
        connection: &'a Connection,
        located: &'a Located,
        questions: Questions,
        max_retries: u32,
    ) -> Option<Self> {
        let has_questions = questions.all().iter().any(|ask| *ask != Ask::No);
        Some(Self {
            connection,
            max_retries,
            account: located.account.as_ref().filter(|_| has_questions)?,
            questions,
        })
    }

    /// Looks up the e-mail addresses of a file. `None` if there is nothing to look up or no answer.
    pub fn addresses(
        &self,
        input: &Input,
        format: &Format,
        catalog: &Catalog,
        progress: &mut Progress,
    ) -> anyhow::Result<Option<FoundAddresses>> {
        if self.questions.addresses == Ask::No {
            return Ok(None);
        }
        let source = input.open()?;
        let bytes = progress.reading(source.reader, source.bytes);
        let rows = RowReader::new(bytes, format, catalog)?;
        let addresses = addresses(rows)?;
        if addresses.is_empty() {
            return Ok(None);
        }
        let count = addresses.len() as u64;
        progress.info(&format!("looking up {}", count_of(count, "e-mail address")));
        let found = self.ask("addresses", progress, async |caller| {
            look_up_addresses(caller, self.account, &addresses).await
        });
        unless_optional(found, self.questions.addresses, progress)
    }

    /// Reads what the users of a roster have. Gives a file of current licences; `None` if there is no answer.
    pub fn current(
        &self,
        roster: &Roster,
        progress: &mut Progress,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        if self.questions.current == Ask::No {
            return Ok(None);
        }
        let assignments = &roster.assignments;
        let user_ids = assignments.users();
        let user_ids: Vec<_> = user_ids
            .map(|user| assignments.id_in_requests(user))
            .collect();
        let read = self.ask("licences", progress, async |caller| {
            collect_licenses::<CurrentFile, _>(caller, self.account, &user_ids).await
        });
        let Some(current) = unless_optional(read, self.questions.current, progress)? else {
            return Ok(None);
        };
        if current.lacks_external_flag() {
            progress.info(
                "the service does not say whether current licences are external; they are taken as not external",
            );
        }
        Ok(Some(current.into_bytes()?))
    }

    /// Reads how many seats are free, by code.
    pub fn free_seats(
        &self,
        progress: &mut Progress,
    ) -> anyhow::Result<Option<BTreeMap<String, u64>>> {
        if self.questions.seats == Ask::No {
            return Ok(None);
        }
        let read = self.ask("seats", progress, async |caller| {
            read_free_seats(caller, self.account).await
        });
        unless_optional(read, self.questions.seats, progress)
    }

    /// Asks a question, and shows the progress.
    fn ask<T>(
        &self,
        name: &str,
        progress: &mut Progress,
        question: impl AsyncFnOnce(&Caller<'_, Client>) -> T,
    ) -> T {
        let bar = progress.looking_up(name);
        let shown = ShownLookup { bar, progress };
        let caller = self.connection.caller(self.max_retries).observed_by(&shown);
        self.connection.runtime.block_on(question(&caller))
    }
}

/// Shows the progress of a look-up.
struct ShownLookup<'a> {
    bar: LookupBar,
    progress: &'a Progress,
}

impl LookupObserver for ShownLookup<'_> {
    fn total(&self, users: u64) {
        self.bar.restart(users);
    }

    fn done(&self, more: u64) {
        self.bar.add(more);
    }

    fn left(&self, at_least: Duration) {
        self.bar.set_time_left(at_least);
    }

    fn waiting(&self, wait: Duration) {
        let until = ZonedDateTime::now().saturating_add(wait);
        self.progress.info(&format!(
            "waiting until {}: the service's quota for reading is used up",
            until.strftime("%H:%M:%S")
        ));
    }
}

/// An import does without an answer that the service does not give, unless a flag asks for it. If the service is
/// unavailable, the answer may matter, so that is an error.
fn unless_optional<T>(
    answer: Result<T, LookupError>,
    ask: Ask,
    progress: &Progress,
) -> anyhow::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ LookupError::NoWay { .. }) if ask == Ask::IfPossible => {
            progress.info(&format!("warning: {error}"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
