//! The flags that several commands share, a group to a file, and what is done to every flag.

pub mod current;
pub mod env;
pub mod examples;
pub mod help;
pub mod input;
pub mod invalid_value;
pub mod log;
pub mod network;
pub mod plan;
pub mod reading;
pub mod requests;
pub mod run;
pub mod seats;
pub mod service;
pub mod settings;
pub mod sign_in;
pub mod source;
pub mod summary;
pub mod tips;
pub mod whole_number;
