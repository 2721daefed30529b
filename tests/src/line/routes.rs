//! One call's way: read it, let the test intervene, decide, journal, answer.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;

use super::answer::{Answer, Refusal};
use super::connection::Cut;
use super::endpoint::Endpoint;
use super::intervene::{Before, Plan};
use super::messages::Body;
use super::state::{Arrival, State};
use super::{Shared, pages, sending};
use crate::line::options::Options;

/// LINE refuses larger requests with 413.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let mut arrival = read(request).await;
    let plan = {
        let mut state = shared.lock();
        state.recognize(&mut arrival);
        Plan::draw(&mut state, &arrival)
    };
    plan.wait_before().await?;
    let (answer, request_id) = decide_and_journal(&shared, &arrival, &plan);
    Ok(plan.finish(answer).await?.into_response(&request_id))
}

fn decide_and_journal(shared: &Shared, arrival: &Arrival, plan: &Plan) -> (Answer, String) {
    let (answer, request_id, length) = {
        let mut state = shared.lock();
        let request_id = state.request_id();
        let (accepted, answer) = match &plan.before {
            Before::Nothing => match decide(&mut state, &shared.options, arrival, &request_id) {
                Ok(answer) => (true, answer),
                Err(answer) => (false, answer),
            },
            Before::Refuse(answer) => (false, answer.clone()),
            Before::Reset | Before::Hang => (false, Refusal::ServerError.answer()),
        };
        let length = state.record(arrival, accepted, plan.status(&answer));
        (answer, request_id, length)
    };
    shared.journaled.send_if_modified(|count| {
        let grown = length > *count;
        *count = length.max(*count);
        grown
    });
    (answer, request_id)
}

/// The order of LINE's checks: who calls, how often, what, and only then whether it may be.
fn decide(
    state: &mut State,
    options: &Options,
    arrival: &Arrival,
    request_id: &str,
) -> Result<Answer, Answer> {
    if arrival.endpoint == Endpoint::Unknown {
        return Err(Refusal::NotFound.answer());
    }
    if arrival.endpoint == Endpoint::Token {
        return pages::access_token(state, options, &arrival.body);
    }
    if !state
        .tokens
        .authorizes(options, arrival.authorization.as_deref())
    {
        return Err(Refusal::Unauthorized.answer());
    }
    if !state.rate.allows(
        options.rate_limit,
        arrival.endpoint,
        std::time::Instant::now(),
    ) {
        return Err(Refusal::RateLimited.answer());
    }
    if let Some(problem) = &arrival.problem {
        return Err(problem.clone());
    }
    match arrival.endpoint {
        Endpoint::Reply => sending::reply(state, arrival),
        Endpoint::Push => sending::push(state, options, arrival, request_id),
        _ => pages::answer(state, options, arrival),
    }
}

async fn read(request: Request<Incoming>) -> Arrival {
    let (head, body) = request.into_parts();
    let (endpoint, user) = Endpoint::find(&head.method, head.uri.path());
    let mut arrival = Arrival {
        endpoint,
        authorization: header(&head.headers, "authorization"),
        retry_key: header(&head.headers, "x-line-retry-key"),
        body: Bytes::new(),
        problem: None,
        reply_token: None,
        chat: user.map(Into::into),
        event: None,
        messages: 0,
    };
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => arrival.body = body.to_bytes(),
        Err(_) => arrival.problem = Some(Refusal::TooLarge.answer()),
    }
    if arrival.problem.is_none() && matches!(endpoint, Endpoint::Reply | Endpoint::Push) {
        arrival.problem = read_messages(&mut arrival).err();
    }
    if arrival.problem.is_none() && endpoint == Endpoint::Loading {
        arrival.chat = pages::loading_chat(&arrival.body);
    }
    arrival
}

fn read_messages(arrival: &mut Arrival) -> Result<(), Answer> {
    let bytes = arrival.body.clone();
    let body = Body::parse(&bytes)?;
    arrival.messages = body.count();
    if arrival.endpoint == Endpoint::Reply {
        arrival.reply_token = body.reply_token.as_deref().map(Into::into);
    } else {
        arrival.chat = body.to.as_deref().map(Into::into);
    }
    body.check()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
