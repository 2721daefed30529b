//! What tests ask of a release: what its objects say, and waiting until they say so.

use serde_json::{Value, json};

use crate::wait::eventually;

use super::setup::pool_config;
use super::{LIMIT, Member, Release};

impl Release {
    /// `kubectl apply` of the release's PoolConfig with this spec.
    ///
    /// # Panics
    /// When the API server refuses.
    pub async fn apply(&self, spec: &Value) {
        let object = pool_config(&self.name, spec).to_string();
        self.namespace.apply(&object).await.expect("it is applied");
    }

    /// The PoolConfig as it stands.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn pool_config(&self) -> anyhow::Result<Value> {
        self.namespace.get_json(&["poolconfig", &self.name]).await
    }

    /// The report of this pod.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn instance(&self, member: &Member) -> anyhow::Result<Value> {
        self.namespace
            .get_json(&["poolinstance", &member.pod])
            .await
    }

    /// Who holds the release's Lease: it begins with the pod's name.
    ///
    /// # Errors
    /// When there is none.
    pub async fn holder(&self) -> anyhow::Result<String> {
        let lease = self.namespace.get_json(&["lease", &self.name]).await?;
        let holder = lease["spec"]["holderIdentity"].as_str();
        Ok(holder.unwrap_or_default().to_owned())
    }

    /// Waits until a condition of the PoolConfig is so, for this reason.
    ///
    /// # Panics
    /// After [`LIMIT`], with the status as it was last.
    pub async fn says(&self, type_: &str, status: &str, reason: &str) {
        let what = format!("the PoolConfig to say {type_}={status} ({reason})");
        eventually(LIMIT, &what, async || {
            let object = self.pool_config().await;
            is(object, type_, status, reason)
        })
        .await;
    }

    /// Waits until a condition of the pod's report is so, for this reason.
    ///
    /// # Panics
    /// After [`LIMIT`], with the status as it was last.
    pub async fn tells(&self, member: &Member, type_: &str, status: &str, reason: &str) {
        let what = format!("{} to tell {type_}={status} ({reason})", member.pod);
        eventually(LIMIT, &what, async || {
            let object = self.instance(member).await;
            is(object, type_, status, reason)
        })
        .await;
    }

    /// Waits until the PoolConfig counts so many pods under this name.
    ///
    /// # Panics
    /// After [`LIMIT`], with the status as it was last.
    pub async fn counts(&self, field: &str, expected: u64) {
        let what = format!("{field} to be {expected}");
        eventually(LIMIT, &what, async || {
            let object = self.pool_config().await;
            let status = object.map_err(|error| format!("{error:#}"))?["status"].clone();
            let is = status["instances"][field] == expected;
            is.then_some(()).ok_or_else(|| status.to_string())
        })
        .await;
    }

    /// The time in the form of `date -u +%FT%TZ`, as the API server's clock has it.
    ///
    /// # Panics
    /// When the API server refuses.
    pub async fn now(&self) -> String {
        let name = format!("clock-{}", uuid::Uuid::new_v4());
        let make = ["create", "configmap", &name];
        let made = self.namespace.kubectl(&make).await;
        made.expect("kubectl").ok().expect("it is made");
        let object = self.namespace.get_json(&["configmap", &name]).await;
        let object = object.expect("it is there");
        let time = object["metadata"]["creationTimestamp"].as_str();
        time.expect("a time").to_owned()
    }

    /// Asks for a recycle of every pod, or of one, as an operator does.
    ///
    /// # Panics
    /// When the API server refuses.
    pub async fn request_recycle(&self, of: Option<&Member>, at: &str) {
        let annotation = format!("sabai.dev/recycle-requested-at={at}");
        let object = match of {
            Some(member) => ["poolinstance", &member.pod],
            None => ["poolconfig", &self.name],
        };
        let arguments = ["annotate", object[0], object[1], &annotation, "--overwrite"];
        let annotated = self.namespace.kubectl(&arguments).await.expect("kubectl");
        annotated.ok().expect("it is annotated");
    }
}

fn is(
    object: anyhow::Result<Value>,
    type_: &str,
    status: &str,
    reason: &str,
) -> Result<(), String> {
    let object = object.map_err(|error| format!("{error:#}"))?;
    let all = object["status"]["conditions"].as_array();
    let one = all.and_then(|all| all.iter().find(|one| one["type"] == type_));
    match one {
        Some(one) if one["status"] == status && one["reason"] == reason => Ok(()),
        _ => Err(json!(object["status"]).to_string()),
    }
}
