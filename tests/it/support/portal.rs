//! An organisation in memory: people with e-mail addresses, what they have, and the calls that say so.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::server::{RawServer, confirming, http};

/// The users with licences: their codes by ID.
pub(crate) type Licenses = BTreeMap<String, Vec<String>>;

/// How the organisation behaves.
#[derive(Clone, Copy)]
pub(crate) struct PortalBehavior {
    /// The status for a path, if it is refused.
    pub(crate) refuses: fn(&str) -> Option<u16>,
    /// Whether the response to an allocation is lost, by its number from 0. It is applied all the same.
    pub(crate) loses: fn(usize) -> bool,
    /// The server is killed, as far as a client can see, at the look-up with this number.
    pub(crate) hangs_at_lookup: usize,
    /// The status of the call that removes users, in place of 204.
    pub(crate) removal_status: Option<u16>,
    /// Whether the call removes users all the same.
    pub(crate) removes_anyway: bool,
    /// The allocation's address reads.
    pub(crate) reads_instead: bool,
}

impl Default for PortalBehavior {
    fn default() -> Self {
        Self {
            refuses: |_| None,
            loses: |_| false,
            hangs_at_lookup: usize::MAX,
            removal_status: None,
            removes_anyway: false,
            reads_instead: false,
        }
    }
}

/// The organisation `acme`, served as long as this lives.
pub(crate) struct Portal {
    server: RawServer,
    licenses: Arc<Mutex<Licenses>>,
}

/// The ID of the person with the address `user{number}@acme.example`.
pub(crate) fn guid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

pub(crate) fn address(number: usize) -> String {
    format!("user{number}@acme.example")
}

impl Portal {
    /// `people` is how many there are; `licenses` is what they have.
    pub(crate) fn new(people: usize, licenses: Licenses, behavior: PortalBehavior) -> Self {
        let licenses = Arc::new(Mutex::new(licenses));
        let state = Arc::clone(&licenses);
        let (lookups, allocations) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let server = RawServer::answering(move |_, request| {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let mut line = head.split(' ');
            let (method, target) = (line.next().unwrap(), line.next().unwrap());
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            if let Some(status) = (behavior.refuses)(path) {
                return http(status, "{}");
            }
            let body: Value = serde_json::from_str(body).unwrap_or_default();
            let mut licenses = state.lock().unwrap();
            let ok = |body: Value| http(200, &body.to_string());
            match (method, path.strip_prefix("/acme/").unwrap_or_default()) {
                ("POST", "identity_/api/Directory/BulkResolveByName/acc-1") => {
                    if lookups.fetch_add(1, Ordering::SeqCst) == behavior.hangs_at_lookup {
                        return Vec::new();
                    }
                    ok(resolved(&body, people))
                }
                ("POST", "lease_/api/account/acc-1/user-license/license/users") => http(404, ""),
                ("GET", "portal_/api/license/accountant/UserLicense/user/page") => {
                    ok(page(&licenses, query))
                }
                ("GET", "lease_/api/account/acc-1/user-license") => ok(json!([
                    { "code": "IDU", "total": 100_000, "allocated": 0 },
                    { "code": "PMD", "total": 100_000, "allocated": 0 },
                ])),
                ("GET", "portal_/api/filtering/leftnav/tenantsAndOrganizationInfo") => {
                    ok(json!({ "organization": { "id": "acc-1", "name": "acme" } }))
                }
                ("DELETE", "portal_/api/license/accountant/UserLicense") => {
                    let status = behavior.removal_status;
                    if status.is_none() || behavior.removes_anyway {
                        for user in texts(&body, "userIds") {
                            licenses.remove(&user);
                        }
                    }
                    status.map_or_else(|| http(204, ""), |status| http(status, "{}"))
                }
                ("PUT", "lease_/api/account/acc-1/user-license") if behavior.reads_instead => {
                    ok(json!([{ "id": guid(0), "userBundleLicenses": [], "orphan": false }]))
                }
                ("PUT", "lease_/api/account/acc-1/user-license") => {
                    allocate(&mut licenses, &body);
                    match (behavior.loses)(allocations.fetch_add(1, Ordering::SeqCst)) {
                        true => Vec::new(),
                        false => confirming(request),
                    }
                }
                _ => http(404, ""),
            }
        });
        Self { server, licenses }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/acme/portal_/home", self.server.base_url)
    }

    pub(crate) fn licenses(&self) -> Licenses {
        self.licenses.lock().unwrap().clone()
    }

    /// How many requests had this in their first line.
    pub(crate) fn count(&self, text: &str) -> usize {
        let requests = self.server.requests();
        let lines = requests.iter().filter_map(|request| request.lines().next());
        lines.filter(|line| line.contains(text)).count()
    }
}

fn resolved(body: &Value, people: usize) -> Value {
    let names = body["entityNames"].as_array().unwrap();
    assert!(names.len() <= 20);
    let resolved = names.iter().map(|name| {
        let name = name.as_str().unwrap();
        let plain = name.strip_prefix("also-").unwrap_or(name);
        let number = plain
            .strip_prefix("user")
            .and_then(|rest| rest.split('@').next());
        let number = number.and_then(|number| number.parse().ok());
        let entity = number
            .filter(|number| *number < people)
            .map(|number| json!({ "identifier": guid(number), "email": name }));
        (name.to_owned(), entity.unwrap_or_default())
    });
    Value::Object(resolved.collect())
}

/// A page of at most 50, whatever is asked for.
fn page(licenses: &Licenses, query: &str) -> Value {
    let skip = query.split("skip=").nth(1).unwrap().parse().unwrap();
    let users = licenses.iter().skip(skip).take(50);
    let users = users.map(|(id, codes)| {
        json!({ "id": id, "email": null, "userBundleLicenses": codes, "useExternalLicense": false })
    });
    json!({ "results": users.collect::<Vec<_>>(), "totalCount": licenses.len() })
}

fn allocate(licenses: &mut Licenses, body: &Value) {
    for user in texts(body, "userIds") {
        licenses.insert(user, texts(body, "userBundleCodes"));
    }
}

fn texts(body: &Value, field: &str) -> Vec<String> {
    let texts = body[field].as_array().unwrap().iter();
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}
