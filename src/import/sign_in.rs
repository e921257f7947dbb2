//! From settings, variables, files and the keyboard to a way to sign in.

use std::env::{self, VarError};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::api::{ClientCredentials, Password, Token, TokenCommand, TokenSource, is_secure};
use crate::import::prompt::ask_secret;
use crate::sanitize::printable;
use crate::settings::SignInSettings;

/// Secrets' variables. No flag takes a secret: a command line is seen by every process.
pub const TOKEN_VARIABLE: &str = "SEATLOAD_TOKEN";
pub const CLIENT_SECRET_VARIABLE: &str = "SEATLOAD_CLIENT_SECRET";
pub const PASSWORD_VARIABLE: &str = "SEATLOAD_PASSWORD";

/// What an external application's token is to be good for, unless it is said.
const SCOPE: &str = "PM.License.Write";

/// Where a host gives tokens (API.md, "Sign-in").
const TOKEN_PATH: &str = "/identity_/connect/token";
const PASSWORD_PATH: &str = "api/account/authenticate";

/// The ways to sign in that were asked for.
enum Session {
    Token,
    TokenFile(PathBuf),
    Command(TokenCommand),
    Application,
    Person,
}

/// How to sign in to a service below `base_url`. What is lacking is asked for, where somebody can be asked.
pub fn source(settings: &SignInSettings, base_url: &str) -> anyhow::Result<TokenSource> {
    let token = variable(TOKEN_VARIABLE)?;
    match (way(settings, token.is_some())?, token) {
        (Some(Session::TokenFile(path)), _) => {
            warn_if_others_can_read(&path);
            Ok(TokenSource::File(path))
        }
        (Some(Session::Command(command)), _) => Ok(TokenSource::Command(command)),
        (Some(Session::Application), _) => client_credentials_source(settings, base_url),
        (Some(Session::Person), _) => password_source(settings, base_url),
        (Some(Session::Token), Some(token)) => {
            Ok(TokenSource::Static(Token::new(token, TOKEN_VARIABLE)?))
        }
        (Some(Session::Token) | None, _) => {
            let Some(token) = ask_secret("Access token: ")? else {
                bail!(
                    "there is no access token\n  hint: put it into {TOKEN_VARIABLE}, or into a file that --token-file names; or sign in by --client-id"
                );
            };
            Ok(TokenSource::Static(Token::new(token, "the keyboard")?))
        }
    }
}

/// How a run that goes on signs in: as it is told now, or else as `before`. A secret that is at hand now comes before the
/// file that held one then.
pub fn merge_with_recorded(
    now: SignInSettings,
    before: &SignInSettings,
) -> anyhow::Result<SignInSettings> {
    let way = way(&now, variable(TOKEN_VARIABLE)?.is_some())?;
    let is_same = match way {
        None => true,
        Some(Session::Application) => now.client_id == before.client_id,
        Some(Session::Person) => before.username.is_some(),
        Some(Session::Token | Session::TokenFile(_) | Session::Command(_)) => false,
    };
    if !is_same {
        return Ok(now);
    }
    let file = |now: Option<PathBuf>, before: &Option<PathBuf>, name| {
        let is_given = variable(name)?.is_some();
        let before = before.clone().filter(|_| !is_given);
        anyhow::Ok(now.or(before))
    };
    Ok(SignInSettings {
        token_file: now.token_file.or_else(|| before.token_file.clone()),
        token_command: now.token_command,
        client_id: now.client_id.or_else(|| before.client_id.clone()),
        client_secret_file: file(
            now.client_secret_file,
            &before.client_secret_file,
            CLIENT_SECRET_VARIABLE,
        )?,
        scope: now.scope.or_else(|| before.scope.clone()),
        token_url: now.token_url.or_else(|| before.token_url.clone()),
        tenancy: now.tenancy.or_else(|| before.tenancy.clone()),
        username: now.username.or_else(|| before.username.clone()),
        password_file: file(now.password_file, &before.password_file, PASSWORD_VARIABLE)?,
    })
}

fn way(settings: &SignInSettings, has_token: bool) -> anyhow::Result<Option<Session>> {
    let mut ways = Vec::new();
    if has_token {
        ways.push((Session::Token, TOKEN_VARIABLE));
    }
    if let Some(path) = &settings.token_file {
        ways.push((Session::TokenFile(path.clone()), "--token-file"));
    }
    if let Some(command) = &settings.token_command {
        ways.push((Session::Command(command.clone()), "--token-command"));
    }
    if settings.client_id.is_some() {
        ways.push((Session::Application, "--client-id"));
    }
    if settings.username.is_some() || settings.tenancy.is_some() {
        ways.push((Session::Person, "--username"));
    }
    if let [(_, first), (_, second), ..] = ways.as_slice() {
        bail!("{first} and {second} are two ways to sign in\n  hint: take one away");
    }
    Ok(ways.pop().map(|(way, _)| way))
}

fn client_credentials_source(
    settings: &SignInSettings,
    base_url: &str,
) -> anyhow::Result<TokenSource> {
    let secret = secret(
        CLIENT_SECRET_VARIABLE,
        settings.client_secret_file.as_deref(),
        "--client-secret-file",
    )?;
    let Some(client_secret) = secret else {
        bail!(
            "there is no secret for the application of --client-id\n  hint: put it into {CLIENT_SECRET_VARIABLE}, or into a file that --client-secret-file names"
        );
    };
    let token_url = match &settings.token_url {
        // What is no URL is not shown: it may hold anything.
        Some(url) => Url::parse(url).context("--token-url is no URL")?,
        None => Url::parse(base_url)
            .and_then(|base| base.join(TOKEN_PATH))
            .with_context(|| format!("the base URL {base_url} is no URL"))?,
    };
    check_protected(&token_url)?;
    Ok(TokenSource::ClientCredentials(ClientCredentials {
        token_url,
        client_id: settings.client_id.clone().unwrap_or_default(),
        client_secret,
        scope: settings.scope.clone().unwrap_or_else(|| SCOPE.to_owned()),
    }))
}

fn password_source(settings: &SignInSettings, base_url: &str) -> anyhow::Result<TokenSource> {
    let (Some(username), Some(tenancy)) = (&settings.username, &settings.tenancy) else {
        bail!("to sign in as a user takes both --tenancy and --username");
    };
    let given = secret(
        PASSWORD_VARIABLE,
        settings.password_file.as_deref(),
        "--password-file",
    )?;
    let asked = || ask_secret(&format!("Password of {}: ", printable(username, 60)));
    let Some(password) = given.map_or_else(asked, |given| Ok(Some(given)))? else {
        bail!(
            "there is no password for the user of --username\n  hint: put it into {PASSWORD_VARIABLE}, or into a file that --password-file names"
        );
    };
    let below = format!("{}/{PASSWORD_PATH}", base_url.trim_end_matches('/'));
    let url = Url::parse(&below).with_context(|| format!("the base URL {base_url} is no URL"))?;
    check_protected(&url)?;
    Ok(TokenSource::Password(Password {
        url,
        tenancy: tenancy.clone(),
        username: username.clone(),
        password,
    }))
}

fn check_protected(url: &Url) -> anyhow::Result<()> {
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !is_plain || url.query().is_some() || url.fragment().is_some() {
        bail!("--token-url may not hold a user name, a password, a `?` or a `#`");
    }
    if !is_secure(url) {
        bail!(
            "--token-url is not https, so the secret would travel in the open\n  hint: use https (plain http is taken for loopback addresses only)"
        );
    }
    Ok(())
}

/// A secret from a variable or a file; not from both.
fn secret(
    name: &'static str,
    file: Option<&Path>,
    flag: &str,
) -> anyhow::Result<Option<SecretString>> {
    match (variable(name)?, file) {
        (Some(_), Some(_)) => {
            bail!("{name} and {flag} both hold a secret\n  hint: take one away")
        }
        (Some(secret), None) => Ok(Some(secret)),
        (None, None) => Ok(None),
        (None, Some(path)) => {
            warn_if_others_can_read(path);
            let text = std::fs::read_to_string(path).map(Zeroizing::new);
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            match text.trim_end_matches(['\r', '\n']) {
                "" => bail!("{} is empty", path.display()),
                secret => Ok(Some(SecretString::from(secret))),
            }
        }
    }
}

fn variable(name: &'static str) -> anyhow::Result<Option<SecretString>> {
    match env::var(name).map(SecretString::from) {
        Ok(secret) => Ok(Some(secret).filter(|secret| !secret.expose_secret().is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        // The error holds the variable's content, so it is not passed on.
        Err(VarError::NotUnicode(_)) => bail!("{name} is not text"),
    }
}

pub fn warn_if_others_can_read(path: &Path) {
    if others_can_read(path) {
        let path = path.display();
        // Whoever closed standard error does not want to hear it.
        let _ = writeln!(
            stderr(),
            "warning: {path} holds a secret, and other users of this machine can read it\n  hint: chmod 600 {path}"
        );
    }
}

/// Whether a file's rights let others than its owner read it.
#[cfg(unix)]
pub fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

/// Elsewhere rights are no bits.
#[cfg(not(unix))]
pub fn others_can_read(_: &Path) -> bool {
    false
}
