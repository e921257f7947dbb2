//! What is to be sent, and what that changes: worked out in full before anything is.

mod batches;
mod changes;
mod current;
mod seats;
pub mod seats_arg;
mod seats_file;

pub use batches::{Batch, Group, GroupIx, GroupSize, Plan, group_sizes};
pub use changes::{Change, Fate, Proposal};
pub use current::{Absent, Held, Holdings, Mode};
pub use seats::{Demand, SeatLimit};
pub use seats_file::SeatsTable;

#[cfg(test)]
mod tests;
