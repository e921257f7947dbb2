//! The engine that `import`, `resume` and `watch` share: from an input and settings to a finished run.

pub mod account;
pub mod answers;
pub mod confirm;
pub mod connection;
pub mod context;
pub mod execute;
pub mod finish;
pub mod leavers;
pub mod load;
pub mod lookups;
pub mod prepare;
pub mod preview;
pub mod print_input;
pub mod prompt;
pub mod recorder;
pub mod result;
pub mod resume;
pub mod sandbox_state;
pub mod send;
pub mod send_times;
pub mod sign_in;
pub mod strict;
pub mod unsent;
pub mod verify;
pub mod write_ahead_gate;
