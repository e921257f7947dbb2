//! Asks the service what an import needs to know, before anything is sent.

use std::collections::BTreeMap;

use tokio::runtime::Runtime;

use crate::api::{Account, Client};
use crate::catalog::Catalog;
use crate::directory::addresses;
use crate::hint::{Failure, Hint};
use crate::humanize::count_of;
use crate::import::account::Located;
use crate::import::answers::current_csv;
use crate::import::connection::Connection;
use crate::input::{Format, Input, RowReader};
use crate::lookup::{
    Caller, FoundAddresses, LookupError, look_up_addresses, read_free_seats, read_licenses,
};
use crate::report::Progress;
use crate::roster::Roster;
use crate::settings::{Ask, Questions};

/// The service, as far as an import has questions for it.
pub struct Lookups<'a> {
    runtime: &'a Runtime,
    caller: Caller<'a, Client>,
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
            runtime: &connection.runtime,
            caller: connection.caller(max_retries),
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
        let bar = progress.looking_up("addresses", count);
        let found = look_up_addresses(&self.caller, self.account, &addresses, |more| {
            bar.add(more as u64);
        });
        let found = self.runtime.block_on(found);
        drop(bar);
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
            .map(|user| assignments.user_id(user).to_string())
            .collect();
        let bar = progress.looking_up("licences", user_ids.len() as u64);
        let read = read_licenses(&self.caller, self.account, &user_ids, |more| {
            bar.add(more as u64);
        });
        let read = self.runtime.block_on(read);
        drop(bar);
        let Some(licenses) = unless_optional(read, self.questions.current, progress)? else {
            return Ok(None);
        };
        if licenses.iter().any(|user| user.external.is_none()) {
            progress.info(
                "the service does not say whether current licences are external; they are taken as not external",
            );
        }
        Ok(Some(current_csv(&licenses)?))
    }

    /// Reads how many seats are free, by code.
    pub fn free_seats(&self, progress: &Progress) -> anyhow::Result<Option<BTreeMap<String, u64>>> {
        if self.questions.seats == Ask::No {
            return Ok(None);
        }
        let read = self
            .runtime
            .block_on(read_free_seats(&self.caller, self.account));
        unless_optional(read, self.questions.seats, progress)
    }
}

/// What the service does not say, an import can do without, unless it was asked for explicitly. A service that is unavailable is
/// another matter: the answer may matter, so nothing is sent.
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
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            let failure = Failure::new(error.to_string()).hint(hint);
            Err(failure.into())
        }
    }
}
