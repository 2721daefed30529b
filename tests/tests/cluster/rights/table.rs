//! What there is to be tried, and what of it is allowed. Everything else must be refused.

use super::ground::{OWN_POD, OWN_RELEASE};

/// A kind of object, or a part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource {
    pub(super) group_version: &'static str,
    /// With its subresource, such as `pods/exec`.
    pub(super) name: &'static str,
    pub(super) namespaced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

use Verb::{Create, Delete, DeleteCollection, Get, List, Patch, Update, Watch};

pub(super) const VERBS: [Verb; 8] = [
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
];

/// Which names a row is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Names {
    /// One alone; a listing must ask for it by a field selector.
    Only(&'static str),
    /// All of them, and listings of everything.
    Every,
}

/// In the release's own namespace.
pub(super) const ALLOWED: &[(&str, &[Verb], Names)] = &[
    ("poolconfigs", &[Get, List, Watch], Names::Only(OWN_RELEASE)),
    ("poolconfigs/status", &[Patch], Names::Only(OWN_RELEASE)),
    ("poolinstances", &[Get, List, Watch], Names::Every),
    // By the policy.
    ("poolinstances", &[Create, Patch], Names::Only(OWN_POD)),
    ("leases", &[Get, Update], Names::Only(OWN_RELEASE)),
    // By the policy.
    ("leases", &[Create], Names::Only(OWN_RELEASE)),
    ("events (events.k8s.io)", &[Create, Patch], Names::Every),
];

const fn within(group_version: &'static str, name: &'static str) -> Resource {
    Resource {
        group_version,
        name,
        namespaced: true,
    }
}

const fn of_the_cluster(group_version: &'static str, name: &'static str) -> Resource {
    Resource {
        group_version,
        name,
        namespaced: false,
    }
}

const SABAI: &str = "sabai.dev/v1alpha1";
const RBAC: &str = "rbac.authorization.k8s.io/v1";
const ADMISSION: &str = "admissionregistration.k8s.io/v1";

pub(super) const RESOURCES: &[Resource] = &[
    within(SABAI, "poolconfigs"),
    within(SABAI, "poolconfigs/status"),
    within(SABAI, "poolinstances"),
    within(SABAI, "poolinstances/status"),
    within("coordination.k8s.io/v1", "leases"),
    within("events.k8s.io/v1", "events"),
    within("v1", "events"),
    within("v1", "secrets"),
    within("v1", "configmaps"),
    within("v1", "pods"),
    within("v1", "pods/exec"),
    within("v1", "pods/log"),
    within("v1", "pods/status"),
    within("v1", "pods/ephemeralcontainers"),
    within("v1", "pods/eviction"),
    within("v1", "serviceaccounts"),
    within("v1", "serviceaccounts/token"),
    within("v1", "services"),
    within("v1", "persistentvolumeclaims"),
    within("apps/v1", "deployments"),
    within("apps/v1", "deployments/scale"),
    within(RBAC, "roles"),
    within(RBAC, "rolebindings"),
    of_the_cluster(RBAC, "clusterroles"),
    of_the_cluster(RBAC, "clusterrolebindings"),
    of_the_cluster("v1", "nodes"),
    of_the_cluster("v1", "nodes/proxy"),
    of_the_cluster("v1", "namespaces"),
    of_the_cluster("apiextensions.k8s.io/v1", "customresourcedefinitions"),
    of_the_cluster(ADMISSION, "validatingadmissionpolicies"),
    of_the_cluster(ADMISSION, "validatingadmissionpolicybindings"),
    of_the_cluster(ADMISSION, "mutatingwebhookconfigurations"),
];

/// The row of [`ALLOWED`] that allows it; no name is a listing of everything.
pub(super) fn row(resource: Resource, verb: Verb, name: Option<&str>) -> Option<usize> {
    ALLOWED.iter().position(|(known, verbs, names)| {
        let names = match names {
            Names::Only(only) => name == Some(*only),
            Names::Every => true,
        };
        *known == resource.title() && verbs.contains(&verb) && names
    })
}

impl Resource {
    /// Two groups have events.
    pub(super) fn title(self) -> String {
        match (self.name, self.group_version.split_once('/')) {
            ("events", Some((group, _))) => format!("events ({group})"),
            _ => self.name.to_owned(),
        }
    }

    /// A part of an object cannot be listed, nor be deleted with others.
    pub(super) fn knows(self, verb: Verb) -> bool {
        let part = self.name.contains('/');
        !part || !matches!(verb, List | Watch | DeleteCollection)
    }
}
