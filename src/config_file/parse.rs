//! The text of a configuration file, as settings by name.

use std::path::Path;

use anyhow::{anyhow, bail};
use clap::{ArgAction, Command};
use toml::{Table, Value};

use super::{Setting, Settings, drop_sign_in_methods, known_settings};
use crate::api::SECRET_VARIABLES;
use crate::args::env;
use crate::args::sign_in::SIGN_IN_METHODS;
use crate::hint::Failure;

/// The table of profiles.
const PROFILES: &str = "profiles";

/// Reads the text of a file, with the settings of a profile if one is named.
pub fn parse(
    text: &str,
    path: &Path,
    profile: Option<&str>,
    cli: &Command,
) -> anyhow::Result<Settings> {
    let mut table: Table = toml::from_str(text).map_err(|error| syntax_error(&error, text))?;
    let mut profiles = match table.remove(PROFILES) {
        None => Table::new(),
        Some(Value::Table(profiles)) => profiles,
        Some(_) => bail!("`{PROFILES}` is not a table such as [{PROFILES}.prod]"),
    };
    let mut settings = Settings::new();
    add(&mut settings, table, &path.display().to_string(), cli)?;
    let Some(name) = profile else {
        return Ok(settings);
    };
    match profiles.remove(name) {
        Some(Value::Table(table)) => {
            if SIGN_IN_METHODS
                .iter()
                .any(|method| table.contains_key(*method))
            {
                drop_sign_in_methods(&mut settings);
            }
            let source = format!("profile {name} in {}", path.display());
            add(&mut settings, table, &source, cli)?;
            Ok(settings)
        }
        Some(_) => bail!("`{PROFILES}.{name}` is not a table"),
        None => bail!(unknown_profile(name, &profiles)),
    }
}

fn unknown_profile(name: &str, profiles: &Table) -> Failure {
    if profiles.is_empty() {
        return Failure::new(format!(
            "there is no profile {name}: the file has no profiles"
        ))
        .hint(format!("add [{PROFILES}.{name}] to the file"));
    }
    let names: Vec<_> = profiles.keys().map(String::as_str).collect();
    Failure::new(format!("there is no profile {name}"))
        .hint(format!("use one of these profiles: {}", names.join(", ")))
}

fn add(settings: &mut Settings, table: Table, source: &str, cli: &Command) -> anyhow::Result<()> {
    let known = known_settings(cli);
    for (name, value) in table {
        let Some(flag) = known.get(name.as_str()) else {
            bail!(unknown_setting(&name, known.keys()));
        };
        let values = match value {
            Value::Array(_) if !matches!(flag.get_action(), ArgAction::Append) => bail!(
                Failure::new(format!("`{name}` takes one value, not a list"))
                    .hint(format!("write it like {name} = \"value\""))
            ),
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
        settings.insert(name, Setting { values, source });
    }
    Ok(())
}

fn unknown_setting<'a>(name: &str, known: impl Iterator<Item = &'a &'a str>) -> Failure {
    let variable = env::variable("import", name);
    if SECRET_VARIABLES.contains(&variable.as_str()) {
        return Failure::new(format!(
            "`{name}` is a secret and does not belong in a configuration file"
        ))
        .hint(format!("set {variable}, or use --{name}-file"));
    }
    let distances =
        { known.chain([&PROFILES]) }.map(|known| (strsim::damerau_levenshtein(known, name), known));
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

/// Errors of configuration files, as users see them.
#[cfg(test)]
pub fn samples() -> Vec<crate::diagnostic::Sample> {
    use clap::CommandFactory;

    use super::trust::check_found;
    use crate::cli::Cli;
    use crate::diagnostic::Sample;

    let cli = Cli::command();
    let texts = [
        ("rate = ", None),
        ("rat = \"5/s\"", None),
        ("colour = \"red\"", None),
        ("client-secret = \"x\"", None),
        ("rate = { a = 1 }", None),
        ("rate = [\"5/s\", \"1/s\"]", None),
        ("profiles = 3", None),
        ("", Some("prod")),
        ("[profiles.test]", Some("prod")),
        ("profiles.prod = 3", Some("prod")),
    ];
    let read = |(text, profile)| {
        let file = parse(text, Path::new("seatload.toml"), profile, &cli);
        let error = file.expect_err("a bad file");
        Sample::error(error.context("cannot use the configuration file seatload.toml"))
    };
    let found = parse(
        "token-command = \"x\"",
        Path::new("seatload.toml"),
        None,
        &cli,
    );
    let error = check_found(found.expect("a good file").iter()).expect_err("an untrusted file");
    let error = anyhow!(error).context("cannot use the configuration file seatload.toml");
    let untrusted = Sample::error(error);
    texts.map(read).into_iter().chain([untrusted]).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;
    use crate::diagnostic::render;

    fn read(text: &str, name: Option<&str>) -> anyhow::Result<Settings> {
        parse(text, Path::new("seatload.toml"), name, &Cli::command())
    }

    #[test]
    fn a_profile_takes_precedence_over_the_settings_outside_of_it() {
        let text = "rate = \"5/s\"\nbatch-size = 50\n[profiles.prod]\nrate = \"160/5m\"\n";
        let value = |settings: &Settings, name: &str| settings[name].values.clone();
        let without = read(text, None).unwrap();
        assert_eq!(value(&without, "rate"), ["5/s"]);
        let prod = read(text, Some("prod")).unwrap();
        assert_eq!(value(&prod, "rate"), ["160/5m"]);
        assert_eq!(value(&prod, "batch-size"), ["50"]);
        assert_eq!(prod["rate"].source, "profile prod in seatload.toml");
        assert_eq!(prod["batch-size"].source, "seatload.toml");
    }

    #[test]
    fn a_setting_that_cannot_be_one_is_refused() {
        for (text, name, expected) in [
            ("rat = \"5/s\"", None, "did you mean `rate`?"),
            (
                "[profile.prod]\nrate = \"5/s\"",
                None,
                "did you mean `profiles`?",
            ),
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
            ("rate = [\"5/s\", \"1/s\"]", None, "takes one value"),
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
