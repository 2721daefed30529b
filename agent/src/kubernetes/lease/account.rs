//! Whose agent this is: the ServiceAccount that its own token names. The API server verifies tokens; here one is only read, to know
//! which release a Lease is of.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sabai_daemon::config::read_file;
use serde::Deserialize;

/// Far more than a token has.
const MOST: usize = 64 * 1024;

/// A release's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubernetes) struct Account {
    pub(in crate::kubernetes) name: String,
    pub(in crate::kubernetes) uid: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "kubernetes.io")]
    kubernetes: Kubernetes,
}

#[derive(Deserialize)]
struct Kubernetes {
    namespace: String,
    serviceaccount: Named,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    uid: String,
}

/// Reads it from the token's file. `None` when there is none, or when it is of another namespace, whose accounts own nothing here.
pub(in crate::kubernetes) fn read(file: &Path, namespace: &str) -> Option<Account> {
    let token = read_file(file).ok()?;
    of_token(std::str::from_utf8(&token).ok()?, namespace)
}

/// What a JSON Web Token (RFC 7519) of Kubernetes says.
fn of_token(token: &str, namespace: &str) -> Option<Account> {
    if token.len() > MOST {
        return None;
    }
    let payload = token.trim().split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let Claims { kubernetes } = serde_json::from_slice(&payload).ok()?;
    let Named { name, uid } = kubernetes.serviceaccount;
    let usable = kubernetes.namespace == namespace && !name.is_empty() && !uid.is_empty();
    usable.then_some(Account { name, uid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_a_token_and_from_nothing_else() {
        let token = |payload: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        let claims = |namespace: &str, name: &str| {
            token(&format!(
                r#"{{"aud":["a"],"kubernetes.io":{{"namespace":"{namespace}","node":{{"name":"n"}},"pod":{{"name":"p","uid":"1"}},"serviceaccount":{{"name":"{name}","uid":"u-1"}}}}}}"#
            ))
        };
        let shop = Account {
            name: "shop".to_owned(),
            uid: "u-1".to_owned(),
        };
        let table = [
            ("a token", claims("line", "shop"), Some(shop.clone())),
            (
                "in lines",
                format!("{}\n", claims("line", "shop")),
                Some(shop),
            ),
            ("of another namespace", claims("elsewhere", "shop"), None),
            ("without a name", claims("line", ""), None),
            ("of somebody else", token(r#"{"sub":"me"}"#), None),
            ("no JSON", token("me"), None),
            ("no base64", "e30.{}.c2ln".to_owned(), None),
            ("no token", "opaque".to_owned(), None),
            ("nothing", String::new(), None),
            ("too long", claims("line", "shop") + &"a".repeat(MOST), None),
        ];
        for (what, token, expected) in table {
            assert_eq!(of_token(&token, "line"), expected, "{what}");
        }
        assert_eq!(read(Path::new("/nowhere/token"), "line"), None);
    }
}
