//! One thing that is tried: as a request, and what became of it. Nothing that is tried here is done (`dryRun`).

use http::Method;
use sabai_tests::kubernetes::{Answer, Api};
use serde_json::json;

use super::ground::Ground;
use super::table::{Resource, Verb, row};

/// Where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Own,
    /// A namespace with a release of the same name.
    Other,
    /// In all namespaces at once, or what belongs to none.
    Everywhere,
}

/// One of the product.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tried {
    pub(super) resource: Resource,
    pub(super) verb: Verb,
    pub(super) place: Place,
    /// None for a listing of everything.
    pub(super) name: Option<&'static str>,
}

const MERGE: &str = "application/merge-patch+json";

impl Tried {
    /// The row that allows it.
    pub(super) fn row(&self) -> Option<usize> {
        let own = self.place == Place::Own;
        own.then(|| row(self.resource, self.verb, self.name))?
    }

    /// Whether it was let through.
    ///
    /// # Errors
    /// When it was neither done nor refused.
    pub(super) async fn outcome(&self, agent: &Api, ground: &Ground) -> Result<bool, String> {
        let (method, content) = match self.verb {
            Verb::Get | Verb::List | Verb::Watch => (Method::GET, ""),
            Verb::Create => (Method::POST, "application/json"),
            Verb::Update => (Method::PUT, "application/json"),
            Verb::Patch => (Method::PATCH, MERGE),
            Verb::Delete | Verb::DeleteCollection => (Method::DELETE, ""),
        };
        let path = self.path(ground);
        let answer = agent
            .send(method, &path, content, &self.body(ground))
            .await
            .map_err(|error| format!("{error:#}"))?;
        self.judge(&answer)
    }

    fn judge(&self, answer: &Answer) -> Result<bool, String> {
        match answer.status {
            200..300 => Ok(true),
            // It was let through, and met the one that is there.
            409 if self.verb == Verb::Create => Ok(true),
            403 => Ok(false),
            other => Err(format!("{other}: {}", answer.body["message"])),
        }
    }

    fn path(&self, ground: &Ground) -> String {
        let group_version = self.resource.group_version;
        let mut path = match group_version.contains('/') {
            true => format!("/apis/{group_version}"),
            false => format!("/api/{group_version}"),
        };
        if let Some(namespace) = ground.namespace(self.place) {
            path += &format!("/namespaces/{}", namespace.name());
        }
        let (plural, part) = match self.resource.name.split_once('/') {
            Some((plural, part)) => (plural, Some(part)),
            None => (self.resource.name, None),
        };
        path += &format!("/{plural}");
        let one = match self.verb {
            Verb::Get | Verb::Update | Verb::Patch | Verb::Delete => true,
            Verb::Create => part.is_some(),
            Verb::List | Verb::Watch | Verb::DeleteCollection => false,
        };
        let name = self.name.unwrap_or_default();
        if one {
            path += &format!("/{name}");
        }
        if let Some(part) = part {
            path += &format!("/{part}");
        }
        let selector = match self.name {
            Some(name) if !one => format!("&fieldSelector=metadata.name%3D{name}"),
            _ => String::new(),
        };
        match self.verb {
            Verb::Get => path,
            Verb::List => format!("{path}?limit=100{selector}"),
            Verb::Watch => format!("{path}?watch=true&timeoutSeconds=1{selector}"),
            Verb::DeleteCollection => format!("{path}?dryRun=All{selector}"),
            Verb::Create | Verb::Update | Verb::Patch | Verb::Delete => {
                format!("{path}?dryRun=All")
            }
        }
    }

    /// As good as the agent can make it.
    fn body(&self, ground: &Ground) -> String {
        let name = self.name.unwrap_or_default();
        let body = match (self.verb, self.resource.name) {
            (Verb::Patch, _) => json!({"metadata": {"labels": {"tried": "yes"}}}),
            (Verb::Create, "poolinstances") => ground.pool_instance(name),
            (Verb::Create, "leases") => ground.lease(name),
            // Only what was read can be written.
            (Verb::Update, "leases") => ground.stored_lease(name),
            (Verb::Create, "events") => ground.event(name),
            (Verb::Create | Verb::Update, _) => json!({"metadata": {"name": name}}),
            _ => return String::new(),
        };
        body.to_string()
    }
}
