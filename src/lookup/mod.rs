//! What the service knows: the account, IDs of e-mail addresses, current licences, seats. And how direct allocations
//! end.
//!
//! But for `removal`, nothing here changes anything in the service. Each question has several ways to be asked: where
//! one is refused or missing, the next is tried. Answers are not trusted: their sizes are bounded, and what they do not
//! say clearly they do not say.

mod account;
mod addresses;
mod caller;
mod failure;
mod licenses;
mod observer;
mod pages;
mod probes;
mod removal;
mod seats;

pub use account::find_account;
pub use addresses::{FoundAddresses, look_up_addresses};
pub use caller::{CallLimits, Caller};
#[cfg(test)]
pub use failure::samples;
pub use failure::{CallFailure, LookupError};
pub use licenses::{ServiceLicenses, collect_licenses, read_all_licenses, read_licenses};
pub use observer::LookupObserver;
pub use probes::{Probe, probes};
pub use removal::remove_users;
pub use seats::read_free_seats;

#[cfg(test)]
mod tests;
