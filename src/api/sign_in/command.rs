//! A command that prints a token.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::SignInError;
use crate::api::Token;

/// What the command has no need of.
const SECRET_VARIABLES: [&str; 3] = [
    "SEATLOAD_TOKEN",
    "SEATLOAD_CLIENT_SECRET",
    "SEATLOAD_PASSWORD",
];

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(60);

/// A command that prints a token. What it says on standard error goes to the terminal.
#[derive(Clone)]
pub struct TokenCommand(String);

impl TokenCommand {
    /// A command as a shell takes it.
    pub fn new(command: String) -> Self {
        Self(command)
    }

    pub(super) async fn run(&self) -> Result<Token, SignInError> {
        let refused = |what: String| SignInError::Refused(format!("--token-command {what}"));
        let mut command = shell(&self.0);
        for secret in SECRET_VARIABLES {
            command.env_remove(secret);
        }
        let running = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output();
        let output = timeout(LONGEST, running)
            .await
            .map_err(|_| SignInError::Trouble("--token-command took over a minute".to_owned()))?
            .map_err(|error| refused(format!("cannot be run: {error}")))?;
        let printed = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(refused(format!(
                "ended with {}: run it by hand to see why",
                output.status
            )));
        }
        let text = std::str::from_utf8(&printed)
            .map_err(|_| refused("printed what is no text".to_owned()))?;
        Token::new(text.trim().into(), "--token-command")
            .map_err(|error| SignInError::Refused(error.to_string()))
    }
}

/// The command may hold a secret, if its author was careless.
impl std::fmt::Debug for TokenCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenCommand(…)")
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/C", command]);
    shell
}
