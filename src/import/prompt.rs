//! Prompts for a secret at the terminal, and leaves the terminal as it was.

use std::io::{self, IsTerminal, stderr, stdin};

use anyhow::Context;
use console::Term;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Longer than almost any token, in bytes: a longer one leaves parts of it in memory.
#[cfg(unix)]
const MAX_SECRET: usize = 64 * 1024;

/// Prompts for a secret without showing it. None if there is no terminal, or nothing is typed.
pub fn ask_secret(prompt: &str) -> anyhow::Result<Option<SecretString>> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Ok(None);
    }
    let typed = read(prompt).context("cannot read from the terminal")?;
    let secret = SecretString::from(typed.as_str());
    Ok(Some(secret).filter(|secret| !secret.expose_secret().is_empty()))
}

/// Reads a secret from a terminal. A signal would end the process while the terminal hides what is typed, so signals are
/// caught and the terminal is restored.
#[cfg(unix)]
fn read(prompt: &str) -> io::Result<Zeroizing<String>> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    use crate::exit_code::ExitCode;

    let before = tcgetattr(stdin())?;
    tcsetattr(stdin(), OptionalActions::Now, &without_echo(before.clone()))?;
    Term::stderr().write_str(prompt)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let typed = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let typing = tokio::task::spawn_blocking(|| read_typed(next_byte));
        tokio::select! {
            typed = typing => typed.map_err(io::Error::other)?.map(Some),
            _ = tokio::signal::ctrl_c() => Ok(None),
            _ = terminated.recv() => Ok(None),
        }
    });
    tcsetattr(stdin(), OptionalActions::Now, &before)?;
    Term::stderr().write_line("")?;
    let Some(typed) = typed? else {
        std::process::exit(ExitCode::Interrupted.number().into());
    };
    runtime.shutdown_background();
    Ok(typed)
}

/// A terminal that shows nothing and hands over each byte. One that collects lines cuts them off: at 4,096 bytes under
/// Linux, at 1,024 under macOS, and tokens may be longer.
#[cfg(unix)]
fn without_echo(mut terminal: rustix::termios::Termios) -> rustix::termios::Termios {
    use rustix::termios::{LocalModes, SpecialCodeIndex};

    terminal
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ICANON);
    terminal.special_codes[SpecialCodeIndex::VMIN] = 1;
    terminal.special_codes[SpecialCodeIndex::VTIME] = 0;
    terminal
}

/// The next byte that is typed; `None` at the end. Nothing after it is read, so what follows the line is kept.
#[cfg(unix)]
fn next_byte() -> io::Result<Option<u8>> {
    let mut byte = [0];
    let read = rustix::io::retry_on_intr(|| rustix::io::read(stdin(), &mut byte))?;
    Ok((read > 0).then_some(byte[0]))
}

/// A line of typed bytes, with the keys that correct it.
#[cfg(unix)]
fn read_typed(mut next: impl FnMut() -> io::Result<Option<u8>>) -> io::Result<Zeroizing<String>> {
    const END: u8 = 0x04;
    const BACKSPACE: [u8; 2] = [0x08, 0x7f];
    const DELETE_LINE: u8 = 0x15;
    let mut typed = Zeroizing::new(Vec::with_capacity(MAX_SECRET));
    loop {
        match next()? {
            None | Some(b'\n' | b'\r' | END) => break,
            Some(DELETE_LINE) => typed.clear(),
            Some(byte) if BACKSPACE.contains(&byte) => {
                // A character has one byte that is not a continuation of another.
                while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            Some(byte) if byte.is_ascii_control() => {}
            Some(byte) => typed.push(byte),
        }
    }
    let text = std::str::from_utf8(&typed).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(not(unix))]
fn read(prompt: &str) -> io::Result<Zeroizing<String>> {
    let terminal = Term::stderr();
    terminal.write_str(prompt)?;
    terminal.read_secure_line().map(Zeroizing::new)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> String {
        let mut keys = keys.iter().copied();
        read_typed(|| Ok(keys.next())).expect("text").to_string()
    }

    #[test]
    fn typed_secrets_can_be_corrected() {
        assert_eq!(typed(b"secret\nnext"), "secret");
        assert_eq!(typed(b"secrex\x7ft\r"), "secret");
        assert_eq!(typed("päß\x7f\x08ass\n".as_bytes()), "pass");
        assert_eq!(typed(b"wrong\x15right\n"), "right");
        assert_eq!(typed(b"\x7f\x1bshort"), "short");
    }
}
