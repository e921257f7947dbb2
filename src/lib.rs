//! seatload loads licence seats from a CSV: every user in it comes to hold exactly the bundle codes that the file says.

pub mod api;
pub mod catalog;
pub mod cli;
pub mod dispatch;
pub mod duration;
pub mod event;
pub mod exit_code;
pub mod input;
pub mod numbers;
pub mod outcome;
pub mod plan;
pub mod rate;
pub mod report;
pub mod roster;
pub mod run;
pub mod sandbox;
pub mod seats;
pub mod settings;
pub mod text;
pub mod user_id;
pub mod watch;
