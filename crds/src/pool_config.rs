//! `PoolConfig`: the settings of a release's pools, and what its agents made of them.

mod schema;
mod status;

use std::borrow::Cow;
use std::collections::BTreeMap;

use kube::CustomResource;
use sabai_wire::settings::{Field, PathProblem, PoolSettings, SettingProblem, from_values};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use status::{
    Certificate, Effective, IdleTimeout, Instances, PathReport, PoolConfigStatus, Recommended,
    Server, Sessions,
};

/// What may be tuned. The groups are free maps here, since the table of `sabai_wire::settings` is the one place of fields, defaults
/// and bounds; the API server fills in what is not given and stores nothing that breaks a rule.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "sabai.dev",
    version = "v1alpha1",
    kind = "PoolConfig",
    plural = "poolconfigs",
    shortname = "pcfg",
    category = "sabai",
    namespaced,
    schema = "manual",
    status = "PoolConfigStatus",
    derive = "Default",
    derive = "PartialEq",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "Max",
        type_ = "integer",
        json_path = ".spec.pool.maxConnections"
    ),
    printcolumn(
        name = "Pods",
        type_ = "integer",
        json_path = ".status.instances.total"
    ),
    printcolumn(
        name = "Applied",
        type_ = "integer",
        json_path = ".status.instances.applied"
    ),
    printcolumn(
        name = "Healthy",
        type_ = "integer",
        json_path = ".status.instances.healthy"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Healthy")].reason"#
    ),
    printcolumn(
        name = "Mode",
        type_ = "string",
        json_path = ".spec.recycle.mode",
        priority = 1
    ),
    printcolumn(
        name = "Ceiling",
        type_ = "integer",
        json_path = ".status.sessions.ceiling",
        priority = 1
    ),
    printcolumn(
        name = "Limit",
        type_ = "integer",
        json_path = ".status.sessions.serverLimit",
        priority = 1
    ),
    printcolumn(
        name = "Idle-Timeout",
        type_ = "string",
        json_path = ".status.path.idleTimeout.aliveAfter",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(default)]
pub struct PoolConfigSpec {
    pub pool: Group,
    pub path: Group,
    pub probe: Group,
    pub recycle: Group,
    pub retry: Group,
    pub readiness: Group,
}

/// The fields of one group, as they were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(pub BTreeMap<String, Value>);

impl PoolConfigSpec {
    /// What the bot obeys. Fields that this program does not know are passed over.
    ///
    /// # Errors
    /// None for an object that the API server stored by the schema of this program. Else all problems at once.
    pub fn pool_settings(&self) -> Result<PoolSettings, Vec<PathProblem>> {
        self.settings(|lookup| PoolSettings::from_lookup(lookup))
    }

    /// The same for settings that are read by a `from_lookup` of their own, as the agent's are.
    ///
    /// # Errors
    /// As [`Self::pool_settings`].
    pub fn settings<T>(
        &self,
        from_lookup: impl FnOnce(
            &mut dyn FnMut(&'static Field) -> Option<String>,
        ) -> Result<T, Vec<SettingProblem>>,
    ) -> Result<T, Vec<PathProblem>> {
        from_values(|field| self.value(field), from_lookup)
    }

    /// The spec that gives these fields, and no other.
    pub fn of(values: impl IntoIterator<Item = (&'static Field, Value)>) -> Self {
        let mut spec = Self::default();
        for (field, value) in values {
            let (group, name) = field.group_and_name();
            if let Some(group) = spec.group_mut(group) {
                group.0.insert(name.to_owned(), value);
            }
        }
        spec
    }

    fn value(&self, field: &Field) -> Option<&Value> {
        let (group, name) = field.group_and_name();
        self.group(group)?.0.get(name)
    }

    fn group(&self, name: &str) -> Option<&Group> {
        Some(match name {
            "pool" => &self.pool,
            "path" => &self.path,
            "probe" => &self.probe,
            "recycle" => &self.recycle,
            "retry" => &self.retry,
            "readiness" => &self.readiness,
            _ => return None,
        })
    }

    fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        Some(match name {
            "pool" => &mut self.pool,
            "path" => &mut self.path,
            "probe" => &mut self.probe,
            "recycle" => &mut self.recycle,
            "retry" => &mut self.retry,
            "readiness" => &mut self.readiness,
            _ => return None,
        })
    }
}

impl JsonSchema for PoolConfig {
    fn schema_name() -> Cow<'static, str> {
        "PoolConfig".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::pool_config()
            .try_into()
            .expect("a schema is a JSON object")
    }
}
