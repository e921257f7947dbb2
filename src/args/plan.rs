//! The arguments that say what users hold, which seats there are, and who comes first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use crate::catalog::Catalog;
use crate::input::{ColumnChoice, Format, Input, parse_delimiter};
use crate::plan::read_seats_file;

use crate::plan::{AbsentUsers, Mode, SeatBudget};
use crate::sanitize::printable;
use crate::settings::CurrentFile;

const CURRENT_LICENSES: &str = "Holdings";
const SEATS: &str = "Seats";

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// A file of what users hold now
    ///
    /// It has the same columns as the input. With it an import shows what it gives and takes away, sends only users for whom
    /// something changes, and writes undo.csv.
    #[arg(long, value_name = "FILE", env = "SEATLOAD_CURRENT", help_heading = CURRENT_LICENSES, hide_env_values = true)]
    current: Option<PathBuf>,

    /// How that file is written, where that cannot be seen: encoding=NAME, delimiter=CHAR, sheet=NAME, wide,
    /// user-column=COLUMN, code-column=COLUMN or external-column=COLUMN; once for each
    #[arg(long, value_name = "NAME=VALUE", env = "SEATLOAD_CURRENT_FORMAT", help_heading = CURRENT_LICENSES, hide_env_values = true)]
    current_format: Vec<FormatSetting>,

    /// Replace what users hold, or add to it
    ///
    /// That is, what becomes of the codes that a user holds and the file does not name.
    #[arg(long, value_name = "MODE", env = "SEATLOAD_MODE", help_heading = CURRENT_LICENSES, hide_env_values = true)]
    #[arg(value_enum, default_value_t = ModeArg::Replace)]
    mode: ModeArg,

    /// Users whom the file of --current does not name hold nothing, since it names everyone who holds something
    #[arg(long, env = "SEATLOAD_ABSENT_MEANS_NONE", help_heading = CURRENT_LICENSES, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    absent_means_none: bool,

    /// Seats that are free, such as RPADEVNU=50,ATTUNU=20
    ///
    /// Nothing is sent if they do not suffice.
    #[arg(long, value_name = "CODE=N,…", env = "SEATLOAD_SEATS", help_heading = SEATS, hide_env_values = true)]
    #[arg(value_parser = crate::plan::seats_arg::parse_seats)]
    seats: Option<BTreeMap<String, u64>>,

    /// The same from a table with the columns code, total and allocated
    #[arg(long, value_name = "FILE", env = "SEATLOAD_SEATS_FILE", help_heading = SEATS, hide_env_values = true)]
    seats_file: Option<PathBuf>,

    /// Where seats are lacking, send those who come first
    ///
    /// The rest is reported as conflict.
    #[arg(long, env = "SEATLOAD_UNTIL_FULL", help_heading = SEATS, hide_env_values = true)]
    #[arg(action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    until_full: bool,

    /// Serve users by the numbers in this column, lowest first, and not by their order in the file
    #[arg(long, value_name = "COLUMN", env = "SEATLOAD_PRIORITY", help_heading = SEATS, hide_env_values = true)]
    priority: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArg {
    /// The user loses them
    Replace,
    /// The user keeps them; needs --current
    Add,
}

/// One thing to know of how a file is written.
#[derive(Debug, Clone)]
struct FormatSetting {
    name: String,
    value: String,
}

impl FromStr for FormatSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let setting = Self {
            name: name.trim().to_owned(),
            value: value.to_owned(),
        };
        setting.apply(&mut Format::default())?;
        Ok(setting)
    }
}

impl FormatSetting {
    fn apply(&self, format: &mut Format) -> Result<(), String> {
        let column = || Some(ColumnChoice(self.value.clone()));
        match (self.name.as_str(), self.value.is_empty()) {
            ("wide", true) => format.is_wide = true,
            ("encoding", false) => format.encoding = Some(self.value.parse()?),
            ("delimiter", false) => format.delimiter = Some(parse_delimiter(&self.value)?),
            ("sheet", false) => format.sheet = Some(self.value.clone()),
            ("user-column", false) => format.user_column = column(),
            ("code-column", false) => format.code_column = column(),
            ("external-column", false) => format.external_column = column(),
            _ => {
                return Err(
                    "give one of encoding=NAME, delimiter=CHAR, sheet=NAME, wide, user-column=COLUMN, code-column=COLUMN, external-column=COLUMN"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }
}

/// What the arguments come to.
pub struct PlanSettings {
    pub current: Option<CurrentFile>,
    pub mode: Mode,
    pub seats: Option<SeatBudget>,
    pub priority: Option<ColumnChoice>,
}

impl PlanArgs {
    /// Finds the arguments sound, and reads the file of seats.
    pub fn into_settings(self, catalog: &Catalog) -> anyhow::Result<PlanSettings> {
        let mode = match self.mode {
            ModeArg::Replace => Mode::Replace,
            ModeArg::Add => Mode::Add,
        };
        if self.current.is_none() {
            if mode == Mode::Add {
                bail!(
                    "--mode add needs to know what users hold now\n  hint: give an export of it by --current"
                );
            }
            if self.absent_means_none || !self.current_format.is_empty() {
                bail!(
                    "--absent-means-none and --current-format are about the file of --current, and there is none"
                );
            }
        }
        if self.current.as_deref() == Some(Path::new("-")) {
            bail!("--current names a file: standard input is for the input");
        }
        let mut format = Format::default();
        for setting in &self.current_format {
            setting.apply(&mut format).map_err(anyhow::Error::msg)?;
        }
        let absent = match self.absent_means_none {
            true => AbsentUsers::HaveNone,
            false => AbsentUsers::Unknown,
        };
        Ok(PlanSettings {
            current: self.current.map(|path| CurrentFile {
                path,
                format,
                absent,
            }),
            mode,
            seats: seat_budget(self.seats, self.seats_file, self.until_full, catalog)?,
            priority: self.priority.map(ColumnChoice),
        })
    }
}

fn seat_budget(
    given: Option<BTreeMap<String, u64>>,
    file: Option<PathBuf>,
    until_full: bool,
    catalog: &Catalog,
) -> anyhow::Result<Option<SeatBudget>> {
    let free = match (given, file) {
        (Some(_), Some(_)) => bail!(
            "--seats and --seats-file both say how many seats there are\n  hint: take one away"
        ),
        (Some(given), None) => known_codes(given, catalog)?,
        (None, Some(path)) => read_free_seats(&path, catalog)
            .with_context(|| format!("cannot use the file of seats {}", path.display()))?,
        (None, None) if until_full => bail!(
            "--until-full needs to know how many seats are free\n  hint: give them by --seats or --seats-file"
        ),
        (None, None) => return Ok(None),
    };
    Ok(Some(SeatBudget {
        free,
        partial: until_full,
    }))
}

/// The same by the codes' own spelling. A code that no user can want is a mistake.
fn known_codes(
    given: BTreeMap<String, u64>,
    catalog: &Catalog,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut free = BTreeMap::new();
    for (written, seats) in given {
        let Some(code) = catalog.find(&written) else {
            bail!(
                "--seats: {} is no bundle code that is known\n  hint: `seatload codes` lists those that are; --allow-code lets a new one through",
                printable(&written, 40)
            );
        };
        if free.insert(code.to_owned(), seats).is_some() {
            bail!("--seats: {code} is named twice");
        }
    }
    Ok(free)
}

fn read_free_seats(path: &Path, catalog: &Catalog) -> anyhow::Result<BTreeMap<String, u64>> {
    let source = Input::Path(path.to_owned()).open()?;
    let free = read_seats_file(source.reader, catalog)?;
    if free.is_empty() {
        bail!(
            "it names no bundle code that is known\n  hint: export it again, or give the seats by --seats"
        );
    }
    Ok(free)
}
