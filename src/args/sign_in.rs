//! The flags of sign-in. None takes a secret: every process can read command lines.

use std::path::PathBuf;

use clap::Args;

use crate::api::TokenCommand;
use crate::settings::SignInSettings;

/// The flags that each choose a way to sign in.
pub const SIGN_IN_METHODS: [&str; 4] = ["client-id", "token-file", "token-command", "username"];

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sign-in")]
pub struct SignInArgs {
    /// Sign in as this external application
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// File with its secret, in place of SEATLOAD_CLIENT_SECRET
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    client_secret_file: Option<PathBuf>,

    /// Scope of its token [default: those that it was granted]
    #[arg(long, value_name = "SCOPE", hide_short_help = true)]
    scope: Option<String>,

    /// Token address [default: /identity_/connect/token at the base URL]
    #[arg(long, value_name = "URL", hide_short_help = true)]
    token_url: Option<String>,

    /// File with an access token, in place of SEATLOAD_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Command that prints an access token
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    token_command: Option<String>,

    /// Sign in as this user (ROPC); prefer --client-id
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    username: Option<String>,

    /// Tenancy of the user
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    tenancy: Option<String>,

    /// File with the password, in place of SEATLOAD_PASSWORD or a prompt
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    password_file: Option<PathBuf>,
}

impl SignInArgs {
    pub fn into_settings(self) -> SignInSettings {
        SignInSettings {
            token_file: self.token_file,
            token_command: self.token_command.map(TokenCommand::new),
            client_id: self.client_id,
            client_secret_file: self.client_secret_file,
            scope: self.scope,
            token_url: self.token_url,
            tenancy: self.tenancy,
            username: self.username,
            password_file: self.password_file,
        }
    }
}
