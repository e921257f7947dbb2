//! The flags that a plan depends on: who gets which licences, in how many requests.

use std::num::NonZeroUsize;

use anyhow::bail;
use clap::Args;

use crate::args::current::CurrentArgs;
use crate::args::input::InputArgs;
use crate::args::seats::SeatArgs;
use crate::args::source::SourceArg;
use crate::args::whole_number::from_one;
use crate::catalog::Catalog;
use crate::hint::Failure;
use crate::input::{ColumnChoice, Format, Input};
use crate::settings::{Ask, ImportPlan, InputSettings, Questions};

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    current: CurrentArgs,

    #[command(flatten)]
    seats: SeatArgs,

    /// Maximum users in one request
    #[arg(
        long,
        value_name = "USERS",
        help_heading = "Requests",
        hide_short_help = true,
        value_parser = from_one::<NonZeroUsize>
    )]
    #[arg(default_value_t = NonZeroUsize::new(100).expect("not zero"))]
    batch_size: NonZeroUsize,
}

impl PlanArgs {
    /// `default` says whether the service is asked for what no flag gives.
    pub fn into_plan(self, input: Input, default: Ask) -> anyhow::Result<ImportPlan> {
        let (directory, addresses) = SourceArg::resolve(self.input.directory.clone(), default);
        let reading = self.input.into_input_settings()?;
        let catalog = Catalog::with_extra_codes(&reading.allowed_codes);
        let priority_column = self.seats.priority.clone().map(ColumnChoice);
        let mode = self.current.mode();
        let (current, ask_current) = self.current.into_source(default)?;
        let until_full = self.seats.until_full;
        let (seats, ask_seats) = self.seats.into_source(&catalog, default)?;
        let questions = Questions {
            addresses,
            current: ask_current,
            seats: ask_seats,
        };
        require_organization(&questions, default)?;
        Ok(ImportPlan {
            input,
            input_settings: InputSettings {
                format: Format {
                    priority_column,
                    ..reading.format
                },
                directory,
                mode,
                current,
                ..reading
            },
            seats,
            until_full,
            questions,
            batch_size: self.batch_size,
        })
    }
}

/// A flag can have the service asked only where the service may be asked at all.
fn require_organization(questions: &Questions, default: Ask) -> anyhow::Result<()> {
    if default == Ask::No && questions.all().contains(&Ask::Must) {
        bail!(
            Failure::new("the service can be asked only if the organisation is known")
                .hint("give the portal's address: --url https://cloud.uipath.com/NAME")
        );
    }
    Ok(())
}
