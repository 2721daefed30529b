//! One connection through the gate: both ways, and every way to end it.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::{client, server};

use super::connection::{Passing, Sockets};
use super::fault::{IdleEnd, allowance};
use super::{Connection, Fault, Shared, Way, filter};
use crate::postgres::SSL_REQUEST;

/// For the client to read what it was sent before its FIN.
const FAREWELL: Duration = Duration::from_secs(1);

/// One side of a connection, with the socket under it.
trait Side: AsyncRead + AsyncWrite + Unpin {
    fn socket(&self) -> SockRef<'_>;
}

impl Side for TcpStream {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}

impl Side for server::TlsStream<TcpStream> {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self.get_ref().0)
    }
}

impl Side for client::TlsStream<TcpStream> {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self.get_ref().0)
    }
}

/// How a connection came to its end.
enum End {
    /// Both sides had said all.
    Over,
    /// One side is gone, or the fault says so.
    Reset,
    Close,
    CloseNotify,
}

type Faults = watch::Receiver<Option<Fault>>;

/// Passes bytes until an end.
pub(super) async fn run(client: TcpStream, connection: Connection, shared: Arc<Shared>) {
    let running = Running(&connection.0);
    // Whatever breaks here the client sees as its connection's end.
    let _ = open(client, running.0, &shared).await;
}

/// A connection's life; when it ends, or is cut with the gate, nobody keeps its sockets.
struct Running<'a>(&'a Passing);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.sockets() = Sockets::default();
        self.0.open.store(false, Ordering::Relaxed);
    }
}

async fn open(client: TcpStream, passing: &Passing, shared: &Shared) -> anyhow::Result<()> {
    client.set_nodelay(true)?;
    let mut faults = passing.fault.subscribe();
    let fault = *faults.borrow();
    if let Some(Fault::AnswerSslRequest(answer)) = fault {
        return answer_ssl_request(client, answer, faults).await;
    }
    passing.sockets().client = Some(client.socket().try_clone()?);
    passing.meets(fault);
    faults
        .wait_for(|fault| fault.is_none_or(|fault| fault.passes(Way::ToServer)))
        .await?;
    let leads_to = *shared.leads_to.borrow();
    let server = match TcpStream::connect(leads_to).await {
        Ok(server) => server,
        // As near to "nobody listens" as a connection can come that was accepted.
        Err(_) => return Ok(finish(client, End::Reset, passing).await?),
    };
    server.set_nodelay(true)?;
    passing.sockets().server = Some(server.socket().try_clone()?);
    passing.filter(*faults.borrow());
    match &shared.termination {
        None => both_ways(client, server, passing).await,
        Some(termination) => {
            let client = termination.accept(client).await?;
            let server = termination.connect(server).await?;
            both_ways(client, server, passing).await
        }
    }
}

async fn answer_ssl_request(
    mut client: TcpStream,
    answer: &[u8],
    mut faults: Faults,
) -> anyhow::Result<()> {
    client.read_exact(&mut [0; SSL_REQUEST.len()]).await?;
    client.write_all(answer).await?;
    // What the client makes of it is its own affair; it hangs up, or the fault ends.
    tokio::select! {
        _ = until_end(&mut client) => {}
        _ = faults.changed() => {}
    }
    Ok(())
}

async fn both_ways<C: Side, S: Side>(
    mut client: C,
    mut server: S,
    passing: &Passing,
) -> anyhow::Result<()> {
    let end = {
        let (from_client, to_client) = tokio::io::split(&mut client);
        let (from_server, to_server) = tokio::io::split(&mut server);
        let passed = async {
            let up = pump(from_client, to_server, Way::ToServer, passing);
            let down = pump(from_server, to_client, Way::ToClient, passing);
            match tokio::try_join!(up, down) {
                Ok(_) => End::Over,
                Err(_) => End::Reset,
            }
        };
        tokio::select! {
            end = passed => end,
            end = ended(passing) => end,
        }
    };
    drop(server);
    Ok(finish(client, end, passing).await?)
}

/// When the fault ends the connection, and how.
async fn ended(passing: &Passing) -> End {
    let mut faults = passing.fault.subscribe();
    loop {
        let fault = *faults.borrow_and_update();
        let idle = match fault {
            Some(Fault::Reset) => return End::Reset,
            Some(Fault::Close) => return End::Close,
            Some(Fault::CloseNotify) => return End::CloseNotify,
            Some(Fault::IdleTimeout(limit, end)) => Some((limit, end)),
            _ => None,
        };
        let idle = async {
            match idle {
                Some((limit, end)) => {
                    passing.idle(limit).await;
                    end
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = faults.changed() => {
                changed.expect("the sender lives as long as the connection");
            }
            end = idle => match end {
                IdleEnd::Silent => passing.meets(Some(Fault::Forget)),
                IdleEnd::Reset => return End::Reset,
                IdleEnd::Close => return End::Close,
            }
        }
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    way: Way,
    passing: &Passing,
) -> io::Result<()> {
    let mut faults = passing.fault.subscribe();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        until_it_passes(&mut faults, way).await;
        let read = tokio::select! {
            read = from.read(&mut buffer) => read?,
            _ = faults.changed() => continue,
        };
        // It may have been read just before the fault.
        let fault = until_it_passes(&mut faults, way).await;
        if read == 0 {
            // With TLS it says close_notify, as who closed the other side did.
            return to.shutdown().await;
        }
        if let Some(Fault::Delay(time)) = fault {
            tokio::time::sleep(time).await;
        }
        let passed = passing.counter(way).load(Ordering::Relaxed);
        let allowed = allowance(fault, way, passed).min(read as u64);
        let allowed = usize::try_from(allowed).unwrap_or(read);
        to.write_all(&buffer[..allowed]).await?;
        to.flush().await?;
        passing.passed(way, allowed);
        if allowance(fault, way, passed + allowed as u64) == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
    }
}

async fn until_it_passes(faults: &mut Faults, way: Way) -> Option<Fault> {
    let passes = |fault: &Option<Fault>| fault.is_none_or(|fault| fault.passes(way));
    let fault = faults.wait_for(passes).await.map(|fault| *fault);
    fault.expect("the sender lives as long as the connection")
}

async fn finish(mut client: impl Side, end: End, passing: &Passing) -> io::Result<()> {
    // RST or FIN goes out when the last handle of the socket is closed.
    *passing.sockets() = Sockets::default();
    // A filter would keep the client's own FIN from us.
    filter::dropping(&client.socket(), false)?;
    match end {
        End::Over => client.shutdown().await,
        End::Reset => client.socket().set_linger(Some(Duration::ZERO)),
        End::Close => {
            client.socket().shutdown(Shutdown::Write)?;
            farewell(&mut client).await
        }
        End::CloseNotify => {
            client.shutdown().await?;
            farewell(&mut client).await
        }
    }
}

/// Closing with unread bytes would send RST, not FIN.
async fn farewell(client: &mut impl Side) -> io::Result<()> {
    let _ = tokio::time::timeout(FAREWELL, until_end(client)).await;
    Ok(())
}

async fn until_end(client: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while client.read(&mut buffer).await? > 0 {}
    Ok(())
}
