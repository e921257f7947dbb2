//! The configuration file: settings by the names of their flags, and profiles of them.
//!
//! A setting becomes the default of its flag, so it is parsed as the flag's value would be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Arg, ArgGroup, ArgMatches, Args, Command, Id};
use etcetera::BaseStrategy;
use toml::{Table, Value};

use crate::api::SECRET_VARIABLES;
use crate::args::env;
use crate::args::invalid_value::InvalidValue;
use crate::args::network::NetworkArgs;
use crate::args::requests::RequestArgs;
use crate::args::sign_in::{SIGN_IN_METHODS, SignInArgs};
use crate::hint::Failure;
use crate::import::sign_in::TOKEN_VARIABLE;

/// The file's name, in the current folder or in the user's configuration folder.
const FILE_NAME: &str = "seatload.toml";

/// The table of profiles.
const PROFILES: &str = "profiles";

/// Flags that a run does not record, since their values may contain a secret.
const NOT_RECORDED: [&str; 2] = ["token_command", "proxy"];

/// Settings of a configuration file.
#[derive(Debug, Default)]
pub struct ConfigFile {
    settings: BTreeMap<String, Setting>,
    /// The file, if no flag or variable names it.
    found: Option<PathBuf>,
    /// A flag or a variable names the file or a profile.
    is_explicit: bool,
}

#[derive(Debug)]
struct Setting {
    values: Vec<String>,
    /// The file, and the profile in it.
    source: String,
}

impl ConfigFile {
    /// Reads the file that the command line or a variable names, or else the one that exists. `cli` is the whole program's
    /// command, `matches` what flags and variables give.
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
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        let mut file = Self::read(&text, path, profile.map(String::as_str), cli)
            .with_context(|| format!("cannot use the configuration file {}", path.display()))?;
        file.is_explicit = named.is_some() || profile.is_some();
        file.found = found;
        file.yield_to(matches);
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

    fn read(text: &str, path: &Path, name: Option<&str>, cli: &Command) -> anyhow::Result<Self> {
        let mut table: Table = toml::from_str(text).map_err(|error| syntax_error(&error, text))?;
        let mut profiles = match table.remove(PROFILES) {
            None => Table::new(),
            Some(Value::Table(profiles)) => profiles,
            Some(_) => bail!("`{PROFILES}` is not a table such as [{PROFILES}.prod]"),
        };
        let mut file = Self::default();
        file.add(table, &path.display().to_string(), cli)?;
        let Some(name) = name else {
            return Ok(file);
        };
        match profiles.remove(name) {
            Some(Value::Table(table)) => {
                if SIGN_IN_METHODS
                    .iter()
                    .any(|method| table.contains_key(*method))
                {
                    file.drop_sign_in_methods();
                }
                file.add(table, &format!("profile {name} in {}", path.display()), cli)?;
                Ok(file)
            }
            Some(_) => bail!("`{PROFILES}.{name}` is not a table"),
            None if profiles.is_empty() => bail!(
                Failure::new(format!(
                    "there is no profile {name}: the file has no profiles"
                ))
                .hint(format!("add [{PROFILES}.{name}] to the file"))
            ),
            None => {
                let names: Vec<_> = profiles.keys().map(String::as_str).collect();
                bail!(
                    Failure::new(format!("there is no profile {name}"))
                        .hint(format!("use one of these profiles: {}", names.join(", ")))
                )
            }
        }
    }

    fn add(&mut self, table: Table, source: &str, cli: &Command) -> anyhow::Result<()> {
        let known = known_settings(cli);
        for (name, value) in table {
            if !known.contains(&name.as_str()) {
                bail!(unknown_setting(&name, &known));
            }
            let values = match value {
                Value::Array(values) => values.iter().map(value_text).collect(),
                value => value_text(&value).map(|text| vec![text]),
            };
            let Some(values) = values else {
                bail!(
                    Failure::new(format!(
                        "`{name}` is not text, a number, true, false or a list of these"
                    ))
                    .hint(format!("write it like {name} = \"value\""))
                );
            };
            let source = source.to_owned();
            self.settings.insert(name, Setting { values, source });
        }
        Ok(())
    }

    /// Drops what flags and variables replace: the way to sign in where they choose one, and a file such as
    /// `client-secret-file` where SEATLOAD_CLIENT_SECRET is set.
    fn yield_to(&mut self, matches: &ArgMatches) {
        let is_given = |method: &str| matches.value_source(&id(method)).is_some();
        if SIGN_IN_METHODS.into_iter().any(is_given) || env::is_set(TOKEN_VARIABLE) {
            self.drop_sign_in_methods();
        }
        self.settings.retain(|name, _| {
            let content = name.strip_suffix("-file");
            !content.is_some_and(|name| env::is_set(&env::variable("import", name)))
        });
    }

    fn drop_sign_in_methods(&mut self) {
        self.settings
            .retain(|name, _| !SIGN_IN_METHODS.contains(&name.as_str()));
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

/// The names of all settings.
fn known_settings(cli: &Command) -> Vec<&str> {
    let commands = cli
        .get_subcommands()
        .filter(|command| takes_settings(command));
    let flags = commands.flat_map(Command::get_arguments);
    flags
        .filter(|arg| is_setting(arg))
        .filter_map(Arg::get_long)
        .collect()
}

fn unknown_setting(name: &str, known: &[&str]) -> Failure {
    let variable = env::variable("import", name);
    if SECRET_VARIABLES.contains(&variable.as_str()) {
        return Failure::new(format!(
            "`{name}` is a secret and does not belong in a configuration file"
        ))
        .hint(format!("set {variable}, or use --{name}-file"));
    }
    let distances = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), known));
    let hint = match distances.min() {
        Some((distance, known)) if distance <= 2 => format!("did you mean `{known}`?"),
        _ => "settings have the names of flags, without the dashes".to_owned(),
    };
    Failure::new(format!("unknown setting `{name}`")).hint(hint)
}

/// Without the parser's own picture of the line, which may contain a secret.
fn syntax_error(error: &toml::de::Error, text: &str) -> anyhow::Error {
    let before = error.span().map_or(0, |span| span.start);
    let line = text
        .bytes()
        .take(before)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1;
    anyhow!("line {line}: {}", error.message())
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

/// The file that exists in the current folder, or in the user's configuration folder.
fn default_path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok();
    let user = strategy.map(|strategy| strategy.config_dir().join("seatload").join(FILE_NAME));
    let mut paths = [Some(PathBuf::from(FILE_NAME)), user].into_iter().flatten();
    paths.find(|path| path.is_file())
}

/// Errors of configuration files, as users see them.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use clap::CommandFactory;

    use crate::cli::Cli;
    use crate::diagnostic::Sample;

    let cli = Cli::command();
    let texts = [
        ("rate = ", None),
        ("rat = \"5/s\"", None),
        ("colour = \"red\"", None),
        ("client-secret = \"x\"", None),
        ("rate = { a = 1 }", None),
        ("profiles = 3", None),
        ("", Some("prod")),
        ("[profiles.test]", Some("prod")),
        ("profiles.prod = 3", Some("prod")),
    ];
    let read = |(text, profile)| {
        let file = ConfigFile::read(text, Path::new(FILE_NAME), profile, &cli);
        let error = file.expect_err("a bad file");
        Sample::error(error.context("cannot use the configuration file seatload.toml"))
    };
    texts.map(read).into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;
    use crate::diagnostic::render;

    fn read(text: &str, name: Option<&str>) -> anyhow::Result<ConfigFile> {
        ConfigFile::read(text, Path::new("seatload.toml"), name, &Cli::command())
    }

    #[test]
    fn a_profile_takes_precedence_over_the_settings_outside_of_it() {
        let text = "rate = \"5/s\"\nbatch-size = 50\n[profiles.prod]\nrate = \"160/5m\"\n";
        let value = |file: &ConfigFile, name: &str| file.settings[name].values.clone();
        let without = read(text, None).unwrap();
        assert_eq!(value(&without, "rate"), ["5/s"]);
        let prod = read(text, Some("prod")).unwrap();
        assert_eq!(value(&prod, "rate"), ["160/5m"]);
        assert_eq!(value(&prod, "batch-size"), ["50"]);
        assert_eq!(prod.source("rate"), Some("profile prod in seatload.toml"));
        assert_eq!(prod.source("batch-size"), Some("seatload.toml"));
    }

    #[test]
    fn a_setting_that_cannot_be_one_is_refused() {
        for (text, name, expected) in [
            ("rat = \"5/s\"", None, "did you mean `rate`?"),
            ("colour = \"red\"", None, "unknown setting `colour`"),
            ("no-sandbox = true", None, "unknown setting `no-sandbox`"),
            ("token = \"x\"", None, "SEATLOAD_TOKEN"),
            ("client-secret = \"x\"", None, "does not belong"),
            (
                "[profiles.a]\npassword = \"x\"",
                Some("a"),
                "does not belong",
            ),
            ("rate = { a = 1 }", None, "is not text"),
            ("", Some("prod"), "the file has no profiles"),
            (
                "[profiles.test]",
                Some("prod"),
                "use one of these profiles: test",
            ),
            ("profiles = 3", None, "is not a table"),
            ("rate = ", None, "line 1"),
        ] {
            let error = render(&read(text, name).unwrap_err());
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
