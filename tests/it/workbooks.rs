//! Imports of Excel workbooks.

use std::io::{Cursor, Read, Write};

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::support::cli::{CommandOutput, Dir};
use crate::support::server::SandboxServer;

fn sheet(name: &str, rows: &[&[&str]]) -> Worksheet {
    let mut sheet = Worksheet::new();
    sheet.set_name(name).unwrap();
    for (line, row) in rows.iter().enumerate() {
        for (place, cell) in row.iter().enumerate() {
            sheet
                .write_string(line as u32, place as u16, *cell)
                .unwrap();
        }
    }
    sheet
}

fn workbook(sheets: Vec<Worksheet>) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for sheet in sheets {
        workbook.push_worksheet(sheet);
    }
    workbook.save_to_buffer().unwrap()
}

/// The workbook with a text of its first sheet replaced.
fn patched(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    patched_part(file, "sheet1.xml", from, to)
}

fn patched_part(file: &[u8], part_name: &str, from: &str, to: &str) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    let mut patched = ZipWriter::new(Cursor::new(Vec::new()));
    for part in 0..archive.len() {
        let mut part = archive.by_index(part).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        if name.ends_with(part_name) {
            let text = String::from_utf8(content).unwrap();
            assert!(text.contains(from), "{text}");
            content = text.replace(from, to).into_bytes();
        }
        patched
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        patched.write_all(&content).unwrap();
    }
    patched.finish().unwrap().into_inner()
}

fn import(file: &[u8], flags: &[&str]) -> (Dir, CommandOutput) {
    let sandbox = SandboxServer::with_seats("IDU=100,PMD=100");
    let dir = Dir::new();
    dir.write("users.xlsx", file);
    let output = dir.import_file("users.xlsx", "run", &sandbox.base_url, flags);
    (dir, output)
}

#[test]
fn the_first_visible_sheet_is_read_unless_another_one_is_chosen() {
    let mut hidden = sheet("Hidden", &[&["userId", "code"], &["hidden", "IDU"]]);
    hidden.set_hidden(true);
    let mut first = sheet("First", &[&["userId", "code"], &["ann", "IDU\nPMD"]]);
    first.set_active(true);
    let file = workbook(vec![
        hidden,
        first,
        sheet("Second", &[&["userId", "code"], &["ben", "PMD"]]),
    ]);
    let (dir, output) = import(&file, &[]);
    output.exits_with(0);
    assert_eq!(dir.column("run/success.csv", "userId"), ["ann"]);
    assert_eq!(
        dir.column("run/success.csv", "userBundleCodes"),
        ["IDU;PMD"]
    );

    let (dir, output) = import(&file, &["--sheet", "Second"]);
    output.exits_with(0);
    assert_eq!(dir.column("run/success.csv", "userId"), ["ben"]);

    let (_, output) = import(&file, &["--sheet", "Third"]);
    output
        .exits_with(2)
        .says("no sheet \"Third\"\n  found: Hidden, First, Second");
}

#[test]
fn the_line_of_the_header_does_not_choose_a_sheet_without_the_columns() {
    let notes = sheet("Notes", &[&["How to"], &["fill", "this"], &["in"]]);
    let users = sheet("Users", &[&["Q4"], &["userId", "code"], &["ann", "IDU"]]);
    let file = workbook(vec![notes, users]);
    for flags in [&["--header-row", "2"][..], &[]] {
        let (dir, output) = import(&file, flags);
        output.exits_with(0);
        assert_eq!(dir.column("run/success.csv", "userId"), ["ann"]);
        let shown = "sheet: Users; not read: Notes\n  header: line 2";
        output.says(shown);
    }
}

#[test]
fn hidden_rows_with_content_are_read_with_a_warning() {
    let rows: &[&[&str]] = &[&["userId", "code"], &["u1", "IDU"], &["u2", "IDU"]];
    let mut filtered = sheet("Filtered", rows);
    filtered.set_row_hidden(2).unwrap();
    filtered.set_row_hidden(90).unwrap();
    let book = workbook(vec![filtered, sheet("Whole", rows)]);

    let (_, shown) = import(&book, &[]);
    shown.exits_with(0);
    shown.says("warning: 1 row of the workbook is hidden, but is read like all others");
    shown.says("users.xlsx: 2 rows, 2 users");
    let (_, shown) = import(&book, &["--sheet", "Whole"]);
    assert!(!shown.stderr.contains("hidden"), "{}", shown.stderr);

    // As other programs write it.
    let book = patched(&book, r#"hidden="1""#, "hidden='true'");
    let book = patched_part(&book, "workbook.xml.rels", "worksheets/", "/xl/worksheets/");
    let shown = import(&book, &[]).1;
    shown.says("warning: 1 row of the workbook is hidden");
}

#[test]
fn a_delimiter_for_a_workbook_is_an_error() {
    let file = workbook(vec![sheet("S", &[&["userId", "code"], &["ann", "IDU"]])]);
    let (dir, output) = import(&file, &["--delimiter", ";"]);
    output.exits_with(2);
    assert_eq!(
        output.stderr,
        "error: --delimiter is for text files, but the input is a workbook\n  hint: remove --delimiter\n"
    );
    assert!(!dir.path("run").exists());
}

#[test]
fn the_errors_of_a_workbooks_rows_name_the_cell() {
    let mut sheet = sheet("Users", &[&["Note", "User ID", "Code", "External"]]);
    let rows = [
        "numbers",
        "a date",
        "too long a number",
        "an error",
        "fine",
        "a yes",
    ];
    for (line, note) in (1..).zip(rows) {
        sheet.write_string(line, 0, note).unwrap();
        sheet.write_string(line, 2, "IDU").unwrap();
    }
    sheet.write_number(1, 1, 123_456.0).unwrap();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let date = ExcelDateTime::from_ymd(2026, 11, 24).unwrap();
    sheet.write_datetime_with_format(2, 1, &date, &day).unwrap();
    sheet
        .write_number(3, 1, 1_234_567_890_123_456_789.0)
        .unwrap();
    sheet
        .write_formula(4, 1, Formula::new("=NA()").set_result("#N/A"))
        .unwrap();
    sheet
        .write_formula(5, 1, Formula::new("=A1").set_result("ben"))
        .unwrap();
    sheet.write_string(6, 1, "cara").unwrap();
    sheet.write_boolean(6, 3, true).unwrap();
    sheet.write_string(9, 1, "dora").unwrap();
    sheet.write_string(9, 2, "OFFICE").unwrap();
    let (dir, output) = import(&workbook(vec![sheet]), &[]);
    output.exits_with(1);
    let mut sent = dir.column("run/success.csv", "userId");
    sent.sort();
    assert_eq!(sent, ["123456", "ben", "cara"]);
    for error in [
        "line 3: cell B3 (column \"User ID\") is a date",
        "line 4: cell B4 (column \"User ID\") is a number of more than 15 digits",
        "line 5:",
        "line 10: unknown bundle code \"OFFICE\" in cell C10 (column \"Code\")",
    ] {
        assert!(output.stderr.contains(error), "{error}\n{}", output.stderr);
    }
    // The row is bad even though its date looks like a user ID as text.
    let again = SandboxServer::with_seats("IDU=100");
    let output = dir.import_file("run/failures.csv", "again", &again.base_url, &[]);
    output.exits_with(1);
    assert_eq!(again.state()["requests"], 0);
}

#[test]
fn a_workbook_from_standard_input_can_be_resumed() {
    let file = workbook(vec![sheet("S", &[&["userId", "code"], &["ann", "IDU"]])]);
    let dir = Dir::new();
    let mut command = dir.seatload();
    command
        .args(["import", "-", "--report-dir", "run", "--account", "acc-1"])
        .args(["--base-url", "http://127.0.0.1:9", "--max-retries", "0"])
        .write_stdin(file);
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let mut resume = dir.seatload();
    resume.args(["resume", "run", "--retry-failed", "--max-retries", "0"]);
    let output = resume.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("1 user to send"), "{stderr}");
}

#[test]
fn a_damaged_workbook_is_an_error_and_never_imported_in_part() {
    let rows: Vec<Vec<String>> = (0..500)
        .map(|user| vec![format!("user-{user}"), "IDU".to_owned()])
        .collect();
    let mut cells = vec![vec!["userId", "code"]];
    cells.extend(
        rows.iter()
            .map(|row| row.iter().map(String::as_str).collect()),
    );
    let cells: Vec<_> = cells.iter().map(Vec::as_slice).collect();
    let whole = workbook(vec![sheet("S", &cells)]);
    let (dir, output) = import(&whole, &[]);
    output.exits_with(1);
    assert_eq!(dir.rows("run/success.csv").len(), 100);

    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..20 {
        let mut damaged = whole.clone();
        let at = random.usize(..damaged.len());
        damaged[at] ^= 1 << random.u8(..8);
        let (dir, output) = import(&damaged, &["--rate", "10000/50ms"]);
        assert!(
            !output.stderr.contains("panicked"),
            "byte {at}: {}",
            output.stderr
        );
        // Bytes outside of the content may change without harm.
        if output.code == 2 {
            continue;
        }
        assert_eq!(dir.rows("run/success.csv").len(), 100, "byte {at}");
        assert_eq!(dir.rows("run/failures.csv").len(), 400, "byte {at}");
    }
}

#[test]
fn repeated_or_unordered_cells_are_an_error_because_they_could_hide_a_user() {
    let rows: &[&[&str]] = &[&["userId", "code"], &["ann", "IDU"], &["ben", "IDU"]];
    let file = workbook(vec![sheet("S", rows)]);
    for (from, to) in [
        ("r=\"A3\"", "r=\"A2\""),
        ("r=\"B2\"", "r=\"A2\""),
        ("r=\"A3\"", "r=\"C3\""),
    ] {
        let (dir, output) = import(&patched(&file, from, to), &[]);
        assert_eq!(output.code, 2, "{to}: {}", output.stderr);
        assert!(output.stderr.contains("is repeated or out of order"));
        assert!(!dir.path("run").exists());
    }
}

#[test]
fn a_formula_without_a_saved_value_is_not_an_empty_cell() {
    let mut sheet = sheet(
        "S",
        &[&["userId", "IDU", "PMD"], &["ann", "x"], &["ben", "x"]],
    );
    sheet.write_formula(1, 2, Formula::new("=A1")).unwrap();
    let file = workbook(vec![sheet]);
    let formula = r#"<c r="C2"><f>A1</f><v>0</v></c>"#;
    let with_empty_value = r#"<c r="C2" t="str"><f>A1</f><v></v></c>"#;
    let without_value = r#"<c r="C2"><f>A1</f></c>"#;
    let (dir, output) = import(&patched(&file, formula, with_empty_value), &["--wide"]);
    output.exits_with(0);
    assert_eq!(
        dir.column("run/success.csv", "userBundleCodes"),
        ["IDU", "IDU"]
    );

    let (dir, output) = import(&patched(&file, formula, without_value), &["--wide"]);
    output.exits_with(1);
    assert_eq!(dir.column("run/success.csv", "userId"), ["ben"]);
    output.says("cell C2 (column \"PMD\") has a formula without a saved value");
}

#[test]
fn a_cell_far_beyond_the_header_makes_only_its_row_bad() {
    let mut sheet = sheet(
        "S",
        &[&["userId", "code"], &["ann", "IDU"], &["ben", "IDU"]],
    );
    sheet.write_string(1, 5000, "stray").unwrap();
    let (dir, output) = import(&workbook(vec![sheet]), &[]);
    output.exits_with(1);
    assert_eq!(dir.column("run/success.csv", "userId"), ["ben"]);
}

#[test]
fn a_user_in_merged_cells_is_skipped_because_of_the_rows_below_it() {
    let mut sheet = sheet(
        "S",
        &[
            &["userId", "code"],
            &["", "IDU"],
            &["", "PMD"],
            &["ben", "IDU"],
        ],
    );
    sheet
        .merge_range(1, 0, 2, 0, "ann", &Format::new())
        .unwrap();
    let (dir, output) = import(&workbook(vec![sheet]), &[]);
    output.exits_with(1);
    assert_eq!(dir.column("run/success.csv", "userId"), ["ben"]);
}

#[test]
fn a_temporary_folder_that_cannot_be_written_to_is_an_error() {
    let dir = Dir::new();
    let rows: &[&[&str]] = &[&["userId", "code"], &["ann", "IDU"]];
    dir.write("users.xlsx", workbook(vec![sheet("S", rows)]));
    let mut command = dir.seatload();
    command
        .env("TMPDIR", dir.path("nowhere"))
        .args(["import", "users.xlsx", "--sandbox"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("cannot copy the workbook to the temporary folder"),
        "{stderr}"
    );
}

#[test]
fn no_delimiter_is_advised_for_a_workbook() {
    let file = workbook(vec![sheet("S", &[&["Name"], &["ann"]])]);
    let (_, output) = import(&file, &[]);
    output.exits_with(2).says("found: Name");
    assert!(!output.stderr.contains("delimiter"), "{}", output.stderr);
}
