//! Tables of text and numbers, for a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Row, Table};

/// A table without lines, its header's cells given.
pub fn new_table(header: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    table
}

/// Every column but the first holds numbers.
pub fn right_align_numbers(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The table without what its cells are padded with at either end.
pub fn lines(table: &Table) -> String {
    table
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(&line).trim_end()))
        .collect()
}
