//! The configuration file: settings by the names of their flags, and profiles of them.
//!
//! A setting becomes the default of its flag, so it is parsed as the flag's value would be.

mod parse;
mod trust;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgGroup, ArgMatches, Args, Command, Id};
use etcetera::BaseStrategy;

use crate::args::env;
use crate::args::invalid_value::InvalidValue;
use crate::args::network::NetworkArgs;
use crate::args::requests::RequestArgs;
use crate::args::sign_in::{SIGN_IN_METHODS, SignInArgs};
use crate::hint::Failure;
use crate::import::sign_in::TOKEN_VARIABLE;
use crate::text_file;

/// The file's name, in the current folder or in the user's configuration folder.
const FILE_NAME: &str = "seatload.toml";

/// Flags that a run does not record, since their values may contain a secret.
const NOT_RECORDED: [&str; 2] = ["token_command", "proxy"];

/// Settings of a configuration file.
#[derive(Debug, Default)]
pub struct ConfigFile {
    settings: Settings,
    /// The file, if no flag or variable names it.
    found: Option<PathBuf>,
    /// A flag or a variable names the file or a profile.
    is_explicit: bool,
}

type Settings = BTreeMap<String, Setting>;

#[derive(Debug)]
struct Setting {
    values: Vec<String>,
    /// The file, and the profile in it.
    source: String,
}

impl ConfigFile {
    /// Reads the file that the command line or a variable names, or else the one that exists. `cli` is the whole
    /// program's command, `matches` what flags and variables give.
    pub fn find(cli: &Command, matches: &ArgMatches) -> anyhow::Result<Self> {
        let Some((name, matches)) = matches.subcommand() else {
            return Ok(Self::default());
        };
        if !cli.find_subcommand(name).is_some_and(takes_settings) {
            return Ok(Self::default());
        }
        let named: Option<&PathBuf> = matches.get_one("config");
        let profile: Option<&String> = matches.get_one("profile");
        let found = if named.is_some() {
            None
        } else {
            default_path()
        };
        let Some(path) = named.or(found.as_ref()) else {
            if let Some(profile) = profile {
                bail!(
                    Failure::new(format!("there is no profile {profile}: there is no configuration file"))
                        .hint(format!("create {FILE_NAME} here or in your configuration folder, or name a file with --config"))
                );
            }
            return Ok(Self::default());
        };
        let text = text_file::read(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        let settings = parse::parse(&text, path, profile.map(String::as_str), cli)
            .with_context(|| format!("cannot use the configuration file {}", path.display()))?;
        let mut file = Self {
            settings,
            is_explicit: named.is_some() || profile.is_some(),
            found: found.clone(),
        };
        file.yield_to(matches);
        file.require_trust(matches)?;
        Ok(file)
    }

    /// The file, if its settings are used although no flag or variable names it.
    pub fn found(&self) -> Option<&Path> {
        let found = self.found.as_deref();
        found.filter(|_| !self.settings.is_empty())
    }

    /// Where the default of a flag comes from, if it comes from the file.
    pub fn source(&self, long: &str) -> Option<&str> {
        let setting = self.settings.get(long)?;
        Some(&setting.source)
    }

    /// Makes the settings the defaults of their flags.
    pub fn apply(&self, cli: Command) -> Command {
        cli.mut_subcommands(|command| {
            if !takes_settings(&command) {
                return command;
            }
            let recorded = if command.get_name() == "resume" {
                self.recorded_in_run(&command)
            } else {
                Vec::new()
            };
            command.mut_args(|arg| {
                let setting = arg.get_long().and_then(|long| self.settings.get(long));
                match setting {
                    Some(setting) if is_setting(&arg) && !recorded.contains(arg.get_id()) => {
                        arg.default_values(setting.values.clone())
                    }
                    _ => arg,
                }
            })
        })
    }

    /// An error of clap's about one of the settings.
    pub fn error(&self, error: clap::Error) -> anyhow::Error {
        let invalid = InvalidValue::find(&error);
        match invalid.and_then(|invalid| Some((self.source(&invalid.flag)?, invalid))) {
            Some((source, invalid)) => {
                let place = format!("`{}` in {source}", invalid.flag);
                invalid.at(&place).into()
            }
            None => error.exit(),
        }
    }

    /// A file that was only found in the current folder may be somebody else's.
    fn require_trust(&self, matches: &ArgMatches) -> anyhow::Result<()> {
        if self.found.as_deref() != Some(Path::new(FILE_NAME)) {
            return Ok(());
        }
        let is_used = |name: &str| {
            let id = id(name);
            let is_flag = matches.try_contains_id(&id).is_ok();
            is_flag
                && matches!(
                    matches.value_source(&id),
                    None | Some(ValueSource::DefaultValue)
                )
        };
        let used = { self.settings.iter() }.filter(|(name, _)| is_used(name));
        trust::check_found(used)
            .with_context(|| format!("cannot use the configuration file {FILE_NAME}"))
    }

    /// Drops what flags and variables replace: the way to sign in where they choose one, and a file such as
    /// `client-secret-file` where SEATLOAD_CLIENT_SECRET is set.
    fn yield_to(&mut self, matches: &ArgMatches) {
        let is_given = |method: &str| matches.value_source(&id(method)).is_some();
        if SIGN_IN_METHODS.into_iter().any(is_given) || env::is_set(TOKEN_VARIABLE) {
            drop_sign_in_methods(&mut self.settings);
        }
        self.settings.retain(|name, _| {
            let content = name.strip_suffix("-file");
            !content.is_some_and(|name| env::is_set(&env::variable("import", name)))
        });
    }

    /// The flags whose values a run records, so that the file does not change them when the run is resumed.
    fn recorded_in_run(&self, resume: &Command) -> Vec<Id> {
        let recorded = [
            RequestArgs::group_id(),
            SignInArgs::group_id(),
            NetworkArgs::group_id(),
        ];
        let groups = resume.get_groups();
        let groups = groups.filter(|group| recorded.contains(&Some(group.get_id().clone())));
        groups
            .flat_map(ArgGroup::get_args)
            .filter(|flag| !(self.is_explicit && NOT_RECORDED.contains(&flag.as_str())))
            .cloned()
            .collect()
    }
}

fn drop_sign_in_methods(settings: &mut Settings) {
    settings.retain(|name, _| !SIGN_IN_METHODS.contains(&name.as_str()));
}

/// The id of a flag.
fn id(long: &str) -> String {
    long.replace('-', "_")
}

/// Whether a command has settings beyond what it prints.
fn takes_settings(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == "rate") && command.get_name() != "sandbox"
}

/// Whether a flag can be set in the file: those of the file itself and hidden ones cannot.
fn is_setting(arg: &Arg) -> bool {
    !arg.is_global_set() && !arg.is_hide_set()
}

/// All settings, by name.
fn known_settings(cli: &Command) -> BTreeMap<&str, &Arg> {
    let commands = cli
        .get_subcommands()
        .filter(|command| takes_settings(command));
    let flags = commands.flat_map(Command::get_arguments);
    flags
        .filter(|arg| is_setting(arg))
        .filter_map(|arg| Some((arg.get_long()?, arg)))
        .collect()
}

/// The file that exists in the current folder, or in the user's configuration folder.
fn default_path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok();
    let user = strategy.map(|strategy| strategy.config_dir().join("seatload").join(FILE_NAME));
    let mut paths = [Some(PathBuf::from(FILE_NAME)), user].into_iter().flatten();
    paths.find(|path| path.is_file())
}

#[cfg(test)]
pub use parse::samples;
