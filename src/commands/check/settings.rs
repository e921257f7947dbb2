//! Every setting, and where it comes from.

use std::io::{self, Write};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory};
use serde::Serialize;

use crate::api::ProxyUrl;
use crate::cli::Cli;
use crate::config_file::ConfigFile;
use crate::import::sign_in::{CLIENT_SECRET_VARIABLE, PASSWORD_VARIABLE, TOKEN_VARIABLE};
use crate::sanitize::printable;
use crate::settings::{RunSettings, Target};

/// What stands in place of what nobody shall see.
const HIDDEN: &str = "(hidden)";

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveSetting {
    /// The flag's name, or a secret's variable.
    name: String,
    /// Null if it is not set.
    value: Option<String>,
    /// `flag`, `default`, the variable's name, or the profile and its file.
    source: String,
}

/// The settings of `seatload check`, which are those of an import. `sound` is what they come to, if they are sound.
pub fn effective_settings(
    matches: &ArgMatches,
    profile: &ConfigFile,
    sound: Option<&RunSettings>,
) -> Vec<EffectiveSetting> {
    let cli = Cli::command();
    let command = cli.find_subcommand("check");
    let below = matches.subcommand_matches("check");
    let (Some(command), Some(below)) = (command, below) else {
        return Vec::new();
    };
    let settings = command.get_arguments().filter(|arg| {
        arg.get_long()
            .is_some_and(|long| !matches!(long, "help" | "json"))
    });
    let mut shown: Vec<_> = settings
        .map(|arg| effective_setting(arg, below, profile, sound))
        .collect();
    for name in [TOKEN_VARIABLE, CLIENT_SECRET_VARIABLE, PASSWORD_VARIABLE] {
        if std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
            shown.push(EffectiveSetting {
                name: name.to_owned(),
                value: Some(HIDDEN.to_owned()),
                source: name.to_owned(),
            });
        }
    }
    shown
}

fn effective_setting(
    arg: &Arg,
    matches: &ArgMatches,
    profile: &ConfigFile,
    sound: Option<&RunSettings>,
) -> EffectiveSetting {
    let name = arg.get_long().unwrap_or_default();
    let id = arg.get_id().as_str();
    let variable = arg
        .get_env()
        .map(|name| name.to_string_lossy().into_owned());
    let source = match (matches.value_source(id), profile.source(name)) {
        (Some(ValueSource::CommandLine), _) => "flag".to_owned(),
        (Some(ValueSource::EnvVariable), _) => variable.unwrap_or_default(),
        (Some(_), Some(origin)) => origin.to_owned(),
        (None, _) if is_set_by_cloud(name) && matches.get_raw("cloud").is_some() => {
            "cloud".to_owned()
        }
        _ => "default".to_owned(),
    };
    let values = matches.get_raw(id).into_iter().flatten();
    let values: Vec<_> = values
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    let value = match values.as_slice() {
        [] => sound
            .and_then(|sound| resolved_default(name, sound))
            .or_else(|| default_told(arg)),
        values => Some(redacted(name, &values.join(","))),
    };
    EffectiveSetting {
        value,
        name: name.to_owned(),
        source,
    }
}

fn is_set_by_cloud(name: &str) -> bool {
    matches!(name, "base-url" | "endpoint")
}

/// What a setting comes to that depends on others.
fn resolved_default(name: &str, sound: &RunSettings) -> Option<String> {
    let requests = &sound.requests;
    match (name, &sound.target) {
        ("rate", _) => Some(requests.rate.to_string()),
        ("burst", _) => Some(requests.burst.to_string()),
        ("base-url", Target::Service { base_url, .. }) => Some(base_url.clone()),
        ("endpoint", Target::Service { endpoint, .. } | Target::Sandbox { endpoint }) => {
            Some(endpoint.name().to_owned())
        }
        _ => None,
    }
}

/// What the flag's help says of what holds if nothing is said.
fn default_told(arg: &Arg) -> Option<String> {
    let help = arg.get_help()?.to_string();
    let (_, told) = help.rsplit_once("[default: ")?;
    let (told, _) = told.split_once(']')?;
    Some(told.to_owned())
}

/// The value as it may be shown.
fn redacted(name: &str, value: &str) -> String {
    match name {
        "proxy" => ProxyUrl::parse(value).map_or_else(|_| HIDDEN.to_owned(), |url| url.to_string()),
        // Its author may have put a secret into it.
        "token-command" => HIDDEN.to_owned(),
        // They are refused with a password or a query, but shown before that.
        "base-url" | "token-url" if value.contains(['@', '?', '#']) => HIDDEN.to_owned(),
        _ => printable(value, 200),
    }
}

/// A line for each setting.
pub fn write(out: &mut dyn Write, settings: &[EffectiveSetting]) -> io::Result<()> {
    let names = settings.iter().map(|setting| setting.name.len());
    let widest = names.max().unwrap_or(0);
    for EffectiveSetting {
        name,
        value,
        source,
    } in settings
    {
        let value = value.as_deref().unwrap_or("-");
        writeln!(out, "{name:widest$}  {value}  ({source})")?;
    }
    writeln!(out)
}
