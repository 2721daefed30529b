//! A way to a server that can be closed and opened: closed, its connections are cut and new ones are refused.

use sabai_tests::line::Line;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A port that leads somewhere while it is open.
pub(crate) struct Road {
    port: u16,
    traffic: Option<JoinHandle<()>>,
}

impl Road {
    pub(crate) fn closed() -> Self {
        let port = sabai_tests::port::free().next().expect("a free port");
        Self {
            port,
            traffic: None,
        }
    }

    /// What `PGPORT` is set to.
    pub(crate) fn port(&self) -> String {
        self.port.to_string()
    }

    /// What `LINE_API_URL` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Connections lead to `line` from now on.
    pub(crate) async fn open_to_line(&mut self, line: &Line) {
        self.open(line.url().trim_start_matches("http://")).await;
    }

    /// Connections lead to `to`, host and port, from now on.
    pub(crate) async fn open(&mut self, to: &str) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        let listener = listener.expect("the port is still free");
        let to = to.to_owned();
        self.traffic = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let to = to.clone();
                connections.spawn(async move {
                    let mut to = TcpStream::connect(to).await?;
                    copy_bidirectional(&mut from, &mut to).await
                });
            }
        }));
    }

    /// Cuts every connection; nobody listens when this returns.
    pub(crate) async fn close(&mut self) {
        if let Some(traffic) = self.traffic.take() {
            traffic.abort();
            // Aborted: what matters is that it has ended.
            let _ = traffic.await;
        }
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        if let Some(traffic) = &self.traffic {
            traffic.abort();
        }
    }
}
