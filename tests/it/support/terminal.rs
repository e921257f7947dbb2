//! A command in tmux, a real terminal emulator.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;

use super::cli::{Dir, TOKEN};

/// With this variable set, a test that needs the terminal fails where there is none.
const REQUIRED: &str = "SEATLOAD_REQUIRE_TMUX";

/// The longest wait for a screen.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Printed with the exit code at the end of the command.
const ENDED: &str = "[ended with ";

/// A terminal with its own tmux server.
pub(crate) struct Terminal<'a>(&'a Dir);

impl<'a> Terminal<'a> {
    /// Runs `seatload` with these arguments in a terminal of the given size. None if tmux is not installed, which is
    /// printed. After the command's end, the terminal echoes keys.
    pub(crate) fn run(dir: &'a Dir, size: (usize, usize), args: &str) -> Option<Self> {
        Self::run_with(dir, size, "", args)
    }

    /// The same with variables, as a shell sets them for a command.
    pub(crate) fn run_with(
        dir: &'a Dir,
        (columns, lines): (usize, usize),
        variables: &str,
        args: &str,
    ) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            let message = "there is no tmux";
            assert!(std::env::var_os(REQUIRED).is_none(), "{message}");
            // Unlike the output of a test, this is shown.
            let mut out = std::io::stderr();
            writeln!(out, "SKIPPED: a test in a terminal: {message}").unwrap();
            return None;
        }
        let terminal = Self(dir);
        let seatload = cargo_bin!("seatload").display().to_string();
        // The shell survives Ctrl-C.
        let script = format!(
            "trap : INT; {variables} '{seatload}' {args}; printf '{ENDED}%s]' $?; exec cat"
        );
        let size = [("-x", columns), ("-y", lines)];
        let mut new = terminal.tmux();
        new.args(["-f", "/dev/null", "new-session", "-d"]);
        for (flag, size) in size {
            new.args([flag, &size.to_string()]);
        }
        run(new.args(["sh", "-c", &script]));
        Some(terminal)
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.arg("-u").arg("-S").arg(self.0.path("tmux"));
        tmux.current_dir(self.0.path(""))
            .env("SEATLOAD_TOKEN", TOKEN)
            .env("XDG_CONFIG_HOME", self.0.path("config"))
            .env("SHELL", "/bin/sh")
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX");
        tmux
    }

    /// Types keys, by their tmux names.
    pub(crate) fn keys(&self, keys: &[&str]) {
        run(self.tmux().arg("send-keys").args(keys));
    }

    /// The screen with colours and styles as escape sequences.
    pub(crate) fn styled(&self) -> String {
        self.capture(&["-e"])
    }

    pub(crate) fn screen(&self) -> String {
        self.capture(&[])
    }

    fn capture(&self, options: &[&str]) -> String {
        let captured = run(self.tmux().args(["capture-pane", "-p"]).args(options));
        String::from_utf8(captured.stdout).unwrap()
    }

    /// The column and the line of the cursor, from 0.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let format = "#{cursor_x} #{cursor_y} #{cursor_flag}";
        let shown = run(self.tmux().args(["display-message", "-p", format]));
        let shown = String::from_utf8(shown.stdout).unwrap();
        let mut numbers = shown.split_whitespace().map(|text| text.parse().unwrap());
        let mut next = || numbers.next().unwrap();
        let place = (next(), next());
        assert_eq!(next(), 1, "the cursor is hidden");
        place
    }

    /// Waits for a screen, and gives it.
    pub(crate) fn wait_for(&self, name: &str, is_shown: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if is_shown(&screen) {
                return screen;
            }
            assert!(started.elapsed() < TIMEOUT, "{name}: not on\n{screen}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a text is on the screen.
    pub(crate) fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(text, |screen| screen.contains(text))
    }

    /// Waits for the end of the command, and gives its exit code with the screen.
    pub(crate) fn wait_for_exit(&self) -> (i32, String) {
        let screen = self.wait_for("the end", |screen| {
            screen
                .split_once(ENDED)
                .is_some_and(|(_, rest)| rest.contains(']'))
        });
        let (_, code) = screen.split_once(ENDED).unwrap();
        let (code, _) = code.split_once(']').unwrap();
        (code.parse().unwrap(), screen)
    }

    /// Kills the command with SIGKILL.
    pub(crate) fn kill(&self, is_command: impl Fn(&str) -> bool) {
        let pid = children(self.0.path(""))
            .into_iter()
            .find(|(_, line)| is_command(line))
            .map(|(pid, _)| pid)
            .unwrap();
        run(Command::new("kill").args(["-9", &pid.to_string()]));
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}

/// The processes with this working folder, and their command lines.
fn children(folder: impl AsRef<Path>) -> Vec<(u32, String)> {
    let folder = folder.as_ref().canonicalize().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap();
    let pids = processes.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| {
        let works_in = std::fs::read_link(format!("/proc/{pid}/cwd"));
        works_in.is_ok_and(|works_in| works_in == folder)
    })
    .map(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        (pid, String::from_utf8_lossy(&line).replace('\0', " "))
    })
    .collect()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}
