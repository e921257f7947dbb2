//! `seatload plan`: what it shows, and that it sends nothing.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};

use crate::support::cli::{CommandOutput, Dir, wait_for_exit};

const INPUT: &str = "userId,code,external
ann,IDU,
ben,IDU;PMD,
cai,ATTUNU,
dov,ATTUNU,true
eve,ATTUNU,
fay,IDU,
gil,ATTUNUU,
hal,ATTUNU,
ann,TSTNU,
";

const HOLDINGS: &str = "userId,code,external
ann,IDU,
ann,TSTNU,
ben,RPADEVNU,
cai,PMD,
dov,ATTUNU,
eve,,
hal,ATTUNU;PMD;TSTNU,
";

fn plan(dir: &Dir, arguments: &[&str]) -> CommandOutput {
    let mut command = dir.seatload();
    command.env_remove("SEATLOAD_TOKEN");
    command.args(["plan", "users.csv"]).args(arguments);
    wait_for_exit(command)
}

fn here() -> Dir {
    let dir = Dir::new();
    dir.write("users.csv", INPUT)
        .write("holdings.csv", HOLDINGS);
    dir.write(
        "seats.csv",
        "Code,Total,Allocated\nATTUNU,20,18\nIDU,10,9\nPMD,10,12\nUnattended Robots,3,0\n",
    );
    dir
}

const EVERYTHING: [&str; 6] = [
    "--current",
    "holdings.csv",
    "--seats-file",
    "seats.csv",
    "--batch-size",
    "2",
];

#[test]
fn a_plan_is_printed_as_a_table() {
    let shown = plan(&here(), &[]);
    assert_eq!((shown.code, shown.stderr.as_str()), (1, ""));
    insta::assert_snapshot!("table", shown.stdout);
}

#[test]
fn a_plan_with_current_licences_and_seats_shows_losses_first_and_where_seats_end() {
    let dir = here();
    let shown = plan(&dir, &EVERYTHING);
    assert_eq!((shown.code, shown.stderr.as_str()), (1, ""));
    insta::assert_snapshot!("table_of_everything", shown.stdout);
    let added = plan(
        &dir,
        &[&EVERYTHING[..], &["--mode", "add", "--until-full"]].concat(),
    );
    insta::assert_snapshot!("table_of_adding", added.stdout);
}

#[test]
fn a_plan_is_printed_as_json() {
    let shown = plan(&here(), &[&EVERYTHING[..], &["--json"]].concat());
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    shown.prints(&version);
    insta::assert_snapshot!("json", shown.stdout.replace(&version, "\"version\": \"…\""));
}

#[test]
fn a_plan_is_printed_as_csv_with_a_row_for_each_user() {
    let shown = plan(
        &here(),
        &[&EVERYTHING[..], &["--csv", "--mode", "add", "--until-full"]].concat(),
    );
    insta::assert_snapshot!("csv", shown.stdout);
}

#[test]
fn a_plan_without_failures_exits_with_0() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\na,IDU\nb,IDU\n");
    let shown = plan(&dir, &["--seats", "IDU=2"]);
    shown.exits_with(0);
    assert!(dir.contains_only(&["users.csv"]));
    assert_eq!(plan(&dir, &["--seats", "IDU=1"]).code, 1);
}

#[test]
fn a_flag_that_cannot_be_used_is_an_error_with_a_hint() {
    let dir = here();
    dir.write("empty.csv", "");
    dir.write(
        "none-known.csv",
        "code,total,allocated\nUnattended Robot,1,0\n",
    );
    for (arguments, what) in [
        (
            &["--mode", "add"][..],
            "--mode add needs the current licences of users",
        ),
        (
            &["--until-full"],
            "--until-full needs the number of free seats",
        ),
        (
            &["--absent-means-none"],
            "--absent-means-none is about the file of --current",
        ),
        (
            &["--seats", "IDU=1", "--seats-file", "seats.csv"],
            "remove one of them",
        ),
        (&["--seats", "IDUU=1"], "did you mean IDU?"),
        (&["--seats", "NOPE=1"], "--seats: unknown code NOPE"),
        (
            &["--seats-file", "none-known.csv"],
            "the file has no known bundle code",
        ),
        (&["--seats-file", "empty.csv"], "the seats file is empty"),
        (
            &["--seats-file", "users.csv"],
            "no total column in the header",
        ),
        (&["--current", "none.csv"], "none.csv"),
        (
            &["--header-row", "900"],
            "line 900, which --header-row names, is blank or beyond the end",
        ),
        (&["--priority", "rank"], "rank"),
        (&["--json", "--csv"], "cannot be used with"),
        (&["--first", "0"], "invalid value '0'"),
    ] {
        let refused = plan(&dir, arguments);
        assert_eq!(refused.code, 2, "{arguments:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains(what),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn first_limits_the_plan_to_the_first_users() {
    let dir = Dir::new();
    let rows: String = (0..300).map(|user| format!("u{user},IDU\n")).collect();
    dir.write("users.csv", format!("userId,code\n{rows}"));
    let shown = plan(&dir, &["--first", "20", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["users"]["toSend"], 300);
    assert_eq!(shown["users"]["toSendNow"], 20);
    assert_eq!(shown["requests"]["count"], 1);
}

#[test]
fn a_column_of_a_code_cannot_be_the_priority_column() {
    let dir = Dir::new();
    dir.write("users.csv", "userId,IDU,PMD\na,1,1\n");
    let refused = plan(&dir, &["--wide", "--priority", "IDU"]);
    refused.exits_with(2).says("priority");
}

#[test]
fn codes_in_columns_that_are_not_used_are_warned_of() {
    let dir = Dir::new();
    let rows = "u1,IDU,PMD,,Sales\nu2,IDU,,ATTUNU;TSTNU,Sales\n";
    dir.write(
        "users.csv",
        format!("userId,Licence,Licence 2,Licence 3,Department\n{rows}"),
    );
    let shown = plan(&dir, &[]);
    let warning =
        r#"warning: the columns "Licence 2", "Licence 3" list bundle codes that no user gets"#;
    assert!(shown.stdout.contains(warning), "{}", shown.stdout);
    assert!(shown.stdout.contains("with --code-column\n"));

    let all = ["Licence", "Licence 2", "Licence 3"];
    let shown = plan(&dir, &all.map(|column| ["--code-column", column]).concat());
    assert!(!shown.stdout.contains("warning"), "{}", shown.stdout);

    dir.write("users.csv", "userId,What\nu1,IDU\n");
    let shown = plan(&dir, &["--codes", "PMD", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let unused = &shown["layout"]["unusedCodeColumns"];
    assert_eq!(unused, &serde_json::json!(["What"]));
}

#[test]
fn a_row_that_cannot_be_read_is_an_error_however_early_it_is() {
    for rows_before in [0, 1, 48, 49, 50, 51, 60] {
        let dir = Dir::new();
        let rows: String = (0..rows_before)
            .map(|row| format!("u{row},IDU\n"))
            .collect();
        dir.write("users.csv", format!("userId,code\n{rows}\"open,IDU\n"));
        let line = rows_before + 2;
        plan(&dir, &[])
            .exits_with(2)
            .says(&format!("line {line}: a quote is opened but never closed"));
    }
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    use std::process::{Command, Stdio};

    let dir = Dir::new();
    let rows: String = (0..20_000).map(|user| format!("u{user},IDU\n")).collect();
    dir.write("users.csv", format!("userId,code\n{rows}"));
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("seatload"))
        .current_dir(dir.path(""))
        .args(["plan", "users.csv", "--csv"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("userId,"), "{line}");
    drop(stdout);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Every field name in an object or array, at any depth.
fn names(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                found.insert(name.clone());
                names(value, found);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn the_documents_describe_every_field_of_a_plan() {
    let shown = plan(&here(), &[&EVERYTHING[..], &["--json"]].concat());
    let mut found = BTreeSet::new();
    names(&serde_json::from_str(&shown.stdout).unwrap(), &mut found);
    let document = include_str!("../../docs/json.md");
    let (_, table) = document.split_once("\n## Plan\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    for name in found {
        assert!(
            table.contains(&format!("`{name}`")),
            "docs/json.md lacks {name}"
        );
    }
}

#[test]
fn a_dry_run_of_an_import_prints_the_plan() {
    let dir = here();
    for format in [&[][..], &["--json"]] {
        let planned = plan(&dir, &[&EVERYTHING[..], format].concat());
        let mut command = dir.seatload();
        command.env_remove("SEATLOAD_TOKEN");
        command.args(["import", "users.csv", "--dry-run"]);
        command.args(EVERYTHING).args(format);
        let dry_run = wait_for_exit(command);
        assert_eq!((dry_run.code, dry_run.stderr.as_str()), (1, ""));
        assert_eq!(dry_run.stdout, planned.stdout);
    }
    assert!(dir.contains_only(&["holdings.csv", "seats.csv", "users.csv"]));
}
