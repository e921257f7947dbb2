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

/// Variables with secrets, which are removed from the environment of every command that seatload starts.
pub const SECRET_VARIABLES: [&str; 4] = [
    "SEATLOAD_TOKEN",
    "SEATLOAD_CLIENT_SECRET",
    "SEATLOAD_PASSWORD",
    "SEATLOAD_PROXY",
];

/// Longer than any token, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// How long a command may run.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A command that prints a token. Its standard error goes to the terminal.
#[derive(Clone)]
pub struct TokenCommand(String);

impl TokenCommand {
    /// `command` is run by the shell.
    pub fn new(command: String) -> Self {
        Self(command)
    }

    pub async fn run(&self) -> Result<Token, SignInError> {
        let failed = |what: String| SignInError::transient(format!("--token-command {what}"));
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
            let mut printed = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT));
            if let Some(stdout) = child.stdout.take() {
                let mut stdout = stdout.take(MAX_OUTPUT as u64);
                stdout.read_to_end(&mut printed).await?;
            }
            Ok((child.wait().await?, printed))
        };
        let (status, printed) = timeout(TIMEOUT, running)
            .await
            .map_err(|_| failed("ran for more than a minute".to_owned()))?
            .map_err(|error: io::Error| failed(format!("cannot be run: {error}")))?;
        if !status.success() {
            return Err(failed(format!("ended with {status}")));
        }
        if printed.len() == MAX_OUTPUT {
            return Err(failed(
                "printed more than 64 KiB, which is no token".to_owned(),
            ));
        }
        let text = std::str::from_utf8(&printed)
            .map_err(|_| failed("printed bytes that are not text".to_owned()))?;
        Token::new(text.trim().into(), "--token-command")
            .map_err(|error| SignInError::transient(error.to_string()))
    }
}

/// The command line may contain a secret.
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
    // As it stands: cmd does not know the escapes that `args` would add. With /S it removes these quotes and no others.
    shell.raw_arg(format!("/D /S /C \"{command}\""));
    shell
}
