//! What a file's name says about it.

/// The suffixes of files that can be imported, and of their compressed forms.
const SUFFIXES: [&str; 2] = [".csv", ".xlsx"];
const COMPRESSED_SUFFIXES: [&str; 2] = [".gz", ".zst"];

/// The suffixes of files that a program is still writing.
const TEMPORARY_SUFFIXES: [&str; 10] = [
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

/// The kind of a file, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Import,
    /// A program is writing it, or it is hidden.
    Temporary,
    Other,
}

/// The kind of a file, by its name.
pub fn kind(name: &str) -> FileKind {
    let name = name.to_ascii_lowercase();
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    if name.starts_with(['.', '~']) || name.ends_with('~') || ends(&TEMPORARY_SUFFIXES) {
        return FileKind::Temporary;
    }
    let plain = COMPRESSED_SUFFIXES
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(&name);
    let is_import = |suffix: &str| plain.len() > suffix.len() && plain.ends_with(suffix);
    match SUFFIXES.iter().any(|suffix| is_import(suffix)) {
        true => FileKind::Import,
        false => FileKind::Other,
    }
}

/// The names of files beside a file that show that it is in use: a download that will replace it, or the lock of a
/// spreadsheet program.
pub fn in_use_markers(name: &str) -> impl Iterator<Item = String> {
    let open = [format!("~${name}"), format!(".~lock.{name}#")];
    let name = name.to_owned();
    open.into_iter().chain(
        TEMPORARY_SUFFIXES
            .iter()
            .map(move |suffix| format!("{name}{suffix}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_files_and_workbooks_are_imported_also_compressed_and_in_capitals() {
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
    fn hidden_and_temporary_files_are_ignored() {
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
    fn every_marker_is_a_temporary_name() {
        for marker in in_use_markers("users.csv") {
            assert_eq!(kind(&marker), FileKind::Temporary, "{marker}");
        }
    }
}
