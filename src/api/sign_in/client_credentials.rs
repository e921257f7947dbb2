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

use super::http::{said, send};
use super::{NewToken, SignInError};
use crate::api::Token;

/// An external application that may sign in.
#[derive(Debug)]
pub struct ClientCredentials {
    /// Where tokens are given.
    pub token_url: Url,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// What the token is to be good for.
    pub scope: String,
}

impl ClientCredentials {
    pub async fn obtain(&self, http: &Client) -> Result<NewToken, SignInError> {
        // It lives no longer than this request, since it does not wipe what it held.
        let client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(
                self.client_secret.expose_secret().to_owned(),
            ))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .set_auth_type(AuthType::RequestBody);
        let http = Http(http);
        let answer = client
            .exchange_client_credentials()
            .add_scopes(
                self.scope
                    .split_whitespace()
                    .map(|scope| Scope::new(scope.to_owned())),
            )
            .request_async(&http)
            .await
            .map_err(|error| self.explain(error))?;
        let token = SecretString::from(answer.access_token().secret().as_str());
        Ok(NewToken {
            token: Token::new(token, "the sign-in")
                .map_err(|error| SignInError::Rejected(error.to_string()))?,
            lifetime: answer
                .expires_in()
                .filter(|lifetime| *lifetime > Duration::ZERO),
        })
    }

    fn explain(&self, error: BasicRequestTokenError<SignInError>) -> SignInError {
        use oauth2::RequestTokenError::{Other, Parse, Request, ServerResponse};

        let said = |text: &str| said(text, &self.client_secret);
        match error {
            Request(error) => error,
            ServerResponse(refusal) => {
                let what = match refusal.error_description() {
                    Some(description) => format!("{}: {description}", refusal.error()),
                    None => refusal.error().to_string(),
                };
                SignInError::Rejected(said(&what))
            }
            // The answer itself is not told: it may hold a token.
            Parse(..) => SignInError::Rejected(
                "the answer is none that a token service gives: check --token-url".to_owned(),
            ),
            Other(what) => SignInError::Rejected(said(&what)),
        }
    }
}

/// What oauth2 sends its requests by.
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
        .map_err(|_| SignInError::Rejected("the request cannot be made".to_owned()))?;
    let answered = send(http, request).await?;
    let mut response = HttpResponse::new(answered.body);
    *response.status_mut() = answered.status;
    Ok(response)
}
