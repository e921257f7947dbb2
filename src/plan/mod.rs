//! What is to be sent, and what that changes: worked out in full before anything is.

mod batches;
mod changes;
mod current;
mod seats;
pub mod seats_arg;
mod seats_file;

pub use batches::{Batch, BatchGroup, GroupIndex, GroupSize, Plan, group_sizes};
pub use changes::{Action, Change, PlannedChanges};
pub use current::{AbsentUsers, CurrentLicenses, CurrentTable, Mode, UserLicenses};
pub use seats::{SeatBudget, SeatDemand};
pub use seats_file::read_seats_file;

#[cfg(test)]
mod tests;
