//! The flags of current licences: what users have before the run.

use std::path::Path;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::args::source::SourceArg;
use crate::hint::Failure;
use crate::plan::{AbsentUsers, Mode};
use crate::settings::{Ask, CurrentFile};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Current licences")]
pub struct CurrentArgs {
    /// What users have now: a file, `service` or `none`
    #[arg(long, value_name = "SOURCE", value_parser = SourceArg::parser())]
    current: Option<SourceArg>,

    /// `replace` them, or `add` to them
    #[arg(long, value_name = "MODE", value_enum, default_value_t = ModeArg::Replace)]
    mode: ModeArg,

    /// Users who are not in the file of --current have no licences
    #[arg(long, hide_short_help = true)]
    absent_means_none: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArg {
    /// Users lose the codes that the input does not name
    Replace,
    /// Users keep them; current licences must be known
    Add,
}

impl CurrentArgs {
    pub fn mode(&self) -> Mode {
        match self.mode {
            ModeArg::Replace => Mode::Replace,
            ModeArg::Add => Mode::Add,
        }
    }

    /// The file, and whether the service is asked instead; `default` is for an import that says neither.
    pub fn into_source(self, default: Ask) -> anyhow::Result<(Option<CurrentFile>, Ask)> {
        let absent = if self.absent_means_none {
            AbsentUsers::HaveNone
        } else {
            AbsentUsers::Unknown
        };
        let mode = self.mode();
        match SourceArg::resolve(self.current, default) {
            (None, Ask::No) if mode == Mode::Add => bail!(
                Failure::new("--mode add needs the current licences of users").hint(
                    "export them and add --current FILE, or give the portal's address with --url, so that the service is asked"
                )
            ),
            (None, _) if self.absent_means_none => bail!(
                Failure::new(
                    "--absent-means-none is about the file of --current, which is missing"
                )
                .hint("add --current FILE, or remove --absent-means-none")
            ),
            (Some(path), _) if path == Path::new("-") => bail!(
                Failure::new("--current cannot be standard input: that is for the input")
                    .hint("save the current licences to a file")
            ),
            (None, Ask::IfPossible) if mode == Mode::Add => Ok((None, Ask::Must)),
            (path, ask) => Ok((path.map(|path| CurrentFile::given(path, absent)), ask)),
        }
    }
}
