//! One token for the whole run at a time, and a new one when it is needed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::{NewToken, SignInError, TokenSource};
use crate::api::{Network, NetworkError, Token};

/// A token is renewed so long before it expires, at most: a request may be on its way for a while.
const LONGEST_MARGIN: Duration = Duration::from_secs(60);

/// This part of a token's lifetime is its margin, where that is less.
const MARGIN_PART: u32 = 5;

/// Gives each request the token that is good now. One renewal is under way at a time, and requests wait for it; what is
/// said of tokens meanwhile does not wait.
#[derive(Debug)]
pub struct TokenCache {
    source: TokenSource,
    http: Option<reqwest::Client>,
    /// Whoever asks for a token holds it.
    renewal: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    issued: Option<IssuedToken>,
    /// How often a token was asked for, and an answer came or none.
    attempts: u64,
    /// How the last attempt failed, if it did.
    failure: Option<SignInError>,
}

#[derive(Debug)]
struct IssuedToken {
    token: Token,
    /// The attempt that gave it.
    number: u64,
    obtained_at: Instant,
    /// When to ask for the next one, if it is known when this one expires.
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
    /// The service has taken it.
    is_accepted: bool,
    /// The service takes it no more.
    is_refused: bool,
}

/// It is not worth asking again in less than that.
const SHORT: Duration = Duration::from_secs(1);

/// A token that was not used for so long may have expired unseen.
const WAITED_LONG: Duration = Duration::from_secs(60);

/// A token, with the number by which to tell what became of it.
#[derive(Debug, Clone)]
pub struct CachedToken {
    pub token: Token,
    pub number: u64,
}

/// What follows when the service refuses a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRejection {
    /// The same request again: there is another token already, or will be.
    Retry,
    /// No token will be better.
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

    /// Gets the first token, so that it is known early whether there is one.
    ///
    /// # Errors
    /// When there is none.
    pub async fn sign_in(&self) -> Result<(), SignInError> {
        self.current().await.map(|_| ())
    }

    /// The token that is good now.
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
            // Somebody has asked while this one waited, in vain: to ask once more would not help.
            let state = self.state();
            if let (true, Some(failure)) = (state.attempts != seen, &state.failure) {
                return Err(failure.clone());
            }
        }
        let obtained = self.source.fetch_token(self.http.as_ref()).await;
        self.take(obtained)
    }

    /// Takes note of what asking for a token came to.
    fn take(&self, obtained: Result<NewToken, SignInError>) -> Result<CachedToken, SignInError> {
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
                // It is early: the token at hand lasts until the next attempt.
                match state.issued.as_mut().filter(|issued| issued.is_good(now)) {
                    Some(issued) => Ok(issued.put_off(now, &failure)),
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

    /// The service has taken this token.
    pub fn accepted(&self, number: u64) {
        let mut state = self.state();
        let issued = state.issued.as_mut();
        if let Some(issued) = issued.filter(|issued| issued.number == number) {
            issued.is_accepted = true;
        }
    }

    /// The service has refused this token.
    pub fn refused(&self, number: u64) -> OnRejection {
        match &mut self.state().issued {
            Some(issued) if issued.number != number => OnRejection::Retry,
            Some(issued) if issued.may_have_been_good() && self.source.is_renewable() => {
                issued.is_refused = true;
                OnRejection::Retry
            }
            _ => OnRejection::GiveUp,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IssuedToken {
    fn new(obtained: NewToken, number: u64, now: Instant) -> Self {
        let NewToken { token, lifetime } = obtained;
        // Longer than any run: then it is as if it never expired.
        let expires_at = lifetime.and_then(|lifetime| now.checked_add(lifetime));
        let margin = lifetime.map(|lifetime| (lifetime / MARGIN_PART).min(LONGEST_MARGIN));
        Self {
            token,
            number,
            obtained_at: now,
            renew_at: expires_at
                .zip(margin)
                .map(|(expires, margin)| expires - margin),
            expires_at,
            is_accepted: false,
            is_refused: false,
        }
    }

    /// Tries for the next one later: half-way to the end of this one, or when it was told; and then at the end.
    fn put_off(&mut self, now: Instant, failure: &SignInError) -> CachedToken {
        let told = match failure {
            SignInError::Transient { wait, .. } => wait.unwrap_or_default(),
            SignInError::Rejected(_) => Duration::ZERO,
        };
        self.renew_at = self.expires_at.map(|expires| {
            let half = (expires - now) / 2;
            match half.max(told) {
                wait if half > SHORT => expires.min(now + wait),
                _ => expires,
            }
        });
        self.numbered()
    }

    fn is_fresh(&self, now: Instant) -> bool {
        !self.is_refused && self.renew_at.is_none_or(|renew_at| now < renew_at)
    }

    fn is_good(&self, now: Instant) -> bool {
        !self.is_refused && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// It was taken once, or has waited so long for its first use that it may have expired meanwhile.
    fn may_have_been_good(&self) -> bool {
        self.is_accepted || self.obtained_at.elapsed() > WAITED_LONG
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
    async fn a_token_that_was_given_is_not_renewed() {
        let token = Token::new("t0ken".to_owned().into(), "test").unwrap();
        let tokens = TokenCache::new(TokenSource::Static(token), &Network::default()).unwrap();
        let current = tokens.current().await.unwrap();
        tokens.accepted(current.number);
        assert_eq!(tokens.refused(current.number), OnRejection::GiveUp);
    }

    #[tokio::test]
    async fn who_was_refused_with_an_older_token_tries_the_one_at_hand() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "t0ken").unwrap();
        let source = TokenSource::File(file.path().to_owned());
        let tokens = TokenCache::new(source, &Network::default()).unwrap();
        let first = tokens.current().await.unwrap().number;
        tokens.accepted(first);
        assert_eq!(tokens.refused(first), OnRejection::Retry);
        let second = tokens.current().await.unwrap().number;
        assert_ne!(second, first);
        // Another request was under way with the first one: that says nothing of the second.
        assert_eq!(tokens.refused(first), OnRejection::Retry);
        assert_eq!(tokens.current().await.unwrap().number, second);
        assert_eq!(tokens.refused(second), OnRejection::GiveUp);
    }
}
