//! Sabai's custom resources, as types and as the schemas that the API server enforces.
//!
//! - [`pool_config`]: what operators write, and what becomes of it
//! - [`pool_instance`]: what one pod tells
//! - [`condition`]: the conditions of both
//!
//! The schema of `spec` is made of the table in `sabai_wire::settings`; that of `status` stands beside each field of a report.
//! `cargo crdgen` writes the YAML of [`definitions`].

#![allow(
    clippy::duplicated_attributes,
    reason = "columns of one kind share their types"
)]

pub mod condition;
pub mod pool_config;
pub mod pool_instance;
mod report;
mod shape;
pub mod words;
pub mod yaml;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

pub use condition::{Condition, ConditionStatus};
pub use pool_config::{Group, PoolConfig, PoolConfigSpec, PoolConfigStatus};
pub use pool_instance::{PoolInstance, PoolInstanceStatus};

/// The API group.
pub const GROUP: &str = "sabai.dev";
/// Its version.
pub const VERSION: &str = "v1alpha1";
/// Whoever sets this annotation to another time, on a PoolConfig or a PoolInstance, asks for a recycle.
pub const RECYCLE_REQUESTED_AT: &str = "sabai.dev/recycle-requested-at";
/// The label of a PoolInstance that holds its PoolConfig's name.
pub const POOLCONFIG_LABEL: &str = "sabai.dev/poolconfig";

/// Both definitions.
#[must_use]
pub fn definitions() -> [CustomResourceDefinition; 2] {
    [PoolConfig::crd(), PoolInstance::crd()]
}
