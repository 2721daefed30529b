//! The harness's own name server, on a loopback address: what names mean can be changed at any time, is never cached,
//! and can be refused or not be told at all. UDP and TCP, as resolvers ask. Decides nothing about where servers are.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Context;
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// Longest question that is read.
const LONGEST: usize = 4096;

/// What the server does with every question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// As the names stand; NXDOMAIN for others.
    #[default]
    Truly,
    /// REFUSED.
    Refused,
    /// SERVFAIL.
    Failing,
    /// NXDOMAIN for every name.
    Unknown,
    /// Not at all.
    Silent,
}

#[derive(Default)]
struct State {
    answers: Answers,
    names: HashMap<String, Vec<Ipv4Addr>>,
    asked: u64,
}

/// A name server. Dropping it ends it.
pub struct Names {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _serving: JoinSet<()>,
}

impl Names {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had for both UDP and TCP.
    pub async fn start() -> anyhow::Result<Self> {
        let port = crate::port::free().next().context("no free port")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let udp = UdpSocket::bind(address).await.context("serve names")?;
        let tcp = TcpListener::bind(address).await.context("serve names")?;
        let state: Arc<Mutex<State>> = Arc::default();
        let mut serving = JoinSet::new();
        serving.spawn(over_udp(udp, Arc::clone(&state)));
        serving.spawn(over_tcp(tcp, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            _serving: serving,
        })
    }

    /// What `SABAI_NAMESERVER` is set to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `name` has these addresses from now on; none means that it exists and has no address.
    pub fn set(&self, name: &str, addresses: &[IpAddr]) {
        let addresses = addresses.iter().filter_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        });
        lock(&self.state)
            .names
            .insert(name.to_lowercase(), addresses.collect());
    }

    /// How questions are answered from now on.
    pub fn answer(&self, answers: Answers) {
        lock(&self.state).answers = answers;
    }

    /// How many questions came so far.
    #[must_use]
    pub fn asked(&self) -> u64 {
        lock(&self.state).asked
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nobody panics while holding this")
}

async fn over_udp(socket: UdpSocket, state: Arc<Mutex<State>>) {
    let mut question = [0; LONGEST];
    while let Ok((length, from)) = socket.recv_from(&mut question).await {
        if let Some(answer) = answer(&question[..length], &state) {
            // Whoever asked may be gone.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn over_tcp(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move { converse(stream, &state).await });
    }
}

/// Each message after its length (RFC 1035, section 4.2.2).
async fn converse(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        if let Some(answer) = answer(&question, state) {
            let length = u16::try_from(answer.len()).expect("one question, few addresses");
            stream.write_u16(length).await?;
            stream.write_all(&answer).await?;
        }
    }
}

/// Nothing for silence, and for what is no question.
fn answer(question: &[u8], state: &Mutex<State>) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let mut state = lock(state);
    state.asked += 1;
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.add_queries(question.queries.iter().cloned());
    answer.metadata.response_code = match state.answers {
        Answers::Silent => return None,
        Answers::Refused => ResponseCode::Refused,
        Answers::Failing => ResponseCode::ServFail,
        Answers::Unknown => ResponseCode::NXDomain,
        Answers::Truly => {
            let query = question.queries.first()?;
            let name = query.name().to_string().to_lowercase();
            match state.names.get(name.trim_end_matches('.')) {
                None => ResponseCode::NXDomain,
                Some(addresses) => {
                    if query.query_type() == RecordType::A {
                        answer.add_answers(addresses.iter().map(|&address| {
                            Record::from_rdata(query.name().clone(), 0, RData::A(A(address)))
                        }));
                    }
                    ResponseCode::NoError
                }
            }
        }
    };
    answer.to_vec().ok()
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Query;
    use hickory_proto::rr::Name;

    use super::*;

    fn asked(state: &Mutex<State>, name: &str, kind: RecordType) -> Option<Message> {
        let mut question = Message::query();
        let name = Name::from_ascii(name).expect("a name");
        question.add_query(Query::query(name, kind));
        let answer = answer(&question.to_vec().expect("sound"), state)?;
        let answer = Message::from_vec(&answer).expect("sound");
        assert_eq!(answer.metadata.id, question.metadata.id);
        Some(answer)
    }

    #[test]
    fn names_are_told_as_they_stand_or_as_wanted() {
        let state = Mutex::new(State::default());
        let here = Ipv4Addr::LOCALHOST;
        lock(&state)
            .names
            .insert("postgres.test".into(), vec![here]);
        let known = asked(&state, "Postgres.Test.", RecordType::A).expect("answered");
        assert_eq!(known.answers[0].data, RData::A(A(here)));
        assert_eq!(known.answers[0].ttl, 0);
        let no_such_kind = asked(&state, "postgres.test.", RecordType::AAAA).expect("answered");
        assert_eq!(no_such_kind.metadata.response_code, ResponseCode::NoError);
        assert!(no_such_kind.answers.is_empty());
        for (answers, name, code) in [
            (Answers::Truly, "other.test.", ResponseCode::NXDomain),
            (Answers::Unknown, "postgres.test.", ResponseCode::NXDomain),
            (Answers::Refused, "postgres.test.", ResponseCode::Refused),
            (Answers::Failing, "postgres.test.", ResponseCode::ServFail),
        ] {
            lock(&state).answers = answers;
            let answer = asked(&state, name, RecordType::A).expect("answered");
            assert_eq!(answer.metadata.response_code, code, "{answers:?}");
        }
        lock(&state).answers = Answers::Silent;
        assert!(asked(&state, "postgres.test.", RecordType::A).is_none());
        assert_eq!(lock(&state).asked, 7);
    }
}
