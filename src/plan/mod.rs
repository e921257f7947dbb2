//! What is to be sent: worked out in full before anything is.

mod batches;

pub use batches::{Batch, Group, GroupIx, Plan};
