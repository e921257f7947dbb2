//! The configuration file: settings by their flags' names, and profiles of them.
//!
//! A setting of a profile becomes the default of its flag, so it is read and found sound as the flag's value would be.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::parser::ValueSource;
use clap::{Command, CommandFactory};
use etcetera::BaseStrategy;
use toml::{Table, Value};

use crate::args::network::NETWORK;
use crate::args::run::REQUESTS;
use crate::args::sign_in::SIGN_IN;
use crate::cli::Cli;
use crate::import::sign_in::{CLIENT_SECRET_VARIABLE, PASSWORD_VARIABLE, TOKEN_VARIABLE};

/// The file's name, here or in the user's configuration folder.
const FILE_NAME: &str = "seatload.toml";

/// The table of profiles.
const PROFILES: &str = "profiles";

/// The commands that take settings from the file.
const COMMANDS: [&str; 5] = ["import", "plan", "resume", "check", "watch"];

/// Flags that are none.
const NO_SETTINGS: [&str; 5] = ["help", "config", "profile", "json", "csv"];

/// What belongs into no file that is not for it alone.
const SECRETS: [(&str, &str); 3] = [
    ("token", "SEATLOAD_TOKEN or --token-file"),
    (
        "client-secret",
        "SEATLOAD_CLIENT_SECRET or --client-secret-file",
    ),
    ("password", "SEATLOAD_PASSWORD or --password-file"),
];

/// What says how to sign in: one at most.
const SIGN_IN_METHODS: [&str; 5] = [
    "token-file",
    "token-command",
    "client-id",
    "tenancy",
    "username",
];

const USER_SIGN_IN: [&str; 2] = ["tenancy", "username"];

/// A secret that is in its variable comes before a file that holds one.
const SECRET_FILES: [(&str, &str); 2] = [
    (CLIENT_SECRET_VARIABLE, "client-secret-file"),
    (PASSWORD_VARIABLE, "password-file"),
];

/// What a run that goes on has of its own; but these are not always written down with it, and may be chosen anew.
const RECORDED_IN_RUN: [&str; 3] = [REQUESTS, SIGN_IN, NETWORK];
const NOT_RECORDED: [&str; 2] = ["token-command", "proxy"];

/// Settings of a configuration file.
#[derive(Debug, Default)]
pub struct ConfigFile {
    settings: BTreeMap<String, Setting>,
    /// The file, if nobody has named it.
    found: Option<PathBuf>,
    /// Somebody has named it, or a profile in it.
    is_explicit: bool,
}

#[derive(Debug)]
struct Setting {
    values: Vec<String>,
    /// Where it stands, for people.
    source: String,
}

/// What the command line says of settings, before anything else is looked at.
#[derive(Default)]
struct Selection {
    config: Option<PathBuf>,
    profile: Option<String>,
    /// Ways to sign in that are told by a flag or a variable.
    sign_in_methods: Vec<&'static str>,
    /// `--config` or `--profile` is told.
    is_explicit: bool,
}

impl ConfigFile {
    /// Finds what the command line, or the environment, names; or else what is there.
    pub fn find(arguments: &[OsString]) -> anyhow::Result<Self> {
        let Some(named) = selection(arguments) else {
            return Ok(Self::default());
        };
        let found = match named.config {
            Some(_) => None,
            None => default_path(),
        };
        let Some(path) = named.config.as_ref().or(found.as_ref()) else {
            if let Some(name) = named.profile {
                bail!(
                    "there is no configuration file, so there is no profile {name}\n  hint: write {FILE_NAME} here or into your configuration folder, or name it by --config"
                );
            }
            return Ok(Self::default());
        };
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        let read = Self::read(&text, path, named.profile.as_deref());
        let mut profile =
            read.with_context(|| format!("cannot use the configuration file {}\n  hint: mend it, or name another by --config", path.display()))?;
        if !named.sign_in_methods.is_empty() {
            // A user's name and tenancy are two parts of one way.
            let is_person = |name: &str| USER_SIGN_IN.contains(&name);
            let only_person = named.sign_in_methods.iter().all(|way| is_person(way));
            profile.settings.retain(|name, _| {
                !SIGN_IN_METHODS.contains(&name.as_str()) || only_person && is_person(name)
            });
        }
        for (variable, name) in SECRET_FILES {
            if is_set(variable) {
                profile.settings.remove(name);
            }
        }
        Ok(Self {
            found,
            is_explicit: named.is_explicit,
            ..profile
        })
    }

    /// The file, if it is used though nobody has named it.
    pub fn found(&self) -> Option<&Path> {
        let found = self.found.as_deref();
        found.filter(|_| !self.settings.is_empty())
    }

    fn read(text: &str, path: &Path, name: Option<&str>) -> anyhow::Result<Self> {
        let mut table: Table = toml::from_str(text).map_err(|error| {
            // Its own text shows the line, which may hold a secret.
            let before = error.span().map_or(0, |span| span.start);
            let line = text
                .bytes()
                .take(before)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1;
            anyhow::anyhow!("line {line}: {}", error.message())
        })?;
        let mut profiles = match table.remove(PROFILES) {
            None => Table::new(),
            Some(Value::Table(profiles)) => profiles,
            Some(_) => bail!("`{PROFILES}` is no table such as [{PROFILES}.prod]"),
        };
        let mut profile = Self::default();
        profile.add(table, &path.display().to_string())?;
        let Some(name) = name else {
            return Ok(profile);
        };
        match profiles.remove(name) {
            Some(Value::Table(table)) => {
                profile.add(table, &format!("profile {name} in {}", path.display()))?;
                Ok(profile)
            }
            Some(_) => bail!("`{PROFILES}.{name}` is no table"),
            None => {
                let names: Vec<_> = profiles.keys().map(String::as_str).collect();
                let there = match names.as_slice() {
                    [] => "none".to_owned(),
                    names => names.join(", "),
                };
                bail!("there is no profile {name}; there are: {there}")
            }
        }
    }

    fn add(&mut self, table: Table, origin: &str) -> anyhow::Result<()> {
        if table
            .keys()
            .any(|name| SIGN_IN_METHODS.contains(&name.as_str()))
        {
            self.settings
                .retain(|name, _| !SIGN_IN_METHODS.contains(&name.as_str()));
        }
        let known = known_settings();
        for (name, value) in table {
            if let Some((_, place)) = SECRETS.iter().find(|(secret, _)| *secret == name) {
                bail!(
                    "`{name}` is a secret, and a configuration file is no place for it: use {place}"
                );
            }
            if !known.contains(&name) {
                let near = known
                    .iter()
                    .map(|known| (strsim::damerau_levenshtein(known, &name), known));
                match near.min() {
                    Some((distance, near)) if distance <= 2 => {
                        bail!("there is no setting `{name}`; did you mean `{near}`?")
                    }
                    _ => bail!(
                        "there is no setting `{name}`: settings are named as flags are, without the dashes"
                    ),
                }
            }
            let values = match value {
                Value::Array(values) => values.iter().map(value_text).collect::<Option<Vec<_>>>(),
                one => value_text(&one).map(|one| vec![one]),
            };
            let Some(values) = values else {
                bail!("`{name}` is neither text, a number, true or false, nor a list of these");
            };
            if name == "proxy" && values.iter().any(|value| value.contains('@')) {
                bail!(
                    "`proxy` holds a password, and a configuration file is no place for it: use SEATLOAD_PROXY"
                );
            }
            let origin = origin.to_owned();
            self.settings.insert(
                name,
                Setting {
                    values,
                    source: origin,
                },
            );
        }
        Ok(())
    }

    /// Makes the settings the defaults of their flags.
    pub fn apply(&self, command: Command) -> Command {
        let mut command = command;
        for name in COMMANDS {
            command = command.mut_subcommand(name, |subcommand| {
                subcommand.mut_args(|arg| {
                    let long = arg.get_long().unwrap_or_default();
                    let is_recorded = name == "resume"
                        && arg
                            .get_help_heading()
                            .is_some_and(|heading| RECORDED_IN_RUN.contains(&heading))
                        && !(self.is_explicit && NOT_RECORDED.contains(&long));
                    let setting = arg.get_long().and_then(|long| self.settings.get(long));
                    match setting {
                        Some(setting) if !is_recorded => arg.default_values(setting.values.clone()),
                        _ => arg,
                    }
                })
            });
        }
        command
    }

    /// Where the value of a flag that was not given comes from, if it is from the file.
    pub fn source(&self, long: &str) -> Option<&str> {
        self.settings
            .get(long)
            .map(|setting| setting.source.as_str())
    }
}

fn value_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// The names of all flags that can be set.
fn known_settings() -> Vec<String> {
    let cli = Cli::command();
    let commands = cli.get_subcommands();
    let mut names: Vec<_> = commands
        .filter(|command| COMMANDS.contains(&command.get_name()))
        .flat_map(Command::get_arguments)
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .filter(|long| !NO_SETTINGS.contains(&long.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// None where nothing is taken from the file: for help, and for commands without settings.
fn selection(arguments: &[OsString]) -> Option<Selection> {
    let lenient = Cli::command().ignore_errors(true);
    let matches = lenient.try_get_matches_from(arguments).ok()?;
    let (command, below) = matches.subcommand()?;
    if !COMMANDS.contains(&command) {
        return None;
    }
    let is_told = |long: &&str| {
        let id = long.replace('-', "_");
        let source = below
            .try_contains_id(&id)
            .is_ok()
            .then(|| below.value_source(&id));
        matches!(
            source.flatten(),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        )
    };
    let mut ways: Vec<_> = SIGN_IN_METHODS.into_iter().filter(is_told).collect();
    if is_set(TOKEN_VARIABLE) {
        ways.push(TOKEN_VARIABLE);
    }
    let config = below.try_get_one::<PathBuf>("config").ok().flatten();
    let profile = below.try_get_one::<String>("profile").ok().flatten();
    Some(Selection {
        config: config.cloned(),
        profile: profile.cloned(),
        sign_in_methods: ways,
        is_explicit: config.is_some() || profile.is_some(),
    })
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// The file that is there: here, or in the user's configuration folder.
fn default_path() -> Option<PathBuf> {
    let here = PathBuf::from(FILE_NAME);
    let own = etcetera::choose_base_strategy()
        .ok()
        .map(|strategy| strategy.config_dir().join("seatload").join(FILE_NAME));
    [Some(here), own]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, name: Option<&str>) -> anyhow::Result<ConfigFile> {
        ConfigFile::read(text, Path::new("seatload.toml"), name)
    }

    #[test]
    fn a_profile_comes_before_what_holds_for_all() {
        let text = "rate = \"5/s\"\nbatch-size = 50\n[profiles.prod]\nrate = \"160/5m\"\n";
        let value = |profile: &ConfigFile, name: &str| profile.settings[name].values.clone();
        let without = read(text, None).unwrap();
        assert_eq!(value(&without, "rate"), ["5/s"]);
        let prod = read(text, Some("prod")).unwrap();
        assert_eq!(value(&prod, "rate"), ["160/5m"]);
        assert_eq!(value(&prod, "batch-size"), ["50"]);
        assert_eq!(prod.source("rate"), Some("profile prod in seatload.toml"));
        assert_eq!(prod.source("batch-size"), Some("seatload.toml"));
    }

    #[test]
    fn what_cannot_be_a_setting_is_told() {
        for (text, name, what) in [
            ("rat = \"5/s\"", None, "did you mean `rate`?"),
            ("colour = \"red\"", None, "there is no setting `colour`"),
            ("token = \"x\"", None, "SEATLOAD_TOKEN"),
            ("client-secret = \"x\"", None, "no place for it"),
            (
                "[profiles.a]\npassword = \"x\"",
                Some("a"),
                "no place for it",
            ),
            ("proxy = \"http://me:pw@proxy:1\"", None, "SEATLOAD_PROXY"),
            ("rate = { a = 1 }", None, "neither text"),
            (
                "",
                Some("prod"),
                "there is no profile prod; there are: none",
            ),
            ("profiles = 3", None, "no table"),
            ("rate = ", None, "line 1"),
        ] {
            let error = format!("{:#}", read(text, name).unwrap_err());
            assert!(error.contains(what), "{text}: {error}");
            assert!(!error.contains("pw"), "{error}");
        }
    }
}
