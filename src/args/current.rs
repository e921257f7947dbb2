//! The flags of current licences: what users have before the run.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::hint::Failure;
use crate::plan::{AbsentUsers, Mode};
use crate::settings::CurrentFile;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Current licences")]
pub struct CurrentArgs {
    /// What users have now: sends only changes, writes undo.csv
    #[arg(long, value_name = "FILE")]
    current: Option<PathBuf>,

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
    /// Users keep them; needs --current
    Add,
}

impl CurrentArgs {
    pub fn mode(&self) -> Mode {
        match self.mode {
            ModeArg::Replace => Mode::Replace,
            ModeArg::Add => Mode::Add,
        }
    }

    pub fn into_file(self) -> anyhow::Result<Option<CurrentFile>> {
        let absent = if self.absent_means_none {
            AbsentUsers::HaveNone
        } else {
            AbsentUsers::Unknown
        };
        match self.current {
            None if self.mode() == Mode::Add => bail!(
                Failure::new("--mode add needs the current licences of users")
                    .hint("export them and add --current FILE")
            ),
            None if self.absent_means_none => bail!(
                Failure::new(
                    "--absent-means-none is about the file of --current, which is missing"
                )
                .hint("add --current FILE, or remove --absent-means-none")
            ),
            Some(path) if path == Path::new("-") => bail!(
                Failure::new("--current cannot be standard input: that is for the input")
                    .hint("save the current licences to a file")
            ),
            path => Ok(path.map(|path| CurrentFile { path, absent })),
        }
    }
}
