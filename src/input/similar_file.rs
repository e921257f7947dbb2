//! The file that a path which names none was probably meant to name.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// How many letters a name may differ by.
const MAX_DISTANCE: usize = 2;

/// The file of the same folder whose name is most like that of `missing`: but for its extension, which Windows hides,
/// but for capitals, or but for a letter or two.
pub fn similar_file(missing: &Path) -> Option<PathBuf> {
    if missing.exists() {
        return None;
    }
    let folder = missing.parent()?;
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let files = fs::read_dir(folder).ok()?.flatten();
    let files = files.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()));
    let named = files.map(|entry| entry.file_name());
    let (_, name) = named
        .filter_map(|name| Some((distance(missing, Path::new(&name))?, name)))
        .min()?;
    Some(missing.with_file_name(name))
}

/// How many letters two names differ by; `None` if they are different names.
fn distance(sought: &Path, name: &Path) -> Option<usize> {
    if lower_case(sought.file_stem()?) == lower_case(name.file_stem()?) {
        return Some(0);
    }
    let [sought, name] = [sought, name].map(|path| path.file_name().map(lower_case));
    let (sought, name) = (sought?, name?);
    let distance = strsim::damerau_levenshtein(&sought, &name);
    (distance <= MAX_DISTANCE && distance * 3 < sought.chars().count()).then_some(distance)
}

fn lower_case(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_taken_for_the_one_with_the_most_similar_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Joiners.xlsx", "leavers.csv", "leavers2.csv", "a.csv"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("movers.csv")).unwrap();
        for (missing, expected) in [
            ("joiners", Some("Joiners.xlsx")),
            ("joiners.xls", Some("Joiners.xlsx")),
            ("JOINER.XLSX", Some("Joiners.xlsx")),
            ("laevers.csv", Some("leavers.csv")),
            ("leavers2", Some("leavers2.csv")),
            ("leavers.csv", None),
            ("mover.csv", None),
            ("leavers2.xlsx", Some("leavers2.csv")),
            ("starters.csv", None),
        ] {
            let similar = similar_file(&folder.path().join(missing));
            let expected = expected.map(|name| folder.path().join(name));
            assert_eq!(similar, expected, "{missing}");
        }
        assert_eq!(similar_file(&folder.path().join("none/leavers.csv")), None);
    }
}
