//! An OAuth 2 token endpoint (RFC 6749, 4.4) and the service that takes its tokens, in one server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::server::{RawServer, confirming, http};

pub(crate) const CLIENT_ID: &str = "app-1";
pub(crate) const CLIENT_SECRET: &str = "s3cr3t-of-the-application/+=";
pub(crate) const PASSWORD: &str = "p4ssw0rd-of-the-user\"\\";

/// The server, and what it has seen.
pub(crate) struct Identity {
    pub(crate) server: RawServer,
    books: Arc<Books>,
}

#[derive(Default)]
struct Books {
    /// Tokens that were given, and until when each is good.
    given: Mutex<BTreeMap<String, Instant>>,
    asking: AtomicUsize,
    most_asking: AtomicUsize,
    exchanges: AtomicUsize,
}

/// How it goes about it.
#[derive(Clone, Copy)]
pub(crate) struct IdentityBehavior {
    /// How long a token is good.
    pub(crate) lifetime: Duration,
    /// How a response says so.
    pub(crate) expires_in: ExpiresIn,
    /// What is answered to the nth time that a token is asked for, from 0, in place of a token.
    pub(crate) refuses: fn(usize) -> Option<u16>,
    /// The scopes that the application was granted. One more refuses the whole token.
    pub(crate) granted: &'static [&'static str],
    /// What is answered to the nth exchange with a good token, in place of a confirmation.
    pub(crate) fails: fn(usize) -> Option<u16>,
}

/// The lifetime in a token response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExpiresIn {
    Missing,
    Number,
    Text,
}

impl Default for IdentityBehavior {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(3600),
            expires_in: ExpiresIn::Number,
            refuses: |_| None,
            granted: &["PM.License.Write", "PM.License.Read", "PM.Directory"],
            fails: |_| None,
        }
    }
}

impl Identity {
    pub(crate) fn new(behavior: IdentityBehavior) -> Self {
        let books = Arc::new(Books::default());
        let kept = Arc::clone(&books);
        let server = RawServer::answering(move |_, request| {
            let path = request.split_whitespace().nth(1).unwrap();
            match path {
                "/identity_/connect/token" => kept.token(request, behavior, is_application),
                "/api/account/authenticate" => kept.token(request, behavior, is_person),
                _ => kept.exchange(request, behavior),
            }
        });
        Self { server, books }
    }

    /// How many tokens were given.
    pub(crate) fn given(&self) -> Vec<String> {
        self.books.given.lock().unwrap().keys().cloned().collect()
    }

    /// The most who asked for a token at once.
    pub(crate) fn most_asking(&self) -> usize {
        self.books.most_asking.load(Ordering::SeqCst)
    }

    /// Exchanges with a good token.
    pub(crate) fn exchanges(&self) -> usize {
        self.books.exchanges.load(Ordering::SeqCst)
    }

    /// Somebody has this token from elsewhere.
    pub(crate) fn take(&self, token: &str, lifetime: Duration) {
        let until = Instant::now() + lifetime;
        self.books
            .given
            .lock()
            .unwrap()
            .insert(token.to_owned(), until);
    }
}

impl Books {
    fn token(
        &self,
        request: &str,
        behavior: IdentityBehavior,
        asks: fn(&str) -> Option<Asked>,
    ) -> Vec<u8> {
        let asking = self.asking.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_asking.fetch_max(asking, Ordering::SeqCst);
        let answer = self.give(request, behavior, asks);
        self.asking.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    fn give(
        &self,
        request: &str,
        behavior: IdentityBehavior,
        asks: fn(&str) -> Option<Asked>,
    ) -> Vec<u8> {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let mut given = self.given.lock().unwrap();
        let nth = given.len();
        let mut scopes = scopes(body);
        if scopes.any(|scope| !behavior.granted.contains(&scope)) {
            return http(400, r#"{"error":"invalid_scope"}"#);
        }
        let Some(asked) = asks(body) else {
            // As a careless service would, it repeats what it was sent.
            let said = serde_json::json!({"error": "invalid_client", "error_description": body});
            return http(400, &said.to_string());
        };
        if let Some(status) = (behavior.refuses)(nth) {
            given.insert(format!("none-{nth}"), Instant::now());
            return http(status, r#"{"error":"invalid_client"}"#);
        }
        let token = format!("t0ken-{nth}-{}", "x".repeat(20));
        given.insert(token.clone(), Instant::now() + behavior.lifetime);
        let said = match asked {
            Asked::Application => {
                let mut response = serde_json::json!({
                    "access_token": token, "token_type": "Bearer", "scope": "PM.License.Write PM.Directory",
                });
                let seconds = behavior.lifetime.as_secs();
                match behavior.expires_in {
                    ExpiresIn::Missing => {}
                    ExpiresIn::Number => response["expires_in"] = seconds.into(),
                    ExpiresIn::Text => response["expires_in"] = seconds.to_string().into(),
                }
                response
            }
            Asked::Person => serde_json::json!({"result": token, "success": true, "error": null}),
        };
        http(200, &said.to_string())
    }

    fn exchange(&self, request: &str, behavior: IdentityBehavior) -> Vec<u8> {
        let token = request
            .lines()
            .find_map(|line| line.strip_prefix("authorization: Bearer "))
            .unwrap_or_default();
        let now = Instant::now();
        if self
            .given
            .lock()
            .unwrap()
            .get(token)
            .is_none_or(|until| *until <= now)
        {
            // As a careless service would, it repeats the token.
            return http(401, &format!(r#"{{"message":"{token} has expired"}}"#));
        }
        let nth = self.exchanges.fetch_add(1, Ordering::SeqCst);
        match (behavior.fails)(nth) {
            Some(status) => http(status, &format!(r#"{{"message":"no, {token}"}}"#)),
            None => confirming(request),
        }
    }
}

enum Asked {
    Application,
    Person,
}

/// The scopes that a form asks for.
fn scopes(body: &str) -> impl Iterator<Item = &str> {
    let fields = body.split('&');
    let scope = { fields }.find_map(|field| field.strip_prefix("scope="));
    scope.into_iter().flat_map(|scope| scope.split('+'))
}

/// RFC 6749, 4.4.2, with the secret in the body.
fn is_application(body: &str) -> Option<Asked> {
    let form: BTreeMap<_, _> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let is = |name: &str, value: &str| form.get(name) == Some(&value);
    let is_right = is("grant_type", "client_credentials")
        && is("client_id", CLIENT_ID)
        && is("client_secret", "s3cr3t-of-the-application%2F%2B%3D")
        && scopes(body).next().is_some();
    is_right.then_some(Asked::Application)
}

/// API.md, "Sign-in".
fn is_person(body: &str) -> Option<Asked> {
    let asked: serde_json::Value = serde_json::from_str(body).ok()?;
    let right = serde_json::json!({
        "TenancyName": "acme", "UsernameOrEmailAddress": "ann@acme.example", "Password": PASSWORD,
    });
    (asked == right).then_some(Asked::Person)
}
