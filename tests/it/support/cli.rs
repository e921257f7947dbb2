//! Runs the built binary in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use assert_cmd::Command;
use tempfile::TempDir;

/// The token of every command. It may appear nowhere.
pub(crate) const TOKEN: &str = "s3cr3t-t0k3n-that-must-not-leak";

/// What Windows gives as `ERROR_INTERNAL_ERROR`.
const WINE_INTERNAL_ERROR: i32 = 1359;

/// `STATUS_DLL_INIT_FAILED`: the exit code under wine, now and then, of a program that has not begun to run.
const NOT_STARTED: i32 = 0xc000_0142_u32.cast_signed();

/// How often a program is started that does not begin to run.
const MAX_STARTS: usize = 3;

/// A folder with the files of one test.
pub(crate) struct Dir(TempDir);

/// The exit code and the output of a command.
pub(crate) struct CommandOutput {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl CommandOutput {
    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.stderr, self.stdout);
        self
    }

    /// On standard error.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "{text:?} is not in\n{}",
            self.stderr
        );
        self
    }

    /// On standard output.
    #[track_caller]
    pub(crate) fn prints(&self, text: &str) -> &Self {
        assert!(
            self.stdout.contains(text),
            "{text:?} is not in\n{}",
            self.stdout
        );
        self
    }
}

impl Dir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Whether the folder contains exactly these files.
    pub(crate) fn contains_only(&self, names: &[&str]) -> bool {
        let mut found: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        found == names
    }

    /// The rows of a CSV by the names in its header.
    pub(crate) fn rows(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        csv::Reader::from_path(self.path(name))
            .unwrap()
            .deserialize()
            .map(|row| row.unwrap())
            .collect()
    }

    /// One column of a CSV.
    pub(crate) fn column(&self, name: &str, column: &str) -> Vec<String> {
        let cell = |mut row: BTreeMap<String, String>| row.remove(column).unwrap();
        self.rows(name).into_iter().map(cell).collect()
    }

    /// `seatload` in this folder, with a token and no other setting from outside.
    pub(crate) fn seatload(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("seatload"));
        command
            .current_dir(self.0.path())
            .env("SEATLOAD_TOKEN", TOKEN)
            // The configuration of the machine's user is ignored.
            .env("XDG_CONFIG_HOME", self.0.path().join("config"));
        for (name, _) in std::env::vars_os() {
            if name != "SEATLOAD_TOKEN" && name.to_string_lossy().starts_with("SEATLOAD_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Starts `seatload` in this folder with standard error captured.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.spawn(arguments, Stdio::null())
    }

    /// The same with both outputs captured.
    pub(crate) fn start_piped(&self, arguments: &[&str]) -> Child {
        self.spawn(arguments, Stdio::piped())
    }

    fn spawn(&self, arguments: &[&str], stdout: Stdio) -> Child {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("seatload"));
        command
            .current_dir(self.0.path())
            .env("SEATLOAD_TOKEN", TOKEN)
            .env("XDG_CONFIG_HOME", self.0.path().join("config"))
            .args(arguments)
            .stdout(stdout)
            .stderr(Stdio::piped());
        match command.spawn() {
            // wine fails so now and then where processes are killed; nothing has started then.
            Err(error) if error.raw_os_error() == Some(WINE_INTERNAL_ERROR) => command.spawn(),
            spawned => spawned,
        }
        .unwrap()
    }

    /// Starts an import of `users.csv` with reports in `run`.
    pub(crate) fn start_import(&self, base_url: &str, arguments: &[&str]) -> Child {
        let fixed = [
            "import",
            "users.csv",
            "--report-dir",
            "run",
            "--account",
            "acc-1",
        ];
        self.start(&[&fixed[..], &["--base-url", base_url], arguments].concat())
    }

    /// Runs an import of `users.csv` with reports in `run` at full speed.
    pub(crate) fn import(&self, base_url: &str, arguments: &[&str]) -> CommandOutput {
        self.import_file("users.csv", "run", base_url, arguments)
    }

    pub(crate) fn import_file(
        &self,
        file: &str,
        reports: &str,
        base_url: &str,
        arguments: &[&str],
    ) -> CommandOutput {
        let mut command = self.seatload();
        command
            .args(["import", file, "--report-dir", reports])
            .args(["--account", "acc-1", "--base-url", base_url])
            .args(["--rate", "10000/50ms", "--max-retries", "0"])
            .args(arguments);
        let ended = wait_for_exit(command);
        self.assert_no_token(&ended);
        ended
    }

    fn assert_no_token(&self, ended: &CommandOutput) {
        assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN));
        for file in files(self.0.path()) {
            let content = fs::read(&file).unwrap();
            let leaks = content
                .windows(TOKEN.len())
                .any(|bytes| bytes == TOKEN.as_bytes());
            assert!(
                !leaks || file.ends_with("token"),
                "{} contains the token",
                file.display()
            );
        }
    }
}

pub(crate) fn wait_for_exit(mut command: Command) -> CommandOutput {
    let mut output = command.output().unwrap();
    for _ in 1..MAX_STARTS {
        if output.status.code() == Some(NOT_STARTED) {
            output = command.output().unwrap();
        }
    }
    CommandOutput {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
