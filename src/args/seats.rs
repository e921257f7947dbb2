//! The flags of seats: how many are free, and which users get them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::catalog::Catalog;
use crate::hint::Failure;
use crate::input::Input;
use crate::plan::{SeatBudget, read_seats_file, seats_arg};
use crate::sanitize::printable;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Seats")]
pub struct SeatArgs {
    /// Free seats: nothing is sent if they are too few
    #[arg(long, value_name = "CODE=N,…", value_parser = seats_arg::parse_seats)]
    seats: Option<BTreeMap<String, u64>>,

    /// The same, from a file with the columns code, total and allocated
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    seats_file: Option<PathBuf>,

    /// Too few seats: send the first users, fail the rest
    #[arg(long)]
    until_full: bool,

    /// Serve users by the numbers in this column, lowest first
    #[arg(long, value_name = "COLUMN", hide_short_help = true)]
    pub priority: Option<String>,
}

impl SeatArgs {
    /// How many seats there are, if a flag says so. Reads the file of seats.
    pub fn into_budget(self, catalog: &Catalog) -> anyhow::Result<Option<SeatBudget>> {
        let free = match (self.seats, self.seats_file) {
            (Some(_), Some(_)) => bail!(
                Failure::new("--seats and --seats-file both give the number of free seats")
                    .hint("remove one of them")
            ),
            (Some(given), None) => known_codes(given, catalog)?,
            (None, Some(path)) => read_free_seats(&path, catalog)
                .with_context(|| format!("cannot use {} (--seats-file)", path.display()))?,
            (None, None) if self.until_full => bail!(
                Failure::new("--until-full needs the number of free seats")
                    .hint("add --seats or --seats-file")
            ),
            (None, None) => return Ok(None),
        };
        Ok(Some(SeatBudget {
            free,
            partial: self.until_full,
        }))
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
