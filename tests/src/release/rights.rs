//! A release's rights in a cluster, from the very files that the chart installs. Without its pods: a test makes those.

use std::time::Duration;

use crate::kubernetes::Namespace;
use crate::wait::eventually;

const FILES: [&str; 3] = [
    include_str!("../../../charts/sabai/files/role.yaml"),
    include_str!("../../../charts/sabai/files/rolebinding.yaml"),
    include_str!("../../../charts/sabai/files/policy.yaml"),
];
/// Until the API server holds to a policy that it has stored.
const LIMIT: Duration = Duration::from_secs(30);

/// By what a release is known in its namespace.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    /// Its full name: the PoolConfig's and the Lease's too.
    pub name: &'a str,
    /// Its agents' account, which no other release has.
    pub service_account: &'a str,
}

impl Rights<'_> {
    /// Role, RoleBinding and policies, as YAML.
    #[must_use]
    pub fn rights(&self, namespace: &str) -> String {
        // The first placeholder begins like the last.
        let filled = FILES
            .join("---\n")
            .replace("$NAMESPACE", namespace)
            .replace("$SERVICEACCOUNT", self.service_account)
            .replace("$NAME", self.name);
        assert!(!filled.contains('$'), "a placeholder is left: {filled}");
        filled
    }

    /// Installs them; they are in force when this returns.
    ///
    /// # Errors
    /// With kubectl's complaint.
    ///
    /// # Panics
    /// When the API server does not hold to the policies within 30 s.
    pub async fn grant(&self, namespace: &Namespace) -> anyhow::Result<()> {
        namespace.apply(&self.rights(namespace.name())).await?;
        for kind in [
            "sabai.dev/v1alpha1, kind: PoolInstance",
            "coordination.k8s.io/v1, kind: Lease",
        ] {
            let what = format!("the policy of {kind}");
            eventually(LIMIT, &what, async || self.refuses(namespace, kind).await).await;
        }
        Ok(())
    }

    /// Without a pod's token the account may create neither.
    async fn refuses(&self, namespace: &Namespace, kind: &str) -> Result<(), String> {
        let account = format!(
            "--as=system:serviceaccount:{}:{}",
            namespace.name(),
            self.service_account
        );
        let object = format!("{{apiVersion: {kind}, metadata: {{name: nobody}}}}");
        let create = [&account, "create", "--dry-run=server", "-f", "-"];
        let answer = namespace.kubectl_with_input(&create, &object).await;
        let said = answer.map_err(|error| format!("{error:#}"))?.stderr;
        let refused = said.contains("denied request");
        refused.then_some(()).ok_or(said)
    }
}
