//! The commands, one file each: its arguments, its examples and its run. None of them imports another.

pub mod check;
pub mod codes;
pub mod completions;
pub mod export;
pub mod import;
pub mod man;
pub mod plan;
pub mod resume;
pub mod sandbox;
pub mod verify;
pub mod watch;
