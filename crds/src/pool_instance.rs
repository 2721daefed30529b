//! `PoolInstance`: what one pod tells. It has no spec, since nobody asks it for anything, and no status subresource, so that its
//! one writer creates and changes it whole; kube's derive knows no such kind, so its traits are written out here.

mod status;

use std::borrow::Cow;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceValidation,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{ApiResource, NamespaceResourceScope};
use kube::{CustomResourceExt, Resource};
use serde::{Deserialize, Serialize, Serializer};

use crate::{GROUP, VERSION, shape};

pub use status::{
    Followed, InstanceCertificate, InstanceServer, LastRecycle, Pool, PoolInstanceStatus, Probe,
    Spool, StageReport,
};

/// One pod's report, of the pod's name and owned by it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PoolInstance {
    #[serde(default)]
    pub metadata: ObjectMeta,
    #[serde(default)]
    pub status: Option<PoolInstanceStatus>,
}

impl PoolInstance {
    /// A report of that name that says so.
    #[must_use]
    pub fn new(name: &str, status: PoolInstanceStatus) -> Self {
        let metadata = ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        };
        Self {
            metadata,
            status: Some(status),
        }
    }
}

impl Serialize for PoolInstance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Whole<'a> {
            api_version: Cow<'static, str>,
            kind: Cow<'static, str>,
            metadata: &'a ObjectMeta,
            #[serde(skip_serializing_if = "Option::is_none")]
            status: Option<&'a PoolInstanceStatus>,
        }
        let whole = Whole {
            api_version: Self::api_version(&()),
            kind: Self::kind(&()),
            metadata: &self.metadata,
            status: self.status.as_ref(),
        };
        whole.serialize(serializer)
    }
}

impl Resource for PoolInstance {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'static, str> {
        "PoolInstance".into()
    }

    fn group((): &()) -> Cow<'static, str> {
        GROUP.into()
    }

    fn version((): &()) -> Cow<'static, str> {
        VERSION.into()
    }

    fn plural((): &()) -> Cow<'static, str> {
        "poolinstances".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl CustomResourceExt for PoolInstance {
    fn crd() -> CustomResourceDefinition {
        let status = ("status".to_owned(), PoolInstanceStatus::shape());
        let schema = shape::described(
            shape::object([status]),
            "What one pod of a release tells. Written by its agent.",
        );
        let version = CustomResourceDefinitionVersion {
            additional_printer_columns: Some(columns()),
            name: VERSION.to_owned(),
            schema: Some(CustomResourceValidation {
                open_api_v3_schema: Some(serde_json::from_value(schema).expect("a schema")),
            }),
            served: true,
            storage: true,
            ..CustomResourceDefinitionVersion::default()
        };
        CustomResourceDefinition {
            metadata: ObjectMeta {
                name: Some(Self::crd_name().to_owned()),
                ..ObjectMeta::default()
            },
            spec: CustomResourceDefinitionSpec {
                group: GROUP.to_owned(),
                names: CustomResourceDefinitionNames {
                    categories: Some(vec!["sabai".to_owned()]),
                    kind: Self::kind(&()).into_owned(),
                    plural: Self::plural(&()).into_owned(),
                    short_names: Some(Self::shortnames().iter().map(|&name| name.into()).collect()),
                    singular: Some("poolinstance".to_owned()),
                    ..CustomResourceDefinitionNames::default()
                },
                scope: "Namespaced".to_owned(),
                versions: vec![version],
                ..CustomResourceDefinitionSpec::default()
            },
            ..CustomResourceDefinition::default()
        }
    }

    fn crd_name() -> &'static str {
        "poolinstances.sabai.dev"
    }

    fn api_resource() -> ApiResource {
        ApiResource::erase::<Self>(&())
    }

    fn shortnames() -> &'static [&'static str] {
        &["pinst"]
    }
}

/// What `kubectl get` shows; those of priority 1 with `-o wide` alone.
fn columns() -> Vec<CustomResourceColumnDefinition> {
    let condition =
        |name: &str, part: &str| format!(".status.conditions[?(@.type==\"{name}\")].{part}");
    [
        ("Ready", "string", condition("Ready", "status"), 0),
        ("Healthy", "string", condition("Healthy", "status"), 0),
        ("Stage", "string", ".status.probe.failedStage".to_owned(), 0),
        ("Reason", "string", condition("Healthy", "reason"), 0),
        (
            "Gen",
            "integer",
            ".status.poolConfig.observedGeneration".to_owned(),
            0,
        ),
        ("Size", "integer", ".status.pool.size".to_owned(), 0),
        ("Spooled", "integer", ".status.spool.events".to_owned(), 0),
        ("Seen", "date", ".status.heartbeatTime".to_owned(), 0),
        ("Node", "string", ".status.nodeName".to_owned(), 1),
        (
            "Pool-Gen",
            "integer",
            ".status.pool.generation".to_owned(),
            1,
        ),
        (
            "Certificate-Ends",
            "string",
            ".status.certificate.notAfter".to_owned(),
            1,
        ),
        (
            "Last-Recycle",
            "string",
            ".status.lastRecycle.reason".to_owned(),
            1,
        ),
        ("Version", "string", ".status.agentVersion".to_owned(), 1),
        ("Age", "date", ".metadata.creationTimestamp".to_owned(), 0),
    ]
    .into_iter()
    .map(
        |(name, type_, json_path, priority)| CustomResourceColumnDefinition {
            name: name.to_owned(),
            type_: type_.to_owned(),
            json_path,
            priority: Some(priority).filter(|priority| *priority > 0),
            ..CustomResourceColumnDefinition::default()
        },
    )
    .collect()
}
