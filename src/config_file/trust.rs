//! What a configuration file in the current folder may not decide, unless the user names it. It may have come with an
//! input: it must not choose where secrets are sent, which certificates are trusted, or what is run or written.

use super::{FILE_NAME, Setting};
use crate::args::service::{Cloud, parse_address};
use crate::hint::Failure;

/// Settings that a file must be named for, with what they do.
const GUARDED: [(&str, &str); 4] = [
    ("token-command", "starts a program"),
    ("on-done", "starts a program"),
    ("ca-cert", "decides which certificates are trusted"),
    ("log-file", "decides which file is written"),
];

/// Settings with an address that secrets are sent to.
const ADDRESSES: [&str; 4] = ["url", "base-url", "token-url", "cloud"];

/// The vendor's domains: secrets for its cloud may be sent there (API.md, "The call", hosts).
const VENDOR_DOMAINS: [&str; 2] = ["uipath.com", "uipath.us"];

/// Checks the settings of a file that was found in the current folder.
///
/// # Errors
/// When one of them needs the user's consent, which is to name the file.
pub fn check_found<'a>(
    settings: impl Iterator<Item = (&'a String, &'a Setting)>,
) -> Result<(), Failure> {
    let mut effects = settings.filter_map(|(name, setting)| {
        let effect = effect(name, setting)?;
        Some((name, effect))
    });
    match effects.next() {
        None => Ok(()),
        Some((name, effect)) => Err(Failure::new(format!(
            "`{name}` {effect}, and the file was only found in the current folder"
        ))
        .hint(format!(
            "if you trust the file, name it: --config {FILE_NAME}; or move it to your configuration folder"
        ))),
    }
}

/// What a setting does that needs consent, if anything.
fn effect(name: &str, setting: &Setting) -> Option<&'static str> {
    let guarded = GUARDED.iter().find(|(guarded, _)| *guarded == name);
    if let Some((_, effect)) = guarded {
        return Some(effect);
    }
    let is_elsewhere = |value: &String| !is_of_vendor(name, value);
    let sends_elsewhere = ADDRESSES.contains(&name) && setting.values.iter().any(is_elsewhere);
    sends_elsewhere.then_some("sends the sign-in to an address that is not the vendor's")
}

fn is_of_vendor(name: &str, value: &str) -> bool {
    let address = match (name, value.parse::<Cloud>()) {
        ("cloud", Ok(cloud)) => cloud.base_url(),
        // The flag rejects the value.
        ("cloud", Err(_)) => return true,
        _ => value.to_owned(),
    };
    let is_of_domain = |host: &str| {
        VENDOR_DOMAINS.iter().any(|domain| {
            let name = host.strip_suffix(domain);
            name.is_some_and(|name| name.is_empty() || name.ends_with('.'))
        })
    };
    parse_address(&address).is_some_and(|url| url.host_str().is_some_and(is_of_domain))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;
    use crate::config_file::parse::parse;

    fn is_allowed(text: &str) -> bool {
        let settings = parse(text, Path::new(FILE_NAME), None, &Cli::command()).unwrap();
        check_found(settings.iter()).is_ok()
    }

    #[test]
    fn a_found_file_chooses_addresses_of_the_vendor_alone() {
        for text in [
            r#"url = "https://cloud.uipath.com/acme""#,
            r#"url = "cloud.uipath.com/acme/portal_/home""#,
            r#"base-url = "https://govcloud.uipath.us""#,
            r#"token-url = "https://cloud.uipath.com/identity_/connect/token""#,
            r#"cloud = "automation""#,
            r#"cloud = "dedicated=acme""#,
            r#"cloud = "dedicated=licences.uipath.com""#,
            r#"rate = "5/s""#,
        ] {
            assert!(is_allowed(text), "{text}");
        }
        for text in [
            r#"url = "https://cloud.uipath.com.example/acme""#,
            r#"url = "https://cloud.uipath.com@example.org/acme""#,
            r#"url = "example.org/cloud.uipath.com""#,
            r#"base-url = "https://myuipath.com""#,
            r#"base-url = "http://127.0.0.1:8080""#,
            r#"token-url = "https://example.org/token""#,
            r#"cloud = "suite=example.org""#,
            r#"cloud = "suite=example""#,
            r#"cloud = "dedicated=example.org""#,
        ] {
            assert!(!is_allowed(text), "{text}");
        }
    }

    #[test]
    fn a_found_file_starts_no_program_and_writes_no_log() {
        for text in [
            r#"token-command = "print-token""#,
            r#"on-done = "notify""#,
            r#"ca-cert = "root.pem""#,
            r#"log-file = "seatload.log""#,
        ] {
            assert!(!is_allowed(text), "{text}");
        }
    }
}
