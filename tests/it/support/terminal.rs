//! A real terminal emulator, tmux, with a command in it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;

use super::cli::{Dir, TOKEN};

/// With this variable set, a test that needs the terminal fails where there is none.
const REQUIRED: &str = "SEATLOAD_REQUIRE_TMUX";

/// How long anything may take to be seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Said when the command has ended, with its exit code.
const ENDED: &str = "[ended with ";

/// A terminal of its own, and the server that keeps it.
pub(crate) struct Terminal<'a>(&'a Dir);

impl<'a> Terminal<'a> {
    /// Runs `seatload` with these words in a terminal of so many columns and lines; none where there is no tmux, which is
    /// told. After its end, what is typed is shown.
    pub(crate) fn run(dir: &'a Dir, (columns, lines): (usize, usize), words: &str) -> Option<Self> {
        if Command::new("tmux").arg("-V").output().is_err() {
            let told = "there is no tmux";
            assert!(std::env::var_os(REQUIRED).is_none(), "{told}");
            // Unlike what a test prints, this is seen.
            let mut out = std::io::stderr();
            writeln!(out, "SKIPPED: a test in a terminal: {told}").unwrap();
            return None;
        }
        let this = Self(dir);
        let seatload = cargo_bin!("seatload").display().to_string();
        // The shell outlives what Ctrl-C ends.
        let script = format!("trap : INT; '{seatload}' {words}; printf '{ENDED}%s]' $?; exec cat");
        let size = [("-x", columns), ("-y", lines)];
        let mut new = this.tmux();
        new.args(["-f", "/dev/null", "new-session", "-d"]);
        for (flag, size) in size {
            new.args([flag, &size.to_string()]);
        }
        done(new.args(["sh", "-c", &script]));
        Some(this)
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

    /// Types keys, named as tmux names them.
    pub(crate) fn keys(&self, keys: &[&str]) {
        done(self.tmux().arg("send-keys").args(keys));
    }

    /// The screen as it is now, with its colours and styles as escape sequences.
    pub(crate) fn styled(&self) -> String {
        self.captured(&["-e"])
    }

    /// The screen as it is now.
    pub(crate) fn screen(&self) -> String {
        self.captured(&[])
    }

    fn captured(&self, more: &[&str]) -> String {
        let captured = done(self.tmux().args(["capture-pane", "-p"]).args(more));
        String::from_utf8(captured.stdout).unwrap()
    }

    /// The column and the line, from 0, where the cursor is.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let format = "#{cursor_x} #{cursor_y} #{cursor_flag}";
        let shown = done(self.tmux().args(["display-message", "-p", format]));
        let shown = String::from_utf8(shown.stdout).unwrap();
        let mut numbers = shown.split_whitespace().map(|text| text.parse().unwrap());
        let mut next = || numbers.next().unwrap();
        let place = (next(), next());
        assert_eq!(next(), 1, "the cursor is hidden");
        place
    }

    /// Waits until a screen is as it must be, and gives it.
    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: not on\n{screen}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a text is on the screen.
    pub(crate) fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(text, |screen| screen.contains(text))
    }

    /// Waits for the end of the command, and gives its exit code with the screen.
    pub(crate) fn ended(&self) -> (i32, String) {
        let screen = self.wait_for("the end", |screen| {
            screen
                .split_once(ENDED)
                .is_some_and(|(_, rest)| rest.contains(']'))
        });
        let (_, code) = screen.split_once(ENDED).unwrap();
        let (code, _) = code.split_once(']').unwrap();
        (code.parse().unwrap(), screen)
    }

    /// Ends the command in no order at all.
    pub(crate) fn kill(&self, is_its_line: impl Fn(&str) -> bool) {
        let pid = children(self.0.path(""))
            .into_iter()
            .find(|(_, line)| is_its_line(line))
            .map(|(pid, _)| pid)
            .unwrap();
        done(Command::new("kill").args(["-9", &pid.to_string()]));
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // Its server goes with its last session.
        let _ = self.tmux().arg("kill-server").output();
    }
}

/// Processes that work in a folder, with their command lines.
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

fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}
