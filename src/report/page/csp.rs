//! The page's own style and script, and the policy that lets nothing else in.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// How the page looks.
pub const STYLE: &str = include_str!("../../../templates/report.css");

/// What searches and sorts.
pub const SCRIPT: &str = include_str!("../../../templates/report.js");

/// A Content-Security-Policy by which a browser takes this style and this script, and fetches nothing at all.
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
