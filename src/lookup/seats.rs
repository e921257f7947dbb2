//! Reads how many seats are free.

use std::collections::BTreeMap;

use super::caller::Caller;
use super::failure::{CallFailure, LookupError, Question, Ways};
use crate::api::seats::{CodeSeats, LicenseSummary, SeatSource};
use crate::api::{Account, Calls};
use crate::sanitize::printable;

const QUESTION: Question = Question {
    what: "how many seats are free",
    scope: "PM.License.Read",
};

/// The free seats of each code, as the service spells it.
///
/// # Errors
/// When the service does not answer.
pub async fn read_free_seats<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
) -> Result<BTreeMap<String, u64>, LookupError> {
    let mut ways = Ways::new(QUESTION);
    for source in SeatSource::ALL {
        let seats = read(caller, account, source).await;
        match seats.and_then(free_by_code) {
            Ok(free) => return Ok(free),
            Err(failure) => ways.failed(name(source), failure)?,
        }
    }
    Err(ways.into_error())
}

/// The free seats of each code. More seats may be allocated than there are.
fn free_by_code(seats: Vec<CodeSeats>) -> Result<BTreeMap<String, u64>, CallFailure> {
    let mut free = BTreeMap::new();
    for CodeSeats {
        code,
        total,
        allocated,
    } in seats
    {
        if free.contains_key(&code) {
            let code = printable(&code, 40);
            return Err(CallFailure::Invalid(format!(
                "an answer that lists {code} twice"
            )));
        }
        free.insert(code, total.saturating_sub(allocated));
    }
    Ok(free)
}

async fn read<C: Calls>(
    caller: &Caller<'_, C>,
    account: &Account,
    source: SeatSource,
) -> Result<Vec<CodeSeats>, CallFailure> {
    let answer = caller.call(&source.call(account)).await?;
    let seats = match source {
        SeatSource::Lease | SeatSource::Portal => answer.json(),
        SeatSource::Summary => {
            let summary = answer.json();
            summary.map(|summary: LicenseSummary| summary.user_licenses)
        }
    };
    seats.map_err(CallFailure::Invalid)
}

fn name(source: SeatSource) -> &'static str {
    match source {
        SeatSource::Lease => "seats",
        SeatSource::Portal => "seats (portal)",
        SeatSource::Summary => "licence summary",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(code: &str, total: u64, allocated: u64) -> CodeSeats {
        CodeSeats {
            code: code.to_owned(),
            total,
            allocated,
        }
    }

    #[test]
    fn free_seats_are_never_negative_and_a_code_that_is_listed_twice_is_no_answer() {
        let free = free_by_code(vec![seats("IDU", 5, 3), seats("PMD", 5, 9)]);
        let expected = [("IDU", 2), ("PMD", 0)].map(|(code, free)| (code.to_owned(), free));
        assert_eq!(free, Ok(BTreeMap::from(expected)));
        let twice = free_by_code(vec![seats("IDU", 5, 3), seats("IDU", 9, 0)]);
        let failure = CallFailure::Invalid("an answer that lists IDU twice".to_owned());
        assert_eq!(twice, Err(failure));
    }
}
