//! The program that runs when a file is done (`--on-done`).

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::api::SECRET_VARIABLES;

/// How long the program may run.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Runs a program with a folder as its argument, and waits for it until `interrupt` is cancelled. An error says what
/// went wrong.
pub fn run(
    program: &Path,
    folder: &Path,
    runtime: &Runtime,
    interrupt: &CancellationToken,
) -> Result<(), String> {
    let mut command = Command::new(program);
    for secret in SECRET_VARIABLES {
        command.env_remove(secret);
    }
    // Not through a shell: no name of a folder can be taken for a command.
    command.arg(folder).stdin(Stdio::null());
    runtime.block_on(async {
        let mut child = command
            .spawn()
            .map_err(|error| format!("cannot be run: {error}"))?;
        let ended = tokio::select! {
            ended = timeout(LONGEST, child.wait()) => ended,
            () = interrupt.cancelled() => return Ok(()),
        };
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("ended with {status}")),
            Ok(Err(error)) => Err(format!("cannot be waited for: {error}")),
            Err(_) => {
                let _ = child.kill().await;
                Err("ran for more than ten minutes and was ended".to_owned())
            }
        }
    })
}
