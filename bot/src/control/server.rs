//! Accepts connections on the control socket: one request on each, few at a time, none for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use sabai_wire::control::ErrorAnswer;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Served at once; others wait in the kernel's queue.
const CONNECTIONS: usize = 16;
/// Read buffer, hence also the largest head.
const BUFFER_BYTES: usize = 16 * 1024;
/// For a request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(2);
/// For a whole connection.
const LIMIT: Duration = Duration::from_secs(10);
/// After the system refused to accept.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`. A request that runs then is finished by its own task or cut with the process.
pub(super) async fn serve(listener: UnixListener, router: Router, stop: CancellationToken) {
    let service = TowerToHyperService::new(router);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let admitted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            () = stop.cancelled() => return,
            (accepted, place) = admitted => match accepted {
                Ok((stream, _)) => {
                    let service = service.clone();
                    tokio::spawn(async move {
                        let _ = timeout(LIMIT, converse(stream, service)).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("the control socket cannot accept: {error}");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}

async fn converse(stream: UnixStream, service: TowerToHyperService<Router>) {
    let heard = Arc::new(AtomicBool::new(false));
    let noting = Arc::clone(&heard);
    let service = service_fn(move |request| {
        noting.store(true, Ordering::Relaxed);
        Box::pin(service.call(request))
    });
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .keep_alive(false)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = &mut connection => return told(ended),
        () = sleep(HEAD_LIMIT) => {}
    }
    if heard.load(Ordering::Relaxed) {
        return told(connection.await);
    }
    let mut stream = connection.into_parts().io.into_inner();
    let body = serde_json::to_string(&ErrorAnswer::new("the request took too long"));
    let body = body.unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // Whoever is so slow may be gone.
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn told(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!("a connection of the control socket ended: {error}");
    }
}
