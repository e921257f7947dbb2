//! What a file's name says of it.

/// The endings of what can be imported, and of what it may be compressed by.
const ENDINGS: [&str; 2] = [".csv", ".xlsx"];
const COMPRESSED: [&str; 2] = [".gz", ".zst"];

/// The endings that programs give to a file as long as they write it.
const UNFINISHED: [&str; 10] = [
    ".part",
    ".partial",
    ".filepart",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".opdownload",
    ".swp",
    ".unfinished",
];

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Import,
    /// A program is at it, or it is hidden.
    Temporary,
    Other,
}

/// What a file is, by its name.
pub fn kind(name: &str) -> FileKind {
    let name = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if name.starts_with(['.', '~']) || name.ends_with('~') || ends(&UNFINISHED) {
        return FileKind::Temporary;
    }
    let plain = COMPRESSED
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name);
    let is_import = |ending: &str| plain.len() > ending.len() && plain.ends_with(ending);
    match ENDINGS.iter().any(|ending| is_import(ending)) {
        true => FileKind::Import,
        false => FileKind::Other,
    }
}

/// The names beside a file that say that a program is at it: a download that will replace it, or a spreadsheet program
/// that has it open.
pub fn marks(name: &str) -> impl Iterator<Item = String> {
    let open = [format!("~${name}"), format!(".~lock.{name}#")];
    let name = name.to_owned();
    open.into_iter().chain(
        UNFINISHED
            .iter()
            .map(move |ending| format!("{name}{ending}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_and_workbooks_are_taken_compressed_or_not_and_whatever_their_case() {
        for name in [
            "users.csv",
            "Users.CSV",
            "a.b.xlsx",
            "users.csv.gz",
            "users.xlsx.ZST",
            "part.csv",
            "été.csv",
        ] {
            assert_eq!(kind(name), FileKind::Import, "{name}");
        }
        for name in [
            "users.xls",
            "users.pdf",
            "csv",
            "users.gz",
            "users.csv.zip",
            "README",
        ] {
            assert_eq!(kind(name), FileKind::Other, "{name}");
        }
    }

    #[test]
    fn hidden_files_and_those_that_a_program_is_at_are_let_alone() {
        for name in [
            ".users.csv",
            ".csv",
            "~$users.xlsx",
            "users.csv~",
            "users.csv.part",
            "users.csv.TMP",
            "Unconfirmed 1234.crdownload",
            ".~lock.users.csv#",
        ] {
            assert_eq!(kind(name), FileKind::Temporary, "{name}");
        }
    }

    #[test]
    fn every_mark_is_a_temporary_name() {
        for mark in marks("users.csv") {
            assert_eq!(kind(&mark), FileKind::Temporary, "{mark}");
        }
    }
}
