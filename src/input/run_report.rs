//! The reports of a run, which are read as seatload writes them: flags that describe the first file do not apply to
//! the failures that come of it.

/// Enough bytes for the names below, in quotes, behind a byte order mark.
pub const HEADER_BYTES: usize = 128;

/// The first columns of every report.
const FIRST_COLUMNS: [&str; 3] = ["userId", "userBundleCodes", "useExternalLicense"];

/// The next column of `failures.csv`, of `success.csv`, and of `pending.csv` and `undo.csv`.
const FOURTH_COLUMNS: [&str; 3] = ["outcome", "organizationId", "line"];

/// Whether a file begins as a report does. A spreadsheet may have changed its delimiter and added a byte order mark.
pub fn is_run_report(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(start);
    let header = start.trim_start_matches('\u{feff}').lines().next();
    let names = header.unwrap_or_default().split([',', ';', '\t']);
    let names: Vec<_> = names.map(|name| name.trim_matches('"')).take(4).collect();
    match names.split_last() {
        Some((fourth, first)) => first == FIRST_COLUMNS && FOURTH_COLUMNS.contains(fourth),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_known_by_its_first_columns() {
        for header in [
            "userId,userBundleCodes,useExternalLicense,outcome,status,message\n",
            "\u{feff}userId;userBundleCodes;useExternalLicense;organizationId;sent\r\n",
            "\"userId\"\t\"userBundleCodes\"\t\"useExternalLicense\"\t\"line\"\n",
        ] {
            assert!(is_run_report(header.as_bytes()), "{header}");
        }
        for header in [
            "",
            "userId,userBundleCodes,useExternalLicense\n",
            "userId,userBundleCodes,useExternalLicense,department\n",
            "userId,email,userBundleCodes,useExternalLicense\n",
        ] {
            assert!(!is_run_report(header.as_bytes()), "{header}");
        }
    }
}
