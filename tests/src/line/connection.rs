//! Connections of the stand-in: HTTP/1 with keep-alive, and the reset that a fault asks for. Judges nothing.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Shared, routes};

/// Ends the connection with a reset instead of an answer.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is to be reset")
    }
}

impl std::error::Error for Cut {}

/// Serves until it is aborted, and its connections with it.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // An error here means the peer has gone already.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: http::Request<Incoming>| {
        let answer = routes::answer(Arc::clone(&shared), request);
        Box::pin(answer) as Pin<Box<dyn Future<Output = _> + Send>>
    });
    // A call whose sender has died goes on, as it would at LINE.
    let mut connection = http1::Builder::new()
        .half_close(true)
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    if ended.is_err_and(|error| is_cut(&error)) {
        // Closing with SO_LINGER at zero sends RST.
        let _ = stream.set_zero_linger();
    }
}

fn is_cut(error: &hyper::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<Cut>)
}
