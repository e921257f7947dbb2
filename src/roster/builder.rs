//! Reads rows and assembles them into a roster, on two threads: one reads and validates, the other assembles.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::Roster;
use super::assemble::RosterAssembler;
use super::validate::{RowOptions, RowValidator};
use super::validated::Block;
use crate::catalog::Catalog;
use crate::directory::Directory;
use crate::input::{InputError, RowReader};

/// Rows that go from thread to thread at once.
const BLOCK_ROWS: usize = 1024;

/// Blocks that wait to be assembled.
const WAITING_BLOCKS: usize = 8;

/// Builds the roster of a file.
#[derive(Debug)]
pub struct RosterBuilder<'d> {
    catalog: &'d Catalog,
    directory: Option<&'d Directory>,
    options: RowOptions,
}

impl<'d> RosterBuilder<'d> {
    /// `directory` has the users' e-mail addresses.
    pub fn new(
        catalog: &'d Catalog,
        directory: Option<&'d Directory>,
        options: RowOptions,
    ) -> Self {
        Self {
            catalog,
            directory,
            options,
        }
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// When the input cannot be read to its end. A row with an error is one of the roster's bad rows.
    pub fn build(self, rows: RowReader<'_>) -> Result<Roster, InputError> {
        let columns = rows.columns().clone();
        let mut assembler =
            RosterAssembler::new(self.options.default_external, columns.priority.is_some());
        let validator = RowValidator::new(columns, self.catalog, self.directory, self.options);
        let (sender, blocks) = sync_channel(WAITING_BLOCKS);
        let codes = thread::scope(|scope| {
            let reading = thread::Builder::new()
                .name("rows".to_owned())
                .spawn_scoped(scope, move || read(rows, validator, &sender))
                .map_err(|source| InputError::Read { line: 1, source })?;
            for block in blocks {
                assembler.assemble(block);
            }
            reading
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        Ok(assembler.finish(codes))
    }
}

/// Reads and validates all rows, sends them, and gives their codes at the end.
fn read(
    mut rows: RowReader<'_>,
    mut validator: RowValidator<'_>,
    blocks: &SyncSender<Block>,
) -> Result<Vec<String>, InputError> {
    loop {
        let mut block = Block::default();
        block.rows.reserve(BLOCK_ROWS);
        while block.rows.len() < BLOCK_ROWS
            && let Some(row) = rows.next_row()?
        {
            validator.validate(&row, &mut block);
        }
        let is_last = block.rows.len() < BLOCK_ROWS;
        // The other thread closes the channel only when it panics.
        if blocks.send(block).is_err() || is_last {
            return Ok(validator.into_codes());
        }
    }
}
