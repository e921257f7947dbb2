//! From settings, variables, files and prompts to a source of tokens.

use std::env::{self, VarError};
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::api::{ClientCredentials, Password, Token, TokenCommand, TokenSource, is_secure};
use crate::hint::Failure;
use crate::import::prompt::ask_secret;
use crate::sanitize::printable;
use crate::settings::SignInSettings;
use crate::text_file;

/// The variables of secrets. No flag takes a secret: every process can read command lines.
pub const TOKEN_VARIABLE: &str = "SEATLOAD_TOKEN";
pub const CLIENT_SECRET_VARIABLE: &str = "SEATLOAD_CLIENT_SECRET";
pub const PASSWORD_VARIABLE: &str = "SEATLOAD_PASSWORD";

/// The scopes that an application asks for without `--scope`, the most useful first: those to allocate, to read what
/// users have and how many seats are free, and to look up e-mail addresses (API.md, "Sign-in").
const SCOPES: [&str; 5] = [
    "PM.License.Write PM.License.Read PM.Directory",
    "PM.License.Write PM.License.Read",
    "PM.License.Write PM.Directory",
    "PM.License.Write",
    "PM.License",
];

/// Where tokens are issued (API.md, "Sign-in").
const TOKEN_PATH: &str = "/identity_/connect/token";
const PASSWORD_PATH: &str = "api/account/authenticate";

/// A way to sign in.
enum SignInMethod {
    Token,
    TokenFile(PathBuf),
    TokenCommand(TokenCommand),
    ClientCredentials,
    Password,
}

/// Whether a way to sign in is given, so that no prompt is needed for a token.
pub fn is_configured(settings: &SignInSettings) -> anyhow::Result<bool> {
    let has_token = variable(TOKEN_VARIABLE)?.is_some();
    Ok(method(settings, has_token)?.is_some())
}

/// The source of tokens for a service at `base_url`. Prompts for a secret that is missing, if there is a terminal.
pub fn source(settings: &SignInSettings, base_url: &str) -> anyhow::Result<TokenSource> {
    let token = variable(TOKEN_VARIABLE)?;
    match (method(settings, token.is_some())?, token) {
        (Some(SignInMethod::TokenFile(path)), _) => {
            warn_if_others_can_read(&path);
            Ok(TokenSource::File(path))
        }
        (Some(SignInMethod::TokenCommand(command)), _) => Ok(TokenSource::Command(command)),
        (Some(SignInMethod::ClientCredentials), _) => client_credentials_source(settings, base_url),
        (Some(SignInMethod::Password), _) => password_source(settings, base_url),
        (Some(SignInMethod::Token), Some(token)) => {
            Ok(TokenSource::Static(Token::new(token, TOKEN_VARIABLE)?))
        }
        (Some(SignInMethod::Token) | None, _) => {
            let Some(token) = ask_secret("Access token: ")? else {
                bail!(Failure::new("there is no access token").hint(format!(
                    "set {TOKEN_VARIABLE}, or use --token-file or --client-id"
                )));
            };
            Ok(TokenSource::Static(Token::new(token, "the keyboard")?))
        }
    }
}

/// How a resumed run signs in: as given now, or else as recorded. A secret in a variable replaces the recorded file.
pub fn merge_with_recorded(
    now: SignInSettings,
    recorded: &SignInSettings,
) -> anyhow::Result<SignInSettings> {
    if !signs_in_as_recorded(&now, recorded)? {
        return Ok(now);
    }
    let file = |now: Option<PathBuf>, recorded: &Option<PathBuf>, name| {
        let is_given = variable(name)?.is_some();
        let recorded = recorded.clone().filter(|_| !is_given);
        anyhow::Ok(now.or(recorded))
    };
    let recorded = recorded.clone();
    Ok(SignInSettings {
        client_secret_file: file(
            now.client_secret_file,
            &recorded.client_secret_file,
            CLIENT_SECRET_VARIABLE,
        )?,
        password_file: file(
            now.password_file,
            &recorded.password_file,
            PASSWORD_VARIABLE,
        )?,
        token_file: now.token_file.or(recorded.token_file),
        token_command: now.token_command,
        client_id: now.client_id.or(recorded.client_id),
        scope: now.scope.or(recorded.scope),
        token_url: now.token_url.or(recorded.token_url),
        tenancy: now.tenancy.or(recorded.tenancy),
        username: now.username.or(recorded.username),
    })
}

/// Whether nothing else is chosen now than what was recorded, so that recorded settings complete it.
fn signs_in_as_recorded(now: &SignInSettings, recorded: &SignInSettings) -> anyhow::Result<bool> {
    Ok(match method(now, variable(TOKEN_VARIABLE)?.is_some())? {
        None => true,
        Some(SignInMethod::ClientCredentials) => now.client_id == recorded.client_id,
        Some(SignInMethod::Password) => recorded.username.is_some(),
        Some(SignInMethod::Token | SignInMethod::TokenFile(_) | SignInMethod::TokenCommand(_)) => {
            false
        }
    })
}

/// The method that settings and variables choose. Two are an error.
fn method(settings: &SignInSettings, has_token: bool) -> anyhow::Result<Option<SignInMethod>> {
    let mut methods = Vec::new();
    if has_token {
        methods.push((SignInMethod::Token, TOKEN_VARIABLE));
    }
    if let Some(path) = settings.token_file.clone() {
        methods.push((SignInMethod::TokenFile(path), "--token-file"));
    }
    if let Some(command) = settings.token_command.clone() {
        methods.push((SignInMethod::TokenCommand(command), "--token-command"));
    }
    if settings.client_id.is_some() {
        methods.push((SignInMethod::ClientCredentials, "--client-id"));
    }
    // The tenancy of a profile does not matter where another method is chosen.
    if settings.username.is_some() || settings.tenancy.is_some() && methods.is_empty() {
        methods.push((SignInMethod::Password, "--username"));
    }
    if let [(_, first), (_, second), ..] = methods.as_slice() {
        bail!(
            Failure::new(format!("{first} and {second} are two ways to sign in"))
                .hint("remove one of them")
        );
    }
    Ok(methods.pop().map(|(method, _)| method))
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
            Failure::new("there is no secret for the application of --client-id").hint(format!(
                "set {CLIENT_SECRET_VARIABLE}, or use --client-secret-file"
            ))
        );
    };
    let token_url = match &settings.token_url {
        // The value is not shown: it may contain anything.
        Some(url) => Url::parse(url).context("--token-url is not a URL")?,
        None => Url::parse(base_url)
            .and_then(|base| base.join(TOKEN_PATH))
            .with_context(|| format!("the base URL {base_url} is not a URL"))?,
    };
    check_protected(&token_url)?;
    Ok(TokenSource::ClientCredentials(ClientCredentials {
        token_url,
        client_id: client_id(settings.client_id.as_deref().unwrap_or_default())?,
        client_secret,
        scopes: match &settings.scope {
            Some(scope) => vec![scope.clone()],
            None => SCOPES.map(str::to_owned).to_vec(),
        },
    }))
}

fn password_source(settings: &SignInSettings, base_url: &str) -> anyhow::Result<TokenSource> {
    let (Some(username), Some(tenancy)) = (&settings.username, &settings.tenancy) else {
        bail!(
            Failure::new("signing in as a user needs both --tenancy and --username")
                .hint("add the missing one")
        );
    };
    let given = secret(
        PASSWORD_VARIABLE,
        settings.password_file.as_deref(),
        "--password-file",
    )?;
    let asked = || ask_secret(&format!("Password of {}: ", printable(username, 60)));
    let Some(password) = given.map_or_else(asked, |given| Ok(Some(given)))? else {
        bail!(
            Failure::new("there is no password for the user of --username")
                .hint(format!("set {PASSWORD_VARIABLE}, or use --password-file"))
        );
    };
    let below = format!("{}/{PASSWORD_PATH}", base_url.trim_end_matches('/'));
    let url =
        Url::parse(&below).with_context(|| format!("the base URL {base_url} is not a URL"))?;
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
        bail!("--token-url must not contain a user name, a password, a `?` or a `#`");
    }
    if !is_secure(url) {
        bail!(
            Failure::new("--token-url is not https, so the secret would be sent unencrypted")
                .hint("use https; plain http is allowed for loopback addresses only")
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
            bail!(
                Failure::new(format!("{name} and {flag} both give a secret"))
                    .hint("remove one of them")
            )
        }
        (Some(secret), None) => {
            if has_shell_marks(secret.expose_secret()) {
                // A closed standard error is ignored.
                let _ = writeln!(
                    stderr(),
                    "warning: {name} begins or ends with a blank or a quotation mark, which is sent as a part of it\n  hint: in cmd, `set {name}=…` needs a line of its own and no quotation marks"
                );
            }
            Ok(Some(secret))
        }
        (None, None) => Ok(None),
        (None, Some(path)) => {
            warn_if_others_can_read(path);
            let text =
                text_file::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            match text.trim_end_matches(['\r', '\n']) {
                "" => bail!("{} is empty", path.display()),
                secret => Ok(Some(SecretString::from(secret))),
            }
        }
    }
}

/// Whether a secret seems to have what a shell takes as a part of a variable: `set NAME="secret"` or `set NAME=secret &&`
/// in cmd.
fn has_shell_marks(secret: &str) -> bool {
    let is_mark = |character: char| character.is_whitespace() || matches!(character, '"' | '\'');
    secret.starts_with(is_mark) || secret.ends_with(is_mark)
}

/// The ID of an application, without the blanks around it.
fn client_id(given: &str) -> anyhow::Result<String> {
    let id = given.trim();
    let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'');
    if id.is_empty() || !id.bytes().all(is_part) {
        bail!(
            Failure::new("--client-id is empty, or contains a character that no ID has")
                .hint("copy the ID of the external application again, as the portal shows it")
        );
    }
    Ok(id.to_owned())
}

fn variable(name: &'static str) -> anyhow::Result<Option<SecretString>> {
    match env::var(name).map(SecretString::from) {
        Ok(secret) => Ok(Some(secret).filter(|secret| !secret.expose_secret().is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        // The error contains the value, so it is not passed on.
        Err(VarError::NotUnicode(_)) => bail!("{name} is not text"),
    }
}

pub fn warn_if_others_can_read(path: &Path) {
    if others_can_read(path) {
        let path = path.display();
        // A closed standard error is ignored.
        let _ = writeln!(
            stderr(),
            "warning: {path} contains a secret, and other users of this machine can read it\n  hint: chmod 600 {path}"
        );
    }
}

/// Whether other users than the owner can read a file.
#[cfg(unix)]
pub fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

/// Other systems have no permission bits.
#[cfg(not(unix))]
pub fn others_can_read(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_adds_to_a_secret_is_noticed() {
        for secret in ["\"secret\"", "secret ", " secret", "'secret'", "secret\r"] {
            assert!(has_shell_marks(secret), "{secret}");
        }
        assert!(!has_shell_marks("s3cr3t of\"two'parts"));
    }

    #[test]
    fn an_id_of_an_application_has_no_characters_that_are_not_seen() {
        assert_eq!(client_id(" d1b2-34 \r").expect("an ID"), "d1b2-34");
        for id in ["", " ", "\"d1b2\"", "d1b2\u{200b}", "d1 b2"] {
            assert!(client_id(id).is_err(), "{id}");
        }
    }
}
