//! Prompts for a secret at the terminal, and leaves the terminal as it was.

use std::io::{self, IsTerminal, stderr, stdin};

use anyhow::Context;
use console::Term;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Prompts for a secret without showing it. None if there is no terminal, or nothing is typed.
pub fn ask_secret(prompt: &str) -> anyhow::Result<Option<SecretString>> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(None);
    }
    let typed = read(prompt).context("cannot read from the terminal")?;
    let secret = SecretString::from(typed.as_str());
    Ok(Some(secret).filter(|secret| !secret.expose_secret().is_empty()))
}

fn read_line(prompt: &str) -> io::Result<Zeroizing<String>> {
    let terminal = Term::stderr();
    terminal.write_str(prompt)?;
    terminal.read_secure_line().map(Zeroizing::new)
}

/// A signal would end the process while the terminal hides what is typed, so signals are caught and the terminal is
/// restored.
#[cfg(unix)]
fn read(prompt: &str) -> io::Result<Zeroizing<String>> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    use crate::exit_code::ExitCode;

    let before = tcgetattr(stdin())?;
    let prompt = prompt.to_owned();
    let runtime = tokio::runtime::Runtime::new()?;
    let typed = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let typing = tokio::task::spawn_blocking(move || read_line(&prompt));
        tokio::select! {
            typed = typing => typed.map_err(io::Error::other)?.map(Some),
            _ = tokio::signal::ctrl_c() => Ok(None),
            _ = terminated.recv() => Ok(None),
        }
    })?;
    let Some(typed) = typed else {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
        let _ = Term::stderr().write_line("");
        std::process::exit(ExitCode::Interrupted.number().into());
    };
    runtime.shutdown_background();
    Ok(typed)
}

#[cfg(not(unix))]
fn read(prompt: &str) -> io::Result<Zeroizing<String>> {
    read_line(prompt)
}
