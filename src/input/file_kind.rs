//! Files that are no table: recognised by their content, whatever their names say, and named with what to do.

use encoding_rs::Encoding;

use crate::input::error::InputError;

const SAVE_AS: &str = "save it as .xlsx, or as \"CSV UTF-8\"";
const OPEN_AND_SAVE: &str =
    "open it in a spreadsheet program and save it as .xlsx, or as \"CSV UTF-8\"";
const EXPORT: &str = "export the table as CSV";

/// What a file of another kind is called, and what to do with it.
type Kind = (&'static str, &'static str);

/// Rejects what begins like another kind of file, or in an encoding that must be named.
pub fn check_text(start: &[u8], encoding: Option<&Encoding>) -> Result<(), InputError> {
    if let Some((kind, hint)) = binary_kind(start).or_else(|| text_kind(start)) {
        return Err(InputError::UnsupportedFile { kind, hint });
    }
    let without_mark = |encoding| Err(InputError::Utf16WithoutMark { encoding });
    match start {
        [1..=255, 0, 1..=255, 0, ..] if encoding.is_none() => without_mark("utf-16le"),
        [0, 1..=255, 0, 1..=255, ..] if encoding.is_none() => without_mark("utf-16be"),
        _ => Ok(()),
    }
}

fn binary_kind(start: &[u8]) -> Option<Kind> {
    Some(match start {
        [b'%', b'P', b'D', b'F', ..] => ("a PDF", EXPORT),
        [b'P', b'A', b'R', b'1', ..] => ("a Parquet file", EXPORT),
        [b'7', b'z', 0xbc, 0xaf, ..] => ("a 7-Zip archive", "unpack it"),
        [b'R', b'a', b'r', b'!', ..] => ("a RAR archive", "unpack it"),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => ("UTF-32 text", SAVE_AS),
        start if start.starts_with(b"SQLite format 3") => ("a database (SQLite)", EXPORT),
        _ => return None,
    })
}

/// The error of an old Office file (an OLE container), by the names of its parts.
pub fn of_container(start: &[u8]) -> InputError {
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(start, &name).is_some()
    };
    let (kind, hint) = if has("EncryptedPackage") {
        (
            "a workbook with a password",
            "save it without a password, as .xlsx or as \"CSV UTF-8\"",
        )
    } else if has("Workbook") || has("Book") {
        ("an old Excel workbook (.xls)", SAVE_AS)
    } else if has("WordDocument") {
        let hint = "copy its table into a spreadsheet, and save that as .xlsx";
        ("an old Word document (.doc)", hint)
    } else {
        (
            "an old Office file, such as .xls, or a workbook with a password",
            "save it as .xlsx without a password, or as \"CSV UTF-8\"",
        )
    };
    InputError::UnsupportedFile { kind, hint }
}

fn text_kind(start: &[u8]) -> Option<Kind> {
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    let begins = |marks: &[&str]| marks.iter().any(|mark| start.starts_with(mark));
    if begins(&[
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<table",
        "<meta",
    ]) {
        return Some(("a web page, not a workbook or CSV", OPEN_AND_SAVE));
    }
    if begins(&["<?xml"]) {
        return Some(("XML, not a workbook or CSV", OPEN_AND_SAVE));
    }
    if begins(&["{\\rtf"]) {
        let hint = "copy its table into a spreadsheet, and save that as .xlsx";
        return Some(("a text document (RTF)", hint));
    }
    if begins(&["mime-version:"]) {
        return Some(("a saved web page (MHTML)", OPEN_AND_SAVE));
    }
    let json = ["{\"", "{\r", "{\n", "{ \"", "[{", "[\r", "[\n", "[ {"];
    begins(&json).then_some((
        "JSON",
        "export it as CSV with a row for each user, and the columns userId and userBundleCodes",
    ))
}

/// Rejects a zip archive that is no workbook, by the names of its files.
pub fn check_archive(names: impl Iterator<Item = impl AsRef<str>>) -> Result<(), InputError> {
    let mut kind = None;
    for name in names {
        let name = name.as_ref();
        if name == "xl/workbook.xml" {
            return Ok(());
        }
        kind = kind.or(match name {
            "xl/workbook.bin" => Some(("a binary Excel workbook (.xlsb)", SAVE_AS)),
            "content.xml" => Some(("an OpenDocument file (.ods)", SAVE_AS)),
            "Index/Document.iwa" => Some((
                "a Numbers spreadsheet",
                "export it from Numbers as Excel (.xlsx), or as CSV in UTF-8",
            )),
            "word/document.xml" => Some((
                "a Word document",
                "copy its table into a spreadsheet, and save that as .xlsx",
            )),
            name if name.to_ascii_lowercase().ends_with(".csv") => Some((
                "an archive (.zip) with CSV files",
                "unpack it, and import each of them",
            )),
            _ => None,
        });
    }
    // Without a name for it, the reader of workbooks says what is missing.
    match kind {
        Some((kind, hint)) => Err(InputError::UnsupportedFile { kind, hint }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(start: &[u8]) -> Option<String> {
        check_text(start, None).err().map(|error| error.to_string())
    }

    #[test]
    fn files_that_are_no_table_are_named_by_their_content() {
        for (start, named) in [
            (&b"  <HTML><table>"[..], "web page"),
            (b"\xef\xbb\xbf<!DOCTYPE html>", "web page"),
            (b"<?xml version=\"1.0\"?>", "XML"),
            (b"{\\rtf1\\ansi", "RTF"),
            (b"%PDF-1.7", "PDF"),
            (b"PAR1\x15", "Parquet"),
            (b"\xff\xfe\0\0u\0\0\0", "UTF-32"),
            (b"[{\"userId\": 1}]", "JSON"),
            (b"{\n  \"users\": []}", "JSON"),
        ] {
            let kind = kind(start).unwrap_or_default();
            assert!(kind.contains(named), "{named}: {kind}");
        }
        for table in [
            &b"userId,code\n"[..],
            b"[Users]\nuserId,code\n",
            b"{a},b\n",
            b"",
        ] {
            assert_eq!(kind(table), None);
        }
    }

    #[test]
    fn old_office_files_are_named_by_their_parts() {
        for (part, named) in [
            ("EncryptedPackage", "a workbook with a password"),
            ("Workbook", "an old Excel workbook (.xls)"),
            ("WordDocument", "an old Word document (.doc)"),
            (
                "Data",
                "an old Office file, such as .xls, or a workbook with a password",
            ),
        ] {
            let mut file = vec![0; 1024];
            file.extend(part.encode_utf16().flat_map(u16::to_le_bytes));
            let error = of_container(&file).to_string();
            assert_eq!(error, format!("the file is {named}"));
        }
    }

    #[test]
    fn archives_that_are_no_workbook_are_named_by_their_files() {
        let kind = |names: &[&str]| {
            let checked = check_archive(names.iter());
            checked.err().map(|error| error.to_string())
        };
        assert_eq!(kind(&["xl/workbook.xml", "xl/styles.xml"]), None);
        assert_eq!(kind(&["notes.txt"]), None);
        for (names, named) in [
            (&["xl/workbook.bin"][..], ".xlsb"),
            (&["mimetype", "content.xml"], "OpenDocument"),
            (&["Index/Document.iwa"], "Numbers"),
            (&["word/document.xml"], "Word"),
            (&["a/users.CSV"], "CSV files"),
        ] {
            let kind = kind(names).unwrap_or_default();
            assert!(kind.contains(named), "{named}: {kind}");
        }
    }
}
