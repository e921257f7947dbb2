//! What the tests are built from.

pub(crate) mod run;
pub(crate) mod service;
