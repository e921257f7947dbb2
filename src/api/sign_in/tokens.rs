//! One token at a time for the whole run, renewed when it is needed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{NewToken, SignInError, TokenSource};
use crate::api::{Network, NetworkError, Token};

/// How long before it expires a token is renewed, at most: a request may be under way for a while.
const MAX_MARGIN: Duration = Duration::from_secs(60);

/// The margin of a short-lived token is its lifetime divided by this.
const MARGIN_DIVISOR: u32 = 5;

/// Gives each request the current token. One renewal is under way at a time, and requests wait for it; reports of what
/// became of a token do not.
#[derive(Debug)]
pub struct TokenCache {
    source: TokenSource,
    http: Option<reqwest::Client>,
    /// Locked while a token is requested.
    renewal: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    issued: Option<IssuedToken>,
    /// Finished requests for a token, successful or not.
    attempts: u64,
    /// How the last attempt failed, if it did.
    failure: Option<SignInError>,
}

#[derive(Debug)]
struct IssuedToken {
    token: Token,
    number: u64,
    obtained_at: Instant,
    /// When to ask for the next one, if it is known when this one expires.
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
    is_accepted: bool,
    is_rejected: bool,
}

/// The shortest pause before the next attempt to renew.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// A token that was unused for longer than this may have expired before its first use.
const LONG_UNUSED: Duration = Duration::from_secs(60);

/// A token, with the number that identifies it in reports of what became of it.
#[derive(Debug, Clone)]
pub struct CachedToken {
    pub token: Token,
    pub number: u64,
}

/// What follows when the service rejects a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRejection {
    /// Send the same request again: there is another token already, or will be.
    Retry,
    GiveUp,
}

impl TokenCache {
    /// Tokens from a source.
    ///
    /// # Errors
    /// When no connection to it can be made.
    pub fn new(source: TokenSource, network: &Network) -> Result<Self, NetworkError> {
        let http = source.url().map(|url| network.client(url)).transpose()?;
        Ok(Self {
            source,
            http,
            renewal: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        })
    }

    /// Where tokens come from.
    pub fn source(&self) -> &TokenSource {
        &self.source
    }

    /// Fetches the first token, so that a failure is known before anything is read.
    ///
    /// # Errors
    /// When there is none.
    pub async fn sign_in(&self) -> Result<(), SignInError> {
        self.current().await.map(|_| ())
    }

    /// The account that the current token names, if it does.
    pub fn account(&self) -> Option<String> {
        let state = self.state();
        let token = &state.issued.as_ref()?.token;
        token.account().map(str::to_owned)
    }

    /// When the current token says that it expires.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.state().issued.as_ref()?.token.expires_at()
    }

    /// The current token, renewed first if necessary.
    pub async fn current(&self) -> Result<CachedToken, SignInError> {
        let seen = self.state().attempts;
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        let _renewal = self.renewal.lock().await;
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        {
            // Another request failed to get a token while this one waited; one more attempt would not help.
            let state = self.state();
            if let (true, Some(failure)) = (state.attempts != seen, &state.failure) {
                return Err(failure.clone());
            }
        }
        let obtained = self.source.fetch_token(self.http.as_ref()).await;
        self.store(obtained)
    }

    /// Records the result of a request for a token.
    fn store(&self, obtained: Result<NewToken, SignInError>) -> Result<CachedToken, SignInError> {
        let now = Instant::now();
        let mut state = self.state();
        state.attempts += 1;
        let number = state.attempts;
        match obtained {
            Ok(obtained) => {
                let seconds = obtained.lifetime.map(|lifetime| lifetime.as_secs());
                info!(number, seconds, "signed in");
                let issued = IssuedToken::new(obtained, number, now);
                let numbered = issued.numbered();
                state.issued = Some(issued);
                state.failure = None;
                Ok(numbered)
            }
            Err(failure) => {
                warn!(number, failure = failure.to_string(), "not signed in");
                state.failure = Some(failure.clone());
                // Tokens are renewed early, so the current one usually lasts until the next attempt.
                match state.issued.as_mut().filter(|issued| issued.is_good(now)) {
                    Some(issued) => Ok(issued.postpone_renewal(now, &failure)),
                    None => Err(failure),
                }
            }
        }
    }

    fn fresh(&self) -> Option<CachedToken> {
        let now = Instant::now();
        let state = self.state();
        let fresh = state.issued.as_ref().filter(|issued| issued.is_fresh(now));
        fresh.map(IssuedToken::numbered)
    }

    /// Reports that the service accepted a token.
    pub fn accepted(&self, number: u64) {
        let mut state = self.state();
        let issued = state.issued.as_mut();
        if let Some(issued) = issued.filter(|issued| issued.number == number) {
            issued.is_accepted = true;
        }
    }

    /// Reports that the service rejected a token.
    pub fn rejected(&self, number: u64) -> OnRejection {
        match &mut self.state().issued {
            Some(issued) if issued.number != number => OnRejection::Retry,
            Some(issued) if issued.was_valid_once() && self.source.is_renewable() => {
                issued.is_rejected = true;
                OnRejection::Retry
            }
            _ => OnRejection::GiveUp,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change is left half-done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IssuedToken {
    fn new(obtained: NewToken, number: u64, now: Instant) -> Self {
        let NewToken { token, lifetime } = obtained;
        // A lifetime beyond the clock's range never ends.
        let expires_at = lifetime.and_then(|lifetime| now.checked_add(lifetime));
        let margin = lifetime.map(|lifetime| (lifetime / MARGIN_DIVISOR).min(MAX_MARGIN));
        Self {
            token,
            number,
            obtained_at: now,
            renew_at: expires_at
                .zip(margin)
                .map(|(expires, margin)| expires - margin),
            expires_at,
            is_accepted: false,
            is_rejected: false,
        }
    }

    /// Plans the next attempt: half-way to expiry, or after the `Retry-After`, and at last at expiry.
    fn postpone_renewal(&mut self, now: Instant, failure: &SignInError) -> CachedToken {
        let retry_after = match failure {
            SignInError::Transient { wait, .. } => wait.unwrap_or_default(),
            SignInError::Rejected(_) => Duration::ZERO,
        };
        self.renew_at = self.expires_at.map(|expires| {
            let half = (expires - now) / 2;
            match half.max(retry_after) {
                wait if half > MIN_PAUSE => expires.min(now + wait),
                _ => expires,
            }
        });
        self.numbered()
    }

    fn is_fresh(&self, now: Instant) -> bool {
        !self.is_rejected && self.renew_at.is_none_or(|renew_at| now < renew_at)
    }

    fn is_good(&self, now: Instant) -> bool {
        !self.is_rejected && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Whether the token was accepted once, or has waited so long for its first use that it may have expired since.
    fn was_valid_once(&self) -> bool {
        self.is_accepted || self.obtained_at.elapsed() > LONG_UNUSED
    }

    fn numbered(&self) -> CachedToken {
        CachedToken {
            token: self.token.clone(),
            number: self.number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(lifetime: Option<Duration>, now: Instant) -> IssuedToken {
        let token = Token::new("t0ken".to_owned().into(), "test").unwrap();
        IssuedToken::new(NewToken { token, lifetime }, 1, now)
    }

    #[test]
    fn a_token_is_renewed_a_minute_before_it_expires_and_a_short_one_after_most_of_its_life() {
        let now = Instant::now();
        for (seconds, renewed_after) in [(1800, 1740), (100, 80), (2, 1)] {
            let issued = issued(Some(Duration::from_secs(seconds)), now);
            let after = |seconds| now + Duration::from_secs(seconds);
            assert!(issued.is_fresh(after(renewed_after - 1)), "{seconds}");
            assert!(!issued.is_fresh(after(renewed_after + 1)), "{seconds}");
            assert!(!issued.is_good(after(seconds)), "{seconds}");
        }
        assert!(issued(None, now).is_fresh(now + Duration::from_secs(1_000_000)));
        assert!(issued(Some(Duration::MAX), now).is_fresh(now + Duration::from_secs(1_000_000)));
    }

    #[tokio::test]
    async fn a_static_token_is_not_renewed() {
        let token = Token::new("t0ken".to_owned().into(), "test").unwrap();
        let tokens = TokenCache::new(TokenSource::Static(token), &Network::default()).unwrap();
        let current = tokens.current().await.unwrap();
        tokens.accepted(current.number);
        assert_eq!(tokens.rejected(current.number), OnRejection::GiveUp);
    }

    #[tokio::test]
    async fn a_request_rejected_with_an_older_token_gets_the_current_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "t0ken").unwrap();
        let source = TokenSource::File(file.path().to_owned());
        let tokens = TokenCache::new(source, &Network::default()).unwrap();
        let first = tokens.current().await.unwrap().number;
        tokens.accepted(first);
        assert_eq!(tokens.rejected(first), OnRejection::Retry);
        let second = tokens.current().await.unwrap().number;
        assert_ne!(second, first);
        // Another request was under way with the first token, which says nothing about the second.
        assert_eq!(tokens.rejected(first), OnRejection::Retry);
        assert_eq!(tokens.current().await.unwrap().number, second);
        assert_eq!(tokens.rejected(second), OnRejection::GiveUp);
    }
}
