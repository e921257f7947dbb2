//! The arguments that say how to sign in. None takes a secret: a command line is seen by every process.

use std::path::PathBuf;

use clap::Args;

use crate::api::TokenCommand;
use crate::settings::SignInSettings;

pub const SIGN_IN: &str = "Sign-in";

#[derive(Debug, Clone, Args)]
pub struct SignInArgs {
    /// A file that holds the access token
    ///
    /// It is used if SEATLOAD_TOKEN holds none, and read again when the token has expired.
    #[arg(long, value_name = "FILE", env = "SEATLOAD_TOKEN_FILE", help_heading = SIGN_IN, hide_env_values = true)]
    token_file: Option<PathBuf>,

    /// A command that prints an access token; it runs again when the token has expired
    #[arg(long, value_name = "COMMAND", env = "SEATLOAD_TOKEN_COMMAND", help_heading = SIGN_IN, hide_env_values = true)]
    token_command: Option<String>,

    /// Sign in as this external application
    ///
    /// By OAuth 2 client credentials; its secret is in SEATLOAD_CLIENT_SECRET.
    #[arg(long, value_name = "ID", env = "SEATLOAD_CLIENT_ID", help_heading = SIGN_IN, hide_env_values = true)]
    client_id: Option<String>,

    /// A file that holds the application's secret, if SEATLOAD_CLIENT_SECRET does not
    #[arg(long, value_name = "FILE", env = "SEATLOAD_CLIENT_SECRET_FILE", help_heading = SIGN_IN, hide_env_values = true)]
    client_secret_file: Option<PathBuf>,

    /// What the application's token is to be good for [default: PM.License.Write]
    #[arg(long, value_name = "SCOPE", env = "SEATLOAD_SCOPE", help_heading = SIGN_IN, hide_env_values = true)]
    scope: Option<String>,

    /// Where the application's tokens are given [default: /identity_/connect/token at the base URL's host]
    #[arg(long, value_name = "URL", env = "SEATLOAD_TOKEN_URL", help_heading = SIGN_IN, hide_env_values = true)]
    token_url: Option<String>,

    /// Sign in as a user of this tenancy (ROPC), kept for migrated installations: the vendor advises external
    /// applications instead
    #[arg(long, value_name = "NAME", env = "SEATLOAD_TENANCY", help_heading = SIGN_IN, hide_env_values = true)]
    tenancy: Option<String>,

    /// The user's name or e-mail address; the password is in SEATLOAD_PASSWORD, or is asked for
    #[arg(long, value_name = "NAME", env = "SEATLOAD_USERNAME", help_heading = SIGN_IN, hide_env_values = true)]
    username: Option<String>,

    /// A file that holds the user's password, if SEATLOAD_PASSWORD does not
    #[arg(long, value_name = "FILE", env = "SEATLOAD_PASSWORD_FILE", help_heading = SIGN_IN, hide_env_values = true)]
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
