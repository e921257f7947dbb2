//! A command that prints a token.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::SignInError;
use crate::api::Token;

/// What a command that seatload starts has no need of.
pub const SECRET_VARIABLES: [&str; 4] = [
    "SEATLOAD_TOKEN",
    "SEATLOAD_CLIENT_SECRET",
    "SEATLOAD_PASSWORD",
    "SEATLOAD_PROXY",
];

/// No token is longer, in bytes.
const LONGEST_OUTPUT: usize = 64 * 1024;

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

    pub async fn run(&self) -> Result<Token, SignInError> {
        let trouble = |what: String| SignInError::trouble(format!("--token-command {what}"));
        let mut command = shell(&self.0);
        for secret in SECRET_VARIABLES {
            command.env_remove(secret);
        }
        let running = async {
            let mut child = command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::inherit())
                .kill_on_drop(true)
                .spawn()?;
            let mut printed = Zeroizing::new(Vec::with_capacity(LONGEST_OUTPUT));
            if let Some(stdout) = child.stdout.take() {
                let mut stdout = stdout.take(LONGEST_OUTPUT as u64);
                stdout.read_to_end(&mut printed).await?;
            }
            Ok((child.wait().await?, printed))
        };
        let (status, printed) = timeout(LONGEST, running)
            .await
            .map_err(|_| trouble("took over a minute".to_owned()))?
            .map_err(|error: io::Error| trouble(format!("cannot be run: {error}")))?;
        if !status.success() {
            return Err(trouble(format!("ended with {status}")));
        }
        if printed.len() == LONGEST_OUTPUT {
            return Err(trouble("printed more than any token holds".to_owned()));
        }
        let text = std::str::from_utf8(&printed)
            .map_err(|_| trouble("printed what is no text".to_owned()))?;
        Token::new(text.trim().into(), "--token-command")
            .map_err(|error| SignInError::trouble(error.to_string()))
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
