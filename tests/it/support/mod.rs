//! What the tests are built from.

pub(crate) mod chromium;
pub(crate) mod cli;
pub(crate) mod identity;
pub(crate) mod portal;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod terminal;
pub(crate) mod tls;
