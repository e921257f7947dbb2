//! `failures.xlsx`: the failures for Excel.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::Workbook;

use crate::support::cli::{Dir, wait_for_exit};
use crate::support::server::SandboxServer;

/// `ann` has a bad row beside a good one, `=1+1` a bad code, and `001` no seat.
const USERS: &str = "userId,code\nann,IDU\nann,PMDD\nben,IDU\n'=1+1,OFFICE\n001,ATTUNU\n";
const SEATS: &str = "IDU=9,PMD=9,ATTUNU=0";

type Table = Vec<Vec<String>>;

fn sheets(file: &[u8]) -> Vec<(String, Table)> {
    let mut workbook = Xlsx::new(Cursor::new(file)).unwrap();
    let text = |cell: &Data| cell.to_string();
    let sheets = workbook.worksheets().into_iter();
    sheets
        .map(|(name, cells)| {
            let rows = cells.rows().map(|row| row.iter().map(text).collect());
            (name, rows.collect())
        })
        .collect()
}

/// The workbook as a spreadsheet program would save it, with some texts replaced.
fn corrected(file: &[u8], replaced: &[(&str, &str)]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, table) in sheets(file) {
        let sheet = workbook.add_worksheet().set_name(name).unwrap();
        for (line, row) in (0..).zip(&table) {
            for (column, cell) in (0..).zip(row) {
                let new = replaced.iter().find(|(from, _)| from == cell);
                let cell = new.map_or(cell.as_str(), |(_, to)| to);
                sheet.write_string(line, column, cell).unwrap();
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn failed() -> Dir {
    let sandbox = SandboxServer::with_seats(SEATS);
    let dir = Dir::new();
    dir.write("users.csv", USERS);
    let ended = dir.import(&sandbox.base_url, &[]);
    ended.exits_with(1);
    dir
}

fn workbook_in(dir: &Dir) -> Vec<u8> {
    std::fs::read(dir.path("run/failures.xlsx")).unwrap()
}

#[test]
fn users_and_bad_rows_have_a_sheet_each_and_hints_a_column() {
    let dir = failed();
    let sheets = sheets(&workbook_in(&dir));
    let names: Vec<_> = sheets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Failed users", "Bad rows"]);
    let columns = |table: &Table| -> Vec<_> {
        let rows = table.iter().skip(1);
        rows.map(|row| [0, 2, 4].map(|column| row[column].clone()))
            .collect()
    };
    assert_eq!(
        columns(&sheets[0].1),
        [["ann", "IDU", "withheld"], ["001", "ATTUNU", "conflict"]]
    );
    assert_eq!(
        columns(&sheets[1].1),
        [["ann", "PMDD", "invalid"], ["=1+1", "OFFICE", "invalid"]]
    );
    let user = &sheets[0].1[2];
    assert!(!user[5].contains("Hint"), "{user:?}");
    assert!(user[6].starts_with("free or buy seats"), "{user:?}");
}

#[test]
fn a_corrected_workbook_gives_a_user_the_codes_of_both_sheets() {
    let dir = failed();
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9,ATTUNU=9");
    let workbook = corrected(
        &workbook_in(&dir),
        &[("PMDD", "PMD"), ("OFFICE", "IDU"), ("=1+1", "cid")],
    );
    dir.write("corrected.xlsx", workbook);
    let ended = dir.import_file("corrected.xlsx", "again", &sandbox.base_url, &[]);
    ended.exits_with(0).says("sheet: Failed users, Bad rows");
    for (user, codes) in [("ann", "IDU;PMD"), ("001", "ATTUNU"), ("cid", "IDU")] {
        assert_eq!(sandbox.codes_of(user).as_deref(), Some(codes), "{user}");
    }
    assert!(!dir.path("again/failures.xlsx").exists());
}

#[test]
fn a_corrected_workbook_is_read_as_it_was_written_whatever_flags_describe_other_files() {
    let dir = failed();
    let corrections = [("PMDD", "PMD"), ("OFFICE", "IDU"), ("=1+1", "cid")];
    let workbook = corrected(&workbook_in(&dir), &corrections);
    dir.write("corrected.xlsx", workbook);
    for (nth, flags) in [
        ["--no-headers", "--user-column=2", "--codes=PMBU"].as_slice(),
        &["--sheet=Joiners", "--header-row=3"],
        &["--delimiter=;", "--encoding=windows-1252"],
        &["--wide", "--user-column=ID", "--external-column=Partner"],
    ]
    .into_iter()
    .enumerate()
    {
        let sandbox = SandboxServer::with_seats("IDU=9,PMD=9,ATTUNU=9");
        let reports = format!("again-{nth}");
        let ended = dir.import_file("corrected.xlsx", &reports, &sandbox.base_url, flags);
        ended.exits_with(0).says("sheet: Failed users, Bad rows");
        assert_eq!(sandbox.codes_of("ann").as_deref(), Some("IDU;PMD"));
    }
}

#[test]
fn flags_apply_to_a_workbook_that_is_not_of_a_run_and_to_a_sheet_that_they_name() {
    let dir = failed();
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9,ATTUNU=9");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("Bad rows").unwrap();
    sheet.write_string(0, 0, "userId").unwrap();
    sheet.write_string(1, 0, "eve").unwrap();
    dir.write("own.xlsx", workbook.save_to_buffer().unwrap());
    let ended = dir.import_file("own.xlsx", "own", &sandbox.base_url, &["--codes=PMD"]);
    ended.exits_with(0);
    assert_eq!(sandbox.codes_of("eve").as_deref(), Some("PMD"));

    let workbook = corrected(&workbook_in(&dir), &[("PMDD", "PMD"), ("OFFICE", "IDU")]);
    dir.write("named.xlsx", workbook);
    let flags = ["--sheet=Failed users"];
    let ended = dir.import_file("named.xlsx", "named", &sandbox.base_url, &flags);
    ended.exits_with(0).says("sheet: Failed users\n");
}

#[test]
fn an_uncorrected_workbook_gives_no_user_a_part_of_its_codes() {
    let dir = failed();
    let sandbox = SandboxServer::with_seats("IDU=9,PMD=9,ATTUNU=9");
    std::fs::copy(dir.path("run/failures.xlsx"), dir.path("same.xlsx")).unwrap();
    let ended = dir.import_file("same.xlsx", "again", &sandbox.base_url, &[]);
    ended.exits_with(1);
    assert_eq!(sandbox.codes_of("ann"), None);
    let place = "cell 'Bad rows'!C2 (column \"userBundleCodes\")";
    ended.says(place);
}

#[test]
fn a_sheet_with_other_columns_is_an_error() {
    let dir = failed();
    let file = corrected(&workbook_in(&dir), &[]);
    let mut workbook = Workbook::new();
    for (name, table) in sheets(&file) {
        let sheet = workbook.add_worksheet().set_name(&name).unwrap();
        for (line, row) in (0..).zip(&table) {
            let cells = row.iter().skip(usize::from(name == "Bad rows"));
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(line, column, cell).unwrap();
            }
        }
    }
    dir.write("other.xlsx", workbook.save_to_buffer().unwrap());
    let ended = dir.import_file("other.xlsx", "again", "http://127.0.0.1:9", &[]);
    ended.exits_with(2);
    let error = "the sheet \"Bad rows\" has other columns than the sheet before it";
    ended.says(error);
}

#[test]
fn a_workbook_of_failures_is_removed_when_they_are_retried() {
    let sandbox = SandboxServer::with_seats("IDU=1");
    let dir = Dir::new();
    dir.write("users.csv", "userId,code\nann,IDU\nben,IDU\n");
    let ended = dir.import(&sandbox.base_url, &["--batch-size", "1"]);
    ended.exits_with(1);
    let held = if sandbox.codes_of("ann").is_some() {
        "ann"
    } else {
        "ben"
    };
    // The other one gets the seat.
    let free = format!("userId,code\n{held},none\n");
    dir.write("free.csv", free);
    let freed = dir.import_file(
        "free.csv",
        "free",
        &sandbox.base_url,
        &["--allow-removal", "--yes"],
    );
    freed.exits_with(0);
    let mut resume = dir.seatload();
    resume.args(["resume", "run", "--retry-failed"]);
    let resumed = wait_for_exit(resume);
    resumed.exits_with(0);
    assert!(!dir.path("run/failures.xlsx").exists());
}
