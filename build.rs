//! Says which commit the program is built from: the hash and the date of the commit, never the time of the build.
//!
//! Without git or a checkout of this very repository (a source archive, say) there is nothing to say, and no error.

use std::path::Path;
use std::process::Command;

/// What the program is made of.
const SOURCES: [&str; 5] = ["build.rs", "Cargo.toml", "Cargo.lock", "src", "templates"];

fn main() {
    let version = env!("CARGO_PKG_VERSION");
    let (long_version, date) = match commit() {
        Some((hash, date)) => (format!("{version} ({hash} {date})"), date),
        None => (version.to_owned(), String::new()),
    };
    println!("cargo::rustc-env=LONG_VERSION={long_version}");
    println!("cargo::rustc-env=COMMIT_DATE={date}");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
}

/// The short hash, marked if what the program is made of differs from it, and the date.
fn commit() -> Option<(String, String)> {
    // Unpacked inside of another repository, this is no commit of that one.
    if !Path::new(".git").exists() {
        return None;
    }
    let shown = git(&["show", "--no-show-signature", "-s", "--format=%H %cs"])?;
    let (hash, date) = shown.split_once(' ')?;
    let mut status = vec!["--no-optional-locks", "status", "--porcelain", "--"];
    status.extend(SOURCES);
    let dirty = match git(&status)?.is_empty() {
        true => "",
        false => "-dirty",
    };
    watch_head();
    Some((format!("{}{dirty}", hash.get(..10)?), date.to_owned()))
}

/// Has cargo look again when another commit is checked out. A path that is not there would have it look each time.
fn watch_head() {
    let reference = git(&["symbolic-ref", "-q", "HEAD"]);
    // The log tells of every new commit; without one, the branch's own file does, or where it is packed away, its
    // folder.
    let of_branch = reference.as_deref().unwrap_or("HEAD");
    for name in ["HEAD", "logs/HEAD", of_branch, "packed-refs", "refs/heads"] {
        let Some(path) = git(&["rev-parse", "--git-path", name]) else {
            continue;
        };
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
            if name == "logs/HEAD" {
                break;
            }
        }
    }
}

/// What git says, if it is there and content.
fn git(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let output = command.args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
