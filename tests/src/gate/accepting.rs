//! The gate's listening socket: accepts, refuses, or lets SYNs vanish.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Fault, Shared, filter, traffic};

pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("the gate listens on {address}"))
}

/// Accepts until it is aborted; its connections end with it.
pub(super) async fn accept(listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) {
    let mut fresh = shared.fresh.subscribe();
    let mut listening = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let fault = *fresh.borrow_and_update();
        if fault == Some(Fault::Refuse) {
            listening = None;
        } else {
            let again = match listening.take() {
                Some(listener) => listener,
                None => listen(address).await.expect("the port is still ours"),
            };
            let dropping = fault == Some(Fault::Drop);
            filter::dropping(&SockRef::from(&again), dropping)
                .expect("a filter, which needs Linux");
            listening = Some(again);
        }
        shared.applied.send_replace(fault);
        tokio::select! {
            _ = fresh.changed() => {}
            accepted = next(listening.as_ref()) => if let Ok(client) = accepted {
                let connection = shared.enter(fault);
                connections.spawn(traffic::run(client, connection, Arc::clone(&shared)));
            },
            // What ended is of no more interest.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn next(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(client, _)| client),
        None => std::future::pending().await,
    }
}
