//! The free seats of each code, from a table such as the portal's licence page.

use std::collections::BTreeMap;
use std::io::Read;

use crate::catalog::Catalog;
use crate::input::{ColumnSpec, Table, TableError};
use crate::sanitize::printable;

const CODE_NAMES: &[&str] = &[
    "code",
    "userbundlecode",
    "bundlecode",
    "licensecode",
    "licencecode",
    "name",
];
const COLUMNS: [ColumnSpec; 3] = [
    ColumnSpec::new("bundle code", "code", CODE_NAMES),
    ColumnSpec::new("total", "total", &["total", "seats", "quantity"]),
    ColumnSpec::new("allocated", "allocated", &["allocated", "used", "inuse"]),
];

/// Reads the free seats of each code from a table of codes, seats and allocated seats. Other products are ignored.
///
/// # Errors
/// When the table cannot be read or has a bad row.
pub fn read_seats_file<'r>(
    input: impl Read + Send + 'r,
    catalog: &Catalog,
) -> Result<BTreeMap<String, u64>, TableError> {
    let mut table = Table::open("seats file", input, &COLUMNS)?;
    let mut free = BTreeMap::new();
    while table.next_row()? {
        let Some(code) = known_code(&table, catalog)? else {
            continue;
        };
        let (total, allocated) = (number(&table, 1)?, number(&table, 2)?);
        // More seats may be allocated than bought.
        let is_new = free
            .insert(code.to_owned(), total.saturating_sub(allocated))
            .is_none();
        if !is_new {
            return Err(table.row_error(format!("{code} is listed twice")));
        }
    }
    Ok(free)
}

/// The code of a row, or `None` if the row is of another product.
fn known_code<'c>(
    table: &'c Table<'_>,
    catalog: &'c Catalog,
) -> Result<Option<&'c str>, TableError> {
    let name = table.cell(0)?;
    let code = catalog.find(name);
    match catalog.suggest(name) {
        Some(suggestion) if code.is_none() => {
            let name = printable(name, 40);
            let problem = format!("unknown code \"{name}\"; did you mean {suggestion}?");
            Err(table.row_error(problem))
        }
        _ => Ok(code),
    }
}

fn number(table: &Table<'_>, column: usize) -> Result<u64, TableError> {
    let cell = table.cell(column)?;
    cell.parse().map_err(|_| {
        let cell = printable(cell, 40);
        table.row_error(format!("\"{cell}\" is not a number of seats"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Result<BTreeMap<String, u64>, TableError> {
        read_seats_file(file.as_bytes(), &Catalog::default())
    }

    #[test]
    fn free_seats_are_those_not_allocated() {
        let file =
            "Code;Total;Allocated\nattunu;50;20\nTester - Named User;5;7\nUnattended Robot;9;1\n";
        let free = read(file).unwrap();
        assert_eq!(
            free,
            BTreeMap::from([("ATTUNU".into(), 30), ("TSTNU".into(), 0)])
        );
    }

    #[test]
    fn a_bad_row_is_an_error_that_names_its_line() {
        for (row, problem) in [
            (
                "ATTUNUU,5,0",
                "unknown code \"ATTUNUU\"; did you mean ATTUNU?",
            ),
            ("PMD,many,0", "\"many\" is not a number of seats"),
            ("PMD,5,", "\"\" is not a number of seats"),
            ("IDU,5,0", "IDU is listed twice"),
            ("PMD,5", "2 columns, expected 3"),
        ] {
            let error = read(&format!("code,total,allocated\nIDU,1,0\n{row}\n")).unwrap_err();
            let error = error.to_string();
            assert!(
                error.starts_with(&format!("line 3 of the seats file: {problem}")),
                "{error}"
            );
        }
    }
}
