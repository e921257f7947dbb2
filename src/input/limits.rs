//! How large the parts of an input may be.

/// The longest record, in bytes.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// The longest cell, in bytes.
pub const MAX_CELL_BYTES: usize = 64 * 1024;

/// The most columns.
pub const MAX_COLUMNS: usize = 1000;
