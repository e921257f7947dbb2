//! Every setting, and where it comes from.

use std::io::{self, Write};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use serde::Serialize;

use crate::api::ProxyUrl;
use crate::args::env;
use crate::config_file::ConfigFile;
use crate::humanize::duration;
use crate::import::sign_in::{CLIENT_SECRET_VARIABLE, PASSWORD_VARIABLE, TOKEN_VARIABLE};
use crate::sanitize::printable;
use crate::settings::{RunSettings, ServiceAddress, Target};

/// The source of a setting that nothing gives.
const DEFAULT: &str = "default";

/// Shown in place of a secret.
const HIDDEN: &str = "(hidden)";

/// Where settings can come from: flags with their variables, the values that were parsed, and the configuration file.
pub struct SettingSources<'a> {
    pub cli: &'a Command,
    pub matches: &'a ArgMatches,
    pub config: &'a ConfigFile,
}

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

/// The settings of `seatload check`, which are those of an import. `run` is what they come to, if they are valid.
pub fn effective_settings(
    sources: &SettingSources,
    run: Option<&RunSettings>,
) -> Vec<EffectiveSetting> {
    let command = sources.cli.find_subcommand("check");
    let matches = sources.matches.subcommand_matches("check");
    let (Some(command), Some(matches)) = (command, matches) else {
        return Vec::new();
    };
    let flags = command.get_arguments().filter(|arg| {
        let long = arg.get_long();
        long.is_some_and(|long| long != "json") && !arg.is_hide_set()
    });
    let settings = flags.map(|arg| effective_setting(arg, matches, sources.config, run));
    let secrets = [TOKEN_VARIABLE, CLIENT_SECRET_VARIABLE, PASSWORD_VARIABLE];
    let secrets = secrets.into_iter().filter(|name| env::is_set(name));
    settings
        .chain(secrets.map(|name| EffectiveSetting {
            name: name.to_owned(),
            value: Some(HIDDEN.to_owned()),
            source: name.to_owned(),
        }))
        .collect()
}

fn effective_setting(
    arg: &Arg,
    matches: &ArgMatches,
    config: &ConfigFile,
    run: Option<&RunSettings>,
) -> EffectiveSetting {
    let name = arg.get_long().unwrap_or_default();
    let id = arg.get_id().as_str();
    // An address sets others: that of the portal, or the cloud.
    let set_by = ["url", "cloud"].into_iter().find(|setter| {
        matches!(name, "base-url" | "endpoint" | "organization") && matches.contains_id(setter)
    });
    let source = match (matches.value_source(id), config.source(name)) {
        (Some(ValueSource::CommandLine), _) => "flag".to_owned(),
        (Some(ValueSource::EnvVariable), _) => env::variable("check", name),
        (Some(_), Some(source)) => source.to_owned(),
        (None, _) => set_by.unwrap_or(DEFAULT).to_owned(),
        _ => DEFAULT.to_owned(),
    };
    let values = matches.get_raw(id).into_iter().flatten();
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    let value = if values.is_empty() {
        run.and_then(|run| resolved(name, run))
    } else {
        Some(redacted(name, &values.join(",")))
    };
    EffectiveSetting {
        name: name.to_owned(),
        value,
        source,
    }
}

/// The value of a flag that is not given, if it depends on other flags.
fn resolved(name: &str, run: &RunSettings) -> Option<String> {
    let requests = &run.requests;
    match (name, &run.target) {
        ("rate", _) => Some(requests.rate.to_string()),
        ("burst", _) => Some(requests.burst.to_string()),
        ("concurrency", _) => Some(requests.concurrency.to_string()),
        ("max-retries", _) => Some(requests.max_retries.to_string()),
        ("timeout", _) => Some(duration::round_trip(requests.timeout)),
        ("base-url", Target::Service(address)) => Some(address.base_url.clone()),
        ("organization", Target::Service(address)) => address.organization.clone(),
        (
            "endpoint",
            Target::Service(ServiceAddress { endpoint, .. }) | Target::Sandbox { endpoint },
        ) => Some(endpoint.name().to_owned()),
        _ => None,
    }
}

/// The value without its secrets.
fn redacted(name: &str, value: &str) -> String {
    match name {
        "proxy" => ProxyUrl::parse(value).map_or_else(|_| HIDDEN.to_owned(), |url| url.to_string()),
        // Its author may have put a secret into it.
        "token-command" => HIDDEN.to_owned(),
        // An address with a password or a query is refused, but shown before that.
        "base-url" | "token-url" if value.contains(['@', '?', '#']) => HIDDEN.to_owned(),
        _ => printable(value, 200),
    }
}

/// Writes a line for each setting that is not a default.
pub fn write(out: &mut dyn Write, settings: &[EffectiveSetting]) -> io::Result<()> {
    let changed = settings.iter().filter(|setting| setting.source != DEFAULT);
    let settings: Vec<_> = changed.collect();
    let widths = settings.iter().map(|setting| setting.name.len());
    let width = widths.max().unwrap_or(0);
    for setting in &settings {
        let value = setting.value.as_deref().unwrap_or("-");
        writeln!(
            out,
            "{:width$}  {value}  ({})",
            setting.name, setting.source
        )?;
    }
    writeln!(out)
}
