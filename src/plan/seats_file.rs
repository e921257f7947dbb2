//! How many seats are free: what the portal's licence page says.

use std::collections::BTreeMap;
use std::io::Read;

use crate::catalog::Catalog;
use crate::input::header::ColumnSpec;
use crate::input::table::{Table, TableError};
use crate::sanitize::printable;

const COLUMNS: [ColumnSpec; 3] = [
    ColumnSpec {
        what: "bundle code",
        flag: None,
        example: "code",
        names: &[
            "code",
            "userbundlecode",
            "bundlecode",
            "licensecode",
            "licencecode",
            "name",
        ],
    },
    ColumnSpec {
        what: "total",
        flag: None,
        example: "total",
        names: &["total", "seats", "quantity"],
    },
    ColumnSpec {
        what: "allocated",
        flag: None,
        example: "allocated",
        names: &["allocated", "used", "inuse"],
    },
];

/// A table of codes, seats, and seats that are allocated.
pub struct SeatsTable;

impl SeatsTable {
    /// Reads how many seats of each code are free. Products that are no codes are passed over.
    ///
    /// # Errors
    /// When it cannot be read, or a row of it is not sound.
    pub fn read<'r>(
        input: impl Read + Send + 'r,
        catalog: &Catalog,
    ) -> Result<BTreeMap<String, u64>, TableError> {
        let mut table = Table::open("file of seats", input, &COLUMNS)?;
        let mut free = BTreeMap::new();
        while table.next_row()? {
            let written = table.cell(0)?;
            let Some(code) = catalog.find(written) else {
                if let Some(meant) = catalog.suggest(written) {
                    let written = printable(written, 40);
                    return Err(table.row_error(&format!("\"{written}\": did you mean {meant}?")));
                }
                continue;
            };
            let number = |wanted: usize| {
                let cell = table.cell(wanted)?;
                cell.parse::<u64>().map_err(|_| {
                    table.row_error(&format!(
                        "\"{}\" is no number of seats",
                        printable(cell, 40)
                    ))
                })
            };
            let (total, allocated) = (number(1)?, number(2)?);
            // More may be allocated than bought: then none is free.
            let is_new = free
                .insert(code.to_owned(), total.saturating_sub(allocated))
                .is_none();
            if !is_new {
                return Err(table.row_error(&format!("{code} is named twice")));
            }
        }
        Ok(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Result<BTreeMap<String, u64>, TableError> {
        SeatsTable::read(file.as_bytes(), &Catalog::default())
    }

    #[test]
    fn seats_that_are_not_allocated_are_free() {
        let file =
            "Code;Total;Allocated\nattunu;50;20\nTester - Named User;5;7\nUnattended Robot;9;1\n";
        let free = read(file).unwrap();
        assert_eq!(
            free,
            BTreeMap::from([("ATTUNU".into(), 30), ("TSTNU".into(), 0)])
        );
    }

    #[test]
    fn what_is_not_sound_is_told_with_its_line() {
        for (row, what) in [
            ("ATTUNUU,5,0", "\"ATTUNUU\": did you mean ATTUNU?"),
            ("PMD,many,0", "\"many\" is no number of seats"),
            ("PMD,5,", "\"\" is no number of seats"),
            ("IDU,5,0", "IDU is named twice"),
            ("PMD,5", "it has more or fewer fields than the header"),
        ] {
            let error = read(&format!("code,total,allocated\nIDU,1,0\n{row}\n")).unwrap_err();
            let told = error.to_string();
            assert!(
                told.starts_with(&format!("line 3 of the file of seats: {what}")),
                "{told}"
            );
        }
    }
}
