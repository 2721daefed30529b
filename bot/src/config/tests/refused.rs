//! What is refused, each with its reason.

use super::problems;

/// Each alone makes one problem: the variable, its value, the variable told about (itself where empty), the reason.
const REFUSED: &str = r#"
SABAI_LEASE|30||"30" has a number without a unit; the units are h, m, s and ms
SABAI_LEASE|999ms||"999ms" must be 1s to 1h
SABAI_LISTEN|8080||"8080" is not an IP address with a port, as in 0.0.0.0:8080 or [::]:8080
SABAI_LISTEN|127.0.0.1:9090|SABAI_ADMIN_LISTEN|is the address of SABAI_LISTEN; health and metrics need their own
SABAI_BODY_LIMIT|1TiB||"1TiB" is not a size; write bytes, or 512KiB, or 1MiB
SABAI_HTTP_CONNECTIONS|0||"0" must be 1 to 65535
SABAI_MAX_ATTEMPTS|five||"five" is not a whole number
SABAI_PUSH_MAX_AGE|24h||"24h" must be 1s to 23h
SABAI_PUSH_MONTHLY_BUDGET|-1||"-1" is not a whole number
LINE_DESTINATION|Uabc||"Uabc" is not a user id of LINE: U and 32 digits of 0-9a-f
LINE_API_URL|api.line.me||"api.line.me" is not a URL of the form https://host or http://host:port
LINE_API_URL|https://u:p@line||must hold no user, query or fragment
SABAI_PEER_URL|https://bot||"https://bot" must be http://, the Service of the bot's own pods
LINE_CHANNEL_ID|123||is set, and so is LINE_CHANNEL_ACCESS_TOKEN; give one of them
LINE_CHANNEL_SECRET|a,b,c||holds more than two secrets
SABAI_ANSWERS_FILE|/gone||cannot read /gone: entity not found
"#;

#[test]
fn what_is_refused_says_why() {
    for row in REFUSED.trim().lines() {
        let [variable, value, told, reason] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("four columns: {row}");
        };
        let told = if told.is_empty() { variable } else { told };
        assert_eq!(
            problems(&[(variable, value)], &[]),
            [format!("{told}: {reason}")]
        );
    }
}
