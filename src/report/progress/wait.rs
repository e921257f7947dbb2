//! The wait under way.

use std::time::Duration;

use jiff::ZonedDateTime;

use crate::event::WaitCause;

#[derive(Debug, Clone)]
pub struct Wait {
    pub until: ZonedDateTime,
    pub cause: WaitCause,
}

impl Wait {
    pub fn left(&self) -> Duration {
        let left = ZonedDateTime::now().duration_until(&self.until);
        Duration::try_from(left).unwrap_or_default()
    }
}
