//! One harmless call of each kind, to find out which of them this service and this token allow.

use uuid::Uuid;

use crate::api::directory::{list_users, resolve_names};
use crate::api::licenses::{Listing, licenses_of};
use crate::api::seats::SeatSource;
use crate::api::{Account, Call};

/// A call that reads little, and changes nothing.
#[derive(Debug)]
pub struct Probe {
    /// What the call is for.
    pub name: &'static str,
    pub call: Call,
    /// The scope that it needs.
    pub scope: &'static str,
}

/// The calls in the order in which they are tried.
pub fn probes(account: &Account) -> Vec<Probe> {
    let probe = |name, scope, call| Probe { name, call, scope };
    let nobody = [Uuid::nil().to_string()];
    let no_address = ["nobody@seatload.invalid".to_owned()];
    let listing = |listing: Listing| listing.page(account, 1, 0);
    let mut probes = vec![
        probe(
            "e-mail look-up",
            "PM.Directory",
            resolve_names(account, &no_address),
        ),
        probe("user list", "PM.User.Read", list_users(account, 1, 0)),
        probe(
            "user licences",
            "PM.License.Read",
            licenses_of(account, &nobody),
        ),
    ];
    for (name, way) in [
        ("licence list", Listing::Effective),
        ("portal list", Listing::DirectByPortal),
        ("allocation list", Listing::DirectByLease),
    ] {
        probes.push(probe(name, "PM.License.Read", listing(way)));
    }
    for (name, source) in [
        ("seats", SeatSource::Lease),
        ("portal seats", SeatSource::Portal),
        ("licence summary", SeatSource::Summary),
    ] {
        probes.push(probe(name, "PM.License.Read", source.call(account)));
    }
    probes
}
