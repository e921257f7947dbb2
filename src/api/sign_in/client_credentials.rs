//! OAuth 2 client credentials (API.md, "Sign-in").

use std::pin::Pin;
use std::time::Duration;

use oauth2::basic::{BasicClient, BasicRequestTokenError};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, Scope,
    TokenResponse, TokenUrl,
};
use reqwest::{Client, Request, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::http::{redacted_message, send};
use super::{NewToken, SignInError};
use crate::api::Token;

/// The error of a token service for a scope that was not granted (RFC 6749).
const INVALID_SCOPE: &str = "invalid_scope";

/// An external application and its secret.
#[derive(Debug)]
pub struct ClientCredentials {
    pub token_url: Url,
    pub client_id: String,
    pub client_secret: SecretString,
    /// The scopes to ask for, separated by blanks, in the order in which they are tried: one that the application was
    /// not granted refuses the whole token.
    pub scopes: Vec<String>,
}

/// Why there is no token.
enum NoToken {
    InvalidScope(SignInError),
    Other(SignInError),
}

impl ClientCredentials {
    pub async fn fetch_token(&self, http: &Client) -> Result<NewToken, SignInError> {
        let mut refused = SignInError::Rejected("no scope is given".to_owned());
        for scope in &self.scopes {
            match self.fetch_with(scope, http).await {
                Ok(token) => return Ok(token),
                Err(NoToken::InvalidScope(error)) => refused = error,
                Err(NoToken::Other(error)) => return Err(error),
            }
        }
        Err(refused)
    }

    async fn fetch_with(&self, scope: &str, http: &Client) -> Result<NewToken, NoToken> {
        // Dropped after this request, since it does not wipe its copy of the secret.
        let client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(
                self.client_secret.expose_secret().to_owned(),
            ))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .set_auth_type(AuthType::RequestBody);
        let http = Http(http);
        let response = client
            .exchange_client_credentials()
            .add_scopes(
                scope
                    .split_whitespace()
                    .map(|scope| Scope::new(scope.to_owned())),
            )
            .request_async(&http)
            .await
            .map_err(|error| self.sign_in_error(error))?;
        let token = SecretString::from(response.access_token().secret().as_str());
        Ok(NewToken {
            token: Token::new(token, "the sign-in")
                .map_err(|error| NoToken::Other(SignInError::Rejected(error.to_string())))?,
            lifetime: response
                .expires_in()
                .filter(|lifetime| *lifetime > Duration::ZERO),
        })
    }

    fn sign_in_error(&self, error: BasicRequestTokenError<SignInError>) -> NoToken {
        use oauth2::RequestTokenError::{Other, Parse, Request, ServerResponse};

        let redacted = |text: &str| redacted_message(text, &self.client_secret);
        NoToken::Other(match error {
            Request(error) => error,
            ServerResponse(rejection) => {
                let message = match rejection.error_description() {
                    Some(description) => format!("{}: {description}", rejection.error()),
                    None => rejection.error().to_string(),
                };
                let rejected = SignInError::Rejected(redacted(&message));
                if rejection.error().as_ref() == INVALID_SCOPE {
                    return NoToken::InvalidScope(rejected);
                }
                rejected
            }
            // The response itself is not shown: it may hold a token.
            Parse(..) => SignInError::Rejected(
                "the response is not one of a token service; check --token-url".to_owned(),
            ),
            Other(message) => SignInError::Rejected(redacted(&message)),
        })
    }
}

/// Sends the requests of `oauth2` with this room's HTTP client.
struct Http<'h>(&'h Client);

impl<'c> AsyncHttpClient<'c> for Http<'_> {
    type Error = SignInError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, SignInError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(call(self.0, request))
    }
}

async fn call(http: &Client, request: HttpRequest) -> Result<HttpResponse, SignInError> {
    let request = Request::try_from(request)
        .map_err(|_| SignInError::Rejected("the request cannot be built".to_owned()))?;
    let received = send(http, request).await?;
    let mut response = HttpResponse::new(with_numeric_lifetime(received.body));
    *response.status_mut() = received.status;
    Ok(response)
}

/// A token response whose `expires_in` is a number. Some services write it as text, which `oauth2` does not read.
fn with_numeric_lifetime(body: Vec<u8>) -> Vec<u8> {
    let Ok(Value::Object(mut response)) = serde_json::from_slice(&body) else {
        return body;
    };
    let seconds = response.get("expires_in").and_then(Value::as_str);
    let Some(seconds) = seconds.and_then(|text| text.parse::<u64>().ok()) else {
        return body;
    };
    response.insert("expires_in".to_owned(), seconds.into());
    serde_json::to_vec(&response).unwrap_or(body)
}
