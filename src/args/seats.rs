//! The flags of seats: how many are free, and which users get them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::Args;

use crate::catalog::Catalog;
use crate::hint::Failure;
use crate::input::Input;
use crate::plan::{SeatBudget, read_seats_file, seats_arg};
use crate::sanitize::printable;
use crate::settings::Ask;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Seats")]
pub struct SeatArgs {
    /// Free seats by code, `service` or `none`
    #[arg(long, value_name = "CODE=N,…")]
    seats: Option<SeatsArg>,

    /// Free seats, from a file with the columns code, total and allocated
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    seats_file: Option<PathBuf>,

    /// Too few seats: send the first users, fail the rest
    #[arg(long)]
    pub until_full: bool,

    /// Serve users by the numbers in this column, lowest first
    #[arg(long, value_name = "COLUMN", hide_short_help = true)]
    pub priority: Option<String>,
}

impl SeatArgs {
    /// How many seats there are, if a flag says so, and else whether the service is asked. Reads the file of seats.
    pub fn into_source(
        self,
        catalog: &Catalog,
        default: Ask,
    ) -> anyhow::Result<(Option<SeatBudget>, Ask)> {
        let (free, ask) = match (self.seats, self.seats_file) {
            (Some(SeatsArg::Counts(_)), Some(_)) => bail!(
                Failure::new("--seats and --seats-file both give the number of free seats")
                    .hint("remove one of them")
            ),
            (Some(SeatsArg::Counts(given)), None) => (Some(known_codes(given, catalog)?), Ask::No),
            (_, Some(path)) => {
                let free = read_free_seats(&path, catalog)
                    .with_context(|| format!("cannot use {} (--seats-file)", path.display()))?;
                (Some(free), Ask::No)
            }
            (Some(SeatsArg::Service), None) => (None, Ask::Must),
            (Some(SeatsArg::None), None) => (None, Ask::No),
            (None, None) => (None, default),
        };
        let ask = match (self.until_full, &free, ask) {
            (true, None, Ask::No) => bail!(
                Failure::new("--until-full needs the number of free seats")
                    .hint("add --seats or --seats-file, or give the portal's address with --url, so that the service is asked")
            ),
            (true, None, _) => Ask::Must,
            _ => ask,
        };
        let partial = self.until_full;
        Ok((free.map(|free| SeatBudget { free, partial }), ask))
    }
}

/// The value of `--seats`.
#[derive(Debug, Clone)]
enum SeatsArg {
    Counts(BTreeMap<String, u64>),
    Service,
    None,
}

impl FromStr for SeatsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "service" => Ok(Self::Service),
            "none" => Ok(Self::None),
            counts => seats_arg::parse_seats(counts).map(Self::Counts),
        }
    }
}

/// The seats by the codes' own spelling.
fn known_codes(
    given: BTreeMap<String, u64>,
    catalog: &Catalog,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut free = BTreeMap::new();
    for (written, seats) in given {
        let Some(code) = catalog.find(&written) else {
            bail!(
                Failure::new(format!("--seats: unknown code {}", printable(&written, 40)))
                    .hint("`seatload codes` lists the known codes; --allow-code accepts a new one")
            );
        };
        if free.insert(code.to_owned(), seats).is_some() {
            bail!(Failure::new(format!("--seats: {code} is given twice")));
        }
    }
    Ok(free)
}

fn read_free_seats(path: &Path, catalog: &Catalog) -> anyhow::Result<BTreeMap<String, u64>> {
    let source = Input::Path(path.to_owned()).open()?;
    let free = read_seats_file(source.reader, catalog)?;
    if free.is_empty() {
        bail!(
            Failure::new("the file has no known bundle code")
                .hint("export it again, or give the seats with --seats")
        );
    }
    Ok(free)
}
