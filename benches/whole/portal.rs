//! A service that knows everybody: IDs of addresses, what users have, free seats; at once or after a fixed time.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use tokio::time::sleep;
use uuid::Uuid;

use crate::Result;
use crate::server::{Calls, serve};

/// The server and its thread.
pub(crate) struct Portal {
    pub(crate) url: String,
    /// Calls that look addresses up.
    pub(crate) lookups: Calls,
    _runtime: Runtime,
}

impl Portal {
    /// `people` is how many users a listing has.
    pub(crate) fn start(people: usize, latency: Duration) -> Result<Self> {
        let lookups = Calls::default();
        let answered = lookups.clone();
        let app = Router::new().fallback(async move |uri: Uri, body: Bytes| {
            let arrived = Instant::now();
            sleep(latency).await;
            let answer = answer(&uri, &body, people);
            if uri.path().contains("BulkResolveByName") {
                answered.add(arrived);
            }
            answer
        });
        let (base, runtime) = serve(app)?;
        Ok(Self {
            url: format!("{base}/acme"),
            lookups,
            _runtime: runtime,
        })
    }
}

/// The address of a user, whose number is its ID as well.
pub(crate) fn address(number: usize) -> String {
    format!("user{number}@acme.example")
}

fn answer(uri: &Uri, body: &[u8], people: usize) -> (StatusCode, String) {
    let path = uri.path();
    let answer = if path.contains("BulkResolveByName") {
        resolved(body)
    } else if path.ends_with("/license/users") {
        held(body)
    } else if path.ends_with("/users/licenses") {
        page(uri.query().unwrap_or_default(), people)
    } else if path.ends_with("/tenantsAndOrganizationInfo") {
        json!({ "organization": { "id": "bench", "name": "acme" } })
    } else if path.ends_with("/user-license") {
        json!([{ "code": "IDU", "total": 10_000_000, "allocated": 0 }])
    } else {
        return (StatusCode::NOT_FOUND, "{}".to_owned());
    };
    (StatusCode::OK, answer.to_string())
}

fn texts(body: &[u8], name: &str) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    serde_json::from_value(body[name].clone()).unwrap_or_default()
}

fn resolved(body: &[u8]) -> Value {
    let entity = |name: String| {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let id = Uuid::from_u128(digits.parse().unwrap_or_default());
        (name, json!({ "identifier": id.to_string() }))
    };
    let entities: Map<_, _> = texts(body, "entityNames").into_iter().map(entity).collect();
    Value::Object(entities)
}

fn licenses(user_id: &str, email: &str) -> Value {
    json!({
        "userId": user_id,
        "email": email,
        "userBundleCodes": ["IDU", "PMD"],
        "useExternalLicense": false,
    })
}

fn held(body: &[u8]) -> Value {
    let users = texts(body, "userIds").into_iter();
    users.map(|user| licenses(&user, "")).collect()
}

fn page(query: &str, people: usize) -> Value {
    let number = |name: &str| {
        let mut values = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = values.find(|(key, _)| *key == name);
        value.and_then(|(_, value)| value.parse().ok())
    };
    let (top, skip) = (number("top").unwrap_or(50), number("skip").unwrap_or(0));
    let users = (skip..people.min(skip + top)).map(|user| {
        let id = Uuid::from_u128(user as u128).to_string();
        licenses(&id, &address(user))
    });
    json!({ "totalCount": people, "results": users.collect::<Vec<_>>() })
}
