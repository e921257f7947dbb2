//! Files as people send them, in `tests/files`: a snapshot of the import of each.
//!
//! `NAME.flags` has the flags with which a file is imported. To renew the snapshots:
//! `INSTA_UPDATE=always cargo test --test it files`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::cli::Dir;
use crate::support::server::SandboxServer;

const SEATS: &str = "IDU=1000,PMD=1000,ATTUNU=1000,TSTNU=1000,NEWBOTNU=1000";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

fn is_input(path: &Path) -> bool {
    let kind = path.extension().unwrap_or_default();
    path.is_file() && kind != "flags" && kind != "directory"
}

/// The import of a file as text: the users in each report, and the messages on standard error.
fn import(path: &Path, sandbox: &SandboxServer) -> String {
    let dir = Dir::new();
    let name = path.file_name().unwrap().to_str().unwrap();
    for entry in fs::read_dir(folder()).unwrap() {
        let other = entry.unwrap().path();
        if other == path || other.extension() == Some("directory".as_ref()) {
            fs::copy(
                &other,
                dir.path(other.file_name().unwrap().to_str().unwrap()),
            )
            .unwrap();
        }
    }
    let flags = fs::read_to_string(folder().join(format!("{name}.flags"))).unwrap_or_default();
    let flags: Vec<_> = flags.split_whitespace().collect();
    let output = dir.import_file(name, "run", &sandbox.base_url, &flags);
    let mut text = format!("flags: {}\nexit code: {}\n", flags.join(" "), output.code);
    for file in ["success.csv", "pending.csv", "failures.csv"] {
        if !dir.path(&format!("run/{file}")).exists() {
            continue;
        }
        let mut rows = dir.rows(&format!("run/{file}"));
        // Responses may arrive in any order.
        rows.sort_by_key(|row| row["line"].parse::<u32>().unwrap());
        for row in rows {
            let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
            let _ = writeln!(
                text,
                "{file} line {}: {} = {}, {}{}",
                cell("line"),
                truncated(&cell("userId")),
                cell("userBundleCodes"),
                cell("useExternalLicense"),
                match file {
                    "failures.csv" => format!("\n    {}: {}", cell("outcome"), cell("message")),
                    _ => String::new(),
                }
            );
        }
    }
    let messages = output
        .stderr
        .lines()
        .filter(|line| !line.contains(" to send in "));
    for line in messages {
        let _ = writeln!(text, "> {}", as_on_unix(line));
    }
    text
}

/// A message with the slashes and quotes that shells of Unix need.
fn as_on_unix(line: &str) -> String {
    let line = line.replace("run\\", "run/");
    match line.split_once("-column \"") {
        Some((before, flags)) => format!("{before}-column '{}", flags.replace('"', "'")),
        None => line,
    }
}

fn truncated(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[test]
fn each_file_is_imported_correctly_or_rejected_with_a_hint() {
    let sandbox = SandboxServer::with_seats(SEATS);
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| is_input(path))
        .collect();
    files.sort();
    assert!(files.len() >= 60, "{}", files.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../files/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files {
            let name = path.file_name().unwrap().to_str().unwrap();
            insta::assert_snapshot!(name, import(&path, &sandbox));
        }
    });
}
