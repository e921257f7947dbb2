//! Asks for a secret at the terminal, and leaves the terminal as it was, whatever is typed.

use std::io::{IsTerminal, stderr, stdin};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Asks for a secret, without showing what is typed. None where nobody can be asked, or nothing is typed.
pub fn ask_yes_no(prompt: String) -> anyhow::Result<Option<SecretString>> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(None);
    }
    let typed = load(prompt).context("cannot read from the terminal")?;
    let secret = SecretString::from(typed.as_str());
    Ok(Some(secret).filter(|secret| !secret.expose_secret().is_empty()))
}

/// A signal would end the process while the terminal shows nothing that is typed: so it is heard, and the terminal set
/// right.
#[cfg(unix)]
fn load(prompt: String) -> std::io::Result<Zeroizing<String>> {
    use std::io::Write;

    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    use crate::exit_code::ExitCode;

    let before = tcgetattr(stdin())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let typed = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let typing = tokio::task::spawn_blocking(move || rpassword::prompt_password(prompt));
        tokio::select! {
            typed = typing => typed.map(Some).map_err(std::io::Error::other),
            _ = tokio::signal::ctrl_c() => Ok(None),
            _ = terminated.recv() => Ok(None),
        }
    })?;
    let is_interrupted = |error: &std::io::Error| error.kind() == std::io::ErrorKind::Interrupted;
    let Some(typed) = typed.filter(|typed| !typed.as_ref().is_err_and(is_interrupted)) else {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
        let _ = writeln!(stderr());
        std::process::exit(ExitCode::Interrupted.number().into());
    };
    runtime.shutdown_background();
    typed.map(Zeroizing::new)
}

#[cfg(not(unix))]
fn read(prompt: String) -> std::io::Result<Zeroizing<String>> {
    rpassword::prompt_password(prompt).map(Zeroizing::new)
}
