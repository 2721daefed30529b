//! Pods that are only told of: PoolInstances as their agents would write them, made and kept by the administrator. Each is written
//! again every two minutes, as a heartbeat would, and a few change their state each time.

use std::time::Duration;

use anyhow::Context;
use http::Method;
use sabai_crds::POOLCONFIG_LABEL;
use sabai_wire::control::Timestamp;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::kubernetes::Api;
use crate::release::Release;

pub(super) const PODS: usize = 200;
/// Of each.
const HEARTBEAT: Duration = Duration::from_secs(120);
/// One in so many is well and ill in turn.
const FICKLE: usize = 50;

/// They exist.
pub(super) struct Crowd {
    api: Api,
    /// Of the resource.
    path: String,
    /// What one that is well says.
    conditions: Value,
}

impl Crowd {
    /// All say what the release's first pod says.
    pub(super) async fn gather(release: &Release) -> anyhow::Result<Self> {
        let model = release.instance(release.first()).await?;
        let api = release.namespace.kubernetes().api();
        let path = release
            .namespace
            .path("sabai.dev/v1alpha1", "poolinstances");
        for number in 0..PODS {
            let object = json!({
                "apiVersion": model["apiVersion"], "kind": model["kind"], "status": model["status"],
                "metadata": {"name": name(number), "labels": {(POOLCONFIG_LABEL): release.name}},
            });
            let body = object.to_string();
            let made = api.send(Method::POST, &path, "application/json", &body);
            made.await?.ok().context("create a PoolInstance")?;
        }
        let conditions = model["status"]["conditions"].clone();
        Ok(Self {
            api,
            path,
            conditions,
        })
    }

    /// Their heartbeats, one after the other, until this is dropped.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(super) async fn live(&self) -> anyhow::Result<()> {
        let mut turns = interval(HEARTBEAT / PODS as u32);
        turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for beat in 0.. {
            turns.tick().await;
            let (round, number) = (beat / PODS, beat % PODS);
            let mut status =
                json!({"heartbeatTime": Timestamp::now(), "pool": {"inUse": beat % 3}});
            if number % FICKLE == 0 {
                self.tell_state(&mut status, round % 2 == 1);
            }
            let body = json!({ "status": status }).to_string();
            let path = format!("{}/{}", self.path, name(number));
            let written =
                self.api
                    .send(Method::PATCH, &path, "application/merge-patch+json", &body);
            written.await?.ok().context("a heartbeat")?;
        }
        Ok(())
    }

    fn tell_state(&self, status: &mut Value, well: bool) {
        let now = Timestamp::now();
        let mut conditions = self.conditions.clone();
        if !well {
            status["probe"] = json!({"state": "Degraded", "since": now, "failedStage": "TCP"});
            let all = conditions.as_array_mut().into_iter().flatten();
            for one in all.filter(|one| one["type"] == "Healthy") {
                one["status"] = json!("False");
                one["reason"] = json!("ConnectionRefused");
                one["lastTransitionTime"] = json!(now);
            }
        } else {
            status["probe"] = json!({"state": "Healthy", "since": now, "failedStage": null});
        }
        status["conditions"] = conditions;
    }
}

fn name(number: usize) -> String {
    format!("crowd-{number}")
}
