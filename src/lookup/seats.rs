//! Reads how many seats are free.

use std::collections::BTreeMap;

use super::caller::Caller;
use super::failure::{CallFailure, LookupError, Question, Ways};
use crate::api::seats::{CodeSeats, LicenseSummary, SeatSource};
use crate::api::{Account, Calls};

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
        match read(caller, account, source).await {
            Ok(seats) => {
                // More seats may be allocated than there are.
                let free =
                    |seats: CodeSeats| (seats.code, seats.total.saturating_sub(seats.allocated));
                return Ok(seats.into_iter().map(free).collect());
            }
            Err(failure) => ways.failed(name(source), failure)?,
        }
    }
    Err(ways.into_error())
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
