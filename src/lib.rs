//! seatload loads licence seats from a CSV: every user in it comes to hold exactly the bundle codes that the file says.

pub mod api;
pub mod catalog;
pub mod dispatch;
pub mod duration;
pub mod event;
pub mod input;
pub mod outcome;
pub mod plan;
pub mod rate;
pub mod roster;
pub mod sandbox;
pub mod text;
pub mod user_id;
