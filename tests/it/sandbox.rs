//! Everything that a new user tries without the service.

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};

const JOINERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-data/joiners.csv");

fn seatload(dir: &Dir, arguments: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command.env_remove("SEATLOAD_TOKEN").args(arguments);
    command.arg("--sandbox");
    wait_for_exit(command)
}

fn export(dir: &Dir) -> String {
    seatload(dir, &["export"]).stdout
}

#[test]
fn a_run_in_the_sandbox_is_resumed_verified_and_undone() {
    let dir = Dir::new();
    let before = export(&dir);
    let import = [
        "import",
        JOINERS,
        "--until-full",
        "--allow-losses",
        "--report-dir",
        "run",
    ];
    let first = seatload(&dir, &[&import[..], &["--first", "10"]].concat());
    assert_eq!(first.code, 3, "{}", first.stderr);
    let mut command = dir.seatload();
    command.args(["resume", "run"]);
    let resumed = wait_for_exit(command);
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    assert_eq!(dir.rows("run/success.csv").len(), 55);

    let verified = seatload(&dir, &["verify", JOINERS]);
    assert_eq!(verified.code, 1, "{}", verified.stderr);
    assert!(
        verified.stdout.contains("55 of 58 users"),
        "{}",
        verified.stdout
    );

    let undo = [
        "import",
        "run/undo.csv",
        "--allow-removal",
        "--allow-losses",
        "--report-dir",
        "undone",
    ];
    let undone = seatload(&dir, &undo);
    assert_eq!(undone.code, 0, "{}", undone.stderr);
    assert_eq!(export(&dir), before);
}

#[test]
fn the_sandbox_answers_every_question() {
    let dir = Dir::new();
    let shown = seatload(&dir, &["check"]).stdout;
    let readings = shown.lines().filter(|line| line.ends_with(" works"));
    assert_eq!(readings.count(), 9, "{shown}");
}

#[test]
fn a_corrected_failures_file_is_imported_into_the_same_sandbox() {
    let dir = Dir::new();
    let import = [
        "import",
        JOINERS,
        "--until-full",
        "--allow-losses",
        "--report-dir",
        "run",
    ];
    assert_eq!(seatload(&dir, &import).code, 1);
    let failures = dir.read("run/failures.csv");
    let corrected: Vec<_> = failures
        .lines()
        .filter(|line| line.starts_with("userId") || line.contains("Attended Robot"))
        .map(|line| line.replace("Attended Robot", "Tester - Named User"))
        .collect();
    dir.write("run/corrected.csv", corrected.join("\n"));
    let imported = seatload(
        &dir,
        &["import", "run/corrected.csv", "--report-dir", "again"],
    );
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let verified = seatload(&dir, &["verify", "run/corrected.csv"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}
