//! The page's style and script, and the Content-Security-Policy that allows nothing else.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

pub const STYLE: &str = include_str!("../../../templates/report.css");

/// Search and sorting.
pub const SCRIPT: &str = include_str!("../../../templates/report.js");

/// Allows this style and this script, and no request at all.
pub fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}
