//! Webhook calls as LINE makes them, written straight into a buffer: 1,000 customers, text messages, signed. Each
//! reply token tells the customer and the number of the message, by which the bench's LINE checks order.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// Customers who write.
pub const CUSTOMERS: usize = 1000;

/// The secret that calls are signed with.
pub const SECRET: &str = "8c570fa6dd201bb328f1c1eac23a96d8";

/// The bot's own user id.
pub const DESTINATION: &str = "U8e742f61d673b39c7fff3cecb7536ef0";

/// What is counted over all calls to one bot.
#[derive(Debug)]
pub struct Traffic {
    key: hmac::Key,
    sent: Vec<AtomicU32>,
    events: AtomicU64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()),
            sent: (0..CUSTOMERS).map(|_| AtomicU32::new(0)).collect(),
            events: AtomicU64::new(0),
        }
    }
}

impl Traffic {
    /// Events written so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

/// Writes the calls of some of the customers: a customer's messages go over one connection, so that each is
/// acknowledged before the next is sent, as order wants it.
#[derive(Debug)]
pub struct Writer {
    traffic: Arc<Traffic>,
    customer: usize,
    first: usize,
    step: usize,
    body: String,
    request: Vec<u8>,
}

impl Writer {
    /// The `first`-th customer and each `step`-th after it.
    #[must_use]
    pub fn new(traffic: Arc<Traffic>, first: usize, step: usize) -> Self {
        Self {
            traffic,
            customer: first,
            first,
            step,
            body: String::new(),
            request: Vec::new(),
        }
    }

    /// The next call, with so many events.
    pub fn call(&mut self, events: usize) -> &[u8] {
        self.body.clear();
        let _ = write!(self.body, r#"{{"destination":"{DESTINATION}","events":["#);
        for number in 0..events {
            if number > 0 {
                self.body.push(',');
            }
            self.event();
        }
        self.body.push_str("]}");
        let signature = STANDARD.encode(hmac::sign(&self.traffic.key, self.body.as_bytes()));
        self.request.clear();
        let head = format_args!(
            "POST /callback HTTP/1.1\r\nhost: bot\r\ncontent-type: application/json; charset=utf-8\r\n\
             user-agent: LineBotWebhook/2.0\r\nx-line-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
            self.body.len()
        );
        let _ = io_write(&mut self.request, head);
        self.request.extend_from_slice(self.body.as_bytes());
        &self.request
    }

    fn event(&mut self) {
        let customer = self.customer;
        self.customer = if customer + self.step < CUSTOMERS {
            customer + self.step
        } else {
            self.first
        };
        let message = self.traffic.sent[customer].fetch_add(1, Ordering::Relaxed);
        let number = self.traffic.events.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis());
        // Ids of LINE's lengths; the digits of a ULID are among Crockford's, so hexadecimal ones do.
        let _ = write!(
            self.body,
            r#"{{"type":"message","message":{{"type":"text","id":"{id:018}","quoteToken":"q3Plxr4AgKdAmcg8Eb4Qz1z9Sx0v2hXJpF7m-{number:016}","text":"Is the shop open today? {number:08}"}},"webhookEventId":"01{now:012X}{number:012X}","deliveryContext":{{"isRedelivery":false}},"timestamp":{now},"source":{{"type":"user","userId":"{user}"}},"replyToken":"{token}","mode":"active"}}"#,
            id = 500_000_000_000_000_000 + u128::from(number),
            user = user(customer),
            token = reply_token(customer, message),
        );
    }
}

fn io_write(to: &mut Vec<u8>, what: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    std::io::Write::write_fmt(to, what)
}

fn user(customer: usize) -> String {
    format!("U{customer:032x}")
}

/// Never LINE's verify token, which is 32 zeros and not answered.
fn reply_token(customer: usize, message: u32) -> String {
    format!("{:016x}{message:016x}", customer + 1)
}

/// Customer and message of a reply token.
pub(super) fn read_reply_token(token: &[u8]) -> Option<(usize, u32)> {
    let text = std::str::from_utf8(token).ok()?;
    let customer = usize::from_str_radix(text.get(..16)?, 16)
        .ok()?
        .checked_sub(1)?;
    let message = u32::from_str_radix(text.get(16..32)?, 16).ok()?;
    (customer < CUSTOMERS).then_some((customer, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::client::{complete, find};
    use crate::webhook::sign::signature;

    #[test]
    fn calls_are_whole_signed_and_numbered() {
        let mut writer = Writer::new(Arc::default(), 999, 3);
        let call = writer.call(2).to_vec();
        assert_eq!(complete(&call), Some(call.len()));
        let body = &call[find(&call, b"\r\n\r\n").expect("a head") + 4..];
        let signed = format!("x-line-signature: {}\r\n", signature(SECRET, body));
        assert!(find(&call, signed.as_bytes()).is_some());
        let json: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        for (number, event) in json["events"]
            .as_array()
            .expect("events")
            .iter()
            .enumerate()
        {
            assert_eq!(event["webhookEventId"].as_str().map(str::len), Some(26));
            let token = event["replyToken"].as_str().expect("a token");
            assert_eq!(
                read_reply_token(token.as_bytes()),
                Some((999, u32::try_from(number).expect("small")))
            );
        }
    }
}
