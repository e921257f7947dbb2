//! Groups of flags that commands share, one file a group.

pub mod examples;
pub mod import;
pub mod input;
pub mod log;
pub mod network;
pub mod plan;
pub mod run;
pub mod service;
pub mod short_help;
pub mod sign_in;
pub mod summary;
